package io.meterhub.web;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/**
 * A mall in every state that a board can show, put straight into the tables: nobody reads its meters. Its books are right,
 * so that a check of the whole ledger holds with it.
 */
final class PaintedMall {

    private static final List<String> FLOORS = List.of("B1", "1F", "2F", "3F", "4F");
    private static final List<String> NAMES = List.of("老王米粉", "都匀毛尖茶庄", "苗绣坊", "星悦影城", "阿香酸汤鱼", "新华书店", "益民药房",
            "童趣乐园", "丝域美发", "黔味小吃", "Luckin Coffee", "金伯利钻石", "爱尚健身", "鲜果时光", "宏达手机", "优衣库");

    private final JdbcClient jdbc;
    private final String site;
    private final int siteId;

    // what a shop or meter looks like goes by its number within the site, not by what was painted before
    private int beforeShops;
    private int beforeMeters;

    private PaintedMall(JdbcClient jdbc, String site, int shops) {
        this.jdbc = jdbc;
        this.site = site;
        this.siteId = jdbc.sql("insert into site (code, name) values (?, '兴隆城') returning id").param(site)
                .query(Integer.class).single();
        partitions();
        equipment(shops);
        states();
        money();
        reasons();
    }

    static PaintedMall paint(JdbcClient jdbc, String site, int shops) {
        return new PaintedMall(jdbc, site, shops);
    }

    /** To look at the pages before anything reads a meter: url, user, password, site, number of shops. */
    public static void main(String[] args) {
        paint(JdbcClient.create(new DriverManagerDataSource(args[0], args[1], args[2])), args[3], Integer.parseInt(args[4]));
    }

    int siteId() {
        return siteId;
    }

    /** Its code. */
    String site() {
        return site;
    }

    int shop(String code) {
        return one("select id from shop where site_id = :site and code = :code", code);
    }

    int meter(String code) {
        return one("select id from meter where site_id = :site and code = :code", code);
    }

    int account(String number) {
        return one("select id from account where site_id = :site and number = :code", number);
    }

    /** All of its meters answer now. */
    void freshen() {
        jdbc.sql("update meter_state set read_at = now(), answered_at = now() where meter_id in (select id from meter where site_id = ?)").param(siteId).update();
    }

    /** The meter is read again, now, and shows this power. */
    void read(String meter, String powerKw) {
        jdbc.sql("update meter_state set read_at = now(), answered_at = now(), power = :power::numeric where meter_id = :meter")
                .param("power", powerKw).param("meter", meter(meter)).update();
    }

    private int before(String table) {
        return jdbc.sql("select min(id) - 1 from " + table + " where site_id = ?").param(siteId).query(Integer.class).single();
    }

    private int one(String sql, String code) {
        return jdbc.sql(sql).param("site", siteId).param("code", code).query(Integer.class).single();
    }

    private void partitions() {
        LocalDate today = LocalDate.ofInstant(Instant.now(), ZoneOffset.UTC);
        for (String table : List.of("reading", "quarter_hour")) {
            boolean none = jdbc.sql("select not exists (select 1 from pg_inherits where inhparent = ?::regclass)").param(table)
                    .query(Boolean.class).single();
            if (none) {
                jdbc.sql("create table %s_painted partition of %s for values from ('%s') to ('%s')"
                        .formatted(table, table, today.minusDays(40), today.plusDays(40))).update();
            }
        }
    }

