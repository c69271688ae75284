package io.meterhub.metering;

import static io.meterhub.metering.MeterStates.array;

import io.meterhub.metering.Plausibility.Value;
import io.meterhub.metering.Plausibility.Verdict;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Decimals;
import io.meterhub.site.Place;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/**
 * Readings that no meter sent: read off by a person, estimated for a meter that is lost, or put in by staff.
 *
 * <p>A manual reading is as real as a meter's own: it is judged and charged alike. An estimated or substituted one only stands
 * in: the last real value stays what the next one is judged by and charged from, and the {@link Interval} of that next one
 * says {@link Interval#settles}: what was charged since the last real value is taken back, and what the counter really
 * went is charged in its place. So, whatever stood in between, after every real reading the charges of a meter add up to
 * what its counter went.
 */
@Component
public class EnteredReadings {

    private static final Duration CLOCKS_DIFFER = Duration.ofMinutes(5);
    private static final Duration OLDEST = Duration.ofDays(366);
    /** A month, and some days to walk through the house. */
    public static final int BY_HAND_DAYS = 35;
    private static final Duration PACE = Duration.ofDays(7);
    private static final Duration LEAST_PACE = Duration.ofDays(1);
    private static final BigDecimal MILLIS_PER_HOUR = new BigDecimal(3_600_000);
    static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");

    private final JdbcClient jdbc;
    private final MeterStates states;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;
    private final Rights rights;

    /** As the database keeps them. */
    private static final int MOST_DIGITS = 15;

    EnteredReadings(JdbcClient jdbc, MeterStates states, Audit audit, Texts texts, Clock clock, Rights rights) {
        this.rights = rights;
        this.jdbc = jdbc;
        this.states = states;
        this.audit = audit;
        this.texts = texts;
        this.clock = clock;
    }

    /**
     * A value that a person brings.
     *
     * @param total  what the counter showed, kWh or m3 after the CT ratio, with at most 3 decimals
     * @param source MANUAL or SUBSTITUTED
     * @param reader who stood before the meter; null for a substituted value
     * @param who    who brings it to the hub
     */
    public record Entry(int meterId, Instant at, BigDecimal total, ReadingSource source, String reader, String who, String why) {
    }

    /**
     * Records entries in the caller's transaction, in the order of time, and holds the rows of their meters until that ends.
     * See {@code Billing.enterReadings}, which is the one to call: it bills what this returns.
     *
     * @return what became of each, in the order of the entries
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public List<EntryResult> enter(List<Entry> entries) {
        TreeSet<Integer> ids = new TreeSet<>();
        entries.forEach(entry -> ids.add(entry.meterId()));
        Map<Integer, MeterState> known = states.lock(ids);
        Work work = new Work();
        EntryResult[] results = new EntryResult[entries.size()];
        IntStream.range(0, entries.size()).boxed().sorted(Comparator.comparing(i -> entries.get(i).at()))
                .forEach(i -> results[i] = enter(known.get(entries.get(i).meterId()), entries.get(i), work));
        work.write();
        return List.of(results);
    }

    /** What is written once for all. */
    private final class Work {

        private final Map<MeterState, Slice.Reading> changed = new LinkedHashMap<>();
        private final List<MeterStates.Quarter> quarters = new ArrayList<>();
        private final List<Slice.Reading> believed = new ArrayList<>();
        private final List<Integer> recovered = new ArrayList<>();
        private final List<Integer> alone = new ArrayList<>();

        void write() {
            states.insertReadings(believed, false);
            states.update(changed);
            states.insertQuarters(quarters);
            states.endDoubt(recovered);
            states.end(alone, "RECOVERED", "hub");
        }
    }

