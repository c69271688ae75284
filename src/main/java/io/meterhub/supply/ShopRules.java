package io.meterhub.supply;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.billing.SiteCalendar;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Audit;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import io.swagger.v3.oas.annotations.media.Schema;
import java.math.BigDecimal;
import java.sql.Array;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * The rules of each shop's supply: its power limit, what is a forbidden load there, its schedule. Of each kind the shop's own holds, else that
 * of the group in which the shop is today; a shop with neither has none.
 */
@Component
public class ShopRules {

    private static final int MOST_HOURS = 50;
    private static final int MOST_EXCEPTIONS = 400;
    private static final BigDecimal MOST_KW = new BigDecimal("10000");

    private final JdbcClient jdbc;
    private final Sites sites;
    private final SiteCalendar calendar;
    private final ApplicationEventPublisher events;
    private final Rights rights;
    private final Audit audit;
    private final Alarms alarms;
    private final Texts texts;
    private final ObjectMapper json;
    private final Clock clock;

    ShopRules(JdbcClient jdbc, Sites sites, SiteCalendar calendar, ApplicationEventPublisher events, Rights rights, Audit audit, Alarms alarms,
              Texts texts, ObjectMapper json, Clock clock) {
        this.jdbc = jdbc;
        this.sites = sites;
        this.calendar = calendar;
        this.events = events;
        this.rights = rights;
        this.audit = audit;
        this.alarms = alarms;
        this.texts = texts;
        this.json = json;
        this.clock = clock;
    }

    /** What is ruled, and by what. */
    public enum Kind {
        POWER_LIMIT(PowerLimit.class), FORBIDDEN_LOAD(ForbiddenLoad.class), SCHEDULE(Schedule.class);

        private final Class<?> type;

        Kind(Class<?> type) {
            this.type = type;
        }
    }

    /** Whose rules: a shop's own, or those of all shops of a group that have none of their own. */
    public sealed interface Owner {

        record Shop(int shopId) implements Owner {
        }

        record Group(int siteId, String name) implements Owner {
        }
    }

    /**
     * Rules have changed; told within the transaction.
     *
     * @param shopIds for whom
     */
    record Changed(List<Integer> shopIds, Kind kind) {
    }

    /**
     * What holds for a shop; null: nothing.
     *
     * @param limitKw      the limit of each of its meters now
     * @param on           whether its schedule supplies it now
     * @param nextChange   when that changes
     * @param fromGroup    of the rules that are not its own: the group that they come from
     */
    @Schema(name = "SupplyRules")
    public record Rules(PowerLimit powerLimit, BigDecimal limitKw, ForbiddenLoad forbiddenLoad, Schedule schedule, Boolean on, Instant nextChange,
                        @Schema(description = "The group that each rule comes from which is not the shop's own") Map<Kind, String> fromGroup) {

        /** The group that a rule comes from; null: it is the shop's own, or there is none. */
        public String from(Kind kind) {
            return fromGroup.get(kind);
        }

        /** Null: there is none. */
        public Object rule(Kind kind) {
            return switch (kind) {
                case POWER_LIMIT -> powerLimit;
                case FORBIDDEN_LOAD -> forbiddenLoad;
                case SCHEDULE -> schedule;
            };
        }
    }

    /**
     * A shop group.
     *
     * @param shops how many are in it today
     * @param kinds what it has rules for
     */
    @Schema(name = "ShopGroup")
    public record Group(String name, int shops, List<Kind> kinds) {
    }

    /** A shop that has rules of its own. */
    public record Own(int shopId, String code, String name, List<Kind> kinds) {
    }

    /** Where a shop or group stands, and how the audit log calls it. */
    private record Found(int siteId, String subject, Place place) {
    }

    private record Held(Object rule, String fromGroup) {
    }

    /** @throws SupplyRefused if there is no such shop or group */
    @Transactional(readOnly = true)
    public Rules of(Owner owner) {
        return rules(found(owner).siteId(), held(owner));
    }

