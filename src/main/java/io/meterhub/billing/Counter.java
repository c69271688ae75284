package io.meterhub.billing;

import static io.meterhub.billing.SqlArrays.array;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.meterhub.billing.CounterResult.Booked;
import io.meterhub.billing.CounterResult.KeyReused;
import io.meterhub.billing.CounterResult.Refused;
import io.meterhub.billing.Ledger.Cause;
import io.meterhub.billing.Ledger.Entry;
import io.meterhub.billing.Ledger.Gl;
import io.meterhub.billing.Ledger.Journal;
import io.meterhub.billing.PurchaseWatch.Bought;
import io.meterhub.billing.Receipt.Kind;
import io.meterhub.site.Audit;
import io.meterhub.site.Decimals;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionTemplate;

/** What staff do with a customer's money at the counter (柜台): each act a receipt, and a journal where money moves. */
@Component
public class Counter {

    private static final Set<Kind> PAID = EnumSet.of(Kind.SALE, Kind.DEPOSIT, Kind.DEPOSIT_RETURN, Kind.REFUND);
    private static final Set<Kind> AMOUNT_NEEDED = EnumSet.of(Kind.SALE, Kind.GIFT, Kind.DEPOSIT, Kind.TRANSFER);
    private static final Set<Kind> AMOUNT_FOLLOWS = EnumSet.of(Kind.REVERSAL, Kind.EMERGENCY);
    /** Whose amount is bounded by nothing but the most that may be typed in at once; what a platform was paid, nobody typed. */
    private static final Set<Kind> LIMITED = EnumSet.of(Kind.SALE, Kind.GIFT, Kind.DEPOSIT);
    /**
     * What brings a closed account to nothing: what it was given back is paid out, what it owes is made a debt and paid, or waived.
     */
    private static final Set<Kind> ENDING = EnumSet.of(Kind.SALE, Kind.REFUND, Kind.WRITE_OFF, Kind.DEBT, Kind.DEPOSIT_RETURN,
            Kind.DEBT_WRITE_OFF);
    /** How the keys of what is paid out at a closing begin. */
    static final String CLOSING = "close:";
    /** How the keys of what payment platforms were paid, or are to give back, begin. */
    public static final String PLATFORM = "pay:";
    /** How the keys of what a platform's bill corrects begin. Credit that was never paid for is taken also where it was used. */
    public static final String BILLED = PLATFORM + "reconciliation:";
    private static final BigDecimal HUNDRED = BigDecimal.valueOf(100);
    private static final int MOST_DIGITS = 12;

    private final JdbcClient jdbc;
    private final Ledger ledger;
    private final Credits credits;
    private final Accounts accounts;
    private final Sites sites;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;
    private final BigDecimal limitYuan;
    private final ObjectProvider<PurchaseWatch> watches;
    private final TransactionTemplate transaction;

    Counter(JdbcClient jdbc, Ledger ledger, Credits credits, Accounts accounts, Sites sites, Audit audit, Texts texts, Clock clock,
            ObjectProvider<PurchaseWatch> watches, @Value("${meterhub.billing.sale-limit-yuan:100000}") BigDecimal limitYuan, PlatformTransactionManager transactions) {
        this.jdbc = jdbc;
        this.ledger = ledger;
        this.credits = credits;
        this.accounts = accounts;
        this.sites = sites;
        this.audit = audit;
        this.texts = texts;
        this.clock = clock;
        this.watches = watches;
        this.limitYuan = limitYuan;
        // what is refused leaves nothing behind, not even a receipt's number, and spares the caller's own transaction
        this.transaction = new TransactionTemplate(transactions);
        transaction.setPropagationBehavior(TransactionDefinition.PROPAGATION_NESTED);
    }

    /**
     * Does what is asked once, however often and by however many it is asked for with the same key. Durable when this returns;
     * who was off for want of credit and has it again is on its way back on.
     */
    public CounterResult act(CounterRequest request) {
        return act(request, true);
    }

