package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.metering.MeterModel.Quantity;
import io.meterhub.metering.MeterModel.Type;
import io.meterhub.metering.ReadPlan.Block;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class ReadPlanTest {

    private static final Duration TURNAROUND = Duration.ofMillis(60);

    @Property
    void everyQuantityIsReadOnceAndNoReadIsOver125Registers(@ForAll("quantities") List<Quantity> quantities,
                                                            @ForAll @IntRange(max = 123) int maxGap, @ForAll("times") WireTime time) {
        List<Block> blocks = ReadPlan.of(quantities, maxGap, time).blocks();
        assertThat(quantities).allSatisfy(q -> assertThat(blocks.stream().filter(b -> b.holds(q))).hasSize(1));
        assertThat(blocks).allSatisfy(b -> assertThat(b.count()).isBetween(1, ReadPlan.MOST_REGISTERS));
    }

    @Property
    void aPlanNeverCostsMoreThanAReadPerQuantity(@ForAll("quantities") List<Quantity> quantities,
                                                 @ForAll @IntRange(max = 123) int maxGap, @ForAll("times") WireTime time) {
        long one = quantities.stream().mapToLong(q -> time.readMicros(q.type().words)).sum();
        assertThat(ReadPlan.of(quantities, maxGap, time).micros(time)).isLessThanOrEqualTo(one);
    }

    @Property
    void noGapIsReadAlongThatTheModelForbids(@ForAll("quantities") List<Quantity> quantities,
                                             @ForAll @IntRange(max = 20) int maxGap, @ForAll("times") WireTime time) {
        for (Block block : ReadPlan.of(quantities, maxGap, time).blocks()) {
            List<Quantity> inside = quantities.stream().filter(block::holds).toList();
            for (int i = 1; i < inside.size(); i++) {
                assertThat(inside.get(i).register() - inside.get(i - 1).end()).isLessThanOrEqualTo(maxGap);
            }
        }
    }

    @Example
    void theSinglePhaseCabinetMeterTakesTwoReads() {
        MeterModel model = new MeterModels(List.of(Path.of("config/meters"))).model("acrel-adf400l-1p");
        assertThat(ReadPlan.of(model.quantities(), model.maxGap(), new WireTime(9600, TURNAROUND)).blocks())
                .containsExactly(new Block(0x0300, 18), new Block(0x0400, 8));
    }

    @Example
    void wireTimesAreThoseOfTheBus() {
        WireTime time = new WireTime(9600, TURNAROUND);
        assertThat(time.readMicros(10) / 1000).isEqualTo(105);
        assertThat(time.readMicros(40) / 1000).isEqualTo(174);
        assertThat(time.readMicros(120) / 1000).isEqualTo(357);
    }

    @Provide
    Arbitrary<WireTime> times() {
        return Combinators.combine(Arbitraries.of(1200, 2400, 9600, 19200, 115200), Arbitraries.integers().between(0, 200))
                .as((baud, millis) -> new WireTime(baud, Duration.ofMillis(millis)));
    }

    @Provide
    Arbitrary<List<Quantity>> quantities() {
        Arbitrary<int[]> steps = Combinators.combine(Arbitraries.integers().between(0, 160), Arbitraries.of(1, 2))
                .as((gap, words) -> new int[] {gap, words});
        return steps.list().ofMinSize(1).ofMaxSize(40).map(list -> {
            List<Quantity> quantities = new ArrayList<>();
            int next = 0;
            for (int[] step : list) {
                int register = next + step[0];
                quantities.add(new Quantity("q" + register, register, step[1] == 1 ? Type.U16 : Type.U32, false,
                        BigDecimal.ONE, "", false, null, null, false));
                next = register + step[1];
            }
            return quantities;
        });
    }
}
