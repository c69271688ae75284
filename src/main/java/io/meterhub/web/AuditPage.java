package io.meterhub.web;

import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Place;
import io.meterhub.site.Reach;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** The audit log: who did what, and what it was before and after. By person, day and shop. */
@Controller
class AuditPage {

    private static final int ROWS = 200;

    private final JdbcClient jdbc;
    private final Rights rights;
    private final View view;

    AuditPage(JdbcClient jdbc, Rights rights, View view) {
        this.jdbc = jdbc;
        this.rights = rights;
        this.view = view;
    }

    /** @param before JSON, as after is */
    record Entry(long id, Instant at, String who, String what, String subject, String before, String after, String why) {
    }

    @GetMapping("/audit")
    String log(@RequestParam(required = false) String who, @RequestParam(required = false) LocalDate day,
               @RequestParam(required = false) String shop, @RequestParam(required = false) Long before, Model model) {
        Reach reach = rights.reach(Right.AUDIT);
        if (reach.isNowhere()) {
            rights.require(Right.AUDIT, Place.hub());
        }
        ZoneId zone = view.zone();
        List<Entry> entries = jdbc.sql("""
                select id, at, who, what, subject, before::text as before, after::text as after, why from audit_log l
                where (:before::bigint is null or id < :before)
                  and (:who::text is null or who = :who or split_part(who, '/', 2) = :who)
                  and (:from::timestamptz is null or at >= :from and at < :to)
                  and (:shop::text is null or exists (select from shop s where s.code = :shop and s.site_id = l.site_id and l.subject in (
                        select 'shop ' || s.code union all select 'meter ' || m.code from meter m where m.shop_id = s.id
                        union all select 'account ' || a.number from account a where a.shop_id = s.id)))
                  and""" + Reach.sql("l.site_id", null, null) + """
                order by id desc limit :rows""")
                .params(reach.parameters()).param("before", before).param("who", given(who))
                .param("from", day == null ? null : Sql.instant(day.atStartOfDay(zone).toInstant()))
                .param("to", day == null ? null : Sql.instant(day.plusDays(1).atStartOfDay(zone).toInstant()))
                .param("shop", given(shop)).param("rows", ROWS).query(Entry.class).list();
        model.addAttribute("entries", entries);
        model.addAttribute("older", entries.size() < ROWS ? null : entries.get(ROWS - 1).id());
        model.addAttribute("who", who);
        model.addAttribute("day", day);
        model.addAttribute("shop", shop);
        model.addAttribute("zone", zone);
        return "audit";
    }

    private static String given(String text) {
        return text == null || text.isBlank() ? null : text.strip();
    }
}
