package io.meterhub.billing;

import static io.meterhub.billing.SqlArrays.array;

import io.meterhub.billing.Ledger.Entry;
import io.meterhub.billing.Ledger.Gl;
import io.meterhub.billing.Ledger.Journal;
import io.meterhub.site.Audit;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.ImportParticipant;
import io.meterhub.site.ImportResult.InOtherName;
import io.meterhub.site.Site;
import io.meterhub.site.SiteSheet;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.springframework.core.annotation.Order;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Billing's part of a site import: an account for each shop and kind of energy it has meters of, the tariff of each meter
 * from today on, the days on which each shop is in its group, the warning levels, and the opening credit, once.
 */
@Component
@Order(2)
class SiteAccounts implements ImportParticipant {

    private static final String SHOPS = "shops";
    /**
     * What follows {@code select}: the open accounts of shops that have a tenant {@code c}, and in whose name {@code payer}; what is left of a former
     * tenant's fee is out of it.
     */
    private static final String OF_TENANTS = """
             from account a join shop s on s.id = a.shop_id join customer c on c.id = s.customer_id left join customer payer on payer.id = a.customer_id
            where a.site_id = :site and a.state = 'OPEN' and not (a.kind = 'PROPERTY_FEE' and\s""" + PropertyFees.FORMER + ")";
    private static final String SAME_TENANT = "same_tenant(payer.name, payer.phone, c.name, c.phone)";

    private final JdbcClient jdbc;
    private final Tariffs tariffs;
    private final SiteTariffs siteTariffs;
    private final Ledger ledger;
    private final Credits credits;
    private final Warnings warnings;
    private final Audit audit;
    private final Clock clock;

    SiteAccounts(JdbcClient jdbc, Tariffs tariffs, SiteTariffs siteTariffs, Ledger ledger, Credits credits, Warnings warnings,
                 Audit audit, Clock clock) {
        this.jdbc = jdbc;
        this.tariffs = tariffs;
        this.siteTariffs = siteTariffs;
        this.ledger = ledger;
        this.credits = credits;
        this.warnings = warnings;
        this.audit = audit;
        this.clock = clock;
    }

    /** What a row of the sheet says of one kind of energy. */
    private record Terms(int row, String shop, EnergyKind kind, String tariff, BigDecimal openingYuan, BigDecimal warn1Yuan,
                         BigDecimal warn2Yuan) {

        String tariffColumn() {
            return kind == EnergyKind.ELECTRICITY ? "electricity tariff" : "water tariff";
        }

        static List<Terms> of(SiteSheet.ShopRow row) {
            return List.of(
                    new Terms(row.row(), row.code(), EnergyKind.ELECTRICITY, row.electricityTariff(),
                            row.electricityOpeningYuan(), row.warn1Yuan(), row.warn2Yuan()),
                    new Terms(row.row(), row.code(), EnergyKind.WATER, row.waterTariff(), row.waterOpeningYuan(),
                            row.warn1Yuan(), row.warn2Yuan()));
        }
    }

    @Override
    public List<SiteSheet.Problem> check(SiteSheet sheet) {
        Map<String, EnergyKind> known = new TreeMap<>();
        siteTariffs.file().ifPresent(file -> file.versions().forEach(version -> known.put(version.code(), version.energyKind())));
        jdbc.sql("select id from site where code = ?").param(sheet.site().code()).query(Integer.class).optional()
                .ifPresent(site -> tariffs.of(site).forEach(tariff -> known.put(tariff.code(), tariff.energyKind())));
        List<SiteSheet.Problem> problems = new ArrayList<>();
        for (Terms terms : terms(sheet)) {
            if (terms.tariff() != null && known.get(terms.tariff()) != terms.kind()) {
                List<String> allowed = known.entrySet().stream().filter(entry -> entry.getValue() == terms.kind())
                        .map(Map.Entry::getKey).toList();
                problems.add(new SiteSheet.Problem(SHOPS, terms.row(), terms.tariffColumn(), "no tariff " + terms.tariff()
                        + " for " + terms.kind() + "; allowed is "
                        + (allowed.isEmpty() ? "none: there are no tariffs, see meterhub.billing.tariffs"
                        : String.join(", ", allowed))));
            }
        }
        problems.addAll(silentMovers(sheet));
        return problems;
    }

