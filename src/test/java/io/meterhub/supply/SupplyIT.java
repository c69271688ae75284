package io.meterhub.supply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.meterhub.AtOnce;
import io.meterhub.HubTest;
import io.meterhub.billing.CreditWatch.Credit;
import io.meterhub.metering.Forced;
import io.meterhub.metering.MeterModel.Rule;
import io.meterhub.metering.Relay;
import io.meterhub.metering.Slice;
import io.meterhub.metering.SupplyControl.Command;
import io.meterhub.metering.SupplyControl.Outcome;
import io.meterhub.metering.SupplyControl.Seen;
import io.meterhub.metering.Trip;
import io.meterhub.site.Site;
import io.micrometer.core.instrument.MeterRegistry;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

@HubTest
class SupplyIT {

    private static final AtomicInteger NUMBER = new AtomicInteger();

    @Autowired
    JdbcClient jdbc;
    @Autowired
    TransactionTemplate transaction;
    @Autowired
    Supply supply;
    @Autowired
    Schedules schedules;
    @Autowired
    ControlLoop loop;
    @Autowired
    Reasons reasons;
    @Autowired
    Holds holds;
    @Autowired
    HoldLoop holdLoop;
    @Autowired
    Loads loads;
    @Autowired
    ApplicationEventPublisher events;
    @Autowired
    Arrears arrears;
    @Autowired
    NewMeters newMeters;
    @Autowired
    MeterSupplies supplies;
    @Autowired
    SupplyMetrics supplyMetrics;
    @Autowired
    MeterRegistry metrics;

    private Site site;
    private int meter;
    private int account;

    @BeforeEach
    void aShopWithOneMeter() {
        int number = NUMBER.incrementAndGet();
        site = new Site(insert("insert into site (code, name) values (:code, 'supply') returning id", "SUPPLY-" + number),
                "SUPPLY-" + number, "supply", ZoneOffset.UTC);
        int gateway = insert("""
                insert into gateway (site_id, code, name, shaft, host, port, framing, baud, enabled)
                values (%d, :code, 'g', 'S1', '127.9.0.1', %d, 'TCP', 9600, false) returning id"""
                .formatted(site.id(), 2000 + number), "G");
        int shop = insert("insert into shop (site_id, code, name, floor, shaft) values (%d, :code, 's', '1', 'S1') returning id"
                .formatted(site.id()), "S");
        meter = insert("""
                insert into meter (site_id, gateway_id, shop_id, code, name, model, energy_kind, unit_id, rating, enabled)
                values (%d, %d, %d, :code, 'm', 'x', 'ELECTRICITY', 1, 10, false) returning id"""
                .formatted(site.id(), gateway, shop), "M");
        newMeters.apply(site, null);
        account = insert("""
                insert into account (site_id, number, shop_id, kind)
                values (%d, :code, %d, 'ELECTRICITY') returning id""".formatted(site.id(), shop), "A");
        jdbc.sql("insert into account_meter (account_id, meter_id, valid_from) values (?, ?, now())").params(account, meter)
                .update();
    }

    private int insert(String sql, String code) {
        return jdbc.sql(sql).param("code", code).query(Integer.class).single();
    }

    @Test
    void zeroCreditCutsAndASaleRestores() {
        assertThat(see(Relay.ON)).isEmpty();
        credit(true);
        assertThat(see(Relay.ON)).containsExactly(new Command(meter, Relay.OFF));
        switched(Relay.OFF);
        credit(false);
        assertThat(see(Relay.OFF)).containsExactly(new Command(meter, Relay.ON));
        switched(Relay.ON);
        Explanation explanation = supply.explain(meter);
        assertThat(explanation.events()).extracting(Explanation.Event::kind).containsExactly("CONFIRMED", "COMMANDED", "TURNED",
                "REASON_ENDED", "CONFIRMED", "COMMANDED", "TURNED", "REASON_SET");
        assertThat(explanation.events().get(5).detail()).hasToString(
                "{\"to\":\"OFF\",\"seen\":\"ON\",\"attempt\":1,\"reasons\":[\"ARREARS\"]}");
        assertThat(explanation.reasons()).isEmpty();
        assertThat(explanation.supply().wanted()).isEqualTo(Wanted.ON);
        assertThat(explanation.supply().seen()).isEqualTo(Relay.ON);
    }

    @Test
    void aLockOutIsTriedAtOnceThoughTheMeterWasToldInVainBefore() {
        see(Relay.ON);
        credit(true);
        for (int attempt = 1; attempt <= 6; attempt++) {
            jdbc.sql("update meter_supply set next_try_at = null where meter_id = ?").param(meter).update();
            assertThat(see(Relay.ON)).as("attempt " + attempt).containsExactly(new Command(meter, Relay.OFF));
            loop.done(new Outcome.Unreachable(meter, Relay.OFF, Instant.now(), "silence"));
        }
        assertThat(see(Relay.ON)).as("not all the time").isEmpty();
        supply.set(meter, ReasonKind.MANUAL_OFF, "wang", "cable", null);
        assertThat(see(Relay.ON)).as("somebody is about to work there").containsExactly(new Command(meter, Relay.OFF));
    }

