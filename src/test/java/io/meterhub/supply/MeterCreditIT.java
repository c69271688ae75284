package io.meterhub.supply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.meterhub.AtOnce;
import io.meterhub.HubTest;
import io.meterhub.MeterHub;
import io.meterhub.billing.Counter;
import io.meterhub.billing.CounterRequest;
import io.meterhub.billing.CounterResult;
import io.meterhub.billing.PayMethod;
import io.meterhub.metering.MeterOperations;
import io.meterhub.metering.MeterOperations.Result;
import io.meterhub.simulator.Fault;
import io.meterhub.simulator.Fault.Hits;
import io.meterhub.simulator.FaultKind;
import io.meterhub.simulator.MeterTruth;
import io.meterhub.simulator.VirtualMall;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Gateway.Framing;
import io.meterhub.site.ImportResult;
import io.meterhub.site.SiteImport;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.SiteSheet.GatewayRow;
import io.meterhub.site.SiteSheet.MeterRow;
import io.meterhub.site.SiteSheet.ShopRow;
import io.meterhub.site.SiteSheet.SiteRow;
import io.meterhub.site.Sites;
import io.meterhub.supply.MeterCredits.Decision;
import io.meterhub.supply.MeterCredits.Mode;
import io.meterhub.supply.MeterCredits.State;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Credit kept by meters of the virtual mall, in which nothing is used, with all that goes wrong on the way to them. */
@HubTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MeterCreditIT {

    private static final Duration LONG = Duration.ofMinutes(2);
    private static final Set<FaultKind> FAULTS = EnumSet.allOf(FaultKind.class);
    /** Those of requests; the others are of the meter itself. */
    private static final Set<FaultKind> OF_REQUESTS = EnumSet.complementOf(EnumSet.of(FaultKind.SET_BACK, FaultKind.OVERFLOW, FaultKind.SWAPPED,
            FaultKind.STUCK, FaultKind.SLIPPING, FaultKind.LEAK));
    private static final List<String> OTHERS = List.of("SEVERAL", "WATER", "CRASH", "AHEAD", "BACK", "TWO-A", "TWO-B", "KWH", "PAUSE", "TAKEN",
            "HUBS-1", "HUBS-2", "HUBS-3");

    @Autowired
    JdbcClient jdbc;
    @Autowired
    SiteImport imports;
    @Autowired
    Sites sites;
    @Autowired
    Counter counter;
    @Autowired
    MeterOperations operations;
    @Autowired
    MeterCredits credits;
    @Autowired
    CreditLoop loop;
    @Autowired
    ApplicationContext hub;

    private VirtualMall mall;
    private int site;
    private Map<String, Integer> ids;

    /** A meter for each fault, on a gateway of its own, and one for each other test. Each has a shop with 100 yuan. */
    @BeforeAll
    void aMallIsAttached() {
        List<String> names = Stream.of(FAULTS.stream().map(FaultKind::name), OTHERS.stream(), OF_REQUESTS.stream().map(kind -> "W-" + kind),
                OF_REQUESTS.stream().map(kind -> "R-" + kind)).flatMap(Function.identity()).toList();
        List<GatewayRow> gateways = new ArrayList<>();
        List<ShopRow> shops = new ArrayList<>();
        List<MeterRow> meters = new ArrayList<>();
        for (String name : names) {
            int row = gateways.size() + 2;
            boolean water = name.equals("WATER");
            String shop = name.startsWith("TWO") ? "TWO" : name;
            gateways.add(new GatewayRow(row, name, name, "A", "127.9.14.1", 0, Framing.TCP, 9600));
            if (!name.equals("TWO-B")) {
                BigDecimal credit = new BigDecimal("100.00");
                shops.add(new ShopRow(row, shop, shop, "1F", "A", null, "food", null, null, water ? null : "shop-single",
                        water ? "water-single" : null, water ? null : credit, water ? credit : null, null, null));
            }
            meters.add(new MeterRow(row, name, name, name, 1, water ? "generic-water-valve" : name.equals("KWH") ? "demo-adf400l-1p" : "demo-adf400l-3p",
                    water ? EnergyKind.WATER : EnergyKind.ELECTRICITY, shop, 1, new BigDecimal("20"), null));
        }
        Instant now = Instant.parse("2026-11-23T03:00:00Z");
        mall = VirtualMall.of(new SiteSheet(new SiteRow(2, "METER-CREDIT", "credit", "Asia/Shanghai"), gateways, shops, meters))
                .clock(() -> now).pace(0).loadFactor(0).start();
        ImportResult result = imports.load(mall.sheet(), "test", "tester");
        assertThat(result).isInstanceOf(ImportResult.Imported.class);
        site = ((ImportResult.Imported) result).site().id();
        ids = sites.meterIds(site);
    }

    @AfterAll
    void close() {
        jdbc.sql("update gateway set enabled = false where site_id = ?").param(site).update();
        mall.close();
    }

    private int keeping(String meter) {
        return keeping(meter, 1);
    }

    private int keeping(String meter, int count) {
        credits.set(ids.get(meter), Mode.METER, "li", "a test");
        holds(meter, count, "100.00");
        return ids.get(meter);
    }

    private int account(String meter) {
        return jdbc.sql("select account_id from account_meter where meter_id = ? and valid_to is null").param(ids.get(meter))
                .query(Integer.class).single();
    }

    private CounterResult.Booked sell(String meter, String yuan) {
        return (CounterResult.Booked) counter.act(CounterRequest.sale(UUID.randomUUID().toString(), account(meter), new BigDecimal(yuan),
                PayMethod.CASH, "li", null));
    }

    /** In the end the meter has so many purchases and so much credit, and the hub knows. */
    private void holds(String meter, int count, String yuan) {
        await(meter).atMost(LONG).untilAsserted(() -> {
            MeterTruth truth = mall.meter(meter);
            assertThat(truth.purchaseCount()).as(meter).isEqualTo(count);
            assertThat(truth.credit()).as(meter).isEqualByComparingTo(yuan);
            assertThat(credits.show(ids.get(meter))).satisfies(credit -> {
                assertThat(credit.expectedCount()).as(meter).isEqualTo(count);
                assertThat(credit.waitingYuan()).as(meter).isZero();
                assertThat(credit.failure()).as(meter).isNull();
            });
        });
    }

    private List<String> alarms(String meter) {
        return jdbc.sql("select kind from alarm where subject_id = ? and subject = 'METER' and kind like 'COUNT%' and cleared_at is null")
                .param(ids.get(meter)).query(String.class).list();
    }

    private void stopped(String meter, String alarm) {
        await(meter).atMost(LONG).untilAsserted(() -> {
            assertThat(credits.show(ids.get(meter)).stoppedCount()).as(meter).isNotNull();
            assertThat(alarms(meter)).containsExactly(alarm);
        });
    }

    @Test
    void whateverIsWrongOnTheWayTheMeterHasEachPurchaseOnce() {
        FAULTS.forEach(kind -> keeping(kind.name()));
        for (FaultKind kind : FAULTS) {
            mall.fault(kind.name(), Fault.of(kind).times(kind == FaultKind.SWAPPED ? 0 : 4));
            sell(kind.name(), "50.00");
            sell(kind.name(), "0.01");
        }
        for (FaultKind kind : EnumSet.complementOf(EnumSet.of(FaultKind.SWAPPED))) {
            holds(kind.name(), 3, "150.01");
        }
        stopped("SWAPPED", "COUNT_BEHIND");
        int swapped = ids.get("SWAPPED");
        assertThat(mall.meter("SWAPPED").purchaseCount()).as("nothing is written before a person has decided").isZero();
        credits.accept(swapped, new Decision(0, null, true), "li", "meter changed");
        holds("SWAPPED", 3, "150.01");
        assertThat(alarms("SWAPPED")).isEmpty();
    }

    /** The purchase that is hit is the one at which the count of 16 bits begins anew. */
    @Test
    void whateverHitsTheWriteOfAPurchaseOrItsReadBackTheMeterHasItOnce() {
        Map<String, Fault> hit = new LinkedHashMap<>();
        for (FaultKind kind : OF_REQUESTS) {
            hit.put("W-" + kind, Fault.of(kind).hits(Hits.WRITES).times(1));
            // of what is read back nothing is lost to a lost answer to a write; a slow one is right
            hit.put("R-" + kind, kind == FaultKind.REPLY_LOST ? Fault.of(kind).hits(Hits.WRITES).times(2)
                    : Fault.of(kind).hits(Hits.READ_BACKS).times(kind == FaultKind.SLOW ? 2 : 4));
        }
        hit.keySet().forEach(meter -> mall.purchases(meter, 65534));
        hit.keySet().forEach(meter -> keeping(meter, 65535));
        hit.forEach((meter, fault) -> {
            mall.fault(meter, fault);
            sell(meter, "50.00");
            sell(meter, "0.01");
        });
        for (String meter : hit.keySet()) {
            holds(meter, 1, "150.01");
            assertThat(mall.meter(meter).fault()).as(meter + ": it has hit").isNull();
            assertThat(credits.show(ids.get(meter)).purchases()).as(meter).extracting(MeterCredits.Purchase::count, MeterCredits.Purchase::state)
                    .containsExactly(tuple(1, State.CONFIRMED), tuple(0, State.CONFIRMED), tuple(65535, State.CONFIRMED));
            assertThat(alarms(meter)).as(meter).isEmpty();
        }
    }

    @Test
    void twoHubsOverOneDatabaseWriteEachPurchaseOnce() throws Exception {
        List<String> meters = List.of("HUBS-1", "HUBS-2", "HUBS-3");
        meters.forEach(this::keeping);
        String url = hub.getBean(DataSource.class).unwrap(HikariDataSource.class).getJdbcUrl();
        HikariDataSource database = hub.getBean(DataSource.class).unwrap(HikariDataSource.class);
        try (ConfigurableApplicationContext other = new SpringApplicationBuilder(MeterHub.class).profiles("test").run("--server.port=0",
                "--spring.config.additional-location=classpath:/application-test.yaml", "--spring.datasource.url=" + url,
                "--spring.datasource.username=" + database.getUsername(), "--spring.datasource.password=" + database.getPassword())) {
            CreditLoop otherLoop = other.getBean(CreditLoop.class);
            assertThat(otherLoop).isNotSameAs(loop);
            Counter otherCounter = other.getBean(Counter.class);
            List<Callable<Void>> acts = new ArrayList<>();
            for (String meter : meters) {
                mall.fault(meter, Fault.of(FaultKind.REPLY_LOST).hits(Hits.WRITES).times(3));
                for (int sale = 0; sale < 4; sale++) {
                    boolean here = sale % 2 == 0;
                    acts.add(() -> {
                        (here ? counter : otherCounter).act(CounterRequest.sale(UUID.randomUUID().toString(), account(meter), new BigDecimal("10.00"),
                                PayMethod.CASH, "li", null));
                        (here ? loop : otherLoop).advance(ids.get(meter));
                        (here ? otherLoop : loop).advance(ids.get(meter));
                        return null;
                    });
                }
            }
            AtOnce.atOnce(acts);
            meters.forEach(meter -> holds(meter, 5, "140.00"));
            meters.forEach(meter -> assertThat(mall.meter(meter).fault()).as("it has hit").isNull());
        }
    }

    @Test
    void severalAtOnceWriteEachPurchaseOnce() throws Exception {
        int meter = keeping("SEVERAL");
        List<Callable<Void>> acts = new ArrayList<>();
        IntStream.range(0, 6).forEach(i -> acts.add(() -> {
            sell("SEVERAL", "10.00");
            loop.advance(meter);
            return null;
        }));
        AtOnce.atOnce(acts);
        holds("SEVERAL", 7, "160.00");
        assertThat(credits.show(meter).purchases()).allMatch(purchase -> purchase.state() == State.CONFIRMED)
                .extracting(MeterCredits.Purchase::number).containsExactlyInAnyOrder(1L, 2L, 3L, 4L, 5L, 6L, 7L);
    }

    @Test
    void waterIsKeptTheSameWay() {
        keeping("WATER");
        sell("WATER", "12.34");
        holds("WATER", 2, "112.34");
    }

    @Test
    void aHubThatDiedAfterTheWriteLeavesItToTheCount() {
        int meter = keeping("CRASH");
        UUID dead = UUID.randomUUID();
        jdbc.sql("update meter_credit set worker = ?, held_until = now() + interval '1 hour' where meter_id = ?").params(dead, meter).update();
        sell("CRASH", "50.00");
        CreditLoop.Purchase taken = loop.take(meter, dead, 1).orElseThrow();
        assertThat(taken.count()).isEqualTo(2);
        assertThat(operations.credit(meter, taken.amountYuan(), taken.count())).isInstanceOf(Result.Done.class);
        sell("CRASH", "5.00");
        loop.advance(meter);
        assertThat(credits.show(meter).purchases()).as("held by the dead hub").extracting(MeterCredits.Purchase::state)
                .containsExactly(State.WAITING, State.WRITING, State.CONFIRMED);
        jdbc.sql("update meter_credit set held_until = now() - interval '1 second' where meter_id = ?").param(meter).update();
        holds("CRASH", 3, "155.00");
        assertThat(loop.take(meter, dead, 3)).as("the dead one wakes up").isEmpty();
    }

    @Test
    void aSaleDoesNotWaitForThePauseAfterAFailure() {
        int meter = keeping("PAUSE");
        jdbc.sql("update meter_credit set attempts = 9, next_try_at = now() + interval '1 day' where meter_id = ?").param(meter).update();
        sell("PAUSE", "50.00");
        holds("PAUSE", 2, "150.00");
    }

    @Test
    void whatWasTakenBackBeforeItsWriteIsNotWritten() {
        int meter = keeping("TAKEN");
        UUID me = UUID.randomUUID();
        jdbc.sql("update meter_credit set worker = ?, held_until = now() + interval '1 hour' where meter_id = ?").params(me, meter).update();
        sell("TAKEN", "50.00");
        CreditLoop.Purchase taken = loop.take(meter, me, 1).orElseThrow();
        assertThat(loop.stands(meter, me, taken.id())).isTrue();
        assertThat(operations.credit(meter, taken.amountYuan(), taken.count(), () -> {
            // the hub takes the credit over while the purchase waits for the meter
            credits.set(meter, Mode.HUB, "li", "the tenant leaves");
            return loop.stands(meter, me, taken.id());
        })).isInstanceOf(Result.Refused.class);
        assertThat(mall.meter("TAKEN").purchaseCount()).isEqualTo(1);
        assertThat(mall.meter("TAKEN").credit()).isEqualByComparingTo("100.00");
    }

    @Test
    void aCountAheadStopsPurchasesUntilAPersonDecides() {
        int meter = keeping("AHEAD");
        assertThat(operations.credit(meter, new BigDecimal("1000"), 2)).isInstanceOf(Result.Done.class);
        sell("AHEAD", "50.00");
        stopped("AHEAD", "COUNT_AHEAD");
        sell("AHEAD", "7.00");
        loop.advance(meter);
        assertThat(mall.meter("AHEAD").purchaseCount()).isEqualTo(2);
        assertThatThrownBy(() -> credits.accept(meter, new Decision(5, null, false), "li", "a test")).isInstanceOf(SupplyRefused.class)
                .hasMessageContaining("2");
        credits.accept(meter, new Decision(2, null, false), "li", "written with the maker's tool");
        holds("AHEAD", 4, "1157.00");
        assertThat(alarms("AHEAD")).isEmpty();
        assertThat(jdbc.sql("select count(*) from audit_log where site_id = ? and what = 'meter.credit.count' and why like 'written with%'")
                .param(site).query(Integer.class).single()).isEqualTo(1);
    }

    @Test
    void onlyWhatIsNotInTheMeterCanBeTakenBack() {
        int meter = keeping("BACK");
        int account = account("BACK");
        CounterResult.Booked inMeter = sell("BACK", "20.00");
        holds("BACK", 2, "120.00");
        mall.fault("BACK", Fault.of(FaultKind.SILENT));
        CounterResult.Booked waiting = sell("BACK", "30.00");
        assertThat(reverse(account, waiting)).isInstanceOf(CounterResult.Booked.class);
        assertThat(reverse(account, inMeter)).isInstanceOf(CounterResult.Refused.class);
        assertThat(counter.act(CounterRequest.refund(UUID.randomUUID().toString(), account, null, PayMethod.CASH, "li", null)))
                .isInstanceOf(CounterResult.Refused.class);
        sell("BACK", "4.00");
        mall.clearFault("BACK");
        holds("BACK", 3, "124.00");
        assertThat(credits.show(meter).purchases()).extracting(MeterCredits.Purchase::state)
                .containsExactly(State.CONFIRMED, State.WITHDRAWN, State.CONFIRMED, State.CONFIRMED);
        credits.set(meter, Mode.HUB, "li", "tenant leaves");
        CounterResult.Booked byTheHub = sell("BACK", "6.00");
        credits.set(meter, Mode.METER, "li", "stays");
        assertThat(reverse(account, byTheHub)).as("went there with all that the ledger held").isInstanceOf(CounterResult.Refused.class);
        assertThat(reverse(account, inMeter)).isInstanceOf(CounterResult.Refused.class);
        credits.set(meter, Mode.HUB, "li", "leaves after all");
        assertThat(counter.act(CounterRequest.refund(UUID.randomUUID().toString(), account, null, PayMethod.CASH, "li", null)))
                .isInstanceOf(CounterResult.Booked.class);
    }

    private CounterResult reverse(int account, CounterResult.Booked sale) {
        return counter.act(CounterRequest.reversal(UUID.randomUUID().toString(), account, sale.receipt().number(), "li", "wrong"));
    }

    @Test
    void aMeterKeepsCreditOnlyWhereThatIsClear() {
        assertThatThrownBy(() -> credits.set(ids.get("TWO-A"), Mode.METER, "li", "a test")).isInstanceOf(SupplyRefused.class)
                .hasMessageContaining("TWO-A").hasMessageContaining("TWO-B");
        assertThatThrownBy(() -> credits.set(ids.get("KWH"), Mode.METER, "li", "a test")).isInstanceOf(SupplyRefused.class)
                .hasMessageContaining("yuan");
        assertThatThrownBy(() -> credits.set(ids.get("TWO-A"), Mode.METER, "li", " ")).isInstanceOf(SupplyRefused.class);
    }
}
