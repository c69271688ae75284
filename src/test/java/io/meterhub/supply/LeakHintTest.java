package io.meterhub.supply;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class LeakHintTest {

    @Property
    void itLeaksExactlyWhereNoneOfTheLastNightsStoodStill(@ForAll @Size(max = 10) List<@IntRange(max = 3) Integer> litres,
                                                          @ForAll @IntRange(min = 1, max = 8) int nights) {
        List<BigDecimal> flows = litres.stream().map(flow -> BigDecimal.valueOf(flow, 3)).toList();
        boolean enough = litres.size() >= nights && litres.subList(0, nights).stream().allMatch(flow -> flow > 0);
        assertThat(LeakHint.leaks(flows, nights).orElse(false)).isEqualTo(enough);
        if (!litres.isEmpty() && litres.get(0) == 0) {
            assertThat(LeakHint.leaks(flows, nights)).contains(false);
        }
    }
}
