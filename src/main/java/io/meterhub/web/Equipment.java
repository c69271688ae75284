package io.meterhub.web;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.metering.Band;
import io.meterhub.metering.EnteredReadings;
import io.meterhub.metering.MeterModel.Operation;
import io.meterhub.metering.MeterModels;
import io.meterhub.metering.Relay;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.people.Role;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Gateway;
import io.meterhub.site.Reach;
import io.meterhub.supply.Basis;
import io.meterhub.supply.MeterSupply;
import io.meterhub.supply.ReasonKind;
import io.meterhub.supply.Wait;
import io.meterhub.supply.Wanted;
import io.swagger.v3.oas.annotations.media.Schema;
import java.math.BigDecimal;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** What stands where and how it is: shops, gateways and meters as the API and the details page show them. */
@Component
class Equipment {

    private static final String GATEWAY_REACHED = Reach.sql("g.site_id", null, "g.id");
    private static final String SHOP_REACHED = Reach.sql("s.site_id", "s.id", null);
    static final String METER_REACHED = Reach.sql("m.site_id", "m.shop_id", "m.gateway_id");

    private final JdbcClient jdbc;
    private final ObjectMapper json;
    private final Clock clock;
    private final WebSettings settings;
    private final Rights rights;
    private final MeterModels models;

    Equipment(JdbcClient jdbc, ObjectMapper json, Clock clock, WebSettings settings, Rights rights, MeterModels models) {
        this.jdbc = jdbc;
        this.json = json;
        this.clock = clock;
        this.settings = settings;
        this.rights = rights;
        this.models = models;
    }

    /** BY_HAND: people read it. OVERDUE: and they have not done so for longer than the site allows, or never. */
    enum State { ONLINE, LOST, BY_HAND, OVERDUE }

    @Schema(name = "Gateway")
    record GatewayNow(int id, int siteId, String code, String name, String shaft, String host, int port, Gateway.Framing framing,
                      int baud, boolean enabled,
                      @Schema(description = "LOST: none of its meters has answered within the time after which a meter is lost") State state,
                      int meters, int metersLost,
                      @Schema(description = "The newest answer of one of its meters") Instant lastReadingAt,
                      @Schema(description = "Age of that answer, seconds") Long ageSeconds,
                      @Schema(description = "Age of the oldest last answer among its meters that answer, seconds") Long oldestSeconds) {
    }

    @Schema(name = "Meter")
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record MeterNow(int id, int siteId, String code, String name, EnergyKind energyKind, String model, Integer gatewayId, String gateway,
                    Integer unitId, Integer shopId, String shop, int ctRatio,
                    @Schema(description = "The most that can flow, kW or m3/h") BigDecimal rating, boolean enabled,
                    @Schema(description = "LOST: it has not answered within meterhub.web.lost-after. BY_HAND: it is on no gateway, people"
                            + " read it. OVERDUE: and have not for more than the site's number of days, or never") State state,
                    @Schema(description = "When the last believed reading was taken") Instant readAt,
                    @Schema(description = "Its age, seconds") Long ageSeconds,
                    @Schema(description = "The counter, kWh or m3 after the CT ratio") BigDecimal total,
                    @Schema(description = "The counter's rate bands, kWh") Map<Band, BigDecimal> bands,
                    @Schema(description = "Active power kW, or flow m3/h") BigDecimal power,
                    @Schema(description = "The model's other quantities, in the model's units") Map<String, BigDecimal> live,
                    @Schema(description = "Counted since the site's midnight, kWh or m3") BigDecimal today,
                    @Schema(description = "Why it does not answer") String failure, Instant failingSince,
                    SupplyNow supply,
                    @Schema(description = "The reasons in force, those that keep it on among them") List<ReasonNow> reasons,
                    @Schema(description = "Set while its counter shows what cannot be true") Suspect suspect) {

        public boolean lost() {
            return state == State.LOST;
        }

        public boolean byHand() {
            return gatewayId == null;
        }

        public boolean overdue() {
            return state == State.OVERDUE;
        }

        public boolean water() {
            return energyKind == EnergyKind.WATER;
        }
    }

    @Schema(name = "SupplyState")
    record SupplyNow(Wanted wanted, Relay seen,
                     @Schema(description = "False: the meter is read by hand, and the hub cannot switch it") boolean switchable,
                     @Schema(description = "How the seen state is known") Basis basis,
                     @Schema(description = "Since when it is seen so") Instant seenAt,
                     @Schema(description = "True: locked out, but not yet forced to stay off. It may be off by a control of its own, and close by that")
                     boolean unsecured,
                     @Schema(description = "Why the wish could not be fulfilled so far") String failure,
                     @Schema(description = "What a change that the reasons ask for still waits for") Wait waits,
                     @Schema(description = "Until when, where that is known") Instant waitsUntil) {
    }

