package io.meterhub.operation;

import static io.meterhub.Crew.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.meterhub.Crew;
import io.meterhub.HubTest;
import io.meterhub.metering.MeterOperations;
import io.meterhub.metering.MeterOperations.Read;
import io.meterhub.metering.MeterOperations.Result;
import io.meterhub.metering.MeterRecord;
import io.meterhub.metering.ParameterRefused;
import io.meterhub.metering.ParameterValue;
import io.meterhub.metering.Why;
import io.meterhub.operation.Order.Detail;
import io.meterhub.people.Actor;
import io.meterhub.people.ApiKeys;
import io.meterhub.people.Grant;
import io.meterhub.people.People;
import io.meterhub.people.Right;
import io.meterhub.people.Role;
import io.meterhub.simulator.Fault;
import io.meterhub.simulator.FaultKind;
import io.meterhub.simulator.VirtualMall;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Gateway.Framing;
import io.meterhub.site.ImportResult;
import io.meterhub.site.SiteImport;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.SiteSheet.GatewayRow;
import io.meterhub.site.SiteSheet.MeterRow;
import io.meterhub.site.SiteSheet.SiteRow;
import io.meterhub.site.Sites;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** Jobs on the meters of a virtual mall, with what goes wrong on a bus and in a hub. */
@HubTest
class OperationsIT {

    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final Duration LONG = Duration.ofMinutes(2);

    @Autowired
    JdbcClient jdbc;
    @Autowired
    TransactionTemplate transaction;
    @Autowired
    SiteImport imports;
    @Autowired
    Sites sites;
    @Autowired
    MeterOperations meters;
    @Autowired
    Operations operations;
    @Autowired
    Runner runner;
    @Autowired
    ApplicationContext hub;
    @Autowired
    People people;
    @Autowired
    ApiKeys keys;

    private VirtualMall mall;
    private int site;
    private Map<String, Integer> ids;

    @AfterEach
    void close() {
        if (mall != null) {
            jdbc.sql("update gateway set enabled = false where site_id = ?").param(site).update();
            mall.close();
        }
    }

    /** So many gateways G1, G2 ... with so many single-phase users G1-1, G1-2 ... each. */
    private void users(int gateways, int each) {
        List<MeterRow> rows = new ArrayList<>();
        for (int gateway = 1; gateway <= gateways; gateway++) {
            for (int unit = 1; unit <= each; unit++) {
                rows.add(row(rows.size() + 2, "G" + gateway, unit, "demo-adf400l-1p", 1));
            }
        }
        open(gateways, rows);
    }

    private static MeterRow row(int row, String gateway, int unit, String model, int ctRatio) {
        return new MeterRow(row, gateway + "-" + unit, "meter " + row, gateway, unit, model,
                model.contains("water") ? EnergyKind.WATER : EnergyKind.ELECTRICITY, null, ctRatio, new BigDecimal("20"), new BigDecimal("100"));
    }

    private void open(int gateways, List<MeterRow> rows) {
        int number = NUMBER.incrementAndGet();
        List<GatewayRow> gatewayRows = new ArrayList<>();
        for (int gateway = 1; gateway <= gateways; gateway++) {
            gatewayRows.add(new GatewayRow(gateway + 1, "G" + gateway, "gateway", "A", "127.0.7." + number, 0, Framing.TCP, 9600));
        }
        mall = VirtualMall.of(new SiteSheet(new SiteRow(2, "OPS-" + number, "operations", "Asia/Shanghai"), gatewayRows, List.of(), rows))
                .pace(0).start();
        ImportResult result = imports.load(mall.sheet(), "test", "tester");
        assertThat(result).isInstanceOf(ImportResult.Imported.class);
        site = ((ImportResult.Imported) result).site().id();
        ids = sites.meterIds(site);
    }

    private Job start(JobKind kind, Detail detail, Integer... meterIds) {
        return operations.start(site, new Order(kind, detail), Selection.ofMeters(List.of(meterIds)), "li", "a test");
    }

