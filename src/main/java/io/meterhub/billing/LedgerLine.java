package io.meterhub.billing;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;

/** One entry of a customer's account. {@code cause} is SALE, CHARGE_DAY, REVERSAL and so on; debit takes, credit gives. */
public record LedgerLine(long journalId, String cause, Instant at, LocalDate siteDay, BigDecimal debit, BigDecimal credit,
                         BigDecimal balanceYuan, String who, String why) {
}