    @Schema(name = "Reason")
    record ReasonNow(ReasonKind kind, Instant since, Instant until, String who, Role role, String why) {
    }

    record Suspect(Instant since, BigDecimal total, BigDecimal lastBelieved) {
    }

    @Schema(name = "Shop")
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record ShopNow(int id, int siteId, String code, String name, String floor, String shaft, BigDecimal areaM2, String shopGroup,
                   String tenant, String phone, List<Integer> meters, List<Integer> accounts) {
    }

    /** Which meters; null: any. */
    record MeterChoice(Integer site, Integer gateway, Integer shop, State state, Relay supply) {
    }

    List<GatewayNow> gateways(Integer site, Integer id) {
        Instant now = clock.instant();
        return jdbc.sql("""
                select g.*, m.* from gateway g cross join lateral (
                    select count(*) as meters, count(*) filter (where st.answered_at is null or st.answered_at < :lost) as lost,
                           max(st.answered_at) as newest, min(st.answered_at) filter (where st.failing_since is null) as oldest
                    from meter m left join meter_state st on st.meter_id = m.id
                    where m.gateway_id = g.id and m.enabled) m
                where (:site::int is null or g.site_id = :site) and (:id::int is null or g.id = :id) and""" + GATEWAY_REACHED + """
                order by g.site_id, g.code""")
                .params(reached()).param("site", site).param("id", id).param("lost", Sql.instant(now.minus(settings.lostAfter())))
                .query((row, n) -> new GatewayNow(row.getInt("id"), row.getInt("site_id"), row.getString("code"),
                        row.getString("name"), row.getString("shaft"), row.getString("host"), row.getInt("port"),
                        Gateway.Framing.valueOf(row.getString("framing")), row.getInt("baud"), row.getBoolean("enabled"),
                        settings.fresh(Sql.instant(row, "newest"), now) ? State.ONLINE : State.LOST, row.getInt("meters"),
                        row.getInt("lost"), Sql.instant(row, "newest"), age(Sql.instant(row, "newest"), now),
                        age(Sql.instant(row, "oldest"), now)))
                .list();
    }

    List<ShopNow> shops(Integer site, Integer id, int after, int limit) {
        return jdbc.sql("""
                select s.*, c.name as tenant, c.phone,
                       array(select m.id from meter m where m.shop_id = s.id and m.enabled order by m.energy_kind, m.id) as meters,
                       array(select a.id from account a where a.shop_id = s.id and a.closed_at is null order by a.kind) as accounts
                from shop s left join customer c on c.id = s.customer_id
                where (:site::int is null or s.site_id = :site) and (:id::int is null or s.id = :id) and s.id > :after and s.enabled and""" + SHOP_REACHED + """
                order by s.id limit :limit""")
                .params(reached())
                .param("site", site).param("id", id).param("after", after).param("limit", limit)
                .query((row, n) -> new ShopNow(row.getInt("id"), row.getInt("site_id"), row.getString("code"), row.getString("name"),
                        row.getString("floor"), row.getString("shaft"), row.getBigDecimal("area_m2"), row.getString("shop_group"),
                        row.getString("tenant"), row.getString("phone"), ids(row, "meters"), ids(row, "accounts")))
                .list();
    }

    private Map<String, Object> reached() {
        return rights.reach(Right.VIEW).parameters();
    }

    Optional<ShopNow> shop(int id) {
        return shops(null, id, 0, 1).stream().findFirst();
    }

    Optional<MeterNow> meter(int id) {
        return meters(new MeterChoice(null, null, null, null, null), id, 0, 1).stream().findFirst();
    }

    List<MeterNow> meters(MeterChoice choice, int after, int limit) {
        return meters(choice, null, after, limit);
    }

