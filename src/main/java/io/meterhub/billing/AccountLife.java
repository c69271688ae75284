package io.meterhub.billing;

import io.meterhub.billing.AccountWatch.Served;
import io.meterhub.billing.AccountWish.Close;
import io.meterhub.billing.AccountWish.Customer;
import io.meterhub.billing.AccountWish.Move;
import io.meterhub.billing.AccountWish.Prepare;
import io.meterhub.billing.Ledger.Cause;
import io.meterhub.billing.Ledger.Entry;
import io.meterhub.billing.Ledger.Gl;
import io.meterhub.billing.Ledger.Journal;
import io.meterhub.billing.Settlement.FinalReading;
import io.meterhub.metering.EnteredReadings;
import io.meterhub.metering.EntryResult;
import io.meterhub.metering.ReadingSource;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionCallback;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The life of an account: prepared (预开户), opened (开户), closed with settlement and refund (销户), or passed on to the next
 * tenant (过户). An account begins and ends at a counter reading, which the meter's locked state holds still.
 *
 * <p>For the property fee the tenant leaves with the account that pays it: the day on which that account is closed or moved is the first
 * that he does not pay for, and the first that the next tenant pays for by the same terms where it is moved. So each day between
 * is paid for once.
 */
@Component
public class AccountLife {

    private static final String OPENING = "opening of the account";
    private final JdbcClient jdbc;
    private final Accounts accounts;
    private final Assignments assignments;
    private final Billing billing;
    private final TierRecounts tierRecounts;
    private final DayClose dayClose;
    private final SharedAreas sharedAreas;
    private final PropertyFees fees;
    private final FeeRuns feeRuns;
    private final Counter counter;
    private final Ledger ledger;
    private final Credits credits;
    private final Warnings warnings;
    private final ObjectProvider<AccountWatch> watches;
    private final Sites sites;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;
    private final TransactionTemplate transaction;
    private final Rights rights;

    AccountLife(JdbcClient jdbc, Accounts accounts, Assignments assignments, Billing billing, TierRecounts tierRecounts, DayClose dayClose,
                SharedAreas sharedAreas, PropertyFees fees, FeeRuns feeRuns, Counter counter, Ledger ledger, Credits credits, Warnings warnings,
                ObjectProvider<AccountWatch> watches, Sites sites, Audit audit, Texts texts, Clock clock,
                PlatformTransactionManager transactions, Rights rights) {
        this.rights = rights;
        this.jdbc = jdbc;
        this.accounts = accounts;
        this.assignments = assignments;
        this.billing = billing;
        this.tierRecounts = tierRecounts;
        this.dayClose = dayClose;
        this.sharedAreas = sharedAreas;
        this.fees = fees;
        this.feeRuns = feeRuns;
        this.counter = counter;
        this.ledger = ledger;
        this.credits = credits;
        this.warnings = warnings;
        this.watches = watches;
        this.sites = sites;
        this.audit = audit;
        this.texts = texts;
        this.clock = clock;
        this.transaction = new TransactionTemplate(transactions);
    }

    /** How opening one account of several went. {@code field} and {@code why} are null where it was opened. */
    public record Answer(int account, boolean opened, String field, String why) {
    }

    /** The account that was closed and the one that goes on. */
    public record Moved(Settlement settlement, Account account) {
    }