    /**
     * A meter goes to another shop's account at its last reading, so that must be one at which accounts can meet. From here to the
     * import's end nothing is recorded of those that move: meters' states are held before accounts.
     */
    private List<SiteSheet.Problem> silentMovers(SiteSheet sheet) {
        record Mover(int id, String code, String shop) {
        }
        Map<String, Mover> movers = jdbc.sql("""
                select m.id, m.code, s.code as shop
                from unnest(:codes, :shops) as v (code, shop)
                join site on site.code = :site join meter m on m.site_id = site.id and m.code = v.code
                left join shop s on s.id = m.shop_id
                where s.code is distinct from v.shop""")
                .param("site", sheet.site().code()).param("codes", array("text", sheet.meters(), SiteSheet.MeterRow::code))
                .param("shops", array("text", sheet.meters(), SiteSheet.MeterRow::shop))
                .query(Mover.class).list().stream().collect(Collectors.toMap(Mover::code, Function.identity()));
        if (movers.isEmpty()) {
            return List.of();
        }
        List<Integer> ids = movers.values().stream().map(Mover::id).toList();
        jdbc.sql("select meter_id from meter_state where meter_id = any(:ids) order by meter_id for no key update")
                .param("ids", array("int4", ids, Function.identity())).query(Integer.class).list();
        Instant now = now();
        Map<String, String> flaws = new HashMap<>();
        LastReading.of(jdbc, ids).forEach(reading -> reading.flaw(now).ifPresent(flaw -> flaws.put(reading.meter(), switch (flaw) {
            case ESTIMATED -> "has not been read since it was estimated";
            case DOUBTED -> "shows what is in quarantine";
            case OLD -> "has not been read for more than an hour";
        })));
        return sheet.meters().stream().filter(row -> flaws.containsKey(row.code())).map(row -> new SiteSheet.Problem("meters", row.row(),
                "shop", "meter " + row.code() + " " + flaws.get(row.code()) + ", and what it counted since would be on the next shop;"
                + " allowed is " + Optional.ofNullable(movers.get(row.code()).shop()).map("shop "::concat).orElse("no shop")
                + ", unless its reading of now is entered first (POST /api/v1/meters/" + movers.get(row.code()).id() + "/readings)")).toList();
    }

    private static List<Terms> terms(SiteSheet sheet) {
        return sheet.shops().stream().flatMap(row -> Terms.of(row).stream()).toList();
    }

    @Override
    public int apply(Site site, SiteSheet sheet) {
        holdAccounts(site);
        siteTariffs.giveTo(site);
        dateGroups(site);
        followTenants(site);
        List<Integer> opened = openAccounts(site);
        moveMeters(site);
        List<Terms> terms = terms(sheet);
        assignTariffs(site, terms.stream().filter(each -> each.tariff() != null).toList());
        setWarnings(site, terms.stream().filter(each -> each.warn1Yuan() != null && each.warn2Yuan() != null).toList());
        warnings.follow(site.id(), null);
        giveOpeningCredit(site, terms.stream()
                .filter(each -> each.openingYuan() != null && each.openingYuan().signum() != 0).toList());
        return tell(opened);
    }

    /** Until the import is done nobody sells or charges here: what it concludes from an account's credit would be old. */
    private void holdAccounts(Site site) {
        jdbc.sql("select id from account where site_id = ? order by id for no key update").param(site.id())
                .query(Integer.class).list();
    }

    /**
     * A tenant whose name or phone is written anew is the same one: what is open in the former writing goes along. What was opened for nobody is the
     * first tenant's. What somebody else left open stays in that name, and so does a former tenant's property fee.
     */
    private void followTenants(Site site) {
        record Followed(String number, String nameBefore, String phoneBefore, String name, String phone) {
        }
        jdbc.sql("with it as (select a.id, c.id as customer, payer.name as name_before, payer.phone as phone_before, c.name, c.phone" + OF_TENANTS
                + " and a.customer_id is distinct from c.id and (a.customer_id is null or " + SAME_TENANT + ")) " + """
                update account o set customer_id = it.customer from it where it.id = o.id
                returning o.number, it.name_before, it.phone_before, it.name, it.phone""")
                .param("site", site.id()).query(Followed.class).list().stream().sorted(Comparator.comparing(Followed::number))
                .forEach(account -> audit.record(site.id(), "hub", "account.tenant", "account " + account.number(),
                        account.nameBefore() == null ? null : new Named(account.nameBefore(), account.phoneBefore()),
                        new Named(account.name(), account.phone()), "site import"));
    }

    private record Named(String name, String phone) {
    }

    @Override
    public List<InOtherName> inOtherNames(Site site) {
        return jdbc.sql("select s.code as shop, a.number as account, payer.name, c.name as tenant" + OF_TENANTS + " and s.enabled and not " + SAME_TENANT
                + " order by s.code, a.number").param("site", site.id()).query(InOtherName.class).list();
    }