    /**
     * What would hold if a rule were given.
     *
     * @param rule null: it is taken away
     * @throws SupplyRefused naming the field that cannot be
     */
    @Transactional(readOnly = true)
    public Rules preview(Owner owner, Kind kind, Object rule) {
        Found found = found(owner);
        check(rule);
        Map<Kind, Held> held = held(owner);
        if (rule != null) {
            held.put(kind, new Held(rule, null));
        } else {
            held.remove(kind);
            if (owner instanceof Owner.Shop shop) {
                collect("group_rule_at(:now) where shop_id = :shop and kind = :kind", Map.of("now", now(), "shop", shop.shopId, "kind", kind.name()), held);
            }
        }
        return rules(found.siteId(), held);
    }

    /** What rules come to day by day, from today on; at most {@value SiteClock#DAYS_AHEAD} days. */
    @Transactional(readOnly = true)
    public List<RuledDay> days(int siteId, Rules rules, int days) {
        Site site = sites.site(siteId);
        Instant now = clock.instant();
        return RuledDay.days(rules.schedule(), rules.powerLimit(), site.dayOf(now), days, clock(site, now));
    }

    /** The groups of a site that have shops today or rules. */
    @Transactional(readOnly = true)
    public List<Group> groups(int siteId) {
        return jdbc.sql("""
                with present as (
                    select m.shop_group, count(*)::int as shops from shop s join site t on t.id = s.site_id join shop_group_member m on m.shop_id = s.id
                    where s.site_id = :site and s.enabled and m.shop_group is not null
                      and daterange(m.valid_from, m.valid_to) @> (:now::timestamptz at time zone t.zone)::date group by 1),
                ruled as (select shop_group, array_agg(kind order by kind) as kinds from group_rule where site_id = :site group by 1)
                select coalesce(p.shop_group, r.shop_group) as name, coalesce(p.shops, 0) as shops, coalesce(r.kinds, '{}') as kinds
                from present p full join ruled r using (shop_group) order by 1""").param("site", siteId).param("now", now())
                .query((row, n) -> new Group(row.getString("name"), row.getInt("shops"), kinds(row.getArray("kinds")))).list();
    }

    /** The shops of a site with rules of their own, in the order of their codes. */
    @Transactional(readOnly = true)
    public List<Own> own(int siteId) {
        return jdbc.sql("""
                select s.id, s.code, s.name, array_agg(r.kind order by r.kind) as kinds from shop_rule r join shop s on s.id = r.shop_id
                where s.site_id = ? group by s.id order by s.code""").param(siteId)
                .query((row, n) -> new Own(row.getInt("id"), row.getString("code"), row.getString("name"), kinds(row.getArray("kinds")))).list();
    }

    private static List<Kind> kinds(Array names) throws SQLException {
        return Arrays.stream((String[]) names.getArray()).map(Kind::valueOf).toList();
    }

    /**
     * Gives a shop or a group a rule, or another one.
     *
     * @param rule {@link PowerLimit}, {@link ForbiddenLoad} or {@link Schedule} as the kind has it; null takes it away
     * @return what holds then
     * @throws SupplyRefused naming the field that cannot be
     */
    @Transactional
    public Rules set(Owner owner, Kind kind, Object rule, String who, String why) {
        Found found = found(owner);
        rights.require(Right.SET_SUPPLY_RULES, found.place());
        check(rule);
        if (why == null || why.isBlank()) {
            throw refused("why", "no_why");
        }
        List<Integer> shops;
        Optional<String> before;
        if (owner instanceof Owner.Shop shop) {
            // two who change the same rule come one after the other, so that each tells what was before
            jdbc.sql("select id from shop where id = ? for no key update").param(shop.shopId).query(Integer.class).single();
            before = jdbc.sql("delete from shop_rule where shop_id = ? and kind = ? returning rule::text").params(shop.shopId, kind.name())
                    .query(String.class).optional();
            if (rule != null) {
                jdbc.sql("insert into shop_rule (shop_id, kind, rule) values (?, ?, ?::jsonb)").params(shop.shopId, kind.name(), written(rule)).update();
            }
            shops = List.of(shop.shopId);
        } else {
            Owner.Group group = (Owner.Group) owner;
            jdbc.sql("select pg_advisory_xact_lock(hashtext('meterhub.group_rule'), ?)").param(group.siteId).query((row, n) -> row).list();
            before = jdbc.sql("delete from group_rule where site_id = ? and shop_group = ? and kind = ? returning rule::text")
                    .params(group.siteId, group.name, kind.name()).query(String.class).optional();
            if (rule != null) {
                jdbc.sql("insert into group_rule (site_id, shop_group, kind, rule) values (?, ?, ?, ?::jsonb)")
                        .params(group.siteId, group.name, kind.name(), written(rule)).update();
            }
            shops = followers(group, kind);
        }
        if (kind == Kind.POWER_LIMIT) {
            // what was too much by another rule counts for nothing
            alarms.clear(AlarmKind.OVER_LIMIT, jdbc.sql("""
                    delete from overload o using meter m where m.id = o.meter_id and m.shop_id = any(?) returning o.meter_id""")
                    .param(shops.toArray(Integer[]::new)).query(Integer.class).list());
        }
        audit.record(found.siteId(), who, "supply.rule." + kind.name().toLowerCase(), found.subject(),
                before.map(text -> read(text, kind.type)).orElse(null), rule, why);
        events.publishEvent(new Changed(shops, kind));
        return rules(found.siteId(), held(owner));
    }

