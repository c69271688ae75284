package io.meterhub.supply;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.billing.Account;
import io.meterhub.billing.AccountKind;
import io.meterhub.billing.AccountWatch;
import io.meterhub.billing.Accounts;
import io.meterhub.billing.PurchaseWatch;
import io.meterhub.metering.MeterModel;
import io.meterhub.metering.MeterModels;
import io.meterhub.metering.MeterOperations;
import io.meterhub.metering.MeterOperations.Read;
import io.meterhub.metering.Slice;
import io.meterhub.metering.Why;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Audit;
import io.meterhub.site.Meter;
import io.meterhub.site.Place;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Credit that a meter keeps itself (表内金额): which meters do, what of the account's purchases is in them, and what a person decides
 * when the meter's count cannot be. The ledger stays the master; what was handed to a meter does not leave the account again.
 */
@Component
public class MeterCredits implements PurchaseWatch, AccountWatch {

    private static final int PURCHASES_SHOWN = 50;

    private final JdbcClient jdbc;
    private final CreditLoop loop;
    private final Holds holds;
    private final MeterOperations meters;
    private final MeterModels models;
    private final Accounts accounts;
    private final Sites sites;
    private final Alarms alarms;
    private final Audit audit;
    private final Texts texts;
    private final ObjectMapper json;
    private final Clock clock;
    private final Rights rights;
    private final TransactionTemplate transaction;

    MeterCredits(JdbcClient jdbc, CreditLoop loop, Holds holds, MeterOperations meters, MeterModels models, Accounts accounts, Sites sites, Alarms alarms,
                 Audit audit, Texts texts, ObjectMapper json, Clock clock, Rights rights,
                 TransactionTemplate transaction) {
        this.jdbc = jdbc;
        this.loop = loop;
        this.holds = holds;
        this.meters = meters;
        this.models = models;
        this.accounts = accounts;
        this.sites = sites;
        this.alarms = alarms;
        this.audit = audit;
        this.texts = texts;
        this.json = json;
        this.clock = clock;
        this.rights = rights;
        this.transaction = transaction;
    }

    /** Who holds the credit: the hub alone, or the meter as well. */
    public enum Mode { HUB, METER }

    /** How far a purchase has come. ABANDONED: whether it was written was no longer asked when the meter ceased to keep credit. */
    public enum State { WAITING, WRITING, CONFIRMED, WITHDRAWN, ABANDONED }

    /**
     * A purchase for a meter.
     *
     * @param number  null before it is about to be written
     * @param count   that the meter shows once it has it; null without number
     * @param receipt which sold it; null for what the ledger held when the meter began to keep credit
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Purchase(long id, Long number, Integer count, BigDecimal amountYuan, String receipt, State state, Instant madeAt,
                           Instant writtenAt, Instant confirmedAt) {
    }

    /**
     * A meter's credit as the hub knows it.
     *
     * @param expectedCount what the meter must show; null where the hub alone holds the credit
     * @param stoppedCount  a count that cannot be, which it showed: nothing more is written before a person decides; or null
     * @param failure       why the last try came to nothing, in the language of the request; or null
     * @param purchases     the newest first
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record MeterCredit(int meterId, Mode mode, Integer accountId, Integer expectedCount, Instant stoppedAt, Integer stoppedCount,
                              String failure, Instant nextTryAt, BigDecimal waitingYuan, List<Purchase> purchases) {
    }

    private record Row(int meterId, Mode mode, int accountId, int base, Instant since, Instant stoppedAt, Integer stoppedCount, String failure,
                       Instant nextTryAt) {
    }

    /**
     * What a person decides about a count that cannot be.
     *
     * @param count       that the meter shows, as the person saw it
     * @param pendingIsIn whether the purchase that was being written is in the meter; needed where there is one
     * @param refill      what the ledger holds more than the meter becomes a purchase: the meter is another, or has forgotten
     */
    public record Decision(Integer count, Boolean pendingIsIn, boolean refill) {
    }

