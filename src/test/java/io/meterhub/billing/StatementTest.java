package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.billing.Statement.Movement;
import io.meterhub.billing.Statement.Period;
import io.meterhub.billing.Statement.Way;
import io.meterhub.billing.Statement.Went;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class StatementTest {

    private static final LocalDate FIRST = LocalDate.of(2026, 1, 20);
    private static final LocalDate LAST = FIRST.plusDays(99);

    /** An amount of a day: a number of days after the first, and an amount in hundredths of a fen. */
    private static List<Movement> movements(List<Integer> amounts) {
        List<Movement> movements = new ArrayList<>();
        movements.add(new Movement(null, "SALE", new BigDecimal("123.45"), false));
        for (int i = 0; i < amounts.size(); i++) {
            movements.add(new Movement(FIRST.plusDays(Math.floorMod(i * 37L, 100)), i % 3 == 0 ? "SALE" : "CHARGE_DAY",
                    BigDecimal.valueOf(amounts.get(i), 4), i % 3 == 1));
        }
        return movements;
    }

    private static Way way(List<Integer> amounts) {
        List<Went> went = new ArrayList<>();
        for (int i = 0; i < amounts.size(); i++) {
            went.add(new Went(FIRST.plusDays(Math.floorMod(i * 41L, 100)), BigDecimal.valueOf(Math.abs(amounts.get(i)), 3),
                    i % 7 == 0 ? BigDecimal.valueOf(-amounts.get(i)) : BigDecimal.ZERO));
        }
        return new Way(7, "M-7", FIRST, null, new BigDecimal("4711.3"), new BigDecimal("11.1"), went, null);
    }

    private static void assertHolds(List<Period> periods) {
        for (int i = 0; i < periods.size(); i++) {
            Period period = periods.get(i);
            assertThat(period.openingYuan().add(period.movements().values().stream().reduce(BigDecimal.ZERO, BigDecimal::add)))
                    .isEqualByComparingTo(period.closingYuan());
            assertThat(period.meters()).allSatisfy(meter -> assertThat(meter.start().add(meter.used()).add(meter.jumped()))
                    .isEqualByComparingTo(meter.end()));
            if (i > 0) {
                assertThat(period.openingYuan()).isEqualByComparingTo(periods.get(i - 1).closingYuan());
                assertThat(period.first()).isEqualTo(periods.get(i - 1).last().plusDays(1));
                assertThat(period.meters().get(0).start()).isEqualByComparingTo(periods.get(i - 1).meters().get(0).end());
            }
        }
    }

    @Property(tries = 1000)
    void openingPlusMovementsIsClosingByDayAndByMonthAlike(
            @ForAll @Size(max = 60) List<@IntRange(min = -9_999_999, max = 9_999_999) Integer> amounts) {
        List<Movement> movements = movements(amounts);
        List<Way> ways = List.of(way(amounts));
        List<Period> days = Statement.periods(FIRST, LAST, Function.identity(), movements, ways);
        List<Period> months = Statement.periods(FIRST, LAST, day -> YearMonth.from(day).atEndOfMonth(), movements, ways);
        assertHolds(days);
        assertHolds(months);
        assertThat(days).hasSize(100);
        assertThat(months).hasSize(4);
        for (List<Period> periods : List.of(days, months)) {
            Period last = periods.get(periods.size() - 1);
            assertThat(last.closingYuan()).as("all there is").isEqualByComparingTo(
                    movements.stream().map(Movement::yuan).reduce(BigDecimal.ZERO, BigDecimal::add));
            assertThat(last.meters().get(0).end()).as("the counter now, less what came after").isEqualByComparingTo("4700.2");
        }
        for (Period month : months) {
            assertThat(days.stream().filter(day -> day.last().equals(month.last())).findFirst().orElseThrow().closingYuan())
                    .isEqualByComparingTo(month.closingYuan());
        }
    }
}