    private EntryResult enter(MeterState state, Entry given, Work work) {
        if (state == null) {
            return refused("meterId", "no_meter", Integer.toString(given.meterId()));
        }
        Instant now = clock.instant();
        Entry entry = new Entry(given.meterId(), given.at().truncatedTo(ChronoUnit.MICROS), given.total(), given.source(),
                given.reader(), given.who(), given.why());
        Instant at = entry.at();
        if (at.isAfter(now.plus(CLOCKS_DIFFER))) {
            return refused("at", "ahead", time(state, now));
        }
        if (at.isBefore(now.minus(OLDEST))) {
            return refused("at", "ancient", time(state, now.minus(OLDEST)));
        }
        if (entry.total().signum() < 0 || !Decimals.fit(entry.total(), MOST_DIGITS, 3)) {
            return refused("total", "number");
        }
        Optional<EntryResult> before = before(state, entry);
        if (before.isPresent()) {
            return before.get();
        }
        if (state.accepted != null && !at.isAfter(state.accepted.at())) {
            return refused("at", "not_newer", time(state, state.accepted.at()), plain(state.accepted.total()));
        }
        Map<String, Object> was = words(state);
        Value value = new Value(at, entry.total().setScale(3));
        EntryResult result = entry.source() == ReadingSource.MANUAL ? manual(state, value, work) : substitute(state, value);
        if (result instanceof EntryResult.Taken taken) {
            work.changed.put(state, null);
            insert(state, entry, taken.quantity());
            audit.record(state.siteId, entry.who(), "reading." + entry.source().name().toLowerCase(), "meter " + state.code, was,
                    words(entry, taken.quantity()), entry.why());
        }
        return result;
    }

    private Optional<EntryResult> before(MeterState state, Entry entry) {
        record Before(BigDecimal total, BigDecimal quantity, String who) {
        }
        return jdbc.sql("select total, quantity, who from entered_reading where meter_id = ? and read_at = ? and source = ?")
                .param(entry.meterId()).param(utc(entry.at())).param(entry.source().name()).query(Before.class).optional()
                .map(one -> one.total.compareTo(entry.total()) == 0 ? new EntryResult.Taken(null, one.quantity)
                        : refused("total", "other_value", time(state, entry.at()), plain(one.total), one.who));
    }

    private EntryResult manual(MeterState state, Value value, Work work) {
        Verdict verdict = state.judge(value);
        if (verdict instanceof Verdict.Late && state.suspect == null) {
            return refused("at", "before_replacement", time(state, state.replacedAt));
        }
        if (verdict instanceof Verdict.Late) {
            return refused("at", "doubt_newer", time(state, state.suspect.at()), plain(state.suspect.total()));
        }
        if (verdict instanceof Verdict.Suspect) {
            return outOfBounds(state, value);
        }
        Verdict.Accepted believed = (Verdict.Accepted) verdict;
        work.believed.add(new Slice.Reading(state.meterId, value.at(), value.total(), null, null, null, null, null));
        MeterStates.leaveQuarter(state, value.at()).ifPresent(work.quarters::add);
        if (believed.recovered()) {
            work.recovered.add(state.meterId);
        }
        if (state.believes()) {
            work.alone.add(state.meterId);
        }
        Interval counted = state.accept(value, null, null, believed.quantity(), ReadingSource.MANUAL);
        return new EntryResult.Taken(counted, counted.quantity());
    }

    private EntryResult substitute(MeterState state, Value value) {
        if (state.accepted == null) {
            return refused("meterId", "never_read");
        }
        if (!(Plausibility.judge(state.limits, state.accepted, null, value) instanceof Verdict.Accepted believed)) {
            return outOfBounds(state, value);
        }
        Interval counted = state.standIn(value.at(), believed.quantity(), ReadingSource.SUBSTITUTED);
        return new EntryResult.Taken(counted, counted.quantity());
    }

    private EntryResult.Refused outOfBounds(MeterState state, Value value) {
        if (state.suspect != null && state.accepted != null
                && Plausibility.judge(state.limits, state.accepted, null, value) instanceof Verdict.Accepted) {
            return refused("total", "doubted", plain(state.suspect.total()));
        }
        Value last = state.accepted != null ? state.accepted : Plausibility.assumed(state.opening, value.at());
        BigDecimal most = last.total().add(state.limits.most(Duration.between(last.at(), value.at()))).setScale(3, RoundingMode.DOWN);
        BigDecimal modulus = state.limits.modulus();
        return modulus == null || most.compareTo(modulus) < 0
                ? refused("total", "bounds", plain(last.total()), plain(most))
                : refused("total", "bounds_overflow", plain(last.total()), plain(modulus), plain(most.subtract(modulus)));
    }

    private EntryResult.Refused refused(String field, String key, Object... words) {
        return new EntryResult.Refused(field, texts.of("reading." + key, words));
    }