    /**
     * The same for money that a payment platform holds, in the caller's transaction: a sale that was paid there, a refund that is to be
     * asked for there, or such a refund taken back because the platform did not do it. What is refused leaves the transaction as it was.
     *
     * @param request its key begins with {@link #PLATFORM}
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public CounterResult ofPlatform(CounterRequest request) {
        boolean fits = switch (request.kind()) {
            case SALE, REFUND -> request.method() != null && !request.method().atCounter();
            case REVERSAL -> true;
            default -> false;
        };
        if (!fits || !isPlatform(request)) {
            throw new IllegalArgumentException("No act of a payment platform: " + request);
        }
        return bookNested(request, true);
    }

    /**
     * Sales that were paid at platforms, booked together in the caller's transaction: what each came to alone, at the cost of one. All of them or none:
     * where one is not the first of its key, or its account is closed or has emergency credit, nothing has changed, and each is for
     * {@link #ofPlatform(CounterRequest)}.
     *
     * @param sales of one site, each to another account and by the same one
     * @return the receipts by the sales' keys; empty: nothing is booked
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public Map<String, Receipt> sellTogether(int siteId, List<CounterRequest> sales) {
        boolean fit = sales.stream().allMatch(sale -> sale.kind() == Kind.SALE && isPlatform(sale) && sale.method() != null && !sale.method().atCounter()
                && sale.who().equals(sales.get(0).who()));
        if (!fit) {
            throw new IllegalArgumentException("No sales of payment platforms: " + sales);
        }
        if (sales.stream().anyMatch(sale -> refuse(sale).isPresent())) {
            return Map.of();
        }
        return transaction.execute(status -> {
            Map<String, Receipt> receipts = bookTogether(sites.site(siteId), sales);
            if (receipts.isEmpty()) {
                status.setRollbackOnly();
            }
            return receipts;
        });
    }

    private Map<String, Receipt> bookTogether(Site site, List<CounterRequest> sales) {
        List<Integer> accountIds = sales.stream().map(CounterRequest::accountId).toList();
        accounts.require(Kind.SALE.right(), accountIds);
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        LocalDate today = site.dayOf(now);
        Map<String, Long> journals = ledger.open(sales.stream().map(sale -> new Journal(site.id(), journalKey(sale), Cause.SALE, now, today, sale.who(),
                why(sale))).toList());
        if (journals.size() < sales.size()) {
            return Map.of();
        }
        List<String> numbers = receiptNumbers(site.id(), today, sales.size());
        Map<Integer, Purse> purses = lock(site.id(), accountIds);
        if (purses.size() < sales.size() || purses.values().stream().anyMatch(purse -> purse.closed() || purse.emergencyYuan().signum() > 0)) {
            return Map.of();
        }
        Map<String, Receipt> receipts = new LinkedHashMap<>();
        Map<Integer, String> causes = new HashMap<>();
        Map<Long, List<Entry>> entries = new LinkedHashMap<>();
        for (CounterRequest sale : sales) {
            Purse purse = purses.get(sale.accountId());
            BigDecimal yuan = sale.amountYuan().setScale(2);
            Receipt receipt = new Receipt(numbers.get(receipts.size()), Kind.SALE, purse.id(), purse.number(), yuan, CapitalNumerals.of(yuan),
                    purse.shareOf(yuan), sale.method(), null, null, null, sale.who(), sale.note(), now);
            receipts.put(sale.idempotencyKey(), receipt);
            causes.put(purse.id(), cause(receipt));
            entries.put(journals.get(journalKey(sale)), entries(receipt));
        }
        Map<Integer, BigDecimal> credits = ledger.enter(entries, Map.of(), sales.get(0).who(), causes::get);
        keep(site.id(), sales.stream().map(sale -> new Kept(sale, receipts.get(sale.idempotencyKey()), journals.get(journalKey(sale)), null,
                BigDecimal.ZERO, credits.getOrDefault(sale.accountId(), purses.get(sale.accountId()).creditYuan()))).toList());
        List<Bought> bought = sales.stream().map(sale -> new Bought(sale.accountId(), journals.get(journalKey(sale)),
                receipts.get(sale.idempotencyKey()).toCreditYuan())).filter(one -> one.yuan().signum() > 0).toList();
        if (!bought.isEmpty()) {
            watches.forEach(watch -> watch.bought(bought));
        }
        Map<Integer, Purse> after = lock(site.id(), accountIds);
        audit.recordAll(site.id(), sales.get(0).who(), sales.stream().map(sale -> new Audit.Act(act(Kind.SALE), subject(purses.get(sale.accountId())),
                new Books(null, List.of(purses.get(sale.accountId()))),
                new Books(receipts.get(sale.idempotencyKey()), List.of(after.get(sale.accountId()))), why(sale))).toList());
        return receipts;
    }

    private static String journalKey(CounterRequest request) {
        return "receipt:" + request.idempotencyKey();
    }

    private static String act(Kind kind) {
        return "counter." + kind.name().toLowerCase();
    }

    private static String subject(Purse purse) {
        return "account " + purse.number();
    }

    private static boolean isPlatform(CounterRequest request) {
        return request.idempotencyKey().startsWith(PLATFORM);
    }

    /** What would come of it now, by the same rules: done and taken back at once. A receipt of it has no number that lasts. */
    public CounterResult preview(CounterRequest request) {
        return act(request, false);
    }

