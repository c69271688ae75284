package io.meterhub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.site.Gateway.Framing;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.http.HttpMethod;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Rate bands are left out of most rounds where nothing is priced by them, and of none where something is. */
@HubTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SeldomReadsIT {

    /** Around a half hour bands are read of every meter. */
    private static final Duration PAST_THE_HALF_HOUR = Duration.ofMinutes(2);

    @Autowired
    ApplicationContext hub;
    @Autowired
    JdbcClient jdbc;
    private AttachedMall mall;

    @BeforeAll
    void aMallIsAttached() {
        mall = new AttachedMall(hub, "127.9.0.24").gateway("PARTED", Framing.TCP)
                .meter("ONE", "PARTED", "demo-adf400l-1p", "shop-single", "1000.00")
                .meter("BANDS", "PARTED", "demo-adf400l-1p", "shop-tou", "1000.00")
                .open("SELDOM").attach();
    }

    @AfterAll
    void close() {
        mall.close();
    }

    @Test
    void whatPricesNeedIsReadAlwaysAndTheRestStaysKnown() {
        mall.draw("ONE", "BANDS");
        roundsUntilBandsAreLeftOut();
        mall.use("ONE", new BigDecimal("100"));
        mall.round("PARTED", "ONE", "BANDS");
        assertThat(withBands("ONE").get(0)).as("the first reading is a full one").isTrue();
        assertThat(withBands("BANDS")).hasSizeGreaterThanOrEqualTo(2).doesNotContain(false);
        JsonNode shown = mall.meter("ONE");
        assertThat(shown.get("bands")).isNotEmpty();
        assertThat(shown.at("/live/voltage").decimalValue()).isPositive();
        assertThat(shown.at("/live/meter-credit").isMissingNode()).isFalse();
        mall.assertBilled("ONE", "0.85", "1000.00");
        mall.draw();
        mall.wholeRound("PARTED", "ONE", "BANDS");
        assertThat(mall.charged("BANDS")).isEqualByComparingTo(mall.counted("BANDS"));

        LocalDate tomorrow = LocalDate.now(ZoneId.of("Asia/Shanghai")).plusDays(1);
        mall.send(HttpMethod.POST, "/api/v1/sites/%d/price-changes".formatted(mall.site()), Map.of("why", "a new contract", "change",
                Map.of("type", "ASSIGN", "tariff", "shop-tou", "meter", "ONE", "validFrom", tomorrow)));
        int before = withBands("ONE").size();
        mall.wholeRound("PARTED", "ONE");
        assertThat(withBands("ONE").subList(before + 1, withBands("ONE").size())).isNotEmpty().doesNotContain(false);
    }

    private void roundsUntilBandsAreLeftOut() {
        await().atMost(PAST_THE_HALF_HOUR).pollInterval(Duration.ofMillis(500)).until(() -> {
            mall.round("PARTED", "ONE", "BANDS");
            return withBands("ONE").contains(false);
        });
    }

    private List<Boolean> withBands(String meter) {
        return jdbc.sql("select bands is not null from reading where meter_id = ? order by read_at").param(mall.id(meter)).query(Boolean.class).list();
    }
}