    @Test
    void whatWasTriedAndTakenBackWithinATransactionHasNoConsequence() {
        TransactionTemplate trial = new TransactionTemplate(transaction.getTransactionManager());
        trial.setPropagationBehavior(TransactionDefinition.PROPAGATION_NESTED);
        transaction.executeWithoutResult(outer -> {
            trial.executeWithoutResult(status -> {
                credit(true);
                status.setRollbackOnly();
            });
            trial.executeWithoutResult(status -> credit(false));
        });
        assertThat(supply.reasons(meter)).isEmpty();
        transaction.executeWithoutResult(outer -> {
            credit(true);
            trial.executeWithoutResult(status -> {
                credit(false);
                status.setRollbackOnly();
            });
        });
        assertThat(supply.reasons(meter)).extracting(Reason::kind).containsExactly(ReasonKind.ARREARS);
    }

    @Test
    void anImportBringsArrearsInLineWithTheAccounts() {
        transaction.executeWithoutResult(status -> newMeters.apply(site, null));
        assertThat(supply.reasons(meter)).as("an account without credit").extracting(Reason::kind)
                .containsExactly(ReasonKind.ARREARS);
        transaction.executeWithoutResult(status -> newMeters.apply(site, null));
        assertThat(supply.explain(meter).events()).as("nothing new").hasSize(2);
        jdbc.sql("update account_meter set valid_to = now() where meter_id = ?").param(meter).update();
        transaction.executeWithoutResult(status -> newMeters.apply(site, null));
        assertThat(supply.reasons(meter)).as("a meter that no account pays for").isEmpty();
        assertThat(supply.explain(meter).supply().wanted()).isEqualTo(Wanted.ON);
    }

    @Test
    void aMeterThatCannotBeSwitchedIsToldOfOnceNotAtEachAttempt() {
        see(Relay.ON);
        credit(true);
        for (int attempt = 1; attempt <= 5; attempt++) {
            jdbc.sql("update meter_supply set next_try_at = null where meter_id = ?").param(meter).update();
            assertThat(see(Relay.ON)).as("attempt " + attempt).containsExactly(new Command(meter, Relay.OFF));
            loop.done(new Outcome.NotAvailable(meter, Relay.OFF, Instant.now(), "the model does not describe switching"));
        }
        assertThat(supply.explain(meter).events()).extracting(Explanation.Event::kind)
                .containsExactly("FAILED", "COMMANDED", "TURNED", "REASON_SET");
        assertThat(supply.explain(meter).supply().failure()).isEqualTo("the model does not describe switching");
        assertThat(supply.explain(meter).supply().attempts()).isEqualTo(5);
        supplyMetrics.refresh();
        assertThat(metrics.get("meterhub.supply.failures").tag("site", site.code()).tag("gateway", "G").gauge().value()).isEqualTo(1);
    }

    @Test
    void nothingIsWrittenWhereNothingChanged() {
        see(Relay.ON);
        String before = rowVersion();
        see(Relay.ON);
        assertThat(rowVersion()).isEqualTo(before);
        credit(true);
        see(Relay.ON);
        assertThat(rowVersion()).isNotEqualTo(before);
    }

    private String rowVersion() {
        return jdbc.sql("select xmin::text from meter_supply where meter_id = ?").param(meter).query(String.class).single();
    }

    @Test
    void theIntentIsKnownBeforeTheCommandGoesOut() {
        credit(true);
        see(Relay.ON);
        MeterSupply kept = supplies.find(meter).orElseThrow();
        assertThat(kept.commanded()).isEqualTo(Relay.OFF);
        assertThat(kept.attempts()).isEqualTo(1);
        assertThat(kept.nextTryAt()).isEqualTo(kept.commandedAt().plusSeconds(2));
        assertThat(see(Relay.ON)).as("the same wish, too early").isEmpty();
    }

    @Test
    void anActThatWasOrderedBeforeALockOutDoesNotLiftIt() {
        Instant ordered = Instant.now().minusSeconds(60);
        supply.set(meter, ReasonKind.MANUAL_OFF, "wang", "at the circuit", null);
        assertThatThrownBy(() -> supply.end(meter, ReasonKind.MANUAL_OFF, "wang", "all on", null, ordered))
                .isInstanceOf(SupplyRefused.class).hasMessageContaining("locked out by wang");
        assertThat(supply.reasons(meter)).extracting(Reason::kind).containsExactly(ReasonKind.MANUAL_OFF);
        assertThat(supply.wasSet(meter, ReasonKind.MANUAL_OFF, "wang", ordered)).isTrue();
        supply.end(meter, ReasonKind.MANUAL_OFF, "wang", "done", null, Instant.now());
        assertThat(supply.wasSet(meter, ReasonKind.MANUAL_OFF, "wang", ordered)).as("ended, too").isTrue();
        assertThat(supply.wasSet(meter, ReasonKind.MANUAL_OFF, "li", ordered)).isFalse();
        assertThat(supply.reasons(meter)).isEmpty();
    }