    private void equipment(int shops) {
        jdbc.sql("""
                insert into gateway (site_id, code, name, shaft, host, port, framing, baud)
                select :site, 'G' || n, '集中器 ' || n, n, '10.' || :site / 250 || '.' || :site % 250 || '.' || n, 502,
                       case when n % 2 = 0 then 'RTU' else 'TCP' end, 9600
                from generate_series(1, 5) n""").param("site", siteId).update();
        jdbc.sql("""
                insert into customer (site_id, name, phone)
                select :site, '商户 ' || n, '1380854' || lpad(n::text, 4, '0') from generate_series(1, :shops) n""")
                .param("site", siteId).param("shops", shops).update();
        jdbc.sql("""
                insert into shop (site_id, code, name, floor, shaft, area_m2, customer_id)
                select :site, (array['A','B','C','D','E'])[1 + n % 5] || '-' || (n / 5 / 12 + 1) || lpad((n / 5 % 12 + 1)::text, 2, '0'),
                       (:names::text[])[1 + n % 16], (:floors::text[])[1 + n / 5 / 12 % 5], 1 + n % 5, 40 + n % 90,
                       (select id from customer where site_id = :site and name = '商户 ' || (n + 1))
                from generate_series(0, :shops - 1) n""")
                .param("site", siteId).param("shops", shops).param("names", NAMES.toArray(String[]::new))
                .param("floors", FLOORS.toArray(String[]::new)).update();
        beforeShops = before("shop");
        jdbc.sql("""
                insert into meter (site_id, gateway_id, shop_id, code, name, model, energy_kind, unit_id, rating, opening_reading)
                select s.site_id, g.id, s.id, 'E-' || s.code, s.name, 'demo-adf400l-1p', 'ELECTRICITY',
                       row_number() over (partition by g.id order by s.id), 16, 0
                from shop s join gateway g on g.site_id = s.site_id and g.shaft = s.shaft where s.site_id = :site""")
                .param("site", siteId).update();
        jdbc.sql("""
                insert into meter (site_id, gateway_id, shop_id, code, name, model, energy_kind, unit_id, rating, opening_reading)
                select s.site_id, g.id, s.id, 'W-' || s.code, s.name, 'generic-water-valve', 'WATER',
                       200 + row_number() over (partition by g.id order by s.id), 2.5, 0
                from shop s join gateway g on g.site_id = s.site_id and g.shaft = s.shaft
                where s.site_id = :site and (s.id - :beforeShops) % 10 = 3""")
                .param("site", siteId).param("beforeShops", beforeShops).update();
        jdbc.sql("""
                insert into meter (site_id, gateway_id, code, name, model, energy_kind, unit_id, rating, opening_reading)
                select :site, g.id, 'P-' || right(g.code, 1) || lpad(n::text, 2, '0'), (array['走廊照明','电梯','空调机房','消防泵','广告灯箱'])[1 + n % 5],
                       'acrel-ddsy1352', 'ELECTRICITY', 100 + n, 60, 0
                from gateway g cross join generate_series(1, 10) n where g.site_id = :site""")
                .param("site", siteId).update();
        beforeMeters = before("meter");
    }

    private void states() {
        jdbc.sql("""
                insert into meter_state (meter_id, read_at, total, power, live, day, day_total, answered_at, failing_since, failure)
                select m.id, case when (m.id - :beforeMeters) % 97 = 5 then now() - interval '3 hours 12 minutes' when (m.id - :beforeMeters) % 61 = 7 then now() - interval '4 minutes'
                            else now() - ((m.id - :beforeMeters) % 12 || ' seconds')::interval end,
                       t.total, case when m.energy_kind = 'WATER' then ((m.id - :beforeMeters) % 7) * 0.021 when (m.id - :beforeMeters) % 23 = 4 then 0 else ((m.id - :beforeMeters) * 7919 % 6100) / 1000.0 end,
                       case when m.energy_kind = 'WATER' then '{"battery": 3.58}' else '{"voltage": 231.4, "current": 5.31, "powerFactor": 0.94, "frequency": 50.01}' end::jsonb,
                       (now() at time zone 'Asia/Shanghai')::date,
                       t.total - case when m.energy_kind = 'WATER' then ((m.id - :beforeMeters) % 9) * 0.113 else ((m.id - :beforeMeters) * 31 % 600) / 10.0 end, now(),
                       case when (m.id - :beforeMeters) % 97 = 5 then now() - interval '3 hours 12 minutes' when (m.id - :beforeMeters) % 61 = 7 then now() - interval '4 minutes' end,
                       case when (m.id - :beforeMeters) % 97 = 5 then 'NO_CONNECTION' when (m.id - :beforeMeters) % 61 = 7 then 'TIMEOUT' end
                from meter m cross join lateral (select 1000 + (m.id - :beforeMeters) * 13.37 as total) t where m.site_id = :site""")
                .param("site", siteId).param("beforeMeters", beforeMeters).update();
        jdbc.sql("update meter_state set answered_at = read_at where meter_id in (select id from meter where site_id = ?)").param(siteId).update();
        Instant end = Instant.now().truncatedTo(ChronoUnit.HOURS);
        jdbc.sql("""
                insert into quarter_hour (meter_id, starts_at, read_at, total)
                select m.id, q, q + interval '14 minutes 55 seconds',
                       1000 + sum(0.1 + (1 - cos(extract(hour from q at time zone 'Asia/Shanghai') / 24 * 6.283)) * 0.45 + (extract(minute from q)::int * (m.id - :beforeMeters) % 7) * 0.02)
                           over (partition by m.id order by q)
                from meter m cross join generate_series(:from::timestamptz, :to::timestamptz, interval '15 minutes') q
                where m.site_id = :site and m.energy_kind = 'ELECTRICITY'""")
                .param("site", siteId).param("beforeMeters", beforeMeters).param("from", Sql.instant(end.minus(45, ChronoUnit.HOURS))).param("to", Sql.instant(end)).update();
        jdbc.sql("""
                insert into reading (meter_id, read_at, total, power)
                select m.id, now() - (n * 10 || ' seconds')::interval, 1000 + (m.id - :beforeMeters) * 13.37 - n * 0.01, 1
                from meter m cross join generate_series(0, 5) n where m.site_id = :site""")
                .param("site", siteId).param("beforeMeters", beforeMeters).update();
        jdbc.sql("""
                insert into quarantine (meter_id, kind, since, accepted_total, first_total, last_at, last_total, raw)
                select m.id, 'BACKWARDS', now() - interval '20 minutes', st.total, 3, now(), 3.2, '0306:0000 012C'
                from meter m join meter_state st on st.meter_id = m.id where m.site_id = :site and m.code = 'E-C-204'""")
                .param("site", siteId).update();
        jdbc.sql("""
                update meter_state set suspect_at = now(), suspect_total = 3.2
                where meter_id in (select id from meter where site_id = :site and code = 'E-C-204')""")
                .param("site", siteId).update();
    }