    /** @throws SupplyRefused if the meter is not known */
    @Transactional(readOnly = true)
    public MeterCredit show(int meterId) {
        rights.require(Right.VIEW, Place.of(known(meterId)));
        Optional<Row> row = row(meterId);
        if (row.isEmpty()) {
            return new MeterCredit(meterId, Mode.HUB, null, null, null, null, null, null, BigDecimal.ZERO, List.of());
        }
        Row credit = row.get();
        PurchaseCount count = loop.count(meterId, credit.base());
        List<Purchase> purchases = jdbc.sql("""
                select p.*, r.number as receipt from meter_purchase p left join receipt r on r.journal_id = p.journal_id
                where p.meter_id = :meter order by p.id desc limit :limit""").param("meter", meterId).param("limit", PURCHASES_SHOWN)
                .query((one, n) -> {
                    Long number = one.getObject("number", Long.class);
                    return new Purchase(one.getLong("id"), number, number == null ? null : count.of(number), one.getBigDecimal("amount_yuan"),
                            one.getString("receipt"), State.valueOf(one.getString("state")), instant(one.getObject("made_at", OffsetDateTime.class)),
                            instant(one.getObject("written_at", OffsetDateTime.class)), instant(one.getObject("confirmed_at", OffsetDateTime.class)));
                }).list();
        return new MeterCredit(meterId, credit.mode(), credit.accountId(), credit.mode() == Mode.METER ? count.of(count.confirmed()) : null,
                credit.stoppedAt(), credit.stoppedCount(), said(credit.failure()), credit.nextTryAt(), waiting(meterId), purchases);
    }

    /**
     * Sets who holds a meter's credit. Given to the meter, what the ledger holds more than the meter becomes its first purchase; what
     * waits when it is taken from the meter is withdrawn.
     *
     * @throws SupplyRefused if the meter's model cannot keep credit in yuan, no open account pays for it or the account pays for other
     *                       meters too, or the meter does not answer
     */
    public void set(int meterId, Mode mode, String who, String why) {
        Meter meter = checked(meterId, why);
        if (mode == Mode.HUB) {
            transaction.executeWithoutResult(status -> {
                Optional<Row> before = row(meterId);
                before.ifPresent(row -> lockAccount(row.accountId()));
                takeFromMeters(List.of(meterId), who, why);
            });
            return;
        }
        MeterModel model = meter.byHand() ? null : models.model(meter.model());
        if (model == null || !model.can(MeterModel.Operation.CREDIT)
                || model.quantity(CreditLoop.COUNT).isEmpty() || model.quantity(CreditLoop.CREDIT).isEmpty()) {
            throw refused("mode", "meter_keeps_none", meter.code());
        }
        if (!"yuan".equals(model.quantity(CreditLoop.CREDIT).get().unit()) || !"yuan".equals(model.procedures().get(MeterModel.Operation.CREDIT).unit())) {
            throw refused("mode", "meter_keeps_no_yuan", meter.code(), model.name());
        }
        if (row(meterId).filter(row -> row.mode() == Mode.METER).isPresent()) {
            return;
        }
        Account account = payer(meter);
        Slice.Reading reading = read(meterId);
        transaction.executeWithoutResult(status -> {
            lockAccount(account.id());
            if (payer(meter).id() != account.id()) {
                throw refused("mode", "meter_payer_changed", meter.code());
            }
            long last = jdbc.sql("select coalesce(max(number), 0) from meter_purchase where meter_id = ?").param(meterId).query(Long.class).single();
            int changed = jdbc.sql("""
                    insert into meter_credit (meter_id, mode, account_id, base, since, compared_from)
                    values (:meter, 'METER', :account, :base, :now, :now)
                    on conflict (meter_id) do update set mode = 'METER', account_id = excluded.account_id, base = excluded.base,
                        since = excluded.since, compared_from = excluded.compared_from, attempts = 0, next_try_at = null, failure = null where meter_credit.mode = 'HUB'""")
                    .param("meter", meterId).param("account", account.id())
                    .param("base", PurchaseCount.base(CreditLoop.count(reading), last)).param("now", now()).update();
            if (changed == 1) {
                holds.agree(List.of(meterId));
                BigDecimal first = refill(meterId, account.id(), reading);
                audit.record(meter.siteId(), who, "meter.credit", subject(meter), Map.of("mode", Mode.HUB), Map.of("mode", Mode.METER,
                        "account", account.number(), "count", CreditLoop.count(reading), "firstPurchaseYuan", first), why);
            }
        });
    }

