package io.meterhub.supply;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.meterhub.metering.MeterModel;
import io.meterhub.metering.MeterModels;
import io.meterhub.metering.MeterOperations;
import io.meterhub.metering.MeterOperations.Read;
import io.meterhub.metering.ParameterValue;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Audit;
import io.meterhub.site.Meter;
import io.meterhub.site.Place;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import io.meterhub.supply.CreditDrift.Snapshot;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Compares the credit that meters keep with the ledger, once each site day and whenever somebody asks, and explains the drift. Both
 * sides are taken at the meter's last reading: it was charged in the transaction that kept it.
 */
@Component
public class CreditChecks {

    private static final Logger log = LoggerFactory.getLogger(CreditChecks.class);
    private static final int SHOWN = 60;
    private static final String ONE_PRICE = "price";
    // in the order of the meter's band registers; none is known that has a price for the fifth
    private static final List<String> BAND_PRICES = List.of("price-sharp", "price-peak", "price-flat", "price-valley");

    private final JdbcClient jdbc;
    private final CreditLoop loop;
    private final MeterOperations meters;
    private final MeterModels models;
    private final Sites sites;
    private final Alarms alarms;
    private final Audit audit;
    private final Texts texts;
    private final Rights rights;
    private final Clock clock;
    private final TransactionTemplate transaction;
    private final TransactionTemplate oneMoment;

    CreditChecks(JdbcClient jdbc, CreditLoop loop, MeterOperations meters, MeterModels models, Sites sites, Alarms alarms, Audit audit, Texts texts,
                 Rights rights, Clock clock, PlatformTransactionManager transactions) {
        this.jdbc = jdbc;
        this.loop = loop;
        this.meters = meters;
        this.models = models;
        this.sites = sites;
        this.alarms = alarms;
        this.audit = audit;
        this.texts = texts;
        this.rights = rights;
        this.clock = clock;
        this.transaction = new TransactionTemplate(transactions);
        this.oneMoment = new TransactionTemplate(transactions);
        oneMoment.setIsolationLevel(TransactionDefinition.ISOLATION_REPEATABLE_READ);
    }

    /**
     * A comparison.
     *
     * @param readAt     of the reading that it holds for
     * @param limitYuan  what may be left unexplained without an alarm, at present
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Check(Instant readAt, BigDecimal meterYuan, BigDecimal ledgerYuan, CreditDrift drift, BigDecimal limitYuan) {
    }

    /** The latest comparisons of a meter, the newest first. */
    public List<Check> list(int meterId) {
        rights.require(Right.VIEW, Place.of(known(meterId)));
        return checks(meterId);
    }

    private List<Check> checks(int meterId) {
        return jdbc.sql("""
                select k.*, coalesce(l.unexplained_yuan, 1.00) as limit_yuan
                from meter_credit_check k join meter m on m.id = k.meter_id left join meter_credit_limit l on l.site_id = m.site_id
                where k.meter_id = :meter order by k.read_at desc limit :limit""").param("meter", meterId).param("limit", SHOWN)
                .query((row, n) -> check(row)).list();
    }

    private static Check check(ResultSet row) throws SQLException {
        return new Check(row.getObject("read_at", OffsetDateTime.class).toInstant(), row.getBigDecimal("meter_yuan"),
                row.getBigDecimal("ledger_yuan"), new CreditDrift(row.getBigDecimal("drift_yuan"), row.getBigDecimal("opening_yuan"),
                row.getBigDecimal("under_way_yuan"), row.getBigDecimal("prices_yuan"), row.getBigDecimal("bookings_yuan"),
                row.getBigDecimal("unexplained_yuan")), row.getBigDecimal("limit_yuan"));
    }

    /**
     * Compares at the meter's last reading.
     *
     * @throws SupplyRefused if the meter keeps no credit, has not been read since it does, or does not say its prices
     */
    public Check compare(int meterId) {
        Meter meter = known(meterId);
        rights.require(Right.READ_NOW, Place.of(meter));
        return compared(meter);
    }