    private void money() {
        for (Map.Entry<String, String> kind : Map.of("ELECTRICITY", "0.800000", "WATER", "4.200000").entrySet()) {
            int tariff = jdbc.sql("insert into tariff (site_id, code, name, energy_kind) values (:site, :kind, :kind, :kind) returning id")
                    .param("site", siteId).param("kind", kind.getKey()).query(Integer.class).single();
            int version = jdbc.sql("""
                    insert into tariff_version (tariff_id, effective_from, rule) values (:tariff, '2026-01-01', :rule::jsonb) returning id""")
                    .param("tariff", tariff).param("rule", "{\"prices\":[{\"band\":\"SINGLE\",\"parts\":{\"energy\":%s}}]}".formatted(kind.getValue()))
                    .query(Integer.class).single();
            jdbc.sql("insert into tariff_assignment (site_id, energy_kind, tariff_id, valid_from) values (:site, :kind, :tariff, '2026-01-01')")
                    .param("site", siteId).param("kind", kind.getKey()).param("tariff", tariff).update();
            jdbc.sql("""
                    insert into account (site_id, number, customer_id, shop_id, kind, posted_yuan)
                    select m.site_id, m.code, s.customer_id, s.id, m.energy_kind,
                           case when (s.id - :beforeShops) % 29 = 3 then 30 when (s.id - :beforeShops) % 17 = 2 then 62.5 else 80 + ((s.id - :beforeShops) * 211 % 91000) / 100.0 end
                    from meter m join shop s on s.id = m.shop_id where m.site_id = :site and m.energy_kind = :kind""")
                    .param("site", siteId).param("beforeShops", beforeShops).param("kind", kind.getKey()).update();
            jdbc.sql("""
                    insert into charge_line (account_id, meter_id, site_day, tariff_version_id, band, price, quantity, amount)
                    select a.id, m.id, (now() at time zone 'Asia/Shanghai')::date, :version, 'SINGLE', :price::numeric, u.quantity, u.quantity * :price::numeric
                    from meter m join account a on a.shop_id = m.shop_id and a.kind = m.energy_kind
                         join meter_state st on st.meter_id = m.id
                         cross join lateral (select greatest(st.total - st.day_total, 0.001) as quantity) u
                    where m.site_id = :site and m.energy_kind = :kind""")
                    .param("site", siteId).param("kind", kind.getKey()).param("version", version).param("price", kind.getValue()).update();
        }
        jdbc.sql("""
                insert into account_meter (account_id, meter_id, valid_from)
                select a.id, m.id, now() - interval '1 day' from meter m join account a on a.shop_id = m.shop_id and a.kind = m.energy_kind
                where m.site_id = :site""").param("site", siteId).update();
        jdbc.sql("""
                update account a set open_yuan = l.amount from (select account_id, sum(amount) as amount from charge_line group by 1) l
                where l.account_id = a.id and a.site_id = :site""").param("site", siteId).update();
        jdbc.sql("""
                with opened as (
                    insert into journal (site_id, key, cause, at, site_day, who, why)
                    select a.site_id, 'opening:' || a.id, 'OPENING', now(), (now() at time zone 'Asia/Shanghai')::date, '陈会计', '开户'
                    from account a where a.site_id = :site returning id, key)
                insert into entry (journal_id, line, gl, account_id, debit, credit)
                select o.id, l.line, l.gl, case when l.line = 2 then a.id end, case when l.line = 1 then a.posted_yuan else 0 end,
                       case when l.line = 2 then a.posted_yuan else 0 end
                from opened o join account a on a.site_id = :site and o.key = 'opening:' || a.id
                     cross join (values (1, 'OPENING'), (2, 'CUSTOMER')) l (line, gl)""").param("site", siteId).update();
    }

