package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.tenant.OwnShops.Day;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DayChartTest {

    private static List<Day> days(String... used) {
        return Arrays.stream(used).map(quantity -> new Day(LocalDate.of(2026, 11, 22), new BigDecimal(quantity), BigDecimal.ONE)).toList();
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "0.004, 0.004", "1, 1", "1.001, 1.5", "2, 2", "4.2, 5", "9.99, 10", "10, 10", "73, 80", "123.456, 150", "5000.1, 6000"})
    void theUpperEdgeIsTheNextRoundNumber(String most, String top) {
        assertThat(DayChart.of(days("0", most)).top()).isEqualByComparingTo(top);
    }

    @Test
    void eachBarIsAsHighAsItsDayAndStandsOnTheBase() {
        List<DayChart.Bar> bars = DayChart.of(days("0", "5", "10", "2.5")).bars();
        assertThat(bars).extracting(DayChart.Bar::height).containsExactly("0.0", "50.0", "100.0", "25.0");
        assertThat(bars).allSatisfy(bar -> assertThat(new BigDecimal(bar.y()).add(new BigDecimal(bar.height()))).isEqualByComparingTo("100"));
        assertThat(bars).extracting(bar -> new BigDecimal(bar.x())).isSorted();
        DayChart.Bar last = bars.get(3);
        assertThat(new BigDecimal(last.x()).add(new BigDecimal(last.width()))).isLessThan(BigDecimal.valueOf(DayChart.WIDTH));
    }
}
