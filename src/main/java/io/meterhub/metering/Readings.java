package io.meterhub.metering;

import static io.meterhub.metering.MeterStates.array;

import io.meterhub.metering.Plausibility.Value;
import io.meterhub.metering.Plausibility.Verdict;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Audit;
import io.meterhub.site.Decimals;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/**
 * Keeps what the meters say, and says what may be billed of it. However many meters a slice holds, it takes the same few
 * statements: their columns travel as arrays.
 */
@Component
public class Readings {

    private static final Logger log = LoggerFactory.getLogger(Readings.class);
    /** How long a person may look at a doubted value before believing it; the meter counts on meanwhile. */
    private static final Duration LOOKED_AT = Duration.ofMinutes(15);
    private static final int MOST_RATIO = 10_000;
    private static final int RATING_DIGITS = 7;

    private final ApplicationEventPublisher events;
    private final JdbcClient jdbc;
    private final MeterStates states;
    private final Sites sites;
    private final Alarms alarms;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;
    private final Counter acceptedCount;
    private final Counter lateCount;
    private final Counter suspectCount;

    Readings(JdbcClient jdbc, MeterStates states, Sites sites, Alarms alarms, Audit audit, Texts texts, Clock clock, MeterRegistry metrics,
             ApplicationEventPublisher events) {
        this.events = events;
        this.jdbc = jdbc;
        this.states = states;
        this.sites = sites;
        this.alarms = alarms;
        this.audit = audit;
        this.texts = texts;
        this.clock = clock;
        this.acceptedCount = count(metrics, "accepted");
        this.lateCount = count(metrics, "late");
        this.suspectCount = count(metrics, "suspect");
    }

    /** Within the transaction: another meter is in its place, or behind another ratio, so that it may hold other parameters than it was seen to. */
    public record Changed(int meterId) {
    }

    private static Counter count(MeterRegistry metrics, String result) {
        return Counter.builder("meterhub.readings").tag("result", result)
                .description("Readings by what was made of them: accepted are billed").register(metrics);
    }

    /**
     * Records a slice in the caller's transaction and holds the rows of its meters until that ends.
     *
     * @return what each meter counted since its last accepted reading, where that is more than nothing; nothing for readings
     *         that came before, that are older than the last accepted one, or that cannot be true
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public List<Interval> record(Slice slice) {
        List<Interval> counted = new ArrayList<>(slice.readings().size());
        List<Slice.Failure> failures = slice.failures() == null ? List.of() : slice.failures();
        for (List<Slice.Reading> once : eachMeterOnce(slice.readings())) {
            recordOnce(once, failures, counted);
            failures = List.of();
        }
        if (!failures.isEmpty()) {
            recordOnce(List.of(), failures, counted);
        }
        return counted;
    }

    /** A meter is seldom twice in a slice (a poke between two polls); the later reading then goes into a pass of its own. */
    private static List<List<Slice.Reading>> eachMeterOnce(List<Slice.Reading> readings) {
        List<List<Slice.Reading>> passes = new ArrayList<>();
        Map<Integer, Integer> seen = new TreeMap<>();
        List<Slice.Reading> inOrder = readings.stream().map(Readings::asKept)
                .sorted(Comparator.comparing(Slice.Reading::at)).toList();
        for (Slice.Reading reading : inOrder) {
            int pass = seen.merge(reading.meter(), 1, Integer::sum) - 1;
            if (pass == passes.size()) {
                passes.add(new ArrayList<>());
            }
            passes.get(pass).add(reading);
        }
        return passes;
    }

    /** In the database's precision, so that the same reading is the same again when it is compared with the kept one. */
    private static Slice.Reading asKept(Slice.Reading reading) {
        return new Slice.Reading(reading.meter(), reading.at().truncatedTo(ChronoUnit.MICROS),
                reading.total().setScale(3, RoundingMode.HALF_UP), reading.bands(), reading.power(), reading.live(),
                reading.relay(), reading.ctRatio(), reading.raw());
    }