    /**
     * Makes an account ahead of its opening.
     *
     * @throws AccountRefused if there is no such shop, or a meter is not the shop's or of another kind
     */
    @Transactional
    public Account prepare(Prepare wish, String who) {
        record Shop(int id, int siteId, String code, Integer customerId) {
        }
        Shop shop = jdbc.sql("select id, site_id, code, customer_id from shop where id = ? and enabled").param(wish.shopId())
                .query(Shop.class).optional().orElseThrow(() -> refused("shopId", "no_shop", Integer.toString(wish.shopId())));
        rights.require(Right.OPEN_ACCOUNT, Place.shop(shop.siteId(), shop.id()));
        if (wish.meterIds() != null) {
            checkMeters(wish);
        }
        Integer customer = wish.customer() == null ? shop.customerId() : customer(shop.siteId(), wish.customer());
        int id = jdbc.sql("""
                insert into account (site_id, customer_id, shop_id, kind, opened_at, planned_meters, overdraft_yuan)
                values (:site, :customer, :shop, :kind, null, :meters, coalesce(:overdraft, 0))
                returning id""")
                .param("site", shop.siteId()).param("customer", customer).param("shop", shop.id()).param("kind", wish.kind().name())
                .param("meters", wish.meterIds() == null ? null : array(wish.meterIds()))
                .param("overdraft", wish.overdraftYuan()).query(Integer.class).single();
        warnings.follow(shop.siteId(), id);
        Account account = account(id);
        audit.record(shop.siteId(), who, "account.prepared", subject(account), null, account, "ahead of its opening");
        return account;
    }

    private void checkMeters(Prepare wish) {
        List<Integer> fit = jdbc.sql("select id from meter where id = any(:ids) and shop_id = :shop and energy_kind = :kind and enabled")
                .param("ids", array(wish.meterIds())).param("shop", wish.shopId()).param("kind", wish.kind().name())
                .query(Integer.class).list();
        wish.meterIds().stream().filter(meter -> !fit.contains(meter)).findFirst().ifPresent(meter -> {
            throw refused("meterIds", "not_its_meter", Integer.toString(meter), Texts.word("kind." + wish.kind()));
        });
    }

    private Integer customer(int siteId, Customer customer) {
        jdbc.sql("insert into customer (site_id, name, phone) values (:site, :name, :phone) on conflict do nothing")
                .param("site", siteId).param("name", customer.name()).param("phone", customer.phone()).update();
        return jdbc.sql("select id from customer where site_id = :site and name = :name and phone is not distinct from :phone")
                .param("site", siteId).param("name", customer.name()).param("phone", customer.phone()).query(Integer.class).single();
    }

    /**
     * Opens a prepared account: from now on it is charged for what its meters count, and supply follows its credit.
     *
     * @param readings what a person read off meters just now, by meter; without, what is counted in the time before the opening is
     *                 told apart in proportion to time
     * @throws AccountRefused if the account is not prepared, or a meter is paid for by another one or has no tariff
     */
    @Transactional
    public Account open(int accountId, Map<Integer, BigDecimal> readings, String who, String why) {
        Account before = known(accountId);
        accounts.require(Right.OPEN_ACCOUNT, List.of(accountId));
        require(before, Account.State.PREPARED);
        Map<Integer, Held> held = hold(plannedMeters(before));
        if (before.kind() == AccountKind.PROPERTY_FEE) {
            // before the account, as one that moves to it has it
            fees.hold(before.shopId());
        }
        requireState(accountId, Account.State.PREPARED);
        requireNobodyPays(before, held);
        held = read(held, readings, who, why == null ? OPENING : why);
        Instant now = now();
        assign(before, held, now, true);
        return opened(before, held, now, false, who, why);
    }

    /** Opens each of these accounts, or leaves it as it was; one answer for each, in the order asked for. */
    public List<Answer> open(List<Integer> accountIds, String who, String why) {
        List<Answer> answers = new ArrayList<>();
        for (int id : accountIds) {
            try {
                transaction.executeWithoutResult(status -> open(id, Map.of(), who, why));
                answers.add(new Answer(id, true, null, null));
            } catch (AccountRefused refused) {
                answers.add(new Answer(id, false, refused.field(), refused.getMessage()));
            }
        }
        return answers;
    }

    /**
     * Closes an account for good. Its meters are off for want of an account that pays for them.
     *
     * @throws AccountRefused if it is closed, a reading cannot be true, or one is missing of a meter that is silent or in doubt
     */
    public Settlement close(Close wish, String who) {
        return onOneDay(status -> {
            Closing closing = settle(wish, null, who);
            tell(AccountWatch::vacated, closing.account(), closing.held(), false, who);
            return closing.settlement();
        });
    }

