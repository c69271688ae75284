package io.meterhub.metering;

import io.meterhub.metering.MeterModel.Type;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How numbers lie in a block of registers: so many entries of the same items, one after the other byte by byte, the high byte
 * of a register first. A byte that fills the last register up is 0.
 */
public record Layout(List<Item> items, int entries) {

    /** The item's name where a parameter is one number. */
    static final String VALUE = "value";

    /**
     * A number of an entry. {@code least} and {@code most} are in its unit, after the factor; {@code byCt}: it is of what flows
     * behind the current transformer, and stands in the meter divided by its ratio.
     */
    public record Item(String name, Type type, boolean lowWordFirst, BigDecimal factor, String unit, boolean byCt, BigDecimal least,
                       BigDecimal most) {

        Item(String name, Type type, boolean lowWordFirst, BigDecimal factor, String unit, boolean byCt) {
            this(name, type, lowWordFirst, factor, unit, byCt, factor.multiply(BigDecimal.valueOf(type.least())),
                    factor.multiply(BigDecimal.valueOf(type.most())));
        }

        private Item behind(BigDecimal ratio) {
            return byCt ? new Item(name, type, lowWordFirst, factor.multiply(ratio), unit, true, least.multiply(ratio), most.multiply(ratio))
                    : this;
        }

        /** What the meter holds for this value. */
        long units(BigDecimal value) {
            if (value == null || value.compareTo(least) < 0 || value.compareTo(most) > 0
                    || value.remainder(factor).signum() != 0) {
                throw new Unfit(this, value);
            }
            return value.divideToIntegralValue(factor).longValueExact();
        }
    }

    /** A value that does not fit its item. */
    static class Unfit extends IllegalArgumentException {

        private final transient Item item;
        private final BigDecimal value;

        Unfit(Item item, BigDecimal value) {
            super("%s must be a multiple of %s from %s to %s, not %s".formatted(item.name(), item.factor().toPlainString(),
                    item.least().toPlainString(), item.most().toPlainString(), value));
            this.item = item;
            this.value = value;
        }

        Item item() {
            return item;
        }

        BigDecimal value() {
            return value;
        }
    }

    /** The same for a meter behind a transformer. */
    public Layout behind(int ctRatio) {
        return new Layout(items.stream().map(item -> item.behind(BigDecimal.valueOf(ctRatio))).toList(), entries);
    }

    int words() {
        return (bytes() + 1) / 2;
    }

    private int bytes() {
        return entries * items.stream().mapToInt(item -> item.type().bytes).sum();
    }

    /** Whether it is one number, not a table. */
    public boolean isNumber() {
        return entries == 1 && items.size() == 1 && items.get(0).name().equals(VALUE);
    }

    /**
     * The registers that say so. Entries that are left out at the end are all zeros.
     *
     * @throws Unfit for a value that an item cannot hold
     */
    int[] encode(ParameterValue value) {
        int[] words = new int[words()];
        int at = 0;
        for (Map<String, BigDecimal> entry : value.entries()) {
            for (Item item : items) {
                long units = item.units(entry.get(item.name()));
                for (int place = 0; place < item.type().bytes; place++) {
                    put(words, at++, (int) (units >> 8 * weight(item, place)) & 0xFF);
                }
            }
        }
        return words;
    }

    ParameterValue decode(int[] words) {
        List<Map<String, BigDecimal>> values = new ArrayList<>();
        int at = 0;
        for (int entry = 0; entry < entries; entry++) {
            Map<String, BigDecimal> value = new LinkedHashMap<>();
            for (Item item : items) {
                long units = 0;
                for (int place = 0; place < item.type().bytes; place++) {
                    units |= (long) (words[at / 2] >> (at % 2 == 0 ? 8 : 0) & 0xFF) << 8 * weight(item, place);
                    at++;
                }
                value.put(item.name(), item.factor().multiply(BigDecimal.valueOf(item.type().signed(units))));
            }
            values.add(value);
        }
        return new ParameterValue(values);
    }

    private static void put(int[] words, int at, int value) {
        words[at / 2] |= value << (at % 2 == 0 ? 8 : 0);
    }

    /** By how many bytes this place of a number is above its lowest one. */
    private static int weight(Item item, int place) {
        int highFirst = item.type().bytes - 1 - place;
        return item.lowWordFirst() && item.type().bytes == 4 ? highFirst ^ 2 : highFirst;
    }
}