    /** Compares what was not compared on its site's day yet. Called every minute by the route check-meter-credit. */
    public void daily() {
        for (Integer id : jdbc.sql("""
                select c.meter_id from meter_credit c join meter m on m.id = c.meter_id join site t on t.id = m.site_id
                     join meter_state s on s.meter_id = c.meter_id
                where c.mode = 'METER' and s.failing_since is null and s.read_at > c.compared_from
                  and not exists (select from meter_credit_check k where k.meter_id = c.meter_id and k.read_at > c.compared_from
                        and (k.read_at at time zone t.zone)::date = (:now::timestamptz at time zone t.zone)::date)
                order by c.meter_id""").param("now", now()).query(Integer.class).list()) {
            Meter meter = known(id);
            try {
                compared(meter);
            } catch (SupplyRefused later) {
                log.info("The credit of meter {} is compared later: {}", meter.code(), later.getMessage());
            }
        }
    }

    /** What was used up to a reading, by the meter's prices, with meter and ledger at that reading. */
    private record Moment(Instant readAt, List<BigDecimal> counted, List<BigDecimal> prices, Snapshot snapshot, Snapshot first) {
    }

    private Check compared(Meter meter) {
        List<BigDecimal> prices = prices(meter);
        Moment moment = oneMoment.execute(status -> moment(meter, prices));
        CreditDrift drift = CreditDrift.between(moment.first, moment.snapshot);
        return transaction.execute(status -> {
            Snapshot now = moment.snapshot;
            jdbc.sql("""
                    insert into meter_credit_check (meter_id, read_at, meter_yuan, ledger_yuan, sold_yuan, in_meter_yuan, charged_yuan, cost_yuan,
                        counted, prices, drift_yuan, opening_yuan, under_way_yuan, prices_yuan, bookings_yuan, unexplained_yuan)
                    values (:meter, :at, :credit, :ledger, :sold, :inMeter, :charged, :cost, :counted, :prices, :drift, :opening, :underWay,
                        :pricesYuan, :bookings, :unexplained)
                    on conflict (meter_id, read_at) do nothing""")
                    .param("meter", meter.id()).param("at", moment.readAt.atOffset(ZoneOffset.UTC)).param("credit", now.meterYuan())
                    .param("ledger", now.ledgerYuan()).param("sold", now.soldYuan()).param("inMeter", now.inMeterYuan())
                    .param("charged", now.chargedYuan()).param("cost", now.costYuan()).param("counted", moment.counted.toArray(BigDecimal[]::new))
                    .param("prices", moment.prices.toArray(BigDecimal[]::new)).param("drift", drift.driftYuan()).param("opening", drift.openingYuan())
                    .param("underWay", drift.underWayYuan()).param("pricesYuan", drift.pricesYuan()).param("bookings", drift.bookingsYuan())
                    .param("unexplained", drift.unexplainedYuan()).update();
            Check check = checks(meter.id()).get(0);
            if (check.drift().unexplainedYuan().abs().compareTo(check.limitYuan()) > 0) {
                alarms.raise(AlarmKind.CREDIT_DRIFT, meter.id(), Map.of("unexplainedYuan", drift.unexplainedYuan(), "driftYuan", drift.driftYuan()));
            } else {
                alarms.clear(AlarmKind.CREDIT_DRIFT, meter.id());
            }
            return check;
        });
    }

