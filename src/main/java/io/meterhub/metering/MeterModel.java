package io.meterhub.metering;

import io.meterhub.site.EnergyKind;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a kind of meter says in which registers, and how it is told to do something: the content of one file in
 * {@code config/meters}. Addresses are holding registers, 0 to FFFF.
 *
 * @param source     the document and page that the facts come from
 * @param unitIds    how many unit ids in a row one such meter takes; it answers on the first
 * @param digits     decimal digits of the total in register units before it starts again at 0; null: as many as the register holds
 * @param quantities in the order of their registers
 * @param maxGap     most registers of no interest that may be read along between two wanted ones
 * @param parameters by name, in the order of the file
 * @param records    by kind: {@code months}, {@code purchases}
 * @param holds      what of the hub's rules the meter keeps to by itself, once its parameters say so
 */
public record MeterModel(String name, String title, String maker, String source, EnergyKind energyKind, int unitIds,
                         Integer digits, int maxGap, List<Quantity> quantities, Optional<RelayStatus> relay,
                         Map<Operation, Procedure> procedures, Map<String, Parameter> parameters,
                         Map<String, Records> records, Set<Rule> holds) {

    static final String TOTAL = "total";
    static final String POWER = "power";

    /** Something that a meter can be told to do. */
    public enum Operation {
        SWITCH_OFF, SWITCH_ON,
        /** Ends what the two others force: from then on the meter's own controls decide. */
        SWITCH_FREE,
        CREDIT, CLOCK
    }

    /** A rule that a meter can keep to by itself, with the parameters named so in {@code config/meters/README.md}. */
    public enum Rule { POWER_LIMIT, FORBIDDEN_LOAD, SCHEDULE, PRICES, AMOUNTS, PREPAID_SWITCH }

    /** How a number lies in registers. A byte (U8) is only ever a part of a table or a record. */
    public enum Type {
        U8(1, false), U16(2, false), I16(2, true), U32(4, false), I32(4, true);

        final int bytes;
        final int words;
        private final boolean sign;

        Type(int bytes, boolean sign) {
            this.bytes = bytes;
            this.words = (bytes + 1) / 2;
            this.sign = sign;
        }

        long least() {
            return sign ? -(1L << 8 * bytes - 1) : 0;
        }

        long most() {
            return (1L << 8 * bytes - (sign ? 1 : 0)) - 1;
        }

        /** The number that these bits stand for. */
        long signed(long bits) {
            return bits > most() ? bits - (1L << 8 * bytes) : bits;
        }
    }

    /**
     * A number in the meter. {@code byCt}: it is measured behind the current transformer and has to be multiplied by its
     * ratio. Values outside {@code least} to {@code most} (either may be null) cannot be.
     *
     * @param seldom it changes so slowly, or matters so little, that it need not be read in every round
     */
    public record Quantity(String name, int register, Type type, boolean lowWordFirst, BigDecimal factor, String unit,
                           boolean byCt, BigDecimal least, BigDecimal most, boolean seldom) {

        int end() {
            return register + type.words;
        }

        boolean isLive() {
            return !name.equals(TOTAL) && !name.equals(POWER) && !isBand();
        }

        boolean isBand() {
            for (Band band : Band.values()) {
                if (name.equals(nameOf(band))) {
                    return true;
                }
            }
            return false;
        }
    }

    /** Something that the meter keeps and goes by: a number or a table, which is written and read as a whole. */
    public record Parameter(String name, int register, Layout layout, boolean writable) {

        int end() {
            return register + layout.words();
        }
    }

    /**
     * What the meter has written down by itself: {@code count} records, the latest first, each read by itself.
     *
     * @param step how many addresses the next record is further on; it need not be as many as a record has registers
     */
    public record Records(int register, int count, int step, Layout layout) {
    }

    /**
     * Where the relay or valve shows its state: the register's masked bits equal {@code on}, {@code off} or neither.
     *
     * @param trips bits of the same register that say which of the meter's own controls keeps it open; none where it does not tell
     */
    public record RelayStatus(int register, int mask, int on, int off, Map<Trip, Integer> trips) {

        Relay of(int word) {
            int bits = word & mask;
            return bits == on ? Relay.ON : bits == off ? Relay.OFF : Relay.UNKNOWN;
        }

        /** Which of its own controls keeps it open: load before time before credit; null for none. */
        Trip trip(int word) {
            return of(word) != Relay.OFF ? null : trips.entrySet().stream().filter(trip -> (word & trip.getValue()) == trip.getValue())
                    .map(Map.Entry::getKey).min(Comparator.naturalOrder()).orElse(null);
        }

        /** As people are shown what was read. */
        String shown(int word) {
            return "%04X=%04X".formatted(register, word);
        }
    }

    /**
     * An operation: one block of registers that is written, and how one sees that it holds.
     *
     * @param within how long the meter may take until the read-back shows it
     * @param unit   of the amount of a credit: kWh, m3 or yuan; null for the other operations
     */
    public record Procedure(int register, List<Field> fields, ReadBack readBack, Duration within, String unit) {

        /** What is written where that is always the same. */
        int[] words() {
            return ((Field.Fixed) fields.get(0)).values().stream().mapToInt(Integer::intValue).toArray();
        }
    }

    /** A part of what is written. */
    public sealed interface Field {

        int words();

        /** Words as they stand in the file. */
        record Fixed(List<Integer> values) implements Field {
            @Override
            public int words() {
                return values.size();
            }
        }

        /** The amount of a credit, or the purchase count that goes with it. */
        record Number(Value value, Layout.Item item) implements Field {
            @Override
            public int words() {
                return item.type().words;
            }
        }

        /** One register of the clock, two packed bytes. */
        record Clock(ClockPart high, ClockPart low) implements Field {
            @Override
            public int words() {
                return 1;
            }
        }
    }

    /** What a numeric field carries. */
    public enum Value { AMOUNT, COUNT }

    /** A byte of the clock; weekday 1 is Monday, the year has two digits. */
    public enum ClockPart { SECOND, MINUTE, HOUR, WEEKDAY, DAY, MONTH, YEAR, ZERO }

    /** How one sees that an operation holds. */
    public sealed interface ReadBack {

        /** The relay status shows it. */
        record RelayShows() implements ReadBack {
        }

        /** No register shows it: power and the counter are looked at, and it is said so. */
        record Judged() implements ReadBack {
        }

        /** This quantity shows the purchase count that was written. */
        record CountShows(Quantity count) implements ReadBack {
        }

        /** The written registers themselves, read again; a clock may have moved on meanwhile. */
        record Written() implements ReadBack {
        }
    }

    /** The name of a band's register in a model file. */
    static String nameOf(Band band) {
        return band.name().toLowerCase().replace('_', '-');
    }

    /** What is read in every round. */
    List<Quantity> often() {
        return quantities.stream().filter(quantity -> !quantity.seldom()).toList();
    }

    /** Whether rate bands are among what is read only now and then. */
    boolean seldomBands() {
        return quantities.stream().anyMatch(quantity -> quantity.seldom() && quantity.isBand());
    }

    /** Whether these are all of the values that are shown as they are. */
    boolean isWhole(Map<String, BigDecimal> live) {
        return quantities.stream().allMatch(quantity -> !quantity.isLive() || live.containsKey(quantity.name()));
    }

    /** Whether the file describes the operation. */
    public boolean can(Operation operation) {
        return procedures.containsKey(operation);
    }

    public Optional<Quantity> quantity(String quantity) {
        return quantities.stream().filter(q -> q.name().equals(quantity)).findFirst();
    }

    public Optional<Parameter> parameter(String parameter) {
        return Optional.ofNullable(parameters.get(parameter));
    }

    /** The value at which the total starts again at 0: kWh or m3, before the CT ratio. */
    public BigDecimal wrapsAt() {
        Quantity total = total();
        return total.factor().multiply(digits == null ? new BigDecimal(1L << 16 * total.type().words) : BigDecimal.TEN.pow(digits));
    }

    /** The smallest step of the total: kWh or m3, before the CT ratio. */
    public BigDecimal step() {
        return total().factor();
    }

    Quantity total() {
        return quantity(TOTAL).orElseThrow();
    }
}
