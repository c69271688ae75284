package io.meterhub.metering;

import io.meterhub.metering.Slice.ReadFailure;

/** A transaction on a bus that gave nothing. Checked, since whoever asks a meter must say what follows from no answer. */
class BusFailure extends Exception {

    private final ReadFailure kind;
    private final boolean gatewayLost;

    BusFailure(ReadFailure kind, String message) {
        this(kind, message, null);
    }

    BusFailure(ReadFailure kind, String message, Throwable cause) {
        this(kind, message, cause, false);
    }

    private BusFailure(ReadFailure kind, String message, Throwable cause, boolean gatewayLost) {
        super(message, cause);
        this.kind = kind;
        this.gatewayLost = gatewayLost;
    }

    /** The gateway takes no connection: no meter behind it can be reached. */
    static BusFailure gatewayLost(String message, Throwable cause) {
        return new BusFailure(ReadFailure.NO_CONNECTION, message, cause, true);
    }

    ReadFailure kind() {
        return kind;
    }

    /** Not this meter or this request: the gateway itself. */
    boolean isGatewayLost() {
        return gatewayLost;
    }
}
