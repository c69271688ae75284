package io.meterhub.metering;

import io.meterhub.metering.MeterModel.ClockPart;
import io.meterhub.metering.MeterModel.Field;
import io.meterhub.metering.MeterModel.Operation;
import io.meterhub.metering.MeterModel.Parameter;
import io.meterhub.metering.MeterModel.Procedure;
import io.meterhub.metering.MeterModel.ReadBack;
import io.meterhub.metering.MeterModel.Records;
import io.meterhub.metering.MeterModel.Value;
import io.meterhub.metering.Slice.ReadFailure;
import io.meterhub.site.Meter;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.camel.ProducerTemplate;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;

/** Credit, clock, parameters and records: read, write, read back. */
@Component
class Operations implements MeterOperations {

    private static final long LOOK_EVERY = 200_000_000;
    private static final int COUNTS = 0x10000;
    // the second one only after the read-back has shown that the first did not happen
    private static final int MOST_WRITES = 2;
    private static final int MOST_READS = 3;
    // how far a clock that was just set may stand apart: it has whole seconds, and the write waited for the bus
    private static final Duration CLOCK_TOLERANCE = Duration.ofSeconds(5);
    // the manuals do not say how long a parameter takes to hold
    private static final Duration PARAMETER_WITHIN = Duration.ofSeconds(2);

    private final Sites sites;
    private final MeterModels models;
    private final Lanes lanes;
    private final Texts texts;
    private final ProducerTemplate routes;
    private final Clock clock;
    private final boolean urgent;

    @Autowired
    Operations(Sites sites, MeterModels models, Lanes lanes, Texts texts, ProducerTemplate routes, Clock clock) {
        this(sites, models, lanes, texts, routes, clock, true);
    }

    private Operations(Sites sites, MeterModels models, Lanes lanes, Texts texts, ProducerTemplate routes, Clock clock, boolean urgent) {
        this.sites = sites;
        this.models = models;
        this.lanes = lanes;
        this.texts = texts;
        this.routes = routes;
        this.clock = clock;
        this.urgent = urgent;
    }

    @Override
    public MeterOperations inTurn() {
        return new Operations(sites, models, lanes, texts, routes, clock, false);
    }

    @Override
    public Result credit(int meterId, BigDecimal amount, int count, BooleanSupplier stands) {
        if (count < 0 || count >= COUNTS) {
            throw new IllegalArgumentException("count must be 0 to 65535, not " + count);
        }
        return carryOut(meterId, Operation.CREDIT, (at, procedure) -> credit(at, procedure, amount, count, stands));
    }

    @Override
    public Result setClock(int meterId) {
        return carryOut(meterId, Operation.CLOCK, this::setClock);
    }

    @Override
    public Read<Slice.Reading> readNow(int meterId) {
        Read<Slice.Reading> read = look(meterId, model -> model,
                (at, model) -> lanes.station(at.meter(), at.lane()).read(at.lane(), at.urgent(), clock));
        if (read instanceof Read.Got<Slice.Reading> got) {
            Meter meter = meter(meterId);
            routes.sendBody("direct:slices", List.of(new Slice(meter.siteId(), meter.gatewayId(), got.value().at(), List.of(got.value()), List.of())));
        }
        return read;
    }

    @Override
    public Read<ClockShown> readClock(int meterId) {
        return look(meterId, model -> procedure(model, Operation.CLOCK), this::shown);
    }

    @Override
    public Read<Map<String, ParameterValue>> readParameters(int meterId, Collection<String> names) {
        return look(meterId, model -> {
            List<Parameter> asked = new ArrayList<>(names.isEmpty() ? model.parameters().values() : List.of());
            for (String name : names) {
                asked.add(known(model, name));
            }
            return asked;
        }, (at, asked) -> {
            Map<String, ParameterValue> values = new LinkedHashMap<>();
            for (Parameter parameter : asked) {
                Layout layout = parameter.layout().behind(at.meter().ctRatio());
                values.put(parameter.name(), layout.decode(at.read(parameter.register(), layout.words())));
            }
            return values;
        });
    }

    @Override
    public void check(int meterId, String name, ParameterValue value) {
        Meter meter = meter(meterId);
        if (meter.byHand()) {
            throw new ParameterRefused(texts, name, Why.of("by_hand", meter.code()));
        }
        MeterModel model = model(meter);
        words(model.parameter(name).orElseThrow(() -> new ParameterRefused(texts, name, Why.of("parameter_unknown", name, model.name(),
                String.join(", ", model.parameters().values().stream().filter(Parameter::writable).map(Parameter::name).toList())))),
                meter, value);
    }

