package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.billing.TariffResult.Refused;
import io.meterhub.billing.TariffResult.Stored;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Sites;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.annotation.Import;

@HubTest
@Import(BilledMall.class)
class TariffsIT {

    private static final LocalDate NEW_YEAR = LocalDate.parse("2027-01-01");

    @Autowired
    Tariffs tariffs;
    @Autowired
    Sites sites;
    @Autowired
    BilledMall malls;
    @TempDir
    Path folder;

    private static TariffRule single(String yuan) {
        return new TariffRule(List.of(new TariffRule.Price(Rate.SINGLE, Map.of("energy", new BigDecimal(yuan)))), null);
    }

    private TariffResult put(Mall mall, String yuan) {
        return tariffs.put(mall.site().id(), "shop-single", "Shop", EnergyKind.ELECTRICITY, NEW_YEAR, single(yuan), "Li", "new prices");
    }

    @Test
    void aVersionThatIsThereIsNeverChanged() {
        Mall mall = malls.open("shop-single", 1);
        assertThat(put(mall, "0.9")).isInstanceOfSatisfying(Stored.class, stored -> {
            assertThat(stored.already()).isFalse();
            assertThat(stored.tariff().versions()).hasSize(2);
            assertThat(stored.tariff().on(LocalDate.parse("2026-12-31")).rule()).isEqualTo(single("0.85"));
            assertThat(stored.tariff().on(NEW_YEAR).rule()).isEqualTo(single("0.9"));
        });
        assertThat(put(mall, "0.900")).isInstanceOfSatisfying(Stored.class, stored -> assertThat(stored.already()).isTrue());
        assertThat(put(mall, "0.91")).isInstanceOfSatisfying(Refused.class,
                refused -> assertThat(refused.field()).isEqualTo("effectiveFrom"));
        assertThat(tariffs.put(mall.site().id(), "shop-single", "Shop", EnergyKind.WATER, NEW_YEAR.plusDays(1), single("1"),
                "Li", "x")).isEqualTo(new Refused("energyKind", "tariff shop-single is for ELECTRICITY"));
    }

    @Test
    void aChangedFileIsRefusedWithItsNameAndReason() throws IOException {
        Mall mall = malls.open("shop-single", 1);
        Path file = Files.writeString(folder.resolve("tariffs.yaml"),
                Files.readString(Path.of("config/demo/tariffs.yaml")).replace("0.85", "0.86"));
        assertThatThrownBy(() -> new SiteTariffs(tariffs, sites, file.toString()))
                .isInstanceOf(TariffFileRefused.class).hasMessageContainingAll(file.toString(), "shop-single from 2026-01-01",
                        "effectiveFrom: another version from this date is there");
        assertThat(malls.credits(mall)).containsExactly("100");
    }

    @Test
    void aMistakeInTheFileIsNamed() throws IOException {
        String good = Files.readString(Path.of("config/demo/tariffs.yaml"));
        for (Map.Entry<String, String> mistake : Map.of(
                good.replace("\"08:00\"", "\"08:15\""), "a period starts at a full or half hour, not at 08:15",
                good.replace("{from: \"00:00\"", "{from: \"00:30\""), "the first period starts at 00:00",
                good.replace("band: SINGLE", "band: SINGEL"), "line 22: ",
                good.replace("energy: 0.85", "energy: 0.8500001"), "at most 6 decimals",
                good.replace("energyKind: WATER", "energyKind: GAS"), "GAS",
                good.replace("prices:", "price:"), "price").entrySet()) {
            Path file = Files.writeString(folder.resolve("bad.yaml"), mistake.getKey());
            assertThatThrownBy(() -> TariffFile.read(file)).isInstanceOf(TariffFileRefused.class)
                    .hasMessageContainingAll(file.toString(), mistake.getValue());
        }
        assertThatThrownBy(() -> TariffFile.read(folder.resolve("none.yaml"))).isInstanceOf(TariffFileRefused.class)
                .hasMessageContaining("meterhub.billing.tariffs");
    }
}
