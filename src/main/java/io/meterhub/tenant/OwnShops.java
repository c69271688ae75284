package io.meterhub.tenant;

import io.meterhub.billing.Account;
import io.meterhub.billing.Accounts;
import io.meterhub.billing.MeterPrices;
import io.meterhub.billing.Receipt;
import io.meterhub.people.Rights;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * What is a customer's own: the open accounts of the shops that have the customer's phone in the site's sheet, as far as they are in the
 * name of the shop's tenant. What a former tenant has left open, and what is closed, is not shown.
 */
@Component
public class OwnShops {

    private static final int DAYS = 30;
    private static final int OF_PACE = 7;
    private static final int RECEIPTS = 20;

    private final JdbcClient jdbc;
    private final Accounts accounts;
    private final MeterPrices prices;
    private final Sites sites;
    private final Rights rights;
    private final Clock clock;

    OwnShops(JdbcClient jdbc, Accounts accounts, MeterPrices prices, Sites sites, Rights rights, Clock clock) {
        this.jdbc = jdbc;
        this.accounts = accounts;
        this.prices = prices;
        this.sites = sites;
        this.rights = rights;
        this.clock = clock;
    }

    /**
     * What follows {@code select}, and is followed by a condition: the open accounts {@code a} of shops {@code s} that are in the name of the shop's
     * tenant {@code c} in the sheet, or of whom nobody can say. The one rule of it: what a former tenant has left open is no longer the shop's. One whose
     * name or phone is written otherwise is not a former one.
     */
    static final String PRESENT = """
             from account a join shop s on s.id = a.shop_id and s.enabled left join customer c on c.id = s.customer_id
                 left join customer payer on payer.id = a.customer_id
            where a.state = 'OPEN' and (payer.id is null or c.id is null or same_tenant(payer.name, payer.phone, c.name, c.phone)) and\s""";

    /** What follows {@code select}: those accounts that a phone's customer sees. */
    static String accountsOf(String phone) {
        return PRESENT + "phone_digits(c.phone) = " + phone + " ";
    }

    /** @param accounts in the order of what they are for */
    public record OwnShop(Site site, String code, String name, List<Holding> accounts) {
    }

    /** An account with what it pays for. */
    public record Holding(Account account, List<OwnMeter> meters) {

        /** What the account's meters used today, kWh or m3; null where none has been read today. */
        public BigDecimal today() {
            return meters.stream().map(OwnMeter::today).filter(used -> used != null).reduce(BigDecimal::add).orElse(null);
        }

        /** Whether supply is there, all meters taken together. */
        public Supply supply() {
            return meters.stream().map(OwnMeter::supply).max(Supply::compareTo).orElse(Supply.ON);
        }
    }

    /** In rising order of what the shop wants to know first. */
    public enum Supply { ON, UNKNOWN, COMING, GOING, OFF }

    /**
     * A meter as its customer sees it.
     *
     * @param today   used since the site's midnight, kWh or m3; null where it was not read today
     * @param reasons why it is to be off, by the names of the reasons; those that keep it on among them
     * @param prices  null where it has no tariff
     */
    public record OwnMeter(int id, String code, EnergyKind kind, Instant readAt, BigDecimal power, BigDecimal today, Supply supply, List<String> reasons,
                           MeterPrices.Now prices) {

        private OwnMeter with(MeterPrices.Now now) {
            return new OwnMeter(id, code, kind, readAt, power, today, supply, reasons, now);
        }
    }

    /** What an account was charged for a day. */
    public record Day(LocalDate date, BigDecimal quantity, BigDecimal yuan) {
    }

    /**
     * All about one account.
     *
     * @param days     the last of them today; one without consumption is there too
     * @param receipts the newest first
     * @param lasts    for how many days the credit is good at the pace of the last week; null where nothing was used
     */
    public record Book(OwnShop shop, Holding holding, List<Day> days, List<Receipt> receipts, Long lasts) {
    }

    /** The customer's shops, at whatever sites, in the order of their codes. */
    public List<OwnShop> of(Tenant tenant) {
        record Found(int accountId, int siteId, String code, String name) {
        }
        Map<List<Object>, List<Holding>> byShop = new LinkedHashMap<>();
        jdbc.sql("select a.id as account_id, a.site_id, s.code, s.name" + accountsOf(":phone") + "order by a.site_id, s.code, a.kind, a.id")
                .param("phone", tenant.phone()).query(Found.class).list()
                .forEach(found -> byShop.computeIfAbsent(List.of(found.siteId(), found.code(), found.name()), shop -> new ArrayList<>())
                        .add(holding(found.accountId())));
        return byShop.entrySet().stream().map(shop -> new OwnShop(sites.site((Integer) shop.getKey().get(0)), (String) shop.getKey().get(1),
                (String) shop.getKey().get(2), shop.getValue())).toList();
    }