    /** A shop that is new was in its group always; another group, or none, holds from today. */
    private void dateGroups(Site site) {
        LocalDate today = site.dayOf(now());
        jdbc.sql("""
                update shop_group_member g set shop_group = s.shop_group from shop s
                where s.site_id = :site and g.shop_id = s.id and g.valid_to is null and g.valid_from = :today
                  and g.shop_group is distinct from s.shop_group""").param("site", site.id()).param("today", today).update();
        jdbc.sql("""
                update shop_group_member g set valid_to = :today from shop s
                where s.site_id = :site and g.shop_id = s.id and g.valid_to is null and g.shop_group is distinct from s.shop_group""")
                .param("site", site.id()).param("today", today).update();
        jdbc.sql("""
                insert into shop_group_member (shop_id, valid_from, shop_group)
                select s.id, case when exists (select from shop_group_member g where g.shop_id = s.id) then :today::date else '-infinity' end,
                       s.shop_group
                from shop s
                where s.site_id = :site and not exists (select from shop_group_member g where g.shop_id = s.id and g.valid_to is null)
                order by s.id""").param("site", site.id()).param("today", today).update();
    }

    private List<Integer> openAccounts(Site site) {
        record Opened(int id, String number, String shop, AccountKind kind) {
        }
        List<Opened> opened = jdbc.sql("""
                with opened as (
                    insert into account (site_id, customer_id, shop_id, kind, opened_at)
                    select distinct on (s.code, m.energy_kind) s.site_id, s.customer_id, s.id, m.energy_kind, :now::timestamptz
                    from shop s join meter m on m.shop_id = s.id
                    where s.site_id = :site
                      and not exists (select from account a where a.shop_id = s.id and a.kind = m.energy_kind)
                    order by s.code, m.energy_kind
                    returning id, number, shop_id, kind)
                select o.id, o.number, s.code as shop, o.kind
                from opened o join shop s on s.id = o.shop_id order by o.id""")
                .param("site", site.id()).param("now", now().toString()).query(Opened.class).list();
        opened.forEach(account -> audit.record(site.id(), "hub", "account.opened", "account " + account.number(), null,
                account, "site import"));
        return opened.stream().map(Opened::id).toList();
    }

    /** A meter is paid for by its shop's account; one that changed its shop, or has none any more, leaves the old one. */
    private void moveMeters(Site site) {
        jdbc.sql("""
                update account_meter am
                set valid_to = greatest(now(), am.valid_from + interval '1 microsecond'), end_total = st.total, charged_to = st.read_at
                from account a, meter m left join meter_state st on st.meter_id = m.id
                where m.site_id = :site and m.id = am.meter_id and a.id = am.account_id and am.valid_to is null
                  and a.shop_id is distinct from m.shop_id""").param("site", site.id()).update();
        jdbc.sql("""
                insert into account_meter (account_id, meter_id, valid_from, start_total, charged_from)
                select distinct on (m.id) a.id, m.id, now(), coalesce(st.total, m.opening_reading),
                       case when exists (select from account_meter before where before.meter_id = m.id) then st.read_at end
                from meter m join account a on a.shop_id = m.shop_id and a.kind = m.energy_kind and a.state = 'OPEN'
                left join meter_state st on st.meter_id = m.id
                where m.site_id = :site
                  and not exists (select from account_meter am where am.meter_id = m.id and am.valid_to is null)
                  -- staff closed its account in this shop and will open the next one
                  and not exists (select from account_meter am join account c on c.id = am.account_id
                                  where am.meter_id = m.id and c.shop_id = m.shop_id and am.valid_to >= c.closed_at)
                order by m.id, a.id""").param("site", site.id()).update();
    }