    private CounterResult act(CounterRequest request, boolean really) {
        if (request.idempotencyKey() != null && isPlatform(request)) {
            return refused("idempotencyKey", "sale_key").get();
        }
        return PAID.contains(request.kind()) && request.method() != null && !request.method().atCounter()
                ? refused("method", "sale_method").get() : bookNested(request, really);
    }

    private CounterResult bookNested(CounterRequest request, boolean really) {
        Optional<Refused> refused = refuse(request);
        if (refused.isPresent()) {
            return refused.get();
        }
        return transaction.execute(status -> {
            CounterResult result = book(request);
            if (!really || !(result instanceof Booked booked) || booked.replayed()) {
                status.setRollbackOnly();
            }
            return result;
        });
    }

    private Optional<Refused> refuse(CounterRequest request) {
        if (request.idempotencyKey() == null || request.idempotencyKey().isBlank() || request.idempotencyKey().length() > 100
                || request.idempotencyKey().startsWith(CLOSING)) {
            return refused("idempotencyKey", "sale_key");
        }
        BigDecimal amount = request.amountYuan();
        if (amount == null ? AMOUNT_NEEDED.contains(request.kind())
                : amount.signum() <= 0 || !Decimals.fit(amount, MOST_DIGITS, 2)
                || LIMITED.contains(request.kind()) && !isPlatform(request) && amount.compareTo(limitYuan) > 0) {
            return LIMITED.contains(request.kind()) ? refused("amountYuan", "sale_amount", limitYuan.toPlainString())
                    : refused("amountYuan", "amount");
        }
        if (PAID.contains(request.kind()) && request.method() == null) {
            return refused("method", "sale_method");
        }
        if (request.who() == null || request.who().isBlank()) {
            return refused("who", "sale_who");
        }
        BigDecimal share = request.sharePercent();
        if (request.kind() == Kind.DEBT && (share == null || share.signum() <= 0 || share.compareTo(HUNDRED) > 0
                || share.stripTrailingZeros().scale() > 2)) {
            return refused("sharePercent", "debt_share");
        }
        return Optional.empty();
    }

    private Optional<Refused> refused(String field, String key, Object... words) {
        return Optional.of(new Refused(field, texts.of("refused." + key, words)));
    }

    /** An account as it stands while it is locked. */
    private record Purse(int id, String number, boolean closed, BigDecimal creditYuan, BigDecimal emergencyYuan,
                         BigDecimal emergencyAllowedYuan, BigDecimal depositYuan, BigDecimal debtYuan, BigDecimal debtSharePercent) {

        /** What can leave the account: the credit, down to the fen; of a closed one, what its debt leaves of that. */
        BigDecimal spare() {
            BigDecimal left = closed ? creditYuan.subtract(debtYuan) : creditYuan;
            return left.setScale(2, RoundingMode.FLOOR).max(BigDecimal.ZERO);
        }

        /** What is missing, up to the fen: what is over stays in the account. */
        BigDecimal arrears() {
            return creditYuan.negate().setScale(2, RoundingMode.CEILING).max(BigDecimal.ZERO);
        }

        BigDecimal shareOf(BigDecimal sold) {
            return sold.multiply(debtSharePercent).divide(HUNDRED, 2, RoundingMode.DOWN).min(debtYuan.setScale(2, RoundingMode.DOWN));
        }
    }

