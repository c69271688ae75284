package io.meterhub.operation;

import io.meterhub.metering.MeterOperations;
import io.meterhub.metering.MeterOperations.ClockShown;
import io.meterhub.metering.MeterOperations.Read;
import io.meterhub.metering.MeterOperations.Result;
import io.meterhub.metering.ParameterRefused;
import io.meterhub.metering.ParameterValue;
import io.meterhub.metering.Slice;
import io.meterhub.metering.Why;
import io.meterhub.people.Rights;
import io.meterhub.site.Place;
import io.meterhub.site.Sites;
import io.meterhub.supply.Holds;
import io.meterhub.supply.ReasonKind;
import io.meterhub.supply.Supply;
import io.meterhub.supply.SupplyRefused;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.springframework.stereotype.Component;

/** Does what a job asks for to one meter. Each operation begins by reading, so that one which was cut off may begin anew. */
@Component
class Work {

    static final String NO_RIGHT = "why.no_right";
    private static final Duration CLOCK_IS_RIGHT = Duration.ofSeconds(5);

    private final MeterOperations meters;
    private final Supply supply;
    private final Holds holds;
    private final Sites sites;
    private final Rights rights;

    Work(MeterOperations meters, Supply supply, Holds holds, Sites sites, Rights rights) {
        this.meters = meters;
        this.supply = supply;
        this.holds = holds;
        this.sites = sites;
        this.rights = rights;
    }

    /**
     * What came of it.
     *
     * @param before what a written meter held before this job, of what it changed or may have changed; null: nothing
     */
    record Outcome(ItemState state, Why why, Object result, Map<String, ParameterValue> before) {

        static Outcome done(Object result) {
            return new Outcome(ItemState.DONE, null, result, null);
        }

        static Outcome of(Result result) {
            if (result instanceof Result.Done) {
                return done(null);
            }
            if (result instanceof Result.NotAvailable none) {
                return new Outcome(ItemState.REFUSED, none.why(), null, null);
            }
            if (result instanceof Result.Refused refused) {
                return new Outcome(ItemState.REFUSED, refused.why(), null, null);
            }
            if (result instanceof Result.Unreachable silent) {
                return new Outcome(ItemState.UNREACHABLE, silent.why(), null, null);
            }
            return new Outcome(ItemState.UNKNOWN, ((Result.Unknown) result).why(), null, null);
        }

        static Outcome of(Read<?> read) {
            return read instanceof Read.Got<?> got ? done(got.value()) : of(((Read.Missed<?>) read).result());
        }
    }

    /**
     * What a meter held before its job wrote anything.
     *
     * @param kept by who was at it before and did not see it to its end; null: nobody wrote anything
     * @param keep keeps it, before anything is written
     */
    record Before(Map<String, ParameterValue> kept, Consumer<Map<String, ParameterValue>> keep) {
    }

    /**
     * As whoever ordered it, by the rights of now.
     *
     * @param urgent somebody waits for this one meter
     * @param anew   it was begun before, and how far it went is not known
     */
    Outcome on(int meterId, Job job, boolean urgent, boolean anew, Before before) {
        if (!sites.meter(meterId).filter(meter -> rights.may(job.kind().right(), Place.of(meter))).isPresent()) {
            boolean begun = before.kept != null;
            return new Outcome(begun ? ItemState.UNKNOWN : ItemState.REFUSED, new Why(NO_RIGHT, List.of(job.who(), "right." + job.kind().right())),
                    null, before.kept);
        }
        MeterOperations at = urgent ? meters : meters.inTurn();
        Order.Detail detail = job.detail();
        return switch (job.kind()) {
            case READ_NOW -> read(at.readNow(meterId));
            case SET_CLOCK -> setClock(at, meterId, anew);
            case READ_PARAMETERS -> Outcome.of(at.readParameters(meterId, detail.parameters()));
            case WRITE_PARAMETERS -> {
                Outcome written = write(at, meterId, detail.values(), before);
                // whatever came of it: it may be of what the hub wants in it
                holds.look(meterId);
                yield written;
            }
            case READ_RECORDS -> Outcome.of(at.readRecords(meterId, detail.records()));
            case SWITCH_OFF -> byRule(() -> switchOff(meterId, job, anew));
            case SWITCH_ON -> byRule(() -> switchOn(meterId, job));
        };
    }