    private void recordOnce(List<Slice.Reading> readings, List<Slice.Failure> failures, List<Interval> counted) {
        TreeSet<Integer> ids = new TreeSet<>();
        readings.forEach(reading -> ids.add(reading.meter()));
        failures.forEach(failure -> ids.add(failure.meter()));
        Map<Integer, MeterState> known = states.lock(ids);

        List<Slice.Reading> late = new ArrayList<>();
        List<Slice.Reading> believed = new ArrayList<>(readings.size());
        Map<MeterState, Slice.Reading> changed = new LinkedHashMap<>();
        List<MeterStates.Quarter> quarters = new ArrayList<>();
        List<Doubt> doubts = new ArrayList<>();
        List<Integer> recovered = new ArrayList<>();
        List<Integer> alone = new ArrayList<>();
        for (Slice.Reading reading : readings) {
            MeterState state = known.get(reading.meter());
            if (state == null) {
                log.warn("A reading of meter {}, which no longer exists, is dropped", reading.meter());
                continue;
            }
            if (state.isOfAnotherRatio(reading)) {
                // the next round goes by the ratio that holds now, and nothing that was counted is lost
                state.answered(reading.at());
                changed.put(state, null);
                continue;
            }
            Value value = new Value(reading.at(), reading.total());
            Verdict verdict = state.judge(value);
            if (verdict instanceof Verdict.Suspect suspect) {
                doubts.add(new Doubt(state.meterId, suspect.kind(), reading, state.believedTotal()));
                state.answered(reading.at());
                state.doubt(value, suspect.kind());
                changed.put(state, null);
            } else if (verdict instanceof Verdict.Late) {
                late.add(reading);
            } else if (verdict instanceof Verdict.Accepted accepted) {
                believed.add(reading);
                MeterStates.leaveQuarter(state, reading.at()).ifPresent(quarters::add);
                if (accepted.recovered()) {
                    recovered.add(state.meterId);
                }
                if (state.believes()) {
                    alone.add(state.meterId);
                }
                Interval interval = state.accept(value, reading.bands(), reading.power(), accepted.quantity(),
                        ReadingSource.MEASURED);
                state.answered(reading.at());
                if (interval.matters()) {
                    counted.add(interval);
                }
                changed.put(state, reading);
            }
        }
        for (Slice.Failure failure : failures) {
            MeterState state = known.get(failure.meter());
            if (state != null && state.failed(failure)) {
                changed.putIfAbsent(state, null);
            }
        }
        states.insertReadings(believed, false);
        states.insertReadings(late, true);
        states.insertQuarters(quarters);
        states.update(changed);
        openOrExtend(doubts);
        states.endDoubt(recovered);
        states.end(alone, "RECOVERED", "hub");
        acceptedCount.increment(believed.size());
        lateCount.increment(late.size());
        suspectCount.increment(doubts.size());
    }

