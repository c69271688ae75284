package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BillTest {

    private static final LocalDate FROM = LocalDate.parse("2026-01-01");
    private static final YearMonth MONTH = YearMonth.parse("2026-02");

    private static ChargeLine line(String quantity, String energy, String grid) {
        TariffRule.Price price = new TariffRule.Price(Rate.PEAK, Map.of("energy", new BigDecimal(energy), "grid", new BigDecimal(grid)));
        BigDecimal used = new BigDecimal(quantity);
        return new ChargeLine(1, 7, "E-1", null, 3, "tou", FROM, Rate.PEAK, 1, price.yuan(), used, BigDecimal.ZERO, used.multiply(price.yuan()),
                price.amounts(used));
    }

    @Test
    void ownUseSharedAreasAndFeeAreApartAndAddUp() {
        SharedAreas.Line shared = new SharedAreas.Line(1, "LIGHT", MONTH, 1, 2, "A-101", 1, SharingGroups.Rule.EQUAL, new BigDecimal("0.5"), 3, "tou",
                FROM, Rate.SINGLE, new BigDecimal("0.85"), new BigDecimal("10"), new BigDecimal("8.5"), Map.of("energy", new BigDecimal("8.5")), 9L);
        PropertyFees.Line fee = new PropertyFees.Line(1, 2, MONTH, 1, 1, PropertyFees.Basis.AREA, new BigDecimal("5"), new BigDecimal("80"), 28,
                new BigDecimal("400.00"), 10);
        Bill.Totals totals = Bill.Totals.of(List.of(line("1.000001", "0.858675", "0.025325"), line("2", "0.5", "0.1")), List.of(shared), List.of(fee));
        assertThat(totals.energyYuan()).isEqualByComparingTo("2.084000884");
        assertThat(totals.parts()).containsOnlyKeys("energy", "grid");
        assertThat(totals.parts().get("energy")).isEqualByComparingTo("1.858675858675");
        assertThat(totals.parts().get("grid")).isEqualByComparingTo("0.225325025325");
        assertThat(totals.sharedYuan()).isEqualByComparingTo("8.5");
        assertThat(totals.feesYuan()).isEqualByComparingTo("400");
        assertThat(totals.totalYuan()).isEqualByComparingTo("410.584000884");
    }

    @Test
    void aBillOfNothingIsZero() {
        assertThat(Bill.Totals.of(List.of(), List.of(), List.of()).totalYuan()).isZero();
    }
}