    private void insert(MeterState state, Entry entry, BigDecimal quantity) {
        jdbc.sql("""
                insert into entered_reading (meter_id, read_at, source, total, quantity, reader, entered_at, who, why)
                values (:meter, :at, :source, :total, :quantity, :reader, :now, :who, :why)""")
                .param("meter", state.meterId).param("at", utc(entry.at())).param("source", entry.source().name())
                .param("total", entry.total()).param("quantity", quantity).param("reader", entry.reader())
                .param("now", utc(clock.instant())).param("who", entry.who()).param("why", entry.why()).update();
    }

    /** After how long of not answering a site's meters are estimated, by site; a site that is not there does not want it. */
    public Map<Integer, Duration> estimateAfter() {
        Map<Integer, Duration> after = new HashMap<>();
        jdbc.sql("select site_id, estimate_after_hours from reading_setting where estimate_after_hours is not null").query(row -> {
            after.put(row.getInt("site_id"), Duration.ofHours(row.getInt("estimate_after_hours")));
        });
        return after;
    }

    /** @param hours 1 to 8760, or null for no estimates */
    @Transactional
    public void setEstimateAfter(int siteId, Integer hours, String who, String why) {
        set(siteId, "estimate_after_hours", hours, "site.estimates", "estimateAfterHours", who, why);
    }

    /** After how many days without a reading staff are told of a site's meter that is read by hand. */
    public int byHandDays(int siteId) {
        return jdbc.sql("select coalesce(min(by_hand_days), ?) from reading_setting where site_id = ?").param(BY_HAND_DAYS).param(siteId)
                .query(Integer.class).single();
    }

    /** @param days 1 to 366, or null for {@value #BY_HAND_DAYS} */
    @Transactional
    public void setByHandDays(int siteId, Integer days, String who, String why) {
        set(siteId, "by_hand_days", days, "site.by_hand_days", "byHandDays", who, why);
    }

    private void set(int siteId, String column, Integer value, String what, String word, String who, String why) {
        rights.require(Right.SET_ESTIMATES, Place.site(siteId));
        jdbc.sql("insert into reading_setting (site_id) values (?) on conflict do nothing").param(siteId).update();
        Integer before = jdbc.sql("select " + column + " from reading_setting where site_id = ? for update").param(siteId)
                .query((row, n) -> row.getObject(1, Integer.class)).list().get(0);
        jdbc.sql("update reading_setting set " + column + " = ? where site_id = ?").param(value).param(siteId).update();
        Map<String, Object> was = new HashMap<>();
        was.put(word, before);
        Map<String, Object> is = new HashMap<>();
        is.put(word, value);
        audit.record(siteId, who, what, "site", was, is, why);
    }

    /**
     * The site's enabled meters that may need an estimate at a day's end; it is looked again when they are locked. One that is read by
     * hand is not lost.
     */
    public List<Integer> lost(int siteId, Instant at, Duration lostFor) {
        return jdbc.sql("""
                select m.id from meter m join meter_state s on s.meter_id = m.id
                where m.site_id = :site and m.enabled and m.gateway_id is not null and s.read_at < :since and (s.answered_at is null or s.answered_at < :since)
                  and s.suspect_at is null and (s.stand_in_at is null or s.stand_in_at < :at)
                order by m.id""")
                .param("site", siteId).param("since", utc(at.minus(lostFor))).param("at", utc(at)).query(Integer.class).list();
    }

