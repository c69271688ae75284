package io.meterhub.supply;

import io.meterhub.metering.Relay;
import java.util.Set;

/** What the reasons in force make of a meter's supply. */
public enum Wanted {
    ON, OFF,
    /** A protected circuit on which something is unsafe is not cut by the hub, nor closed while somebody may work on it. */
    AS_IS;

    /** The one rule by which reasons become supply. */
    static Wanted of(Set<ReasonKind> reasons) {
        boolean isProtected = reasons.contains(ReasonKind.PROTECTED);
        if (reasons.stream().anyMatch(ReasonKind::safety)) {
            return isProtected ? AS_IS : OFF;
        }
        boolean held = isProtected || reasons.contains(ReasonKind.KEEP_ON);
        return held || reasons.stream().noneMatch(ReasonKind::commercial) ? ON : OFF;
    }

    /** The relay's state that fulfils it; UNKNOWN for AS_IS, which any state fulfils. */
    Relay relay() {
        return switch (this) {
            case ON -> Relay.ON;
            case OFF -> Relay.OFF;
            case AS_IS -> Relay.UNKNOWN;
        };
    }
}
