package io.meterhub.supply;

import io.meterhub.billing.FeeWatch;
import io.meterhub.billing.PropertyFees;
import java.util.ArrayList;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** A property fee overdue is the reason PROPERTY_FEE on every meter of the shop, paid ends it. Within billing's transaction. */
@Component
class FeeArrears implements FeeWatch {

    private final JdbcClient jdbc;
    private final Reasons reasons;
    private final PropertyFees fees;

    FeeArrears(JdbcClient jdbc, Reasons reasons, PropertyFees fees) {
        this.jdbc = jdbc;
        this.reasons = reasons;
        this.fees = fees;
    }

    @Override
    public void feeChanged(List<Fee> changed) {
        List<Reasons.End> ends = new ArrayList<>();
        List<Reasons.Start> starts = new ArrayList<>();
        for (Fee fee : changed) {
            for (int meter : jdbc.sql("select id from meter where shop_id = ? order by id").param(fee.shopId()).query(Integer.class).list()) {
                if (fee.overdue()) {
                    starts.add(new Reasons.Start(meter, ReasonKind.PROPERTY_FEE, null, Reasons.HUB, fee.cause()));
                } else {
                    ends.add(new Reasons.End(meter, ReasonKind.PROPERTY_FEE, Reasons.HUB, fee.cause()));
                }
            }
        }
        reasons.follow(ends, starts);
    }

    /** Brings the reason in line with what each meter's shop owes now: meters may be new, or have changed their shop. */
    void agreeWithFees(int siteId) {
        Integer[] overdue = fees.overdueShops(siteId).toArray(Integer[]::new);
        List<Reasons.Start> starts = jdbc.sql("""
                select m.id as meter_id from meter m where m.site_id = :site and m.shop_id = any(:shops)""")
                .param("site", siteId).param("shops", overdue)
                .query((row, n) -> new Reasons.Start(row.getInt("meter_id"), ReasonKind.PROPERTY_FEE, null, Reasons.HUB,
                        "the shop's property fee is overdue")).list();
        reasons.follow(jdbc.sql("""
                select r.meter_id, r.kind, :who as who, 'no shop that owes a property fee has the meter any more' as why
                from supply_reason r join meter m on m.id = r.meter_id
                where m.site_id = :site and r.kind = 'PROPERTY_FEE' and r.ended_at is null
                  and (m.shop_id is null or m.shop_id <> all(:shops))""")
                .param("who", Reasons.HUB).param("site", siteId).param("shops", overdue).query(Reasons.End.class).list(), starts);
    }
}
