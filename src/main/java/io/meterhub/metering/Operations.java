package io.meterhub.metering;

import io.meterhub.metering.MeterModel.ClockPart;
import io.meterhub.metering.MeterModel.Field;
import io.meterhub.metering.MeterModel.Operation;
import io.meterhub.metering.MeterModel.Procedure;
import io.meterhub.metering.MeterModel.ReadBack;
import io.meterhub.metering.MeterModel.Value;
import io.meterhub.metering.Slice.ReadFailure;
import io.meterhub.site.Meter;
import io.meterhub.site.Sites;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.springframework.stereotype.Component;

/** Credit and clock: read, write, read back, ahead of polling. */
@Component
class Operations implements MeterOperations {

    private static final long LOOK_EVERY = 200_000_000;
    private static final int COUNTS = 0x10000;
    // how far a clock may have moved on, or stand apart, when it is read again
    private static final Duration CLOCK_TOLERANCE = Duration.ofSeconds(60);

    private final Sites sites;
    private final MeterModels models;
    private final Lanes lanes;
    private final Clock clock;

    Operations(Sites sites, MeterModels models, Lanes lanes, Clock clock) {
        this.sites = sites;
        this.models = models;
        this.lanes = lanes;
        this.clock = clock;
    }

    @Override
    public Result credit(int meterId, BigDecimal amount, int count) {
        if (count < 0 || count >= COUNTS) {
            throw new IllegalArgumentException("count must be 0 to 65535, not " + count);
        }
        return carryOut(meterId, Operation.CREDIT, (meter, lane, procedure) -> credit(meter, lane, procedure, amount, count));
    }

    @Override
    public Result setClock(int meterId) {
        return carryOut(meterId, Operation.CLOCK, this::setClock);
    }

    private interface Act {

        Result on(Meter meter, Lane lane, Procedure procedure) throws BusFailure;
    }

    private Result carryOut(int meterId, Operation operation, Act act) {
        Meter meter = sites.meter(meterId)
                .orElseThrow(() -> new IllegalArgumentException("There is no meter with id " + meterId));
        Procedure procedure = models.model(meter.model()).procedures().get(operation);
        if (procedure == null) {
            return new Result.NotAvailable("The model %s does not describe %s.".formatted(meter.model(), ModelNode.written(operation)));
        }
        Optional<Lane> lane = lanes.lane(meter.gatewayId());
        if (lane.isEmpty()) {
            return new Result.Refused("The gateway of meter %s is disabled.".formatted(meter.code()));
        }
        lane.get().claimSoon(meterId);
        try {
            return act.on(meter, lane.get(), procedure);
        } catch (BusFailure e) {
            return new Result.Refused("Nothing was written: " + e.getMessage() + ".");
        } finally {
            lane.get().release(meterId);
        }
    }

    private Result credit(Meter meter, Lane lane, Procedure procedure, BigDecimal amount, int count) throws BusFailure {
        int shown = ((ReadBack.CountShows) procedure.readBack()).count().register();
        int before = read(lane, meter, shown, 1)[0];
        if (before == count) {
            return new Result.Done(clock.instant(), true);
        }
        if ((before + 1) % COUNTS != count) {
            return new Result.Refused("Meter %s shows purchase count %d, so that purchase %d cannot be the next."
                    .formatted(meter.code(), before, count));
        }
        Written written = write(lane, meter, procedure, words(procedure, amount, count));
        if (written.refusal().isPresent()) {
            return written.refusal().get();
        }
        return awaitReadBack(procedure, written,
                () -> read(lane, meter, shown, 1)[0] == count, "Meter %s still shows purchase count %d".formatted(meter.code(), before));
    }

    private Result setClock(Meter meter, Lane lane, Procedure procedure) throws BusFailure {
        LocalDateTime now = LocalDateTime.ofInstant(clock.instant(), sites.site(meter.siteId()).zone());
        int[] words = procedure.fields().stream().mapToInt(field -> word((Field.Clock) field, now)).toArray();
        Written written = write(lane, meter, procedure, words);
        if (written.refusal().isPresent()) {
            return written.refusal().get();
        }
        return awaitReadBack(procedure, written, () -> {
            LocalDateTime shown = time(procedure, read(lane, meter, procedure.register(), words.length), now);
            return shown != null && Duration.between(now, shown).abs().compareTo(CLOCK_TOLERANCE) < 0;
        }, "Meter %s does not show the time that was written".formatted(meter.code()));
    }

    private record Written(boolean acknowledged, Optional<Result> refusal) {
    }

    private static Written write(Lane lane, Meter meter, Procedure procedure, int[] words) {
        try {
            lane.write(meter.unitId(), procedure.register(), words, true);
            return new Written(true, Optional.empty());
        } catch (BusFailure e) {
            return new Written(false, e.kind() == ReadFailure.EXCEPTION_REPLY || e.isGatewayLost()
                    ? Optional.of(new Result.Refused("Nothing was written: " + e.getMessage() + ".")) : Optional.empty());
        }
    }

    private interface Look {

        boolean holds() throws BusFailure;
    }

    /** Never writes again: what a lost answer leaves open, the read-back says; what that leaves open, nobody knows. */
    private Result awaitReadBack(Procedure procedure, Written written, Look look, String otherwise) {
        long until = System.nanoTime() + procedure.within().toNanos();
        String why;
        do {
            try {
                if (look.holds()) {
                    return new Result.Done(clock.instant(), false);
                }
                why = otherwise;
            } catch (BusFailure e) {
                why = "No answer to the read-back: " + e.getMessage();
            }
            LockSupport.parkNanos(LOOK_EVERY);
        } while (System.nanoTime() < until);
        return why.equals(otherwise) && written.acknowledged() ? new Result.Refused(why + " although it took the write.")
                : new Result.Unknown(why + ".");
    }

    private static int[] read(Lane lane, Meter meter, int register, int count) throws BusFailure {
        return lane.read(meter.unitId(), register, count, true);
    }

    private static int[] words(Procedure procedure, BigDecimal amount, int count) {
        return procedure.fields().stream().flatMapToInt(field -> {
            if (field instanceof Field.Fixed fixed) {
                return fixed.values().stream().mapToInt(Integer::intValue);
            }
            Field.Number number = (Field.Number) field;
            return java.util.Arrays.stream(number.value() == Value.COUNT ? words(number, BigDecimal.valueOf(count), "count")
                    : words(number, amount, "amount"));
        }).toArray();
    }

    private static int[] words(Field.Number number, BigDecimal value, String called) {
        try {
            long units = value.divide(number.factor()).longValueExact();
            long most = switch (number.type()) {
                case U16 -> 0xFFFF;
                case I16 -> Short.MAX_VALUE;
                case U32 -> 0xFFFF_FFFFL;
                case I32 -> Integer.MAX_VALUE;
            };
            if (units >= 0 && units <= most) {
                int high = (int) (units >>> 16);
                int low = (int) (units & 0xFFFF);
                return number.type().words == 1 ? new int[] {low}
                        : number.lowWordFirst() ? new int[] {low, high} : new int[] {high, low};
            }
        } catch (ArithmeticException notAWholeNumberOfUnits) {
            // said below
        }
        throw new IllegalArgumentException("%s must be a multiple of %s that fits %s, not %s"
                .formatted(called, number.factor(), number.type(), value));
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
