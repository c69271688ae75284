package io.meterhub.billing;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.List;

/**
 * What a change of prices would do to what was charged already. Amounts are exact, of the days that change and no others.
 *
 * @param token     names this preview when the change is made; null where nothing charged changes and none is needed
 * @param today     the site's day on which it was made: what is used on it goes on growing, the days before it are as they are
 * @param obstacles why it cannot be made, but with their accounts set aside; empty when it can. Such an account is not among
 *                  {@code accounts}
 */
public record RatePreview(String token, LocalDate today, List<AccountDifference> accounts, BigDecimal oldYuan, BigDecimal newYuan,
                          BigDecimal differenceYuan, List<Obstacle> obstacles) {

    /**
     * Of one account. Above 0 takes more from its credit.
     *
     * @param closed a former tenant's, settled and gone: the difference is booked there all the same
     */
    public record AccountDifference(int accountId, String number, boolean closed, LocalDate firstDay, LocalDate lastDay, BigDecimal oldYuan,
                                    BigDecimal newYuan, BigDecimal differenceYuan) {
    }

    /** A day that cannot be charged anew: nothing tells any more when the meter used what it used. */
    public record Obstacle(int accountId, String number, String meter, LocalDate day, String why) {
    }
}
