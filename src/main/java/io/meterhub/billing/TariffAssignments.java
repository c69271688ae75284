package io.meterhub.billing;

import io.meterhub.site.Audit;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Texts;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** Which tariff holds for which meter, shop group or site, and when. Changed by {@link PriceChanges} and the site's import. */
@Component
public class TariffAssignments {

    private static final String ALL = """
            select a.id, a.energy_kind, t.code as tariff, a.meter_id, m.code as meter, a.shop_group, a.valid_from, a.valid_to
            from tariff_assignment a join tariff t on t.id = a.tariff_id left join meter m on m.id = a.meter_id
            where a.site_id = :site
            """;

    private final JdbcClient jdbc;
    private final Audit audit;
    private final Texts texts;

    TariffAssignments(JdbcClient jdbc, Audit audit, Texts texts) {
        this.jdbc = jdbc;
        this.audit = audit;
        this.texts = texts;
    }

    /** A site's assignments, past and future ones too: the site's, its groups', its meters', each in the order of their days. */
    public List<TariffAssignment> of(int siteId) {
        return jdbc.sql(ALL + " order by a.meter_id is not null, a.shop_group nulls first, m.code, a.energy_kind, a.valid_from")
                .param("site", siteId).query((row, n) -> assignment(row)).list();
    }

    private static TariffAssignment assignment(ResultSet row) throws SQLException {
        return new TariffAssignment(row.getInt("id"), EnergyKind.valueOf(row.getString("energy_kind")),
                row.getString("tariff"), row.getObject("meter_id", Integer.class), row.getString("meter"),
                row.getString("shop_group"), row.getObject("valid_from", LocalDate.class), row.getObject("valid_to", LocalDate.class));
    }

    private record Target(int tariffId, String energyKind, Integer meterId) {
    }

    @Transactional(propagation = Propagation.MANDATORY)
    Optional<PriceChangeResult.Refused> assign(int siteId, PriceChange.Assign change, String who, String why) {
        if (change.validFrom() == null) {
            return refused("validFrom", "price.first_day");
        }
        if (change.validTo() != null && !change.validTo().isAfter(change.validFrom())) {
            return refused("validTo", "price.ends_before", change.validFrom().toString());
        }
        if (change.meter() != null && change.shopGroup() != null) {
            return refused("shopGroup", "price.meter_or_group");
        }
        Optional<Target> tariff = jdbc.sql("select id as tariff_id, energy_kind, null::int as meter_id from tariff where site_id = ? and code = ?")
                .params(siteId, change.tariff()).query(Target.class).optional();
        if (tariff.isEmpty()) {
            return refused("tariff", "price.no_tariff", change.tariff());
        }
        Target target = tariff.get();
        if (change.meter() != null) {
            Optional<Target> meter = jdbc.sql("select 0 as tariff_id, energy_kind, id as meter_id from meter where site_id = ? and code = ?")
                    .params(siteId, change.meter()).query(Target.class).optional();
            if (meter.isEmpty()) {
                return refused("meter", "price.no_meter", change.meter());
            }
            if (!meter.get().energyKind().equals(target.energyKind())) {
                return refused("tariff", "price.other_energy", change.tariff(), change.meter());
            }
            target = new Target(target.tariffId(), target.energyKind(), meter.get().meterId());
        } else if (change.shopGroup() != null && !jdbc.sql("""
                select exists (select from shop s join shop_group_member g on g.shop_id = s.id where s.site_id = ? and g.shop_group = ?)""")
                .params(siteId, change.shopGroup()).query(Boolean.class).single()) {
            return refused("shopGroup", "price.no_group", change.shopGroup());
        }
        List<TariffAssignment> before = makeRoom(siteId, target, change);
        jdbc.sql("""
                insert into tariff_assignment (site_id, energy_kind, tariff_id, meter_id, shop_group, valid_from, valid_to)
                values (:site, :kind, :tariff, :meter, :group, :from, :to)""")
                .param("site", siteId).param("kind", target.energyKind()).param("tariff", target.tariffId())
                .param("meter", target.meterId()).param("group", change.shopGroup()).param("from", change.validFrom())
                .param("to", change.validTo()).update();
        audit.record(siteId, who, "tariff.assigned", subject(change.meter(), change.shopGroup()), before, change, why);
        return Optional.empty();
    }

