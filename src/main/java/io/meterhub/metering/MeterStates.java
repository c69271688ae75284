package io.meterhub.metering;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.metering.Plausibility.Value;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import java.math.BigDecimal;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;

/** The meters' rows in meter_state, and what is written along with them. Everything happens in the caller's transaction. */
@Component
class MeterStates {

    private static final long QUARTER_SECONDS = 900;
    private static final BigDecimal USUAL_STEP = new BigDecimal("0.01");

    private final JdbcClient jdbc;
    private final ObjectMapper json;
    private final Retention retention;
    private final MeterModels models;
    private final Alarms alarms;

    MeterStates(JdbcClient jdbc, ObjectMapper json, Retention retention, MeterModels models, Alarms alarms) {
        this.jdbc = jdbc;
        this.json = json;
        this.retention = retention;
        this.models = models;
        this.alarms = alarms;
    }

    /** Locks the meters' rows in the order of their ids, making those that are missing; a meter that is gone is left out. */
    Map<Integer, MeterState> lock(Collection<Integer> meterIds) {
        Map<Integer, MeterState> states = selectForUpdate(meterIds);
        if (states.size() < meterIds.size()) {
            // another transaction may be first: then its rows are there when this returns
            jdbc.sql("""
                    insert into meter_state (meter_id)
                    select id from meter where id = any(:ids) order by id on conflict do nothing""")
                    .param("ids", array("int4", meterIds, Function.identity())).update();
            states = selectForUpdate(meterIds);
        }
        return states;
    }

    private Map<Integer, MeterState> selectForUpdate(Collection<Integer> meterIds) {
        return jdbc.sql("""
                select s.meter_id, s.read_at, s.total, s.bands, s.bands_at, s.power, s.day, s.day_total, s.answered_at, s.failing_since,
                       s.failure, s.suspect_at, s.suspect_total, s.other_at, s.other_total, s.other_quiet,
                       s.stand_in_at, s.stand_in_total, s.next_try_at, s.replaced_at,
                       m.site_id, m.code, m.model, coalesce(s.ct_ratio, m.ct_ratio) as ct_ratio, m.rating, m.opening_reading, site.zone
                from meter_state s join meter m on m.id = s.meter_id join site on site.id = m.site_id
                where s.meter_id = any(:ids) order by s.meter_id for no key update of s""")
                .param("ids", array("int4", meterIds, Function.identity()))
                .query((row, n) -> state(row)).list().stream()
                .collect(Collectors.toMap(state -> state.meterId, Function.identity()));
    }

    private MeterState state(ResultSet row) throws SQLException {
        MeterState state = new MeterState(row.getInt("meter_id"), row.getInt("site_id"), row.getString("code"), row.getInt("ct_ratio"),
                models.find(row.getString("model")).orElse(null), limits(row),
                row.getBigDecimal("opening_reading"), ZoneId.of(row.getString("zone")));
        state.accepted = value(row, "read_at", "total");
        state.suspect = value(row, "suspect_at", "suspect_total");
        state.other = value(row, "other_at", "other_total");
        state.otherQuiet = row.getInt("other_quiet");
        state.standIn = value(row, "stand_in_at", "stand_in_total");
        Array bands = row.getArray("bands");
        state.bands = bands == null ? null : Arrays.asList((BigDecimal[]) bands.getArray());
        state.bandsAt = instant(row, "bands_at");
        state.power = row.getBigDecimal("power");
        state.day = row.getObject("day", LocalDate.class);
        state.dayTotal = row.getBigDecimal("day_total");
        state.answeredAt = instant(row, "answered_at");
        state.failingSince = instant(row, "failing_since");
        String failure = row.getString("failure");
        state.nextTryAt = instant(row, "next_try_at");
        state.replacedAt = instant(row, "replaced_at");
        state.failure = failure == null ? null : Slice.ReadFailure.valueOf(failure);
        return state;
    }

    /** From the columns of meter. */
    Plausibility.Meter limits(ResultSet row) throws SQLException {
        Optional<MeterModel> model = models.find(row.getString("model"));
        BigDecimal ctRatio = row.getBigDecimal("ct_ratio");
        return new Plausibility.Meter(row.getBigDecimal("rating"),
                model.map(MeterModel::step).orElse(USUAL_STEP).multiply(ctRatio),
                model.map(MeterModel::wrapsAt).map(ctRatio::multiply).orElse(null));
    }

    private static Value value(ResultSet row, String at, String total) throws SQLException {
        Instant instant = instant(row, at);
        return instant == null ? null : new Value(instant, row.getBigDecimal(total));
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
        return at == null ? null : at.toInstant();
    }

