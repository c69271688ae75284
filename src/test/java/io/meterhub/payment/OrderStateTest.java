package io.meterhub.payment;

import static io.meterhub.payment.OrderState.*;
import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.payment.OrderState.Came;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.NotEmpty;
import org.junit.jupiter.api.Test;

class OrderStateTest {

    /** From the row's state to the column's, in the order of the states: x where one step leads there. */
    private static final String STEPS = """
            CREATED    . x x . x . . . x
            PAYING     . . x . x . . . x
            PAID       . . . x . . . . x
            CREDITED   . . . . . . x . x
            CLOSED     . . . . . x . . x
            LATE_PAID  . . . x . . x . x
            REFUNDING  . . . x . . . x x
            REFUNDED   . . . x . . x . x
            SUSPENSE   . . . x x . x x .
            """;

    @Test
    void anOrderTakesJustTheStepsOfTheTable() {
        Map<OrderState, Set<OrderState>> table = new HashMap<>();
        STEPS.lines().map(line -> line.split(" +")).forEach(cells -> {
            Set<OrderState> next = EnumSet.noneOf(OrderState.class);
            for (OrderState to : values()) {
                if (cells[to.ordinal() + 1].equals("x")) {
                    next.add(to);
                }
            }
            table.put(OrderState.valueOf(cells[0]), next);
        });
        assertThat(table).hasSize(values().length);
        assertThat(Arrays.asList(values())).allSatisfy(state -> assertThat(state.next()).as(state.name()).isEqualTo(table.get(state)));
    }

    @Test
    void whereMoneyCameTheOrderIsNeverClosedWithoutAPersonsWord() {
        for (OrderState paid : List.of(PAID, CREDITED, LATE_PAID, REFUNDING, REFUNDED)) {
            assertThat(paid.next()).doesNotContain(CLOSED, CREATED, PAYING);
        }
    }

    @Property
    void theWorstOfItsPaymentsIsTheOrders(@ForAll @NotEmpty List<Came> came) {
        OrderState state = OrderState.after(came);
        assertThat(state == SUSPENSE).isEqualTo(came.contains(Came.SUSPENDED));
        assertThat(state == REFUNDING).isEqualTo(!came.contains(Came.SUSPENDED) && came.contains(Came.RETURNING));
        assertThat(state == CLOSED).isEqualTo(came.stream().allMatch(Came.ACCEPTED::equals));
    }

    @Test
    void thePausesBetweenLooksGrowAndTheFirstIsWithinAMinute() {
        assertThat(Looks.pause(0)).isLessThan(Duration.ofMinutes(1));
        for (int looks = 0; looks < 20; looks++) {
            assertThat(Looks.pause(looks + 1)).isGreaterThanOrEqualTo(Looks.pause(looks)).isLessThanOrEqualTo(Duration.ofMinutes(30));
        }
    }
}
