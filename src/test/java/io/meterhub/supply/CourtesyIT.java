package io.meterhub.supply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.meterhub.HubTest;
import io.meterhub.billing.CreditWatch.Credit;
import io.meterhub.billing.FeeWatch;
import io.meterhub.metering.Relay;
import io.meterhub.metering.SupplyControl;
import io.meterhub.metering.SupplyControl.Seen;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Audit;
import io.meterhub.site.Site;
import io.meterhub.supply.SupplyTerms.StepPer;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** Notice, hours, steps and the second person, with the hub's own route that lets through what has waited. */
@HubTest
class CourtesyIT {

    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final String OPEN = "00:00-24:00";
    private static final Duration STEP = Duration.ofMillis(700);

    private record Shop(int meter, int account) {
    }

    @Autowired
    JdbcClient jdbc;
    @Autowired
    TransactionTemplate transaction;
    @Autowired
    Supply supply;
    @Autowired
    SiteSupply terms;
    @Autowired
    MassCuts massCuts;
    @Autowired
    Arrears arrears;
    @Autowired
    FeeArrears feeArrears;
    @Autowired
    Turns turns;
    @Autowired
    SupplyControl control;
    @Autowired
    Alarms alarms;
    @Autowired
    Audit audit;

    private Site site;
    private int gateway;
    private Shop shop;

    @BeforeEach
    void aSiteWithAShop() {
        int number = NUMBER.incrementAndGet();
        site = new Site(insert("insert into site (code, name, zone) values ('COURTESY-%d', 'courtesy', 'UTC') returning id".formatted(number)),
                "COURTESY-" + number, "courtesy", ZoneOffset.UTC);
        gateway = insert("""
                insert into gateway (site_id, code, name, shaft, host, port, framing, baud, enabled)
                values (%d, 'G', 'g', 'S1', '127.9.2.1', %d, 'TCP', 9600, false) returning id""".formatted(site.id(), 2000 + number));
        shop = shops(1).get(0);
    }

    @AfterEach
    void nothingIsLeftForOthersToWaitFor() {
        transaction.executeWithoutResult(status -> supplyOf(site.id()).forEach(meter -> jdbc.sql(
                "update meter_supply set waits = null, waits_since = null, waits_until = null, due_since = null, cut_at = null, cut_for = null where meter_id = ?")
                .param(meter).update()));
    }

    private List<Integer> supplyOf(int siteId) {
        return jdbc.sql("select s.meter_id from meter_supply s join meter m on m.id = s.meter_id where m.site_id = ?").param(siteId)
                .query(Integer.class).list();
    }

    private List<Shop> shops(int count) {
        int first = jdbc.sql("select count(*) from shop where site_id = ?").param(site.id()).query(Integer.class).single() + 1;
        List<Shop> made = IntStream.range(first, first + count).mapToObj(n -> {
            int shopId = insert("insert into shop (site_id, code, name, floor, shaft) values (%d, 'S%d', 's', '1', 'S1') returning id"
                    .formatted(site.id(), n));
            int meter = insert("""
                    insert into meter (site_id, gateway_id, shop_id, code, name, model, energy_kind, unit_id, rating, enabled)
                    values (%d, %d, %d, 'M%d', 'm', 'x', 'ELECTRICITY', %d, 10, false) returning id"""
                    .formatted(site.id(), gateway, shopId, n, n));
            int account = insert("insert into account (site_id, number, shop_id, kind) values (%d, 'A%d', %d, 'ELECTRICITY') returning id"
                    .formatted(site.id(), n, shopId));
            jdbc.sql("insert into account_meter (account_id, meter_id, valid_from) values (?, ?, now())").params(account, meter).update();
            jdbc.sql("insert into meter_supply (meter_id) values (?)").param(meter).update();
            return new Shop(meter, account);
        }).toList();
        return made;
    }

    private int insert(String sql) {
        return jdbc.sql(sql).query(Integer.class).single();
    }

    private void terms(String hours, int notice, int stepShops, int massShops) {
        terms.set(site.id(), new SupplyTerms(hours, hours, hours, null, notice, stepShops, new BigDecimal("0.7"), StepPer.SITE, massShops, 10),
                "chen", "a test");
    }