    private static Outcome read(Read<Slice.Reading> read) {
        if (!(read instanceof Read.Got<Slice.Reading> got)) {
            return Outcome.of(read);
        }
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("total", got.value().total());
        shown.put("power", got.value().power());
        shown.put("relay", got.value().relay());
        shown.putAll(got.value().live());
        return Outcome.done(shown);
    }

    private static Outcome setClock(MeterOperations at, int meterId, boolean anew) {
        Read<ClockShown> before = at.readClock(meterId);
        if (!(before instanceof Read.Got<ClockShown> got)) {
            return Outcome.of(before);
        }
        Map<String, Object> drift = Map.of("driftSeconds", got.value().drift().toSeconds());
        if (anew && got.value().drift().abs().compareTo(CLOCK_IS_RIGHT) < 0) {
            return Outcome.done(drift);
        }
        Result result = at.setClock(meterId);
        return result instanceof Result.Done ? Outcome.done(drift) : Outcome.of(result);
    }

    private static Outcome write(MeterOperations at, int meterId, Map<String, ParameterValue> values, Before kept) {
        try {
            Read<Map<String, ParameterValue>> read = at.readParameters(meterId, values.keySet());
            if (!(read instanceof Read.Got<Map<String, ParameterValue>> got)) {
                return Outcome.of(read);
            }
            Map<String, ParameterValue> held = kept.kept == null ? got.value() : kept.kept;
            if (kept.kept == null) {
                kept.keep.accept(held);
            }
            Map<String, ParameterValue> before = new LinkedHashMap<>();
            List<String> written = new ArrayList<>();
            for (Map.Entry<String, ParameterValue> value : values.entrySet()) {
                Result result = at.writeParameter(meterId, value.getKey(), value.getValue());
                String name = value.getKey();
                // what it shows already was written by who was at it before, if it held something else then
                if (result instanceof Result.Unknown || result instanceof Result.Done done
                        && !(done.already() && held.get(name).isSameAs(got.value().get(name)))) {
                    before.put(name, held.get(name));
                }
                if (!(result instanceof Result.Done)) {
                    Outcome failed = Outcome.of(result);
                    return new Outcome(failed.state, failed.why, Map.of("written", written), before);
                }
                written.add(value.getKey());
            }
            return new Outcome(ItemState.DONE, null, Map.of("before", held), before);
        } catch (ParameterRefused refused) {
            return new Outcome(ItemState.REFUSED, refused.why(), null, null);
        }
    }

    private static Outcome byRule(Supplier<Outcome> change) {
        try {
            return change.get();
        } catch (SupplyRefused refused) {
            return new Outcome(ItemState.REFUSED, new Why("why.said", List.of(refused.getMessage())), null, null);
        }
    }

    /** Begun before, it may have been done already, and lifted since: then it is not done again. */
    private Outcome switchOff(int meterId, Job job, boolean anew) {
        boolean already = anew && supply.wasSet(meterId, ReasonKind.MANUAL_OFF, job.who(), job.createdAt())
                || supply.reasons(meterId).stream().anyMatch(reason -> reason.kind() == ReasonKind.MANUAL_OFF && reason.who().equals(job.who()));
        if (!already) {
            supply.set(meterId, ReasonKind.MANUAL_OFF, job.who(), job.why(), null);
        }
        return Outcome.done(null);
    }

    /** Never a lock-out that was set after this was ordered: somebody may be at the circuit by now. */
    private Outcome switchOn(int meterId, Job job) {
        boolean lockedOut = supply.reasons(meterId).stream().anyMatch(reason -> reason.kind() == ReasonKind.MANUAL_OFF);
        if (lockedOut) {
            supply.end(meterId, ReasonKind.MANUAL_OFF, job.who(), job.why(), null, job.createdAt());
        }
        return Outcome.done(null);
    }
}