    /** What the counters showed, each once, for as long as readings are kept. */
    void insertReadings(List<Slice.Reading> readings, boolean late) {
        List<Slice.Reading> kept = readings.stream().filter(reading -> retention.keepsReading(reading.at())).toList();
        if (kept.isEmpty()) {
            return;
        }
        jdbc.sql("""
                insert into reading (meter_id, read_at, total, bands, power, late)
                select meter_id, 'epoch'::timestamptz + read_at * interval '1 microsecond', total, bands::numeric(18, 3)[], power,
                       nullif(:late, false)
                from unnest(:meters, :ats, :totals, :bands, :powers) as r (meter_id, read_at, total, bands, power)
                on conflict do nothing""")
                .param("meters", array("int4", kept, Slice.Reading::meter))
                .param("ats", micros(kept, Slice.Reading::at))
                .param("totals", array("numeric", kept, Slice.Reading::total))
                .param("bands", array("text", kept, reading -> literal(reading.bands())))
                .param("powers", array("numeric", kept, Slice.Reading::power)).param("late", late)
                .update();
    }

    /** The last accepted reading within a quarter of an hour, known once the next one lies outside it. */
    record Quarter(int meterId, Instant startsAt, Value last) {
    }

    static Optional<Quarter> leaveQuarter(MeterState state, Instant now) {
        if (state.accepted == null) {
            return Optional.empty();
        }
        long quarter = Math.floorDiv(state.accepted.at().getEpochSecond(), QUARTER_SECONDS);
        return quarter == Math.floorDiv(now.getEpochSecond(), QUARTER_SECONDS) ? Optional.empty()
                : Optional.of(new Quarter(state.meterId, Instant.ofEpochSecond(quarter * QUARTER_SECONDS), state.accepted));
    }

    void insertQuarters(List<Quarter> quarters) {
        List<Quarter> kept = quarters.stream().filter(quarter -> retention.keepsQuarterHour(quarter.startsAt())).toList();
        if (kept.isEmpty()) {
            return;
        }
        jdbc.sql("""
                insert into quarter_hour (meter_id, starts_at, read_at, total)
                select * from unnest(:meters, :starts, :ats, :totals)
                on conflict do nothing""")
                .param("meters", array("int4", kept, Quarter::meterId))
                .param("starts", array("timestamptz", kept, Quarter::startsAt))
                .param("ats", array("timestamptz", kept, quarter -> quarter.last().at()))
                .param("totals", array("numeric", kept, quarter -> quarter.last().total()))
                .update();
    }

    /** Writes the states back; with the reading that changed each, or null where its live values stay as they are: those that a reading lacks do. */
    void update(Map<MeterState, Slice.Reading> changed) {
        if (changed.isEmpty()) {
            return;
        }
        Collection<MeterState> states = changed.keySet();
        jdbc.sql("""
                update meter_state s
                set read_at = 'epoch'::timestamptz + v.read_at * interval '1 microsecond', total = v.total,
                    bands = v.bands::numeric(18, 3)[], bands_at = 'epoch'::timestamptz + v.bands_at * interval '1 microsecond', power = v.power,
                    live = case when v.live is null then s.live when v.whole then v.live::jsonb else coalesce(s.live, '{}') || v.live::jsonb end,
                    live_at = case when v.whole then 'epoch'::timestamptz + v.read_at * interval '1 microsecond' else s.live_at end,
                    day = v.day, day_total = v.day_total,
                    answered_at = 'epoch'::timestamptz + v.answered_at * interval '1 microsecond',
                    failing_since = v.failing_since, failure = v.failure,
                    suspect_at = v.suspect_at, suspect_total = v.suspect_total
                from unnest(:meters, :ats, :totals, :bands, :bandsAts, :powers, :lives, :wholes, :days, :dayTotals, :answered, :failing,
                            :failures, :suspectAts, :suspectTotals)
                     as v (meter_id, read_at, total, bands, bands_at, power, live, whole, day, day_total, answered_at, failing_since, failure,
                           suspect_at, suspect_total)
                where s.meter_id = v.meter_id""")
                .param("meters", array("int4", states, state -> state.meterId))
                .param("ats", micros(states, state -> state.accepted == null ? null : state.accepted.at()))
                .param("totals", array("numeric", states, state -> state.accepted == null ? null : state.accepted.total()))
                .param("bands", array("text", states, state -> literal(state.bands)))
                .param("bandsAts", micros(states, state -> state.bandsAt))
                .param("powers", array("numeric", states, state -> state.power))
                .param("lives", array("text", changed.values(), this::live))
                .param("wholes", array("bool", changed.entrySet(),
                        entry -> entry.getValue() != null && entry.getKey().isWhole(entry.getValue())))
                .param("days", array("date", states, state -> state.day))
                .param("dayTotals", array("numeric", states, state -> state.dayTotal))
                .param("answered", micros(states, state -> state.answeredAt))
                .param("failing", array("timestamptz", states, state -> state.failingSince))
                .param("failures", array("text", states, state -> state.failure == null ? null : state.failure.name()))
                .param("suspectAts", array("timestamptz", states, state -> state.suspect == null ? null : state.suspect.at()))
                .param("suspectTotals", array("numeric", states,
                        state -> state.suspect == null ? null : state.suspect.total()))
                .update();
        updateAside(states);
        insertJumps(states.stream().filter(state -> state.jumpedBy != null).toList());
    }

