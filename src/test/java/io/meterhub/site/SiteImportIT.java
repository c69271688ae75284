package io.meterhub.site;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.meterhub.HubTest;
import io.meterhub.billing.Billing;
import io.meterhub.metering.Correction;
import io.meterhub.metering.Slice;
import io.meterhub.site.ImportResult.Counts;
import io.meterhub.site.ImportResult.Imported;
import io.meterhub.site.ImportResult.InOtherName;
import io.meterhub.site.ImportResult.Missing;
import io.meterhub.site.ImportResult.Refused;
import io.meterhub.site.SiteSheet.Problem;
import io.meterhub.tenant.OwnShops;
import io.meterhub.tenant.Tenant;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

@HubTest
class SiteImportIT {

    private static final AtomicInteger PORTS = new AtomicInteger(17_000);
    private static final AtomicInteger PHONES = new AtomicInteger(21_000);

    @Autowired
    private SiteImport imports;
    @Autowired
    private JdbcClient jdbc;
    @Autowired
    private Billing billing;
    @Autowired
    private OwnShops own;

    private final String site = "site-" + UUID.randomUUID().toString().substring(0, 8);
    private final SiteSheet mall = Malls.small(site, PORTS.getAndAdd(10));

    @Test
    void aFileBecomesASite() {
        Imported taken = taken(SiteBook.of(mall).xlsx());

        assertThat(taken.site().name()).isEqualTo("小商场 Small mall");
        assertThat(List.of(taken.gateways(), taken.shops(), taken.meters()))
                .containsExactly(new Counts(2, 0, 0), new Counts(3, 0, 0), new Counts(5, 0, 0));
        assertThat(meter("E-101")).usingRecursiveComparison().ignoringFields("id", "siteId", "gatewayId", "shopId")
                .isEqualTo(new Meter(0, 0, 0, 0, "E-101", "蜀香火锅", "demo-adf400l-3p", EnergyKind.ELECTRICITY, 1, 20,
                        new BigDecimal("120.000"), new BigDecimal("1000.250"), true));
        assertThat(meter("P-1").shopId()).isNull();
        assertThat(jdbc.sql("""
                select c.name || ' ' || c.phone from shop s join customer c on c.id = s.customer_id
                where s.site_id = ? and s.code = 'A-101'""").param(taken.site().id()).query(String.class).single())
                .isEqualTo("租户 A-101 138-0000-0101");
        assertThat(acts()).contains("site.added site " + site, "gateway.added gateway GW-A", "shop.added shop B-201",
                "meter.added meter P-1")
                .filteredOn(act -> act.contains(".added ")).hasSize(1 + 2 + 3 + 5);
        assertThat(jdbc.sql("select count(*) from audit_log where site_id = ? and what = 'meter.added'").param(taken.site().id())
                .query(Integer.class).single()).isEqualTo(5);
    }

    @Test
    void whoBeginsWithoutCreditIsCounted() {
        assertThat(taken(SiteBook.of(mall).xlsx()).beginWithoutCredit()).isEqualTo(2);
    }

    @Test
    void theSameFileAgainLeavesNoTrace() {
        taken(SiteBook.of(mall).xlsx());
        long acts = allActs();
        String before = everything();

        Imported again = taken(SiteBook.of(mall).xls());

        assertThat(again.nothingChanged()).isTrue();
        assertThat(again.beginWithoutCredit()).isZero();
        assertThat(again.meters()).isEqualTo(new Counts(0, 0, 5));
        assertThat(everything()).isEqualTo(before);
        assertThat(allActs()).isEqualTo(acts);
    }

    @Test
    void whatChangedIsUpdatedAndItsBeforeAndAfterKept() {
        taken(SiteBook.of(mall).xlsx());
        Imported taken = taken(SiteBook.of(mall).set(Heading.SHOP_NAME, 3, "Tea Palace").set(Heading.SHOP_PHONE, 3, "138-0000-9999")
                .set(Heading.METER_CT_RATIO, 2, 40).xlsx());

        assertThat(taken.shops()).isEqualTo(new Counts(0, 1, 2));
        assertThat(taken.meters()).isEqualTo(new Counts(0, 1, 4));
        assertThat(meter("E-101").ctRatio()).isEqualTo(40);
        assertThat(jdbc.sql("""
                select before->>'name' || ' > ' || (after->>'name') || ', ' || (after->>'phone') || ', ' || who || ', ' || why
                from audit_log where what = 'shop.updated' and after->>'tenant' = '租户 A-102'
                order by id desc limit 1""").query(String.class).single())
                .isEqualTo("Tea & Co > Tea Palace, 138-0000-9999, tester, mall.xlsx");
    }

