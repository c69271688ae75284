package io.meterhub.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DecimalsTest {

    @ParameterizedTest
    @ValueSource(strings = {"0", "0.00", "999.99", "999.990", "1E+2", "-999.99", "0E+2"})
    void whatFits(String number) {
        assertThat(Decimals.fit(new BigDecimal(number), 3, 2)).isTrue();
    }

    /** Of some the difference of precision and scale is no int. */
    @ParameterizedTest
    @ValueSource(strings = {"1000", "0.001", "1E+3", "1E+20000000", "1E+2147483647", "1E-2147483647", "0E+2147483647"})
    void whatDoesNot(String number) {
        assertThat(Decimals.fit(new BigDecimal(number), 3, 2)).isFalse();
    }
}