    /** An account with its shop, if it is the customer's own. */
    public Optional<OwnShop> shop(Tenant tenant, int accountId) {
        return of(tenant).stream().filter(shop -> shop.accounts().stream().anyMatch(own -> own.account().id() == accountId)).findFirst();
    }

    /** All about an account, if it is the customer's own. */
    public Optional<Book> book(Tenant tenant, int accountId) {
        return shop(tenant, accountId).map(shop -> {
            Holding holding = shop.accounts().stream().filter(own -> own.account().id() == accountId).findFirst().orElseThrow();
            List<Day> days = days(accountId, shop.site().dayOf(clock.instant()));
            return new Book(shop, holding, days, accounts.receipts(accountId, null, RECEIPTS), lasts(holding.account(), days));
        });
    }

    /** A receipt of an account, if that is the customer's own. */
    public Optional<Receipt> receipt(Tenant tenant, int accountId, String number) {
        return shop(tenant, accountId).flatMap(shop -> accounts.receipt(accountId, number));
    }

    private Holding holding(int accountId) {
        // whose it is was looked at
        Account account = rights.asHub(() -> accounts.account(accountId)).orElseThrow();
        return new Holding(account, meters(account));
    }

    private List<OwnMeter> meters(Account account) {
        Instant now = clock.instant();
        return jdbc.sql("""
                select m.id, m.code, m.energy_kind, st.read_at, st.power, su.wanted, su.seen,
                       case when st.day = :today then greatest(st.total - st.day_total, 0) end as today,
                       array(select kind from supply_reason r where r.meter_id = m.id and r.ended_at is null order by r.since) as reasons
                from account_meter am join meter m on m.id = am.meter_id left join meter_state st on st.meter_id = m.id
                     left join meter_supply su on su.meter_id = m.id
                where am.account_id = :account and am.valid_to is null order by m.code""")
                .param("account", account.id()).param("today", sites.site(account.siteId()).dayOf(now))
                .query((row, n) -> new OwnMeter(row.getInt("id"), row.getString("code"), EnergyKind.valueOf(row.getString("energy_kind")),
                        instant(row, "read_at"), row.getBigDecimal("power"), row.getBigDecimal("today"),
                        supply(row.getString("wanted"), row.getString("seen")), Arrays.asList((String[]) row.getArray("reasons").getArray()), null))
                .list().stream().map(meter -> meter.with(prices.at(meter.id(), now).orElse(null))).toList();
    }

    /** By the names of what is wanted and what was seen; null where the hub knows nothing. */
    private static Supply supply(String wanted, String seen) {
        if (seen == null || seen.equals("UNKNOWN")) {
            return Supply.UNKNOWN;
        }
        if (seen.equals("ON")) {
            return "OFF".equals(wanted) ? Supply.GOING : Supply.ON;
        }
        return "ON".equals(wanted) ? Supply.COMING : Supply.OFF;
    }

    private List<Day> days(int accountId, LocalDate today) {
        Map<LocalDate, Day> known = new HashMap<>();
        jdbc.sql("""
                select site_day, sum(quantity) as quantity, sum(amount) as yuan from charge_line
                where account_id = :account and site_day > :before and site_day <= :today group by site_day""")
                .param("account", accountId).param("before", today.minusDays(DAYS)).param("today", today)
                .query((row, n) -> new Day(row.getObject("site_day", LocalDate.class), row.getBigDecimal("quantity"), row.getBigDecimal("yuan")))
                .list().forEach(day -> known.put(day.date(), day));
        return today.minusDays(DAYS - 1L).datesUntil(today.plusDays(1))
                .map(date -> known.getOrDefault(date, new Day(date, BigDecimal.ZERO, BigDecimal.ZERO))).toList();
    }

    /** By whole days alone: today is not over. */
    private static Long lasts(Account account, List<Day> days) {
        List<Day> pace = days.subList(days.size() - 1 - OF_PACE, days.size() - 1).stream().filter(day -> day.yuan().signum() > 0).toList();
        BigDecimal spent = pace.stream().map(Day::yuan).reduce(BigDecimal.ZERO, BigDecimal::add);
        return spent.signum() == 0 || account.creditYuan().signum() <= 0 ? null
                : account.creditYuan().multiply(BigDecimal.valueOf(pace.size())).divide(spent, 0, RoundingMode.DOWN).longValue();
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
        return at == null ? null : at.toInstant();
    }
}