    @Test
    void aMeterThatWasReadBecomesAnotherOnlyWhenItWasChangedOnTheWall() {
        taken(SiteBook.of(mall).xlsx());
        Meter meter = meter("E-101");
        billing.bill(new Slice(meter.siteId(), meter.gatewayId(), Instant.now(), List.of(new Slice.Reading(meter.id(),
                Instant.now().minusSeconds(60), new BigDecimal("1000.25"), null, null, null, null, "")), List.of()));
        SiteBook other = SiteBook.of(mall).set(Heading.METER_CT_RATIO, 2, 40).set(Heading.METER_MODEL, 2, "acrel-ddsy1352");

        assertThat(refused(other.xlsx())).extracting(Problem::toString)
                .allMatch(text -> text.contains("POST /api/v1/meters/" + meter.id() + "/replacement"))
                .anyMatch(text -> text.startsWith("sheet meters, row 2, column ct ratio: meter E-101 has been read with the ct ratio 20;"))
                .anyMatch(text -> text.startsWith("sheet meters, row 2, column model: meter E-101 has been read with the model demo-adf400l-3p;"))
                .hasSize(2);
        assertThat(meter("E-101")).isEqualTo(meter);
        taken(SiteBook.of(mall).set(Heading.METER_NAME, 2, "front room").xlsx());

        assertThat(billing.replaceMeter(meter.id(), new BigDecimal("1000.25"), BigDecimal.ZERO, "Li", "burnt"))
                .isInstanceOf(Correction.Done.class);
        taken(other.xlsx());
        assertThat(meter("E-101").ctRatio()).isEqualTo(40);
        assertThat(meter("E-101").model()).isEqualTo("acrel-ddsy1352");
    }

    @Test
    void aReadMeterGoesToAnotherShopOnlyFromAReadingOfLately() {
        taken(SiteBook.of(mall).xlsx());
        Meter meter = meter("E-101");
        SiteBook moved = SiteBook.of(mall).set(Heading.METER_SHOP, 2, "A-102").set(Heading.METER_SHOP, 4, "A-101");
        bill(meter, 864_000, "1000.25");

        String silent = "sheet meters, row 2, column shop: meter E-101 has not been read for more than an hour, and what it counted since"
                + " would be on the next shop; allowed is shop A-101, unless its reading of now is entered first (POST /api/v1/meters/"
                + meter.id() + "/readings)";
        assertThat(refused(moved.xlsx())).extracting(Problem::toString).containsExactly(silent);
        taken(SiteBook.of(mall).set(Heading.METER_NAME, 2, "front room").xlsx());
        bill(meter, 3000, "1005");
        bill(meter, 60, "9000");
        assertThat(refused(moved.xlsx())).extracting(Problem::message).singleElement().asString().contains("shows what is in quarantine");
        assertThat(meter("E-101").shopId()).isEqualTo(meter.shopId());

        bill(meter, 0, "1006");
        taken(moved.xlsx());
        bill(meter, -60, "1006.5");
        assertThat(jdbc.sql("""
                select s.code || ' ' || trim_scale(sum(l.quantity)) from charge_line l join account a on a.id = l.account_id
                join shop s on s.id = a.shop_id where l.meter_id = ? group by s.code order by s.code""").param(meter.id())
                .query(String.class).list()).containsExactly("A-101 5.75", "A-102 0.5");
    }

    private void bill(Meter meter, int secondsAgo, String total) {
        Instant at = Instant.now().minusSeconds(secondsAgo);
        billing.bill(new Slice(meter.siteId(), meter.gatewayId(), at, List.of(new Slice.Reading(meter.id(), at, new BigDecimal(total), null,
                null, null, null, "")), List.of()));
    }

    @Test
    void metersMayChangeTheirUnitIdsForEachOthers() {
        taken(SiteBook.of(mall).xlsx());
        taken(SiteBook.of(mall).set(Heading.METER_UNIT_ID, 3, 11).set(Heading.METER_UNIT_ID, 4, 10).xlsx());

        assertThat(meter("W-101").unitId()).isEqualTo(11);
        assertThat(meter("E-102").unitId()).isEqualTo(10);
    }