    /** For the audit log: the accounts that an act concerned, as they stood. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record Books(Receipt receipt, Collection<Purse> accounts) {
    }

    /** An earlier receipt that is to be taken back. */
    private record Reversed(long id, long journalId, Receipt receipt, BigDecimal emergencyYuan) {

        boolean ofPlatform() {
            return receipt.method() != null && !receipt.method().atCounter();
        }

        boolean wasRefund() {
            return receipt.kind() == Kind.REFUND;
        }
    }

    private CounterResult book(CounterRequest request) {
        Optional<Account> found = accounts.account(request.accountId());
        if (found.isEmpty()) {
            return refused("accountId", "no_account", Integer.toString(request.accountId())).get();
        }
        List<Integer> concerned = request.otherAccountId() == null ? List.of(request.accountId()) : List.of(request.accountId(), request.otherAccountId());
        accounts.require(request.kind().right(), concerned);
        Site site = sites.site(found.get().siteId());
        Reversed reversed = null;
        if (request.kind() == Kind.REVERSAL) {
            Optional<Reversed> its = reversed(site.id(), request);
            if (its.isEmpty()) {
                return refused("receipt", "no_such_sale", String.valueOf(request.receipt()), found.get().number()).get();
            }
            reversed = its.get();
            if (!isPlatform(request) && reversed.ofPlatform()) {
                return refused("receipt", "reversal_platform", String.valueOf(request.receipt())).get();
            }
        }
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        LocalDate today = site.dayOf(now);
        Long journalId = null;
        if (request.kind() != Kind.EMERGENCY) {
            // The journal's key decides which of several callers acts; the others wait here and then find it done.
            String key = journalKey(request);
            journalId = ledger.open(List.of(new Journal(site.id(), key, cause(request.kind()), now, today, request.who(),
                    why(request), reversed == null ? null : reversed.journalId()))).get(key);
            if (journalId == null) {
                String taken = request.receipt();
                return earlier(site.id(), request).orElseGet(() -> refused("receipt", "reversed_before", taken).get());
            }
        }
        String number = receiptNumbers(site.id(), today, 1).get(0);
        // From here on everybody else's receipts of the day wait for this one. Emergency credit has no journal, the key of which
        // would keep it from being lent twice, or an act of another kind from taking the same key.
        Optional<CounterResult> earlier = earlier(site.id(), request);
        if (earlier.isPresent()) {
            return earlier.get();
        }
        Map<Integer, Purse> purses = lock(site.id(), concerned);
        Purse purse = purses.get(request.accountId());
        Purse other = request.otherAccountId() == null ? null : purses.get(request.otherAccountId());
        BigDecimal amount = amount(request, purse, reversed);
        Optional<Refused> refused = refuse(request, purse, other, amount);
        if (refused.isPresent()) {
            return refused.get();
        }
        refused = heldByMeter(request, reversed);
        if (refused.isPresent()) {
            return refused.get();
        }
        BigDecimal toDebt = switch (request.kind()) {
            case SALE -> purse.closed() ? amount : purse.shareOf(amount);
            case REVERSAL -> reversed.receipt().toDebtYuan();
            default -> BigDecimal.ZERO.setScale(2);
        };
        Receipt receipt = new Receipt(number, request.kind(), purse.id(), purse.number(), amount, CapitalNumerals.of(amount), toDebt,
                reversed == null ? request.method() : reversed.receipt().method(), request.otherAccountId(),
                other == null ? null : other.number(), request.receipt(), request.who(), request.note(), now);
        BigDecimal creditAfter = purse.creditYuan();
        if (journalId != null) {
            List<Entry> entries = reversed == null ? entries(receipt)
                    : ledger.entries(reversed.journalId()).stream().map(Entry::mirrored).toList();
            creditAfter = ledger.enter(Map.of(journalId, entries), Map.of(), request.who(), cause(receipt))
                    .getOrDefault(purse.id(), creditAfter);
        }
        BigDecimal emergency = setTerms(request, purse, reversed, receipt);
        keep(site.id(), List.of(new Kept(request, receipt, journalId, reversed == null ? null : reversed.id(), emergency, creditAfter)));
        handOver(receipt, reversed, journalId);
        audit.record(site.id(), request.who(), act(request.kind()), subject(purse),
                new Books(null, purses.values()), new Books(receipt, lock(site.id(), List.copyOf(purses.keySet())).values()), why(request));
        return new Booked(receipt, creditAfter, false);
    }

