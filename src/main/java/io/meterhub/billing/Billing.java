package io.meterhub.billing;

import io.meterhub.metering.Correction;
import io.meterhub.metering.Interval;
import io.meterhub.metering.Readings;
import io.meterhub.metering.Slice;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * Turns readings into charges. Each call is one transaction, which locks meter states, then charge lines, then accounts,
 * each in the order of their keys.
 */
@Component("billing")
public class Billing {

    private static final Logger log = LoggerFactory.getLogger(Billing.class);

    private final Readings readings;
    private final Assignments assignments;
    private final Credits credits;
    private final JdbcClient jdbc;
    private final Timer chargeTime;

    Billing(Readings readings, Assignments assignments, Credits credits, JdbcClient jdbc, MeterRegistry metrics) {
        this.readings = readings;
        this.assignments = assignments;
        this.credits = credits;
        this.jdbc = jdbc;
        this.chargeTime = Timer.builder("meterhub.charge").description("Time to record and charge a slice, without the commit")
                .publishPercentileHistogram().register(metrics);
    }

    /**
     * Records a slice's readings and charges what they add. The same slice again changes nothing. A meter whose account has no
     * tariff is left out, as if it had not been read: its neighbours are billed, and nothing of its own is lost once it has one.
     */
    @Transactional
    public void bill(Slice slice) {
        chargeTime.record(() -> {
            Map<Integer, Assignments.Payer> payers = payers(slice.readings().stream().map(Slice.Reading::meter).toList());
            charge(readings.record(withoutUnpriced(slice, payers)), payers);
        });
    }

    private static Slice withoutUnpriced(Slice slice, Map<Integer, Assignments.Payer> payers) {
        List<Slice.Reading> priced = slice.readings().stream().filter(reading -> !unpriced(payers.get(reading.meter()))).toList();
        if (priced.size() == slice.readings().size()) {
            return slice;
        }
        log.warn("Meters without a tariff are not recorded: {}. Assign one to the meter, its shop group or its site",
                payers.entrySet().stream().filter(payer -> unpriced(payer.getValue())).map(Map.Entry::getKey).sorted().toList());
        return new Slice(slice.site(), slice.gateway(), slice.round(), priced, slice.failures());
    }

    private static boolean unpriced(Assignments.Payer payer) {
        return payer != null && payer.plan().from().isEmpty();
    }

    private Map<Integer, Assignments.Payer> payers(Collection<Integer> meterIds) {
        return meterIds.isEmpty() ? Map.of() : assignments.payers(meterIds);
    }

    /**
     * A meter was changed on the wall.
     *
     * @param closing what the old meter showed last, kWh or m3 after the CT ratio; what it counted up to there is billed
     * @param opening what the new one showed first
     */
    @Transactional
    public Correction replaceMeter(int meterId, BigDecimal closing, BigDecimal opening, String who, String why) {
        return charged(readings.replace(meterId, closing, opening, who, why));
    }

    /**
     * The value in quarantine is true after all: what it adds is billed; where it is lower than the last accepted one,
     * counting begins anew from there and nothing is billed.
     *
     * @param total the value that the person looked at, kWh or m3 after the CT ratio; the meter may have counted on since, but
     *              what does not go on from it is refused
     */
    @Transactional
    public Correction acceptQuarantine(int meterId, BigDecimal total, String who, String why) {
        return charged(readings.acceptQuarantine(meterId, total, who, why));
    }

    private Correction charged(Correction correction) {
        if (correction instanceof Correction.Done done) {
            charge(done.unbilled(), payers(done.unbilled().stream().map(Interval::meterId).toList()));
        }
        return correction;
    }

    private void charge(List<Interval> intervals, Map<Integer, Assignments.Payer> payers) {
        SortedMap<Line, Charge> lines = new TreeMap<>(Line.BY_KEY);
        for (Interval interval : intervals) {
            Assignments.Payer payer = payers.get(interval.meterId());
            if (payer == null) {
                continue;
            }
            if (unpriced(payer)) {
                throw new IllegalStateException("Meter " + interval.meterId()
                        + " has an account but no tariff: assign one to it, its shop group or its site");
            }
            for (Charge charge : Charge.of(payer.plan(), interval)) {
                lines.merge(new Line(payer.accountId(), interval.meterId(), charge.siteDay(), charge.versionId(),
                        charge.rate()), charge, Charge::plus);
            }
        }
        if (!lines.isEmpty()) {
            add(lines);
            SortedMap<Integer, Credits.Change> changes = new TreeMap<>();
            lines.forEach((line, charge) -> changes.merge(line.accountId(),
                    new Credits.Change(BigDecimal.ZERO, charge.quantity().multiply(charge.price())), Credits.Change::plus));
            credits.change(changes, "hub", "charge of " + lines.lastKey().siteDay());
        }
    }

    /** The key of a charge line. */
    private record Line(int accountId, int meterId, LocalDate siteDay, int versionId, Rate rate) {

        static final Comparator<Line> BY_KEY = Comparator.comparingInt(Line::accountId).thenComparingInt(Line::meterId)
                .thenComparing(Line::siteDay).thenComparingInt(Line::versionId).thenComparing(line -> line.rate().name());
    }

    private void add(SortedMap<Line, Charge> lines) {
        Collection<Line> keys = lines.keySet();
        Collection<Charge> charges = lines.values();
        jdbc.sql("""
                insert into charge_line (account_id, meter_id, site_day, tariff_version_id, band, price, quantity,
                                         estimated_quantity, amount)
                select account_id, meter_id, site_day, version_id, band, price, quantity, estimated, quantity * price
                from unnest(:accounts, :meters, :days, :versions, :bands, :prices, :quantities, :estimated)
                     as c (account_id, meter_id, site_day, version_id, band, price, quantity, estimated)
                on conflict (account_id, meter_id, site_day, tariff_version_id, band, tier)
                do update set quantity = charge_line.quantity + excluded.quantity,
                              estimated_quantity = charge_line.estimated_quantity + excluded.estimated_quantity,
                              amount = charge_line.amount + excluded.amount, unposted = true""")
                .param("accounts", array("int4", keys, Line::accountId))
                .param("meters", array("int4", keys, Line::meterId))
                .param("days", array("date", keys, Line::siteDay))
                .param("versions", array("int4", keys, Line::versionId))
                .param("bands", array("text", keys, line -> line.rate().name()))
                .param("prices", array("numeric", charges, Charge::price))
                .param("quantities", array("numeric", charges, Charge::quantity))
                .param("estimated", array("numeric", charges, Charge::estimatedQuantity))
                .update();
    }

    private static <T> SqlArrayValue array(String type, Collection<T> rows, Function<? super T, ?> column) {
        return new SqlArrayValue(type, rows.stream().map(column).toArray());
    }
}
