package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.metering.Correction;
import io.meterhub.metering.EnteredReadings;
import io.meterhub.metering.EnteredReadings.Entry;
import io.meterhub.metering.EntryResult;
import io.meterhub.metering.ReadingSource;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

@HubTest
class EnteredReadingsIT {

    @Autowired
    Billing billing;
    @Autowired
    EnteredReadings entered;
    @Autowired
    Estimates estimates;
    @Autowired
    DayClose dayClose;
    @Autowired
    Accounts accounts;
    @Autowired
    JdbcClient jdbc;
    BilledMall malls;

    @Autowired
    void attach(ApplicationContext hub) {
        malls = new BilledMall(hub);
    }

    /** The end of the site's last day, as the hub takes it. */
    private static Instant dayEnd(Mall mall) {
        return mall.site().dayOf(Instant.now().minus(Duration.ofMinutes(2))).atStartOfDay(mall.site().zone()).toInstant();
    }

    private EntryResult enter(Mall mall, ReadingSource source, Instant at, String total) {
        return billing.enterReadings(List.of(new Entry(mall.meter(), at, new BigDecimal(total), source, "Wang", "Li", "test"))).get(0);
    }

    private List<String> lines(Mall mall) {
        return accounts.charges(mall.account(), LocalDate.EPOCH, LocalDate.EPOCH.plusYears(1000)).stream()
                .map(line -> line.siteDay() + " " + Amount.of(line.quantity()) + " " + Amount.of(line.estimatedQuantity())).toList();
    }

    private static final class Amount {

        static String of(BigDecimal number) {
            return number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
        }
    }

    private List<String> kept(Mall mall) {
        return jdbc.sql("""
                select source || ' ' || total || ' ' || quantity || ' ' || coalesce(reader, '-') || ' ' || who
                from entered_reading where meter_id = ? order by read_at, id""").param(mall.meter()).query(String.class).list();
    }

