package io.meterhub.billing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Place;
import io.meterhub.site.Texts;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.interceptor.TransactionAspectSupport;

/** The price plans of the sites. */
@Component
public class Tariffs {

    private final JdbcClient jdbc;
    private final ObjectMapper json;
    private final Audit audit;
    private final Texts texts;
    private final Rights rights;
    private final Map<Integer, Version> versions = new ConcurrentHashMap<>();

    Tariffs(JdbcClient jdbc, ObjectMapper json, Audit audit, Texts texts, Rights rights) {
        this.rights = rights;
        this.jdbc = jdbc;
        this.json = json;
        this.audit = audit;
        this.texts = texts;
    }

    /** A version with the code of its tariff, and all its prices. */
    record Version(String tariff, LocalDate effectiveFrom, Map<Rate, List<TariffRule.Price>> prices) {

        TariffRule.Price price(Rate rate, int tier) {
            return prices.get(rate).get(tier - 1);
        }
    }

    /** The version by which something was charged. Read once: a version is never changed. */
    Version version(int id) {
        return versions.computeIfAbsent(id, one -> jdbc.sql("""
                select t.code, v.effective_from, v.rule from tariff_version v join tariff t on t.id = v.tariff_id where v.id = ?""").param(id)
                .query((row, n) -> new Version(row.getString("code"), row.getObject("effective_from", LocalDate.class),
                        rule(row.getString("rule")).matrix())).single());
    }

    /** A site's tariffs in the order of their codes. */
    public List<Tariff> of(int siteId) {
        record Row(int id, String code, String name, EnergyKind energyKind, Tariff.Version version) {
        }
        Map<Integer, Tariff> tariffs = new LinkedHashMap<>();
        jdbc.sql("""
                select t.id, t.code, t.name, t.energy_kind, v.id as version_id, v.effective_from, v.rule
                from tariff t join tariff_version v on v.tariff_id = t.id
                where t.site_id = ? order by t.code, v.effective_from, v.revision""").param(siteId)
                .query((row, n) -> new Row(row.getInt("id"), row.getString("code"), row.getString("name"),
                        EnergyKind.valueOf(row.getString("energy_kind")), new Tariff.Version(row.getInt("version_id"),
                        row.getObject("effective_from", LocalDate.class), rule(row.getString("rule")))))
                .list()
                .forEach(row -> tariffs.computeIfAbsent(row.id(), id -> new Tariff(id, siteId, row.code(), row.name(),
                        row.energyKind(), new ArrayList<>())).versions().add(row.version()));
        return List.copyOf(tariffs.values());
    }

    /**
     * Adds a version, and the tariff itself when the code is new. A version that is there is never changed, nor is what was
     * charged already: for that see {@link PriceChanges}.
     */
    @Transactional
    public TariffResult put(int siteId, String code, String name, EnergyKind energyKind, LocalDate effectiveFrom,
                            TariffRule rule, String who, String why) {
        rights.require(Right.CHANGE_PRICES, Place.site(siteId));
        // one that gave way to a mended version is there all the same
        Optional<Tariff> known = find(siteId, code).filter(tariff -> tariff.energyKind() == energyKind && tariff.versions().stream()
                .anyMatch(version -> version.effectiveFrom().equals(effectiveFrom) && version.rule().equals(rule)));
        if (known.isPresent()) {
            return new TariffResult.Stored(known.get(), true);
        }
        TariffResult result = add(siteId, code, name, energyKind, effectiveFrom, rule, who, why);
        if (result instanceof TariffResult.Stored stored && !stored.already()) {
            boolean alone = stored.tariff().versions().stream().filter(version -> version.effectiveFrom().equals(effectiveFrom)).count() == 1;
            boolean charged = alone && jdbc.sql("""
                    select exists (select from charge_line
                                   where tariff_version_id = any(:versions) and site_day >= :from and quantity > 0)
                        or exists (select from shared_line where tariff_version_id = any(:versions) and month + interval '1 month' > :from)""")
                    .param("versions", new SqlArrayValue("int4", stored.tariff().versions().stream().map(Tariff.Version::id).toArray()))
                    .param("from", effectiveFrom).query(Boolean.class).single();
            if (!alone || charged) {
                TransactionAspectSupport.currentTransactionStatus().setRollbackOnly();
                return new TariffResult.Refused("effectiveFrom", texts.of(alone ? "tariff.charged" : "tariff.version_there"));
            }
        }
        return result;
    }