    /** What closing it now would come to: done by the same rules, and taken back. */
    public Settlement preview(Close wish, String who) {
        return onOneDay(status -> {
            status.setRollbackOnly();
            return settle(wish, null, who).settlement();
        });
    }

    /** Midnight came while an account was being closed. */
    private static final class Midnight extends RuntimeException {
    }

    /** A day begins and ends fees, shares and receipts: what was begun before midnight is begun again on the day on which it ends. */
    private <T> T onOneDay(TransactionCallback<T> act) {
        try {
            return transaction.execute(act);
        } catch (Midnight midnight) {
            return transaction.execute(act);
        }
    }

    /** Closes an account and opens the next tenant's, both at the same counter readings. */
    public Moved move(Move wish, String who) {
        return onOneDay(status -> moved(wish, who));
    }

    private Moved moved(Move wish, String who) {
        Account old = known(wish.close().accountId());
        accounts.require(Right.OPEN_ACCOUNT, List.of(old.id()));
        require(old, Account.State.OPEN);
        Account next = wish.prepared() != null ? known(wish.prepared())
                : prepare(new Prepare(old.shopId(), old.kind(), wish.customer(), null, null), who);
        if (next.shopId() != old.shopId() || next.kind() != old.kind()) {
            throw refused("prepared", "other_shop", next.number());
        }
        Closing closing = settle(wish.close(), next.id(), who);
        requireState(next.id(), Account.State.PREPARED);
        assign(next, closing.held(), closing.settlement().closedAt(), false);
        return new Moved(closing.settlement(),
                opened(next, closing.held(), closing.settlement().closedAt(), true, who, wish.close().why()));
    }

    private record Closing(Account account, Map<Integer, Held> held, Settlement settlement) {
    }

    /**
     * Charges up to the final readings, posts that, and leaves nothing in the account.
     *
     * @param next the account that goes on, null for none
     */
    private Closing settle(Close wish, Integer next, String who) {
        Account before = known(wish.accountId());
        accounts.require(Right.CLOSE_ACCOUNT, List.of(before.id()));
        Map<Integer, Held> held = hold(accounts.meters(before.id()));
        // what is charged, and charged anew, has the tiers before the lines
        jdbc.sql("select 1 from tier_use where account_id = ? order by meter_id, period, period_start for no key update").param(before.id())
                .query(Integer.class).list();
        // before the account itself, as the close of a day has it; from here on that leaves these lines alone
        jdbc.sql("""
                select 1 from charge_line where account_id = ? and unposted
                order by meter_id, site_day, tariff_version_id, band, tier for no key update""").param(before.id()).query(Integer.class).list();
        Site site = sites.site(before.siteId());
        LocalDate today = site.dayOf(now());
        // before any account, as sharing out a month has it
        List<SharedAreas.Due> shared = sharedAreas.hold(before.id());
        // so are the months of fees, as a run has them, and the numbers of receipts, as the counter has them
        List<FeeRuns.Leaving> leaving = before.kind() == AccountKind.PROPERTY_FEE && before.state() == Account.State.OPEN
                ? feeRuns.leave(before, today, next, who, wish.why()) : List.of();
        counter.holdNumbers(site.id(), today);
        if (next != null && next < before.id()) {
            // accounts are locked in the order of their ids, and the charges to come lock this one
            requireState(next, Account.State.PREPARED);
        }
        held = read(held, wish.readings(), who, wish.why());
        requireRealReadings(held);
        tierRecounts.chargeAnew(before.id());
        dayClose.post(site, before.id());
        sharedAreas.settle(before.id(), shared);
        Account account = requireState(before.id(), before.state() == Account.State.PREPARED ? Account.State.PREPARED : Account.State.OPEN);
        if (!List.copyOf(held.keySet()).equals(accounts.meters(account.id()))) {
            throw refused("id", "meters_changed", account.number());
        }
        Instant now = now();
        if (!site.dayOf(now).equals(today)) {
            throw new Midnight();
        }
        // closed first: that its last fee and the refund empty it warns nobody
        jdbc.sql("update account set closed_at = :now, emergency_yuan = 0 where id = :id").param("now", utc(now)).param("id", account.id())
                .update();
        release(account, held, now);
        feeRuns.settle(leaving, who);
        Settlement.Figures figures = Settlement.Figures.of(account(account.id()).creditYuan(), booked(account.id(), Gl.DEPOSIT),
                booked(account.id(), Gl.DEBT).negate());
        List<Receipt> receipts = book(account, figures, wish.method(), site, now, who, wish.why());
        Settlement settlement = new Settlement(account.id(), account.number(), now, held.values().stream()
                .map(meter -> new FinalReading(meter.meterId(), meter.code(), meter.total(), meter.readAt())).toList(), figures,
                figures.refundYuan().signum() > 0 ? wish.method() : null, receipts);
        audit.record(account.siteId(), who, Settlements.CLOSED, subject(account), account, settlement, wish.why());
        return new Closing(account, held, settlement);
    }