    /** The shops in a group today that have no such rule of their own. */
    private List<Integer> followers(Owner.Group group, Kind kind) {
        return jdbc.sql("""
                select s.id from shop s join site t on t.id = s.site_id join shop_group_member m on m.shop_id = s.id
                where s.site_id = :site and m.shop_group = :group
                  and daterange(m.valid_from, m.valid_to) @> (:now::timestamptz at time zone t.zone)::date
                  and not exists (select from shop_rule r where r.shop_id = s.id and r.kind = :kind)""")
                .param("site", group.siteId).param("group", group.name).param("now", now()).param("kind", kind.name()).query(Integer.class).list();
    }

    /** The site's zone and calendar around a moment, as far as rules look. */
    SiteClock clock(Site site, Instant now) {
        LocalDate today = site.dayOf(now);
        return new SiteClock(site.zone(), calendar.kinds(site.id(), today.minusDays(2), today.plusDays(SiteClock.DAYS_AHEAD + 2), false));
    }

    <T> T read(String rule, Class<T> type) {
        try {
            return json.readValue(rule, type);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("shop_rule holds what is no " + type.getSimpleName() + ": " + rule, e);
        }
    }

    private Rules rules(int siteId, Map<Kind, Held> held) {
        Instant now = clock.instant();
        PowerLimit limit = rule(held, Kind.POWER_LIMIT, PowerLimit.class);
        Schedule schedule = rule(held, Kind.SCHEDULE, Schedule.class);
        SiteClock days = limit == null && schedule == null ? null : clock(sites.site(siteId), now);
        Map<Kind, String> fromGroup = new EnumMap<>(Kind.class);
        held.forEach((kind, its) -> Optional.ofNullable(its.fromGroup).ifPresent(group -> fromGroup.put(kind, group)));
        return new Rules(limit, limit == null ? null : limit.at(now, days).orElse(null), rule(held, Kind.FORBIDDEN_LOAD, ForbiddenLoad.class), schedule,
                schedule == null ? null : schedule.on(now, days), schedule == null ? null : schedule.nextChange(now, days).orElse(null), fromGroup);
    }

    private static <T> T rule(Map<Kind, Held> held, Kind kind, Class<T> type) {
        return held.containsKey(kind) ? type.cast(held.get(kind).rule) : null;
    }

    private Map<Kind, Held> held(Owner owner) {
        Map<Kind, Held> held = new EnumMap<>(Kind.class);
        if (owner instanceof Owner.Shop shop) {
            collect("shop_rule_at(:now) where shop_id = :shop", Map.of("now", now(), "shop", shop.shopId), held);
        } else if (owner instanceof Owner.Group group) {
            collect("(select kind, rule, null::text as shop_group from group_rule where site_id = :site and shop_group = :group) its",
                    Map.of("site", group.siteId, "group", group.name), held);
        }
        return held;
    }