    /** Holds the numbers of a site's day, which are held before any account; none is used up by that. */
    @Transactional(propagation = Propagation.MANDATORY)
    public void holdNumbers(int siteId, LocalDate day) {
        jdbc.sql("insert into receipt_counter (site_id, site_day, last) values (?, ?, 0) on conflict do nothing").params(siteId, day).update();
        jdbc.sql("select last from receipt_counter where site_id = ? and site_day = ? for no key update").params(siteId, day)
                .query(Integer.class).single();
    }

    /**
     * Pays out what is left in an account that is being closed, as asked for, in the caller's transaction: it holds the day's numbers
     * and the account.
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public Receipt payOut(CounterRequest request, Account account, Instant now) {
        Site site = sites.site(account.siteId());
        LocalDate today = site.dayOf(now);
        String key = journalKey(request);
        long journal = ledger.open(List.of(new Journal(site.id(), key, cause(request.kind()), now, today, request.who(), request.note())))
                .get(key);
        Receipt receipt = new Receipt(receiptNumbers(site.id(), today, 1).get(0), request.kind(), account.id(), account.number(), request.amountYuan(),
                CapitalNumerals.of(request.amountYuan()), BigDecimal.ZERO.setScale(2), request.method(), null, null, null, request.who(),
                request.note(), now);
        BigDecimal creditAfter = Optional.ofNullable(ledger.enter(Map.of(journal, entries(receipt)), Map.of(), request.who(), cause(receipt))
                .get(account.id())).orElseGet(() -> accounts.account(account.id()).orElseThrow().creditYuan());
        keep(site.id(), List.of(new Kept(request, receipt, journal, null, BigDecimal.ZERO, creditAfter)));
        return receipt;
    }

    private static Cause cause(Kind kind) {
        return switch (kind) {
            case SALE -> Cause.SALE;
            case GIFT -> Cause.GIFT;
            case DEPOSIT, DEPOSIT_RETURN -> Cause.DEPOSIT;
            case REFUND -> Cause.REFUND;
            case REVERSAL -> Cause.REVERSAL;
            case TRANSFER -> Cause.TRANSFER;
            case WRITE_OFF, DEBT_WRITE_OFF -> Cause.WRITE_OFF;
            case DEBT -> Cause.DEBT;
            case EMERGENCY -> throw new IllegalArgumentException("Emergency credit moves no money");
        };
    }

    private static String what(Kind kind) {
        return kind.name().toLowerCase().replace('_', ' ');
    }

    private static String cause(Receipt receipt) {
        return what(receipt.kind()) + " " + receipt.number();
    }

    private static String why(CounterRequest request) {
        return request.note() == null || request.note().isBlank() ? what(request.kind()) + " at the counter" : request.note();
    }

    private BigDecimal amount(CounterRequest request, Purse purse, Reversed reversed) {
        if (request.amountYuan() != null && !AMOUNT_FOLLOWS.contains(request.kind())) {
            return request.amountYuan().setScale(2);
        }
        return switch (request.kind()) {
            case REFUND -> purse.spare();
            case DEPOSIT_RETURN -> purse.depositYuan().setScale(2);
            case WRITE_OFF, DEBT -> purse.arrears();
            case DEBT_WRITE_OFF -> purse.debtYuan().setScale(2);
            case REVERSAL -> reversed.receipt().amountYuan();
            case EMERGENCY -> purse.emergencyAllowedYuan();
            case SALE, GIFT, DEPOSIT, TRANSFER -> throw new IllegalArgumentException(request.kind() + " without its amount");
        };
    }

    /** What can be told only while the accounts are locked. */
    private Optional<Refused> refuse(CounterRequest request, Purse purse, Purse other, BigDecimal amount) {
        if (purse.closed()) {
            // what a platform did not give back is in the account again, whatever became of that
            boolean ending = ENDING.contains(request.kind()) || request.kind() == Kind.REVERSAL && isPlatform(request);
            if (!ending || request.kind() == Kind.SALE && purse.debtYuan().signum() == 0) {
                return refused("accountId", "account_closed", purse.number());
            }
            if (request.kind() == Kind.SALE && amount.compareTo(purse.debtYuan()) > 0) {
                return refused("amountYuan", "more_than_closed_debt", purse.debtYuan().setScale(2, RoundingMode.DOWN).toPlainString());
            }
        }
        if (request.kind() == Kind.TRANSFER) {
            if (other == null || other == purse) {
                return refused("toAccountId", "transfer_to", String.valueOf(request.otherAccountId()));
            }
            if (other.closed()) {
                return refused("toAccountId", "account_closed", other.number());
            }
        }
        if (request.kind() == Kind.EMERGENCY) {
            return purse.emergencyYuan().signum() > 0 ? refused("accountId", "emergency_taken", purse.number())
                    : amount.signum() <= 0 ? refused("accountId", "emergency_none", purse.number()) : Optional.empty();
        }
        BigDecimal most = switch (request.kind()) {
            case REFUND -> request.idempotencyKey().startsWith(BILLED) ? amount : purse.spare();
            case TRANSFER -> purse.spare();
            case DEPOSIT_RETURN -> purse.depositYuan();
            case WRITE_OFF, DEBT -> purse.arrears();
            case DEBT_WRITE_OFF -> purse.debtYuan();
            default -> amount;
        };
        return amount.signum() <= 0 || amount.compareTo(most) > 0
                ? refused("amountYuan", "more_than_" + request.kind().name().toLowerCase(), most.setScale(2, RoundingMode.DOWN).toPlainString())
                : Optional.empty();
    }

