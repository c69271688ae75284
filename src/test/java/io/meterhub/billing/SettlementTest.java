package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.billing.Settlement.Figures;
import java.math.BigDecimal;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.BigRange;
import net.jqwik.api.constraints.Scale;
import org.junit.jupiter.api.Test;

class SettlementTest {

    @Test
    void theDepositPaysWhatIsOwedBeforeItIsGivenBack() {
        Figures figures = Figures.of(new BigDecimal("-30.125"), new BigDecimal("100"), new BigDecimal("10"));
        assertThat(figures.refundYuan()).isEqualByComparingTo("59.88");
        assertThat(figures.debtYuan()).isEqualByComparingTo("0");
    }

    @Property(tries = 1000)
    void closingLeavesExactlyNothingOrTheStatedDebt(@ForAll @BigRange(min = "-5000", max = "5000") @Scale(12) BigDecimal credit,
                                                    @ForAll @BigRange(min = "0", max = "2000") @Scale(2) BigDecimal deposit,
                                                    @ForAll @BigRange(min = "0", max = "2000") @Scale(12) BigDecimal oldDebt) {
        Figures figures = Figures.of(credit, deposit, oldDebt);
        assertThat(credit.add(deposit).subtract(oldDebt).subtract(figures.refundYuan()).add(figures.debtYuan())
                .subtract(figures.roundedYuan())).isEqualByComparingTo("0");
        assertThat(figures.roundedYuan().abs()).isLessThanOrEqualTo(new BigDecimal("0.005"));
        assertThat(figures.refundYuan().signum() * figures.debtYuan().signum()).as("either paid back or owed").isZero();
        assertThat(figures.refundYuan().scale()).isLessThanOrEqualTo(2);
        assertThat(figures.debtYuan().scale()).isLessThanOrEqualTo(2);
    }
}
