package io.meterhub.metering;

import io.meterhub.metering.MeterModel.Quantity;
import io.meterhub.metering.ReadPlan.Block;
import io.meterhub.metering.Slice.ReadFailure;
import io.meterhub.site.Meter;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A meter at its place on a bus: what is read from it this time, and what the registers mean.
 *
 * @param inFull all that the meter has is read
 */
record Station(Meter meter, MeterModel model, ReadPlan plan, boolean inFull) {

    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    /** To be read in full. */
    static Station of(Meter meter, MeterModel model, WireTime time) {
        return new Station(meter, model, ReadPlan.of(model.quantities(), model.maxGap(), time), true);
    }

    /** A transaction a block. The time is taken while the bus is held: of two readings the one with the higher counter is the later. */
    Slice.Reading read(Lane lane, boolean urgent, InstantSource clock) throws BusFailure {
        Map<Block, int[]> words = new LinkedHashMap<>();
        AtomicReference<Instant> at = new AtomicReference<>();
        for (Block block : plan.blocks()) {
            words.put(block, lane.read(meter.unitId(), block.register(), block.count(), urgent, () -> {
                if (block.holds(model.total())) {
                    at.set(clock.instant());
                }
            }));
        }
        return decode(words, at.get());
    }

    Slice.Reading decode(Map<Block, int[]> words, Instant at) throws BusFailure {
        Map<String, BigDecimal> values = new LinkedHashMap<>();
        // with what is read always comes what lies between
        List<Quantity> read = model.quantities().stream().filter(plan::reads).toList();
        for (Quantity quantity : read) {
            values.put(quantity.name(), value(quantity, words));
        }
        Map<String, BigDecimal> live = new LinkedHashMap<>();
        read.stream().filter(Quantity::isLive).forEach(q -> live.put(q.name(), values.get(q.name())));
        return new Slice.Reading(meter.id(), at, values.get(MeterModel.TOTAL), bands(values), values.get(MeterModel.POWER), live, relay(words), meter.ctRatio(), raw(words));
    }

    /** Of all bands that the meter has, or null. */
    private List<BigDecimal> bands(Map<String, BigDecimal> values) {
        List<Quantity> had = model.quantities().stream().filter(Quantity::isBand).toList();
        return had.isEmpty() || !had.stream().allMatch(plan::reads) ? null
                : Arrays.stream(Band.values()).map(band -> values.get(MeterModel.nameOf(band))).toList();
    }

    private Relay relay(Map<Block, int[]> words) {
        return model.relay().map(status -> {
            for (Map.Entry<Block, int[]> read : words.entrySet()) {
                int offset = status.register() - read.getKey().register();
                if (offset >= 0 && offset < read.getValue().length) {
                    return status.of(read.getValue()[offset]);
                }
            }
            return Relay.UNKNOWN;
        }).orElse(Relay.UNKNOWN);
    }

    /**
     * What a reading says of the relay.
     *
     * @param asked what it shows is no newer than that: a hub that is held up before it looks at the clock must not take it for what came after
     *              a switching of that time
     */
    SupplyControl.Seen seen(Slice.Reading reading, Instant asked) {
        Integer word = word(reading);
        MeterModel.RelayStatus status = model.relay().orElse(null);
        return new SupplyControl.Seen(meter.id(), asked, reading.relay(), reading.power(), reading.total(),
                word == null ? null : status.shown(word), word == null ? null : status.trip(word),
                status != null && !status.trips().isEmpty(), model.can(MeterModel.Operation.SWITCH_FREE));
    }

    /** The status register of a reading; null where the model has none. */
    private Integer word(Slice.Reading reading) {
        if (model.relay().isPresent() && reading.raw() != null) {
            int register = model.relay().get().register();
            for (String block : reading.raw().split(";")) {
                String[] words = block.substring(5).split(" ");
                int offset = register - Integer.parseInt(block.substring(0, 4), 16);
                if (offset >= 0 && offset < words.length) {
                    return Integer.valueOf(words[offset], 16);
                }
            }
        }
        return null;
    }

    private BigDecimal value(Quantity quantity, Map<Block, int[]> words) throws BusFailure {
        for (Map.Entry<Block, int[]> read : words.entrySet()) {
            if (read.getKey().holds(quantity)) {
                long number = number(quantity, read.getValue(), quantity.register() - read.getKey().register());
                BigDecimal value = quantity.factor().multiply(BigDecimal.valueOf(number));
                checkSense(quantity, number, value);
                return behindTransformer(quantity) ? value.multiply(BigDecimal.valueOf(meter.ctRatio())) : value;
            }
        }
        throw new IllegalStateException("The plan of " + model.name() + " does not read " + quantity.name());
    }

    private static long number(Quantity quantity, int[] words, int at) {
        return switch (quantity.type()) {
            case U8, U16 -> words[at];
            case I16 -> (short) words[at];
            case U32 -> Integer.toUnsignedLong(doubleWord(quantity, words, at));
            case I32 -> doubleWord(quantity, words, at);
        };
    }

    private static int doubleWord(Quantity quantity, int[] words, int at) {
        return quantity.lowWordFirst() ? words[at + 1] << 16 | words[at] : words[at] << 16 | words[at + 1];
    }

    private void checkSense(Quantity quantity, long number, BigDecimal value) throws BusFailure {
        boolean counter = quantity.name().equals(MeterModel.TOTAL);
        // all ones is what many meters and gateways send for "I do not know"
        boolean unset = counter && number == 0xFFFF_FFFFL;
        boolean beyond = quantity.least() != null
                && (value.compareTo(quantity.least()) < 0 || value.compareTo(quantity.most()) > 0);
        if (unset || beyond || counter && number < 0) {
            throw new BusFailure(ReadFailure.NONSENSE, "%s cannot be %s %s".formatted(quantity.name(), value, quantity.unit()));
        }
    }

    /** Energy and power of electricity are measured behind the current transformer; so is what the model says is. */
    private boolean behindTransformer(Quantity quantity) {
        return meter.ctRatio() != 1 && (quantity.byCt() || !quantity.isLive());
    }

    private static String hex(int word) {
        return HEX.toHexDigits((char) word);
    }

    private static String raw(Map<Block, int[]> words) {
        return words.entrySet().stream().map(read -> hex(read.getKey().register()) + ":"
                        + IntStream.of(read.getValue()).mapToObj(Station::hex).collect(Collectors.joining(" ")))
                .collect(Collectors.joining(";"));
    }
}