    private BigDecimal booked(int accountId, Gl gl) {
        return jdbc.sql("select coalesce(sum(credit - debit), 0) from entry where account_id = ? and gl = ?").params(accountId, gl.name())
                .query(BigDecimal.class).single();
    }

    /** @return the receipts of what was paid out */
    private List<Receipt> book(Account account, Settlement.Figures figures, PayMethod method, Site site, Instant now, String who, String why) {
        if (figures.refundYuan().signum() > 0 && (method == null || !method.atCounter())) {
            throw refused("method", "refund_method", figures.refundYuan().toPlainString());
        }
        // what is set off and rounded off first; what then is left is paid out
        List<Entry> entries = Stream.of(
                Entry.customer(account.id(), figures.creditRefundYuan().subtract(figures.creditYuan())),
                Entry.of(Gl.DEPOSIT, account.id(), figures.depositRefundYuan().subtract(figures.depositYuan())),
                Entry.of(Gl.DEBT, account.id(), figures.oldDebtYuan().subtract(figures.debtYuan())),
                Entry.against(Gl.WRITE_OFF, figures.roundedYuan().negate()))
                .filter(entry -> entry.debit().compareTo(entry.credit()) != 0).toList();
        String key = Counter.CLOSING + account.id();
        if (!entries.isEmpty()) {
            Cause cause = figures.debtYuan().signum() > 0 ? Cause.DEBT : Cause.REFUND;
            long journal = ledger.open(List.of(new Journal(site.id(), key, cause, now, site.dayOf(now), who, why))).get(key);
            ledger.enter(Map.of(journal, entries), Map.of(), who, "closing of account " + account.number());
        }
        return Stream.of(CounterRequest.depositReturn(key + ":deposit-return", account.id(), figures.depositRefundYuan(), method, who, why),
                        CounterRequest.refund(key + ":refund", account.id(), figures.creditRefundYuan(), method, who, why))
                .filter(paid -> paid.amountYuan().signum() > 0).map(paid -> counter.payOut(paid, account, now)).toList();
    }

    private record Held(int meterId, String code, int siteId, int gatewayId, BigDecimal total, Instant readAt) {
    }

    /** Locks the meters' states: until the transaction ends nothing they count is recorded. */
    private Map<Integer, Held> hold(List<Integer> meterIds) {
        if (meterIds.isEmpty()) {
            return Map.of();
        }
        jdbc.sql("insert into meter_state (meter_id) select id from meter where id = any(:ids) order by id on conflict do nothing")
                .param("ids", array(meterIds)).update();
        Map<Integer, Held> held = new TreeMap<>();
        jdbc.sql("""
                select s.meter_id, m.code, m.site_id, m.gateway_id, coalesce(s.total, m.opening_reading) as total, s.read_at
                from meter_state s join meter m on m.id = s.meter_id
                where s.meter_id = any(:ids) order by s.meter_id for no key update of s""")
                .param("ids", array(meterIds))
                .query((row, n) -> new Held(row.getInt("meter_id"), row.getString("code"), row.getInt("site_id"),
                        row.getInt("gateway_id"), row.getBigDecimal("total"), Accounts.instant(row, "read_at")))
                .list().forEach(meter -> held.put(meter.meterId(), meter));
        return held;
    }

