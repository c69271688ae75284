package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.billing.Losses.By;
import io.meterhub.billing.Losses.Loss;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

@HubTest
class LossesIT {

    private static final ZoneId ZONE = ZoneId.of("Asia/Shanghai");
    private static final LocalDate DAY = LocalDate.now(ZONE).minusDays(3);

    @Autowired
    Losses losses;
    @Autowired
    Billing billing;
    @Autowired
    JdbcClient jdbc;
    BilledMall malls;

    @Autowired
    void attach(ApplicationContext hub) {
        malls = new BilledMall(hub);
    }

    /** Meter 0 is the main one, 1 and 2 hang behind it. */
    private Mall mall() {
        Mall mall = malls.open("shop-single", 3);
        losses.link(mall.meters().get(1), mall.meter(), LocalDate.EPOCH, "Li", "drawing 7");
        losses.link(mall.meters().get(2), mall.meter(), LocalDate.EPOCH, "Li", "drawing 7");
        return mall;
    }

    private static Instant at(int hour, int minute) {
        return DAY.atTime(hour, minute).atZone(ZONE).toInstant();
    }

    private static String told(Loss loss) {
        return loss.from().atZone(ZONE).getHour() + "h " + (loss.mainQuantity() == null ? "-" : plain(loss.mainQuantity())) + " - "
                + plain(loss.subQuantity()) + " = " + (loss.loss() == null ? "?" : plain(loss.loss()) + " " + loss.lossPercent() + "%") + " "
                + loss.missing();
    }

    private static String plain(BigDecimal number) {
        return number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
    }

    private List<String> hours(Mall mall, int from, int to) {
        return losses.losses(mall.site().id(), DAY, DAY, By.HOUR).stream()
                .filter(loss -> loss.from().atZone(ZONE).getHour() >= from && loss.from().atZone(ZONE).getHour() < to).map(LossesIT::told).toList();
    }

    @Test
    void mainAgainstTheSumOfItsSubMetersByHourAndWhatWasNotReadIsNoLoss() {
        Mall mall = mall();
        for (int minute = 0; minute <= 4 * 60; minute += 15) {
            // 8 kWh an hour, of which 3 and 4.6 arrive; the last is not read from 10:00 to 11:15
            String main = new BigDecimal("1000").add(new BigDecimal("8").multiply(BigDecimal.valueOf(minute)).divide(BigDecimal.valueOf(60))).toPlainString();
            String one = new BigDecimal("1000").add(new BigDecimal("3").multiply(BigDecimal.valueOf(minute)).divide(BigDecimal.valueOf(60))).toPlainString();
            String two = new BigDecimal("1000").add(new BigDecimal("4.6").multiply(BigDecimal.valueOf(minute)).divide(BigDecimal.valueOf(60))).toPlainString();
            boolean silent = minute > 120 && minute < 195;
            billing.bill(silent ? mall.slice(at(8 + minute / 60, minute % 60), main, one) : mall.slice(at(8 + minute / 60, minute % 60), main, one, two));
        }
        assertThat(hours(mall, 7, 13)).containsExactly("7h - - 0 = ? [M-0000, M-0001, M-0002]", "8h 8 - 7.6 = 0.4 5.00% []", "9h 8 - 7.6 = 0.4 5.00% []",
                "10h 8 - 3 = ? [M-0002]", "11h 8 - 3 = ? [M-0002]", "12h - - 0 = ? [M-0000, M-0001, M-0002]");
    }

    @Test
    void byDayAndFromTheDayOnThatAMeterHangsThere() {
        Mall mall = mall();
        losses.unlink(mall.meters().get(2), DAY.plusDays(1), "Li", "moved");
        billing.bill(mall.slice(DAY.atStartOfDay(ZONE).toInstant(), "1000", "1000", "1000"));
        billing.bill(mall.slice(at(12, 0), "1020", "1010", "1005"));
        billing.bill(mall.slice(DAY.plusDays(1).atStartOfDay(ZONE).toInstant(), "1050", "1020", "1010"));
        billing.bill(mall.slice(DAY.plusDays(2).atStartOfDay(ZONE).toInstant(), "1070", "1039", "1020"));
        assertThat(losses.losses(mall.site().id(), DAY, DAY.plusDays(1), By.DAY)).extracting(LossesIT::told)
                .containsExactly("0h 50 - 30 = 20 40.00% []", "0h 20 - 19 = 1 5.00% []");
    }

    @Test
    void aMeterDoesNotHangBehindItselfNorBehindAnotherSites() {
        Mall mall = mall();
        assertThatThrownBy(() -> losses.link(mall.meter(), mall.meters().get(1), LocalDate.EPOCH, "Li", "x")).isInstanceOf(FeeRefused.class)
                .extracting("field").isEqualTo("parentId");
        assertThatThrownBy(() -> losses.link(mall.meter(), malls.open("shop-single", 1).meter(), LocalDate.EPOCH, "Li", "x"))
                .isInstanceOf(FeeRefused.class);
        assertThatThrownBy(() -> losses.link(mall.meters().get(1), mall.meters().get(2), LocalDate.EPOCH, "Li", "x")).as("said of that day already")
                .isInstanceOf(FeeRefused.class).extracting("field").isEqualTo("from");
        assertThat(losses.links(mall.site().id())).hasSize(2);
    }
}