    private void reasons() {
        jdbc.sql("""
                insert into supply_reason (meter_id, kind, since, until, who, why)
                select m.id, r.kind, now() - interval '25 minutes', r.until, r.who, r.why
                from meter m join account a on a.shop_id = m.shop_id and a.kind = m.energy_kind
                     cross join lateral (
                        select 'ARREARS', null::timestamptz, 'hub', '余额用尽' where a.posted_yuan - a.open_yuan <= 0
                        union all select 'KEEP_ON', now() + interval '6 hours', '李值班', '冷库，明早续费' where a.posted_yuan - a.open_yuan <= 0 and (m.shop_id - :beforeShops) % 4 = 1
                        union all select 'MANUAL_OFF', null, '张电工', '更换空开' where m.code = 'E-B-103') r (kind, until, who, why)
                where m.site_id = :site""").param("site", siteId).param("beforeShops", beforeShops).update();
        jdbc.sql("""
                insert into meter_supply (meter_id, wanted, seen, seen_basis, seen_at, failure)
                select m.id, w.wanted, case when w.wanted = 'OFF' and (m.id - :beforeMeters) % 5 = 1 then 'ON' else w.wanted end,
                       case when m.model = 'acrel-ddsy1352' then 'JUDGED' else 'REGISTER' end, now() - interval '25 minutes',
                       case when w.wanted = 'OFF' and (m.id - :beforeMeters) % 10 = 1 then 'the meter does not confirm' end
                from meter m cross join lateral (select case
                    when exists (select 1 from supply_reason r where r.meter_id = m.id and r.kind = 'MANUAL_OFF') then 'OFF'
                    when exists (select 1 from supply_reason r where r.meter_id = m.id and r.kind = 'KEEP_ON') then 'ON'
                    when exists (select 1 from supply_reason r where r.meter_id = m.id and r.kind = 'ARREARS') then 'OFF'
                    else 'ON' end as wanted) w
                where m.site_id = :site""").param("site", siteId).param("beforeMeters", beforeMeters).update();
        jdbc.sql("update meter_state set power = 0 where meter_id in (select meter_id from meter_supply where seen = 'OFF')").update();
        jdbc.sql("""
                insert into supply_event (at, meter_id, kind, detail, who)
                select r.since, r.meter_id, 'REASON_SET', jsonb_build_object('kind', r.kind, 'why', r.why), r.who
                from supply_reason r join meter m on m.id = r.meter_id where m.site_id = :site""").param("site", siteId).update();
        jdbc.sql("""
                insert into supply_event (at, meter_id, kind, detail, who)
                select r.since + interval '2 seconds', r.meter_id, 'CONFIRMED', jsonb_build_object('to', 'OFF'), 'hub'
                from supply_reason r join meter m on m.id = r.meter_id join meter_supply s on s.meter_id = m.id
                where m.site_id = :site and s.seen = 'OFF'""").param("site", siteId).update();
    }
}