    @Override
    public Result writeParameter(int meterId, String name, ParameterValue value) {
        return carryOut(meterId, model -> known(model, name), (at, parameter) -> {
            int[] words = words(parameter, at.meter(), value);
            if (Arrays.equals(at.read(parameter.register(), words.length), words)) {
                return new Result.Done(clock.instant(), true);
            }
            return write(at, parameter.register(), words, PARAMETER_WITHIN,
                    () -> Arrays.equals(at.read(parameter.register(), words.length), words), MOST_WRITES, Why.of("unmoved", name));
        });
    }

    @Override
    public Read<Optional<Forced>> readForced(int meterId) {
        return look(meterId, model -> {
            Map<Forced, Procedure> commands = new EnumMap<>(Forced.class);
            commands.put(Forced.OPEN, procedure(model, Operation.SWITCH_OFF));
            commands.put(Forced.CLOSED, procedure(model, Operation.SWITCH_ON));
            commands.put(Forced.NOTHING, procedure(model, Operation.SWITCH_FREE));
            return commands;
        }, (at, commands) -> {
            for (Map.Entry<Forced, Procedure> each : commands.entrySet()) {
                int[] words = each.getValue().words();
                if (Arrays.equals(at.read(each.getValue().register(), words.length), words)) {
                    return Optional.of(each.getKey());
                }
            }
            return Optional.empty();
        });
    }

    @Override
    public Read<List<MeterRecord>> readRecords(int meterId, String kind) {
        return look(meterId, model -> {
            Records records = model.records().get(kind);
            if (records == null) {
                throw new Unavailable(Why.of("no_records", model.name(), kind));
            }
            return records;
        }, (at, records) -> {
            List<int[]> blocks = new ArrayList<>();
            for (int i = 0; i < records.count(); i++) {
                blocks.add(at.read(records.register() + i * records.step(), records.layout().words()));
            }
            return MeterRecord.written(blocks, records.layout().behind(at.meter().ctRatio()));
        });
    }

    /** The model does not describe what is asked for. */
    private static class Unavailable extends RuntimeException {

        private final transient Why why;

        Unavailable(Why why) {
            super(why.toString());
            this.why = why;
        }
    }

    private static Parameter known(MeterModel model, String name) {
        return model.parameter(name).orElseThrow(() -> new Unavailable(Why.of("no_parameter", model.name(), name)));
    }

    private static Procedure procedure(MeterModel model, Operation operation) {
        Procedure procedure = model.procedures().get(operation);
        if (procedure == null) {
            throw new Unavailable(Why.of("no_operation", model.name(), ModelNode.written(operation)));
        }
        return procedure;
    }

    private int[] words(Parameter parameter, Meter meter, ParameterValue value) {
        Layout layout = parameter.layout().behind(meter.ctRatio());
        if (!parameter.writable()) {
            throw new ParameterRefused(texts, parameter.name(), Why.of("parameter_read_only", parameter.name()));
        }
        if (value.entries().size() > layout.entries()) {
            throw new ParameterRefused(texts, parameter.name(), Why.of("parameter_entries", parameter.name(),
                    String.valueOf(layout.entries()), String.valueOf(value.entries().size())));
        }
        Set<String> items = layout.items().stream().map(Layout.Item::name).collect(Collectors.toCollection(LinkedHashSet::new));
        for (Map<String, BigDecimal> entry : value.entries()) {
            if (!entry.keySet().equals(items)) {
                throw new ParameterRefused(texts, parameter.name(), Why.of(layout.isNumber() ? "parameter_number" : "parameter_items",
                        parameter.name(), String.join(", ", items)));
            }
        }
        try {
            return layout.encode(value);
        } catch (Layout.Unfit unfit) {
            Layout.Item item = unfit.item();
            String called = layout.isNumber() ? parameter.name() : parameter.name() + "." + item.name();
            throw new ParameterRefused(texts, called, Why.of("parameter_value", called, item.least().toPlainString(),
                    item.most().toPlainString(), item.factor().toPlainString(), unfit.value().toPlainString(), item.unit()));
        }
    }

