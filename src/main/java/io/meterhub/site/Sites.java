package io.meterhub.site;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.jdbc.core.RowMapper;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Looks up what stands where. */
@Component
public class Sites {

    /** By the columns' names: the mapper of records throws and catches an exception for each name of two words, and a meter is looked up in each round. */
    private static final RowMapper<Meter> METER = (row, n) -> new Meter(row.getInt("id"), row.getInt("site_id"), row.getObject("gateway_id", Integer.class),
            row.getObject("shop_id", Integer.class), row.getString("code"), row.getString("name"), row.getString("model"),
            EnergyKind.valueOf(row.getString("energy_kind")), row.getObject("unit_id", Integer.class), row.getInt("ct_ratio"), row.getBigDecimal("rating"),
            row.getBigDecimal("opening_reading"), row.getBoolean("enabled"));

    private final JdbcClient jdbc;

    Sites(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    public List<Site> sites() {
        return jdbc.sql("select * from site order by code").query(Site.class).list();
    }

    public Site site(int id) {
        return jdbc.sql("select * from site where id = ?").param(id).query(Site.class).single();
    }

    public List<Gateway> gateways() {
        return jdbc.sql("select * from gateway order by code").query(Gateway.class).list();
    }

    public Optional<Gateway> gateway(int id) {
        return jdbc.sql("select * from gateway where id = ?").param(id).query(Gateway.class).optional();
    }

    /** The enabled meters on a gateway's bus in the order of their unit ids. */
    public List<Meter> metersOn(int gatewayId) {
        return jdbc.sql("select * from meter where gateway_id = ? and enabled order by unit_id").param(gatewayId)
                .query(METER).list();
    }

    public Optional<Meter> meter(int id) {
        return jdbc.sql("select * from meter where id = ?").param(id).query(METER).optional();
    }

    /** The ids of a site's meters by their codes. */
    public Map<String, Integer> meterIds(int siteId) {
        Map<String, Integer> ids = new HashMap<>();
        jdbc.sql("select code, id from meter where site_id = ?").param(siteId).query(row -> {
            ids.put(row.getString("code"), row.getInt("id"));
        });
        return ids;
    }
}
