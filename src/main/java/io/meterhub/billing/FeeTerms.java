package io.meterhub.billing;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * What a shop owes each month for the property (物业费).
 *
 * @param rateYuan by area yuan per m2 and month, fixed yuan per month
 * @param areaM2   by area only, else null
 * @param from     the day of entry
 * @param to       the day after the last, null while it goes on
 */
record FeeTerms(PropertyFees.Basis basis, BigDecimal rateYuan, BigDecimal areaM2, LocalDate from, LocalDate to) {

    /** What who leaves pays, and what the next tenant goes on with, if anything. */
    record Parts(FeeTerms until, Optional<FeeTerms> after) {
    }

    /**
     * Parts the terms where one tenant leaves and another may come: each day is in one of the parts.
     *
     * @param exit the first day that who leaves does not pay for
     */
    Parts leaving(LocalDate exit) {
        if (to != null && !to.isAfter(exit)) {
            return new Parts(this, Optional.empty());
        }
        LocalDate edge = exit.isAfter(from) ? exit : from;
        return new Parts(new FeeTerms(basis, rateYuan, areaM2, from, edge), Optional.of(new FeeTerms(basis, rateYuan, areaM2, edge, to)));
    }

    /** The days of the month that are paid for. */
    int days(YearMonth month) {
        LocalDate first = from.isAfter(month.atDay(1)) ? from : month.atDay(1);
        LocalDate end = month.plusMonths(1).atDay(1);
        if (to != null && to.isBefore(end)) {
            end = to;
        }
        return (int) Math.max(0, ChronoUnit.DAYS.between(first, end));
    }

    /**
     * What is owed of a month, in fen; of a part of it in proportion to the days. The fee up to each day is rounded, not that of
     * each part: parts that follow each other add up to the month.
     */
    BigDecimal yuan(YearMonth month) {
        int days = days(month);
        if (days == 0) {
            return BigDecimal.ZERO.setScale(2);
        }
        int before = from.isAfter(month.atDay(1)) ? from.getDayOfMonth() - 1 : 0;
        return upTo(before + days, month).subtract(upTo(before, month));
    }

    private BigDecimal upTo(int days, YearMonth month) {
        BigDecimal monthly = basis == PropertyFees.Basis.AREA ? rateYuan.multiply(areaM2) : rateYuan;
        return monthly.multiply(BigDecimal.valueOf(days))
                .divide(BigDecimal.valueOf(month.lengthOfMonth()), 2, RoundingMode.HALF_UP);
    }
}
