package io.meterhub.supply;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.billing.MeterPrices;
import io.meterhub.metering.MeterModel;
import io.meterhub.metering.MeterModel.Rule;
import io.meterhub.metering.MeterModels;
import io.meterhub.metering.ParameterValue;
import io.meterhub.metering.Readings;
import io.meterhub.metering.Why;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Meter;
import io.meterhub.site.Place;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.camel.ProducerTemplate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.event.EventListener;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * What meters are to hold so that they keep to rules by themselves (表内参数). Follows from the rules of the shop, the reasons in
 * force and, where a meter keeps its credit, from its tariff; {@link HoldLoop} brings it into the meter. Until a meter was seen
 * to hold it all, and for what it cannot hold, the hub keeps to the rule; afterwards it comes in only when the meter did not
 * act within {@link #BACKSTOP}.
 */
@Component("holds")
public class Holds {

    /** So much later than the meter would the hub act, where it leaves a rule to the meter: their clocks differ, and readings take time. */
    static final Duration BACKSTOP = Duration.ofMinutes(2);
    /** What a person lifted is not found again while the meter is being told. */
    static final Duration RESET = Duration.ofMinutes(2);
    private static final int DAY_MINUTES = 24 * 60;

    private static final Logger log = LoggerFactory.getLogger(Holds.class);

    private final JdbcClient jdbc;
    private final Rows rows;
    private final Reasons reasons;
    private final MeterModels models;
    private final MeterPrices prices;
    private final ShopRules rules;
    private final Sites sites;
    private final Rights rights;
    private final Texts texts;
    private final ObjectMapper json;
    private final ProducerTemplate routes;
    private final Clock clock;

    Holds(JdbcClient jdbc, Rows rows, Reasons reasons, MeterModels models, MeterPrices prices, ShopRules rules, Sites sites, Rights rights,
          Texts texts, ObjectMapper json, ProducerTemplate routes, Clock clock) {
        this.jdbc = jdbc;
        this.rows = rows;
        this.reasons = reasons;
        this.models = models;
        this.prices = prices;
        this.rules = rules;
        this.sites = sites;
        this.rights = rights;
        this.texts = texts;
        this.json = json;
        this.routes = routes;
        this.clock = clock;
    }

    /**
     * A rule and who keeps to it.
     *
     * @param by          METER also while it has not been seen to hold it; see {@code verifiedAt}
     * @param why         what the meter cannot do, or does not exactly; null: it does it exactly
     * @param lossPercent by so much less the meter's price is
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Kept(Rule rule, Holding.By by, String why, BigDecimal lossPercent) {
    }

    /**
     * What a meter is to hold.
     *
     * @param verifiedAt      when it was last seen to hold all of it; null: the hub keeps to all rules
     * @param backstopSeconds so much later the hub acts where the meter should have
     * @param failure         why the last try came to nothing, in the language of the request
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Held(int meterId, List<Kept> rules, Map<String, ParameterValue> parameters, Instant changedAt, Instant verifiedAt,
                       int backstopSeconds, int attempts, Instant nextTryAt, String failure) {
    }

    private record Row(int id, String model, int ctRatio, int siteId, String powerLimit, String forbiddenLoad, String schedule, Integer accountId,
                       BigDecimal warnYuan, BigDecimal overdrawnYuan, String before, boolean isProtected, boolean keptOn) {
    }

    /** As the database takes it. */
    private record Saved(int meterId, Map<String, ParameterValue> wanted, JsonNode findings, List<Rule> rules) {
    }

    @EventListener
    void changed(ShopRules.Changed change) {
        agree(jdbc.sql("select id from meter where shop_id = any(?) and gateway_id is not null and enabled").param(change.shopIds().toArray(Integer[]::new))
                .query(Integer.class).list());
    }

    @EventListener
    void changed(Readings.Changed change) {
        List<Integer> meter = List.of(change.meterId());
        reasons.atEnd(meter, () -> {
            agreed(meter);
            // nobody knows what another meter, if it is one, is forced to
            jdbc.sql("update meter_supply set forced = null where meter_id = ?").param(change.meterId()).update();
            jdbc.sql("update meter_hold set verified_at = null, next_try_at = null, attempts = 0, changed_at = :now where meter_id = :meter")
                    .param("now", now()).param("meter", change.meterId()).update();
            poke(meter);
        });
    }

    /** Brings what each meter is to hold in line with rules, reasons, tariffs and accounts. Called every minute by the route agree-on-held. */
    @Transactional
    public void agreeOnAll() {
        List<String> prepaid = models.all().stream().filter(model -> model.holds().contains(Rule.PREPAID_SWITCH)).map(MeterModel::name).toList();
        Integer[] fresh = jdbc.sql("""
                select m.id from meter m where m.gateway_id is not null and m.enabled and m.model = any(:models)
                  and not exists (select from meter_hold h where h.meter_id = m.id)""")
                .param("models", prepaid.toArray(String[]::new)).query(Integer.class).list().toArray(Integer[]::new);
        if (fresh.length > 0) {
            agreed(List.of(fresh));
            // nobody waits for a first look at a switch that should be off: not all of them at once
            jdbc.sql("""
                    update meter_hold set next_try_at = :now + make_interval(mins => 60 + meter_id * 7919 % :day)
                    where meter_id = any(:ids) and rules = array['PREPAID_SWITCH']""")
                    .param("now", now()).param("day", DAY_MINUTES).param("ids", fresh).update();
        }
        agreed(null);
    }

    /** The same for these meters, and at once: at the end of the transaction, as their supply is locked before what they hold. */
    @Transactional
    public void agree(Collection<Integer> meterIds) {
        reasons.atEnd(meterIds, () -> poke(agreed(meterIds)));
    }

    /**
     * @param meterIds null: all of which rules say anything
     * @return those that are to hold something else than before
     */
    private List<Integer> agreed(Collection<Integer> meterIds) {
        List<String> holding = models.all().stream().filter(model -> !model.holds().isEmpty()).map(MeterModel::name).toList();
        List<Row> found = jdbc.sql("""
                with ruled as materialized (select * from shop_rule_at(:now))
                select m.id, m.model, m.ct_ratio, m.site_id, l.rule::text as power_limit, f.rule::text as forbidden_load, s.rule::text as schedule,
                       c.account_id, coalesce(a.level1_yuan, a.warn1_yuan) as warn_yuan, a.overdraft_yuan + a.emergency_yuan as overdrawn_yuan,
                       coalesce(h.wanted, '{}')::text as before,
                       p.meter_id is not null as is_protected,
                       exists (select from supply_reason r where r.meter_id = m.id and r.kind = 'KEEP_ON' and r.ended_at is null) as kept_on
                from meter m
                left join ruled l on l.shop_id = m.shop_id and l.kind = 'POWER_LIMIT' and m.energy_kind = 'ELECTRICITY'
                left join ruled f on f.shop_id = m.shop_id and f.kind = 'FORBIDDEN_LOAD' and m.energy_kind = 'ELECTRICITY'
                left join ruled s on s.shop_id = m.shop_id and s.kind = 'SCHEDULE' and m.energy_kind = 'ELECTRICITY'
                left join meter_credit c on c.meter_id = m.id and c.mode = 'METER'
                left join account a on a.id = c.account_id
                left join meter_hold h on h.meter_id = m.id
                left join supply_reason p on p.meter_id = m.id and p.kind = 'PROTECTED' and p.ended_at is null
                where m.gateway_id is not null and m.enabled and (m.model = any(:models) or l.shop_id is not null or f.shop_id is not null
                      or s.shop_id is not null or c.meter_id is not null or h.meter_id is not null)
                  and case when :all then p.meter_id is not null or l.shop_id is not null or f.shop_id is not null or s.shop_id is not null or c.meter_id is not null
                                or h.failure is not null or h.findings <> '[]' and h.rules <> array['PREPAID_SWITCH'] or (select count(*) from jsonb_object_keys(h.wanted)) > 1
                           else m.id = any(:ids) end
                order by m.id""")
                .param("now", now()).param("models", holding.toArray(String[]::new)).param("all", meterIds == null)
                .param("ids", meterIds == null ? new Integer[0] : meterIds.toArray(Integer[]::new)).query(Row.class).list();
        if (found.isEmpty()) {
            return List.of();
        }
        Map<Integer, LocalDate> today = new HashMap<>();
        Instant now = clock.instant();
        found.forEach(row -> today.computeIfAbsent(row.siteId, site -> sites.site(site).dayOf(now)));
        Map<Integer, MeterPrices.Prices> priced = prices.on(found.stream().filter(row -> row.accountId != null)
                .collect(Collectors.toMap(Row::id, row -> today.get(row.siteId))));
        List<Saved> saved = new ArrayList<>();
        for (Row row : found) {
            models.find(row.model).map(model -> holding(row, model, today.get(row.siteId), priced.get(row.id))).ifPresent(of ->
                    saved.add(new Saved(row.id, of.parameters(), json.valueToTree(of.findings()), of.held())));
        }
        return jdbc.sql("""
                insert into meter_hold as h (meter_id, wanted, findings, rules, changed_at)
                select meter_id, wanted, findings, rules, :now
                from jsonb_to_recordset(:rows::jsonb) as v (meter_id int, wanted jsonb, findings jsonb, rules text[])
                on conflict (meter_id) do update set wanted = excluded.wanted, findings = excluded.findings, rules = excluded.rules,
                    changed_at = case when h.wanted = excluded.wanted then h.changed_at else excluded.changed_at end,
                    verified_at = case when h.wanted = excluded.wanted then h.verified_at end,
                    next_try_at = case when h.wanted = excluded.wanted then h.next_try_at end,
                    attempts = case when h.wanted = excluded.wanted then h.attempts else 0 end
                where (h.wanted, h.findings, h.rules) is distinct from (excluded.wanted, excluded.findings, excluded.rules)
                returning meter_id""").param("now", now()).param("rows", rows.of(saved)).query(Integer.class).list();
    }

    /** @param price null: there is none */
    private Holding holding(Row row, MeterModel model, LocalDate today, MeterPrices.Prices price) {
        Set<String> before = new HashSet<>(read(row.before, new TypeReference<Map<String, Object>>() { }).keySet());
        return Holding.of(new Holding.At(model, row.ctRatio, row.isProtected, row.keptOn, before), new Holding.Ruled(
                row.powerLimit == null ? null : rules.read(row.powerLimit, PowerLimit.class),
                row.forbiddenLoad == null ? null : rules.read(row.forbiddenLoad, ForbiddenLoad.class),
                row.schedule == null ? null : rules.read(row.schedule, Schedule.class),
                row.accountId == null ? null : new Holding.Credit(price == null ? Map.of() : price.byRate(), price != null && price.tiered(),
                        row.warnYuan, row.overdrawnYuan)), today);
    }

    /** @throws SupplyRefused if the meter is not known */
    @Transactional(readOnly = true)
    public Held show(int meterId) {
        rights.require(Right.VIEW, Place.of(known(meterId)));
        return jdbc.sql("select *, wanted::text as wanted_text, findings::text as findings_text, failure::text as failure_text from meter_hold where meter_id = ?")
                .param(meterId).query((row, n) -> new Held(meterId,
                        read(row.getString("findings_text"), new TypeReference<List<Holding.Finding>>() { }).stream().map(finding -> new Kept(finding.rule(),
                                finding.by(), finding.why() == null ? null : finding.why().in(texts), finding.lossPercent())).toList(),
                        read(row.getString("wanted_text"), new TypeReference<Map<String, ParameterValue>>() { }),
                        instant(row.getObject("changed_at", OffsetDateTime.class)), instant(row.getObject("verified_at", OffsetDateTime.class)),
                        (int) BACKSTOP.toSeconds(), row.getInt("attempts"), instant(row.getObject("next_try_at", OffsetDateTime.class)),
                        row.getString("failure_text") == null ? null : read(row.getString("failure_text"), new TypeReference<Why>() { }).in(texts)))
                .optional().orElse(new Held(meterId, List.of(), Map.of(), null, null, (int) BACKSTOP.toSeconds(), 0, null, null));
    }

    /**
     * Has it looked at, and written where it differs, as soon as may be.
     *
     * @throws SupplyRefused if the meter is not known
     */
    @Transactional
    public void verify(int meterId) {
        Meter meter = known(meterId);
        rights.require(Right.READ_NOW, Place.of(meter));
        agree(List.of(meterId));
        reasons.atEnd(List.of(meterId), () -> look(meterId));
    }

    /** Somebody has reason to think that the meter holds something else. */
    @Transactional
    public void look(int meterId) {
        jdbc.sql("update meter_hold set look = true, next_try_at = null where meter_id = ?").param(meterId).update();
        poke(List.of(meterId));
    }

    /** What the meter opened for was lifted by a person: it is to begin anew. */
    void reset(int meterId) {
        jdbc.sql("update meter_hold set reset_at = :now, next_try_at = null where meter_id = :meter").param("now", now()).param("meter", meterId)
                .update();
        poke(List.of(meterId));
    }

    /** The meters that a rule is left to, among those that were seen to hold it. */
    Set<Integer> heldBy(Rule rule) {
        // whoever is forced closed looks at no load; what is planned does not count then either
        boolean load = rule == Rule.POWER_LIMIT || rule == Rule.FORBIDDEN_LOAD;
        return Set.copyOf(jdbc.sql("""
                select meter_id from meter_hold h where verified_at is not null and :rule = any(rules)
                  and not (:load and exists (select from meter_supply s where s.meter_id = h.meter_id and s.forced = 'CLOSED'))""")
                .param("rule", rule.name()).param("load", load).query(Integer.class).list());
    }

    /** Makes the loop come to the meters when the caller's transaction is done. Only a hint: if it is lost, the next tick does the same. */
    private void poke(Collection<Integer> meterIds) {
        List<HoldLoop.Due> gateways = jdbc.sql("""
                select m.id as meter, m.gateway_id as gateway, coalesce(h.reset_at is not null, false) as urgent
                from meter m left join meter_hold h on h.meter_id = m.id where m.id = any(:ids) and m.gateway_id is not null""")
                .param("ids", meterIds.toArray(Integer[]::new)).query(HoldLoop.Due.class).list();
        TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
            @Override
            public void afterCommit() {
                gateways.forEach(due -> {
                    try {
                        routes.sendBody("direct:hold-meter", due);
                    } catch (RuntimeException e) {
                        log.warn("What meter {} is to hold waits for the next tick: {}", due.meter(), e.getMessage());
                    }
                });
            }
        });
    }

    private Meter known(int meterId) {
        return sites.meter(meterId).orElseThrow(() -> new SupplyRefused("meter", texts.of("refused.no_meter", Integer.toString(meterId))));
    }

    <T> T read(String written, TypeReference<T> type) {
        try {
            return json.readValue(written, type);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("meter_hold holds what cannot be read: " + written, e);
        }
    }

    private static Instant instant(OffsetDateTime at) {
        return at == null ? null : at.toInstant();
    }

    private OffsetDateTime now() {
        return clock.instant().atOffset(ZoneOffset.UTC);
    }
}
