package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.List;
import org.junit.jupiter.api.Test;

class FormsTest {

    @Test
    void commasStandBetweenThousandsAndNeverForThePoint() {
        assertThat(Forms.amount(" 1,234,567.5 ")).hasValue(new BigDecimal("1234567.50"));
        assertThat(Forms.amount("1,250")).hasValue(new BigDecimal("1250.00"));
        assertThat(Forms.amount("1250.05")).hasValue(new BigDecimal("1250.05"));
        for (String typed : List.of("12,50", "12,5", "1,2345", ",500", "1234,567", "1,23,456", "1.234,50", "1,250.", "1,000.005", "0", "-1,000", "")) {
            assertThat(Forms.amount(typed)).as(typed).isEmpty();
        }
    }
}