    /**
     * Takes note that a meter was changed on the wall. See {@code Billing.replaceMeter}, which is the one to call: it bills
     * what this returns.
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public Correction replace(int meterId, BigDecimal closing, BigDecimal opening, String who, String why) {
        MeterState state = states.lock(List.of(meterId)).get(meterId);
        Instant now = now();
        Optional<Correction> refused = refuseReplacement(state, closing, opening, now);
        if (refused.isPresent()) {
            return refused.get();
        }
        Map<String, Object> before = state(state);
        BigDecimal quantity = closing.subtract(state.accepted.total());
        Interval rest = new Interval(meterId, state.siteId, state.accepted.at(), now, quantity, null,
                state.limits.unit(), ReadingSource.MANUAL, state.standIn != null);
        state.replaced(now, opening, state.accepted.total());
        state.dayTotal = state.dayTotal.subtract(quantity);
        state.jumped(now, opening.subtract(closing));
        jdbc.sql("""
                insert into meter_replacement (meter_id, at, closing_total, opening_total, who, why)
                values (:meter, :at, :closing, :opening, :who, :why)""")
                .param("meter", meterId).param("at", now.atOffset(ZoneOffset.UTC)).param("closing", closing)
                .param("opening", opening).param("who", who).param("why", why).update();
        events.publishEvent(new Changed(meterId));
        return corrected(state, rest, before, "meter.replaced", "REPLACED", who, why);
    }

    private Optional<Correction> refuseReplacement(MeterState state, BigDecimal closing, BigDecimal opening,
                                                          Instant now) {
        if (state == null) {
            return Optional.of(refused("meterId", "no_meter"));
        }
        if (state.accepted == null) {
            return Optional.of(refused("meterId", "never_read"));
        }
        if (opening == null || opening.signum() < 0 || opening.stripTrailingZeros().scale() > 3) {
            return Optional.of(refused("opening", "number"));
        }
        // a typing slip would be billed, and nobody can look at the old meter any more
        BigDecimal least = state.accepted.total();
        BigDecimal most = least.add(state.limits.most(Duration.between(state.accepted.at(), now)))
                .setScale(3, RoundingMode.DOWN).max(least);
        if (closing == null || closing.stripTrailingZeros().scale() > 3 || closing.compareTo(least) < 0
                || closing.compareTo(most) > 0) {
            return Optional.of(refused("closing", "bounds", least.toPlainString(), most.toPlainString()));
        }
        return Optional.empty();
    }

    private Correction refused(String field, String key, Object... words) {
        return new Correction.Refused(field, texts.of("correction." + key, words));
    }

    /**
     * Takes note that the current transformers before a meter were changed: from {@code at} on its counter is multiplied by another
     * ratio. See {@code Billing.changeCtRatio}, which is the one to call: it bills what this returns.
     *
     * @param at      null: now
     * @param counter what the meter itself showed then, before the CT ratio
     * @param rating  the most that can flow from then on; null: as much more or less as the ratio is
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public Correction changeCtRatio(int meterId, Instant at, BigDecimal counter, int ratio, BigDecimal rating, String who, String why) {
        // an import holds the meter's row before its state; so does this
        jdbc.sql("select id from meter where id = ? for no key update").param(meterId).query(Integer.class).optional();
        MeterState state = states.lock(List.of(meterId)).get(meterId);
        Instant now = now();
        Instant then = at == null ? now : at.truncatedTo(ChronoUnit.MICROS);
        Optional<Correction> refused = refuseRatio(state, then, counter, ratio, now);
        if (refused.isPresent()) {
            return refused.get();
        }
        BigDecimal flows = rating != null ? rating : state.limits.rating().multiply(BigDecimal.valueOf(ratio))
                .divide(BigDecimal.valueOf(state.ctRatio), 3, RoundingMode.UP);
        if (flows.signum() <= 0 || !Decimals.fit(flows, RATING_DIGITS, 3)) {
            return refused("rating", "rating");
        }
        Map<String, Object> before = state(state);
        before.put("ctRatio", state.ctRatio);
        before.put("rating", state.limits.rating());
        BigDecimal closing = counter.setScale(3).multiply(BigDecimal.valueOf(state.ctRatio));
        BigDecimal opening = counter.setScale(3).multiply(BigDecimal.valueOf(ratio));
        states.insertQuarters(MeterStates.leaveQuarter(state, then).stream().toList());
        Interval rest = state.accept(new Value(then, closing), null, state.power, closing.subtract(state.accepted.total()),
                ReadingSource.MANUAL);
        state.beginAnewFrom(opening, closing);
        state.jumped(then, opening.subtract(closing));
        states.insertReadings(List.of(new Slice.Reading(meterId, then, opening, null, null, null, null, ratio, null)), false);
        Map<MeterState, Slice.Reading> changed = new LinkedHashMap<>();
        changed.put(state, null);
        states.update(changed);
        jdbc.sql("update meter_state set ct_ratio = ? where meter_id = ?").param(ratio).param(meterId).update();
        jdbc.sql("update meter set ct_ratio = ?, rating = ? where id = ?").param(ratio).param(flows).param(meterId).update();
        jdbc.sql("""
                insert into meter_replacement (meter_id, at, closing_total, opening_total, ct_before, ct_after, who, why)
                values (:meter, :at, :closing, :opening, :before, :after, :who, :why)""")
                .param("meter", meterId).param("at", then.atOffset(ZoneOffset.UTC)).param("closing", closing)
                .param("opening", opening).param("before", state.ctRatio).param("after", ratio).param("who", who).param("why", why).update();
        Map<String, Object> after = state(state);
        after.put("ctRatio", ratio);
        after.put("rating", flows);
        after.put("counter", counter);
        events.publishEvent(new Changed(meterId));
        audit.record(state.siteId, who, "meter.ct_ratio", "meter " + state.code, before, after, why);
        return new Correction.Done(rest.matters() ? List.of(rest) : List.of());
    }

    private Optional<Correction> refuseRatio(MeterState state, Instant at, BigDecimal counter, int ratio, Instant now) {
        if (state == null) {
            return Optional.of(refused("meterId", "no_meter"));
        }
        if (sites.meter(state.meterId).filter(meter -> meter.energyKind() == EnergyKind.ELECTRICITY).isEmpty()) {
            return Optional.of(refused("meterId", "no_transformer"));
        }
        if (state.accepted == null) {
            return Optional.of(refused("meterId", "ratio_never_read"));
        }
        if (state.suspect != null) {
            return Optional.of(refused("meterId", "doubted", state.suspect.total().toPlainString()));
        }
        if (ratio < 1 || ratio > MOST_RATIO || ratio == state.ctRatio) {
            return Optional.of(refused("ratio", "ratio", Integer.toString(MOST_RATIO), Integer.toString(state.ctRatio)));
        }
        if (at.isAfter(now)) {
            return Optional.of(refused("at", "ahead", time(state, now)));
        }
        if (!at.isAfter(state.accepted.at())) {
            return Optional.of(refused("at", "not_newer", time(state, state.accepted.at()), state.accepted.total().toPlainString()));
        }
        BigDecimal present = BigDecimal.valueOf(state.ctRatio);
        BigDecimal least = state.accepted.total().divide(present, 3, RoundingMode.CEILING);
        BigDecimal most = state.accepted.total().add(state.limits.most(Duration.between(state.accepted.at(), at)))
                .divide(present, 3, RoundingMode.DOWN).max(least);
        if (counter == null || counter.stripTrailingZeros().scale() > 3 || counter.compareTo(least) < 0 || counter.compareTo(most) > 0) {
            return Optional.of(refused("counter", "counter", least.toPlainString(), most.toPlainString(), Integer.toString(state.ctRatio)));
        }
        return Optional.empty();
    }

    private static String time(MeterState state, Instant at) {
        return EnteredReadings.TIME.format(at.atZone(state.zone));
    }

    /**
     * Believes the value in quarantine, as far as it goes on from the one that the person saw. See
     * {@code Billing.acceptQuarantine}, which is the one to call: it bills what this returns.
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public Correction acceptQuarantine(int meterId, BigDecimal total, String who, String why) {
        MeterState state = states.lock(List.of(meterId)).get(meterId);
        if (state == null) {
            return refused("meterId", "no_meter");
        }
        if (state.suspect == null) {
            return refused("meterId", "not_doubted");
        }
        Value believed = state.suspect;
        BigDecimal since = total == null ? null : believed.total().subtract(total);
        if (since == null || since.signum() < 0 || since.compareTo(state.limits.most(LOOKED_AT)) > 0) {
            return refused("total", "not_looked_at", Long.toString(LOOKED_AT.toMinutes()), believed.total().toPlainString());
        }
        Map<String, Object> before = state(state);
        BigDecimal quantity = believed.total().subtract(state.believedTotal()).max(BigDecimal.ZERO);
        states.insertQuarters(MeterStates.leaveQuarter(state, believed.at()).stream().toList());
        state.forgetOther();
        Interval counted = state.accept(believed, null, null, quantity, ReadingSource.MEASURED);
        states.insertReadings(List.of(new Slice.Reading(meterId, believed.at(), believed.total(), null, null, null, null, null)), false);
        return corrected(state, counted, before, "meter.quarantine.accepted", "ACCEPTED", who, why);
    }

    private Correction corrected(MeterState state, Interval counted, Map<String, Object> before, String what, String how,
                                 String who, String why) {
        Map<MeterState, Slice.Reading> changed = new LinkedHashMap<>();
        changed.put(state, null);
        states.update(changed);
        states.end(List.of(state.meterId), how, who);
        audit.record(state.siteId, who, what, "meter " + state.code, before, state(state), why);
        return new Correction.Done(counted.matters() ? List.of(counted) : List.of());
    }

    private static Map<String, Object> state(MeterState state) {
        Map<String, Object> words = new LinkedHashMap<>();
        words.put("readAt", state.accepted == null ? null : state.accepted.at());
        words.put("total", state.accepted == null ? null : state.accepted.total());
        words.put("suspectAt", state.suspect == null ? null : state.suspect.at());
        words.put("suspectTotal", state.suspect == null ? null : state.suspect.total());
        return words;
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS);
    }

    private record Doubt(int meterId, Plausibility.Kind kind, Slice.Reading reading, BigDecimal believed) {
    }

    private void openOrExtend(List<Doubt> doubts) {
        if (doubts.isEmpty()) {
            return;
        }
        jdbc.sql("""
                insert into quarantine (meter_id, kind, since, accepted_total, first_total, last_at, last_total, raw)
                select meter_id, kind, at, accepted_total, total, at, total, raw
                from unnest(:meters, :kinds, :ats, :accepted, :totals, :raws) as q (meter_id, kind, at, accepted_total, total, raw)
                on conflict (meter_id) where ended_at is null
                do update set last_at = excluded.last_at, last_total = excluded.last_total,
                              readings = quarantine.readings + 1,
                              kind = case excluded.kind when 'INTERLEAVED' then excluded.kind else quarantine.kind end""")
                .param("meters", array("int4", doubts, Doubt::meterId))
                .param("kinds", array("text", doubts, doubt -> doubt.kind().name()))
                .param("ats", array("timestamptz", doubts, doubt -> doubt.reading().at()))
                .param("accepted", array("numeric", doubts, Doubt::believed))
                .param("totals", array("numeric", doubts, doubt -> doubt.reading().total()))
                .param("raws", array("text", doubts, doubt -> doubt.reading().raw() == null ? "" : doubt.reading().raw()))
                .update();
    }
}