    /** By band, or one for everything; null for a band that the meter has no price for. */
    private List<BigDecimal> prices(Meter meter) {
        if (meter.byHand()) {
            throw refused("meter", "meter_keeps_none", meter.code());
        }
        MeterModel model = models.model(meter.model());
        List<String> names = model.parameter(ONE_PRICE).isPresent() ? List.of(ONE_PRICE)
                : BAND_PRICES.stream().filter(name -> model.parameter(name).isPresent()).toList();
        if (names.isEmpty()) {
            throw refused("meter", "meter_no_prices", meter.code(), model.name());
        }
        Read<Map<String, ParameterValue>> read = meters.readParameters(meter.id(), names);
        if (read instanceof Read.Missed<Map<String, ParameterValue>> missed) {
            throw new SupplyRefused("meter", CreditLoop.why(missed.result()).in(texts));
        }
        Map<String, ParameterValue> held = ((Read.Got<Map<String, ParameterValue>>) read).value();
        List<BigDecimal> prices = new ArrayList<>();
        for (String name : model.parameter(ONE_PRICE).isPresent() ? List.of(ONE_PRICE) : BAND_PRICES) {
            prices.add(held.containsKey(name) ? held.get(name).number() : null);
        }
        return prices;
    }

    private record Before(Snapshot snapshot, List<BigDecimal> counted, List<BigDecimal> prices) {
    }

    private Moment moment(Meter meter, List<BigDecimal> prices) {
        record Now(int base, int accountId, Instant from, Instant readAt, BigDecimal total, List<BigDecimal> bands, BigDecimal credit, int count,
                   BigDecimal ledger, BigDecimal charged) {
        }
        Now now = jdbc.sql("""
                select c.base, c.account_id, c.compared_from, s.read_at, s.total, s.bands, (s.live ->> 'meter-credit')::numeric as credit,
                       (s.live ->> 'purchase-count')::numeric::int as count, a.posted_yuan - a.open_yuan as ledger,
                       (select coalesce(sum(l.amount), 0) from charge_line l where l.account_id = a.id and l.meter_id = c.meter_id) as charged
                from meter_credit c join meter_state s on s.meter_id = c.meter_id join account a on a.id = c.account_id
                where c.meter_id = ? and c.mode = 'METER' and s.read_at > c.compared_from and s.live ->> 'meter-credit' is not null
                      and s.live_at = s.read_at""").param(meter.id())
                .query((row, n) -> new Now(row.getInt("base"), row.getInt("account_id"), row.getObject("compared_from", OffsetDateTime.class).toInstant(),
                        row.getObject("read_at", OffsetDateTime.class).toInstant(), row.getBigDecimal("total"), numbers(row, "bands"),
                        row.getBigDecimal("credit"), row.getInt("count"), row.getBigDecimal("ledger"), row.getBigDecimal("charged"))).optional()
                .orElseThrow(() -> refused("meter", "meter_not_compared", meter.code()));
        PurchaseCount count = loop.count(meter.id(), now.base);
        // the reading may be older than the last confirmation, or newer
        long last = count.confirmed() + (short) (now.count - count.of(count.confirmed()));
        List<BigDecimal> counted = prices.size() == 1 || now.bands == null ? List.of(now.total) : now.bands.subList(0, prices.size());
        List<BigDecimal> held = counted.size() == prices.size() ? prices : List.of(prices.get(BAND_PRICES.indexOf("price-flat")));
        List<Before> before = jdbc.sql("""
                select * from meter_credit_check where meter_id = ? and read_at > ? and read_at <= ? order by read_at""")
                .params(meter.id(), now.from.atOffset(ZoneOffset.UTC), now.readAt.atOffset(ZoneOffset.UTC))
                .query((row, n) -> new Before(new Snapshot(row.getBigDecimal("meter_yuan"), row.getBigDecimal("ledger_yuan"),
                        row.getBigDecimal("sold_yuan"), row.getBigDecimal("in_meter_yuan"), row.getBigDecimal("charged_yuan"),
                        row.getBigDecimal("cost_yuan")), numbers(row, "counted"), numbers(row, "prices"))).list();
        BigDecimal cost = BigDecimal.ZERO;
        if (!before.isEmpty()) {
            Before latest = before.get(before.size() - 1);
            List<BigDecimal> used = new ArrayList<>();
            for (int i = 0; i < counted.size(); i++) {
                used.add(counted.get(i).subtract(latest.counted.get(i)));
            }
            cost = latest.snapshot.costYuan().add(CreditDrift.cost(used, latest.prices));
        }
        Snapshot snapshot = jdbc.sql("""
                select coalesce(sum(amount_yuan) filter (where state in ('WAITING', 'WRITING', 'CONFIRMED')), 0) as sold,
                       coalesce(sum(amount_yuan) filter (where state in ('WRITING', 'CONFIRMED') and number <= :last), 0) as in_meter
                from meter_purchase where meter_id = :meter""").param("last", last).param("meter", meter.id())
                .query((row, n) -> new Snapshot(now.credit, now.ledger, row.getBigDecimal("sold"), row.getBigDecimal("in_meter"), now.charged, BigDecimal.ZERO))
                .single();
        snapshot = new Snapshot(snapshot.meterYuan(), snapshot.ledgerYuan(), snapshot.soldYuan(), snapshot.inMeterYuan(), snapshot.chargedYuan(), cost);
        return new Moment(now.readAt, counted, held, snapshot, before.isEmpty() ? snapshot : before.get(0).snapshot);
    }

