package io.meterhub;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.ghgande.j2mod.modbus.facade.ModbusTCPMaster;
import com.ghgande.j2mod.modbus.procimg.SimpleRegister;
import io.meterhub.site.Gateway.Framing;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;

/** The hub's main job on real wire traffic: read, bill, cut at zero, restore; and whom it obeys besides. */
@HubTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MainFlowIT {

    private static final String PRICE = "0.85";
    private static final String WATER_PRICE = "4.55";

    @Autowired
    ApplicationContext hub;
    private AttachedMall mall;

    @BeforeAll
    void aMallIsAttached() {
        mall = new AttachedMall(hub, "127.9.0.1").gateway("G", Framing.RTU)
                .meter("SINGLE", "G", "demo-adf400l-1p", "shop-single", "100.00")
                .meter("TOU", "G", "demo-adf400l-3p", "shop-tou", "100.00")
                .meter("WATER", "G", "generic-water-valve", "water-single", "10.00")
                .meter("PUBLIC", "G", "acrel-ddsy1352", null, null)
                .meter("ZERO-1P", "G", "demo-adf400l-1p", "shop-single", "0.10")
                .meter("ZERO-3P", "G", "demo-adf400l-3p", "shop-single", "0.10")
                .meter("ZERO-DD", "G", "acrel-ddsy1352", "shop-single", "0.10")
                .meter("ZERO-W", "G", "generic-water-valve", "water-single", "0.01")
                .meter("LOCKED", "G", "demo-adf400l-1p", "shop-single", "0.10")
                .meter("OPENED", "G", "demo-adf400l-3p", "shop-single", "0.10")
                .meter("KEPT", "G", "demo-adf400l-1p", "shop-single", "0.10")
                .open("FLOW").attach();
    }

    @AfterAll
    void theBooksHold() {
        mall.assertBooksHold();
        mall.close();
    }

    @Test
    void whatIsCountedIsBilledToTheLastDecimal() {
        for (String much : List.of("0.01", "0.02", "0.05", "0.09", "0.13")) {
            for (String meter : List.of("SINGLE", "TOU", "WATER")) {
                mall.draw(meter);
                mall.use(meter, new BigDecimal(much));
            }
            mall.round("G", "SINGLE", "TOU", "WATER");
        }
        mall.assertBilled("SINGLE", PRICE, "100.00");
        mall.assertBilled("WATER", WATER_PRICE, "10.00");

        assertThat(mall.charged("TOU")).isEqualByComparingTo(mall.counted("TOU")).isPositive();
        BigDecimal owed = BigDecimal.ZERO;
        for (JsonNode line : mall.charges("TOU")) {
            String price = Map.of("PEAK", "0.909325", "FLAT", "0.587325", "VALLEY", "0.265325").get(line.get("band").asText());
            assertThat(line.get("price").decimalValue()).isEqualByComparingTo(price);
            owed = owed.add(new BigDecimal(price).multiply(line.get("quantity").decimalValue()));
        }
        assertThat(mall.credit("TOU")).isEqualByComparingTo(new BigDecimal("100").subtract(owed));
    }

    @Test
    void aPublicAreaIsReadAndNotCharged() {
        mall.draw("PUBLIC");
        mall.pass(Duration.ofMinutes(10));
        mall.round("G", "PUBLIC");
        JsonNode meter = mall.meter("PUBLIC");
        assertThat(meter.get("total").decimalValue()).isEqualByComparingTo(mall.truth("PUBLIC").total());
        assertThat(mall.counted("PUBLIC")).isPositive();
        assertThat(meter.get("state").asText()).isEqualTo("ONLINE");
        assertThat(meter.has("shopId")).isFalse();
        assertThat(mall.truth("PUBLIC").on()).isTrue();
        assertThat(mall.commands("PUBLIC")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"ZERO-1P, 0.85, 0.10, REGISTER", "ZERO-3P, 0.85, 0.10, REGISTER", "ZERO-DD, 0.85, 0.10, JUDGED",
            "ZERO-W, 4.55, 0.01, REGISTER"})
    void atZeroCreditSupplyIsCutAndASaleBringsItBack(String code, String price, String credit, String basis) {
        mall.draw(code);
        mall.round("G", code);
        assertThat(mall.truth(code).on()).isTrue();
        useUp(code, credit, price);
        mall.assertSupply(code, false);
        assertThat(mall.reasons(code)).containsExactly("ARREARS");
        assertThat(mall.meter(code).at("/supply/basis").asText()).isEqualTo(basis);

        BigDecimal cutAt = mall.truth(code).total();
        mall.pass(Duration.ofHours(2));
        mall.round("G", code);
        assertThat(mall.truth(code).total()).as("nothing flows").isEqualByComparingTo(cutAt);
        mall.assertBilled(code, price, credit);

        mall.sell(code, "500.00");
        mall.assertSupply(code, true);
        assertThat(mall.reasons(code)).isEmpty();
        mall.use(code, mall.counted(code).add(new BigDecimal("0.01")));
        mall.round("G", code);
        mall.assertBilled(code, price, new BigDecimal("500").add(new BigDecimal(credit)).toString());
        assertThat(mall.commands(code)).containsExactly("OFF", "ON");
    }

    /** Lets time pass until what was paid in is used up, and a round find it; the cut then comes by itself. */
    private void useUp(String code, String paidIn, String price) {
        mall.use(code, new BigDecimal(paidIn).divide(new BigDecimal(price), 3, RoundingMode.UP));
        mall.round("G", code);
        AttachedMall.soon(() -> assertThat(mall.reasons(code)).contains("ARREARS"));
    }

    @Test
    void aLockOutSurvivesEverySale() {
        mall.draw("LOCKED");
        mall.round("G", "LOCKED");
        mall.set("LOCKED", "MANUAL_OFF", null);
        mall.assertSupply("LOCKED", false);
        mall.sell("LOCKED", "1.00");
        mall.wholeRound("G", "LOCKED");
        assertThat(mall.truth("LOCKED").on()).isFalse();
        assertThat(mall.reasons("LOCKED")).containsExactly("MANUAL_OFF");
        mall.end("LOCKED", "MANUAL_OFF", TestKey.by("li"));
        mall.assertSupply("LOCKED", true);

        useUp("LOCKED", "1.10", PRICE);
        mall.assertSupply("LOCKED", false);
        mall.set("LOCKED", "MANUAL_OFF", null);
        mall.sell("LOCKED", "500.00");
        AttachedMall.soon(() -> assertThat(mall.reasons("LOCKED")).containsExactly("MANUAL_OFF"));
        mall.wholeRound("G", "LOCKED");
        assertThat(mall.truth("LOCKED").on()).isFalse();
        assertThat(mall.commands("LOCKED")).containsExactly("OFF", "ON", "OFF");
    }

    @Test
    void whatWasOpenedAtTheMeterIsNeverClosedByTheHub() throws Exception {
        mall.draw("OPENED");
        mall.round("G", "OPENED");
        forceOpen("OPENED");
        mall.round("G", "OPENED");
        AttachedMall.soon(() -> assertThat(mall.reasons("OPENED")).containsExactly("MANUAL_OFF"));
        assertThat(mall.meter("OPENED").at("/reasons/0/who").asText()).isEqualTo("meter");
        mall.sell("OPENED", "50.00");
        mall.wholeRound("G", "OPENED");
        assertThat(mall.seen("OPENED")).isEqualTo("OFF");
        assertThat(mall.truth("OPENED").on()).isFalse();
        assertThat(mall.commands("OPENED")).as("the hub touched nothing").isEmpty();

        mall.end("OPENED", "MANUAL_OFF", "meter");
        mall.assertSupply("OPENED", true);
        assertThat(mall.commands("OPENED")).as("until a person said so").containsExactly("ON");
    }

    /** As with the maker's service tool: another master on the same gateway. */
    private void forceOpen(String code) throws Exception {
        ModbusTCPMaster tool = new ModbusTCPMaster("127.9.0.1", mall.mall().port("G"), 1000, false, true);
        tool.connect();
        try {
            tool.writeMultipleRegisters(mall.truth(code).unitId(), 0x0804, new SimpleRegister[] {new SimpleRegister(0x0100)});
        } finally {
            tool.disconnect();
        }
        assertThat(mall.truth(code).on()).isFalse();
    }

    @Test
    void whoIsKeptOnStaysOnThoughItOwes() {
        mall.draw("KEPT");
        mall.set("KEPT", "KEEP_ON", Duration.ofHours(1));
        useUp("KEPT", "0.10", PRICE);
        mall.wholeRound("G", "KEPT");
        assertThat(mall.reasons("KEPT")).containsExactlyInAnyOrder("KEEP_ON", "ARREARS");
        assertThat(mall.truth("KEPT").on()).isTrue();
        assertThat(mall.commands("KEPT")).isEmpty();
        mall.pass(Duration.ofMinutes(20));
        mall.round("G", "KEPT");
        mall.assertBilled("KEPT", PRICE, "0.10");
        assertThat(mall.credit("KEPT")).as("what is used is owed").isNegative();
        mall.end("KEPT", "KEEP_ON", TestKey.by("li"));
        mall.assertSupply("KEPT", false);
    }
}