    private static Detail values(String name, String value) {
        return new Detail(null, Map.of(name, ParameterValue.of(value)), null);
    }

    private Job ended(Job job) {
        await().atMost(LONG).until(() -> operations.job(job.id()).ended());
        return operations.job(job.id());
    }

    private List<JobItem> failures(Job job) {
        return operations.items(job.id(), Set.of(ItemState.REFUSED, ItemState.UNREACHABLE, ItemState.UNKNOWN), 0, 1000);
    }

    private Map<String, ParameterValue> held(String meter, String... names) {
        Read<Map<String, ParameterValue>> read = meters.readParameters(ids.get(meter), List.of(names));
        assertThat(read).isInstanceOf(Read.Got.class);
        return ((Read.Got<Map<String, ParameterValue>>) read).value();
    }

    @Test
    void aParameterIsReadWrittenAndReadBack() {
        open(1, List.of(row(2, "G1", 1, "demo-adf400l-1p", 1), row(3, "G1", 4, "demo-adf400l-3p", 20), row(4, "G1", 7, "acrel-ddsy1352", 1),
                row(5, "G1", 8, "generic-water-valve", 1)));
        int user = ids.get("G1-1");
        assertThat(meters.writeParameter(user, "price-flat", ParameterValue.of("0.56"))).isInstanceOf(Result.Done.class);
        long requests = mall.gateway("G1").requests();
        assertThat(meters.writeParameter(user, "price-flat", ParameterValue.of("0.56")))
                .isInstanceOfSatisfying(Result.Done.class, done -> assertThat(done.already()).isTrue());
        assertThat(mall.gateway("G1").requests() - requests).as("looked at, not written").isEqualTo(1);
        assertThat(held("G1-1", "price-flat").get("price-flat").number()).isEqualByComparingTo("0.56");
        assertThat(held("G1-1")).as("all that the model has").hasSizeGreaterThan(20);
        assertThat(meters.writeParameter(ids.get("G1-4"), "load-limit", ParameterValue.of("50"))).isInstanceOf(Result.Done.class);
        assertThat(held("G1-4", "load-limit").get("load-limit").number()).as("behind a transformer").isEqualByComparingTo("50");
        ParameterValue plan = new ParameterValue(List.of(entry(4, 0, 0), entry(3, 8, 0), entry(2, 17, 30)));
        for (String meter : List.of("G1-1", "G1-4", "G1-7")) {
            assertThat(meters.writeParameter(ids.get(meter), "rate-table-2", plan)).as(meter).isInstanceOf(Result.Done.class);
            assertThat(held(meter, "rate-table-2").get("rate-table-2").entries()).as(meter).hasSize(14).startsWith(entry(4, 0, 0), entry(3, 8, 0),
                    entry(2, 17, 30));
        }
        assertThat(meters.writeParameter(ids.get("G1-8"), "price-flat", ParameterValue.of("1")))
                .isEqualTo(new Result.NotAvailable(new Why("why.no_parameter", List.of("generic-water-valve", "price-flat"))));
        assertThatThrownBy(() -> meters.writeParameter(user, "price-flat", ParameterValue.of("0.562"))).isInstanceOf(ParameterRefused.class)
                .hasMessage("price-flat must be 0.00 to 42949672.95 yuan/kWh in steps of 0.01, not 0.562.");
        assertThatThrownBy(() -> meters.writeParameter(user, "load-trips", ParameterValue.of("0")))
                .hasMessage("The parameter load-trips can only be read.");
        assertThatThrownBy(() -> meters.writeParameter(user, "rate-table-2", new ParameterValue(List.of(entry(4, 24, 0)))))
                .hasMessageContaining("rate-table-2.hour must be 0 to 23");
    }

    private static Map<String, BigDecimal> entry(int rate, int hour, int minute) {
        return Map.of("rate", new BigDecimal(rate), "hour", new BigDecimal(hour), "minute", new BigDecimal(minute));
    }

