package io.meterhub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.metering.MeterOperations;
import io.meterhub.metering.MeterOperations.Result;
import io.meterhub.metering.ParameterValue;
import io.meterhub.site.Gateway.Framing;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.http.HttpMethod;

/** A meter's own credit against the ledger, over REST, while the shop uses and buys, and when somebody changes the meter's prices. */
@HubTest
class CreditDriftIT {

    private static final BigDecimal PRICE = new BigDecimal("0.85");
    private static final BigDecimal METER_PRICE = new BigDecimal("0.35");
    // some of the counter's steps behind its transformer, 0.2 kWh each
    private static final BigDecimal STEP = new BigDecimal("0.40");
    private static final String METER = "D";

    @Autowired
    ApplicationContext hub;
    @Autowired
    MeterOperations operations;

    private AttachedMall mall;

    @Test
    void theDriftIsExplainedToItsSteps() {
        try (AttachedMall attached = new AttachedMall(hub, "127.9.14.2").gateway("BUS", Framing.TCP)
                .meter(METER, "BUS", "demo-adf400l-3p", "shop-single", "100.00").open("CREDIT-DRIFT").attach()) {
            mall = attached;
            mall.round("BUS", METER);
            mall.send(HttpMethod.PUT, "/api/v1/meters/%d/credit".formatted(mall.id(METER)), Map.of("mode", "METER", "why", "a test"));
            inMeter(1);
            // the hub writes its prices once, and looks again a day later
            AttachedMall.soon(() -> assertThat(mall.get("/api/v1/meters/%d/held".formatted(mall.id(METER))).hasNonNull("verifiedAt")).isTrue());
            prices(METER_PRICE);
            JsonNode first = compared();
            assertParts(first, "0", "0");
            assertThat(first.at("/drift/openingYuan").decimalValue()).isCloseTo(BigDecimal.ZERO, within(STEP));

            BigDecimal used = use("8");
            mall.sell(METER, "20.00");
            inMeter(2);
            JsonNode bought = compared();
            assertParts(bought, used.multiply(PRICE.subtract(METER_PRICE)).toPlainString(), "0");
            assertThat(bought.get("meterYuan").decimalValue()).isEqualByComparingTo(mall.truth(METER).credit());
            assertThat(drifts()).isEmpty();

            // somebody makes it cheap behind the hub's back
            prices(new BigDecimal("0.01"));
            BigDecimal cheap = use("8");
            JsonNode odd = compared();
            assertParts(odd, used.add(cheap).multiply(PRICE.subtract(METER_PRICE)).toPlainString(),
                    cheap.multiply(METER_PRICE.subtract(new BigDecimal("0.01"))).toPlainString());
            assertThat(drifts()).hasSize(1);
            mall.send(HttpMethod.POST, "/api/v1/meters/%d/credit/comparisons/accept".formatted(mall.id(METER)), Map.of("why", "found out"));
            assertThat(drifts()).isEmpty();
            JsonNode anew = compared();
            assertParts(anew, "0", "0");
            assertThat(anew.at("/drift/openingYuan")).isEqualTo(anew.at("/drift/driftYuan"));
        }
    }

    private void prices(BigDecimal yuan) {
        for (String name : List.of("price-sharp", "price-peak", "price-flat", "price-valley")) {
            assertThat(operations.writeParameter(mall.id(METER), name, ParameterValue.of(yuan))).isInstanceOf(Result.Done.class);
        }
    }

    private BigDecimal use(String kwh) {
        BigDecimal before = mall.counted(METER);
        mall.draw(METER);
        mall.use(METER, before.add(new BigDecimal(kwh)));
        mall.draw();
        return mall.counted(METER).subtract(before);
    }

    private void inMeter(int count) {
        AttachedMall.soon(() -> assertThat(mall.truth(METER).purchaseCount()).isEqualTo(count));
        AttachedMall.soon(() -> assertThat(mall.get("/api/v1/meters/%d/credit".formatted(mall.id(METER))).get("expectedCount").asInt()).isEqualTo(count));
    }

    private JsonNode compared() {
        mall.round("BUS", METER);
        return mall.send(HttpMethod.POST, "/api/v1/meters/%d/credit/comparisons".formatted(mall.id(METER)), null);
    }

    private static void assertParts(JsonNode check, String prices, String unexplained) {
        JsonNode drift = check.get("drift");
        assertThat(drift.get("pricesYuan").decimalValue()).as("%s", check).isCloseTo(new BigDecimal(prices), within(STEP));
        assertThat(drift.get("unexplainedYuan").decimalValue()).as("%s", check).isCloseTo(new BigDecimal(unexplained), within(STEP));
        assertThat(drift.get("underWayYuan").decimalValue()).isZero();
        assertThat(Stream.of("openingYuan", "underWayYuan", "pricesYuan", "bookingsYuan", "unexplainedYuan")
                .map(part -> drift.get(part).decimalValue()).reduce(BigDecimal.ZERO, BigDecimal::add))
                .isEqualByComparingTo(drift.get("driftYuan").decimalValue());
    }

    private List<JsonNode> drifts() {
        return mall.openAlarms().stream().filter(alarm -> alarm.get("kind").asText().equals("CREDIT_DRIFT")).toList();
    }
}
