package io.meterhub.simulator;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A played platform's time. What it books goes by a clock that can be let ahead by days; what it signs goes by the right time, as
 * the hub compares that with its own. Its documented waits can be made shorter.
 */
public final class PayTime {

    /** The platforms' days. */
    public static final ZoneId ZONE = ZoneId.of("Asia/Shanghai");

    private final InstantSource clock;
    private final AtomicReference<Duration> ahead = new AtomicReference<>(Duration.ZERO);
    private volatile double speed;
    private volatile Duration skew = Duration.ZERO;

    /** @param speed by how much faster than documented its waits end; 1: as documented */
    public PayTime(InstantSource clock, double speed) {
        this.clock = clock;
        speed(speed);
    }

    /** The right time, for signatures. */
    public Instant right() {
        return clock.instant().plus(skew);
    }

    /** Puts the platform's right time before the hub's, or behind: as if the hub's clock were wrong. */
    public void skew(Duration ahead) {
        skew = ahead;
    }

    /** When it is, for what is booked. */
    public Instant now() {
        return clock.instant().plus(ahead.get());
    }

    /** Lets so much time go by at the platform at once, for its days and its bills. */
    public void pass(Duration time) {
        ahead.accumulateAndGet(time, Duration::plus);
    }

    public void speed(double faster) {
        if (!(faster > 0)) {
            throw new IllegalArgumentException("The speed must be above 0.");
        }
        speed = faster;
    }

    /** How long a documented wait really takes. */
    Duration really(Duration documented) {
        return Duration.ofNanos((long) (documented.toNanos() / speed));
    }

    static LocalDate day(Instant at) {
        return at.atZone(ZONE).toLocalDate();
    }

    /** Whether a day is over, and the hour of the next at which its bill is made has come. */
    boolean isBilled(LocalDate day, LocalTime madeAt) {
        return !now().isBefore(ZonedDateTime.of(day.plusDays(1), madeAt, ZONE).toInstant());
    }
}