    @Test
    void whatGoesWrongOnTheBusIsToldApart() {
        users(1, 1);
        int user = ids.get("G1-1");
        mall.fault("G1-1", Fault.of(FaultKind.REPLY_LOST));
        assertThat(meters.writeParameter(user, "alarm-amount-1", ParameterValue.of("20"))).as("applied, but its answer was lost")
                .isInstanceOfSatisfying(Result.Done.class, done -> assertThat(done.already()).isFalse());
        mall.fault("G1-1", Fault.of(FaultKind.EXCEPTION));
        assertThat(meters.writeParameter(user, "alarm-amount-1", ParameterValue.of("30"))).isInstanceOf(Result.Refused.class);
        mall.fault("G1-1", Fault.of(FaultKind.SILENT));
        assertThat(meters.writeParameter(user, "alarm-amount-1", ParameterValue.of("30"))).isInstanceOf(Result.Unreachable.class);
        mall.fault("G1-1", Fault.of(FaultKind.GARBAGE).times(2));
        assertThat(meters.writeParameter(user, "alarm-amount-1", ParameterValue.of("30"))).as("two reads of nonsense, the third is right")
                .isInstanceOf(Result.Done.class);
        assertThat(held("G1-1", "alarm-amount-1").get("alarm-amount-1").number()).isEqualByComparingTo("30");
    }

    @Test
    void threeHundredClocksAreSetInOneJob() {
        users(6, 50);
        ids.keySet().forEach(meter -> mall.clock(meter, Duration.ofMinutes(-3), 0));
        mall.fault("G2-7", Fault.of(FaultKind.SILENT));
        mall.fault("G3-9", Fault.of(FaultKind.REPLY_LOST));
        mall.fault("G4-1", Fault.of(FaultKind.EXCEPTION));
        Job job = operations.start(site, Order.of(JobKind.SET_CLOCK), Selection.ofMeters(List.of()), "li", null);
        assertThat(job.items()).isEqualTo(300);
        Job over = ended(job);
        assertThat(over.progress()).isEqualTo(new Job.Progress(0, 0, 298, 1, 1, 0, 0));
        assertThat(over.percent()).isEqualTo(100);
        assertThat(failures(over)).extracting(JobItem::meter, JobItem::state)
                .containsExactly(tuple("G2-7", ItemState.UNREACHABLE),
                        tuple("G4-1", ItemState.REFUSED));
        assertThat(ids.keySet().stream().filter(meter -> !Set.of("G2-7", "G4-1").contains(meter)).map(mall::meter))
                .allSatisfy(truth -> assertThat(Duration.between(truth.clock().atZone(java.time.ZoneId.of("Asia/Shanghai")).toInstant(), truth.at())
                        .abs()).as(truth.code()).isLessThan(Duration.ofSeconds(5)));
        mall.clearFault("G2-7");
        mall.clearFault("G4-1");
        Job again = ended(operations.again(over.id(), "wang"));
        assertThat(again.againOf()).isEqualTo(over.id());
        assertThat(again.progress()).isEqualTo(new Job.Progress(0, 0, 2, 0, 0, 0, 0));
        assertThatThrownBy(() -> operations.again(again.id(), "wang")).isInstanceOf(OperationRefused.class)
                .hasMessage("Everything of job %d is done.".formatted(again.id()));
        assertThat(jdbc.sql("select who || ' ' || what from audit_log where site_id = ? and subject in (?, ?) order by id")
                .params(site, "job " + over.id(), "job " + again.id()).query(String.class).list())
                .containsExactly("li operation.start", "wang operation.start");
    }