    /**
     * Takes the count that the meter shows for right from now on, and lets its purchases go on.
     *
     * @throws SupplyRefused if nothing was stopped, the meter shows another count, or it is not said what became of the purchase
     *                       under way
     */
    public void accept(int meterId, Decision decision, String who, String why) {
        Meter meter = checked(meterId, why);
        if (row(meterId).filter(row -> row.stoppedAt() != null).isEmpty()) {
            throw refused("count", "meter_not_stopped", meter.code());
        }
        Slice.Reading reading = read(meterId);
        int shown = CreditLoop.count(reading);
        if (decision.count() == null || decision.count() != shown) {
            throw refused("count", "meter_shows_count", meter.code(), shown);
        }
        transaction.executeWithoutResult(status -> {
            Row before = row(meterId).orElseThrow();
            lockAccount(before.accountId());
            jdbc.sql("select meter_id from meter_credit where meter_id = ? for no key update").param(meterId).query(Integer.class).single();
            before = row(meterId).filter(row -> row.stoppedAt() != null).orElseThrow(() -> refused("count", "meter_not_stopped", meter.code()));
            PurchaseCount count = loop.count(meterId, before.base());
            if (count.writing() && decision.pendingIsIn() == null) {
                throw refused("pendingIsIn", "meter_pending", meter.code());
            }
            boolean isIn = count.writing() && decision.pendingIsIn();
            if (isIn) {
                jdbc.sql("update meter_purchase set state = 'CONFIRMED', confirmed_at = :now where meter_id = :meter and state = 'WRITING'")
                        .param("now", now()).param("meter", meterId).update();
            }
            int base = PurchaseCount.base(shown, count.confirmed() + (isIn ? 1 : 0));
            jdbc.sql("""
                    update meter_credit set base = :base, compared_from = :now, stopped_at = null, stopped_count = null, attempts = 0, next_try_at = null,
                           failure = null
                    where meter_id = :meter""").param("base", base).param("now", now()).param("meter", meterId).update();
            BigDecimal refilled = decision.refill() ? refill(meterId, before.accountId(), reading) : BigDecimal.ZERO;
            audit.record(meter.siteId(), who, "meter.credit.count", subject(meter), Map.of("expected", count.of(count.confirmed())),
                    Map.of("count", shown, "pendingIsIn", isIn, "refilledYuan", refilled), why);
            clearAlarms(List.of(meterId));
            loop.poke(meterId);
        });
    }

    @Override
    @Transactional(propagation = Propagation.MANDATORY)
    public void bought(List<Bought> bought) {
        SqlArrayValue accountIds = new SqlArrayValue("int4", bought.stream().map(Bought::accountId).toArray());
        List<Integer> meterIds = jdbc.sql("""
                insert into meter_purchase (meter_id, amount_yuan, journal_id, made_at)
                select c.meter_id, p.yuan, p.journal, :now from unnest(:accounts, :yuan, :journals) as p (account, yuan, journal)
                join meter_credit c on c.account_id = p.account and c.mode = 'METER' order by p.journal
                returning meter_id""").param("now", now()).param("accounts", accountIds)
                .param("yuan", new SqlArrayValue("numeric", bought.stream().map(Bought::yuan).toArray()))
                .param("journals", new SqlArrayValue("int8", bought.stream().map(Bought::journalId).toArray())).query(Integer.class).list();
        if (!meterIds.isEmpty()) {
            // whoever bought stands there: a pause after failures is not waited for
            jdbc.sql("update meter_credit set next_try_at = null where account_id = any(:accounts) and mode = 'METER' and next_try_at is not null")
                    .param("accounts", accountIds).update();
        }
        meterIds.forEach(loop::poke);
    }

    @Override
    @Transactional(propagation = Propagation.MANDATORY)
    public boolean takenBack(long journalId) {
        boolean withdrawn = jdbc.sql("update meter_purchase set state = 'WITHDRAWN' where journal_id = ? and state = 'WAITING'")
                .param(journalId).update() > 0;
        // its own purchase may be in the meter, or all that the ledger held went there when the meter took over
        return withdrawn || jdbc.sql("""
                select not exists (select from meter_credit c join entry e on e.account_id = c.account_id
                                   where e.journal_id = ? and c.mode = 'METER')""").param(journalId).query(Boolean.class).single();
    }

    @Override
    @Transactional(propagation = Propagation.MANDATORY)
    public boolean mayLeave(int accountId) {
        return jdbc.sql("select count(*) from meter_credit where account_id = ? and mode = 'METER'").param(accountId).query(Integer.class)
                .single() == 0;
    }

    @Override
    public void served(Served served) {
        if (served.newTenant()) {
            takeFromMeters(served.meterIds(), served.who(), "account " + served.number() + " was opened");
        }
    }

    @Override
    public void vacated(Served vacated) {
        takeFromMeters(vacated.meterIds(), vacated.who(), "account " + vacated.number() + " was closed");
    }

    /** The hub alone holds these meters' credit from now on. The caller holds the accounts. */
    private void takeFromMeters(List<Integer> meterIds, String who, String why) {
        List<Integer> taken = jdbc.sql("""
                update meter_credit set mode = 'HUB', since = :now, stopped_at = null, stopped_count = null, attempts = 0, next_try_at = null,
                       failure = null, worker = null, held_until = null
                where meter_id = any(:meters) and mode = 'METER' returning meter_id""")
                .param("now", now()).param("meters", meterIds.toArray(Integer[]::new)).query(Integer.class).list();
        if (taken.isEmpty()) {
            return;
        }
        jdbc.sql("""
                update meter_purchase set state = case state when 'WAITING' then 'WITHDRAWN' else 'ABANDONED' end
                where meter_id = any(:meters) and state in ('WAITING', 'WRITING')""").param("meters", taken.toArray(Integer[]::new)).update();
        for (int meterId : taken) {
            Meter meter = sites.meter(meterId).orElseThrow();
            audit.record(meter.siteId(), who, "meter.credit", subject(meter), Map.of("mode", Mode.METER), Map.of("mode", Mode.HUB), why);
        }
        clearAlarms(taken);
        holds.agree(taken);
    }

