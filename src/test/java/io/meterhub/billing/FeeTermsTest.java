package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.BigRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class FeeTermsTest {

    private static final YearMonth NOVEMBER = YearMonth.of(2026, 11);

    private static FeeTerms area(String rate, String area, String from, String to) {
        return new FeeTerms(PropertyFees.Basis.AREA, new BigDecimal(rate), new BigDecimal(area), LocalDate.parse(from),
                to == null ? null : LocalDate.parse(to));
    }

    @Test
    void aWholeMonthCostsTheRateAndAPartOfItItsDays() {
        // 85.5 m2 at 3.20 yuan: 273.60; from the 15th 16 of 30 days: 273.60 - 127.68; up to the 9th 9 of 30 days
        assertThat(area("3.20", "85.5", "2026-01-01", null).yuan(NOVEMBER)).isEqualTo(new BigDecimal("273.60"));
        assertThat(area("3.20", "85.5", "2026-11-15", null).yuan(NOVEMBER)).isEqualTo(new BigDecimal("145.92"));
        assertThat(area("3.20", "85.5", "2026-01-01", "2026-11-10").yuan(NOVEMBER)).isEqualTo(new BigDecimal("82.08"));
        assertThat(area("3.20", "85.5", "2026-11-15", null).days(NOVEMBER)).isEqualTo(16);
    }

    @Test
    void outsideOfItsTimeNothingIsOwed() {
        FeeTerms fixed = new FeeTerms(PropertyFees.Basis.FIXED, new BigDecimal("500"), null, LocalDate.parse("2026-11-01"),
                LocalDate.parse("2026-12-01"));
        assertThat(fixed.yuan(NOVEMBER)).isEqualTo(new BigDecimal("500.00"));
        assertThat(fixed.yuan(NOVEMBER.minusMonths(1))).isEqualTo(new BigDecimal("0.00"));
        assertThat(fixed.yuan(NOVEMBER.plusMonths(1))).isEqualTo(new BigDecimal("0.00"));
    }

    /** Tenants come and go: each stays some days, possibly none; then the shop is empty for some, or handed over at once. */
    @Property(tries = 1000)
    void eachDayOfOccupancyIsPaidForOnceHoweverOftenTenantsChange(@ForAll @BigRange(min = "0", max = "1000") @Scale(4) BigDecimal rate,
                                                                  @ForAll @IntRange(max = 800) int first,
                                                                  @ForAll @Size(min = 1, max = 12) List<@IntRange(max = 70) Integer> stays,
                                                                  @ForAll @Size(12) List<@IntRange(max = 9) Integer> empty) {
        LocalDate day = LocalDate.of(2026, 1, 1).plusDays(first);
        FeeTerms agreed = new FeeTerms(PropertyFees.Basis.FIXED, rate, null, day, null);
        List<FeeTerms> paid = new ArrayList<>();
        List<FeeTerms> occupied = new ArrayList<>();
        LocalDate since = day;
        for (int i = 0; i < stays.size(); i++) {
            LocalDate exit = day.plusDays(stays.get(i));
            FeeTerms.Parts parts = agreed.leaving(exit);
            paid.add(parts.until());
            agreed = parts.after().orElseThrow();
            day = exit.plusDays(Math.max(0, empty.get(i) - 4));
            if (day.isAfter(exit)) {
                occupied.add(new FeeTerms(PropertyFees.Basis.FIXED, rate, null, since, exit));
                agreed = new FeeTerms(PropertyFees.Basis.FIXED, rate, null, day, null);
                since = day;
            }
        }
        occupied.add(new FeeTerms(PropertyFees.Basis.FIXED, rate, null, since, agreed.from()));
        for (YearMonth month = YearMonth.from(paid.get(0).from()); !month.isAfter(YearMonth.from(day)); month = month.plusMonths(1)) {
            YearMonth its = month;
            assertThat(paid.stream().mapToInt(terms -> terms.days(its)).sum()).isEqualTo(occupied.stream().mapToInt(terms -> terms.days(its)).sum());
            assertThat(paid.stream().map(terms -> terms.yuan(its)).reduce(BigDecimal::add).orElseThrow())
                    .as("as if one had stayed all the time").isEqualTo(occupied.stream().map(terms -> terms.yuan(its)).reduce(BigDecimal::add).orElseThrow());
        }
        for (LocalDate each = paid.get(0).from(); each.isBefore(day); each = each.plusDays(1)) {
            LocalDate its = each;
            assertThat(paid.stream().filter(terms -> holds(terms, its)).count()).isEqualTo(occupied.stream().filter(terms -> holds(terms, its)).count())
                    .isLessThanOrEqualTo(1);
        }
    }

    private static boolean holds(FeeTerms terms, LocalDate day) {
        return !day.isBefore(terms.from()) && day.isBefore(terms.to());
    }

    @Property(tries = 1000)
    void consecutivePartsOfAMonthAddUpToTheMonth(@ForAll @BigRange(min = "0", max = "1000") @Scale(4) BigDecimal rate,
                                                 @ForAll @BigRange(min = "0.01", max = "99999") @Scale(2) BigDecimal area,
                                                 @ForAll @IntRange(min = 2000, max = 2100) int year, @ForAll @IntRange(min = 1, max = 12) int month,
                                                 @ForAll @Size(max = 10) Set<@IntRange(min = 2, max = 31) Integer> cuts) {
        YearMonth whole = YearMonth.of(year, month);
        TreeSet<LocalDate> edges = new TreeSet<>();
        cuts.stream().filter(day -> day <= whole.lengthOfMonth()).forEach(day -> edges.add(whole.atDay(day)));
        edges.add(whole.plusMonths(1).atDay(1));
        LocalDate from = whole.atDay(1);
        BigDecimal sum = BigDecimal.ZERO;
        int days = 0;
        for (LocalDate to : edges) {
            FeeTerms part = new FeeTerms(PropertyFees.Basis.AREA, rate, area, from, to);
            sum = sum.add(part.yuan(whole));
            days += part.days(whole);
            from = to;
        }
        assertThat(sum).isEqualTo(new FeeTerms(PropertyFees.Basis.AREA, rate, area, whole.atDay(1), null).yuan(whole));
        assertThat(days).isEqualTo(whole.lengthOfMonth());
    }
}
