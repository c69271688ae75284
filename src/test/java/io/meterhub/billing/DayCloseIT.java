package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

@HubTest
class DayCloseIT {

    @Autowired
    DayClose close;
    @Autowired
    Billing billing;
    @Autowired
    Accounts accounts;
    @Autowired
    JdbcClient jdbc;
    BilledMall malls;

    private static Instant noon(Mall mall, int daysAgo) {
        return mall.site().dayOf(Instant.now()).minusDays(daysAgo).atTime(12, 0).atZone(mall.site().zone()).toInstant();
    }

    private List<String> journals(Mall mall) {
        LocalDate today = mall.site().dayOf(Instant.now());
        return accounts.lines(mall.account(), null, 100).stream().filter(line -> line.cause().equals("CHARGE_DAY"))
                .map(line -> today.toEpochDay() - line.siteDay().toEpochDay() + " days ago "
                        + line.debit().stripTrailingZeros().toPlainString() + " " + line.why().split(" ")[0]).toList();
    }

    @Autowired
    void attach(ApplicationContext hub) {
        malls = new BilledMall(hub);
    }

    @Test
    void everyPastDayIsPostedOnceHoweverOftenAndLateItIsClosed() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(noon(mall, 4), "1001.00"));
        billing.bill(mall.slice(noon(mall, 4).plusSeconds(60), "1001.10"));
        billing.bill(mall.slice(noon(mall, 2), "1002.00"));
        List<String> credits = malls.credits(mall);
        close.close();
        // half a day, a day and half a day of the time between the readings fall on the three days
        assertThat(journals(mall)).containsExactly("2 days ago 0.1913163 consumption", "3 days ago 0.3826326 consumption",
                "4 days ago 1.1260511 consumption");
        assertThat(malls.credits(mall)).as("posting moves no credit").isEqualTo(credits);
        close.close();
        assertThat(journals(mall)).hasSize(3);
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void whatComesAfterTheCloseGetsAJournalOfItsOwn() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(noon(mall, 1), "1001.00"));
        close.close();
        billing.bill(mall.slice(noon(mall, 1).plusSeconds(3600), "1003.00"));
        close.close();
        assertThat(journals(mall)).containsExactly("1 days ago 1.7 late", "1 days ago 0.85 consumption");
        assertThat(malls.credits(mall)).containsExactly("97.45");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void todayStaysOpen() {
        Mall mall = malls.open("shop-single", 1);
        Instant now = Clock.systemUTC().instant();
        billing.bill(mall.slice(now, "1001.00"));
        close.close();
        LocalDate closeable = mall.site().dayOf(now.minus(Duration.ofMinutes(2)));
        assertThat(jdbc.sql("select count(*) from charge_line where meter_id = ? and site_day >= ? and not unposted")
                .params(mall.meter(), closeable).query(Integer.class).single()).isZero();
    }

    @Test
    void severalClosersAndBillingAtOncePostEachYuanOnce() throws Exception {
        Mall mall = malls.open("shop-tou", 10);
        ExecutorService threads = Executors.newFixedThreadPool(5);
        try {
            List<Future<?>> done = new ArrayList<>();
            for (int i = 1; i <= 30; i++) {
                Instant at = noon(mall, 3).plus(Duration.ofHours(i));
                String total = new BigDecimal("1000").add(BigDecimal.valueOf(i)).toPlainString();
                done.add(threads.submit(() -> billing.bill(mall.slice(at, mall.meters().stream().map(meter -> total)
                        .toArray(String[]::new)))));
                done.add(threads.submit(close::close));
                done.add(threads.submit(close::close));
            }
            for (Future<?> each : done) {
                each.get();
            }
            billing.bill(mall.slice(noon(mall, 1), mall.meters().stream().map(meter -> "1031").toArray(String[]::new)));
        } finally {
            threads.shutdown();
        }
        close.close();
        assertThat(malls.problems(mall)).isEmpty();
        assertThat(mall.meters()).allSatisfy(meter -> assertThat(malls.charged(meter)).isEqualByComparingTo("31"));
        assertThat(jdbc.sql("select coalesce(sum(open_yuan), 0) from account where site_id = ?").param(mall.site().id())
                .query(BigDecimal.class).single()).as("everything is posted").isEqualByComparingTo("0");
    }
}