    /** Takes what a person read off the meters as their readings of now; what they counted up to there is charged. */
    private Map<Integer, Held> read(Map<Integer, Held> held, Map<Integer, BigDecimal> readings, String who, String why) {
        if (readings == null || readings.isEmpty()) {
            return held;
        }
        Instant now = now();
        List<Map.Entry<Integer, BigDecimal>> inOrder = List.copyOf(new TreeMap<>(readings).entrySet());
        inOrder.forEach(reading -> {
            if (!held.containsKey(reading.getKey())) {
                throw refused("readings", "not_served", Integer.toString(reading.getKey()));
            }
            if (reading.getValue() == null) {
                throw refused("readings", "no_reading", held.get(reading.getKey()).code());
            }
        });
        List<EntryResult> results = billing.enterReadings(inOrder.stream().map(reading -> new EnteredReadings.Entry(reading.getKey(), now,
                reading.getValue(), ReadingSource.MANUAL, who, who, why)).toList());
        for (int i = 0; i < inOrder.size(); i++) {
            if (results.get(i) instanceof EntryResult.Refused refused) {
                throw new AccountRefused("readings", held.get(inOrder.get(i).getKey()).code() + ": " + refused.why());
            }
        }
        return hold(List.copyOf(held.keySet()));
    }

    /** What a silent meter counted, or one that is not believed, would be on the next tenant, or on nobody. */
    private void requireRealReadings(Map<Integer, Held> held) {
        Instant now = now();
        LastReading.of(jdbc, held.keySet()).forEach(reading -> reading.flaw(now).ifPresent(flaw -> {
            throw refused("readings", "last_reading." + flaw, reading.meter());
        }));
    }

    private List<Integer> plannedMeters(Account account) {
        if (account.kind().energyKind().isEmpty()) {
            return List.of();
        }
        List<Integer> meters = jdbc.sql("""
                select m.id from account a join meter m on m.shop_id = a.shop_id and m.energy_kind = a.kind and m.enabled
                where a.id = :account and case when a.planned_meters is not null then m.id = any(a.planned_meters)
                    else not exists (select from account_meter am where am.meter_id = m.id and am.valid_to is null) end
                order by m.id""").param("account", account.id()).query(Integer.class).list();
        if (meters.isEmpty()) {
            throw refused("id", "no_meter_free", account.number(), Texts.word("kind." + account.kind()));
        }
        return meters;
    }

    private void requireNobodyPays(Account account, Map<Integer, Held> held) {
        jdbc.sql("""
                select m.code, a.number from account_meter am join account a on a.id = am.account_id join meter m on m.id = am.meter_id
                where am.meter_id = any(:ids) and am.valid_to is null order by m.id limit 1""").param("ids", array(held.keySet()))
                .query((row, n) -> refused("id", "meter_paid", row.getString("code"), row.getString("number"))).optional()
                .ifPresent(refused -> {
                    throw refused;
                });
        if (account.kind() == AccountKind.PROPERTY_FEE) {
            jdbc.sql("select number from account where shop_id = ? and kind = 'PROPERTY_FEE' and state = 'OPEN'").param(account.shopId())
                    .query(String.class).optional().ifPresent(other -> {
                        throw refused("id", "fee_account_open", other);
                    });
        }
    }