    /** Hours that begin in two hours or more. */
    private static String later() {
        LocalTime now = LocalTime.now(ZoneOffset.UTC);
        DateTimeFormatter minutes = DateTimeFormatter.ofPattern("HH:mm");
        return now.isBefore(LocalTime.of(21, 0)) ? minutes.format(now.plusHours(2)) + "-24:00" : "02:00-" + minutes.format(now.minusHours(2));
    }

    @Test
    void aCutForWhatIsOwedWaitsForTheHoursAndPowerStaysOn() {
        terms(later(), 0, 0, 0);
        owe(shop);
        assertThat(supply.reasons(shop.meter)).as("the reason is set at once").extracting(Reason::kind).containsExactly(ReasonKind.ARREARS);
        assertThat(wanted(shop)).isEqualTo("ON");
        Explanation.Waiting waiting = supply.explain(shop.meter).waiting();
        assertThat(waiting.waits()).isEqualTo(Wait.HOURS);
        assertThat(waiting.until()).isAfter(Instant.now().plus(Duration.ofMinutes(100)));
        assertThat(supply.explain(shop.meter).events()).extracting(Explanation.Event::kind).containsExactly("WAITS", "REASON_SET");
        turns.refresh();
        assertThat(wanted(shop)).isEqualTo("ON");
        assertThat(supply.explain(shop.meter).events()).as("nothing new to tell").hasSize(2);

        terms(OPEN, 0, 0, 0);
        assertThat(wanted(shop)).as("the hours are others now").isEqualTo("OFF");
        assertThat(supply.explain(shop.meter).waiting()).isNull();
        pay(shop);
        assertThat(wanted(shop)).isEqualTo("ON");
    }

    @Test
    void whoPaysWithinTheNoticeIsNeverCut() {
        terms(OPEN, 30, 0, 0);
        owe(shop);
        assertThat(supply.explain(shop.meter).waiting().waits()).isEqualTo(Wait.NOTICE);
        pay(shop);
        assertThat(supply.explain(shop.meter).waiting()).isNull();
        assertThat(turned()).isZero();

        owe(shop);
        timePasses("29 minutes");
        turns.refresh();
        assertThat(wanted(shop)).isEqualTo("ON");
        timePasses("2 minutes");
        letThrough(() -> assertThat(wanted(shop)).as("the notice is over").isEqualTo("OFF"));
    }

    /** What the hub's route does every moment, however long its timer is held up; it finds the site's lock taken while the route is at it. */
    private void letThrough(ThrowingRunnable until) {
        await().untilAsserted(() -> {
            turns.release();
            until.run();
        });
    }

    /** As if it had become due so much earlier. */
    private void timePasses(String time) {
        jdbc.sql("update meter_supply set due_since = due_since - ?::interval, waits_until = waits_until - ?::interval where meter_id = ?")
                .params(time, time, shop.meter).update();
        jdbc.sql("update supply_reason set since = since - ?::interval where meter_id = ? and ended_at is null").params(time, shop.meter).update();
    }

    @Test
    void aFeeHasItsOwnNoticeAlthoughTheShopIsOffForItsCredit() {
        terms(OPEN, 30, 0, 0);
        owe(shop);
        timePasses("31 minutes");
        turns.refresh();
        assertThat(wanted(shop)).isEqualTo("OFF");
        int shopId = jdbc.sql("select shop_id from meter where id = ?").param(shop.meter).query(Integer.class).single();
        transaction.executeWithoutResult(status -> feeArrears.feeChanged(List.of(new FeeWatch.Fee(shopId, true, "hub", "overdue"))));
        assertThat(wanted(shop)).isEqualTo("OFF");
        timePasses("10 minutes");
        pay(shop);
        assertThat(wanted(shop)).as("what it was off for is paid, and of the fee nobody told it long enough ago").isEqualTo("ON");
        Explanation.Waiting waiting = supply.explain(shop.meter).waiting();
        assertThat(waiting.waits()).isEqualTo(Wait.NOTICE);
        assertThat(waiting.until()).isBetween(Instant.now().plus(Duration.ofMinutes(19)), Instant.now().plus(Duration.ofMinutes(20)));
        timePasses("21 minutes");
        letThrough(() -> assertThat(wanted(shop)).isEqualTo("OFF"));
        assertThat(supply.explain(shop.meter).events().get(0).detail().get("because").get(0).asText()).isEqualTo("PROPERTY_FEE");

        owe(shop);
        timePasses("31 minutes");
        transaction.executeWithoutResult(status -> feeArrears.feeChanged(List.of(new FeeWatch.Fee(shopId, false, "hub", "paid"))));
        assertThat(wanted(shop)).as("its notice is over as well").isEqualTo("OFF");
        pay(shop);
        assertThat(wanted(shop)).isEqualTo("ON");
    }