    /** A meter that is being asked: nobody else writes to it meanwhile. */
    private record Held(Meter meter, Lane lane, boolean urgent) {

        /** A read changes nothing, so that one which gave nothing sensible is made again. */
        int[] read(int register, int count) throws BusFailure {
            for (int reads = 1; ; reads++) {
                try {
                    return lane.read(meter.unitId(), register, count, urgent);
                } catch (BusFailure e) {
                    if (reads == MOST_READS || e.kind() == ReadFailure.EXCEPTION_REPLY || e.isGatewayLost()) {
                        throw e;
                    }
                }
            }
        }

        void write(int register, int[] words) throws BusFailure {
            lane.write(meter.unitId(), register, words, urgent);
        }
    }

    private interface Act<K, T> {

        T on(Held meter, K known) throws BusFailure;
    }

    private <K, T> Read<T> look(int meterId, Function<MeterModel, K> known, Act<K, T> act) {
        List<T> got = new ArrayList<>();
        Result result = carryOut(meterId, known, (at, what) -> {
            got.add(act.on(at, what));
            return new Result.Done(clock.instant(), true);
        });
        return result instanceof Result.Done done ? new Read.Got<>(done.at(), got.get(0)) : new Read.Missed<>(result);
    }

    private Result carryOut(int meterId, Operation operation, Act<Procedure, Result> act) {
        return carryOut(meterId, model -> procedure(model, operation), act);
    }

    private <K> Result carryOut(int meterId, Function<MeterModel, K> known, Act<K, Result> act) {
        Meter meter = meter(meterId);
        if (meter.byHand()) {
            return new Result.NotAvailable(Why.of("by_hand", meter.code()));
        }
        Optional<Lane> lane;
        K what;
        try {
            what = known.apply(model(meter));
            lane = lanes.lane(meter.gatewayId());
        } catch (Unavailable e) {
            return new Result.NotAvailable(e.why);
        }
        if (lane.isEmpty()) {
            return new Result.Unreachable(Why.of("gateway_disabled"));
        }
        lane.get().claimSoon(meterId);
        try {
            return act.on(new Held(meter, lane.get(), urgent), what);
        } catch (BusFailure e) {
            return nothingChanged(e);
        } finally {
            lane.get().release(meterId);
        }
    }

    private Meter meter(int meterId) {
        return sites.meter(meterId).orElseThrow(() -> new IllegalArgumentException("There is no meter with id " + meterId));
    }

    private MeterModel model(Meter meter) {
        return models.model(meter.model());
    }

    private static Result nothingChanged(BusFailure e) {
        return e.kind() == ReadFailure.EXCEPTION_REPLY ? new Result.Refused(Why.of("refused", e.getMessage()))
                : new Result.Unreachable(Why.of("silent", Why.word(e.kind())));
    }

    private Result credit(Held at, Procedure procedure, BigDecimal amount, int count, BooleanSupplier stands) throws BusFailure {
        int shown = ((ReadBack.CountShows) procedure.readBack()).count().register();
        int before = at.read(shown, 1)[0];
        if (before == count) {
            return new Result.Done(clock.instant(), true);
        }
        if ((before + 1) % COUNTS != count) {
            return new Result.Refused(Why.of("count", before, count));
        }
        if (!stands.getAsBoolean()) {
            return new Result.Refused(Why.of("withdrawn"));
        }
        return write(at, procedure.register(), words(procedure, amount, count), procedure.within(),
                () -> at.read(shown, 1)[0] == count, 1, Why.of("count_unmoved", before));
    }

    private Result setClock(Held at, Procedure procedure) throws BusFailure {
        LocalDateTime now = now(at.meter());
        int[] words = procedure.fields().stream().mapToInt(field -> word((Field.Clock) field, now)).toArray();
        return write(at, procedure.register(), words, procedure.within(),
                () -> shown(at, procedure).drift().abs().compareTo(CLOCK_TOLERANCE) < 0, MOST_WRITES, Why.of("clock_unmoved"));
    }

    private LocalDateTime now(Meter meter) {
        return LocalDateTime.ofInstant(clock.instant(), sites.site(meter.siteId()).zone());
    }