    /** What a meter keeps of the credit cannot be given back by it. */
    private Optional<Refused> heldByMeter(CounterRequest request, Reversed reversed) {
        return switch (request.kind()) {
            case REVERSAL -> reversed.wasRefund() || watches.stream().allMatch(watch -> watch.takenBack(reversed.journalId())) ? Optional.empty()
                    : refused("receipt", "in_the_meter", request.receipt());
            case REFUND, TRANSFER -> watches.stream().allMatch(watch -> watch.mayLeave(request.accountId())) ? Optional.empty()
                    : refused("accountId", "meter_holds");
            default -> Optional.empty();
        };
    }

    /** Where a meter keeps the account's credit, what came in goes to it. */
    private void handOver(Receipt receipt, Reversed reversed, Long journalId) {
        BigDecimal yuan = switch (receipt.kind()) {
            case SALE -> receipt.toCreditYuan();
            case GIFT, TRANSFER -> receipt.amountYuan();
            case REVERSAL -> reversed.wasRefund() ? receipt.amountYuan() : BigDecimal.ZERO;
            default -> BigDecimal.ZERO;
        };
        if (yuan.signum() > 0) {
            int to = receipt.kind() == Kind.TRANSFER ? receipt.otherAccountId() : receipt.accountId();
            watches.forEach(watch -> watch.bought(List.of(new Bought(to, journalId, yuan))));
        }
    }

    /** Locks the accounts, those of this site alone, in the order of their ids. */
    private Map<Integer, Purse> lock(int siteId, List<Integer> ids) {
        Map<Integer, Purse> locked = new TreeMap<>();
        jdbc.sql("""
                select a.id, a.number, a.closed_at is not null as closed, a.posted_yuan - a.open_yuan as credit_yuan, a.emergency_yuan,
                       coalesce(a.emergency_allowed_yuan, t.emergency_allowed_yuan, 0.00) as emergency_allowed_yuan, a.deposit_yuan,
                       a.debt_yuan, a.debt_share_percent
                from account a left join site_credit_terms t on t.site_id = a.site_id
                where a.id = any(:ids) and a.site_id = :site order by a.id for no key update of a""")
                .param("ids", new SqlArrayValue("int4", ids.toArray())).param("site", siteId)
                .query((row, n) -> new Purse(row.getInt("id"), row.getString("number"), row.getBoolean("closed"), row.getBigDecimal("credit_yuan"),
                        row.getBigDecimal("emergency_yuan"), row.getBigDecimal("emergency_allowed_yuan"), row.getBigDecimal("deposit_yuan"),
                        row.getBigDecimal("debt_yuan"), row.getBigDecimal("debt_share_percent"))).list()
                .forEach(purse -> locked.put(purse.id(), purse));
        return locked;
    }