    @Test
    void theEndOfAKeepOnWaitsForTheHoursToo() {
        terms(later(), 0, 0, 0);
        supply.set(shop.meter, ReasonKind.KEEP_ON, "chen", "pays tomorrow", Instant.now().plus(Duration.ofHours(1)));
        owe(shop);
        assertThat(supply.explain(shop.meter).waiting()).as("nothing is due yet").isNull();
        jdbc.sql("update supply_reason set until = now() - interval '1 second' where meter_id = ? and kind = 'KEEP_ON'").param(shop.meter).update();
        supply.expire();
        assertThat(wanted(shop)).isEqualTo("ON");
        assertThat(supply.explain(shop.meter).waiting().waits()).isEqualTo(Wait.HOURS);
    }

    @Test
    void safetyKnowsNoHours() {
        terms(later(), 30, 1, 1);
        owe(shop);
        supply.set(shop.meter, ReasonKind.MANUAL_OFF, "wang", "cable", null);
        assertThat(wanted(shop)).isEqualTo("OFF");
        supply.end(shop.meter, ReasonKind.MANUAL_OFF, "wang", "done", null);
        await().untilAsserted(() -> assertThat(wanted(shop)).as("what is owed cuts only in the hours").isEqualTo("ON"));
        assertThat(supply.explain(shop.meter).waiting().waits()).isEqualTo(Wait.HOURS);
    }

    @Test
    void shopsAreCutAndRestoredStepByStepAndWhoPaysForHimselfDoesNotQueue() {
        terms(OPEN, 0, 3, 0);
        List<Shop> many = shops(20);
        owe(shop);
        assertThat(wanted(shop)).as("one alone goes at once").isEqualTo("OFF");
        owe(many);
        assertThat(many.stream().filter(each -> wanted(each).equals("OFF"))).hasSizeLessThanOrEqualTo(3);
        await().untilAsserted(() -> assertThat(many).allMatch(each -> wanted(each).equals("OFF")));
        assertSteps();
        jdbc.sql("update meter_supply set seen = 'OFF' where meter_id in (select id from meter where site_id = ?)").param(site.id()).update();

        pay(many);
        pay(shop);
        await().untilAsserted(() -> assertThat(wanted(shop)).isEqualTo("ON"));
        assertThat(many).as("others still queue").anyMatch(each -> wanted(each).equals("OFF"));
        int overtakenBy = jdbc.sql("""
                select count(*) from supply_event e join meter m on m.id = e.meter_id where m.site_id = :site and e.kind = 'TURNED'
                  and e.id > (select max(id) from supply_event where meter_id = :meter and kind = 'REASON_ENDED')
                  and e.id < (select max(id) from supply_event where meter_id = :meter and kind = 'TURNED')""")
                .param("site", site.id()).param("meter", shop.meter).query(Integer.class).single();
        assertThat(overtakenBy).as("not more than one step goes before").isLessThanOrEqualTo(3);
        await().untilAsserted(() -> assertThat(many).allMatch(each -> wanted(each).equals("ON")));
        assertSteps();
    }

    @Test
    void whoPaysBeforeHisSupplyWasOffStaysOnWithoutAStep() {
        terms(OPEN, 0, 2, 0);
        List<Shop> two = shops(2);
        owe(two);
        assertThat(two).allMatch(each -> wanted(each).equals("OFF"));
        pay(two);
        assertThat(two).as("the next round would cut them for nothing that is in force").allMatch(each -> wanted(each).equals("ON"));
    }