    @Test
    void aManualReadingIsChargedAsAnyOther() {
        Mall mall = malls.open("shop-single", 1);
        Instant noon = Instant.now().minus(Duration.ofHours(6)).truncatedTo(ChronoUnit.SECONDS);
        assertThat(enter(mall, ReadingSource.MANUAL, noon, "1010")).isInstanceOfSatisfying(EntryResult.Taken.class,
                taken -> assertThat(taken.quantity()).isEqualByComparingTo("10"));
        // 10 kWh at 0.85
        assertThat(malls.credits(mall)).containsExactly("91.5");
        assertThat(enter(mall, ReadingSource.MANUAL, noon, "1010.000")).isInstanceOfSatisfying(EntryResult.Taken.class,
                again -> assertThat(again.replayed()).isTrue());
        assertThat(malls.credits(mall)).as("once").containsExactly("91.5");
        assertThat(enter(mall, ReadingSource.MANUAL, noon, "1011")).isInstanceOfSatisfying(EntryResult.Refused.class,
                refused -> assertThat(refused.why()).contains("1010.000").contains("Li"));
        billing.bill(mall.slice(noon.plusSeconds(60), "1010.20"));
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("10.2");
        assertThat(kept(mall)).containsExactly("MANUAL 1010.000 10.000 Wang Li");
        assertThat(jdbc.sql("select who || ': ' || why from audit_log where site_id = ? and what = 'reading.manual'")
                .param(mall.site().id()).query(String.class).list()).containsExactly("Li: test");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void aManualReadingThatCannotBeTrueIsRefusedWithItsBounds() {
        Mall mall = malls.open("shop-single", 1);
        Instant at = Instant.now().minus(Duration.ofHours(3)).truncatedTo(ChronoUnit.SECONDS);
        enter(mall, ReadingSource.MANUAL, at, "1010");
        // 13.2 kW x 1.2 for an hour, and two steps of 0.01
        for (String wrong : List.of("1009.999", "1025.861")) {
            assertThat(enter(mall, ReadingSource.MANUAL, at.plusSeconds(3600), wrong)).isEqualTo(new EntryResult.Refused("total",
                    "Must be from 1010.000, the last reading, to 1025.860, the most that can have been counted since."));
        }
        assertThat(enter(mall, ReadingSource.MANUAL, at.plusSeconds(3600), "1E+20000000")).isInstanceOfSatisfying(EntryResult.Refused.class,
                refused -> assertThat(refused.field()).isEqualTo("total"));
        assertThat(enter(mall, ReadingSource.MANUAL, at.minusSeconds(1), "1009")).isInstanceOfSatisfying(EntryResult.Refused.class,
                refused -> assertThat(refused.field()).isEqualTo("at"));
        assertThat(enter(mall, ReadingSource.MANUAL, Instant.now().plus(Duration.ofHours(1)), "1011"))
                .isInstanceOfSatisfying(EntryResult.Refused.class, refused -> assertThat(refused.why()).startsWith("Must not lie in the future"));
        assertThat(enter(mall, ReadingSource.MANUAL, at.plusSeconds(3600), "1025.860")).isInstanceOf(EntryResult.Taken.class);
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("25.86");
        assertThat(kept(mall)).hasSize(2);
    }

    @Test
    void ofManyEntriesAllAreTakenOrNone() {
        Mall mall = malls.open("shop-single", 2);
        Instant at = Instant.now().minus(Duration.ofHours(3)).truncatedTo(ChronoUnit.SECONDS);
        List<Entry> entries = List.of(new Entry(mall.meters().get(1), at, new BigDecimal("1004"), ReadingSource.MANUAL, "Wang", "Li", "x"),
                new Entry(mall.meters().get(0), at, new BigDecimal("999"), ReadingSource.MANUAL, "Wang", "Li", "x"));
        assertThat(billing.enterReadings(entries)).extracting(result -> result.getClass().getSimpleName()).containsExactly("Taken", "Refused");
        assertThat(malls.credits(mall)).containsExactly("100", "100");
        assertThat(kept(mall)).isEmpty();
        assertThat(jdbc.sql("select count(*) from meter_state where meter_id = ? and read_at is not null").param(mall.meters().get(1))
                .query(Integer.class).single()).isZero();
    }

    /** 1 kWh an hour until three days before the day's end. */
    private Instant lostForThreeDays(Mall mall) {
        Instant lost = dayEnd(mall).minus(Duration.ofDays(3));
        jdbc.sql("update meter set opening_reading = null where id = ?").param(mall.meter()).update();
        for (int hours = 10 * 24; hours >= 0; hours -= 24) {
            billing.bill(mall.slice(lost.minus(Duration.ofHours(hours)), String.valueOf(1000 + 240 - hours)));
        }
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("240");
        return lost;
    }

    @Test
    void aLostMeterIsEstimatedAtTheDaysEndAndTruedUpBySmallerCounter() {
        Mall mall = malls.open("shop-single", 1);
        Instant lost = lostForThreeDays(mall);
        entered.setEstimateAfter(mall.site().id(), 24, "Li", "the gateway of shaft 3 is being changed");
        estimates.make();
        estimates.make();
        // 72 hours at 1 kWh
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("312");
        assertThat(kept(mall)).containsExactly("ESTIMATED 1312.000 72.000 - hub");
        assertThat(lines(mall).subList(10, 13)).allSatisfy(line -> assertThat(line).endsWith(" 24 24"));
        dayClose.close();
        // 100 - 312 x 0.85
        assertThat(malls.credits(mall)).containsExactly("-165.2");
        Instant back = dayEnd(mall).plus(Duration.ofMinutes(1));
        billing.bill(mall.slice(back, "1270.00"));
        assertThat(malls.charged(mall.meter())).as("30 kWh it was").isEqualByComparingTo("270");
        assertThat(malls.credits(mall)).as("100 - 270 x 0.85").containsExactly("-129.5");
        dayClose.close();
        assertThat(malls.credits(mall)).containsExactly("-129.5");
        assertThat(malls.problems(mall)).isEmpty();
        assertThat(jdbc.sql("""
                select coalesce(sum(amount - posted_yuan), 0) from charge_line where meter_id = ? and site_day < ?""")
                .param(mall.meter()).param(mall.site().dayOf(dayEnd(mall))).query(BigDecimal.class).single()).isEqualByComparingTo("0");
        assertThat(jdbc.sql("select count(*) from provisional_charge where meter_id = ?").param(mall.meter())
                .query(Integer.class).single()).isZero();
        assertThat(lost).isBefore(back);
        entered.setEstimateAfter(mall.site().id(), null, "Li", "back");
        estimates.make();
        assertThat(kept(mall)).hasSize(1);
    }

    @Test
    void aLostMeterThatUsedMoreThanEstimatedIsChargedTheRest() {
        Mall mall = malls.open("shop-single", 1);
        lostForThreeDays(mall);
        entered.setEstimateAfter(mall.site().id(), 24, "Li", "x");
        estimates.make();
        billing.bill(mall.slice(dayEnd(mall).plus(Duration.ofMinutes(1)), "1384.00"));
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("384");
        // 144 kWh in 3 days and a minute
        assertThat(lines(mall).get(10)).endsWith(" 47.988891 47.988891");
        assertThat(malls.problems(mall)).isEmpty();
        entered.setEstimateAfter(mall.site().id(), null, "Li", "back");
    }

    @Test
    void staffMayPutAValueInPlaceOfTheEstimate() {
        Mall mall = malls.open("shop-single", 1);
        Instant lost = lostForThreeDays(mall);
        entered.setEstimateAfter(mall.site().id(), 24, "Li", "x");
        estimates.make();
        assertThat(enter(mall, ReadingSource.SUBSTITUTED, lost.plus(Duration.ofDays(2)), "1239")).isInstanceOf(EntryResult.Refused.class);
        assertThat(enter(mall, ReadingSource.SUBSTITUTED, lost.plus(Duration.ofDays(2)), "1250")).isInstanceOf(EntryResult.Taken.class);
        assertThat(malls.charged(mall.meter())).as("10 kWh in place of 72").isEqualByComparingTo("250");
        estimates.make();
        assertThat(malls.charged(mall.meter())).as("and a day at its pace from there").isEqualByComparingTo("274");
        billing.bill(mall.slice(dayEnd(mall).plus(Duration.ofMinutes(1)), "1251.00"));
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("251");
        assertThat(malls.problems(mall)).isEmpty();
        assertThat(kept(mall)).containsExactly("SUBSTITUTED 1250.000 10.000 Wang Li", "ESTIMATED 1312.000 72.000 - hub",
                "ESTIMATED 1274.000 24.000 - hub");
        entered.setEstimateAfter(mall.site().id(), null, "Li", "back");
    }

    @Test
    void aMeterChangedOnTheWallWhileItWasEstimatedIsTruedUpByItsClosingValue() {
        Mall mall = malls.open("shop-single", 1);
        lostForThreeDays(mall);
        entered.setEstimateAfter(mall.site().id(), 24, "Li", "x");
        estimates.make();
        entered.setEstimateAfter(mall.site().id(), null, "Li", "back");
        assertThat(billing.replaceMeter(mall.meter(), new BigDecimal("1260"), BigDecimal.ZERO, "Li", "burnt")).isInstanceOf(Correction.Done.class);
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("260");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void whatWasReadBeforeAReplacementWasEnteredIsRefusedByItsTime() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(Instant.now().minus(Duration.ofHours(1)), "1000.00"));
        assertThat(billing.replaceMeter(mall.meter(), new BigDecimal("1010"), BigDecimal.ZERO, "Li", "burnt")).isInstanceOf(Correction.Done.class);
        EntryResult result = enter(mall, ReadingSource.MANUAL, Instant.now().minus(Duration.ofMinutes(30)), "0.5");
        assertThat(result).isInstanceOfSatisfying(EntryResult.Refused.class, refused -> {
            assertThat(refused.field()).isEqualTo("at");
            assertThat(refused.why()).contains("change of the meter was entered");
        });
    }

    @Test
    void anEstimateIsNeverBeyondWhatCanHaveFlowed() {
        Mall mall = malls.open("shop-single", 1);
        lostForThreeDays(mall);
        jdbc.sql("update meter set rating = 0.1 where id = ?").param(mall.meter()).update();
        assertThat(billing.estimate(mall.meters(), dayEnd(mall), Duration.ofHours(24))).as("a pace beyond the rating is none").isZero();
        jdbc.sql("update meter set rating = 13.2 where id = ?").param(mall.meter()).update();
        assertThat(billing.estimate(mall.meters(), dayEnd(mall), Duration.ofDays(4))).as("not lost for so long").isZero();
        assertThat(billing.estimate(mall.meters(), dayEnd(mall), Duration.ofDays(2))).isEqualTo(1);
    }
}
