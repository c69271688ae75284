package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.metering.Correction;
import io.meterhub.metering.Slice;
import io.meterhub.site.SiteSheet;
import jakarta.jms.Message;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jms.core.JmsTemplate;
import org.springframework.transaction.support.TransactionTemplate;

@HubTest
class BillingIT {

    /** Recent, so that its partitions are there, and well before now. */
    private static final Instant START = Instant.now().truncatedTo(ChronoUnit.HOURS).minus(Duration.ofDays(2));

    @Autowired
    Billing billing;
    @Autowired
    Accounts accounts;
    @Autowired
    JdbcClient jdbc;
    BilledMall malls;
    @Autowired
    TransactionTemplate transaction;
    @Autowired
    JmsTemplate jms;
    @Autowired
    ObjectMapper json;

    @Autowired
    void attach(ApplicationContext hub) {
        malls = new BilledMall(hub);
    }

    @Test
    void aReadingIsChargedFromTheOpeningReadingOn() {
        Mall mall = malls.open("shop-single", 2);
        billing.bill(mall.slice(START, "1002.00", "1000.00"));
        billing.bill(mall.slice(START.plusSeconds(3600), "1010.00", "1000.50"));
        assertThat(malls.credits(mall)).containsExactly("91.5", "99.575");
        assertThat(accounts.charges(mall.account(), LocalDate.EPOCH, LocalDate.EPOCH.plusYears(1000)))
                .singleElement().satisfies(line -> {
                    assertThat(line.quantity()).isEqualByComparingTo("10");
                    assertThat(line.price()).isEqualByComparingTo("0.85");
                    assertThat(line.amount()).isEqualByComparingTo("8.5");
                    assertThat(line.band()).isEqualTo(Rate.SINGLE);
                });
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void theFirstReadingIsTheOpeningWhereNoneIsGiven() {
        Mall mall = malls.open("shop-single", 1);
        jdbc.sql("update meter set opening_reading = null where id = ?").param(mall.meter()).update();
        billing.bill(mall.slice(START, "123456.78"));
        billing.bill(mall.slice(START.plusSeconds(10), "123456.79"));
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("0.01");
    }

    @Test
    void theSameSliceAgainChangesNothing() {
        Mall mall = malls.open("shop-single", 2);
        Slice slice = mall.slice(START, "1002.00", "1003.00");
        billing.bill(slice);
        List<String> credits = malls.credits(mall);
        billing.bill(slice);
        assertThat(malls.credits(mall)).isEqualTo(credits);
        assertThat(readings(mall.meter())).isEqualTo(1);
    }

    @Test
    void whatComesLateIsKeptButNotCharged() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(START, "1002.00"));
        billing.bill(mall.slice(START.plusSeconds(20), "1002.04"));
        billing.bill(mall.slice(START.plusSeconds(10), "1002.02"));
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("2.04");
        assertThat(malls.state(mall.meter())).containsEntry("total", new BigDecimal("1002.040"));
        assertThat(readings(mall.meter())).isEqualTo(3);
    }

    @Test
    void aMeterTwiceInASliceIsTakenInItsOrder() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(new Slice(mall.site().id(), mall.gateway(), START, List.of(
                mall.reading(0, START.plusSeconds(10), "1002.05", null), mall.reading(0, START, "1002.00", null),
                mall.reading(0, START.plusSeconds(20), "7.00", null)), List.of()));
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("2.05");
        assertThat(quarantine(mall.meter())).containsExactly("BACKWARDS 1002.050 7.000 7.000 1 null");
    }

    /** Prints its seed; -Dbilling.seed=... runs it again. */
    @Test
    void twiceOutOfOrderAndByManyAtOnceNoBalanceChangesTwice() throws Exception {
        long seed = Long.getLong("billing.seed", System.nanoTime());
        System.out.println("BillingIT seed " + seed);
        Random random = new Random(seed);
        Mall mall = malls.open("shop-tou", 20);
        List<Slice> slices = new ArrayList<>();
        for (int round = 0; round < 30; round++) {
            Instant at = START.plusSeconds(600L * round);
            int step = round;
            slices.add(mall.slice(at, mall.meters().stream().map(meter -> new BigDecimal("1000")
                    .add(BigDecimal.valueOf(step * (meter % 7 + 1L), 2)).toPlainString()).toArray(String[]::new)));
        }
        Slice last = slices.get(slices.size() - 1);
        List<Slice> sent = new ArrayList<>(slices);
        sent.addAll(slices);
        Collections.shuffle(sent, random);
        sent.add(last);
        ExecutorService many = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> done = new ArrayList<>();
            for (Slice slice : sent) {
                List<Slice.Reading> shuffled = new ArrayList<>(slice.readings());
                Collections.shuffle(shuffled, random);
                done.add(many.submit(() -> billing.bill(
                        new Slice(slice.site(), slice.gateway(), slice.round(), shuffled, List.of()))));
            }
            for (Future<?> each : done) {
                each.get();
            }
        } finally {
            many.shutdown();
        }
        for (int i = 0; i < mall.meters().size(); i++) {
            assertThat(malls.charged(mall.meters().get(i))).as("seed %d", seed)
                    .isEqualByComparingTo(last.readings().get(i).total().subtract(new BigDecimal("1000")));
        }
        assertThat(malls.problems(mall)).isEmpty();
        assertThat(readings(mall.meter())).isEqualTo(30);
    }

    @Test
    void whatIsRolledBackIsBilledWhenItComesAgain() {
        Mall mall = malls.open("shop-single", 1);
        Slice slice = mall.slice(START, "1004.00");
        transaction.executeWithoutResult(status -> {
            billing.bill(slice);
            status.setRollbackOnly();
        });
        assertThat(malls.credits(mall)).containsExactly("100");
        billing.bill(slice);
        assertThat(malls.credits(mall)).containsExactly("96.6");
    }

    @Test
    void creditThatRunsOutIsToldInTheSameTransaction() {
        Mall mall = malls.open("shop-single", 1);
        assertThat(arrears(mall.meter())).isZero();
        billing.bill(mall.slice(START, "1118.00"));
        assertThat(malls.credits(mall)).containsExactly("-0.3");
        assertThat(arrears(mall.meter())).isEqualTo(1);
    }

    @Test
    void anAccountOpenedWithoutCreditIsOffFromTheBeginning() {
        Mall mall = malls.open("shop-single", 1);
        jdbc.sql("delete from meter_supply where meter_id = ?").param(mall.meter()).update();
        malls.load(BilledMall.sheet("BILL-EMPTY", "shop-single", 1, null, null));
        assertThat(jdbc.sql("""
                select s.wanted from meter_supply s join meter m on m.id = s.meter_id join site on site.id = m.site_id
                where site.code = 'BILL-EMPTY'""").query(String.class).single()).isEqualTo("OFF");
    }

    @Test
    void timeOfUseIsChargedByTheMetersRegistersAcrossAnEdge() {
        Mall mall = malls.open("shop-tou", 1);
        LocalDate yesterday = mall.site().dayOf(Instant.now()).minusDays(1);
        Instant nine = LocalDateTime.of(yesterday, LocalTime.of(9, 0)).atZone(mall.site().zone()).toInstant();
        billing.bill(one(mall, nine, "1000.00", "0", "400", "300", "300"));
        billing.bill(one(mall, nine.plusSeconds(2 * 3600), "1006.00", "0", "405.5", "300.5", "300"));
        assertThat(accounts.charges(mall.account(), yesterday, yesterday)).extracting(
                line -> line.band() + " " + line.quantity().stripTrailingZeros() + " " + line.estimatedQuantity().signum())
                .containsExactly("FLAT 0.5 0", "PEAK 5.5 0");
        billing.bill(one(mall, nine.plusSeconds(6 * 3600), "1010.00"));
        assertThat(accounts.charges(mall.account(), yesterday, yesterday)).as("and by time where it shows none").extracting(
                line -> line.band() + " " + line.quantity().stripTrailingZeros() + " " + line.estimatedQuantity().stripTrailingZeros())
                .containsExactly("FLAT 2.5 2", "PEAK 7.5 2");
        assertThat(malls.problems(mall)).isEmpty();
    }

    private static Slice one(Mall mall, Instant at, String total, String... bands) {
        return new Slice(mall.site().id(), mall.gateway(), at, List.of(mall.reading(0, at, total, bands.length == 0 ? null
                : Arrays.stream(bands).map(BigDecimal::new).toList())), List.of());
    }

    @Test
    void whatCannotBeTrueIsKeptAsideUntilTheCounterIsBack() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(START, "1001.00"));
        billing.bill(mall.slice(START.plusSeconds(10), "1999.00"));
        billing.bill(mall.slice(START.plusSeconds(20), "1999.01"));
        assertThat(quarantine(mall.meter())).containsExactly("JUMP 1001.000 1999.000 1999.010 2 null");
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("1");
        assertThat(malls.state(mall.meter())).containsEntry("suspect_total", new BigDecimal("1999.010"));
        billing.bill(mall.slice(START.plusSeconds(30), "1001.05"));
        assertThat(quarantine(mall.meter())).containsExactly("JUMP 1001.000 1999.000 1999.010 2 RECOVERED");
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("1.05");
        assertThat(malls.state(mall.meter())).containsEntry("suspect_total", null);
        billing.bill(mall.slice(START.plusSeconds(40), "3.00"));
        assertThat(quarantine(mall.meter())).hasSize(2);
        assertThat(jdbc.sql("select raw from quarantine where meter_id = ? and ended_at is null").param(mall.meter())
                .query(String.class).single()).isEqualTo("0000:0001 86A0");
    }

    @Test
    void aPersonMayBelieveAValue() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(START, "1001.00"));
        assertThat(billing.acceptQuarantine(mall.meter(), BigDecimal.ZERO, "Li", "x")).isInstanceOf(Correction.Refused.class);
        billing.bill(mall.slice(START.plusSeconds(10), "1051.00"));
        assertThat(billing.acceptQuarantine(mall.meter(), new BigDecimal("1031"), "Li", "an older one"))
                .as("what nobody looked at is not billed").isInstanceOf(Correction.Refused.class);
        assertThat(billing.acceptQuarantine(mall.meter(), new BigDecimal("1051.01"), "Li", "one to come"))
                .isInstanceOf(Correction.Refused.class);
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("1");
        assertThat(billing.acceptQuarantine(mall.meter(), new BigDecimal("1050.99"), "Li", "read it myself")).isInstanceOf(Correction.Done.class);
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("51");
        billing.bill(mall.slice(START.plusSeconds(20), "1051.02"));
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("51.02");
        billing.bill(mall.slice(START.plusSeconds(30), "51.02"));
        assertThat(billing.acceptQuarantine(mall.meter(), new BigDecimal("51.02"), "Li", "set back by the maker")).isInstanceOf(Correction.Done.class);
        billing.bill(mall.slice(START.plusSeconds(40), "51.04"));
        assertThat(malls.charged(mall.meter())).as("the way back is not billed").isEqualByComparingTo("51.04");
        assertThat(today(mall.meter())).isEqualByComparingTo("50.04");
        assertThat(jdbc.sql("select who || ': ' || why from audit_log where what = 'meter.quarantine.accepted' and subject = ? order by id")
                .param("meter M-0000").query(String.class).list()).contains("Li: read it myself", "Li: set back by the maker");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void aMeterChangedOnTheWallIsBilledUpToItsClosingAndFromItsOpening() {
        Mall mall = malls.open("shop-single", 1);
        assertThat(billing.replaceMeter(mall.meter(), BigDecimal.TEN, BigDecimal.ZERO, "Li", "x"))
                .as("never read").isInstanceOf(Correction.Refused.class);
        billing.bill(mall.slice(START, "1001.00"));
        billing.bill(mall.slice(START.plusSeconds(3600), "0.50"));
        assertThat(billing.replaceMeter(mall.meter(), new BigDecimal("1000.99"), BigDecimal.ZERO, "Li", "x"))
                .isInstanceOfSatisfying(Correction.Refused.class, refused -> assertThat(refused.why())
                        .startsWith("Must be from 1001.000, the last value read, to ").endsWith("with at most 3 decimals."));
        assertThat(billing.replaceMeter(mall.meter(), new BigDecimal("1003.00"), BigDecimal.ZERO, "Li", "burnt"))
                .isInstanceOf(Correction.Done.class);
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("3");
        malls.replacedAt(mall.meter(), START.plusSeconds(3605));
        billing.bill(mall.slice(START.plusSeconds(3610), "0.51"));
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("3.51");
        assertThat(today(mall.meter())).isEqualByComparingTo("2.51");
        assertThat(quarantine(mall.meter())).containsExactly("BACKWARDS 1001.000 0.500 0.500 1 REPLACED");
        assertThat(jdbc.sql("select closing_total || ' ' || opening_total || ' ' || who from meter_replacement where meter_id = ?")
                .param(mall.meter()).query(String.class).single()).isEqualTo("1003.000 0.000 Li");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void whatTheFormerMeterSaidAndComesLateIsNotTheNewOnes() {
        Mall mall = malls.open("shop-single", 1);
        Instant read = Instant.now().minusSeconds(60);
        billing.bill(mall.slice(read, "1001.00"));
        assertThat(billing.replaceMeter(mall.meter(), new BigDecimal("1001.15"), new BigDecimal("1001.05"), "Li", "burnt")).isInstanceOf(Correction.Done.class);
        billing.bill(mall.slice(read.plusSeconds(50), "1001.12"));
        assertThat(malls.charged(mall.meter())).as("billed with its closing value").isEqualByComparingTo("1.15");
        billing.bill(mall.slice(Instant.now().plusSeconds(5), "1001.06"));
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("1.16");
        assertThat(quarantine(mall.meter())).isEmpty();
        assertThat(readings(mall.meter())).as("kept all the same").isEqualTo(3);
        assertThat(malls.problems(mall)).isEmpty();
    }

    /** Each thread sends what the one counter shows when it looks: 400 readings, of which some overtake others. */
    @Test
    void twoThreadsOnOneMeterWith400ReadingsChargeWhatTheCounterSays() throws Exception {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(START, "1000.00"));
        AtomicInteger counter = new AtomicInteger();
        ExecutorService two = Executors.newFixedThreadPool(2);
        try {
            Callable<Void> half = () -> {
                for (int i = 0; i < 200; i++) {
                    int now = counter.incrementAndGet();
                    billing.bill(mall.slice(START.plusSeconds(now * 10L), BigDecimal.valueOf(100_000 + now, 2).toPlainString()));
                }
                return null;
            };
            for (Future<Void> each : two.invokeAll(List.of(half, half))) {
                each.get();
            }
        } finally {
            two.shutdown();
        }
        // 400 steps of 0.01 kWh at 0.85
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("4");
        assertThat(malls.credits(mall)).containsExactly("96.6");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void aCounterThatShowsNothingForAMomentChargesNothingAndRaisesAnAlarm() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(START, "1010.00"));
        assertThat(malls.credits(mall)).containsExactly("91.5");
        billing.bill(mall.slice(START.plusSeconds(10), "0"));
        assertThat(quarantine(mall.meter())).containsExactly("BACKWARDS 1010.000 0.000 0.000 1 null");
        billing.bill(mall.slice(START.plusSeconds(20), "1010.00"));
        assertThat(malls.credits(mall)).as("not 0.85 x 1010").containsExactly("91.5");
        assertThat(quarantine(mall.meter())).containsExactly("BACKWARDS 1010.000 0.000 0.000 1 RECOVERED");
    }

    @Test
    void aGapOfThreeDaysIsChargedOnceSpreadOverItsDaysAndMarked() {
        Mall mall = malls.open("shop-single", 1);
        Instant midnight = mall.site().dayOf(Instant.now()).atStartOfDay(mall.site().zone()).toInstant();
        billing.bill(mall.slice(midnight.minus(Duration.ofDays(3)), "1000.00"));
        Slice back = mall.slice(midnight, "1072.00");
        billing.bill(back);
        billing.bill(back);
        // 24 kWh a day; 72 kWh at 0.85
        assertThat(accounts.charges(mall.account(), LocalDate.EPOCH, LocalDate.EPOCH.plusYears(1000))).hasSize(3).allSatisfy(line -> {
            assertThat(line.quantity()).isEqualByComparingTo("24");
            assertThat(line.estimatedQuantity()).isEqualByComparingTo("24");
        });
        assertThat(malls.credits(mall)).containsExactly("38.8");
    }

    @Test
    void aRegisterThatStartsAgainAtItsEndIsBilledThrough() {
        Mall mall = malls.open("shop-single", 1);
        // this model counts to 2^32 hundredths
        jdbc.sql("update meter set opening_reading = 42949670 where id = ?").param(mall.meter()).update();
        billing.bill(mall.slice(START, "42949671.96"));
        billing.bill(mall.slice(START.plusSeconds(3600), "3.00"));
        // 1.96 up to there, 1 to the end, 3 after it: 5.96 kWh at 0.85
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("5.96");
        assertThat(malls.credits(mall)).containsExactly("94.934");
        assertThat(quarantine(mall.meter())).isEmpty();
    }

    @Test
    void aTypingSlipInAClosingValueIsNotBilled() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(Instant.now().minus(Duration.ofHours(1)), "1001.00"));
        // 13.2 kW for an hour, with the margin
        for (String slip : List.of("1018.00", "10165.00")) {
            assertThat(billing.replaceMeter(mall.meter(), new BigDecimal(slip), BigDecimal.ZERO, "Li", "burnt"))
                    .isInstanceOfSatisfying(Correction.Refused.class, refused -> {
                        assertThat(refused.field()).isEqualTo("closing");
                        assertThat(refused.why()).matches("Must be from 1001[.]000, the last value read, to 1016[.]\\d{3}, the most"
                                + " that the meter can have counted since, with at most 3 decimals[.]");
                    });
        }
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("1");
        assertThat(billing.replaceMeter(mall.meter(), new BigDecimal("1016.50"), BigDecimal.ZERO, "Li", "burnt"))
                .isInstanceOf(Correction.Done.class);
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("16.5");
    }

    @Test
    void anOverflowIsBilledThrough() {
        Mall mall = malls.open("shop-single", 1);
        jdbc.sql("update meter set opening_reading = null where id = ?").param(mall.meter()).update();
        BigDecimal wrapsAt = new BigDecimal(1L << 32).movePointLeft(2);
        billing.bill(mall.slice(START, wrapsAt.subtract(new BigDecimal("0.02")).toPlainString()));
        billing.bill(mall.slice(START.plusSeconds(60), "0.03"));
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("0.05");
        assertThat(today(mall.meter())).isEqualByComparingTo("0.05");
        assertThat(quarantine(mall.meter())).isEmpty();
    }

    @Test
    void failuresAreSeenFromTheirBeginningAndEndWithTheNextAnswer() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(START, "1001.00"));
        for (int i = 1; i <= 2; i++) {
            Instant at = START.plusSeconds(10L * i);
            billing.bill(new Slice(mall.site().id(), mall.gateway(), at, List.of(),
                    List.of(new Slice.Failure(mall.meter(), at, i == 1 ? Slice.ReadFailure.TIMEOUT : Slice.ReadFailure.BAD_FRAME))));
        }
        assertThat(jdbc.sql("select failing_since = :since and failure = 'BAD_FRAME' and live is not null from meter_state where meter_id = :meter")
                .param("since", START.plusSeconds(10).atOffset(ZoneOffset.UTC)).param("meter", mall.meter())
                .query(Boolean.class).single()).isTrue();
        billing.bill(mall.slice(START.plusSeconds(30), "1001.00"));
        assertThat(malls.state(mall.meter())).containsEntry("failing_since", null).containsEntry("failure", null);
    }

    @Test
    void theLastReadingOfAQuarterOfAnHourIsKeptOnItsOwn() {
        Mall mall = malls.open("shop-single", 1);
        for (int i = 0; i < 6; i++) {
            billing.bill(mall.slice(START.plusSeconds(400L * i), "100%d.00".formatted(i)));
        }
        assertThat(jdbc.sql("select total from quarter_hour where meter_id = ? order by starts_at").param(mall.meter())
                .query(BigDecimal.class).list()).containsExactly(new BigDecimal("1002.000"), new BigDecimal("1004.000"));
    }

    @Test
    void aPublicAreasMeterIsReadAndKeptButNotCharged() {
        Mall mall = malls.open("shop-single", 2);
        jdbc.sql("update account_meter set valid_to = now() where meter_id = ?").param(mall.meter()).update();
        billing.bill(mall.slice(START, "1002.00", "1002.00"));
        assertThat(malls.charged(mall.meter())).isZero();
        assertThat(readings(mall.meter())).isEqualTo(1);
        assertThat(malls.charged(mall.meters().get(1))).isEqualByComparingTo("2");
    }

    @Test
    void aNewTariffHoldsFromTheVeryNextMessage() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(Instant.now().minusSeconds(60), "1001.00"));
        malls.load(new SiteSheet(mall.sheet().site(), mall.sheet().gateways(), List.of(
                new SiteSheet.ShopRow(2, "S-0000", "Shop 0", "1F", "S1", null, null, null, null, "shop-tou", null,
                        new BigDecimal("100.00"), null, new BigDecimal("70"), new BigDecimal("30"))), mall.sheet().meters()));
        billing.bill(mall.slice(Instant.now(), "1001.20"));
        assertThat(jdbc.sql("select count(*) from charge_line where meter_id = ? and band = 'SINGLE'").param(mall.meter())
                .query(Integer.class).single()).isEqualTo(1);
        assertThat(jdbc.sql("select sum(quantity) from charge_line where meter_id = ? and band <> 'SINGLE'").param(mall.meter())
                .query(BigDecimal.class).single()).isEqualByComparingTo("0.2");
        assertThat(accounts.account(mall.account()).orElseThrow().warn1Yuan()).isEqualByComparingTo("70");
        assertThat(accounts.lines(mall.account(), null, 10)).as("opening credit once").hasSize(1);
    }

    @Test
    void aMeterWithoutATariffWaitsForOneAndKeepsNobodyFromBeingBilled() {
        Mall mall = malls.open("shop-single", 2);
        jdbc.sql("update tariff_assignment set energy_kind = 'WATER' where meter_id = ?").param(mall.meter()).update();
        billing.bill(mall.slice(Instant.now().minusSeconds(120), "1001.00", "1002.00"));
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("0");
        assertThat(malls.charged(mall.meters().get(1))).isEqualByComparingTo("2");
        assertThat(untold(mall)).isEqualTo(1);
        billing.forgetPriced();
        assertThat(untold(mall)).as("it still has none").isEqualTo(1);
        jdbc.sql("update tariff_assignment set energy_kind = 'ELECTRICITY' where meter_id = ?").param(mall.meter()).update();
        billing.forgetPriced();
        assertThat(untold(mall)).isZero();
        billing.bill(mall.slice(Instant.now(), "1001.50", "1002.00"));
        assertThat(malls.charged(mall.meter())).as("all of it, once it has a price").isEqualByComparingTo("1.5");
        assertThat(malls.problems(mall)).isEmpty();
    }

    /** Open alarms that the mall's first meter has no tariff. */
    private int untold(Mall mall) {
        return jdbc.sql("select count(*) from alarm where kind = 'TARIFF_MISSING' and subject_id = ? and cleared_at is null").param(mall.meter())
                .query(Integer.class).single();
    }

    @Test
    void aSiteFileWithAnUnknownTariffIsRefusedByItsCell() {
        assertThatThrownBy(() -> malls.load(BilledMall.sheet("BILL-X", "shop-gold", 1, null, null)))
                .hasMessageContaining("no tariff shop-gold for ELECTRICITY; allowed is guizhou-dwelling, guizhou-tou, guizhou-tou-published, shop-single, shop-tou");
    }

    @Test
    void aReadingAheadOfTheClockIsRefused() {
        Mall mall = malls.open("shop-single", 1);
        assertThatThrownBy(() -> billing.bill(mall.slice(Instant.now().plus(Duration.ofDays(10)), "1001.00")))
                .hasMessageContaining("ahead of the clock");
    }

    @Test
    void messagesTakeTheRoadFromTheQueueTwiceOverWithoutHarm() throws Exception {
        Mall mall = malls.open("shop-single", 3);
        String message = json.writeValueAsString(mall.slice(START, "1001.00", "1002.00", "1003.00"));
        for (int i = 0; i < 4; i++) {
            jms.convertAndSend("meter.readings", message);
        }
        await().untilAsserted(() -> assertThat(malls.credits(mall)).containsExactly("99.15", "98.3", "97.45"));
        Mall other = malls.open("shop-single", 1);
        jms.convertAndSend("meter.readings", json.writeValueAsString(other.slice(START, "1001.00")));
        await().untilAsserted(() -> assertThat(malls.credits(other)).containsExactly("99.15"));
        assertThat(malls.credits(mall)).containsExactly("99.15", "98.3", "97.45");
    }

    @Test
    void whatCannotBeReadIsSetAsideWithItsReason() throws Exception {
        jms.convertAndSend("meter.readings", "{\"site\": 1, \"readings\": [{\"meter\": \"x\"}]}");
        jms.setReceiveTimeout(20_000);
        Message aside = jms.receive("dead-letter");
        assertThat(aside).isNotNull();
        assertThat(aside.getBody(String.class)).contains("\"x\"");
        assertThat(aside.getStringProperty("reason")).startsWith("not readable as readings: ");
    }

    @Test
    void theLedgerAndItsWitnessesAreAppendOnly() {
        Mall mall = malls.open("shop-single", 1);
        for (String change : List.of("update journal set why = 'x' where site_id = " + mall.site().id(),
                "delete from entry where account_id = " + mall.account(), "truncate receipt", "delete from tariff_version")) {
            assertThatThrownBy(() -> jdbc.sql(change).update()).isInstanceOf(DataAccessException.class)
                    .hasMessageContaining("append-only");
        }
    }

    @Test
    void aJournalWithoutTwoEntriesThatBalanceIsRefusedAtTheCommit() {
        Mall mall = malls.open("shop-single", 1);
        Map.of("", "has no entries", "5", "is out of balance by 5", "-4", "is out of balance by -4", "5 -4", "is out of balance by 1",
                "5 -3 -1", "is out of balance by 1").forEach((entries, why) -> assertThatThrownBy(
                () -> transaction.executeWithoutResult(status -> journal(mall, entries))).as(entries).rootCause().hasMessageContaining(why));
        assertThat(jdbc.sql("select count(*) from journal where site_id = ? and cause = 'SALE'").param(mall.site().id()).query(Integer.class)
                .single()).isZero();
    }

    /** Debits above 0, credits below. */
    private void journal(Mall mall, String entries) {
        long journal = jdbc.sql("""
                insert into journal (site_id, key, cause, at, site_day, who, why)
                values (?, 'x', 'SALE', now(), current_date, 'x', 'x') returning id""").param(mall.site().id()).query(Long.class).single();
        jdbc.sql("""
                insert into entry (journal_id, line, gl, debit, credit)
                select ?, n, 'CASH', greatest(yuan, 0), greatest(-yuan, 0)
                from unnest(string_to_array(?, ' ')::numeric[]) with ordinality as e (yuan, n)""").params(journal, entries).update();
    }

    private long readings(int meter) {
        return jdbc.sql("select count(*) from reading where meter_id = ?").param(meter).query(Long.class).single();
    }

    private BigDecimal today(int meter) {
        return jdbc.sql("select total - day_total from meter_state where meter_id = ?").param(meter).query(BigDecimal.class).single();
    }

    private int arrears(int meter) {
        return jdbc.sql("select count(*) from supply_reason where meter_id = ? and kind = 'ARREARS' and ended_at is null")
                .param(meter).query(Integer.class).single();
    }

    private List<String> quarantine(int meter) {
        return jdbc.sql("""
                select concat_ws(' ', kind, accepted_total, first_total, last_total, readings, coalesce(ended_how, 'null'))
                from quarantine where meter_id = ? order by id""").param(meter).query(String.class).list();
    }
}
