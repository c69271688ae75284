package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.metering.Interval;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ChargeCasesTest {

    static List<ChargeCases.Case> cases() throws IOException {
        return ChargeCases.read();
    }

    @Test
    void thereAreEnough() throws IOException {
        assertThat(cases()).hasSizeGreaterThanOrEqualTo(60).allSatisfy(each -> {
            assertThat(each.why()).isNotBlank();
            assertThat(each.lines()).isNotEmpty();
        }).extracting(ChargeCases.Case::title).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isChargedAsReckonedByHand(ChargeCases.Case each) {
        record Line(int meter, LocalDate day, Rate band, int tier) {
        }
        SortedMap<Line, Charge> lines = new TreeMap<>(Comparator.comparingInt(Line::meter).thenComparing(Line::day)
                .thenComparing(Line::band).thenComparingInt(Line::tier));
        TierUse used = new TierUse(Map.of());
        for (Interval interval : each.intervals()) {
            for (Charge charge : Charge.of(each.plan(), 1, interval, used)) {
                lines.merge(new Line(interval.meterId(), charge.siteDay(), charge.rate(), charge.tier()), charge, Charge::plus);
            }
        }
        assertThat(lines.entrySet().stream().map(line -> (each.severalMeters() ? line.getKey().meter() == 1 ? "A " : "B " : "")
                + told(line.getValue()))).as(each.why()).containsExactlyElementsOf(each.lines());
    }

    private static String told(Charge charge) {
        return "%s %s %d %s x %s = %s%s".formatted(charge.siteDay(), charge.rate(), charge.tier(), plain(charge.quantity()),
                plain(charge.price()), plain(charge.yuan()),
                charge.estimatedQuantity().signum() == 0 ? "" : " estimated " + plain(charge.estimatedQuantity()));
    }

    private static String plain(BigDecimal value) {
        return value.stripTrailingZeros().toPlainString();
    }
}
