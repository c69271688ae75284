package io.meterhub.web;

import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Reach;
import io.meterhub.site.Site;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** What happened lately, told so that a person understands it. */
@Component
class Feed {

    private static final int LENGTH = 30;

    private static final String SALE_REACHED = Reach.sql("sale.site_id", "a.shop_id", null);

    private final JdbcClient jdbc;
    private final Rights rights;

    Feed(JdbcClient jdbc, Rights rights) {
        this.jdbc = jdbc;
        this.rights = rights;
    }

    /**
     * @param key  the message {@code feed.KEY}; its parameters are place, kind and text
     * @param kind a reason or state, itself a message's last word, or empty
     * @param tone good, bad, money or calm
     * @param href the details of whom it happened to
     */
    record Item(Instant at, String key, boolean water, String place, String kind, String text, String who, String tone,
                String href) {
    }

    List<Item> of(Site site) {
        return Stream.of(supply(site), sales(site), quarantine(site), silent(site), readByHand(site)).flatMap(List::stream)
                .sorted(Comparator.comparing(Item::at).reversed()).limit(LENGTH).toList();
    }

    private List<Item> supply(Site site) {
        return jdbc.sql("""
                select e.at, e.kind, m.id as meter_id, m.shop_id, coalesce(s.code, m.code) as code, coalesce(s.name, m.name) as name,
                       m.energy_kind = 'WATER' as water, e.who,
                       coalesce(e.detail->>'kind', e.detail->>'to', '') as subject, coalesce(e.detail->>'why', '') as why
                from supply_event e join meter m on m.id = e.meter_id left join shop s on s.id = m.shop_id
                where m.site_id = :site and e.kind in ('REASON_SET', 'REASON_ENDED', 'CONFIRMED', 'FAILED') and""" + Equipment.METER_REACHED + """
                order by e.id desc limit :length""")
                .params(rights.reach(Right.VIEW).parameters()).param("site", site.id()).param("length", LENGTH).query(SupplyRow.class).list().stream()
                .map(row -> new Item(row.at(), row.key(), row.water(), row.code() + " " + row.name(), row.subject(), row.why(), row.who(),
                        row.tone(), href(row.shopId(), row.meterId())))
                .toList();
    }

    private List<Item> sales(Site site) {
        return jdbc.sql("""
                select sale.at, s.id as shop_id, s.code, s.name, a.kind = 'WATER' as water, sale.amount_yuan, sale.method, sale.who
                from receipt sale join account a on a.id = sale.account_id join shop s on s.id = a.shop_id
                where sale.site_id = :site and sale.kind = 'SALE' and""" + SALE_REACHED + """
                order by sale.id desc limit :length""")
                .params(rights.reach(Right.VIEW).parameters()).param("site", site.id()).param("length", LENGTH).query(SaleRow.class).list().stream()
                .map(row -> new Item(row.at(), "SALE", row.water(), row.code() + " " + row.name(), row.method(), Amounts.yuan(row.amountYuan()),
                        row.who(), "money", href(row.shopId(), 0)))
                .toList();
    }

    private List<Item> quarantine(Site site) {
        return jdbc.sql("""
                select coalesce(q.ended_at, q.since) as at, q.kind, q.ended_how, q.ended_by, q.first_total, q.accepted_total,
                       m.id as meter_id, m.shop_id, coalesce(s.code, m.code) as code, coalesce(s.name, m.name) as name,
                       m.energy_kind = 'WATER' as water
                from quarantine q join meter m on m.id = q.meter_id left join shop s on s.id = m.shop_id
                where m.site_id = :site and""" + Equipment.METER_REACHED + """
                order by q.id desc limit :length""")
                .params(rights.reach(Right.VIEW).parameters()).param("site", site.id()).param("length", LENGTH).query(QuarantineRow.class).list().stream()
                .map(row -> new Item(row.at(), row.endedHow() == null ? "QUARANTINE" : "QUARANTINE_ENDED",
                        row.water(), row.code() + " " + row.name(), row.endedHow() == null ? row.kind() : row.endedHow(),
                        Amounts.plain(row.acceptedTotal()) + " → " + Amounts.plain(row.firstTotal()),
                        row.endedBy() == null ? "" : row.endedBy(), row.endedHow() == null ? "bad" : "good",
                        href(row.shopId(), row.meterId())))
                .toList();
    }

    /** Meters that do not answer now, told at the moment they stopped. */
    private List<Item> silent(Site site) {
        return jdbc.sql("""
                select g.code as gateway, st.failing_since as at, st.failure, m.id as meter_id, m.shop_id, coalesce(s.code, m.code) as code,
                       coalesce(s.name, m.name) as name, m.energy_kind = 'WATER' as water
                from meter_state st join meter m on m.id = st.meter_id join gateway g on g.id = m.gateway_id
                     left join shop s on s.id = m.shop_id
                where m.site_id = :site and m.enabled and st.failing_since is not null and""" + Equipment.METER_REACHED + """
                order by st.failing_since desc limit 10""")
                .params(rights.reach(Right.VIEW).parameters()).param("site", site.id()).query(SilentRow.class).list().stream()
                .map(row -> new Item(row.at(), "SILENT", row.water(), row.code() + " " + row.name(),
                        row.failure() == null ? "TIMEOUT" : row.failure(), row.gateway(), "", "bad",
                        href(row.shopId(), row.meterId())))
                .toList();
    }

    private List<Item> readByHand(Site site) {
        return jdbc.sql("""
                select e.entered_at as at, e.total, coalesce(e.reader, e.who) as reader, m.id as meter_id, m.shop_id,
                       coalesce(s.code, m.code) as code, coalesce(s.name, m.name) as name, m.energy_kind = 'WATER' as water
                from entered_reading e join meter m on m.id = e.meter_id left join shop s on s.id = m.shop_id
                where m.site_id = :site and e.source = 'MANUAL' order by e.id desc limit :length""")
                .param("site", site.id()).param("length", LENGTH).query(ByHandRow.class).list().stream()
                .map(row -> new Item(row.at(), "READ_BY_HAND", row.water(), row.code() + " " + row.name(), "", Amounts.plain(row.total()),
                        row.reader(), "calm", href(row.shopId(), row.meterId())))
                .toList();
    }

    private static String href(Integer shopId, int meterId) {
        return shopId == null ? "/areas/" + meterId : "/shops/" + shopId;
    }

    private record SupplyRow(Instant at, String kind, int meterId, Integer shopId, String code, String name, boolean water, String who,
                             String subject, String why) {

        String key() {
            if (subject.equals("ARREARS")) {
                return kind.equals("REASON_SET") ? "CREDIT_GONE" : "CREDIT_BACK";
            }
            return kind.equals("CONFIRMED") || kind.equals("FAILED") ? kind + "_" + subject : kind;
        }

        String tone() {
            return switch (kind) {
                case "FAILED" -> "bad";
                case "CONFIRMED" -> subject.equals("ON") ? "good" : "bad";
                default -> "calm";
            };
        }
    }

    private record SaleRow(Instant at, int shopId, String code, String name, boolean water, BigDecimal amountYuan, String method,
                           String who) {
    }

    private record QuarantineRow(Instant at, String kind, String endedHow, String endedBy, BigDecimal firstTotal,
                                 BigDecimal acceptedTotal, int meterId, Integer shopId, String code, String name, boolean water) {
    }

    private record ByHandRow(Instant at, BigDecimal total, String reader, int meterId, Integer shopId, String code, String name, boolean water) {
    }

    private record SilentRow(String gateway, Instant at, String failure, int meterId, Integer shopId, String code,
                             String name, boolean water) {
    }
}
