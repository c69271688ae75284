package io.meterhub.metering;

import io.meterhub.site.ImportParticipant;
import io.meterhub.site.Site;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.SiteSheet.MeterRow;
import io.meterhub.site.SiteSheet.Problem;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.springframework.core.annotation.Order;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * A meter that was read stays the meter as which it was read: with another model or CT ratio its next reading would not go
 * on from the last, and what lies between would be billed. Only after it was changed on the wall may it be another. What a changed
 * ratio is when the meter stays is said with its date, and then by the file too.
 */
@Component
// before the accounts, as everybody holds a meter's state before its account
@Order(1)
class ReadMeters implements ImportParticipant {

    /** How long after a meter was changed on the wall a spreadsheet may say what hangs there now. */
    private static final Duration CHANGED_LATELY = Duration.ofDays(1);

    private final JdbcClient jdbc;
    private final Clock clock;

    ReadMeters(JdbcClient jdbc, Clock clock) {
        this.jdbc = jdbc;
        this.clock = clock;
    }

    /**
     * @param changed it was changed on the wall lately
     * @param before  the ratio of before its transformers were changed last; null if they never were, or another was said since
     */
    private record Known(int id, String code, String model, int ctRatio, boolean changed, Integer before) {

        boolean mayBehind(int ratio) {
            // who changes the meter does not change its transformers back: it is a file of before
            return ratio == ctRatio || changed && (before == null || before != ratio);
        }
    }

    @Override
    public List<Problem> check(SiteSheet sheet) {
        Map<String, Known> read = jdbc.sql("""
                select m.id, m.code, m.model, m.ct_ratio,
                       exists (select from meter_replacement r where r.meter_id = m.id and r.at > :lately and r.ct_after is null) as changed,
                       (select case when r.ct_after = m.ct_ratio then r.ct_before end from meter_replacement r
                        where r.meter_id = m.id and r.ct_after is not null order by r.at desc limit 1) as before
                from meter m join site on site.id = m.site_id join meter_state s on s.meter_id = m.id
                where site.code = :site and s.read_at is not null""")
                .param("site", sheet.site().code()).param("lately", clock.instant().minus(CHANGED_LATELY).atOffset(ZoneOffset.UTC))
                .query(Known.class).list().stream().collect(Collectors.toMap(Known::code, Function.identity()));
        List<Problem> problems = new ArrayList<>();
        for (MeterRow row : sheet.meters()) {
            Known known = read.get(row.code());
            if (known != null && !known.changed && known.model != null && !known.model.equals(row.model())) {
                problems.add(problem(row, "model", known, known.model, ""));
            }
            if (known != null && !known.mayBehind(row.ctRatio())) {
                problems.add(known.changed ? ratioOfBefore(row, known) : problem(row, "ct ratio", known, Integer.toString(known.ctRatio),
                        ", or only its current transformers were: record that (POST /api/v1/meters/%d/ct-ratio)".formatted(known.id)));
            }
        }
        return problems;
    }

    private static Problem ratioOfBefore(MeterRow row, Known known) {
        return new Problem("meters", row.row(), "ct ratio", "meter %s had the ct ratio %d before its current transformers were changed;"
                .formatted(row.code(), row.ctRatio()) + " allowed is %d, unless they were changed back: record that first (POST"
                .formatted(known.ctRatio) + " /api/v1/meters/%d/ct-ratio)".formatted(known.id));
    }

    private static Problem problem(MeterRow row, String column, Known known, String allowed, String or) {
        return new Problem("meters", row.row(), column, ("meter %s has been read with the %s %s; allowed is %s, unless the meter was"
                + " changed on the wall: record that first (POST /api/v1/meters/%d/replacement), then bring this file within %d hours%s")
                .formatted(row.code(), column, allowed, allowed, known.id, CHANGED_LATELY.toHours(), or));
    }

    @Override
    public int apply(Site site, SiteSheet sheet) {
        // of a meter that was changed on the wall since its transformers were
        jdbc.sql("""
                update meter_state s set ct_ratio = c.ct_ratio
                from (select s.meter_id, m.ct_ratio from meter_state s join meter m on m.id = s.meter_id
                      where m.site_id = ? and s.ct_ratio is not null and s.ct_ratio <> m.ct_ratio
                      order by s.meter_id for no key update of s) c
                where c.meter_id = s.meter_id""")
                .param(site.id()).update();
        return 0;
    }
}
