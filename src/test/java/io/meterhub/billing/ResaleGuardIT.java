package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.site.EnergyKind;
import java.math.BigDecimal;
import java.time.YearMonth;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

@HubTest
class ResaleGuardIT {

    private static final ZoneId ZONE = ZoneId.of("Asia/Shanghai");
    private static final YearMonth MONTH = YearMonth.now(ZONE).minusMonths(1);

    @Autowired
    ResaleGuard guard;
    @Autowired
    Billing billing;
    @Autowired
    Accounts accounts;
    @Autowired
    JdbcClient jdbc;
    BilledMall malls;

    @Autowired
    void attach(ApplicationContext hub) {
        malls = new BilledMall(hub);
    }

    /** 10, 20 and 40 kWh at 0.85: 8.50, 17.00 and 34.00, together 59.50. */
    private Mall used() {
        Mall mall = malls.open("shop-single", 3);
        billing.bill(mall.slice(MONTH.atDay(5).atTime(9, 0).atZone(ZONE).toInstant(), "1010", "1020", "1040"));
        return mall;
    }

    private ResaleGuard.Month enter(Mall mall, String yuan) {
        return guard.enter(mall.site().id(), MONTH, EnergyKind.ELECTRICITY, new BigDecimal("72"), new BigDecimal(yuan), "Li", "bill");
    }

    private ResaleGuard.Month giveBack(Mall mall, String excess) {
        return guard.giveBack(mall.site().id(), MONTH, EnergyKind.ELECTRICITY, new BigDecimal(excess), "Zhao", "excess");
    }

    private static List<String> parts(ResaleGuard.Month month) {
        return month.parts().stream().map(part -> part.shop() + " " + part.paidYuan().stripTrailingZeros().toPlainString() + " "
                + part.giveBackYuan().toPlainString()).toList();
    }

    private List<String> warnings(Mall mall) {
        return jdbc.sql("select detail->>'excessYuan' from money_event where site_id = ? and kind = 'RESALE_EXCESS' order by id").param(mall.site().id())
                .query(String.class).list();
    }

    @Test
    void whatIsAboveTheBillIsProposedByWhatEachPaidAndGivenBackOnce() {
        Mall mall = used();
        ResaleGuard.Month month = enter(mall, "49.50");
        // 10.00 above: 1.42857.., 2.85714.. and 5.71428..; the fen that is left over goes to the first, who lost most
        assertThat(month.excessYuan()).isEqualByComparingTo("10.00");
        assertThat(parts(month)).containsExactly("S-0000 8.5 1.43", "S-0001 17 2.86", "S-0002 34 5.71");
        assertThat(warnings(mall)).containsExactly("10.00");
        assertThatThrownBy(() -> giveBack(mall, "9.99")).isInstanceOf(FeeRefused.class).extracting("field").isEqualTo("excessYuan");
        ResaleGuard.Month given = giveBack(mall, "10");
        assertThat(given.givenBack().who()).isEqualTo("Zhao");
        assertThat(parts(given)).isEqualTo(parts(month));
        assertThatThrownBy(() -> giveBack(mall, "10")).isInstanceOf(FeeRefused.class).extracting("field").isEqualTo("month");
        assertThatThrownBy(() -> enter(mall, "1")).isInstanceOf(FeeRefused.class).extracting("field").isEqualTo("month");
        assertThat(malls.credits(mall)).containsExactly("92.93", "85.86", "71.71");
        assertThat(accounts.lines(mall.account(), null, 1)).extracting(line -> line.cause() + " " + line.credit().stripTrailingZeros().toPlainString()
                + " " + line.who() + ": " + line.why()).containsExactly("GIVE_BACK 1.43 Zhao: excess");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void belowTheBillNothingIsSaidAndABillMayBeCorrected() {
        Mall mall = used();
        assertThat(enter(mall, "60").excessYuan()).isEqualByComparingTo("0");
        assertThat(warnings(mall)).isEmpty();
        assertThatThrownBy(() -> giveBack(mall, "0")).isInstanceOf(FeeRefused.class).extracting("field").isEqualTo("month");
        assertThat(enter(mall, "59.49").excessYuan()).isEqualByComparingTo("0.01");
        assertThatThrownBy(() -> guard.enter(mall.site().id(), YearMonth.now(ZONE).plusMonths(1), EnergyKind.ELECTRICITY, BigDecimal.ONE, BigDecimal.ONE,
                "Li", "x")).as("not over").isInstanceOf(FeeRefused.class);
    }

    @Test
    void severalConfirmationsAtOnceGiveBackOnce() throws Exception {
        Mall mall = used();
        enter(mall, "49.50");
        ExecutorService people = Executors.newFixedThreadPool(8);
        try {
            List<Future<Boolean>> done = new ArrayList<>();
            Callable<Boolean> confirm = () -> {
                try {
                    giveBack(mall, "10.00");
                    return true;
                } catch (FeeRefused late) {
                    return false;
                }
            };
            for (int i = 0; i < 8; i++) {
                done.add(people.submit(confirm));
            }
            int booked = 0;
            for (Future<Boolean> each : done) {
                booked += each.get() ? 1 : 0;
            }
            assertThat(booked).isEqualTo(1);
        } finally {
            people.shutdown();
        }
        assertThat(malls.credits(mall)).containsExactly("92.93", "85.86", "71.71");
    }
}