    private List<MeterNow> meters(MeterChoice choice, Integer id, int after, int limit) {
        Instant now = clock.instant();
        return jdbc.sql("""
                select m.*, g.code as gateway, s.code as shop, site.zone, st.answered_at, st.read_at, st.total, st.bands, st.power, st.live::text as live,
                       st.day, st.day_total, st.failing_since, st.failure, st.suspect_total, q.since as suspect_since, q.accepted_total, known.state,
                       su.wanted, su.seen, su.seen_basis, su.seen_at, su.failure as supply_failure, su.waits, su.waits_until,""" + MeterSupply.UNSECURED + """
                       as unsecured,
                       (select coalesce(jsonb_agg(jsonb_build_object('kind', r.kind, 'since', r.since, 'until', r.until, 'who', r.who, 'role', r.role,
                            'why', r.why) order by r.since), '[]') from supply_reason r where r.meter_id = m.id and r.ended_at is null)::text as reasons
                from meter m join site on site.id = m.site_id left join gateway g on g.id = m.gateway_id
                     left join shop s on s.id = m.shop_id
                     left join meter_state st on st.meter_id = m.id
                     left join meter_supply su on su.meter_id = m.id
                     left join quarantine q on q.meter_id = m.id and q.ended_at is null
                     left join reading_setting rs on rs.site_id = m.site_id
                     cross join lateral (select case
                         when m.gateway_id is not null then case when st.answered_at >= :lost then 'ONLINE' else 'LOST' end
                         when st.read_at >= :now - make_interval(days => coalesce(rs.by_hand_days, :days)) then 'BY_HAND'
                         else 'OVERDUE' end as state) known
                where m.id > :after and (:id::int is null or m.id = :id) and (:site::int is null or m.site_id = :site)
                      and (:gateway::int is null or m.gateway_id = :gateway) and (:shop::int is null or m.shop_id = :shop)
                      and (:state::text is null or known.state = :state)
                      and (:supply::text is null or coalesce(su.seen, 'UNKNOWN') = :supply) and""" + METER_REACHED + """
                order by m.id limit :limit""")
                .params(reached())
                .param("after", after).param("id", id).param("site", choice.site()).param("gateway", choice.gateway())
                .param("shop", choice.shop()).param("state", choice.state() == null ? null : choice.state().name())
                .param("supply", choice.supply() == null ? null : choice.supply().name())
                .param("lost", Sql.instant(now.minus(settings.lostAfter()))).param("now", Sql.instant(now))
                .param("days", EnteredReadings.BY_HAND_DAYS).param("limit", limit).param("freeing", models.able(Operation.SWITCH_FREE))
                .query((row, n) -> meter(row, now)).list();
    }

    private MeterNow meter(ResultSet row, Instant now) throws SQLException {
        Instant readAt = Sql.instant(row, "read_at");
        Integer gateway = row.getObject("gateway_id", Integer.class);
        BigDecimal total = row.getBigDecimal("total");
        return new MeterNow(row.getInt("id"), row.getInt("site_id"), row.getString("code"), row.getString("name"),
                EnergyKind.valueOf(row.getString("energy_kind")), row.getString("model"), gateway,
                row.getString("gateway"), row.getObject("unit_id", Integer.class), row.getObject("shop_id", Integer.class), row.getString("shop"),
                row.getInt("ct_ratio"), row.getBigDecimal("rating"), row.getBoolean("enabled"),
                State.valueOf(row.getString("state")), readAt, age(readAt, now), total, bands(row.getArray("bands")),
                row.getBigDecimal("power"), read(row.getString("live"), new TypeReference<>() { }), today(row, total, now),
                gateway == null ? null : row.getString("failure"), gateway == null ? null : Sql.instant(row, "failing_since"),
                row.getString("wanted") == null ? null : new SupplyNow(Wanted.valueOf(row.getString("wanted")),
                        Relay.valueOf(row.getString("seen")), gateway != null, row.getString("seen_basis") == null ? null
                                : Basis.valueOf(row.getString("seen_basis")), Sql.instant(row, "seen_at"),
                        gateway != null && row.getBoolean("unsecured"), gateway == null ? null : row.getString("supply_failure"), row.getString("waits") == null ? null
                                : Wait.valueOf(row.getString("waits")), Sql.instant(row, "waits_until")),
                read(row.getString("reasons"), new TypeReference<>() { }),
                row.getObject("suspect_since") == null ? null : new Suspect(Sql.instant(row, "suspect_since"),
                        row.getBigDecimal("suspect_total"), row.getBigDecimal("accepted_total")));
    }

    private static BigDecimal today(ResultSet row, BigDecimal total, Instant now) throws SQLException {
        LocalDate day = row.getObject("day", LocalDate.class);
        BigDecimal dayTotal = row.getBigDecimal("day_total");
        boolean counted = total != null && dayTotal != null && now.atZone(ZoneId.of(row.getString("zone"))).toLocalDate().equals(day);
        return counted ? total.subtract(dayTotal).max(BigDecimal.ZERO) : null;
    }

    private static Map<Band, BigDecimal> bands(Array registers) throws SQLException {
        if (registers == null) {
            return null;
        }
        BigDecimal[] values = (BigDecimal[]) registers.getArray();
        Map<Band, BigDecimal> bands = new EnumMap<>(Band.class);
        for (int i = 0; i < values.length; i++) {
            if (values[i] != null) {
                bands.put(Band.values()[i], values[i]);
            }
        }
        return bands;
    }

    private static List<Integer> ids(ResultSet row, String column) throws SQLException {
        return Arrays.asList((Integer[]) row.getArray(column).getArray());
    }

    private <T> T read(String text, TypeReference<T> type) throws SQLException {
        try {
            return text == null ? null : json.readValue(text, type);
        } catch (JsonProcessingException e) {
            throw new SQLException("The database answered what is no such JSON: " + text, e);
        }
    }

    static Long age(Instant at, Instant now) {
        return at == null ? null : Math.max(0, Duration.between(at, now).toSeconds());
    }
}