    @Test
    void whoIsFoundOnBeforeHisStepToBeRestoredIsNotCut() {
        terms(OPEN, 0, 1, 0);
        List<Shop> two = shops(2);
        owe(two);
        await().untilAsserted(() -> assertThat(two).allMatch(each -> wanted(each).equals("OFF")));
        jdbc.sql("update meter_supply set seen = 'OFF', seen_basis = 'REGISTER', seen_at = now() - interval '1 minute' where meter_id in (select id from meter where site_id = ?)")
                .param(site.id()).update();
        terms.set(site.id(), new SupplyTerms(OPEN, OPEN, OPEN, null, 0, 1, new BigDecimal("600"), StepPer.SITE, 0, 10), "chen", "slowly");
        pay(two);
        assertThat(two).as("each waits for his step").allMatch(each -> wanted(each).equals("OFF"));

        assertThat(control.due(two.stream().map(each -> new Seen(each.meter, Instant.now(), Relay.ON, null, BigDecimal.ONE, null)).toList())).isEmpty();
        assertThat(two).allMatch(each -> wanted(each).equals("ON"));
    }

    @Test
    void severalHubsAtOnceTurnEachShopOnceAndKeepTheSteps() throws Exception {
        terms(OPEN, 0, 3, 0);
        List<Shop> many = shops(15);
        owe(many);
        ExecutorService hubs = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int hub = 0; hub < 4; hub++) {
                running.add(hubs.submit(() -> {
                    while (many.stream().anyMatch(each -> wanted(each).equals("ON"))) {
                        turns.release();
                    }
                }));
            }
            for (Future<?> hub : running) {
                hub.get();
            }
        } finally {
            hubs.shutdownNow();
        }
        assertThat(turned()).isEqualTo(15);
        assertSteps();
    }

    private void assertSteps() {
        List<Instant> times = jdbc.sql("""
                select e.at from supply_event e join meter m on m.id = e.meter_id where m.site_id = ? and e.kind = 'TURNED' order by e.at""")
                .param(site.id()).query((row, n) -> row.getTimestamp("at").toInstant()).list();
        for (int i = 0; i + 3 < times.size(); i++) {
            assertThat(Duration.between(times.get(i), times.get(i + 3))).isGreaterThanOrEqualTo(STEP);
        }
    }

    @Test
    void moreShopsThanUsualAreNotCutBeforeAnotherPersonSaysSo() {
        terms(OPEN, 0, 0, 5);
        List<Shop> many = shops(6);
        audit.record(site.id(), "wang", "tariff.version.added", "tariff shop-single", null, null, "ten times too high");
        owe(many);
        assertThat(many).allMatch(each -> wanted(each).equals("ON"));
        assertThat(waiting()).isEqualTo(1);
        assertThat(massCuts.open(site.id()).orElseThrow().meters()).extracting(MassCuts.Held::meterId)
                .containsExactlyElementsOf(many.stream().map(Shop::meter).toList());
        assertThat(massCuts.open(site.id()).orElseThrow().causedBy()).contains("wang");

        supply.set(many.get(0).meter, ReasonKind.FAULT, "li", "smoke", null);
        assertThat(wanted(many.get(0))).as("safety does not wait").isEqualTo("OFF");
        pay(many.get(1));
        owe(shop);
        assertThat(wanted(shop)).as("who comes after is held too").isEqualTo("ON");
        turns.refresh();
        assertThat(many.subList(2, 6)).allMatch(each -> wanted(each).equals("ON"));

        assertThatThrownBy(() -> massCuts.confirm(site.id(), "wang", "they owe")).isInstanceOf(SupplyRefused.class)
                .hasMessageContaining("another person");
        terms(OPEN, 0, 0, 0);
        turns.refresh();
        assertThat(many.subList(2, 6)).as("other terms do not let through what waits").allMatch(each -> wanted(each).equals("ON"));
        assertThat(massCuts.open(site.id()).orElseThrow().causedBy()).contains("chen");
        terms(OPEN, 0, 0, 5);
        massCuts.confirm(site.id(), "li", "looked at the bills");
        assertThat(many.subList(2, 6)).allMatch(each -> wanted(each).equals("OFF"));
        assertThat(wanted(many.get(1))).as("had paid").isEqualTo("ON");
        assertThat(wanted(shop)).isEqualTo("OFF");
        assertThat(waiting()).isZero();
        assertThatThrownBy(() -> massCuts.confirm(site.id(), "li", "again")).isInstanceOf(SupplyRefused.class).hasMessageContaining("no mass cut");

        List<Shop> next = shops(2);
        owe(next);
        assertThat(next).as("as few as usual again").allMatch(each -> wanted(each).equals("OFF"));
        assertThat(supply.explain(next.get(0).meter).events().get(0).detail().get("because").get(0).asText()).isEqualTo("ARREARS");
        assertThat(supply.explain(many.get(3).meter).events().get(0).detail().at("/confirmed/decidedBy").asText()).isEqualTo("li");
    }

    @Test
    void oneByOneTheUsualNumberIsCutAndTheRestIsHeld() {
        terms(OPEN, 0, 0, 5);
        List<Shop> many = shops(9);
        many.forEach(this::owe);
        assertThat(many.stream().filter(each -> wanted(each).equals("OFF"))).hasSize(5);
        assertThat(waiting()).isEqualTo(1);
    }

    @Test
    void aMassCutThatIsDismissedKeepsAllOnForATime() {
        terms(OPEN, 0, 0, 2);
        List<Shop> many = shops(4);
        owe(many);
        assertThatThrownBy(() -> massCuts.dismiss(site.id(), Instant.now().minusSeconds(1), "li", "x")).isInstanceOf(SupplyRefused.class)
                .hasMessageContaining("future");
        massCuts.dismiss(site.id(), Instant.now().plus(Duration.ofDays(1)), "li", "the prices were wrong");
        assertThat(many).allMatch(each -> wanted(each).equals("ON"));
        assertThat(waiting()).isZero();
        assertThat(supply.reasons(many.get(0).meter)).extracting(Reason::kind)
                .containsExactlyInAnyOrder(ReasonKind.ARREARS, ReasonKind.KEEP_ON);
        assertThat(massCuts.open(site.id())).isEmpty();
    }

    @Test
    void aMassCutOfWhichNobodyIsLeftEndsByItself() {
        terms(OPEN, 0, 0, 2);
        List<Shop> many = shops(4);
        owe(many);
        assertThat(waiting()).isEqualTo(1);
        pay(many);
        turns.refresh();
        assertThat(massCuts.open(site.id())).isEmpty();
        assertThat(waiting()).isZero();
    }

    @Test
    void termsThatCannotBeAreRefusedByTheirField() {
        for (String field : List.of("workdayHours", "noticeMinutes", "stepSeconds", "massMinutes")) {
            assertThatThrownBy(() -> terms.set(site.id(), new SupplyTerms(field.equals("workdayHours") ? "8-12" : OPEN, OPEN, OPEN, null,
                    field.equals("noticeMinutes") ? -1 : 0, 1, field.equals("stepSeconds") ? new BigDecimal("0.05") : BigDecimal.ONE, StepPer.SITE,
                    1, field.equals("massMinutes") ? 0 : 1), "chen", "x"))
                    .isInstanceOfSatisfying(SupplyRefused.class, refused -> assertThat(refused.field()).isEqualTo(field));
        }
        assertThat(terms.of(site.id())).isEqualTo(SupplyTerms.DEFAULT);
    }

    private long waiting() {
        return alarms.list(Alarms.Choice.of(site.id(), true), 10).stream().filter(alarm -> alarm.kind() == AlarmKind.MASS_CUT_WAITS).count();
    }

    private int turned() {
        return jdbc.sql("select count(*) from supply_event e join meter m on m.id = e.meter_id where m.site_id = ? and e.kind = 'TURNED'")
                .param(site.id()).query(Integer.class).single();
    }

    private String wanted(Shop each) {
        return jdbc.sql("select wanted from meter_supply where meter_id = ?").param(each.meter).query(String.class).single();
    }

    private void owe(Shop each) {
        owe(List.of(each));
    }

    private void owe(Collection<Shop> many) {
        credit(many, true);
    }

    private void pay(Shop each) {
        pay(List.of(each));
    }

    private void pay(Collection<Shop> many) {
        credit(many, false);
    }

    private void credit(Collection<Shop> many, boolean exhausted) {
        transaction.executeWithoutResult(status -> arrears.creditChanged(many.stream()
                .map(each -> new Credit(each.account, exhausted ? BigDecimal.ONE.negate() : BigDecimal.TEN, exhausted, "hub", "test")).toList()));
    }
}
