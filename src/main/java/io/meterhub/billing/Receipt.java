package io.meterhub.billing;

import java.math.BigDecimal;
import java.time.Instant;

/** A sale as it was booked. {@code number} is {@code R-yyyyMMdd-nnnnnn}, the site's day and a count within it. */
public record Receipt(String number, int accountId, String accountNumber, BigDecimal amountYuan, SaleRequest.Method method,
                      String who, String note, Instant at) {
}