    /**
     * Takes the present drift as it is: comparisons begin anew.
     *
     * @throws SupplyRefused if the meter keeps no credit
     */
    public void accept(int meterId, String who, String why) {
        Meter meter = known(meterId);
        rights.require(Right.METER_CREDIT, Place.of(meter));
        if (why == null || why.isBlank()) {
            throw refused("why", "no_why");
        }
        transaction.executeWithoutResult(status -> {
            Optional<CreditDrift> before = checks(meterId).stream().findFirst().map(Check::drift);
            if (jdbc.sql("update meter_credit set compared_from = :now where meter_id = :meter and mode = 'METER'").param("now", now())
                    .param("meter", meterId).update() == 0) {
                throw refused("meter", "meter_not_compared", meter.code());
            }
            audit.record(meter.siteId(), who, "meter.credit.drift", "meter " + meter.code(), before.orElse(null), null, why);
            alarms.clear(AlarmKind.CREDIT_DRIFT, meterId);
        });
    }

    /** What of a drift may be unexplained at a site without an alarm, yuan. */
    public BigDecimal limit(int siteId) {
        return jdbc.sql("select unexplained_yuan from meter_credit_limit where site_id = ?").param(siteId).query(BigDecimal.class).optional()
                .orElse(new BigDecimal("1.00"));
    }

    /** Sets it; the next comparison goes by it. */
    public void limit(int siteId, BigDecimal yuan, String who, String why) {
        rights.require(Right.METER_CREDIT, Place.site(siteId));
        transaction.executeWithoutResult(status -> {
            BigDecimal before = limit(siteId);
            jdbc.sql("""
                    insert into meter_credit_limit (site_id, unexplained_yuan) values (:site, :yuan)
                    on conflict (site_id) do update set unexplained_yuan = excluded.unexplained_yuan""").param("site", siteId).param("yuan", yuan).update();
            audit.record(siteId, who, "meter.credit.limit", "site " + siteId, before, yuan, why);
        });
    }

    private Meter known(int meterId) {
        return sites.meter(meterId).orElseThrow(() -> refused("meter", "no_meter", Integer.toString(meterId)));
    }

    private SupplyRefused refused(String field, String key, Object... words) {
        return new SupplyRefused(field, texts.of("refused." + key, words));
    }

    private static List<BigDecimal> numbers(ResultSet row, String column) throws SQLException {
        java.sql.Array array = row.getArray(column);
        return array == null ? null : Arrays.asList((BigDecimal[]) array.getArray());
    }

    private OffsetDateTime now() {
        return clock.instant().atOffset(ZoneOffset.UTC);
    }
}
