package io.meterhub.billing;

import static io.meterhub.billing.SqlArrays.array;

import io.meterhub.billing.Billing.Line;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;

/**
 * What charge lines hold for want of a real reading. Written and taken back only while the meter's state is locked, so that it is
 * always exactly what was charged since the meter's last real reading; the invariant that follows from it: after every true-up
 * the charges of a meter add up to what its counter went.
 */
@Component
class Provisional {

    private final JdbcClient jdbc;

    Provisional(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /** Notes what was charged without knowing. */
    void keep(SortedMap<Line, BigDecimal> lines) {
        jdbc.sql("""
                insert into provisional_charge (meter_id, account_id, site_day, tariff_version_id, band, tier, quantity)
                select * from unnest(:meters, :accounts, :days, :versions, :bands, :tiers, :quantities)
                on conflict (meter_id, account_id, site_day, tariff_version_id, band, tier)
                do update set quantity = provisional_charge.quantity + excluded.quantity""")
                .param("meters", array("int4", lines.keySet(), Line::meterId))
                .param("accounts", array("int4", lines.keySet(), Line::accountId))
                .param("days", array("date", lines.keySet(), Line::siteDay))
                .param("versions", array("int4", lines.keySet(), Line::versionId))
                .param("bands", array("text", lines.keySet(), line -> line.rate().name()))
                .param("tiers", array("int2", lines.keySet(), line -> (short) line.tier()))
                .param("quantities", array("numeric", lines.values(), Function.identity()))
                .update();
    }

    /** What is taken out of a charge line: a charge below 0. */
    record Taken(Line line, Charge charge) {
    }

    /**
     * Forgets what these meters were charged provisionally, and answers what has to be taken out of which lines for it. That is
     * what was put in, but for a day that was re-rated meanwhile: its quantity stands in other lines now, and is taken out of
     * those, the most alike first. A day's quantity is the same by any prices, so it is always found.
     */
    List<Taken> takeBack(Collection<Integer> meterIds) {
        SqlArrayValue meters = new SqlArrayValue("int4", meterIds.toArray());
        record Kept(Line line, BigDecimal quantity) {
        }
        List<Kept> kept = jdbc.sql("delete from provisional_charge where meter_id = any(:meters) returning *").param("meters", meters)
                .query((row, n) -> new Kept(line(row), row.getBigDecimal("quantity"))).list();
        if (kept.isEmpty()) {
            return List.of();
        }
        Map<Object, List<Held>> held = jdbc.sql("""
                select c.account_id, c.meter_id, c.site_day, c.tariff_version_id, c.band, c.tier, c.price, c.quantity, c.estimated_quantity
                from charge_line c join unnest(:meters, :accounts, :days) as k (meter_id, account_id, site_day)
                     using (meter_id, account_id, site_day)
                where c.quantity > 0""")
                .param("meters", array("int4", kept, one -> one.line().meterId()))
                .param("accounts", array("int4", kept, one -> one.line().accountId()))
                .param("days", array("date", kept, one -> one.line().siteDay()))
                .query((row, n) -> new Held(line(row), row.getBigDecimal("price"), row.getBigDecimal("quantity"),
                        row.getBigDecimal("estimated_quantity"))).list().stream()
                .collect(Collectors.groupingBy(one -> day(one.line), Collectors.collectingAndThen(
                        Collectors.toMap(one -> one.line, Function.identity(), (one, again) -> one),
                        byLine -> new ArrayList<>(byLine.values()))));
        List<Taken> taken = new ArrayList<>();
        kept.stream().sorted(Comparator.comparing(Kept::line, Line.BY_KEY)).forEach(one -> {
            BigDecimal rest = one.quantity();
            List<Held> lines = held.getOrDefault(day(one.line()), List.of());
            lines.sort(Comparator.comparingInt((Held line) -> line.unlike(one.line())).thenComparing(line -> line.line, Line.BY_KEY));
            for (Held line : lines) {
                BigDecimal part = rest.min(line.quantity);
                if (part.signum() > 0) {
                    rest = rest.subtract(part);
                    taken.add(new Taken(line.line, line.takeOut(part)));
                }
            }
            if (rest.signum() > 0) {
                throw new IllegalStateException("The charge lines of meter %d on %s lack %s of what was estimated"
                        .formatted(one.line().meterId(), one.line().siteDay(), rest));
            }
        });
        return taken;
    }

    private static Line line(ResultSet row) throws SQLException {
        return new Line(row.getInt("account_id"), row.getInt("meter_id"), row.getObject("site_day", LocalDate.class),
                row.getInt("tariff_version_id"), Rate.valueOf(row.getString("band")), row.getInt("tier"));
    }

    private static Object day(Line line) {
        return List.of(line.accountId(), line.meterId(), line.siteDay());
    }

    /** A charge line, and what is left of it. */
    private static final class Held {

        private final Line line;
        private final BigDecimal price;
        private BigDecimal quantity;
        private BigDecimal estimated;

        Held(Line line, BigDecimal price, BigDecimal quantity, BigDecimal estimated) {
            this.line = line;
            this.price = price;
            this.quantity = quantity;
            this.estimated = estimated;
        }

        int unlike(Line other) {
            return (line.versionId() == other.versionId() ? 0 : 4) + (line.rate() == other.rate() ? 0 : 2)
                    + (line.tier() == other.tier() ? 0 : 1);
        }

        Charge takeOut(BigDecimal part) {
            BigDecimal guessed = estimated.min(part);
            quantity = quantity.subtract(part);
            estimated = estimated.subtract(guessed);
            return new Charge(line.siteDay(), line.versionId(), line.rate(), line.tier(), price, part.negate(), guessed.negate());
        }
    }
}
