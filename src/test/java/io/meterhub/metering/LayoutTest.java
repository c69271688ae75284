package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.metering.Layout.Item;
import io.meterhub.metering.MeterModel.Type;
import java.math.BigDecimal;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** Numbers to registers and back. */
class LayoutTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** A layout with as many entries as it holds. */
    record Filled(Layout layout, ParameterValue value) {
    }

    @Property
    void whatIsEncodedIsDecodedAgain(@ForAll("filled") Filled filled) {
        int[] words = filled.layout.encode(filled.value);
        assertThat(words).hasSize(filled.layout.words());
        assertThat(java.util.Arrays.stream(words)).allMatch(word -> word >= 0 && word <= 0xFFFF);
        assertThat(filled.layout.decode(words)).isEqualTo(filled.value);
    }

    @Property
    void whatIsDecodedIsEncodedAgainToTheSameRegisters(@ForAll("filled") Filled filled, @ForAll("ratio") int ratio) {
        Layout behind = filled.layout.behind(ratio);
        int[] words = filled.layout.encode(filled.value);
        assertThat(behind.encode(behind.decode(words))).isEqualTo(words);
    }

    @Property
    void aValueIsTheSameAfterJson(@ForAll("filled") Filled filled) throws Exception {
        ObjectMapper exact = JSON.copy().enable(com.fasterxml.jackson.databind.DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                .setNodeFactory(com.fasterxml.jackson.databind.node.JsonNodeFactory.withExactBigDecimals(true));
        ParameterValue read = exact.readValue(exact.writeValueAsString(filled.value), ParameterValue.class);
        assertThat(filled.layout.encode(read)).isEqualTo(filled.layout.encode(filled.value));
    }

    @Provide
    Arbitrary<Integer> ratio() {
        return Arbitraries.integers().between(1, 500);
    }

    @Provide
    Arbitrary<Filled> filled() {
        Arbitrary<Item> item = Combinators.combine(Arbitraries.of(Type.class), Arbitraries.of(true, false),
                Arbitraries.of("1", "0.01", "0.001", "10"), Arbitraries.of(true, false))
                .as((type, lowFirst, factor, ct) -> new Item("", type, lowFirst, new BigDecimal(factor), "", ct));
        return Combinators.combine(item.list().ofMinSize(1).ofMaxSize(7), Arbitraries.integers().between(1, 14)).as(LayoutTest::named)
                .flatMap(layout -> Arbitraries.longs().list().ofSize(layout.items().size() * layout.entries())
                        .map(numbers -> new Filled(layout, value(layout, numbers))));
    }

    private static Layout named(List<Item> items, int entries) {
        List<Item> named = new ArrayList<>();
        for (Item item : items) {
            named.add(new Item("i" + named.size(), item.type(), item.lowWordFirst(), item.factor(), item.unit(), item.byCt()));
        }
        return new Layout(named, entries);
    }

    private static ParameterValue value(Layout layout, List<Long> numbers) {
        List<Map<String, BigDecimal>> entries = new ArrayList<>();
        int at = 0;
        for (int i = 0; i < layout.entries(); i++) {
            Map<String, BigDecimal> entry = new LinkedHashMap<>();
            for (Item item : layout.items()) {
                long span = item.type().most() - item.type().least() + 1;
                entry.put(item.name(), item.factor().multiply(BigDecimal.valueOf(item.type().least() + Math.floorMod(numbers.get(at++), span))));
            }
            entries.add(entry);
        }
        return new ParameterValue(entries);
    }

    @Test
    void bytesArePackedHighByteFirstAndWhatIsLeftOutIsZero() {
        Layout table = new Layout(List.of(whole("rate", Type.U8), whole("hour", Type.U8), whole("minute", Type.U8)), 3);
        assertThat(table.words()).as("nine bytes").isEqualTo(5);
        assertThat(table.encode(new ParameterValue(List.of(entry(4, 0, 0), entry(3, 8, 30))))).containsExactly(0x0400, 0x0003, 0x081E, 0, 0);
    }

    @Test
    void aNumberLiesAsItsWordOrderSays() {
        Layout high = new Layout(List.of(whole(Layout.VALUE, Type.U32)), 1);
        Layout low = new Layout(List.of(new Item(Layout.VALUE, Type.U32, true, BigDecimal.ONE, "", false)), 1);
        assertThat(high.encode(ParameterValue.of("305419896"))).containsExactly(0x1234, 0x5678);
        assertThat(low.encode(ParameterValue.of("305419896"))).containsExactly(0x5678, 0x1234);
        assertThat(low.decode(new int[] {0x5678, 0x1234}).number()).isEqualByComparingTo("305419896");
    }

    @Test
    void whatFlowsBehindATransformerStandsInTheMeterDividedByItsRatio() {
        Layout limit = new Layout(List.of(new Item(Layout.VALUE, Type.U16, false, new BigDecimal("0.001"), "kW", true)), 1).behind(20);
        assertThat(limit.encode(ParameterValue.of("50"))).containsExactly(2500);
        assertThat(limit.decode(new int[] {2500}).number()).isEqualByComparingTo("50");
        assertThatThrownBy(() -> limit.encode(ParameterValue.of("50.01"))).hasMessageContaining("a multiple of 0.020");
    }

    @Test
    void whatDoesNotFitIsRefused() {
        Layout table = new Layout(List.of(whole("rate", Type.U8), whole("hour", Type.U8), whole("minute", Type.U8)), 3);
        assertThatThrownBy(() -> table.encode(new ParameterValue(List.of(entry(4, 0, 256))))).isInstanceOf(Layout.Unfit.class)
                .hasMessage("minute must be a multiple of 1 from 0 to 255, not 256");
        assertThatThrownBy(() -> table.encode(new ParameterValue(List.of(Map.of("rate", BigDecimal.ONE))))).isInstanceOf(Layout.Unfit.class);
    }

    @Test
    void aRecordOfNothingIsNone() {
        Layout layout = new Layout(List.of(whole("year", Type.U8), whole("month", Type.U8), whole("count", Type.U16)), 1);
        assertThat(MeterRecord.written(List.of(new int[] {26 << 8 | 11, 7}, new int[] {0, 0}, new int[] {0xFFFF, 0xFFFF}, new int[] {26 << 8 | 13, 6}),
                layout)).containsExactly(new MeterRecord(1, LocalDateTime.of(2026, 11, 1, 0, 0), Map.of("count", new BigDecimal(7))),
                new MeterRecord(4, null, Map.of("count", new BigDecimal(6))));
    }

    private static Item whole(String name, Type type) {
        return new Item(name, type, false, BigDecimal.ONE, "", false);
    }

    private static Map<String, BigDecimal> entry(int rate, int hour, int minute) {
        return Map.of("rate", new BigDecimal(rate), "hour", new BigDecimal(hour), "minute", new BigDecimal(minute));
    }
}