    @Test
    void aGatewayThatIsCutInTheMiddleFailsAloneAndIsTriedAgain() {
        users(3, 20);
        mall.gatewayFault("G2", Fault.of(FaultKind.SLOW).delay(Duration.ofMillis(100)));
        Job job = operations.start(site, new Order(JobKind.WRITE_PARAMETERS, values("alarm-amount-1", "25")), Selection.ofMeters(List.of()), "li",
                "new amounts");
        await().atMost(LONG).until(() -> operations.items(job.id(), Set.of(ItemState.DONE), 0, 100).stream()
                .filter(item -> item.gateway().equals("G2")).count() >= 3);
        mall.gatewayFault("G2", Fault.of(FaultKind.CUT));
        Job over = ended(job);
        assertThat(over.progress().done()).isBetween(43, 59);
        assertThat(failures(over)).isNotEmpty().allSatisfy(item -> {
            assertThat(item.gateway()).isEqualTo("G2");
            assertThat(item.state()).isIn(ItemState.UNREACHABLE, ItemState.UNKNOWN);
            assertThat(item.why()).isNotNull();
        });
        mall.clearGatewayFault("G2");
        assertThat(ended(operations.again(over.id(), "li")).progress().failed()).isZero();
        for (String meter : ids.keySet()) {
            assertThat(held(meter, "alarm-amount-1").get("alarm-amount-1").number()).as(meter).isEqualByComparingTo("25");
        }
        assertThat(jdbc.sql("select count(*) from audit_log where site_id = ? and what = 'meter.parameters'").param(site).query(Integer.class).single())
                .as("each meter was changed once, and it is written down once").isEqualTo(60);
    }

    @Test
    void aMeterThatADeadHubWasAtIsReadBeforeAnythingIsWritten() {
        users(1, 3);
        Job job = takenByAHubThatDies(values("alarm-amount-1", "40"));
        // it wrote, and died before it could say so
        assertThat(meters.writeParameter(ids.get("G1-1"), "alarm-amount-1", ParameterValue.of("40"))).isInstanceOf(Result.Done.class);
        runner.wake();
        assertThat(operations.job(job.id()).progress()).as("while it is held nobody touches the gateway").isEqualTo(new Job.Progress(2, 1, 0, 0, 0, 0, 0));
        jdbc.sql("update operation_item set held_until = now() - interval '1 second' where job_id = ? and state = 'WORKING'").param(job.id()).update();
        long requests = mall.gateway("G1").requests();
        runner.wake();
        Job over = ended(job);
        assertThat(over.progress()).isEqualTo(new Job.Progress(0, 0, 3, 0, 0, 0, 0));
        assertThat(operations.items(job.id(), Set.of(), 0, 10)).extracting(JobItem::tries).containsExactly(2, 1, 1);
        assertThat(mall.gateway("G1").requests() - requests).as("read twice; two others read twice, written and read back").isEqualTo(2 + 2 * 4);
    }

    private Job takenByAHubThatDies(Detail detail) {
        return transaction.execute(status -> {
            Job job = operations.start(site, new Order(JobKind.WRITE_PARAMETERS, detail), Selection.ofMeters(List.of()), "li", "a test");
            jdbc.sql("""
                    update operation_item set state = 'WORKING', worker = gen_random_uuid(), held_until = now() + interval '1 hour', tries = 1,
                                              started_at = now() where job_id = ? and place = 1""").param(job.id()).update();
            return job;
        });
    }

    @Test
    void whatAMeterHeldIsInTheAuditLogAlthoughTheHubDiedRightAfterWriting() {
        users(1, 1);
        int user = ids.get("G1-1");
        assertThat(meters.writeParameter(user, "alarm-amount-1", ParameterValue.of("20"))).isInstanceOf(Result.Done.class);
        mall.gatewayFault("G1", Fault.of(FaultKind.SLOW).delay(Duration.ofMillis(150)));
        Job job = start(JobKind.WRITE_PARAMETERS, values("alarm-amount-1", "30"), user);
        await().pollInterval(Duration.ofMillis(20)).atMost(LONG).until(() -> jdbc.sql("""
                update operation_item set worker = gen_random_uuid(), held_until = now() + interval '1 hour'
                where job_id = ? and state = 'WORKING' and before is not null""").param(job.id()).update() == 1);
        mall.clearGatewayFault("G1");
        await().atMost(LONG).until(() -> held("G1-1", "alarm-amount-1").get("alarm-amount-1").number().compareTo(new BigDecimal("30")) == 0);
        assertThat(parameterChanges()).as("nobody has said so yet").isEmpty();
        jdbc.sql("update operation_item set held_until = now() - interval '1 second' where job_id = ?").param(job.id()).update();
        runner.wake();
        assertThat(ended(job).progress().done()).isEqualTo(1);
        assertThat(parameterChanges()).containsExactly("20 30 li a test");
        assertThat(ended(start(JobKind.WRITE_PARAMETERS, values("alarm-amount-1", "30"), user)).progress().done()).isEqualTo(1);
        assertThat(parameterChanges()).as("held already: nothing was changed").hasSize(1);
    }

