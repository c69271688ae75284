package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BusTroubleTest {

    private final BusTrouble rule = new BusTrouble(3, 0.3);

    @Test
    void aThirdOfABusIsTroubleAndTwoMetersAreNot() {
        assertThat(rule.is(false, 2, 2)).isFalse();
        assertThat(rule.is(false, 3, 10)).isTrue();
        assertThat(rule.is(false, 19, 64)).isFalse();
        assertThat(rule.is(false, 20, 64)).isTrue();
        assertThat(rule.is(true, 11, 64)).isTrue();
        assertThat(rule.is(true, 10, 64)).isFalse();
    }

    @Property
    void whatIsTroubleAnewIsTroubleStillAndNoneLostIsNone(@ForAll boolean before, @ForAll @IntRange(max = 200) int lost, @ForAll @IntRange(min = 1, max = 200) int all) {
        if (rule.is(false, lost, all)) {
            assertThat(rule.is(true, lost, all)).isTrue();
        }
        assertThat(rule.is(before, 0, all)).isFalse();
    }
}
