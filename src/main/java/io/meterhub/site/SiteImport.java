package io.meterhub.site;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.site.ImportResult.Imported;
import io.meterhub.site.ImportResult.Missing;
import io.meterhub.site.ImportResult.Refused;
import io.meterhub.site.SiteSheet.Problem;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Takes a site file into the hub: all of it in one transaction, or nothing. The same file again changes nothing and leaves
 * no trace; what changed is updated, with before and after in the audit log; what is not in the file stays.
 */
@Component
public class SiteImport {

    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final Audit audit;
    private final ObjectMapper json;
    private final List<ImportParticipant> participants;

    SiteImport(JdbcClient jdbc, TransactionTemplate transaction, Audit audit, ObjectMapper json,
               List<ImportParticipant> participants) {
        this.jdbc = jdbc;
        this.transaction = transaction;
        this.audit = audit;
        this.json = json;
        this.participants = participants;
    }

    /** @param who the person who brings the file, or "hub" */
    public ImportResult load(Path file, String who) {
        try {
            return load(SiteFile.read(file), file.getFileName().toString(), who);
        } catch (SiteFileRefused e) {
            return new Refused(e.problems());
        }
    }

    /**
     * @param fileName what the audit log calls it
     * @param who      the person who brings the file, or "hub"
     */
    public ImportResult load(byte[] content, String fileName, String who) {
        try {
            return load(SiteFile.read(new ByteArrayInputStream(content), fileName), fileName, who);
        } catch (SiteFileRefused e) {
            return new Refused(e.problems());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Takes a sheet that was read, or made, elsewhere. */
    public ImportResult load(SiteSheet sheet, String fileName, String who) {
        return transaction.execute(status -> {
            // one import at a time: two at once would each compare with what the other is about to change
            jdbc.sql("select pg_advisory_xact_lock(hashtext('meterhub.site.import'))").query((row, n) -> row).list();
            Optional<Site> known = jdbc.sql("select * from site where code = ?").param(sheet.site().code())
                    .query(Site.class).optional();
            int siteId = known.map(Site::id).orElse(0);
            Diff<GatewayState> gateways = Diff.of(gateways(siteId), sheet.gateways().stream().map(GatewayState::of),
                    GatewayState::code);
            Diff<ShopState> shops = Diff.of(shops(siteId), sheet.shops().stream().map(ShopState::of), ShopState::code);
            Diff<MeterState> meters = Diff.of(meters(siteId), sheet.meters().stream().map(MeterState::of), MeterState::code);

            List<Problem> problems = new ArrayList<>(conflicts(sheet, known, gateways, meters));
            participants.forEach(participant -> problems.addAll(participant.check(sheet)));
            if (!problems.isEmpty()) {
                return new Refused(problems);
            }
            Site site = write(known, sheet.site(), who, fileName);
            writeGateways(site, gateways.changed());
            writeShops(site, shops.changed());
            writeMeters(site, meters.changed());
            audit.recordAll(site.id(), who, Stream.of(gateways.acts("gateway", fileName), shops.acts("shop", fileName), meters.acts("meter", fileName))
                    .flatMap(List::stream).toList());
            int withoutCredit = participants.stream().mapToInt(participant -> participant.apply(site, sheet)).sum();
            return new Imported(site, gateways.counts(), shops.counts(), meters.counts(), Stream.of(
                    gateways.missing().stream().map(gone -> new Missing("gateways", gone.code, gone.name)),
                    shops.missing().stream().map(gone -> new Missing("shops", gone.code, gone.name)),
                    meters.missing().stream().map(gone -> new Missing("meters", gone.code, gone.name)))
                    .flatMap(missing -> missing).toList(), withoutCredit,
                    participants.stream().flatMap(participant -> participant.inOtherNames(site).stream()).toList());
        });
    }

    /** What the file may not change, or where it collides with what it does not name. */
    private List<Problem> conflicts(SiteSheet sheet, Optional<Site> known, Diff<GatewayState> gateways, Diff<MeterState> meters) {
        List<Problem> problems = new ArrayList<>();
        known.filter(site -> !site.zone().getId().equals(sheet.site().zone())).ifPresent(site -> problems.add(
                new Problem("site", sheet.site().row(), "time zone", "the days of this site are counted in " + site.zone()
                        + " and stay so; allowed is " + site.zone())));

        Map<String, String> doors = jdbc.sql("""
                select g.host || ':' || g.port as door, g.code || ' of site ' || s.code as holder
                from gateway g join site s on s.id = g.site_id
                where s.code <> :site or g.code <> all (:codes)""")
                .param("site", sheet.site().code())
                .param("codes", sheet.gateways().stream().map(SiteSheet.GatewayRow::code).toArray(String[]::new))
                .query((row, n) -> Map.entry(row.getString("door"), row.getString("holder"))).list().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        sheet.gateways().stream().filter(row -> doors.containsKey(row.host() + ":" + row.port())).forEach(row -> problems.add(
                new Problem("gateways", row.row(), "port", row.host() + ":" + row.port() + " is gateway "
                        + doors.get(row.host() + ":" + row.port()) + ", which is not in this file; allowed is another address")));

        Map<String, MeterState> places = meters.missing().stream().filter(meter -> meter.gateway != null)
                .collect(Collectors.toMap(MeterState::place, Function.identity()));
        for (SiteSheet.MeterRow row : sheet.meters()) {
            MeterState state = MeterState.of(row);
            MeterState before = meters.before().get(row.code());
            if (before != null && before.energyKind != row.energyKind()) {
                problems.add(new Problem("meters", row.row(), "kind", "meter " + row.code() + " counts " + before.energyKind
                        + " and has been charged as such; allowed is " + before.energyKind + ", or another code for another meter"));
            }
            if (!row.byHand() && places.containsKey(state.place())) {
                problems.add(new Problem("meters", row.row(), "unit id", row.unitId() + " on " + row.gateway() + " is meter "
                        + places.get(state.place()).code + ", which is not in this file; allowed is a free unit id, or a row"
                        + " that gives that meter another"));
            }
        }
        return problems;
    }

    private Site write(Optional<Site> known, SiteSheet.SiteRow row, String who, String fileName) {
        if (known.isPresent() && known.get().name().equals(row.name())) {
            return known.get();
        }
        Site site = jdbc.sql("""
                insert into site (code, name, zone) values (:code, :name, :zone)
                on conflict (code) do update set name = excluded.name
                returning *""")
                .param("code", row.code()).param("name", row.name()).param("zone", row.zone()).query(Site.class).single();
        audit.recordAll(site.id(), who, List.of(new Audit.Act(known.isPresent() ? "site.updated" : "site.added",
                "site " + site.code(), known.orElse(null), site, fileName)));
        return site;
    }

    private List<GatewayState> gateways(int siteId) {
        return jdbc.sql("select code, name, shaft, host, port, framing, baud from gateway where site_id = ? order by code")
                .param(siteId).query(GatewayState.class).list();
    }

    private void writeGateways(Site site, List<GatewayState> rows) {
        jdbc.sql("""
                insert into gateway (site_id, code, name, shaft, host, port, framing, baud)
                select :site, code, name, shaft, host, port, framing, baud
                from jsonb_to_recordset(:rows::jsonb)
                    as r(code text, name text, shaft text, host text, port int, framing text, baud int)
                on conflict (site_id, code) do update set
                    (name, shaft, host, port, framing, baud) =
                    (excluded.name, excluded.shaft, excluded.host, excluded.port, excluded.framing, excluded.baud)""")
                .param("site", site.id()).param("rows", json(rows)).update();
    }

    private List<ShopState> shops(int siteId) {
        return jdbc.sql("""
                select s.code, s.name, s.floor, s.shaft, s.area_m2, s.shop_group, c.name as tenant, c.phone
                from shop s left join customer c on c.id = s.customer_id
                where s.site_id = ? order by s.code""").param(siteId).query(ShopState.class).list();
    }

    private void writeShops(Site site, List<ShopState> rows) {
        jdbc.sql("""
                insert into customer (site_id, name, phone)
                select distinct :site, tenant, phone from jsonb_to_recordset(:rows::jsonb) as r(tenant text, phone text)
                where tenant is not null
                on conflict do nothing""").param("site", site.id()).param("rows", json(rows)).update();
        jdbc.sql("""
                insert into shop (site_id, code, name, floor, shaft, area_m2, shop_group, customer_id)
                select :site, r.code, r.name, r.floor, r.shaft, r."areaM2", r."shopGroup", c.id
                from jsonb_to_recordset(:rows::jsonb) as r(code text, name text, floor text, shaft text,
                    "areaM2" numeric, "shopGroup" text, tenant text, phone text)
                left join customer c on c.site_id = :site and c.name = r.tenant and c.phone is not distinct from r.phone
                order by r.code
                on conflict (site_id, code) do update set
                    (name, floor, shaft, area_m2, shop_group, customer_id) =
                    (excluded.name, excluded.floor, excluded.shaft, excluded.area_m2, excluded.shop_group,
                     excluded.customer_id)""")
                .param("site", site.id()).param("rows", json(rows)).update();
    }

    private List<MeterState> meters(int siteId) {
        // what else changes a meter waits from here on, or is done: what is read next, by a statement of its own, sees it
        jdbc.sql("select id from meter where site_id = ? order by id for no key update").param(siteId).query(Integer.class).list();
        return jdbc.sql("""
                select m.code, m.name, g.code as gateway, m.unit_id, m.model, m.energy_kind, s.code as shop, m.ct_ratio,
                       m.rating, m.opening_reading
                from meter m left join gateway g on g.id = m.gateway_id left join shop s on s.id = m.shop_id
                where m.site_id = ? order by m.code""").param(siteId).query(MeterState.class).list();
    }

    /** One statement for all: two meters may change their unit ids for each other's, checked at its end. */
    private void writeMeters(Site site, List<MeterState> rows) {
        jdbc.sql("""
                insert into meter (site_id, gateway_id, shop_id, code, name, model, energy_kind, unit_id, ct_ratio, rating,
                                   opening_reading)
                select :site, g.id, s.id, r.code, r.name, r.model, r."energyKind", r."unitId", r."ctRatio", r.rating,
                       r."openingReading"
                from jsonb_to_recordset(:rows::jsonb) as r(code text, name text, gateway text, "unitId" int, model text,
                    "energyKind" text, shop text, "ctRatio" int, rating numeric, "openingReading" numeric)
                left join gateway g on g.site_id = :site and g.code = r.gateway
                left join shop s on s.site_id = :site and s.code = r.shop
                order by r.code
                on conflict (site_id, code) do update set
                    (gateway_id, shop_id, name, model, unit_id, ct_ratio, rating, opening_reading) =
                    (excluded.gateway_id, excluded.shop_id, excluded.name, excluded.model, excluded.unit_id,
                     excluded.ct_ratio, excluded.rating, excluded.opening_reading)""")
                .param("site", site.id()).param("rows", json(rows)).update();
    }

    private String json(List<?> rows) {
        try {
            return json.writeValueAsString(rows);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private record GatewayState(String code, String name, String shaft, String host, int port, Gateway.Framing framing,
                                int baud) {
        static GatewayState of(SiteSheet.GatewayRow row) {
            return new GatewayState(row.code(), row.name(), row.shaft(), row.host(), row.port(), row.framing(), row.baud());
        }
    }

    private record ShopState(String code, String name, String floor, String shaft, BigDecimal areaM2, String shopGroup,
                             String tenant, String phone) {
        static ShopState of(SiteSheet.ShopRow row) {
            return new ShopState(row.code(), row.name(), row.floor(), row.shaft(), scaled(row.areaM2(), 2), row.group(),
                    row.tenant(), row.phone());
        }
    }

    private record MeterState(String code, String name, String gateway, Integer unitId, String model, EnergyKind energyKind,
                              String shop, int ctRatio, BigDecimal rating, BigDecimal openingReading) {
        static MeterState of(SiteSheet.MeterRow row) {
            return new MeterState(row.code(), row.name(), row.gateway(), row.unitId(), row.model(), row.energyKind(),
                    row.shop(), row.ctRatio(), scaled(row.rating(), 3), scaled(row.openingReading(), 3));
        }

        String place() {
            return unitId + " on " + gateway;
        }
    }

    /** As the table keeps it, so that equal numbers are equal. */
    private static BigDecimal scaled(BigDecimal value, int decimals) {
        return value == null ? null : value.setScale(decimals);
    }

    /** The hub's rows beside the file's, both by code. */
    private record Diff<T>(Map<String, T> before, Map<String, T> after) {

        static <T> Diff<T> of(List<T> before, Stream<T> after, Function<T, String> code) {
            return new Diff<>(byCode(before.stream(), code), byCode(after, code));
        }

        private static <T> Map<String, T> byCode(Stream<T> rows, Function<T, String> code) {
            return rows.collect(Collectors.toMap(code, Function.identity(), (first, second) -> second, LinkedHashMap::new));
        }

        List<T> changed() {
            return after.entrySet().stream().filter(row -> !row.getValue().equals(before.get(row.getKey())))
                    .map(Map.Entry::getValue).toList();
        }

        List<T> missing() {
            return before.entrySet().stream().filter(row -> !after.containsKey(row.getKey())).map(Map.Entry::getValue).toList();
        }

        ImportResult.Counts counts() {
            int added = (int) after.keySet().stream().filter(code -> !before.containsKey(code)).count();
            int changed = changed().size();
            return new ImportResult.Counts(added, changed - added, after.size() - changed);
        }

        List<Audit.Act> acts(String what, String why) {
            return after.entrySet().stream().filter(row -> !row.getValue().equals(before.get(row.getKey())))
                    .map(row -> new Audit.Act(what + (before.containsKey(row.getKey()) ? ".updated" : ".added"),
                            what + " " + row.getKey(), before.get(row.getKey()), row.getValue(), why)).toList();
        }
    }
}
