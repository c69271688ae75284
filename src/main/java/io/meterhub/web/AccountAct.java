package io.meterhub.web;

import io.meterhub.billing.Account.State;
import io.meterhub.billing.Receipt.Kind;
import io.meterhub.people.Right;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What staff can do with an account: by which address, with which fields, and in which state of it. */
enum AccountAct {

    SALE("sales", Kind.SALE, "amountYuan! method! note", EnumSet.allOf(State.class), "Sells credit at the counter",
            "The Idempotency-Key is the caller's own name for the sale, once per site: 1 to 100 printable ASCII characters, a UUID for"
            + " instance. Asked again with the same key, account and body, the first answer comes again with status 200 and the header"
            + " Idempotent-Replayed: true, and nothing is sold a second time; so a call whose answer was lost can be repeated safely."
            + " The same key for anything else is refused with 422."),
    GIFT("gifts", Kind.GIFT, "amountYuan! note", living(), "Gives credit away", null),
    REFUND("refunds", Kind.REFUND, "amountYuan method! note", EnumSet.allOf(State.class), "Pays credit back",
            "Without an amount: all there is, down to the fen. Never more than the credit; what is below a fen stays in the account."),
    TRANSFER("transfers", Kind.TRANSFER, "toAccountId! amountYuan! note", living(), "Moves credit to another account of the site",
            "Never more than the credit."),
    REVERSAL("reversals", Kind.REVERSAL, "receipt! note!", living(), "Takes a wrong sale or gift of the account back, once",
            "All of it, by a journal of its own: credit and debt become what they would be without it. The credit may go below 0."),
    DEPOSIT("deposits", Kind.DEPOSIT, "amountYuan! method! note", living(), "Takes a deposit",
            "It is held beside the credit and pays for nothing."),
    DEPOSIT_RETURN("deposit-returns", Kind.DEPOSIT_RETURN, "amountYuan method! note", EnumSet.allOf(State.class), "Pays a deposit back",
            "Without an amount: all that is held. Never more than that."),
    DEBT("debts", Kind.DEBT, "amountYuan sharePercent! note", EnumSet.allOf(State.class), "Makes arrears a debt that is paid back in parts",
            "Without an amount: all of the arrears, up to the fen. The credit is lifted by it at once. Of each later sale the share goes to"
            + " the debt, never more than is owed; the sale's receipt shows both parts."),
    WRITE_OFF("write-offs", Kind.WRITE_OFF, "of! amountYuan note!", EnumSet.allOf(State.class),
            "Writes off arrears or debt that will not be paid", "Without an amount: all of it. Never more than is owed."),
    EMERGENCY("emergency-credits", Kind.EMERGENCY, "note", living(), "Takes emergency credit, once until the next sale",
            "As much as the account or its site is allowed. It moves no money: the account may go that far below 0. The next sale ends it."),
    OVERDRAFT("overdraft", null, "limitYuan! why!", living(), null, null),
    EMERGENCY_LIMIT("emergency-limit", null, "limitYuan why!", living(), null, null),
    OPEN("open", null, "readings why", EnumSet.of(State.PREPARED), null, null),
    CLOSE("close", null, "readings method why!", living(), null, null),
    MOVE("move", null, "customer! phone readings method why!", EnumSet.of(State.OPEN), null, null);

    /** A field by its name in the API and in forms. */
    record Field(String name, boolean needed) {
    }

    private final String path;
    private final Kind kind;
    private final List<Field> fields;
    private final Set<State> states;
    private final String summary;
    private final String description;

    /**
     * @param kind   of the act at the counter; null for what is done otherwise
     * @param fields in the order of a form; ! after those that are needed
     */
    AccountAct(String path, Kind kind, String fields, Set<State> states, String summary, String description) {
        this.path = path;
        this.kind = kind;
        this.fields = Arrays.stream(fields.split(" ")).map(name -> new Field(name.replace("!", ""), name.endsWith("!"))).toList();
        this.states = states;
        this.summary = summary;
        this.description = description;
    }

    private static Set<State> living() {
        return EnumSet.of(State.PREPARED, State.OPEN);
    }

    static Optional<AccountAct> of(String path) {
        return Arrays.stream(values()).filter(act -> act.path.equals(path)).findFirst();
    }

    static List<AccountAct> of(State state) {
        return Arrays.stream(values()).filter(act -> act.states.contains(state)).toList();
    }

    static List<AccountAct> atTheCounter() {
        return Arrays.stream(values()).filter(act -> act.kind != null).toList();
    }

    public String path() {
        return path;
    }

    Kind kind() {
        return kind;
    }

    /** What a person needs to do it. */
    Right right() {
        return kind != null ? kind.right() : switch (this) {
            case OPEN -> Right.OPEN_ACCOUNT;
            case CLOSE, MOVE -> Right.CLOSE_ACCOUNT;
            default -> Right.SET_CREDIT_TERMS;
        };
    }

    public List<Field> fields() {
        return fields;
    }

    String summary() {
        return summary;
    }

    String description() {
        return description;
    }
}
