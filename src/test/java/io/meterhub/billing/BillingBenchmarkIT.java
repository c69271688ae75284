package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.HubTest;
import java.math.BigDecimal;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The three ways that the benchmark compares bill the same, to the last decimal. How fast is not a test's business. */
@HubTest
class BillingBenchmarkIT {

    @Autowired
    ConfigurableApplicationContext hub;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    LedgerCheck books;

    @Test
    void everyWayBillsWhatTheCountersWent() throws Exception {
        try (BillingBenchmark benchmark = BillingBenchmark.in(hub, 4, 10)) {
            benchmark.byRoute(3);
            assertBilled(benchmark);
            benchmark.bare(3);
            assertBilled(benchmark);
            benchmark.naive(25, 4);
            assertBilled(benchmark);
            assertThat(books.check(benchmark.site()).problems()).isEmpty();
        }
    }

    @Test
    void timeOfUseAndTiersBillWhatTheCountersWent() throws Exception {
        try (BillingBenchmark benchmark = BillingBenchmark.in(hub, 4, 10, "tou-tiers")) {
            benchmark.byRoute(4);
            BigDecimal went = benchmark.total().subtract(new BigDecimal("1000"));
            for (String table : List.of("charge_line", "tier_use")) {
                assertThat(jdbc.sql("select sum(quantity) from " + table + " where meter_id = any(:meters) group by meter_id")
                        .param("meters", benchmark.meterIds().toArray(Integer[]::new)).query(BigDecimal.class).list())
                        .hasSize(benchmark.meterIds().size())
                        .allSatisfy(quantity -> assertThat(quantity).isEqualByComparingTo(went));
            }
            assertThat(books.check(benchmark.site()).problems()).isEmpty();
        }
    }

    private void assertBilled(BillingBenchmark benchmark) {
        BigDecimal went = benchmark.total().subtract(new BigDecimal("1000"));
        assertThat(jdbc.sql("""
                select sum(quantity) from charge_line where meter_id = any(:meters) group by meter_id""")
                .param("meters", benchmark.meterIds().toArray(Integer[]::new)).query(BigDecimal.class).list())
                .hasSize(benchmark.meterIds().size())
                .allSatisfy(quantity -> assertThat(quantity).isEqualByComparingTo(went));
        assertThat(jdbc.sql("""
                select 99999999.00 - (posted_yuan - open_yuan) from account a join account_meter am on am.account_id = a.id
                where am.meter_id = any(:meters)""")
                .param("meters", benchmark.meterIds().toArray(Integer[]::new)).query(BigDecimal.class).list())
                .allSatisfy(spent -> assertThat(spent).isEqualByComparingTo(went.multiply(new BigDecimal("0.85"))));
    }
}
