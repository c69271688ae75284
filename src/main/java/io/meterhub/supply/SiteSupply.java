package io.meterhub.supply;

import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Place;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** The terms of supply of each site. */
@Component
public class SiteSupply {

    private static final BigDecimal SHORTEST_STEP = new BigDecimal("0.1");
    private static final BigDecimal LONGEST_STEP = new BigDecimal("600");
    private static final int WEEK = 7 * 24 * 60;

    private final JdbcClient jdbc;
    private final Turns turns;
    private final Sites sites;
    private final Audit audit;
    private final Texts texts;
    private final Rights rights;

    SiteSupply(JdbcClient jdbc, Turns turns, Sites sites, Audit audit, Texts texts, Rights rights) {
        this.jdbc = jdbc;
        this.turns = turns;
        this.sites = sites;
        this.audit = audit;
        this.texts = texts;
        this.rights = rights;
    }

    public SupplyTerms of(int siteId) {
        return turns.terms(siteId);
    }

    /** @throws SupplyRefused naming the field that cannot be */
    public void check(SupplyTerms terms) {
        check("workdayHours", terms.workdayHours());
        check("weekendHours", terms.weekendHours());
        check("holidayHours", terms.holidayHours());
        if (terms.temperatureHours() != null) {
            check("temperatureHours", terms.temperatureHours());
        }
        check("noticeMinutes", terms.noticeMinutes(), 0, WEEK);
        check("stepShops", terms.stepShops(), 0, 1000);
        check("massShops", terms.massShops(), 0, 100_000);
        check("massMinutes", terms.massMinutes(), 1, WEEK);
        if (terms.stepSeconds() == null || terms.stepSeconds().stripTrailingZeros().scale() > 1
                || terms.stepSeconds().compareTo(SHORTEST_STEP) < 0 || terms.stepSeconds().compareTo(LONGEST_STEP) > 0) {
            throw refused("stepSeconds", "step_seconds");
        }
        if (terms.stepPer() == null) {
            throw refused("stepPer", "step_per");
        }
    }

    /**
     * Gives a site terms. What waits goes by them at once; who is off already stays so.
     *
     * @throws SupplyRefused naming the field that cannot be
     */
    @Transactional
    public void set(int siteId, SupplyTerms terms, String who, String why) {
        rights.require(Right.SET_SUPPLY_TERMS, Place.site(siteId));
        check(terms);
        // before its own row, as whoever changes the supply of meters does
        turns.lockWaiting(siteId);
        SupplyTerms before = of(siteId);
        jdbc.sql("""
                insert into supply_terms (site_id, workday_hours, weekend_hours, holiday_hours, temperature_hours, notice_minutes,
                    step_shops, step_seconds, step_per, mass_shops, mass_minutes)
                values (:site, :workday, :weekend, :holiday, :temperature, :notice, :shops, :seconds, :per, :massShops, :massMinutes)
                on conflict (site_id) do update set workday_hours = excluded.workday_hours, weekend_hours = excluded.weekend_hours,
                    holiday_hours = excluded.holiday_hours, temperature_hours = excluded.temperature_hours,
                    notice_minutes = excluded.notice_minutes, step_shops = excluded.step_shops, step_seconds = excluded.step_seconds,
                    step_per = excluded.step_per, mass_shops = excluded.mass_shops, mass_minutes = excluded.mass_minutes""")
                .param("site", siteId).param("workday", terms.workdayHours()).param("weekend", terms.weekendHours())
                .param("holiday", terms.holidayHours()).param("temperature", terms.temperatureHours())
                .param("notice", terms.noticeMinutes()).param("shops", terms.stepShops()).param("seconds", terms.stepSeconds())
                .param("per", terms.stepPer().name()).param("massShops", terms.massShops()).param("massMinutes", terms.massMinutes()).update();
        turns.settleWaiting(siteId);
        audit.record(siteId, who, "supply.terms", "site " + sites.site(siteId).code(), before, terms, why);
    }

    private void check(String field, String hours) {
        if (hours == null || CutHours.parse(hours).isEmpty()) {
            throw refused(field, "cut_hours");
        }
    }

    private void check(String field, int number, int least, int most) {
        if (number < least || number > most) {
            throw refused(field, "number_between", Integer.toString(least), Integer.toString(most));
        }
    }

    private SupplyRefused refused(String field, String key, Object... words) {
        return new SupplyRefused(field, texts.of("refused." + key, words));
    }
}
