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
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** The rules of each shop's supply: its power limit, what is a forbidden load there, its schedule. A shop without one has none. */
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

    /** A shop's rules have changed; told within the transaction. */
    record Changed(int shopId, Kind kind) {
    }

    /**
     * What holds for a shop; null: nothing.
     *
     * @param limitKw      the limit of each of its meters now
     * @param on           whether its schedule supplies it now
     * @param nextChange   when that changes
     */
    @Schema(name = "SupplyRules")
    public record Rules(PowerLimit powerLimit, BigDecimal limitKw, ForbiddenLoad forbiddenLoad, Schedule schedule, Boolean on, Instant nextChange) {
    }

    private record Shop(int siteId, String code) {
    }

    /** @throws SupplyRefused if there is no such shop */
    @Transactional(readOnly = true)
    public Rules of(int shopId) {
        Shop shop = shop(shopId);
        PowerLimit limit = find(shopId, Kind.POWER_LIMIT, PowerLimit.class);
        Schedule schedule = find(shopId, Kind.SCHEDULE, Schedule.class);
        if (limit == null && schedule == null) {
            return new Rules(null, null, find(shopId, Kind.FORBIDDEN_LOAD, ForbiddenLoad.class), null, null, null);
        }
        Instant now = clock.instant();
        SiteClock days = clock(sites.site(shop.siteId()), now);
        return new Rules(limit, limit == null ? null : limit.at(now, days).orElse(null),
                find(shopId, Kind.FORBIDDEN_LOAD, ForbiddenLoad.class), schedule, schedule == null ? null : schedule.on(now, days),
                schedule == null ? null : schedule.nextChange(now, days).orElse(null));
    }

    /**
     * Gives a shop a rule, or another one.
     *
     * @param rule {@link PowerLimit}, {@link ForbiddenLoad} or {@link Schedule} as the kind has it; null takes it away
     * @throws SupplyRefused naming the field that cannot be
     */
    @Transactional
    public void set(int shopId, Kind kind, Object rule, String who, String why) {
        Shop shop = shop(shopId);
        rights.require(Right.SET_SUPPLY_RULES, Place.shop(shop.siteId(), shopId));
        check(rule);
        // two who change the same rule come one after the other, so that each tells what was before
        jdbc.sql("select id from shop where id = ? for no key update").param(shopId).query(Integer.class).single();
        Object before = find(shopId, kind, kind.type);
        if (rule == null) {
            jdbc.sql("delete from shop_rule where shop_id = ? and kind = ?").param(shopId).param(kind.name()).update();
        } else {
            jdbc.sql("""
                    insert into shop_rule (shop_id, kind, rule) values (:shop, :kind, :rule::jsonb)
                    on conflict (shop_id, kind) do update set rule = excluded.rule""")
                    .param("shop", shopId).param("kind", kind.name()).param("rule", written(rule)).update();
        }
        if (kind == Kind.POWER_LIMIT) {
            // what was too much by another rule counts for nothing
            alarms.clear(AlarmKind.OVER_LIMIT, jdbc.sql("""
                    delete from overload o using meter m where m.id = o.meter_id and m.shop_id = ? returning o.meter_id""").param(shopId)
                    .query(Integer.class).list());
        }
        audit.record(shop.siteId(), who, "supply.rule." + kind.name().toLowerCase(), "shop " + shop.code(), before, rule, why);
        events.publishEvent(new Changed(shopId, kind));
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

    private <T> T find(int shopId, Kind kind, Class<T> type) {
        return jdbc.sql("select rule::text from shop_rule where shop_id = ? and kind = ?").param(shopId).param(kind.name())
                .query(String.class).optional().map(rule -> read(rule, type)).orElse(null);
    }

    private Shop shop(int shopId) {
        return jdbc.sql("select site_id, code from shop where id = ?").param(shopId).query(Shop.class).optional()
                .orElseThrow(() -> refused("shop", "no_shop", Integer.toString(shopId)));
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