    private List<String> parameterChanges() {
        return jdbc.sql("""
                select concat_ws(' ', trim_scale((before->>'alarm-amount-1')::numeric), trim_scale((after->>'alarm-amount-1')::numeric), who, why)
                from audit_log where site_id = ? and what = 'meter.parameters' order by id""").param(site).query(String.class).list();
    }

    @Test
    void whatIsLeftOfAJobIsRefusedOnceItsPersonMayNoMore() {
        users(1, 40);
        Crew crew = new Crew(hub);
        Map<String, Consumer<Actor>> losses = Map.of(
                "o-demoted", actor -> people.given(actor.id()).forEach(given -> people.take(actor.id(), given.id(), "test", "another post")),
                "o-disabled", actor -> people.disable(actor.id(), "test", "has left"),
                "o-reset", actor -> people.reset(actor.id(), "test", "somebody else has the password"),
                "o-till", actor -> keys.revoke(actor.id(), "test", "lost"));
        losses.forEach((name, loss) -> {
            mall.gatewayFault("G1", Fault.of(FaultKind.SLOW).delay(Duration.ofMillis(60)));
            Actor actor = name.equals("o-till") ? machine(name) : person(crew.hire(name, Role.ELECTRICIAN, site, null, null), name);
            Job job = as(actor, () -> operations.start(site, Order.of(JobKind.READ_NOW), Selection.ofMeters(List.of()), actor.name(), null));
            await().atMost(LONG).until(() -> operations.job(job.id()).progress().done() >= 2);
            loss.accept(actor);
            Job over = ended(job);
            mall.clearGatewayFault("G1");
            assertThat(over.progress().done()).as(name).isBetween(2, 39);
            assertThat(failures(over)).as(name).hasSize(40 - over.progress().done()).allSatisfy(item -> {
                assertThat(item.state()).isEqualTo(ItemState.REFUSED);
                assertThat(item.why()).isEqualTo(new Why("why.no_right", List.of(name, "right.READ_NOW")));
            });
            assertThat(jdbc.sql("select count(*) from audit_log where site_id = ? and who = ? and what = 'refused' and subject like 'meter G1-%'")
                    .params(site, name).query(Integer.class).single()).as(name).isEqualTo(over.progress().refused());
            // who goes on with it does so by his own rights
            Job again = ended(operations.again(over.id(), "wang"));
            assertThat(again.progress()).as(name).isEqualTo(new Job.Progress(0, 0, over.progress().refused(), 0, 0, 0, 0));
        });
    }

