package io.meterhub.supply;

import io.swagger.v3.oas.annotations.media.Schema;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What gives a forbidden appliance away (恶性负载): power that steps up within one or two readings while the power factor is high, as
 * a heater's is. The power factor is that of the whole meter after the step, as meters judge it that detect such loads themselves.
 */
public record ForbiddenLoad(@Schema(description = "Above 0, at most 3 decimals") BigDecimal stepKw,
                            @Schema(description = "0 to 1, at most 3 decimals") BigDecimal powerFactor,
                            @Schema(description = "For so long after supply came on no step counts: all that was on comes back at once; 0 to 3600") Integer settleSeconds,
                            @Schema(description = "1 to 1440") Integer returnMinutes,
                            @Schema(description = "0 to 50; 0: it stays off until a person lifts it") Integer returnsPerDay) {

    /** What lies further back says nothing of a step. */
    private static final Duration RECENT = Duration.ofSeconds(60);

    /** @param on whether supply was certainly on */
    record Point(Instant at, BigDecimal power, boolean on) {
    }

    /**
     * What was read of a meter lately.
     *
     * @param points  the last three, the latest last: one that comes again has two before it still
     * @param onSince the first reading since which supply was on; null: it is not
     */
    record Lately(List<Point> points, Instant onSince) {

        static final Lately NOTHING = new Lately(List.of(), null);

        Lately with(Point point) {
            if (!points.isEmpty() && !point.at().isAfter(points.get(points.size() - 1).at())) {
                return this;
            }
            List<Point> kept = Stream.concat(points.stream().skip(Math.max(0, points.size() - 2)), Stream.of(point)).toList();
            return new Lately(kept, point.on() ? onSince == null ? point.at() : onSince : null);
        }

        private List<Point> lastTwoBefore(Instant at) {
            List<Point> before = points.stream().filter(point -> point.at().isBefore(at)).toList();
            return before.subList(Math.max(0, before.size() - 2), before.size());
        }
    }

    /**
     * By how many kW the power stepped up, if that gives a forbidden load away.
     *
     * @param before what was read before {@code now}
     * @param factor the power factor now; null: the meter does not tell
     */
    Optional<BigDecimal> step(Lately before, Point now, BigDecimal factor) {
        if (factor == null || factor.abs().compareTo(powerFactor) < 0 || !now.on() || before.onSince() == null) {
            return Optional.empty();
        }
        Instant settled = before.onSince().plusSeconds(settleSeconds);
        return before.lastTwoBefore(now.at()).stream()
                .filter(point -> point.on() && !point.at().isBefore(settled)
                        && !point.at().isBefore(now.at().minus(RECENT)))
                .map(point -> now.power().subtract(point.power())).max(BigDecimal::compareTo)
                .filter(step -> step.compareTo(stepKw) >= 0);
    }
}