    private void clearAlarms(List<Integer> meterIds) {
        alarms.clear(AlarmKind.COUNT_AHEAD, meterIds);
        alarms.clear(AlarmKind.COUNT_BEHIND, meterIds);
        alarms.clear(AlarmKind.CREDIT_DRIFT, meterIds);
    }

    /** Makes a purchase of what the ledger holds more than the meter and what waits for it; the whole fen below. */
    private BigDecimal refill(int meterId, int accountId, Slice.Reading reading) {
        BigDecimal missing = accounts.account(accountId).orElseThrow().creditYuan().subtract(reading.live().get(CreditLoop.CREDIT))
                .subtract(waiting(meterId)).setScale(2, RoundingMode.FLOOR);
        if (missing.signum() > 0) {
            jdbc.sql("insert into meter_purchase (meter_id, amount_yuan, made_at) values (?, ?, ?)").params(meterId, missing, now()).update();
            loop.poke(meterId);
        }
        return missing.max(BigDecimal.ZERO);
    }

    private BigDecimal waiting(int meterId) {
        return jdbc.sql("select coalesce(sum(amount_yuan), 0) from meter_purchase where meter_id = ? and state in ('WAITING', 'WRITING')")
                .param(meterId).query(BigDecimal.class).single();
    }

    private Account payer(Meter meter) {
        Account account = jdbc.sql("select account_id from account_meter where meter_id = ? and valid_to is null").param(meter.id())
                .query(Integer.class).optional().flatMap(accounts::account).filter(one -> one.kind() != AccountKind.PROPERTY_FEE)
                .orElseThrow(() -> refused("mode", "meter_nobody_pays", meter.code()));
        if (accounts.meters(account.id()).size() != 1) {
            List<String> codes = new ArrayList<>();
            accounts.meters(account.id()).forEach(id -> codes.add(sites.meter(id).orElseThrow().code()));
            throw refused("mode", "meter_not_alone", account.number(), String.join(", ", codes));
        }
        return account;
    }

    private Slice.Reading read(int meterId) {
        Read<Slice.Reading> read = meters.readNow(meterId);
        if (read instanceof Read.Missed<Slice.Reading> missed) {
            throw new SupplyRefused("meter", CreditLoop.why(missed.result()).in(texts));
        }
        return ((Read.Got<Slice.Reading>) read).value();
    }

    private void lockAccount(int accountId) {
        jdbc.sql("select id from account where id = ? for no key update").param(accountId).query(Integer.class).single();
    }

    private Optional<Row> row(int meterId) {
        return jdbc.sql("select *, failure::text as failure from meter_credit where meter_id = ?").param(meterId)
                .query((row, n) -> new Row(row.getInt("meter_id"), Mode.valueOf(row.getString("mode")), row.getInt("account_id"),
                        row.getInt("base"), instant(row.getObject("since", OffsetDateTime.class)),
                        instant(row.getObject("stopped_at", OffsetDateTime.class)), row.getObject("stopped_count", Integer.class),
                        row.getString("failure"), instant(row.getObject("next_try_at", OffsetDateTime.class)))).optional();
    }

    private Meter known(int meterId) {
        return sites.meter(meterId).orElseThrow(() -> refused("meter", "no_meter", Integer.toString(meterId)));
    }

    private Meter checked(int meterId, String why) {
        Meter meter = known(meterId);
        rights.require(Right.METER_CREDIT, Place.of(meter));
        if (why == null || why.isBlank()) {
            throw refused("why", "no_why");
        }
        return meter;
    }

    private String said(String failure) {
        try {
            return failure == null ? null : json.readValue(failure, Why.class).in(texts);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("meter_credit holds a failure that is no JSON: " + failure, e);
        }
    }

    private SupplyRefused refused(String field, String key, Object... words) {
        return new SupplyRefused(field, texts.of("refused." + key, words));
    }

    private static String subject(Meter meter) {
        return "meter " + meter.code();
    }

    private OffsetDateTime now() {
        return clock.instant().atOffset(ZoneOffset.UTC);
    }

    private static Instant instant(OffsetDateTime at) {
        return at == null ? null : at.toInstant();
    }
}
