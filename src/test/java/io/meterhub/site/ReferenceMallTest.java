package io.meterhub.site;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.site.SiteSheet.MeterRow;
import io.meterhub.site.SiteSheet.ShopRow;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ReferenceMallTest {

    private final SiteSheet mall = SiteFile.read(Path.of("config/demo/reference-mall.xlsx"));

    @Test
    void theFileIsWhatTheProgramMakes() {
        assertThat(mall).as("make it anew as the head of ReferenceMall says").isEqualTo(ReferenceMall.sheet());
    }

    @Test
    void itIsTheReferenceSite() {
        assertThat(mall.gateways()).hasSize(5).extracting(SiteSheet.GatewayRow::framing)
                .contains(Gateway.Framing.TCP, Gateway.Framing.RTU);
        assertThat(mall.shops()).hasSize(300).extracting(ShopRow::name).doesNotHaveDuplicates();
        assertThat(mall.meters().stream().filter(meter -> meter.shop() == null)).hasSize(50);
        assertThat(mall.meters().stream().filter(meter -> meter.energyKind() == EnergyKind.WATER)).hasSize(30)
                .allMatch(meter -> meter.shop() != null);
        assertThat(mall.meters().stream().filter(meter -> meter.shop() != null && meter.energyKind() == EnergyKind.ELECTRICITY)
                .collect(Collectors.groupingBy(MeterRow::model, Collectors.counting())))
                .isEqualTo(Map.of("acrel-ddsy1352", 150L, "demo-adf400l-1p", 100L, "demo-adf400l-3p", 50L));
        assertThat(mall.shops()).allSatisfy(shop -> assertThat(shop.phone()).startsWith("138-0000-"));
    }

    @Test
    void aUserWithThreePhasesHasThreeUnitIds() {
        mall.gateways().forEach(gateway -> {
            List<Integer> taken = mall.meters().stream().filter(meter -> meter.gateway().equals(gateway.code()))
                    .flatMap(meter -> IntStream.range(0, meter.model().endsWith("-3p") ? 3 : 1)
                            .mapToObj(i -> meter.unitId() + i)).toList();
            assertThat(taken).doesNotHaveDuplicates().allMatch(unit -> unit <= 247);
        });
    }

    @Test
    void mostShopsHaveCreditSomeAreLowAndFiveRunOutSoon() {
        List<BigDecimal> credits = mall.shops().stream().map(ShopRow::electricityOpeningYuan).toList();
        assertThat(credits).filteredOn(credit -> credit.compareTo(BigDecimal.ONE) < 0).hasSize(5);
        assertThat(mall.shops()).filteredOn(shop -> shop.electricityOpeningYuan().compareTo(BigDecimal.ONE) >= 0
                && shop.electricityOpeningYuan().compareTo(shop.warn1Yuan() == null ? new BigDecimal("50") : shop.warn1Yuan()) < 0)
                .hasSizeBetween(12, 18);
    }
}