    private void collect(String from, Map<String, ?> parameters, Map<Kind, Held> held) {
        jdbc.sql("select kind, rule::text as rule, shop_group from " + from).params(parameters).query(row -> {
            Kind kind = Kind.valueOf(row.getString("kind"));
            held.put(kind, new Held(read(row.getString("rule"), kind.type), row.getString("shop_group")));
        });
    }

    private Found found(Owner owner) {
        if (owner instanceof Owner.Group group) {
            if (groups(group.siteId).stream().noneMatch(one -> one.name().equals(group.name))) {
                throw refused("group", "no_group", group.name);
            }
            return new Found(group.siteId, "shop group " + group.name, Place.site(group.siteId));
        }
        int shopId = ((Owner.Shop) owner).shopId;
        return jdbc.sql("select site_id, code from shop where id = ?").param(shopId)
                .query((row, n) -> new Found(row.getInt("site_id"), "shop " + row.getString("code"), Place.shop(row.getInt("site_id"), shopId)))
                .optional().orElseThrow(() -> refused("shop", "no_shop", Integer.toString(shopId)));
    }

    private OffsetDateTime now() {
        return clock.instant().atOffset(ZoneOffset.UTC);
    }

    private void check(Object rule) {
        if (rule instanceof PowerLimit limit) {
            check("limits", limit.limits(), 1, MOST_HOURS);
            limit.limits().forEach(each -> {
                check("limits", each.from(), each.to());
                kw("limits.kw", each.kw());
            });
            check("overSeconds", limit.overSeconds(), 0, 3600);
            check("belowPercent", limit.belowPercent(), new BigDecimal("50"));
            check("returnMinutes", limit.returnMinutes(), 1, 1440);
            check("returnsPerDay", limit.returnsPerDay(), 0, 50);
        } else if (rule instanceof ForbiddenLoad load) {
            kw("stepKw", load.stepKw());
            check("powerFactor", load.powerFactor(), BigDecimal.ONE);
            check("settleSeconds", load.settleSeconds(), 0, 3600);
            check("returnMinutes", load.returnMinutes(), 1, 1440);
            check("returnsPerDay", load.returnsPerDay(), 0, 50);
        } else if (rule instanceof Schedule schedule) {
            check("off", schedule.off(), 0, MOST_HOURS);
            schedule.off().forEach(hours -> check("off", hours.from(), hours.to()));
            check("exceptions", schedule.exceptions(), 0, MOST_EXCEPTIONS);
            Set<LocalDate> dates = new HashSet<>();
            for (Schedule.Exception exception : schedule.exceptions()) {
                if (exception.date() == null || !dates.add(exception.date())) {
                    throw refused("exceptions.date", "rule_date");
                }
                check("exceptions.off", exception.off(), 0, MOST_HOURS);
                exception.off().forEach(hours -> check("exceptions.off", hours.from(), hours.to()));
            }
        }
    }

    private void check(String field, List<?> list, int least, int most) {
        if (list == null || list.size() < least || list.size() > most || list.stream().anyMatch(each -> each == null)) {
            throw refused(field, "rule_list", Integer.toString(least), Integer.toString(most));
        }
    }

    private void check(String field, LocalTime from, LocalTime to) {
        if (from == null || to == null) {
            throw refused(field, "rule_hours");
        }
    }

    private void check(String field, Integer number, int least, int most) {
        if (number == null || number < least || number > most) {
            throw refused(field, "rule_number", Integer.toString(least), Integer.toString(most));
        }
    }

    private void check(String field, BigDecimal number, BigDecimal most) {
        if (number == null || number.signum() < 0 || number.compareTo(most) > 0 || number.stripTrailingZeros().scale() > 3) {
            throw refused(field, "rule_decimal", most.toPlainString());
        }
    }

    private void kw(String field, BigDecimal kw) {
        if (kw == null || kw.signum() <= 0 || kw.compareTo(MOST_KW) > 0 || kw.stripTrailingZeros().scale() > 3) {
            throw refused(field, "rule_kw", MOST_KW.toPlainString());
        }
    }

    private SupplyRefused refused(String field, String key, Object... words) {
        return new SupplyRefused(field, texts.of("refused." + key, words));
    }

    private String written(Object rule) {
        try {
            return json.writeValueAsString(rule);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("A rule cannot be written as JSON: " + rule, e);
        }
    }
}