    /**
     * @param afresh nobody paid until now: what was used before the opening is nobody's; else what was counted after the last
     *               reading that the account before paid for is the new one's
     */
    private void assign(Account account, Map<Integer, Held> held, Instant now, boolean afresh) {
        for (Held meter : held.values()) {
            jdbc.sql("""
                    insert into account_meter (account_id, meter_id, valid_from, start_total, charged_from)
                    values (:account, :meter, :now, :total, :from)""")
                    .param("account", account.id()).param("meter", meter.meterId()).param("now", utc(now)).param("total", meter.total())
                    .param("from", meter.readAt() == null ? null : utc(afresh && meter.readAt().isBefore(now) ? now : meter.readAt())).update();
        }
    }

    private void release(Account account, Map<Integer, Held> held, Instant now) {
        for (Held meter : held.values()) {
            jdbc.sql("""
                    update account_meter set valid_to = greatest(:now, valid_from + interval '1 microsecond'), end_total = :total,
                                             charged_to = :read
                    where account_id = :account and meter_id = :meter and valid_to is null""")
                    .param("now", utc(now)).param("total", meter.total()).param("read", meter.readAt() == null ? null : utc(meter.readAt())).param("account", account.id()).param("meter", meter.meterId())
                    .update();
        }
    }

    private Account opened(Account before, Map<Integer, Held> held, Instant now, boolean newTenant, String who, String why) {
        jdbc.sql("update account set opened_at = :now where id = :id").param("now", utc(now)).param("id", before.id()).update();
        jdbc.sql("update shop s set customer_id = a.customer_id from account a where a.id = ? and s.id = a.shop_id and a.customer_id is not null")
                .param(before.id()).update();
        Map<Integer, Assignments.Payer> payers = held.isEmpty() ? Map.of() : assignments.payers(held.keySet());
        payers.forEach((meter, payer) -> {
            if (payer.plan().from().isEmpty()) {
                throw refused("id", "no_tariff", held.get(meter).code());
            }
        });
        Account account = account(before.id());
        tell(AccountWatch::served, account, held, newTenant, who);
        if (account.kind() == AccountKind.PROPERTY_FEE) {
            fees.payFrom(account, sites.site(account.siteId()).dayOf(account.openedAt()));
        } else {
            feeRuns.handedOver(account.shopId(), who);
        }
        credits.tell(List.of(new CreditWatch.Credit(account.id(), account.creditYuan(), account.exhausted(), who,
                OPENING)));
        audit.record(account.siteId(), who, "account.opened", subject(account), before, account, why == null ? OPENING : why);
        return account;
    }

    private interface Telling {
        void tell(AccountWatch watch, Served served);
    }

    private void tell(Telling telling, Account account, Map<Integer, Held> held, boolean newTenant, String who) {
        Served served = new Served(account.id(), account.number(), account.kind(), account.shopId(), List.copyOf(held.keySet()),
                newTenant, who);
        watches.orderedStream().forEach(watch -> telling.tell(watch, served));
    }

    private Account known(int id) {
        return accounts.account(id).orElseThrow(() -> refused("id", "no_account", Integer.toString(id)));
    }

    private Account account(int id) {
        return accounts.account(id).orElseThrow();
    }

    /** Locks the account; whoever came first has done what he did. */
    private Account requireState(int id, Account.State state) {
        jdbc.sql("select 1 from account where id = ? for no key update").param(id).query(Integer.class).single();
        Account account = account(id);
        require(account, state);
        return account;
    }

    private void require(Account account, Account.State state) {
        if (account.state() != state) {
            throw refused("id", "account_is." + account.state(), account.number());
        }
    }

    private AccountRefused refused(String field, String key, Object... words) {
        return new AccountRefused(field, texts.of("refused." + key, words));
    }

    static String subject(Account account) {
        return "account " + account.number();
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS);
    }

    private static OffsetDateTime utc(Instant at) {
        return at.atOffset(ZoneOffset.UTC);
    }

    private static SqlArrayValue array(Collection<Integer> ids) {
        return new SqlArrayValue("int4", ids.toArray());
    }
}