    @Test
    void manualOffSurvivesATopUp() {
        see(Relay.ON);
        supply.set(meter, ReasonKind.MANUAL_OFF, "wang", "smoke", null);
        credit(true);
        assertThat(see(Relay.ON)).containsExactly(new Command(meter, Relay.OFF));
        switched(Relay.OFF);
        credit(false);
        assertThat(see(Relay.OFF)).isEmpty();
        assertThatThrownBy(() -> supply.end(meter, ReasonKind.MANUAL_OFF, "li", "customer calls", null))
                .isInstanceOf(SupplyRefused.class).hasMessageContaining("locked out by wang");
        supply.end(meter, ReasonKind.MANUAL_OFF, "li", "asked wang", "wang");
        assertThat(see(Relay.OFF)).containsExactly(new Command(meter, Relay.ON));
        assertThat(jdbc.sql("select count(*) from audit_log where what like 'supply.reason.%' and who in ('wang', 'li')"
                + " and subject = 'meter M' and site_id = ?").param(site.id()).query(Integer.class).single()).isEqualTo(2);
    }

    @Test
    void openedAtTheMeterIsALockOutThatAPersonLifts() {
        see(Relay.ON);
        assertThat(see(Relay.OFF)).isEmpty();
        assertThat(supply.reasons(meter)).singleElement()
                .matches(reason -> reason.kind() == ReasonKind.MANUAL_OFF && reason.who().equals("meter"));
        credit(true);
        credit(false);
        assertThat(see(Relay.OFF)).isEmpty();
        supply.end(meter, ReasonKind.MANUAL_OFF, "wang", "work done", "meter");
        assertThat(see(Relay.OFF)).containsExactly(new Command(meter, Relay.ON));
    }

    @Test
    void keepOnOutranksArrearsUntilItsEnd() {
        see(Relay.ON);
        Instant until = Instant.now().plus(Duration.ofHours(8));
        supply.set(meter, ReasonKind.KEEP_ON, "chen", "pays tomorrow", until);
        credit(true);
        assertThat(see(Relay.ON)).isEmpty();
        supply.expire();
        assertThat(supply.reasons(meter)).hasSize(2);
        // the night goes by; the hub may have been down
        jdbc.sql("update supply_reason set until = now() - interval '1 hour' where meter_id = ? and kind = 'KEEP_ON'")
                .param(meter).update();
        supply.expire();
        assertThat(supply.reasons(meter)).extracting(Reason::kind).containsExactly(ReasonKind.ARREARS);
        assertThat(see(Relay.ON)).containsExactly(new Command(meter, Relay.OFF));
    }

    @Test
    void peopleAreToldWhatIsNotAllowed() {
        Instant future = Instant.now().plusSeconds(60);
        refused("by hand", () -> supply.set(meter, ReasonKind.ARREARS, "wang", "why", null));
        refused("by hand", () -> supply.end(meter, ReasonKind.ARREARS, "wang", "why", null));
        refused("end time", () -> supply.set(meter, ReasonKind.KEEP_ON, "wang", "why", null));
        refused("lifted by a person", () -> supply.set(meter, ReasonKind.MANUAL_OFF, "wang", "why", future));
        refused("in the future", () -> supply.set(meter, ReasonKind.FAULT, "wang", "why", Instant.EPOCH));
        refused("the name of a person", () -> supply.set(meter, ReasonKind.FAULT, "hub", "why", future));
        refused("why must not be empty", () -> supply.set(meter, ReasonKind.FAULT, "wang", " ", future));
        refused("not in force", () -> supply.end(meter, ReasonKind.FAULT, "wang", "why", null));
        refused("no meter", () -> supply.set(-1, ReasonKind.FAULT, "wang", "why", null));
        supply.set(meter, ReasonKind.FAULT, "wang", "burnt", null);
        refused("already in force for meter M, set by wang", () -> supply.set(meter, ReasonKind.FAULT, "li", "why", null));
        supply.end(meter, ReasonKind.FAULT, "li", "mended", null);
        supply.set(meter, ReasonKind.PROTECTED, "wang", "lift", null);
        refused("never cut by the hub", () -> supply.set(meter, ReasonKind.MANUAL_OFF, "wang", "why", null));
    }

    private static void refused(String words, ThrowingCallable act) {
        assertThatThrownBy(act).isInstanceOf(SupplyRefused.class).hasMessageContaining(words);
    }

    @Test
    void theDatabaseKnowsNoLockOutThatEndsByItself() {
        supply.set(meter, ReasonKind.MANUAL_OFF, "wang", "cable", null);
        assertThatThrownBy(() -> jdbc.sql("update supply_reason set until = now() where meter_id = ?").param(meter).update())
                .isInstanceOf(DataAccessException.class);
    }

    @Test
    void aKeepOnIsProlongedByTheNext() {
        Instant later = Instant.now().plus(Duration.ofDays(2)).truncatedTo(ChronoUnit.MICROS);
        supply.set(meter, ReasonKind.KEEP_ON, "chen", "a day", Instant.now().plus(Duration.ofDays(1)));
        supply.set(meter, ReasonKind.KEEP_ON, "chen", "another", later);
        assertThat(supply.reasons(meter)).singleElement().extracting(Reason::until).isEqualTo(later);
    }