    @Test
    void gatewaysMayChangeTheirAddressesForEachOthers() {
        taken(SiteBook.of(mall).xlsx());
        int first = mall.gateways().get(0).port();
        Imported taken = taken(SiteBook.of(mall).set(Heading.GATEWAY_PORT, 2, first + 1).set(Heading.GATEWAY_PORT, 3, first).xlsx());

        assertThat(taken.gateways()).isEqualTo(new Counts(0, 2, 0));
    }

    @Test
    void whatIsNotInTheFileStaysAndIsListed() {
        taken(SiteBook.of(mall).xlsx());
        SiteSheet less = new SiteSheet(mall.site(), mall.gateways().subList(0, 1), mall.shops().subList(0, 2),
                mall.meters().subList(0, 3));
        Imported taken = (Imported) imports.load(less, "less.xlsx", "tester");

        assertThat(taken.nothingChanged()).isTrue();
        assertThat(taken.missing()).containsExactly(new Missing("gateways", "GW-B", "B 井"), new Missing("shops", "B-201", "书店"),
                new Missing("meters", "E-201", "书店"), new Missing("meters", "P-1", "一层照明"));
        assertThat(meter("P-1").name()).isEqualTo("一层照明");
    }

    @Test
    void aRefusedFileChangesNothing() {
        taken(SiteBook.of(mall).xlsx());
        String before = everything();
        SiteBook book = SiteBook.of(mall).set(Heading.SHOP_NAME, 2, "renamed").set(Heading.METER_UNIT_ID, 6, 300);

        assertThat(refused(book.xlsx())).singleElement().asString().startsWith("sheet meters, row 6, column unit id");
        assertThat(refused("no spreadsheet".getBytes())).hasSize(1);
        assertThat(everything()).isEqualTo(before);
    }

    @Test
    void whatOnlyTheHubKnowsIsRefusedByCellToo() {
        taken(SiteBook.of(mall).xlsx());
        SiteSheet other = Malls.small(site + "-b", mall.gateways().get(0).port() - 1);
        assertThat(refused(SiteBook.of(other).xlsx())).singleElement().asString()
                .startsWith("sheet gateways, row 3, column port: 127.0.0.1:").contains("is gateway GW-A of site " + site);

        SiteBook book = SiteBook.of(mall).set(Heading.SITE_ZONE, 2, "Europe/Berlin").set(Heading.METER_CODE, 5, "E-999");
        assertThat(refused(book.xlsx())).extracting(Problem::toString)
                .anyMatch(text -> text.startsWith("sheet site, row 2, column time zone: ") && text.endsWith("allowed is Asia/Shanghai"))
                .anyMatch(text -> text.startsWith("sheet meters, row 5, column unit id: 1 on GW-B is meter E-201, which is not in this file"));
    }

    @Test
    void twoImportsAtOnceComeOneAfterTheOther() {
        List<Imported> both = Stream.of("one", "two").map(name -> CompletableFuture.supplyAsync(() ->
                (Imported) imports.load(SiteBook.of(mall).xlsx(), "mall.xlsx", name))).toList().stream()
                .map(CompletableFuture::join).toList();

        assertThat(both).extracting(Imported::meters).containsExactlyInAnyOrder(new Counts(5, 0, 0), new Counts(0, 0, 5));
    }

    @Test
    void aTenantWhoseNameOrPhoneIsCorrectedKeepsTheShopsAccounts() {
        String phone = newPhone();
        SiteBook book = SiteBook.of(mall).set(Heading.SHOP_PHONE, 2, phone);
        taken(book.xlsx());
        List<Integer> before = accounts(phone);
        assertThat(before).hasSize(2);

        Imported renamed = taken(book.set(Heading.SHOP_TENANT, 2, "蜀香餐饮有限公司").set(Heading.SHOP_PHONE, 2, "+86 " + phone).xlsx());
        assertThat(accounts(phone)).isEqualTo(before);
        assertThat(renamed.inOtherNames()).isEmpty();
        String other = newPhone();
        taken(book.set(Heading.SHOP_PHONE, 2, other).xlsx());
        assertThat(accounts(other)).isEqualTo(before);
        assertThat(holders("A-101")).containsOnly("蜀香餐饮有限公司 " + other);
        assertThat(jdbc.sql("select count(*) from audit_log where what = 'account.tenant' and after->>'phone' = ? and before->>'phone' = ?")
                .params(other, "+86 " + phone).query(Integer.class).single()).isEqualTo(2);
    }

