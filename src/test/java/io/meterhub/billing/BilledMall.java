package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.metering.Slice;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Gateway;
import io.meterhub.site.ImportResult;
import io.meterhub.site.Site;
import io.meterhub.site.SiteImport;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.interceptor.TransactionInterceptor;

/** Makes malls with accounts for a test, by the import that a real one takes, and looks into their books. */
public class BilledMall {

    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final ApplicationContext hub;
    private final SiteImport imports;
    private final JdbcClient jdbc;
    private final Accounts accounts;
    private final LedgerCheck check;

    public BilledMall(ApplicationContext hub) {
        this.hub = hub;
        this.imports = hub.getBean(SiteImport.class);
        this.jdbc = hub.getBean(JdbcClient.class);
        this.accounts = hub.getBean(Accounts.class);
        this.check = hub.getBean(LedgerCheck.class);
    }

    /** Shops with a meter each, all on one gateway; opened with 100 yuan and counters at 1000. */
    public Mall open(String tariff, int shops) {
        return open(tariff, shops, "100.00");
    }

    /** The same with another opening credit, which may be below 0. */
    public Mall open(String tariff, int shops, String credit) {
        return open(sheet("BILL-" + NUMBER.incrementAndGet(), tariff, shops, credit, "1000"));
    }

    /** Of one gateway. */
    Mall open(SiteSheet sheet) {
        Site site = load(sheet).site();
        List<Integer> meters = jdbc.sql("select id from meter where site_id = ? order by code").param(site.id())
                .query(Integer.class).list();
        List<Integer> accountIds = jdbc.sql("select id from account where site_id = ? order by id").param(site.id())
                .query(Integer.class).list();
        int gateway = jdbc.sql("select id from gateway where site_id = ?").param(site.id()).query(Integer.class).single();
        return new Mall(site, sheet, gateway, meters, accountIds);
    }

    /** Any number of shops with a meter each, 200 on a gateway, no opening readings; ample credit. */
    Mall openMany(String tariff, EnergyKind kind, String rating, int shops) {
        boolean water = kind == EnergyKind.WATER;
        BigDecimal credit = new BigDecimal("1000000.00");
        int number = NUMBER.incrementAndGet();
        SiteSheet sheet = new SiteSheet(new SiteSheet.SiteRow(2, "MANY-" + number, "A mall", "Asia/Shanghai"),
                IntStream.rangeClosed(0, (shops - 1) / 200).mapToObj(g -> new SiteSheet.GatewayRow(g + 2, "G" + g, "G", "S1",
                        "127.8." + number + "." + g, 502, Gateway.Framing.TCP, 9600)).toList(),
                IntStream.range(0, shops).mapToObj(i -> new SiteSheet.ShopRow(i + 2, "S-%04d".formatted(i), "Shop " + i, "1F",
                        "S1", null, null, null, null, water ? null : tariff, water ? tariff : null, water ? null : credit,
                        water ? credit : null, null, null)).toList(),
                IntStream.range(0, shops).mapToObj(i -> new SiteSheet.MeterRow(i + 2, "M-%04d".formatted(i), "Shop " + i,
                        "G" + i / 200, i % 200 + 1, water ? "generic-water-valve" : "acrel-ddsy1352", kind, "S-%04d".formatted(i), 1,
                        new BigDecimal(rating), null)).toList());
        Site site = load(sheet).site();
        return new Mall(site, sheet, jdbc.sql("select min(id) from gateway where site_id = ?").param(site.id()).query(Integer.class).single(),
                jdbc.sql("select id from meter where site_id = ? order by code").param(site.id()).query(Integer.class).list(),
                jdbc.sql("select a.id from account a join shop s on s.id = a.shop_id where a.site_id = ? order by s.code").param(site.id())
                        .query(Integer.class).list());
    }

    ImportResult.Imported load(SiteSheet sheet) {
        ImportResult result = imports.load(sheet, "test", "tester");
        assertThat(result).isInstanceOf(ImportResult.Imported.class);
        return (ImportResult.Imported) result;
    }

    /** The sheet with its meters changed. */
    static SiteSheet withMeters(SiteSheet sheet, UnaryOperator<SiteSheet.MeterRow> meter) {
        return new SiteSheet(sheet.site(), sheet.gateways(), sheet.shops(), sheet.meters().stream().map(meter).toList());
    }

    static SiteSheet sheet(String code, String tariff, int shops, String opening, String openingReading) {
        int number = NUMBER.incrementAndGet();
        return new SiteSheet(new SiteSheet.SiteRow(2, code, "A mall", "Asia/Shanghai"),
                List.of(new SiteSheet.GatewayRow(2, "G", "G", "S1", "127.7." + number / 250 + "." + number % 250, 502,
                        Gateway.Framing.TCP, 9600)),
                IntStream.range(0, shops).mapToObj(i -> new SiteSheet.ShopRow(i + 2, "S-%04d".formatted(i), "Shop " + i, "1F",
                        "S1", null, null, null, null, tariff, null,
                        opening == null ? null : new BigDecimal(opening), null, null, null)).toList(),
                IntStream.range(0, shops).mapToObj(i -> new SiteSheet.MeterRow(i + 2, "M-%04d".formatted(i), "Shop " + i, "G",
                        i + 1, "acrel-ddsy1352", EnergyKind.ELECTRICITY, "S-%04d".formatted(i), 1, new BigDecimal("13.2"),
                        openingReading == null ? null : new BigDecimal(openingReading))).toList());
    }

