package io.meterhub.payment;

import io.meterhub.payment.Platform.Paid;
import io.meterhub.payment.Platform.Returning;

/** What a platform told by itself, verified by its channel's adapter and not yet acted upon. */
public sealed interface Notice {

    /** Money was paid. */
    record Payment(Paid paid) implements Notice {
    }

    /** A refund came to something. */
    record Refund(Channel channel, String orderNumber, String refundNumber, Returning outcome) implements Notice {
    }
}