    @Test
    void aNumberThatIsNobodysMobileMakesNoTenantTheSameAsAnother() {
        String office = "0571 8765 4321";
        SiteBook book = SiteBook.of(mall).set(Heading.SHOP_TENANT, 2, "First").set(Heading.SHOP_PHONE, 2, office);
        taken(book.xlsx());
        Imported taken = taken(book.set(Heading.SHOP_TENANT, 2, "Next").xlsx());
        assertThat(holders("A-101")).containsOnly("First " + office);
        assertThat(taken.inOtherNames()).extracting(InOtherName::name, InOtherName::tenant).containsOnly(tuple("First", "Next")).hasSize(2);
        String own = newPhone();
        taken(book.set(Heading.SHOP_PHONE, 2, own).xlsx());
        assertThat(accounts(own)).as("what the first left").isEmpty();
    }

    /** That are the phone's own. */
    private List<Integer> accounts(String phone) {
        return own.of(new Tenant(phone)).stream().flatMap(shop -> shop.accounts().stream()).map(holding -> holding.account().id()).toList();
    }

    /** That no other test has. */
    private static String newPhone() {
        return "1397%07d".formatted(PHONES.getAndIncrement());
    }

    private List<String> holders(String shop) {
        return jdbc.sql("""
                select c.name || ' ' || c.phone from account a join shop s on s.id = a.shop_id join site on site.id = s.site_id left join customer c on c.id = a.customer_id
                where site.code = ? and s.code = ?""").params(site, shop).query(String.class).list();
    }

    @Test
    void whatWasOpenedForNobodyIsTheFirstTenantsAndTheNextOnesNot() {
        String first = newPhone();
        String next = newPhone();
        SiteBook book = SiteBook.of(mall).set(Heading.SHOP_TENANT, 2, null).set(Heading.SHOP_PHONE, 2, null);
        taken(book.xlsx());
        assertThat(taken(book.set(Heading.SHOP_TENANT, 2, "First").set(Heading.SHOP_PHONE, 2, first).xlsx()).inOtherNames()).isEmpty();
        assertThat(accounts(first)).hasSize(2);

        Imported taken = taken(book.set(Heading.SHOP_TENANT, 2, "Next").set(Heading.SHOP_PHONE, 2, next).xlsx());

        assertThat(accounts(next)).isEmpty();
        assertThat(holders("A-101")).containsOnly("First " + first);
        assertThat(taken.inOtherNames()).extracting(InOtherName::shop, InOtherName::name, InOtherName::tenant)
                .containsOnly(tuple("A-101", "First", "Next")).hasSize(2);
    }

    private Imported taken(byte[] file) {
        ImportResult result = imports.load(file, "mall.xlsx", "tester");
        assertThat(result).isInstanceOf(Imported.class);
        return (Imported) result;
    }

    private List<Problem> refused(byte[] file) {
        ImportResult result = imports.load(file, "mall.xlsx", "tester");
        assertThat(result).isInstanceOf(Refused.class);
        return ((Refused) result).problems();
    }

    private Meter meter(String code) {
        return jdbc.sql("select m.* from meter m join site s on s.id = m.site_id where s.code = ? and m.code = ?")
                .param(site).param(code).query(Meter.class).single();
    }

    private List<String> acts() {
        return jdbc.sql("select what || ' ' || subject from audit_log where id >= (select max(id) from audit_log where subject = ?)"
                + " and why = 'mall.xlsx'")
                .param("site " + site).query(String.class).list();
    }

    private long allActs() {
        return jdbc.sql("select count(*) from audit_log where what ~ '^(site|gateway|shop|meter|account|tariff)[.]'")
                .query(Long.class).single();
    }

    private String everything() {
        return Stream.of("site", "gateway", "shop", "customer", "meter")
                .map(table -> jdbc.sql("select string_agg(t::text, chr(10) order by id) from " + table + " t where "
                        + (table.equals("site") ? "id" : "site_id") + " = (select id from site where code = ?)")
                        .param(site).query(String.class).single())
                .toList().toString();
    }
}