    /** The credit of each of the mall's accounts, without trailing zeros. */
    public List<String> credits(Mall mall) {
        return mall.accounts().stream().map(id -> accounts.account(id).orElseThrow().creditYuan().stripTrailingZeros()
                .toPlainString()).toList();
    }

    /** What is wrong in the books of this mall, of whatever accounts. */
    public List<String> problems(Mall mall) {
        return check.check(mall.site().id()).problems();
    }

    /** Accounts' lives as they would go at another time. */
    public AccountLife life(Clock clock) {
        ProxyFactory life = new ProxyFactory(new AccountLife(jdbc, accounts, hub.getBean(Assignments.class), hub.getBean(Billing.class), hub.getBean(TierRecounts.class),
                hub.getBean(DayClose.class), hub.getBean(SharedAreas.class), hub.getBean(PropertyFees.class), feeRuns(clock),
                hub.getBean(Counter.class), hub.getBean(Ledger.class), hub.getBean(Credits.class), hub.getBean(Warnings.class),
                hub.getBeanProvider(AccountWatch.class), hub.getBean(Sites.class), hub.getBean(Audit.class), hub.getBean(Texts.class), clock,
                hub.getBean(PlatformTransactionManager.class), hub.getBean(Rights.class)));
        life.setProxyTargetClass(true);
        life.addAdvice(hub.getBean(TransactionInterceptor.class));
        return (AccountLife) life.getProxy();
    }

    /** Changes of prices as they would be looked at at another time. */
    PriceChanges priceChanges(Clock clock) {
        return new PriceChanges(jdbc, hub.getBean(ObjectMapper.class), hub.getBean(Sites.class), hub.getBean(Tariffs.class),
                hub.getBean(TariffAssignments.class), hub.getBean(SiteCalendar.class), hub.getBean(TierBook.class), hub.getBean(Assignments.class),
                hub.getBean(Recount.class), hub.getBean(Reratings.class), hub.getBean(SharedAreas.class), hub.getBean(Audit.class),
                hub.getBean(Texts.class), clock, hub.getBean(PlatformTransactionManager.class), hub.getBean(Rights.class));
    }

    /** The runs of fees as they would go at another time. */
    FeeRuns feeRuns(Clock clock) {
        return new FeeRuns(jdbc, hub.getBean(Ledger.class), hub.getBean(PropertyFees.class), hub.getBean(MoneyEvents.class),
                hub.getBean(Audit.class), hub.getBeanProvider(FeeWatch.class), hub.getBean(Sites.class), clock,
                hub.getBean(PlatformTransactionManager.class));
    }

    /** Lets a site take property fees from a day of the month on. */
    void takesFees(int site, int dayOfMonth, int noticeDays, YearMonth first) {
        jdbc.sql("insert into property_fee_site (site_id, day_of_month, notice_days, first_month) values (?, ?, ?, ?)")
                .params(site, dayOfMonth, noticeDays, first.atDay(1)).update();
    }

    /** The id of one of the mall's shops, counted from 0. */
    int shop(Mall mall, int index) {
        return jdbc.sql("select shop_id from meter where id = ?").param(mall.meters().get(index)).query(Integer.class).single();
    }

    BigDecimal charged(int meter) {
        return jdbc.sql("select coalesce(sum(quantity), 0) from charge_line where meter_id = ?").param(meter)
                .query(BigDecimal.class).single();
    }

    /** As if it had been changed on the wall then. */
    void replacedAt(int meter, Instant at) {
        jdbc.sql("update meter_state set replaced_at = ? where meter_id = ?").params(at.atOffset(ZoneOffset.UTC), meter).update();
    }

    Map<String, Object> state(int meter) {
        return jdbc.sql("select * from meter_state where meter_id = ?").param(meter).query().singleRow();
    }

    public record Mall(Site site, SiteSheet sheet, int gateway, List<Integer> meters, List<Integer> accounts) {

        public int meter() {
            return meters.get(0);
        }

        public int account() {
            return accounts.get(0);
        }

        Slice slice(Instant at, String... totals) {
            List<Slice.Reading> readings = new ArrayList<>();
            for (int i = 0; i < totals.length; i++) {
                readings.add(reading(i, at, totals[i], null));
            }
            return new Slice(site.id(), gateway, at, readings, List.of());
        }

        Slice.Reading reading(int index, Instant at, String total, List<BigDecimal> bands) {
            return new Slice.Reading(meters.get(index), at, new BigDecimal(total), bands, new BigDecimal("1.234"),
                    Map.of("voltage", new BigDecimal("229.8")), null, "0000:0001 86A0");
        }
    }
}
