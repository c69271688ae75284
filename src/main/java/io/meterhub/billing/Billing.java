package io.meterhub.billing;

import static io.meterhub.billing.SqlArrays.array;

import io.meterhub.metering.Correction;
import io.meterhub.metering.EnteredReadings;
import io.meterhub.metering.EntryResult;
import io.meterhub.metering.Interval;
import io.meterhub.metering.LoadWatch;
import io.meterhub.metering.Readings;
import io.meterhub.metering.Slice;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Texts;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.interceptor.TransactionAspectSupport;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Turns readings into charges. Each call is one transaction, which locks meter states, then the use of tiers, then charge lines,
 * then accounts, each in the order of their keys.
 */
@Component("billing")
public class Billing {

    private static final Logger log = LoggerFactory.getLogger(Billing.class);
    /** What lies further apart than this is a gap in the readings. */
    private static final Duration GAP = Duration.ofHours(1);

    private final Readings readings;
    private final Assignments assignments;
    private final Credits credits;
    private final JdbcClient jdbc;
    private final EnteredReadings entered;
    private final Provisional provisional;
    private final TierRecounts tierRecounts;
    private final Alarms alarms;
    private final Texts texts;
    private final ObjectProvider<LoadWatch> loads;
    private final Timer chargeTime;
    /** Meters without a tariff that this hub has told of. */
    private final Set<Integer> toldUnpriced = ConcurrentHashMap.newKeySet();
    private final Rights rights;