    private static List<Entry> entries(Receipt receipt) {
        int account = receipt.accountId();
        BigDecimal yuan = receipt.amountYuan();
        Gl purse = purse(receipt);
        return switch (receipt.kind()) {
            case SALE -> sold(receipt, purse);
            case GIFT -> List.of(Entry.against(Gl.GIFT, yuan), Entry.customer(account, yuan));
            case DEPOSIT -> List.of(Entry.against(purse, yuan), Entry.of(Gl.DEPOSIT, account, yuan));
            case DEPOSIT_RETURN -> List.of(Entry.against(purse, yuan.negate()), Entry.of(Gl.DEPOSIT, account, yuan.negate()));
            case REFUND -> List.of(Entry.against(purse, yuan.negate()), Entry.customer(account, yuan.negate()));
            case TRANSFER -> List.of(Entry.customer(account, yuan.negate()), Entry.customer(receipt.otherAccountId(), yuan));
            case WRITE_OFF -> List.of(Entry.against(Gl.WRITE_OFF, yuan), Entry.customer(account, yuan));
            case DEBT_WRITE_OFF -> List.of(Entry.against(Gl.WRITE_OFF, yuan), Entry.of(Gl.DEBT, account, yuan));
            case DEBT -> List.of(Entry.of(Gl.DEBT, account, yuan.negate()), Entry.customer(account, yuan));
            case REVERSAL, EMERGENCY -> throw new IllegalArgumentException(receipt.kind() + " has no entries of its own");
        };
    }

    /** Where the money lies, or is taken from. What a platform is to give back, it still has. */
    private static Gl purse(Receipt receipt) {
        if (receipt.method() == null) {
            return Gl.CASH;
        }
        return switch (receipt.method()) {
            case CASH -> Gl.CASH;
            case TRANSFER -> Gl.TRANSFER;
            case WECHAT, ALIPAY -> receipt.kind() == Kind.REFUND ? Gl.GIVING_BACK : Gl.valueOf(receipt.method().name());
        };
    }

    private static List<Entry> sold(Receipt receipt, Gl purse) {
        List<Entry> entries = new ArrayList<>(List.of(Entry.against(purse, receipt.amountYuan())));
        if (receipt.toCreditYuan().signum() > 0) {
            entries.add(Entry.customer(receipt.accountId(), receipt.toCreditYuan()));
        }
        if (receipt.toDebtYuan().signum() > 0) {
            entries.add(Entry.of(Gl.DEBT, receipt.accountId(), receipt.toDebtYuan()));
        }
        return entries;
    }

    /**
     * What an act changes beside the balances: emergency credit is lent, ends with a sale and is back when that is taken back.
     *
     * @return the emergency credit that the act lent or ended
     */
    private BigDecimal setTerms(CounterRequest request, Purse purse, Reversed reversed, Receipt receipt) {
        BigDecimal lent = switch (request.kind()) {
            case EMERGENCY -> receipt.amountYuan();
            case SALE -> BigDecimal.ZERO;
            case REVERSAL -> purse.emergencyYuan().max(reversed.emergencyYuan());
            default -> purse.emergencyYuan();
        };
        if (lent.compareTo(purse.emergencyYuan()) != 0) {
            credits.lend(purse.id(), lent, request.who(), cause(receipt));
        }
        if (request.kind() == Kind.DEBT) {
            jdbc.sql("update account set debt_share_percent = :share where id = :id").param("share", request.sharePercent())
                    .param("id", purse.id()).update();
        }
        return lent.subtract(purse.emergencyYuan()).abs();
    }

    private Optional<Reversed> reversed(int siteId, CounterRequest request) {
        return jdbc.sql(Accounts.RECEIPTS + """
                where r.site_id = :site and r.number = :number and r.account_id = :account and r.kind = any(:kinds)""")
                .param("kinds", isPlatform(request) ? new String[]{"REFUND"} : new String[]{"SALE", "GIFT"}).param("site", siteId).param("number", request.receipt()).param("account", request.accountId())
                .query((row, n) -> new Reversed(row.getLong("id"), row.getLong("journal_id"), Accounts.receipt(row),
                        row.getBigDecimal("emergency_yuan"))).optional();
    }

