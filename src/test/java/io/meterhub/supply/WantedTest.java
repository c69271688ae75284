package io.meterhub.supply;

import static io.meterhub.supply.ReasonKind.ARREARS;
import static io.meterhub.supply.ReasonKind.CLOSED_ACCOUNT;
import static io.meterhub.supply.ReasonKind.FAULT;
import static io.meterhub.supply.ReasonKind.FORBIDDEN_LOAD;
import static io.meterhub.supply.ReasonKind.KEEP_ON;
import static io.meterhub.supply.ReasonKind.MANUAL_OFF;
import static io.meterhub.supply.ReasonKind.OVERLOAD;
import static io.meterhub.supply.ReasonKind.PROPERTY_FEE;
import static io.meterhub.supply.ReasonKind.PROTECTED;
import static io.meterhub.supply.ReasonKind.SCHEDULE;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WantedTest {

    /** The rule as the electrician says it: the first line whose words are all said counts. */
    private record Line(List<Set<ReasonKind>> oneOfEach, Wanted wanted) {

        boolean applies(Set<ReasonKind> reasons) {
            return oneOfEach.stream().allMatch(kinds -> kinds.stream().anyMatch(reasons::contains));
        }
    }

    private static final Set<ReasonKind> UNSAFE = EnumSet.of(OVERLOAD, FORBIDDEN_LOAD, MANUAL_OFF, FAULT);
    private static final Set<ReasonKind> OWED = EnumSet.of(ARREARS, PROPERTY_FEE, SCHEDULE, CLOSED_ACCOUNT);
    private static final List<Line> RULE = List.of(
            new Line(List.of(EnumSet.of(PROTECTED), UNSAFE), Wanted.AS_IS),
            new Line(List.of(EnumSet.of(PROTECTED)), Wanted.ON),
            new Line(List.of(UNSAFE), Wanted.OFF),
            new Line(List.of(EnumSet.of(KEEP_ON)), Wanted.ON),
            new Line(List.of(OWED), Wanted.OFF),
            new Line(List.of(), Wanted.ON));

    @Test
    void allSubsetsOfReasonsFollowTheRule() {
        ReasonKind[] kinds = ReasonKind.values();
        Map<Wanted, Integer> count = new EnumMap<>(Wanted.class);
        for (int bits = 0; bits < 1 << kinds.length; bits++) {
            Set<ReasonKind> reasons = EnumSet.noneOf(ReasonKind.class);
            for (int i = 0; i < kinds.length; i++) {
                if ((bits >> i & 1) == 1) {
                    reasons.add(kinds[i]);
                }
            }
            Wanted expected = RULE.stream().filter(line -> line.applies(reasons)).findFirst().orElseThrow().wanted();
            assertThat(Wanted.of(reasons)).as("%s", reasons).isEqualTo(expected);
            count.merge(expected, 1, Integer::sum);
        }
        // counted by hand: 2^10 subsets, 15 of 16 unsafe, half protected, half kept on, 15 of 16 owing
        assertThat(count).containsEntry(Wanted.AS_IS, 480).containsEntry(Wanted.OFF, 480 + 15)
                .containsEntry(Wanted.ON, 32 + 16 + 1);
    }
}