    @Test
    void whoTriesAgainDoesSoWithinReachAlone() {
        users(2, 2);
        jdbc.sql("update gateway set shaft = code where site_id = ?").param(site).update();
        Crew crew = new Crew(hub).hire("o-keeper", Role.ELECTRICIAN, site, "G1", null).hire("o-keeper", Role.ELECTRICIAN, site, "G2", null);
        mall.fault("G1-1", Fault.of(FaultKind.SILENT));
        mall.fault("G2-1", Fault.of(FaultKind.SILENT));
        Job over = ended(as(person(crew, "o-keeper"),
                () -> operations.start(site, Order.of(JobKind.READ_NOW), Selection.ofMeters(List.of()), "o-keeper", null)));
        assertThat(over.progress().unreachable()).isEqualTo(2);
        mall.clearFault("G1-1");
        mall.clearFault("G2-1");
        People.Given second = people.given(crew.id("o-keeper")).get(1);
        people.take(crew.id("o-keeper"), second.id(), "test", "another building");
        Job again = ended(as(person(crew, "o-keeper"), () -> operations.again(over.id(), "o-keeper")));
        assertThat(operations.items(again.id(), Set.of(), 0, 10)).extracting(JobItem::meter, JobItem::state).containsExactly(tuple("G1-1", ItemState.DONE));
    }

    private Actor person(Crew crew, String name) {
        return new Actor(crew.id(name), false, name, false, people.given(crew.id(name)).stream()
                .map(given -> new Grant(given.role(), given.role().rights(), given.siteId(), given.shaft(), given.shopId())).toList());
    }

    private Actor machine(String name) {
        keys.create(name, Set.of(Right.READ_NOW), List.of(site), null, "test", "for a test");
        int id = keys.keys().stream().filter(key -> key.name().equals(name)).findFirst().orElseThrow().id();
        return new Actor(id, true, name, false, List.of(new Grant(null, Set.of(Right.READ_NOW), site, null, null)));
    }

    @Test
    void aHubThatStopsLeavesItsMetersToTheNext() {
        users(1, 30);
        mall.gatewayFault("G1", Fault.of(FaultKind.SLOW).delay(Duration.ofMillis(50)));
        Job job = operations.start(site, Order.of(JobKind.SET_CLOCK), Selection.ofMeters(List.of()), "li", null);
        await().atMost(LONG).until(() -> operations.job(job.id()).progress().done() >= 2);
        jdbc.sql("update operation_item set worker = gen_random_uuid() where job_id = ? and state = 'WORKING'").param(job.id()).update();
        mall.clearGatewayFault("G1");
        await().atMost(LONG).until(() -> operations.job(job.id()).progress().done() >= 3
                || operations.items(job.id(), Set.of(ItemState.WORKING), 0, 1).size() == 1);
        jdbc.sql("update operation_item set held_until = now() - interval '1 second' where job_id = ? and state = 'WORKING'").param(job.id()).update();
        runner.wake();
        assertThat(ended(job).progress().done()).isEqualTo(30);
    }

    @Test
    void whatHasNotBegunCanBeCancelledAndOneMeterGoesAheadOfMany() {
        users(1, 40);
        mall.gatewayFault("G1", Fault.of(FaultKind.SLOW).delay(Duration.ofMillis(80)));
        Job many = operations.start(site, Order.of(JobKind.READ_NOW), Selection.ofMeters(List.of()), "li", null);
        await().atMost(LONG).until(() -> operations.job(many.id()).progress().done() >= 1);
        Job one = ended(start(JobKind.READ_PARAMETERS, new Detail(List.of("alarm-amount-1"), null, null), ids.get("G1-40")));
        assertThat(one.progress().done()).isEqualTo(1);
        assertThat(operations.job(many.id()).ended()).isFalse();
        assertThat(operations.items(one.id(), Set.of(), 0, 1).get(0).result().get("alarm-amount-1").decimalValue()).isZero();
        Job cancelled = operations.cancel(many.id(), "li", "the wrong shops");
        assertThat(cancelled.progress().waiting()).isZero();
        assertThat(cancelled.progress().cancelled()).isPositive();
        Job over = ended(many);
        assertThat(over.progress().done() + over.progress().cancelled()).isEqualTo(40);
        assertThat(over.cancelledBy()).isEqualTo("li");
        assertThat(jdbc.sql("select why from audit_log where what = 'operation.cancel' and subject = ?").param("job " + many.id()).query(String.class).single())
                .isEqualTo("the wrong shops");
    }

