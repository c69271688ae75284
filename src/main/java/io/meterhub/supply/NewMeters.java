package io.meterhub.supply;

import io.meterhub.site.ImportParticipant;
import io.meterhub.site.Site;
import io.meterhub.site.SiteSheet;
import java.util.List;
import org.springframework.core.annotation.Order;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Every meter of a site, a public area's too, is known to the control loop from its import on. Comes after billing: a meter
 * that changed its shop owes with the new one.
 */
@Component
@Order(3)
class NewMeters implements ImportParticipant {

    private final JdbcClient jdbc;
    private final Arrears arrears;
    private final FeeArrears feeArrears;

    NewMeters(JdbcClient jdbc, Arrears arrears, FeeArrears feeArrears) {
        this.jdbc = jdbc;
        this.arrears = arrears;
        this.feeArrears = feeArrears;
    }

    @Override
    public List<SiteSheet.Problem> check(SiteSheet sheet) {
        return List.of();
    }

    @Override
    public int apply(Site site, SiteSheet sheet) {
        jdbc.sql("insert into meter_supply (meter_id) select id from meter where site_id = :site order by id on conflict do nothing")
                .param("site", site.id()).update();
        arrears.agreeWithAccounts(site.id());
        feeArrears.agreeWithFees(site.id());
        return 0;
    }
}