    private void insertJumps(List<MeterState> jumped) {
        if (!jumped.isEmpty()) {
            jdbc.sql("""
                    insert into counter_jump (meter_id, at, jump) select * from unnest(:meters, :ats, :jumps)
                    on conflict (meter_id, at) do update set jump = counter_jump.jump + excluded.jump""")
                    .param("meters", array("int4", jumped, state -> state.meterId))
                    .param("ats", array("timestamptz", jumped, state -> state.jumpedAt))
                    .param("jumps", array("numeric", jumped, state -> state.jumpedBy)).update();
        }
    }

    private void updateAside(Collection<MeterState> states) {
        List<MeterState> changed = states.stream().filter(state -> state.asideChanged).toList();
        if (changed.isEmpty()) {
            return;
        }
        jdbc.sql("""
                update meter_state s
                set other_at = v.other_at, other_total = v.other_total, other_quiet = v.other_quiet,
                    stand_in_at = v.stand_in_at, stand_in_total = v.stand_in_total, next_try_at = v.next_try_at,
                    replaced_at = v.replaced_at
                from unnest(:meters, :otherAts, :otherTotals, :quiets, :standInAts, :standInTotals, :nextTries, :replacedAts)
                     as v (meter_id, other_at, other_total, other_quiet, stand_in_at, stand_in_total, next_try_at, replaced_at)
                where s.meter_id = v.meter_id""")
                .param("meters", array("int4", changed, state -> state.meterId))
                .param("otherAts", array("timestamptz", changed, state -> state.other == null ? null : state.other.at()))
                .param("otherTotals", array("numeric", changed, state -> state.other == null ? null : state.other.total()))
                .param("quiets", array("int4", changed, state -> state.other == null ? null : state.otherQuiet))
                .param("standInAts", array("timestamptz", changed, state -> state.standIn == null ? null : state.standIn.at()))
                .param("standInTotals", array("numeric", changed,
                        state -> state.standIn == null ? null : state.standIn.total()))
                .param("nextTries", array("timestamptz", changed, state -> state.nextTryAt))
                .param("replacedAts", array("timestamptz", changed, state -> state.replacedAt))
                .update();
    }

    private String live(Slice.Reading reading) {
        if (reading == null || reading.live() == null) {
            return null;
        }
        try {
            return json.writeValueAsString(reading.live());
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("The live values of meter " + reading.meter() + " cannot be kept", e);
        }
    }

    /** Two registers that answer in turn stay an alarm until one of them is alone. */
    void endDoubt(Collection<Integer> meterIds) {
        if (!meterIds.isEmpty()) {
            alarms.clear(AlarmKind.QUARANTINE, jdbc.sql("""
                    update quarantine set ended_at = now(), ended_how = 'RECOVERED', ended_by = 'hub'
                    where meter_id = any(:ids) and ended_at is null and kind <> 'INTERLEAVED' returning meter_id""")
                    .param("ids", array("int4", meterIds, Function.identity())).query(Integer.class).list());
        }
    }

    void end(Collection<Integer> meterIds, String how, String who) {
        if (!meterIds.isEmpty()) {
            alarms.clear(AlarmKind.QUARANTINE, jdbc.sql("""
                    update quarantine set ended_at = now(), ended_how = :how, ended_by = :who
                    where meter_id = any(:ids) and ended_at is null returning meter_id""")
                    .param("ids", array("int4", meterIds, Function.identity())).param("how", how).param("who", who)
                    .query(Integer.class).list());
        }
    }

    static String literal(List<BigDecimal> bands) {
        if (bands == null) {
            return null;
        }
        return bands.stream().map(band -> band == null ? "NULL" : band.toPlainString())
                .collect(Collectors.joining(",", "{", "}"));
    }

    /** Instants as microseconds since 1970, which are written and read faster than words, for the statements of every message. */
    static <T> SqlArrayValue micros(Collection<T> rows, Function<? super T, Instant> column) {
        return array("int8", rows, row -> {
            Instant instant = column.apply(row);
            return instant == null ? null : ChronoUnit.MICROS.between(Instant.EPOCH, instant);
        });
    }

    static <T> SqlArrayValue array(String type, Collection<T> rows, Function<? super T, ?> column) {
        return new SqlArrayValue(type, rows.stream().map(column).toArray());
    }
}