    /** Takes the days of the new assignment from those that are there; what an older one had beyond them stays its own. */
    private List<TariffAssignment> makeRoom(int siteId, Target target, PriceChange.Assign change) {
        List<TariffAssignment> before = jdbc.sql(ALL + """
                 and a.energy_kind = :kind and a.meter_id is not distinct from :meter::int
                 and a.shop_group is not distinct from :group::text and daterange(a.valid_from, a.valid_to) && daterange(:from, :to)
                 order by a.valid_from for no key update of a""")
                .param("site", siteId).param("kind", target.energyKind()).param("meter", target.meterId())
                .param("group", change.shopGroup()).param("from", change.validFrom()).param("to", change.validTo())
                .query((row, n) -> assignment(row)).list();
        for (TariffAssignment each : before) {
            boolean goesOn = change.validTo() != null && (each.validTo() == null || each.validTo().isAfter(change.validTo()));
            if (each.validFrom().isBefore(change.validFrom())) {
                jdbc.sql("update tariff_assignment set valid_to = :to where id = :id").param("to", change.validFrom())
                        .param("id", each.id()).update();
                if (goesOn) {
                    jdbc.sql("""
                            insert into tariff_assignment (site_id, energy_kind, tariff_id, meter_id, shop_group, valid_from, valid_to)
                            select site_id, energy_kind, tariff_id, meter_id, shop_group, :from, :to
                            from tariff_assignment where id = :id""")
                            .param("from", change.validTo()).param("to", each.validTo()).param("id", each.id()).update();
                }
            } else if (goesOn) {
                jdbc.sql("update tariff_assignment set valid_from = :from where id = :id").param("from", change.validTo())
                        .param("id", each.id()).update();
            } else {
                jdbc.sql("delete from tariff_assignment where id = ?").param(each.id()).update();
            }
        }
        return before;
    }

    @Transactional(propagation = Propagation.MANDATORY)
    Optional<PriceChangeResult.Refused> end(int siteId, PriceChange.EndAssignment change, String who, String why) {
        if (change.validTo() == null) {
            return refused("validTo", "price.end_day");
        }
        Optional<TariffAssignment> found = jdbc.sql(ALL + " and a.id = :id for no key update of a").param("site", siteId)
                .param("id", change.assignment()).query((row, n) -> assignment(row)).optional();
        if (found.isEmpty()) {
            return refused("assignment", "price.no_assignment", String.valueOf(change.assignment()));
        }
        TariffAssignment before = found.get();
        if (before.validTo() != null && before.validTo().isBefore(change.validTo())) {
            return refused("validTo", "price.ended", before.validTo().toString());
        }
        if (change.validTo().isAfter(before.validFrom())) {
            jdbc.sql("update tariff_assignment set valid_to = :to where id = :id").param("to", change.validTo())
                    .param("id", before.id()).update();
        } else {
            jdbc.sql("delete from tariff_assignment where id = ?").param(before.id()).update();
        }
        audit.record(siteId, who, "tariff.assignment.ended", subject(before.meter(), before.shopGroup()), before, change, why);
        return Optional.empty();
    }

    private static String subject(String meter, String shopGroup) {
        return meter != null ? "meter " + meter : shopGroup != null ? "shop group " + shopGroup : "site";
    }

    private Optional<PriceChangeResult.Refused> refused(String field, String key, Object... words) {
        return Optional.of(new PriceChangeResult.Refused(field, texts.of(key, words)));
    }
}
