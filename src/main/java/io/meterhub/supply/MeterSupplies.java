package io.meterhub.supply;

import io.meterhub.metering.Forced;
import io.meterhub.metering.Relay;
import io.meterhub.metering.Trip;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The table meter_supply. */
@Component
class MeterSupplies {

    private static final String COLUMNS = """
            select meter_id, wanted, seen, seen_basis, seen_at, commanded, commanded_at, acknowledged_at, confirmed_at,
                   attempts, next_try_at, failure, may_close, mark_total, firm, forced, tripped
            from meter_supply
            """;

    private final JdbcClient jdbc;
    private final Rows rows;

    MeterSupplies(JdbcClient jdbc, Rows rows) {
        this.jdbc = jdbc;
        this.rows = rows;
    }

    Optional<MeterSupply> find(int meterId) {
        return jdbc.sql(COLUMNS + "where meter_id = :id").param("id", meterId).query(MeterSupplies::row).optional();
    }

    Optional<Explanation.Waiting> waiting(int meterId) {
        return jdbc.sql("select waits, waits_until as until, due_since from meter_supply where meter_id = ? and waits is not null")
                .param(meterId).query(Explanation.Waiting.class).optional();
    }

    List<MeterSupply> load(Collection<Integer> meterIds) {
        return jdbc.sql(COLUMNS + "where meter_id = any(:ids)")
                .param("ids", meterIds.toArray(Integer[]::new)).query(MeterSupplies::row).list();
    }

    List<MeterSupply> loadLocked(Collection<Integer> meterIds) {
        return jdbc.sql(COLUMNS + "where meter_id = any(:ids) order by meter_id for update")
                .param("ids", meterIds.toArray(Integer[]::new)).query(MeterSupplies::row).list();
    }

    /** Everything but the wish, which follows from the reasons alone. */
    void save(Collection<MeterSupply> changed) {
        jdbc.sql("""
                update meter_supply s
                set seen = v.seen, seen_basis = v.basis, seen_at = v.seen_at, commanded = v.commanded,
                    commanded_at = v.commanded_at, acknowledged_at = v.acknowledged_at, confirmed_at = v.confirmed_at,
                    attempts = v.attempts, next_try_at = v.next_try_at, failure = v.failure, may_close = v.may_close,
                    mark_total = v.mark_total, forced = v.grip ->> 'forced', tripped = v.grip ->> 'tripped'
                from jsonb_to_recordset(:rows::jsonb) as v (
                    meter_id int, seen text, basis text, seen_at timestamptz, commanded text, commanded_at timestamptz,
                    acknowledged_at timestamptz, confirmed_at timestamptz, attempts int, next_try_at timestamptz,
                    failure text, may_close boolean, mark_total numeric, grip jsonb)
                where s.meter_id = v.meter_id""")
                .param("rows", rows.of(changed)).update();
    }

    /** A person says that the hub may close what is open now, whoever opened it. */
    void release(int meterId) {
        jdbc.sql("update meter_supply set may_close = true where meter_id = :id and seen <> 'ON'").param("id", meterId)
                .update();
    }

    /** What is to be tried again later may be tried at once; false: nothing waits for that. */
    boolean tryNow(int meterId) {
        return jdbc.sql("update meter_supply set next_try_at = null where meter_id = ? and next_try_at is not null").param(meterId).update() == 1;
    }

    private static MeterSupply row(ResultSet row, int n) throws SQLException {
        return new MeterSupply(row.getInt("meter_id"), Wanted.valueOf(row.getString("wanted")),
                Relay.valueOf(row.getString("seen")), value(Basis.class, row.getString("seen_basis")), instant(row, "seen_at"),
                value(Relay.class, row.getString("commanded")), instant(row, "commanded_at"), instant(row, "acknowledged_at"),
                instant(row, "confirmed_at"), row.getInt("attempts"), instant(row, "next_try_at"), row.getString("failure"),
                row.getBoolean("may_close"), row.getBigDecimal("mark_total"), new MeterSupply.Grip(row.getBoolean("firm"),
                value(Forced.class, row.getString("forced")), value(Trip.class, row.getString("tripped"))));
    }

    private static <E extends Enum<E>> E value(Class<E> type, String name) {
        return name == null ? null : Enum.valueOf(type, name);
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
        return at == null ? null : at.toInstant();
    }
}