    private Optional<CounterResult> earlier(int siteId, CounterRequest request) {
        record First(Receipt receipt, BigDecimal creditAfter, String hash) {
        }
        return jdbc.sql(Accounts.RECEIPTS + "where r.site_id = :site and r.idempotency_key = :key")
                .param("site", siteId).param("key", request.idempotencyKey())
                .query((row, n) -> new First(Accounts.receipt(row), row.getBigDecimal("credit_after_yuan"),
                        row.getString("request_hash")))
                .optional()
                .map(first -> first.hash().equals(hash(request))
                        ? new Booked(first.receipt(), first.creditAfter(), true)
                        : new KeyReused(first.receipt()));
    }

    private List<String> receiptNumbers(int siteId, LocalDate day, int many) {
        int last = jdbc.sql("""
                insert into receipt_counter (site_id, site_day, last) values (:site, :day, :many)
                on conflict (site_id, site_day) do update set last = receipt_counter.last + :many
                returning last""").param("site", siteId).param("day", day).param("many", many).query(Integer.class).single();
        return IntStream.rangeClosed(last - many + 1, last).mapToObj(number -> "R-%s-%06d".formatted(DateTimeFormatter.BASIC_ISO_DATE.format(day), number))
                .toList();
    }

    /** @param reverses the id of the receipt that is taken back, or null */
    private record Kept(CounterRequest request, Receipt receipt, Long journalId, Long reverses, BigDecimal emergencyYuan, BigDecimal creditAfter) {
    }

    private void keep(int siteId, List<Kept> receipts) {
        jdbc.sql("""
                insert into receipt (site_id, idempotency_key, request_hash, number, kind, account_id, other_account_id, amount_yuan,
                                     to_debt_yuan, method, journal_id, reverses, emergency_yuan, credit_after_yuan, who, note, at)
                select :site, * from unnest(:keys, :hashes, :numbers, :kinds, :accounts, :others, :amounts, :toDebts, :methods, :journals,
                                            :reverses, :emergencies, :credits, :whos, :notes, :ats)""")
                .param("site", siteId).param("keys", array("text", receipts, kept -> kept.request().idempotencyKey()))
                .param("hashes", array("text", receipts, kept -> hash(kept.request())))
                .param("numbers", array("text", receipts, kept -> kept.receipt().number()))
                .param("kinds", array("text", receipts, kept -> kept.receipt().kind().name()))
                .param("accounts", array("int4", receipts, kept -> kept.receipt().accountId()))
                .param("others", array("int4", receipts, kept -> kept.receipt().otherAccountId()))
                .param("amounts", array("numeric", receipts, kept -> kept.receipt().amountYuan()))
                .param("toDebts", array("numeric", receipts, kept -> kept.receipt().toDebtYuan()))
                .param("methods", array("text", receipts, kept -> kept.receipt().method() == null ? null : kept.receipt().method().name()))
                .param("journals", array("int8", receipts, Kept::journalId)).param("reverses", array("int8", receipts, Kept::reverses))
                .param("emergencies", array("numeric", receipts, Kept::emergencyYuan)).param("credits", array("numeric", receipts, Kept::creditAfter))
                .param("whos", array("text", receipts, kept -> kept.receipt().who())).param("notes", array("text", receipts, kept -> kept.receipt().note()))
                .param("ats", array("timestamptz", receipts, kept -> kept.receipt().at())).update();
    }

    /** What makes a request the same request: everything but who asks. */
    private static String hash(CounterRequest request) {
        String body = String.join("\n", request.kind().name(), Integer.toString(request.accountId()), plain(request.amountYuan()),
                String.valueOf(request.method()), String.valueOf(request.otherAccountId()), String.valueOf(request.receipt()),
                plain(request.sharePercent()), request.note() == null ? "" : request.note());
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String plain(BigDecimal number) {
        return number == null ? "" : number.stripTrailingZeros().toPlainString();
    }
}