    @Test
    void recordsAndReadingsComeAsTheMeterHasThem() {
        users(1, 2);
        assertThat(meters.credit(ids.get("G1-1"), new BigDecimal("50"), 1)).isInstanceOf(Result.Done.class);
        Job records = ended(start(JobKind.READ_RECORDS, new Detail(null, null, "purchases"), ids.get("G1-1"), ids.get("G1-2")));
        List<JobItem> items = operations.items(records.id(), Set.of(), 0, 10);
        assertThat(items).extracting(JobItem::state).containsOnly(ItemState.DONE);
        assertThat(items.get(0).result()).hasSize(1);
        assertThat(items.get(0).result().get(0).at("/values/amount").decimalValue()).isEqualByComparingTo("50");
        assertThat(items.get(1).result()).isEmpty();
        Read<List<MeterRecord>> months = meters.readRecords(ids.get("G1-1"), "months");
        assertThat(months).isInstanceOfSatisfying(Read.Got.class, got -> assertThat((List<?>) got.value()).hasSize(12));
        Job reading = ended(start(JobKind.READ_NOW, new Detail(null, null, null), ids.get("G1-1")));
        BigDecimal total = operations.items(reading.id(), Set.of(), 0, 1).get(0).result().get("total").decimalValue();
        await().atMost(LONG).untilAsserted(() -> assertThat(jdbc.sql("select total from meter_state where meter_id = ?").param(ids.get("G1-1"))
                .query(BigDecimal.class).single()).as("it is believed as any reading is").isEqualByComparingTo(total));
    }

    @Test
    void switchingSetsAReasonThatOnlyItsPersonLiftsInBulk() {
        users(1, 2);
        assertThat(ended(start(JobKind.SWITCH_OFF, new Detail(null, null, null), ids.get("G1-1"), ids.get("G1-2"))).progress().done()).isEqualTo(2);
        await().atMost(LONG).untilAsserted(() -> assertThat(List.of(mall.meter("G1-1").on(), mall.meter("G1-2").on())).containsOnly(false));
        Job stranger = ended(operations.start(site, Order.of(JobKind.SWITCH_ON), Selection.ofMeters(List.of(ids.get("G1-1"))), "wang", "mended"));
        assertThat(failures(stranger)).singleElement().satisfies(item -> {
            assertThat(item.state()).isEqualTo(ItemState.REFUSED);
            assertThat(item.why().words().get(0)).contains("li");
        });
        assertThat(ended(start(JobKind.SWITCH_ON, new Detail(null, null, null), ids.get("G1-1"), ids.get("G1-2"))).progress().done()).isEqualTo(2);
        await().atMost(LONG).untilAsserted(() -> assertThat(List.of(mall.meter("G1-1").on(), mall.meter("G1-2").on())).containsOnly(true));
    }

    @Test
    void whatFitsNoneOfTheMetersIsRefusedAtOnce() {
        users(1, 1);
        assertThatThrownBy(() -> start(JobKind.WRITE_PARAMETERS, values("colour", "1"), ids.get("G1-1"))).isInstanceOf(ParameterRefused.class)
                .hasMessageContaining("has no parameter colour that can be written; there are prepaid-switch, price-sharp");
        assertThatThrownBy(() -> start(JobKind.WRITE_PARAMETERS, new Detail(null, new LinkedHashMap<>(), null), ids.get("G1-1")))
                .isInstanceOf(OperationRefused.class);
        assertThatThrownBy(() -> start(JobKind.READ_RECORDS, new Detail(null, null, "days"), ids.get("G1-1")))
                .hasMessage("Must be one of months, purchases.");
        assertThatThrownBy(() -> start(JobKind.READ_NOW, new Detail(null, null, null), -1)).hasMessage("No enabled meter of this site is selected.");
        assertThatThrownBy(() -> operations.start(site, new Order(JobKind.WRITE_PARAMETERS, values("alarm-amount-1", "1")),
                Selection.ofMeters(List.of()), "li", " ")).hasMessageContaining("A reason is needed");
    }
}