    /** Adds a version also where another one from its date is there, which gives way, and where days are charged already. */
    @Transactional
    TariffResult add(int siteId, String code, String name, EnergyKind energyKind, LocalDate effectiveFrom,
                     TariffRule rule, String who, String why) {
        Optional<TariffRule.Problem> problem = problem(code, name, energyKind, effectiveFrom, rule);
        if (problem.isPresent()) {
            return new TariffResult.Refused(problem.get().field(), problem.get().in(texts));
        }
        jdbc.sql("""
                insert into tariff (site_id, code, name, energy_kind) values (:site, :code, :name, :kind)
                on conflict do nothing""")
                .param("site", siteId).param("code", code).param("name", name).param("kind", energyKind.name()).update();
        // two hubs that start at once give the file's versions one after the other, and no group takes the tariff meanwhile
        jdbc.sql("select id from tariff where site_id = ? and code = ? for no key update").params(siteId, code).query(Integer.class).single();
        Optional<Tariff> before = find(siteId, code);
        if (before.isPresent() && before.get().energyKind() != energyKind) {
            return new TariffResult.Refused("energyKind", texts.of("tariff.other_energy", code, before.get().energyKind().name()));
        }
        Optional<Tariff.Version> last = before.flatMap(tariff -> tariff.versions().stream()
                .filter(version -> version.effectiveFrom().equals(effectiveFrom)).reduce((one, next) -> next));
        if (last.isPresent() && last.get().rule().equals(rule)) {
            return new TariffResult.Stored(before.get(), true);
        }
        if (rule.tiers() != null) {
            Optional<String> sharing = jdbc.sql("""
                    select g.code from sharing_group g join tariff t on t.id = g.tariff_id where t.site_id = ? and t.code = ? order by g.code limit 1""")
                    .params(siteId, code).query(String.class).optional();
            if (sharing.isPresent()) {
                return new TariffResult.Refused("rule", texts.of("price.shared_tiers", sharing.get()));
            }
        }
        jdbc.sql("""
                insert into tariff_version (tariff_id, effective_from, revision, rule)
                select t.id, :from, coalesce(max(v.revision), 0) + 1, :rule::jsonb
                from tariff t left join tariff_version v on v.tariff_id = t.id and v.effective_from = :from
                where t.site_id = :site and t.code = :code and t.energy_kind = :kind group by t.id""")
                .param("site", siteId).param("code", code).param("kind", energyKind.name()).param("from", effectiveFrom)
                .param("rule", json(rule)).update();
        audit.record(siteId, who, "tariff.version.added", "tariff " + code, null, Map.of("effectiveFrom", effectiveFrom, "rule", rule), why);
        return new TariffResult.Stored(find(siteId, code).orElseThrow(), false);
    }

    private Optional<Tariff> find(int siteId, String code) {
        return of(siteId).stream().filter(each -> each.code().equals(code)).findFirst();
    }

    static Optional<TariffRule.Problem> problem(String code, String name, EnergyKind energyKind, LocalDate effectiveFrom,
                                                TariffRule rule) {
        if (code == null || !code.matches("[A-Za-z0-9_-]{1,32}")) {
            return Optional.of(new TariffRule.Problem("code", "code"));
        }
        if (name == null || name.isBlank() || name.length() > 100) {
            return Optional.of(new TariffRule.Problem("name", "name"));
        }
        if (energyKind == null) {
            return Optional.of(new TariffRule.Problem("energyKind", "energy_kind"));
        }
        if (effectiveFrom == null) {
            return Optional.of(new TariffRule.Problem("effectiveFrom", "effective_from"));
        }
        if (rule == null) {
            return Optional.of(new TariffRule.Problem("rule", "rule"));
        }
        return rule.problem();
    }

    private TariffRule rule(String words) {
        try {
            return json.readValue(words, TariffRule.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A tariff version in the database cannot be read", e);
        }
    }

    private String json(TariffRule rule) {
        try {
            return json.writeValueAsString(rule);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
