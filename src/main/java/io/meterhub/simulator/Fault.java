package io.meterhub.simulator;

import java.math.BigDecimal;
import java.time.Duration;

/**
 * A fault as it is switched on. Options that a kind does not know are of no effect.
 *
 * @param delay  for {@link FaultKind#SLOW} and {@link FaultKind#LATE}
 * @param code   for {@link FaultKind#EXCEPTION}, 1 to 11
 * @param amount for the counter kinds, kWh or m3 after the CT ratio; for {@link FaultKind#LEAK} kW or m3/h
 * @param times  how many requests it spoils before it goes away by itself; 0: until it is cleared
 * @param hits   which requests; a fault of the meter itself asks for none
 */
public record Fault(FaultKind kind, Duration delay, int code, BigDecimal amount, int times, Hits hits) {

    /** Which of a meter's requests a fault spoils. */
    public enum Hits {
        ALL, WRITES,
        /** What is read after a write, until one such read was answered. */
        READ_BACKS
    }

    public Fault {
        if (delay.isNegative()) {
            throw new IllegalArgumentException("The delay must not be negative.");
        }
        if (code < 1 || code > 11) {
            throw new IllegalArgumentException("The exception code must be 1 to 11.");
        }
        if (amount == null || amount.signum() < 0) {
            throw new IllegalArgumentException("The amount must be a number of kWh or m3, not negative.");
        }
        if (times < 0) {
            throw new IllegalArgumentException("The times must be 0 (until cleared) or more.");
        }
    }

    /** The fault with its usual options, until it is cleared. */
    public static Fault of(FaultKind kind) {
        Duration delay = kind == FaultKind.LATE ? Duration.ofSeconds(3) : Duration.ofMillis(400);
        BigDecimal amount = switch (kind) {
            case SET_BACK -> new BigDecimal("10");
            case OVERFLOW -> new BigDecimal("0.05");
            case SWAPPED -> new BigDecimal("7.31");
            case LEAK -> new BigDecimal("0.03");
            default -> BigDecimal.ZERO;
        };
        return new Fault(kind, delay, 4, amount, 0, Hits.ALL);
    }

    public Fault delay(Duration newDelay) {
        return new Fault(kind, newDelay, code, amount, times, hits);
    }

    public Fault code(int newCode) {
        return new Fault(kind, delay, newCode, amount, times, hits);
    }

    public Fault amount(BigDecimal newAmount) {
        return new Fault(kind, delay, code, newAmount, times, hits);
    }

    /** Goes away by itself after so many spoilt requests. */
    public Fault times(int newTimes) {
        return new Fault(kind, delay, code, amount, newTimes, hits);
    }

    /** Spoils these requests alone. */
    public Fault hits(Hits newHits) {
        return new Fault(kind, delay, code, amount, times, newHits);
    }
}
