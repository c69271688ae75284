package io.meterhub.billing;

import static io.meterhub.billing.SqlArrays.array;

import io.meterhub.site.Audit;
import io.meterhub.site.Texts;
import java.time.LocalDate;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** The days that a site has marked as other than the week says. Changed by {@link PriceChanges}. */
@Component
public class SiteCalendar {

    /** More than a year's holidays, make-up workdays and hot days together. */
    private static final int MOST = 400;

    private final JdbcClient jdbc;
    private final Audit audit;
    private final Texts texts;

    SiteCalendar(JdbcClient jdbc, Audit audit, Texts texts) {
        this.jdbc = jdbc;
        this.audit = audit;
        this.texts = texts;
    }

    /** The marked days from {@code first} to {@code last}, both included. */
    public List<CalendarDay> of(int siteId, LocalDate first, LocalDate last) {
        return jdbc.sql("select day, kind from calendar_day where site_id = ? and day between ? and ? order by day, kind")
                .params(siteId, first, last).query(CalendarDay.class).list();
    }

    /**
     * What each day from {@code first} to {@code last}, both included, is: WORKDAY, WEEKEND or HOLIDAY.
     *
     * @param hot TEMPERATURE for a day so marked that is no holiday
     */
    public Map<LocalDate, DayKind> kinds(int siteId, LocalDate first, LocalDate last, boolean hot) {
        Map<LocalDate, Set<DayKind>> marked = new HashMap<>();
        of(siteId, first, last).forEach(mark -> marked.computeIfAbsent(mark.day(), day -> EnumSet.noneOf(DayKind.class)).add(mark.kind()));
        SiteDays days = new SiteDays(marked);
        return first.datesUntil(last.plusDays(1)).collect(Collectors.toMap(day -> day,
                day -> hot && days.temperature(day) ? DayKind.TEMPERATURE : days.kind(day)));
    }

    @Transactional(propagation = Propagation.MANDATORY)
    Optional<PriceChangeResult.Refused> mark(int siteId, List<CalendarDay> days, String who, String why) {
        Optional<PriceChangeResult.Refused> problem = problem(days);
        if (problem.isPresent()) {
            return problem;
        }
        List<CalendarDay> before = at(siteId, days);
        // the other of the two kinds gives way
        columns(siteId, days, """
                delete from calendar_day c using unnest(:days, :kinds) as v (day, kind)
                where c.site_id = :site and c.day = v.day and c.kind <> v.kind
                  and 'TEMPERATURE' not in (c.kind, v.kind)""").update();
        columns(siteId, days, """
                insert into calendar_day (site_id, day, kind) select :site, day, kind from unnest(:days, :kinds) as v (day, kind)
                on conflict do nothing""").update();
        record(siteId, "calendar.marked", days, before, who, why);
        return Optional.empty();
    }

    @Transactional(propagation = Propagation.MANDATORY)
    Optional<PriceChangeResult.Refused> unmark(int siteId, List<CalendarDay> days, String who, String why) {
        Optional<PriceChangeResult.Refused> problem = problem(days);
        if (problem.isPresent()) {
            return problem;
        }
        List<CalendarDay> before = at(siteId, days);
        Optional<CalendarDay> missing = days.stream().filter(day -> !before.contains(day)).findFirst();
        if (missing.isPresent()) {
            return refused("price.not_marked", missing.get().day().toString(), missing.get().kind().name());
        }
        columns(siteId, days, """
                delete from calendar_day c using unnest(:days, :kinds) as v (day, kind)
                where c.site_id = :site and c.day = v.day and c.kind = v.kind""").update();
        record(siteId, "calendar.unmarked", days, before, who, why);
        return Optional.empty();
    }

    private void record(int siteId, String what, List<CalendarDay> days, List<CalendarDay> before, String who, String why) {
        audit.record(siteId, who, what, days.size() == 1 ? "day " + days.get(0).day() : days.size() + " days", before,
                at(siteId, days), why);
    }

    private Optional<PriceChangeResult.Refused> problem(List<CalendarDay> days) {
        if (days == null || days.isEmpty() || days.size() > MOST) {
            return refused("price.days", Integer.toString(MOST));
        }
        Map<LocalDate, DayKind> kinds = new HashMap<>();
        for (CalendarDay each : days) {
            if (each == null || each.day() == null || each.kind() == null || each.kind() == DayKind.WEEKEND) {
                return refused("price.day_kind");
            }
            if (each.kind() != DayKind.TEMPERATURE) {
                DayKind other = kinds.put(each.day(), each.kind());
                if (other != null && other != each.kind()) {
                    return refused("price.day_twice", each.day().toString());
                }
            }
        }
        return Optional.empty();
    }

    private List<CalendarDay> at(int siteId, List<CalendarDay> days) {
        return jdbc.sql("select day, kind from calendar_day where site_id = :site and day = any(:days) order by day, kind")
                .param("site", siteId).param("days", array("date", days, CalendarDay::day)).query(CalendarDay.class).list();
    }

    private JdbcClient.StatementSpec columns(int siteId, List<CalendarDay> days, String sql) {
        return jdbc.sql(sql).param("site", siteId).param("days", array("date", days, CalendarDay::day))
                .param("kinds", array("text", days, each -> each.kind().name()));
    }

    private Optional<PriceChangeResult.Refused> refused(String key, Object... words) {
        return Optional.of(new PriceChangeResult.Refused("days", texts.of(key, words)));
    }
}
