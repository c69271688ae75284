package io.meterhub.payment;

import com.fasterxml.jackson.annotation.JsonIgnore;
import io.meterhub.payment.Platform.Opening.Opened;
import io.meterhub.payment.Platform.Payee;
import java.math.BigDecimal;
import java.time.Instant;

/**
 * What a shop wants to pay into an account.
 *
 * @param number    unique in the channel, 24 of A-Z and 0-9, and nobody guesses it
 * @param cashier   how the payer gets to the platform's cashier; null while the platform has not answered, and at the counter
 * @param expiresAt from when on it is not to be paid any more
 * @param payee     to whom it is to be paid; null at the counter
 * @param who       opened it
 * @param payer     like the payer's address and where the browser came from: for the platform, and shown to nobody
 */
public record Order(long id, int siteId, int accountId, Channel channel, Way way, String number, BigDecimal amountYuan, String subject,
                    OrderState state, Opened cashier, Payee payee, Instant openedAt, Instant expiresAt, String who, @JsonIgnore String payer,
                    @JsonIgnore String address, @JsonIgnore String returnTo) {
}
