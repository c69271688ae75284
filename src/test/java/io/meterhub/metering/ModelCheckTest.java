package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.site.EnergyKind;
import io.meterhub.site.Gateway.Framing;
import io.meterhub.site.SiteSheet.MeterRow;
import io.meterhub.site.SiteSheet.Problem;
import java.math.BigDecimal;
import java.util.List;
import org.junit.jupiter.api.Test;

class ModelCheckTest {

    private final ModelCheck check = new ModelCheck(Bench.MODELS);

    private List<Problem> check(MeterRow... rows) {
        return check.check(Bench.sheet(Framing.TCP, 1, List.of(rows)));
    }

    @Test
    void aSheetThatFitsTheModelsHasNoProblem() {
        assertThat(check.check(Bench.sheet(Framing.TCP, 1, Bench.each()))).isEmpty();
    }

    @Test
    void anUnknownModelIsNamedWithThoseThatThereAre() {
        MeterRow row = new MeterRow(7, "M", null, "G", 1, "acme", EnergyKind.WATER, "S", 1, BigDecimal.ONE, null);
        assertThat(check(row)).singleElement().asString()
                .contains("row 7", "column model", "there is no meter model acme", "generic-water-valve");
    }

    @Test
    void aThreePhaseUserNeedsThreeUnitIdsForItself() {
        assertThat(check(Bench.row("A", 4, "acrel-adf400l-3p", 1, "8"), Bench.row("B", 6, "acrel-ddsy1352", 1, "8")))
                .singleElement().asString().contains("column unit id", "unit id 6", "meter A in row 5");
        assertThat(check(Bench.row("A", 246, "acrel-adf400l-3p", 1, "8"))).singleElement().asString()
                .contains("takes 3 unit ids", "the highest is 245");
    }

    @Test
    void aWaterMeterCountsWater() {
        MeterRow row = new MeterRow(2, "M", null, "G", 1, "generic-water-valve", EnergyKind.ELECTRICITY, "S", 1, BigDecimal.ONE, null);
        assertThat(check(row)).singleElement().asString().contains("counts water, the row says electricity");
    }
}
