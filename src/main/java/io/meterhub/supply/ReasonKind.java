package io.meterhub.supply;

import io.meterhub.people.Right;
import java.util.stream.Stream;

/** Why a meter is to be off, or to stay on whatever else is said. */
public enum ReasonKind {

    /** 欠费: the account's credit is used up. Set and lifted by billing alone. */
    ARREARS(Rank.COMMERCIAL),
    /** 物业费: the property fee could not be taken. */
    PROPERTY_FEE(Rank.COMMERCIAL),
    /** 时控: outside the hours of supply. */
    SCHEDULE(Rank.COMMERCIAL),
    /**
     * 销户: nobody pays for what is used here. Off like arrears, and like them kept on by KEEP_ON, so that a vacated shop can be
     * handed over with light. Whoever closes an account ends a KEEP_ON that is left of the former tenant.
     */
    CLOSED_ACCOUNT(Rank.COMMERCIAL),
    /** 过载: above the shop's power limit. */
    OVERLOAD(Rank.SAFETY),
    /** 恶性负载: a load that the house rules forbid. */
    FORBIDDEN_LOAD(Rank.SAFETY),
    /** 检修断电: a person's lock-out, or the meter found open although the hub did not open it. */
    MANUAL_OFF(Rank.SAFETY),
    /** 故障: something is wrong with the circuit. */
    FAULT(Rank.SAFETY),
    /** 保电: stays on until its end time although a commercial reason says off. */
    KEEP_ON(Rank.HOLD),
    /** 重要负荷: fire pumps, lifts, cold stores. The hub never cuts it. */
    PROTECTED(Rank.HOLD);

    private enum Rank { COMMERCIAL, SAFETY, HOLD }

    private final Rank rank;

    ReasonKind(Rank rank) {
        this.rank = rank;
    }

    /** Somebody could be hurt: KEEP_ON does not outrank it. */
    public boolean safety() {
        return rank == Rank.SAFETY;
    }

    /** The names of those of which somebody could be hurt, as the database takes them. */
    static String[] safeties() {
        return Stream.of(values()).filter(ReasonKind::safety).map(ReasonKind::name).toArray(String[]::new);
    }

    /** Somebody has not paid: notice and hours come before the cut. */
    public boolean owed() {
        return this == ARREARS || this == PROPERTY_FEE;
    }

    /** It follows from money, contract or calendar, so that no person sets or ends it by hand; KEEP_ON outranks it. */
    public boolean commercial() {
        return rank == Rank.COMMERCIAL;
    }

    /** What a person needs to set it, and to end it. */
    public Right right() {
        return switch (this) {
            case MANUAL_OFF -> Right.SWITCH;
            case KEEP_ON -> Right.KEEP_ON;
            case PROTECTED -> Right.PROTECT;
            default -> Right.FAULTS;
        };
    }
}