    Billing(Readings readings, EnteredReadings entered, Assignments assignments, Credits credits, Provisional provisional,
            TierRecounts tierRecounts, JdbcClient jdbc, Alarms alarms, Texts texts, ObjectProvider<LoadWatch> loads, MeterRegistry metrics,
            Rights rights) {
        this.rights = rights;
        this.entered = entered;
        this.provisional = provisional;
        this.tierRecounts = tierRecounts;
        this.alarms = alarms;
        this.texts = texts;
        this.readings = readings;
        this.loads = loads;
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
            List<Integer> unpriced = unheard(payers);
            List<Interval> counted = readings.record(withoutUnpriced(slice, payers));
            // a meter may have got another account, or other prices, while this waited for its state; while that is locked, it
            // cannot get another account, and what other prices make of the past is charged anew after this
            charge(counted, payers(counted.stream().map(Interval::meterId).toList()));
            tell(unpriced);
            loads.orderedStream().forEach(watch -> watch.drawn(slice.readings()));
        });
    }

    private void tell(List<Integer> unpriced) {
        if (unpriced.isEmpty()) {
            return;
        }
        log.warn("Meters without a tariff are not recorded: {}. Assign one to the meter, its shop group or its site", unpriced);
        alarms.raise(AlarmKind.TARIFF_MISSING, unpriced.stream().map(meter -> new Alarms.Finding(meter, null, Map.of())).toList());
        TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
            @Override
            public void afterCommit() {
                toldUnpriced.addAll(unpriced);
            }
        });
    }

    /** Clears the alarms of meters that have a tariff by now. Called every minute by the route watch-tariffs. */
    @Transactional
    public void forgetPriced() {
        List<Integer> open = jdbc.sql("select subject_id from alarm where kind = :kind and cleared_at is null order by subject_id")
                .param("kind", AlarmKind.TARIFF_MISSING.name()).query(Integer.class).list();
        Map<Integer, Assignments.Payer> payers = payers(open);
        List<Integer> over = open.stream().filter(meter -> !unpriced(payers.get(meter))).toList();
        toldUnpriced.removeAll(over);
        alarms.clear(AlarmKind.TARIFF_MISSING, over);
    }

    /** Meters without a tariff that nobody was told of yet. */
    private List<Integer> unheard(Map<Integer, Assignments.Payer> payers) {
        return payers.entrySet().stream().filter(payer -> unpriced(payer.getValue())).map(Map.Entry::getKey)
                .filter(meter -> !toldUnpriced.contains(meter)).sorted().toList();
    }

    private Slice withoutUnpriced(Slice slice, Map<Integer, Assignments.Payer> payers) {
        List<Slice.Reading> priced = slice.readings().stream().filter(reading -> !unpriced(payers.get(reading.meter()))).toList();
        if (priced.size() == slice.readings().size()) {
            return slice;
        }
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
        rights.requireOfMeter(Right.REPLACE_METER, meterId);
        return charged(readings.replace(meterId, closing, opening, who, why));
    }

    /**
     * The current transformers before a meter were changed, the meter stayed: what it counted up to then is billed by the ratio before,
     * what it counts from then on is multiplied by the new one. What was billed stays.
     *
     * @param at      when, after the last accepted reading; null: now
     * @param counter what the meter itself showed then, kWh before the CT ratio
     * @param rating  the most that can flow from then on, kW after the CT ratio; null: as much more or less as the ratio is
     */
    @Transactional
    public Correction changeCtRatio(int meterId, Instant at, BigDecimal counter, int ratio, BigDecimal rating, String who, String why) {
        rights.requireOfMeter(Right.REPLACE_METER, meterId);
        return charged(readings.changeCtRatio(meterId, at, counter, ratio, rating, who, why));
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
        rights.requireOfMeter(Right.ACCEPT_READING, meterId);
        return charged(readings.acceptQuarantine(meterId, total, who, why));
    }

    private Correction charged(Correction correction) {
        if (correction instanceof Correction.Done done) {
            charge(done.unbilled(), payers(done.unbilled().stream().map(Interval::meterId).toList()));
        }
        return correction;
    }

    /**
     * Readings that people bring: read off by hand, or put in for a meter that is lost. All of them or none; the same again
     * changes nothing.
     *
     * @return what became of each, in the order of the entries; where one is refused, nothing was changed
     */
    @Transactional
    public List<EntryResult> enterReadings(List<EnteredReadings.Entry> entries) {
        entries.stream().map(EnteredReadings.Entry::meterId).distinct().forEach(meter -> rights.requireOfMeter(Right.ENTER_READING, meter));
        Map<Integer, Assignments.Payer> payers = payers(entries.stream().map(EnteredReadings.Entry::meterId).distinct().toList());
        List<EntryResult> results = new ArrayList<>(entered.enter(entries));
        for (int i = 0; i < results.size(); i++) {
            if (unpriced(payers.get(entries.get(i).meterId()))) {
                results.set(i, new EntryResult.Refused("meterId", texts.of("reading.no_tariff")));
            }
        }
        if (results.stream().anyMatch(EntryResult.Refused.class::isInstance)) {
            TransactionAspectSupport.currentTransactionStatus().setRollbackOnly();
        } else {
            List<Interval> counted = results.stream().map(result -> ((EntryResult.Taken) result).counted()).filter(Objects::nonNull)
                    .filter(Interval::matters).sorted(Comparator.comparing(Interval::to)).toList();
            charge(counted, payers(counted.stream().map(Interval::meterId).distinct().toList()));
        }
        return results;
    }

    /** Estimates meters that have been lost for a time, at a day's end, and charges that until a real reading comes. */
    @Transactional
    public int estimate(List<Integer> meterIds, Instant at, Duration lostFor) {
        Map<Integer, Assignments.Payer> payers = payers(meterIds);
        List<Interval> estimated = entered.estimate(meterIds.stream().filter(id -> !unpriced(payers.get(id))).toList(), at, lostFor);
        charge(estimated.stream().filter(Interval::matters).toList(), payers(meterIds));
        return estimated.size();
    }

    private void charge(List<Interval> intervals, Map<Integer, Assignments.Payer> payers) {
        SortedMap<Line, Charge> lines = new TreeMap<>(Line.BY_KEY);
        SortedMap<Line, BigDecimal> provisional = new TreeMap<>(Line.BY_KEY);
        SortedMap<TierUse.Key, BigDecimal> untiered = takeBack(intervals, payers, lines);
        tierRecounts.note(untiered.keySet());
        List<Use> uses = new ArrayList<>(intervals.size());
        for (Interval interval : intervals) {
            Assignments.Payer payer = payers.get(interval.meterId());
            if (payer == null) {
                continue;
            }
            if (unpriced(payer)) {
                throw new IllegalStateException("Meter " + interval.meterId()
                        + " has an account but no tariff: assign one to it, its shop group or its site");
            }
            Optional<Interval> own = payer.own(interval).filter(part -> part.quantity().signum() > 0);
            List<BandUse> parts = own.map(part -> BandUse.of(payer.plan(), part)).orElse(List.of());
            boolean guessed = isGuessed(interval, parts);
            for (BandUse part : parts) {
                uses.add(new Use(payer.accountId(), interval.meterId(), guessed ? part.guessed() : part, !interval.source().isReal()));
            }
        }
        TierUse tiers = usedBefore(uses, untiered);
        for (Use use : uses) {
            for (Charge charge : tiers.charge(use.accountId(), use.meterId(), use.of())) {
                Line line = new Line(use.accountId(), use.meterId(), charge.siteDay(), charge.versionId(), charge.rate(), charge.tier());
                lines.merge(line, charge, Charge::plus);
                if (use.provisional()) {
                    provisional.merge(line, charge.quantity(), BigDecimal::add);
                }
            }
        }
        if (!lines.isEmpty()) {
            add(lines);
            if (!provisional.isEmpty()) {
                this.provisional.keep(provisional);
            }
            SortedMap<Integer, Credits.Change> changes = new TreeMap<>();
            lines.forEach((line, charge) -> changes.merge(line.accountId(),
                    new Credits.Change(BigDecimal.ZERO, charge.yuan()), Credits.Change::plus));
            credits.change(changes, "hub", "charge of " + lines.lastKey().siteDay());
        }
    }

    /**
     * Puts what the intervals replace into the lines, below 0.
     *
     * @return how much less of the tiers was used by that
     */
    private SortedMap<TierUse.Key, BigDecimal> takeBack(List<Interval> intervals, Map<Integer, Assignments.Payer> payers,
                                                        SortedMap<Line, Charge> lines) {
        SortedMap<TierUse.Key, BigDecimal> untiered = new TreeMap<>(TierUse.Key.ORDER);
        List<Integer> settled = intervals.stream().filter(Interval::settles).map(Interval::meterId).distinct().toList();
        for (Provisional.Taken taken : settled.isEmpty() ? List.<Provisional.Taken>of() : provisional.takeBack(settled)) {
            Line line = taken.line();
            lines.merge(line, taken.charge(), Charge::plus);
            Assignments.Payer payer = payers.get(line.meterId());
            TierUse.Key key = payer == null ? null : TierUse.Key.of(line.accountId(), line.meterId(), line.siteDay(), payer.plan());
            if (key != null) {
                untiered.merge(key, taken.charge().quantity(), BigDecimal::add);
            }
        }
        return untiered;
    }

    /** Nobody knows on which of its days a gap was used, nor what an estimated interval used at all. */
    static boolean isGuessed(Interval interval, List<BandUse> parts) {
        return !interval.source().isReal() || Duration.between(interval.from(), interval.to()).compareTo(GAP) > 0
                && parts.stream().map(BandUse::day).distinct().count() > 1;
    }

    /**
     * What a meter used in one band, and who pays for it.
     *
     * @param provisional for want of a real reading
     */
    private record Use(int accountId, int meterId, BandUse of, boolean provisional) {
    }

    /**
     * Adds what is used now to what the tiers were used before, which is what it answers. The rows stay locked until the
     * transaction ends: whoever uses the same account's tiers waits here, and goes on from there.
     *
     * @param less what was used before and is taken back now, below 0
     */
    private TierUse usedBefore(List<Use> uses, SortedMap<TierUse.Key, BigDecimal> less) {
        SortedMap<TierUse.Key, BigDecimal> now = new TreeMap<>(TierUse.Key.ORDER);
        less.keySet().forEach(key -> now.put(key, BigDecimal.ZERO));
        for (Use use : uses) {
            TierUse.Key key = TierUse.Key.of(use.accountId(), use.meterId(), use.of());
            if (key != null) {
                now.merge(key, use.of().quantity(), BigDecimal::add);
            }
        }
        Map<TierUse.Key, BigDecimal> before = new HashMap<>();
        if (!now.isEmpty()) {
            // several meters may go on in one period: in the order of time, then of the meters
            uses.sort(Comparator.comparing((Use use) -> use.of().from()).thenComparingInt(Use::meterId));
            jdbc.sql("""
                    insert into tier_use (account_id, meter_id, period, period_start, quantity)
                    select * from unnest(:accounts, :meters, :periods, :starts, :quantities)
                    on conflict (account_id, meter_id, period, period_start)
                    do update set quantity = tier_use.quantity + excluded.quantity
                    returning account_id, meter_id, period, period_start, quantity""")
                    .param("accounts", array("int4", now.keySet(), TierUse.Key::accountId))
                    .param("meters", array("int4", now.keySet(), TierUse.Key::meterId))
                    .param("periods", array("text", now.keySet(), key -> key.period().name()))
                    .param("starts", array("date", now.keySet(), TierUse.Key::start))
                    .param("quantities", array("numeric", now.values(), Function.identity()))
                    .query(row -> {
                        TierUse.Key key = new TierUse.Key(row.getInt("account_id"), row.getInt("meter_id"),
                                TariffRule.TierPeriod.valueOf(row.getString("period")),
                                row.getObject("period_start", LocalDate.class));
                        before.put(key, row.getBigDecimal("quantity").subtract(now.get(key))
                                .add(less.getOrDefault(key, BigDecimal.ZERO)).max(BigDecimal.ZERO));
                    });
        }
        if (!less.isEmpty()) {
            jdbc.sql("""
                    update tier_use t set quantity = greatest(t.quantity + u.less, 0)
                    from unnest(:accounts, :meters, :periods, :starts, :less) as u (account_id, meter_id, period, period_start, less)
                    where t.account_id = u.account_id and t.meter_id = u.meter_id and t.period = u.period
                      and t.period_start = u.period_start""")
                    .param("accounts", array("int4", less.keySet(), TierUse.Key::accountId))
                    .param("meters", array("int4", less.keySet(), TierUse.Key::meterId))
                    .param("periods", array("text", less.keySet(), key -> key.period().name()))
                    .param("starts", array("date", less.keySet(), TierUse.Key::start))
                    .param("less", array("numeric", less.values(), Function.identity())).update();
        }
        return new TierUse(before);
    }

    /** The key of a charge line. */
    record Line(int accountId, int meterId, LocalDate siteDay, int versionId, Rate rate, int tier) {

        static final Comparator<Line> BY_KEY = Comparator.comparingInt(Line::accountId).thenComparingInt(Line::meterId)
                .thenComparing(Line::siteDay).thenComparingInt(Line::versionId).thenComparing(line -> line.rate().name())
                .thenComparingInt(Line::tier);
    }

    /**
     * Adds to the lines that are there, which are nearly all, and opens the others. Nobody else writes a meter's lines while its
     * state is locked, but for the close of a day, which leaves alone what is being written.
     */
    private void add(SortedMap<Line, Charge> lines) {
        List<Map.Entry<Line, Charge>> rows = List.copyOf(lines.entrySet());
        Set<Integer> there = new HashSet<>(columns(rows, """
                update charge_line l
                set quantity = l.quantity + c.quantity, estimated_quantity = l.estimated_quantity + c.estimated,
                    amount = l.amount + c.quantity * l.price, unposted = true
                from unnest(:accounts, :meters, :days, :versions, :bands, :tiers, :quantities, :estimated) with ordinality
                     as c (account_id, meter_id, site_day, version_id, band, tier, quantity, estimated, row)
                where l.account_id = c.account_id and l.meter_id = c.meter_id and l.site_day = c.site_day
                  and l.tariff_version_id = c.version_id and l.band = c.band and l.tier = c.tier
                returning c.row""").query(Integer.class).list());
        List<Map.Entry<Line, Charge>> opened = IntStream.range(0, rows.size()).filter(row -> !there.contains(row + 1))
                .mapToObj(rows::get).toList();
        if (!opened.isEmpty()) {
            columns(opened, """
                    insert into charge_line (account_id, meter_id, site_day, tariff_version_id, band, tier, price,
                                             quantity, estimated_quantity, amount)
                    select account_id, meter_id, site_day, version_id, band, tier, price, quantity, estimated, quantity * price
                    from unnest(:accounts, :meters, :days, :versions, :bands, :tiers, :prices, :quantities, :estimated)
                         as c (account_id, meter_id, site_day, version_id, band, tier, price, quantity, estimated)""")
                    .param("prices", array("numeric", opened, row -> row.getValue().price())).update();
        }
    }

    private JdbcClient.StatementSpec columns(List<Map.Entry<Line, Charge>> rows, String sql) {
        return jdbc.sql(sql)
                .param("accounts", array("int4", rows, row -> row.getKey().accountId()))
                .param("meters", array("int4", rows, row -> row.getKey().meterId()))
                .param("days", array("date", rows, row -> row.getKey().siteDay()))
                .param("versions", array("int4", rows, row -> row.getKey().versionId()))
                .param("bands", array("text", rows, row -> row.getKey().rate().name()))
                .param("tiers", array("int2", rows, row -> (short) row.getKey().tier()))
                .param("quantities", array("numeric", rows, row -> row.getValue().quantity()))
                .param("estimated", array("numeric", rows, row -> row.getValue().estimatedQuantity()));
    }
}