    private void assignTariffs(Site site, List<Terms> terms) {
        record Change(int meterId, String meter, EnergyKind kind, String tariffBefore, int tariffId, String tariff) {
        }
        LocalDate today = site.dayOf(now());
        List<Change> changes = jdbc.sql("""
                select m.id as meter_id, m.code as meter, m.energy_kind as kind, b.code as tariff_before, t.id as tariff_id,
                       t.code as tariff
                from unnest(:shops, :kinds, :tariffs) as v (shop, kind, tariff)
                join shop s on s.site_id = :site and s.code = v.shop
                join meter m on m.shop_id = s.id and m.energy_kind = v.kind
                join tariff t on t.site_id = :site and t.code = v.tariff
                left join tariff_assignment a on a.meter_id = m.id and a.valid_from <= :today and (a.valid_to is null or a.valid_to > :today)
                left join tariff b on b.id = a.tariff_id
                where a.tariff_id is distinct from t.id
                order by m.id""")
                .param("site", site.id()).param("today", today).param("shops", array("text", terms, Terms::shop))
                .param("kinds", array("text", terms, each -> each.kind().name()))
                .param("tariffs", array("text", terms, Terms::tariff))
                .query(Change.class).list();
        if (changes.isEmpty()) {
            return;
        }
        // what was to hold from today or later gives way altogether
        jdbc.sql("delete from tariff_assignment where meter_id = any(:meters) and valid_from >= :today")
                .param("meters", array("int4", changes, Change::meterId)).param("today", today).update();
        jdbc.sql("""
                update tariff_assignment set valid_to = :today
                where meter_id = any(:meters) and (valid_to is null or valid_to > :today)""")
                .param("meters", array("int4", changes, Change::meterId)).param("today", today).update();
        jdbc.sql("""
                insert into tariff_assignment (site_id, energy_kind, tariff_id, meter_id, valid_from)
                select :site, kind, tariff, meter, :today from unnest(:kinds, :tariffs, :meters) as v (kind, tariff, meter)""")
                .param("site", site.id()).param("today", today)
                .param("kinds", array("text", changes, change -> change.kind().name()))
                .param("tariffs", array("int4", changes, Change::tariffId))
                .param("meters", array("int4", changes, Change::meterId)).update();
        changes.forEach(change -> audit.record(site.id(), "hub", "tariff.assigned", "meter " + change.meter(),
                change.tariffBefore(), change.tariff(), "site import"));
    }

    private void setWarnings(Site site, List<Terms> terms) {
        jdbc.sql("""
                update account a set warn1_yuan = v.warn1, warn2_yuan = v.warn2, own_levels = true
                from unnest(:shops, :kinds, :warn1s, :warn2s) as v (shop, kind, warn1, warn2)
                join shop s on s.site_id = :site and s.code = v.shop
                where a.shop_id = s.id and a.kind = v.kind and a.closed_at is null
                  and (a.warn1_yuan, a.warn2_yuan, a.own_levels) is distinct from (v.warn1, v.warn2, true)""")
                .param("site", site.id()).param("shops", array("text", terms, Terms::shop))
                .param("kinds", array("text", terms, each -> each.kind().name()))
                .param("warn1s", array("numeric", terms, Terms::warn1Yuan))
                .param("warn2s", array("numeric", terms, Terms::warn2Yuan)).update();
    }

    private void giveOpeningCredit(Site site, List<Terms> terms) {
        Map<String, Terms> byShop = new HashMap<>();
        terms.forEach(each -> byShop.put(each.shop() + " " + each.kind(), each));
        Instant now = now();
        Map<String, Integer> accounts = new HashMap<>();
        Map<String, BigDecimal> amounts = new HashMap<>();
        List<Journal> journals = new ArrayList<>();
        jdbc.sql("""
                select a.id, s.code, a.kind from account a join shop s on s.id = a.shop_id
                where a.site_id = :site and a.state = 'OPEN'
                  -- the sheet speaks of the tenant who was there when the hub came, not of the next one
                  and not exists (select from account b where b.shop_id = a.shop_id and b.kind = a.kind and b.id < a.id)""").param("site", site.id())
                .query(row -> {
                    Terms its = byShop.get(row.getString("code") + " " + row.getString("kind"));
                    if (its != null) {
                        String key = "opening:" + row.getInt("id");
                        accounts.put(key, row.getInt("id"));
                        amounts.put(key, its.openingYuan());
                        journals.add(new Journal(site.id(), key, Ledger.Cause.OPENING, now, site.dayOf(now), "hub",
                                "opening credit"));
                    }
                });
        Map<Long, List<Entry>> entries = new TreeMap<>();
        ledger.open(journals).forEach((key, journalId) -> entries.put(journalId,
                List.of(Entry.customer(accounts.get(key), amounts.get(key)), Entry.against(Gl.OPENING, amounts.get(key)))));
        if (!entries.isEmpty()) {
            ledger.enter(entries, Map.of(), "hub", "opening credit");
        }
    }

    /**
     * Supply starts from what a new account has: without credit it begins switched off.
     *
     * @return how many have none
     */
    private int tell(List<Integer> opened) {
        List<CreditWatch.Credit> begun = jdbc.sql("""
                select id, posted_yuan - open_yuan as credit, overdraft_yuan + emergency_yuan as limit_yuan
                from account where id = any(:ids) order by id""")
                .param("ids", array("int4", opened, Function.identity()))
                .query((row, n) -> new CreditWatch.Credit(row.getInt("id"), row.getBigDecimal("credit"),
                        row.getBigDecimal("credit").compareTo(row.getBigDecimal("limit_yuan").negate()) <= 0, "hub",
                        "opening of the account"))
                .list();
        credits.tell(begun);
        return (int) begun.stream().filter(CreditWatch.Credit::exhausted).count();
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS);
    }
}
