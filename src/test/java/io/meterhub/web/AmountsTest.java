package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.BigRange;
import net.jqwik.api.constraints.Scale;

class AmountsTest {

    @Property
    void creditNeverLooksLikeMoreThanItIsNorLikeAFenLess(
            @ForAll @BigRange(min = "-1000000", max = "1000000") @Scale(12) BigDecimal credit) {
        BigDecimal shown = new BigDecimal(Amounts.yuan(credit).replace("¥", "").replace(",", ""));
        assertThat(shown).isLessThanOrEqualTo(credit).isGreaterThan(credit.subtract(new BigDecimal("0.01")));
    }

    @Example
    void yuanArePeoplesYuan() {
        assertThat(Amounts.yuan(new BigDecimal("1234567.899"))).isEqualTo("¥1,234,567.89");
        assertThat(Amounts.yuan(new BigDecimal("-0.000001"))).isEqualTo("-¥0.01");
        assertThat(Amounts.yuan(BigDecimal.ZERO)).isEqualTo("¥0.00");
    }

    @Example
    void plainNumbersKeepTheirDigits() {
        assertThat(Amounts.plain(new BigDecimal("100.500"))).isEqualTo("100.5");
        assertThat(Amounts.plain(new BigDecimal("1E+3"))).isEqualTo("1000");
        assertThat(Amounts.plain(new BigDecimal("0.000"))).isEqualTo("0");
    }
}
