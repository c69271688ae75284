package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.BigRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class SharingTest {

    private static List<BigDecimal> decimals(String... values) {
        return Arrays.stream(values).map(BigDecimal::new).toList();
    }

    private static BigDecimal sum(List<BigDecimal> values) {
        return values.stream().reduce(BigDecimal.ZERO, BigDecimal::add);
    }

    @Test
    void whatRoundingLeavesGoesToWhoLostMost() {
        // 33.33.. each, one fen left: of equal losers the first
        assertThat(Sharing.split(new BigDecimal("100"), decimals("1", "1", "1"), 2)).isEqualTo(decimals("33.34", "33.33", "33.33"));
        // 14.2857.., 28.5714.., 57.1428..: the first lost 0.57 fen, the others less
        assertThat(Sharing.split(new BigDecimal("100"), decimals("1", "2", "4"), 2)).isEqualTo(decimals("14.29", "28.57", "57.14"));
        assertThat(Sharing.split(new BigDecimal("-100"), decimals("1", "1", "1"), 2)).isEqualTo(decimals("-33.34", "-33.33", "-33.33"));
    }

    @Test
    void withoutAnyWeightThePartsAreEqualAndWithoutWholeNothing() {
        assertThat(Sharing.split(new BigDecimal("0.000002"), decimals("0", "0"), 6)).isEqualTo(decimals("0.000001", "0.000001"));
        assertThat(Sharing.split(BigDecimal.ZERO, decimals("3", "0"), 6)).isEqualTo(decimals("0.000000", "0.000000"));
        assertThat(Sharing.split(new BigDecimal("5"), decimals("3", "0"), 6)).isEqualTo(decimals("5.000000", "0.000000"));
    }

    @Test
    void whatCannotBeSharedExactlyIsRefused() {
        assertThatThrownBy(() -> Sharing.split(BigDecimal.ONE, List.of(), 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Sharing.split(BigDecimal.ONE, decimals("2", "-1"), 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Sharing.split(new BigDecimal("0.001"), decimals("1"), 2)).isInstanceOf(ArithmeticException.class);
    }

    @Property(tries = 1000)
    void theRemainderOfSharingIsZero(@ForAll @BigRange(min = "-1000000", max = "1000000") @Scale(6) BigDecimal whole,
                                     @ForAll @Size(min = 1, max = 60) List<@BigRange(min = "0", max = "100000") @Scale(6) BigDecimal> weights) {
        assertThat(sum(Sharing.split(whole, weights, 6))).isEqualByComparingTo(whole);
    }

    @Property(tries = 1000)
    void noPartIsAStepOffItsShare(@ForAll @BigRange(min = "0", max = "1000000") @Scale(2) BigDecimal whole,
                                  @ForAll @Size(min = 1, max = 60) List<@BigRange(min = "0.01", max = "1000") @Scale(2) BigDecimal> weights) {
        List<BigDecimal> parts = Sharing.split(whole, weights, 2);
        for (int i = 0; i < parts.size(); i++) {
            BigDecimal share = whole.multiply(weights.get(i)).divide(sum(weights), 12, RoundingMode.HALF_UP);
            assertThat(parts.get(i).subtract(share).abs()).isLessThan(new BigDecimal("0.01"));
        }
    }

    /** Whom an excess was paid by gets it back, to the fen, and nobody gets more back than was paid. */
    @Property(tries = 1000)
    void whatIsGivenBackSumsToTheExcess(@ForAll @Size(min = 1, max = 40) List<@BigRange(min = "0", max = "5000") @Scale(12) BigDecimal> paid,
                                        @ForAll @IntRange(max = 100) int percent) {
        BigDecimal bill = sum(paid).multiply(BigDecimal.valueOf(percent)).movePointLeft(2).setScale(2, RoundingMode.HALF_UP);
        BigDecimal excess = ResaleGuard.excess(sum(paid), bill);
        List<BigDecimal> parts = Sharing.split(excess, paid, 2);
        assertThat(sum(parts)).isEqualByComparingTo(excess);
        assertThat(sum(paid).subtract(bill).max(BigDecimal.ZERO).subtract(excess)).isBetween(BigDecimal.ZERO, new BigDecimal("0.01"));
        for (int i = 0; i < parts.size(); i++) {
            assertThat(parts.get(i)).isLessThan(paid.get(i).add(new BigDecimal("0.01")));
        }
    }
}