    /**
     * Estimates what meters that have been lost for a time show at a day's end: they went on at the pace of the seven days
     * before they were lost, though never by more than can have flowed. Twice changes nothing. A meter without a day of
     * history is left out. See {@code Billing.estimate}, which bills what this returns.
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public List<Interval> estimate(Collection<Integer> meterIds, Instant at, Duration lostFor) {
        Instant since = at.minus(lostFor);
        List<MeterState> lost = states.lock(new TreeSet<>(meterIds)).values().stream()
                .filter(state -> state.accepted != null && state.accepted.at().isBefore(since)
                        && (state.answeredAt == null || state.answeredAt.isBefore(since)) && state.suspect == null
                        && (state.standIn == null || state.standIn.at().isBefore(at)))
                .sorted(Comparator.comparing(state -> state.meterId)).toList();
        Map<Integer, Value> bases = bases(lost);
        List<Interval> estimated = new ArrayList<>();
        Map<MeterState, Slice.Reading> changed = new LinkedHashMap<>();
        for (MeterState state : lost) {
            Optional<BigDecimal> perHour = pace(state, bases.get(state.meterId));
            if (perHour.isEmpty()) {
                continue;
            }
            Map<String, Object> was = words(state);
            Value last = state.standIn == null ? state.accepted : state.standIn;
            BigDecimal already = last.total().subtract(state.accepted.total());
            BigDecimal quantity = already.add(perHour.get().multiply(hours(last.at(), at)))
                    .min(state.limits.most(Duration.between(state.accepted.at(), at))).max(already).setScale(3, RoundingMode.DOWN);
            Interval counted = state.standIn(at, quantity, ReadingSource.ESTIMATED);
            changed.put(state, null);
            estimated.add(counted);
            BigDecimal total = state.standIn.total();
            BigDecimal modulus = state.limits.modulus();
            Entry entry = new Entry(state.meterId, at, modulus == null ? total : total.remainder(modulus), ReadingSource.ESTIMATED,
                    null, "hub", "not read since " + time(state, state.accepted.at()));
            insert(state, entry, counted.quantity());
            audit.record(state.siteId, "hub", "reading.estimated", "meter " + state.code, was, words(entry, counted.quantity()),
                    entry.why());
        }
        states.update(changed);
        return estimated;
    }

    /** Where each counter stood seven days before it was last read, or at its oldest value since; not before it was changed. */
    private Map<Integer, Value> bases(List<MeterState> lost) {
        Map<Integer, Value> bases = new HashMap<>();
        if (lost.isEmpty()) {
            return bases;
        }
        jdbc.sql("""
                select l.meter_id, q.read_at, q.total
                from unnest(:meters, :ends) as l (meter_id, ends)
                left join lateral (select max(at) as at from meter_replacement r where r.meter_id = l.meter_id) r on true
                cross join lateral (
                    select read_at, total from (
                        (select read_at, total from quarter_hour q where q.meter_id = l.meter_id and q.read_at <= l.ends
                            and (r.at is null or q.read_at > r.at) order by starts_at desc limit 1)
                        union all
                        (select read_at, total from quarter_hour q where q.meter_id = l.meter_id and q.read_at > l.ends
                            and (r.at is null or q.read_at > r.at) order by starts_at limit 1)) either
                    order by read_at limit 1) q""")
                .param("meters", array("int4", lost, state -> state.meterId))
                .param("ends", array("timestamptz", lost, state -> state.accepted.at().minus(PACE)))
                .query(row -> {
                    bases.put(row.getInt("meter_id"), new Value(row.getObject("read_at", OffsetDateTime.class).toInstant(),
                            row.getBigDecimal("total")));
                });
        return bases;
    }

    /** Per hour; nothing where too little is known, or where the counter did not simply run on. */
    private static Optional<BigDecimal> pace(MeterState state, Value base) {
        if (base == null || Duration.between(base.at(), state.accepted.at()).compareTo(LEAST_PACE) < 0) {
            return Optional.empty();
        }
        return Plausibility.judge(state.limits, base, null, state.accepted) instanceof Verdict.Accepted went
                ? Optional.of(went.quantity().divide(hours(base.at(), state.accepted.at()), 9, RoundingMode.DOWN)) : Optional.empty();
    }

    private static BigDecimal hours(Instant from, Instant to) {
        return BigDecimal.valueOf(Duration.between(from, to).toMillis()).divide(MILLIS_PER_HOUR, 9, RoundingMode.HALF_UP);
    }

    private static Map<String, Object> words(MeterState state) {
        Map<String, Object> words = new LinkedHashMap<>();
        words.put("readAt", state.accepted == null ? null : state.accepted.at());
        words.put("total", state.accepted == null ? null : state.accepted.total());
        if (state.standIn != null) {
            words.put("standInAt", state.standIn.at());
            words.put("standInTotal", state.standIn.total());
        }
        return words;
    }

    private static Map<String, Object> words(Entry entry, BigDecimal quantity) {
        Map<String, Object> words = new LinkedHashMap<>();
        words.put("at", entry.at());
        words.put("total", entry.total());
        words.put("quantity", quantity);
        words.put("reader", entry.reader());
        return words;
    }

    private static String time(MeterState state, Instant at) {
        return TIME.format(at.atZone(state.zone));
    }

    private static String plain(BigDecimal number) {
        return number.toPlainString();
    }

    private static OffsetDateTime utc(Instant at) {
        return at.atOffset(ZoneOffset.UTC);
    }
}