    private ClockShown shown(Held at, Procedure procedure) throws BusFailure {
        int[] words = at.read(procedure.register(), procedure.fields().size());
        LocalDateTime now = now(at.meter());
        LocalDateTime shown = time(procedure, words, now);
        if (shown == null) {
            throw new BusFailure(ReadFailure.NONSENSE, "the clock shows no time");
        }
        return new ClockShown(shown, Duration.between(now, shown));
    }

    private interface Look {

        boolean holds() throws BusFailure;
    }

    /**
     * Writes and looks whether it holds. What a lost answer leaves open, the read-back says; it alone makes a further write
     * allowed. What it leaves open, nobody knows.
     *
     * @param unmoved what to say when the meter shows what it showed before
     */
    private Result write(Held at, int register, int[] words, Duration within, Look look, int mostWrites, Why unmoved) {
        BusFailure lost = null;
        for (int writes = 1; writes <= mostWrites; writes++) {
            try {
                at.write(register, words);
                lost = null;
            } catch (BusFailure e) {
                if (e.kind() == ReadFailure.EXCEPTION_REPLY || e.isGatewayLost()) {
                    return nothingChanged(e);
                }
                lost = e;
            }
            Sight sight = awaitReadBack(within, look);
            if (sight.holds) {
                return new Result.Done(clock.instant(), false);
            }
            if (sight.failure != null) {
                return new Result.Unknown(Why.of("unseen", Why.word(sight.failure.kind())));
            }
            if (lost == null) {
                return new Result.Refused(unmoved);
            }
        }
        return mostWrites == 1 ? new Result.Unknown(unmoved) : new Result.Unreachable(Why.of("silent", Why.word(lost.kind())));
    }

    /** What the last look at a meter showed, or why it showed nothing. */
    private record Sight(boolean holds, BusFailure failure) {
    }

    private Sight awaitReadBack(Duration within, Look look) {
        long until = lanes.pace().nanos() + within.toNanos();
        while (true) {
            Sight sight;
            try {
                sight = new Sight(look.holds(), null);
            } catch (BusFailure e) {
                sight = new Sight(false, e);
            }
            if (sight.holds || lanes.pace().nanos() >= until) {
                return sight;
            }
            lanes.pace().rest(LOOK_EVERY);
        }
    }

    private static int[] words(Procedure procedure, BigDecimal amount, int count) {
        return procedure.fields().stream().flatMapToInt(field -> {
            if (field instanceof Field.Fixed fixed) {
                return fixed.values().stream().mapToInt(Integer::intValue);
            }
            Field.Number number = (Field.Number) field;
            Layout layout = new Layout(List.of(number.item()), 1);
            return Arrays.stream(layout.encode(new ParameterValue(List.of(Map.of(number.item().name(),
                    number.value() == Value.COUNT ? BigDecimal.valueOf(count) : amount)))));
        }).toArray();
    }

    private static int word(Field.Clock field, LocalDateTime time) {
        return part(field.high(), time) << 8 | part(field.low(), time);
    }

    private static int part(ClockPart part, LocalDateTime time) {
        return switch (part) {
            case SECOND -> time.getSecond();
            case MINUTE -> time.getMinute();
            case HOUR -> time.getHour();
            case WEEKDAY -> time.getDayOfWeek().getValue();
            case DAY -> time.getDayOfMonth();
            case MONTH -> time.getMonthValue();
            case YEAR -> time.getYear() % 100;
            case ZERO -> 0;
        };
    }

    /** What the clock shows; parts that the model does not write are taken as they should be. Null: no such time. */
    private static LocalDateTime time(Procedure procedure, int[] words, LocalDateTime written) {
        Map<ClockPart, Integer> shown = new EnumMap<>(ClockPart.class);
        for (ClockPart part : ClockPart.values()) {
            shown.put(part, part(part, written));
        }
        List<Field> fields = procedure.fields();
        for (int i = 0; i < fields.size(); i++) {
            Field.Clock field = (Field.Clock) fields.get(i);
            shown.put(field.high(), words[i] >> 8);
            shown.put(field.low(), words[i] & 0xFF);
        }
        try {
            return LocalDateTime.of(written.getYear() / 100 * 100 + shown.get(ClockPart.YEAR), shown.get(ClockPart.MONTH),
                    shown.get(ClockPart.DAY), shown.get(ClockPart.HOUR), shown.get(ClockPart.MINUTE), shown.get(ClockPart.SECOND));
        } catch (java.time.DateTimeException nonsense) {
            return null;
        }
    }
}