    @Test
    void aKeepOnThatIsProlongedWhileItExpiresStays() throws Exception {
        supply.set(meter, ReasonKind.KEEP_ON, "chen", "tonight", Instant.now().plusSeconds(60));
        jdbc.sql("update supply_reason set until = now() - interval '1 second' where meter_id = ?").param(meter).update();
        whileHeldUp(() -> supply.expire(),
                () -> supply.set(meter, ReasonKind.KEEP_ON, "chen", "tomorrow too", Instant.now().plusSeconds(86_400)));
        assertThat(supply.reasons(meter)).singleElement().extracting(Reason::why).isEqualTo("tomorrow too");
    }

    /** Runs one act in a transaction that stays open until the other, on a thread of its own, waits for its locks. */
    private void whileHeldUp(Runnable other, Runnable first) throws Exception {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            Future<?> waiting = transaction.execute(status -> {
                first.run();
                int pid = jdbc.sql("select pg_backend_pid()").query(Integer.class).single();
                Future<?> started = thread.submit(other);
                await().until(() -> started.isDone() || jdbc.sql("select exists (select from pg_stat_activity where :pid = any(pg_blocking_pids(pid)))")
                        .param("pid", pid).query(Boolean.class).single());
                return started;
            });
            waiting.get();
        } finally {
            thread.shutdown();
        }
    }

    @Test
    void aReasonIsInForceOnceHoweverManySetItAtOnce() throws Exception {
        List<Integer> told = AtOnce.atOnce(IntStream.range(0, 8).mapToObj(n -> (Callable<Integer>) () -> {
            try {
                supply.set(meter, ReasonKind.MANUAL_OFF, "person-" + n, "at once", null);
                return 1;
            } catch (SupplyRefused alreadyInForce) {
                return 0;
            }
        }).toList());
        assertThat(told).containsOnlyOnce(1);
        assertThat(supply.reasons(meter)).hasSize(1);
        assertThat(jdbc.sql("select count(*) from supply_event where meter_id = ? and kind = 'REASON_SET'").param(meter).query(Integer.class).single())
                .isEqualTo(1);
    }

    @Test
    void arrearsSetAndLiftedByTwoThreadsLeaveReasonAndWishInAgreement() throws Exception {
        for (int i = 0; i < 20; i++) {
            AtOnce.atOnce(List.of(() -> credit(true), () -> credit(false)));
            // one that finds the site's lock taken, or no step free, is let through a moment later
            await().untilAsserted(() -> assertThat(supplies.find(meter).orElseThrow().wanted())
                    .isEqualTo(supply.reasons(meter).isEmpty() ? Wanted.ON : Wanted.OFF));
        }
        Integer balance = jdbc.sql("""
                select sum(case kind when 'REASON_SET' then 1 when 'REASON_ENDED' then -1 else 0 end)
                from supply_event where meter_id = ?""").param(meter).query(Integer.class).single();
        assertThat(balance).isEqualTo(supply.reasons(meter).size());
    }

    @Test
    void whatHappenedIsNeverChanged() {
        credit(true);
        for (String change : List.of("update supply_event set who = 'nobody'", "delete from supply_event",
                "truncate supply_event")) {
            assertThatThrownBy(() -> jdbc.sql(change).update()).isInstanceOf(DataAccessException.class)
                    .hasMessageContaining("append-only");
        }
    }

    private Void credit(boolean exhausted) {
        BigDecimal yuan = exhausted ? new BigDecimal("-0.0042") : BigDecimal.TEN;
        transaction.executeWithoutResult(status ->
                arrears.creditChanged(List.of(new Credit(account, yuan, exhausted, "hub", "test"))));
        return null;
    }

    @Test
    void whatCannotBeSwitchedAndWhatSomebodyOpenedAreAlarmsUntilTheyAreNot() {
        see(Relay.ON);
        credit(true);
        see(Relay.ON);
        loop.done(new Outcome.NotAvailable(meter, Relay.OFF, Instant.now(), "the model does not describe switching"));
        assertThat(openAlarms()).containsExactly("SWITCH_FAILED");
        credit(false);
        assertThat(openAlarms()).as("nothing is wanted of it any more").isEmpty();
        jdbc.sql("update meter_supply set commanded = null, commanded_at = null, acknowledged_at = null, may_close = false where meter_id = ?")
                .param(meter).update();
        see(Relay.OFF);
        assertThat(openAlarms()).containsExactly("OPENED_AT_METER");
        supply.end(meter, ReasonKind.MANUAL_OFF, "wang", "work done", "meter");
        assertThat(openAlarms()).isEmpty();
    }

    @Test
    void aMeterThatDoesNotTellOpenedForItsScheduleOnlyWhereItHoldsIt() {
        see(Relay.ON);
        rule("SCHEDULE", "{\"off\": [{\"from\": \"00:00\", \"to\": \"00:00\"}], \"exceptions\": []}");
        held("SCHEDULE", "{}");
        assertThat(see(Relay.OFF)).isEmpty();
        assertThat(supply.reasons(meter)).singleElement().matches(reason -> reason.kind() == ReasonKind.SCHEDULE && reason.who().equals(Reasons.METER));
        assertThat(openAlarms()).isEmpty();
        assertThat(see(Relay.OFF)).as("once").isEmpty();
        assertThat(see(Relay.ON)).as("it closed by itself").isEmpty();
        assertThat(supply.reasons(meter)).isEmpty();
        jdbc.sql("update meter_hold set verified_at = null where meter_id = ?").param(meter).update();
        see(Relay.OFF);
        assertThat(supply.reasons(meter)).extracting(Reason::kind).containsExactly(ReasonKind.MANUAL_OFF);
    }

    @Test
    void aMeterThatDoesNotTellOpenedForItsLimitOnlyIfMoreWasDrawnJustBefore() {
        see(Relay.ON);
        held("POWER_LIMIT", "{\"load-limit\": 10, \"load-trips-allowed\": 2}");
        drew("12.5");
        see(Relay.OFF);
        assertThat(supply.reasons(meter)).singleElement().matches(reason -> reason.kind() == ReasonKind.OVERLOAD && reason.who().equals(Reasons.METER)
                && reason.why().contains("12.5 kW"));
        assertThat(openAlarms()).containsExactly("OVERLOAD");
        see(Relay.ON);
        assertThat(openAlarms()).isEmpty();
        drew("9.5");
        see(Relay.OFF);
        assertThat(supply.reasons(meter)).extracting(Reason::kind).containsExactly(ReasonKind.MANUAL_OFF);
    }

    @Test
    void theHubOpensForAScheduleInTheMeterOnlyWhereTheMeterDidNot() {
        jdbc.sql("update meter set enabled = true where id = ?").param(meter).update();
        held("SCHEDULE", "{}");
        LocalTime now = LocalTime.now(ZoneId.of(jdbc.sql("select zone from site where id = ?").param(site.id()).query(String.class).single()));
        off(now.minusMinutes(1), now.plusHours(1));
        schedules.agreeWithSchedules();
        assertThat(supply.reasons(meter)).as("the meter is to").isEmpty();
        off(now.minusMinutes(4), now.plusHours(1));
        schedules.agreeWithSchedules();
        assertThat(supply.reasons(meter)).singleElement().matches(reason -> reason.kind() == ReasonKind.SCHEDULE && reason.who().equals(Reasons.HUB));
    }

    @Test
    void aMeterThatIsForcedClosedKeepsNoLimit() {
        held("POWER_LIMIT", "{\"load-limit\": 10}");
        assertThat(holds.heldBy(Rule.POWER_LIMIT)).contains(meter);
        jdbc.sql("update meter_supply set forced = 'CLOSED' where meter_id = ?").param(meter).update();
        assertThat(holds.heldBy(Rule.POWER_LIMIT)).doesNotContain(meter);
    }

    @Test
    void theHubOpensForAHeaterThatComesAgainWhileTheMeterDoesNothing() {
        jdbc.sql("update meter set enabled = true where id = ?").param(meter).update();
        rule("FORBIDDEN_LOAD", "{\"stepKw\": 2, \"powerFactor\": 0.98, \"settleSeconds\": 0, \"returnMinutes\": 10, \"returnsPerDay\": 1}");
        held("FORBIDDEN_LOAD", "{}");
        loads.forget(null);
        draws(50, 1, Relay.ON);
        draws(45, 4, Relay.ON);
        draws(40, 4, Relay.ON);
        draws(35, 0, Relay.OFF);
        draws(30, 1, Relay.ON);
        draws(25, 4, Relay.ON);
        assertThat(supply.reasons(meter)).as("the meter opened the first time").isEmpty();
        draws(20, 1, Relay.ON);
        draws(15, 1, Relay.ON);
        assertThat(supply.reasons(meter)).as("its thermostat").isEmpty();
        draws(10, 4, Relay.ON);
        assertThat(supply.reasons(meter)).singleElement().matches(reason -> reason.kind() == ReasonKind.FORBIDDEN_LOAD && reason.who().equals(Reasons.HUB));
    }

    private void draws(int secondsAgo, int kw, Relay relay) {
        transaction.executeWithoutResult(status -> loads.drawn(List.of(new Slice.Reading(meter, Instant.now().minusSeconds(secondsAgo), BigDecimal.ONE, null,
                BigDecimal.valueOf(kw), Map.of("power-factor", BigDecimal.ONE), relay, 1, null))));
    }

    @Test
    void tripsAreCountedFromWhereTheMeterCounts() {
        held("POWER_LIMIT", "{\"load-limit\": 10, \"load-trips-allowed\": 1}");
        assertThat(trip()).contains("trip 1 of 1");
        assertThat(trip()).contains("until a person lifts it");
        jdbc.sql("update meter_hold set counted_from = now() where meter_id = ?").param(meter).update();
        assertThat(trip()).contains("trip 1 of 1");
    }

    private String trip() {
        see(Relay.ON);
        drew("12.5");
        see(Relay.OFF);
        return supply.reasons(meter).get(0).why();
    }

    @Test
    void whoWaitsForSupplyIsToldBeforeAllOthers() {
        List<HoldLoop.Due> due = transaction.execute(status -> {
            status.setRollbackOnly();
            jdbc.sql("""
                    insert into meter (site_id, gateway_id, code, name, model, energy_kind, unit_id, rating, enabled)
                    select site_id, gateway_id, 'M-' || n, 'm', 'x', 'ELECTRICITY', n, 10, true from meter, generate_series(2, 121) as n where id = ?""")
                    .param(meter).update();
            jdbc.sql("""
                    insert into meter_hold (meter_id, wanted, findings, rules, changed_at, reset_at)
                    select id, '{"load-limit": 10}', '[]', array['POWER_LIMIT'], now(), case when unit_id = 121 then now() end from meter
                    where site_id = ? and unit_id > 1""").param(site.id()).update();
            return holdLoop.due();
        });
        assertThat(due).hasSize(100);
        assertThat(due.get(0)).matches(first -> first.urgent() && first.priority() > due.get(99).priority());
    }

    @Test
    void aMeterThatClosedByItselfIsNotCutWhileOthersTakeAllSteps() {
        see(Relay.ON);
        rule("SCHEDULE", "{\"off\": [{\"from\": \"00:00\", \"to\": \"00:00\"}], \"exceptions\": []}");
        held("SCHEDULE", "{}");
        see(Relay.OFF);
        assertThat(supply.reasons(meter)).extracting(Reason::kind).containsExactly(ReasonKind.SCHEDULE);
        allStepsAreTaken();
        assertThat(see(Relay.ON)).isEmpty();
        assertThat(supply.reasons(meter)).isEmpty();
        assertThat(see(Relay.ON)).as("there is no reason left").isEmpty();
    }

    @Test
    void aMeterThatClosedByItselfAfterItsReasonEndedIsNotCutEither() {
        see(Relay.ON);
        rule("SCHEDULE", "{\"off\": [{\"from\": \"00:00\", \"to\": \"00:00\"}], \"exceptions\": []}");
        held("SCHEDULE", "{}");
        see(Relay.OFF);
        allStepsAreTaken();
        jdbc.sql("delete from shop_rule where shop_id = (select shop_id from meter where id = ?)").param(meter).update();
        schedules.agreeWithSchedules();
        transaction.executeWithoutResult(status -> reasons.change(List.of(new Reasons.End(meter, ReasonKind.SCHEDULE, Reasons.HUB, "no schedule")), List.of()));
        assertThat(supplies.find(meter).orElseThrow().wanted()).as("waits for its step").isEqualTo(Wanted.OFF);
        assertThat(see(Relay.ON)).isEmpty();
        assertThat(see(Relay.ON)).isEmpty();
        assertThat(supplies.find(meter).orElseThrow().wanted()).isEqualTo(Wanted.ON);
    }

    private void allStepsAreTaken() {
        jdbc.sql("insert into supply_step (site_id, gateway_id, turned) select ?, 0, array(select now() + interval '1 hour' from generate_series(1, 20)) "
                + "on conflict (site_id, gateway_id) do update set turned = excluded.turned")
                .param(site.id()).update();
    }

    @Test
    void aLockOutOfAMeterThatIsOffByItselfAndSilentIsToldUntilItIsForced() {
        jdbc.sql("update meter set model = 'demo-adf400l-1p', enabled = true where id = ?").param(meter).update();
        look(Relay.ON, null);
        look(Relay.OFF, Trip.SCHEDULE);
        supply.set(meter, ReasonKind.MANUAL_OFF, "wang", "work on the cable", null);
        loop.watchLockOuts();
        assertThat(openAlarms()).as("that may still be on its way").doesNotContain("SWITCH_FAILED");
        assertThat(unsecured()).isTrue();
        jdbc.sql("update supply_reason set since = since - interval '2 minutes' where meter_id = ?").param(meter).update();
        loop.watchLockOuts();
        assertThat(openAlarms()).contains("SWITCH_FAILED");
        assertThat(look(Relay.OFF, Trip.SCHEDULE)).singleElement().matches(command -> command.to() == Relay.OFF);
        loop.done(new Outcome.Switched(meter, Relay.OFF, Instant.now(), false, "0311=0001", Forced.OPEN));
        assertThat(openAlarms()).doesNotContain("SWITCH_FAILED");
        assertThat(unsecured()).isFalse();
        loop.watchLockOuts();
        assertThat(openAlarms()).doesNotContain("SWITCH_FAILED");
    }

    private boolean unsecured() {
        return jdbc.sql("select" + MeterSupply.UNSECURED + "from meter_supply su join meter m on m.id = su.meter_id where m.id = :meter")
                .param("meter", meter).param("freeing", new String[] {"demo-adf400l-1p"}).query(Boolean.class).single();
    }

    @Test
    void whoOwesAndIsOffByTheMetersPlanIsNotOnWhenThePlanSuppliesHim() {
        jdbc.sql("update meter set model = 'demo-adf400l-1p', enabled = true where id = ?").param(meter).update();
        look(Relay.ON, null);
        look(Relay.OFF, Trip.SCHEDULE);
        credit(true);
        assertThat(look(Relay.OFF, Trip.SCHEDULE)).as("it is off already, but would close").containsExactly(new Command(meter, Relay.OFF));
        assertThat(unsecured()).as("nobody works there").isFalse();
        loop.done(new Outcome.Switched(meter, Relay.OFF, Instant.now(), false, "0311=0001", Forced.OPEN));
        assertThat(look(Relay.OFF, null)).isEmpty();
        assertThat(supply.reasons(meter)).extracting(Reason::kind).containsExactly(ReasonKind.ARREARS);
        credit(false);
        assertThat(look(Relay.OFF, null)).containsExactly(new Command(meter, Relay.ON, true));
    }

    @Test
    void theControlThatKeepsACircuitOpenIsNotSwitchedOffWhileSomebodyLocksItOut() throws Exception {
        jdbc.sql("update meter set model = 'demo-adf400l-1p', enabled = true where id = ?").param(meter).update();
        look(Relay.ON, null);
        look(Relay.OFF, Trip.SCHEDULE);
        held("SCHEDULE", "{\"time-control-switch\": 1}");
        UUID worker = UUID.randomUUID();
        jdbc.sql("update meter_hold set verified_at = null where meter_id = ?").param(meter).update();
        assertThat(holdLoop.hold(meter, worker)).isTrue();
        HoldLoop.Wish wish = holdLoop.wish(meter);
        assertThat(holdLoop.allowed(meter, worker, wish, true)).isEqualTo(HoldLoop.Allowed.ALLOWED);
        Future<HoldLoop.Allowed> asked = transaction.execute(status -> {
            supply.set(meter, ReasonKind.MANUAL_OFF, "wang", "work on the cable", null);
            return AtOnce.behind(jdbc, () -> holdLoop.allowed(meter, worker, wish, true));
        });
        assertThat(asked.get()).isEqualTo(HoldLoop.Allowed.UNFORCED);
        assertThat(holdLoop.allowed(meter, worker, wish, false)).as("what opens nothing").isEqualTo(HoldLoop.Allowed.ALLOWED);
        assertThat(holdLoop.allowed(meter, UUID.randomUUID(), wish, false)).isEqualTo(HoldLoop.Allowed.WITHDRAWN);
    }

    @Test
    void whatAMeterOpenedForIsToldOnceWhileItsReasonWaits() {
        look(Relay.ON, null);
        SupplyTerms terms = SupplyTerms.DEFAULT;
        jdbc.sql("insert into supply_terms (site_id, workday_hours, weekend_hours, holiday_hours, notice_minutes, step_shops, step_seconds, step_per, mass_shops, mass_minutes) "
                + "values (?, ?, ?, ?, 600, 20, 1, 'SITE', 0, 10)").params(site.id(), terms.workdayHours(), terms.weekendHours(), terms.holidayHours()).update();
        look(Relay.OFF, Trip.NO_CREDIT);
        assertThat(supply.reasons(meter)).extracting(Reason::kind).containsExactly(ReasonKind.ARREARS);
        assertThat(supplies.find(meter).orElseThrow().wanted()).as("notice").isEqualTo(Wanted.ON);
        String version = rowVersion();
        look(Relay.OFF, Trip.NO_CREDIT);
        assertThat(rowVersion()).as("nothing is written").isEqualTo(version);
        transaction.executeWithoutResult(status -> reasons.change(List.of(new Reasons.End(meter, ReasonKind.ARREARS, Reasons.HUB, "paid")), List.of()));
        look(Relay.OFF, Trip.NO_CREDIT);
        assertThat(supply.reasons(meter)).as("the reason was ended, and the meter is still off for it").extracting(Reason::kind).containsExactly(ReasonKind.ARREARS);
    }

    @Test
    void aChangedRuleAndATripThatIsLookedAtDoNotWaitForEachOther() throws Exception {
        jdbc.sql("update meter set model = 'demo-adf400l-1p', enabled = true where id = ?").param(meter).update();
        held("SCHEDULE", "{}");
        off(LocalTime.MIDNIGHT, LocalTime.MIDNIGHT);
        int shop = jdbc.sql("select shop_id from meter where id = ?").param(meter).query(Integer.class).single();
        whileHeldUp(() -> transaction.executeWithoutResult(status -> events.publishEvent(new ShopRules.Changed(List.of(shop), ShopRules.Kind.SCHEDULE))), () -> {
            supplies.loadLocked(List.of(meter));
            TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
                @Override
                public void beforeCommit(boolean readOnly) {
                    holds.look(meter);
                }
            });
        });
        assertThat(supply.reasons(meter)).extracting(Reason::kind).containsExactly(ReasonKind.SCHEDULE);
    }

    @Test
    void whatAnyNumberOfMetersThatKeepTheirCreditIsToHoldIsAskedForTogether() {
        keepsCredit(meter, account);
        List<String> forOne = statements(() -> holds.agree(List.of(meter)));
        List<Integer> five = new ArrayList<>(List.of(meter));
        for (int n = 2; n <= 5; n++) {
            int other = insert("""
                    insert into meter (site_id, gateway_id, code, name, model, energy_kind, unit_id, rating)
                    select site_id, gateway_id, :code, 'm', 'x', 'ELECTRICITY', %d, 10 from meter where id = %d returning id""".formatted(n, meter), "M" + n);
            int shop = insert("insert into shop (site_id, code, name, floor, shaft) values (%d, :code, 's', '1', 'S1') returning id".formatted(site.id()), "S" + n);
            keepsCredit(other, insert("insert into account (site_id, number, shop_id, kind) values (%d, :code, %d, 'ELECTRICITY') returning id"
                    .formatted(site.id(), shop), "A" + n));
            five.add(other);
        }
        assertThat(statements(() -> holds.agree(five))).hasSameSizeAs(forOne);
        assertThat(jdbc.sql("select count(*) from meter_hold where meter_id = any(?) and wanted -> 'alarm-amount-1' is not null and findings::text like '%no_tariff%'")
                .param(five.toArray(Integer[]::new)).query(Integer.class).single()).isEqualTo(5);
    }

    private void keepsCredit(int meterId, int accountId) {
        jdbc.sql("update meter set model = 'demo-adf400l-3p', enabled = true where id = ?").param(meterId).update();
        jdbc.sql("insert into meter_credit (meter_id, mode, account_id, base, since, compared_from) values (?, 'METER', ?, 0, now(), now())")
                .params(meterId, accountId).update();
        jdbc.sql("insert into account_meter (account_id, meter_id, valid_from) values (?, ?, now()) on conflict do nothing").params(accountId, meterId).update();
    }

    /** What an act says to the database, on this thread. */
    private static List<String> statements(Runnable act) {
        Logger log = (Logger) LoggerFactory.getLogger(JdbcTemplate.class);
        ListAppender<ILoggingEvent> said = new ListAppender<>() {
            @Override
            protected void append(ILoggingEvent event) {
                // asked for later, it would be whoever asks
                event.getThreadName();
                super.append(event);
            }
        };
        Level before = log.getLevel();
        said.start();
        log.addAppender(said);
        log.setAdditive(false);
        log.setLevel(Level.DEBUG);
        try {
            act.run();
        } finally {
            log.setLevel(before);
            log.setAdditive(true);
            log.detachAppender(said);
        }
        String own = Thread.currentThread().getName();
        return List.copyOf(said.list).stream().filter(event -> event.getThreadName().equals(own)).map(ILoggingEvent::getMessage)
                .filter(each -> each.startsWith("Executing prepared SQL statement")).toList();
    }

    @Test
    void aTripForALoadThatWasNotThereIsQuestioned() {
        jdbc.sql("update meter set model = 'demo-adf400l-1p', enabled = true where id = ?").param(meter).update();
        held("POWER_LIMIT", "{\"load-limit\": 10}");
        look(Relay.ON, null);
        drew("6.5");
        look(Relay.OFF, Trip.OVERLOAD);
        assertThat(openAlarms()).as("it may have been more a second later").containsExactly("OVERLOAD");
        look(Relay.ON, null);
        jdbc.sql("update reading set power = 0.4 where meter_id = ?").param(meter).update();
        look(Relay.OFF, Trip.OVERLOAD);
        assertThat(openAlarms()).containsExactly("METER_TRIPPED", "OVERLOAD");
        assertThat(jdbc.sql("select look from meter_hold where meter_id = ?").param(meter).query(Boolean.class).single()).as("looked at anew").isTrue();
        look(Relay.ON, null);
        assertThat(openAlarms()).isEmpty();
        look(Relay.OFF, Trip.FORBIDDEN_LOAD);
        assertThat(openAlarms()).as("it holds nothing about that").contains("METER_TRIPPED");
    }

    private List<Command> look(Relay relay, Trip trip) {
        return loop.due(List.of(new Seen(meter, Instant.now(), relay, null, BigDecimal.ONE, "0311", trip, true, true)));
    }

    private void off(LocalTime from, LocalTime to) {
        rule("SCHEDULE", "{\"off\": [{\"from\": \"%tR\", \"to\": \"%tR\"}], \"exceptions\": []}".formatted(from, to));
    }

    private void rule(String kind, String rule) {
        jdbc.sql("""
                insert into shop_rule (shop_id, kind, rule) select shop_id, ?, ?::jsonb from meter where id = ?
                on conflict (shop_id, kind) do update set rule = excluded.rule""").params(kind, rule, meter).update();
    }

    /** The meter was seen to hold it. */
    private void held(String rule, String parameters) {
        jdbc.sql("insert into meter_hold (meter_id, wanted, findings, rules, changed_at, verified_at) values (?, ?::jsonb, '[]', array[?], now(), now())")
                .params(meter, parameters, rule).update();
    }

    private void drew(String kw) {
        jdbc.sql("insert into reading (meter_id, read_at, total, power) values (?, now(), 1, ?)").params(meter, new BigDecimal(kw)).update();
    }

    private List<String> openAlarms() {
        return jdbc.sql("select kind from alarm where subject = 'METER' and subject_id = ? and cleared_at is null order by kind").param(meter)
                .query(String.class).list();
    }

    private List<Command> see(Relay relay) {
        return loop.due(List.of(new Seen(meter, Instant.now(), relay, null, BigDecimal.ONE, relay == Relay.ON ? "0369=0000" : "0369=0001")));
    }

    private void switched(Relay to) {
        loop.done(new Outcome.Switched(meter, to, Instant.now(), false, to == Relay.ON ? "0369=0000" : "0369=0001"));
    }
}
