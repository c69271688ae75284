package io.meterhub.billing;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What an account pays for a month (账单), by the prices that hold now. All amounts are exact.
 *
 * @param customer who rents; null where nobody is known
 * @param last     the last day of the month, or today
 * @param lines    what its meters used, by tariff version, band and tier
 * @param shared   its part of the month's public areas, which are booked when the month is over
 * @param fees     its property fee of the month
 * @param statement what it had, what came and went in the month, and what it had then
 */
public record Bill(Account account, String shop, String shopName, String customer, YearMonth month, LocalDate first, LocalDate last,
                   List<ChargeLine> lines, List<SharedAreas.Line> shared, List<PropertyFees.Line> fees, Totals totals,
                   Statement.Period statement) {

    /**
     * The sums of the lines; energy + shared + fees = total.
     *
     * @param parts of the energy's amount, by the names of the prices' parts; together they are it to the last decimal
     */
    public record Totals(BigDecimal energyYuan, SortedMap<String, BigDecimal> parts, BigDecimal sharedYuan, BigDecimal feesYuan,
                         BigDecimal totalYuan) {

        static Totals of(Collection<ChargeLine> lines, Collection<SharedAreas.Line> shared, Collection<PropertyFees.Line> fees) {
            SortedMap<String, BigDecimal> parts = new TreeMap<>();
            lines.forEach(line -> line.parts().forEach((name, yuan) -> parts.merge(name, yuan, BigDecimal::add)));
            BigDecimal energy = sum(lines.stream().map(ChargeLine::amount));
            BigDecimal areas = sum(shared.stream().map(SharedAreas.Line::amount));
            BigDecimal fee = sum(fees.stream().map(PropertyFees.Line::amountYuan));
            return new Totals(energy, parts, areas, fee, energy.add(areas).add(fee));
        }

        private static BigDecimal sum(Stream<BigDecimal> amounts) {
            return amounts.reduce(BigDecimal.ZERO, BigDecimal::add);
        }
    }
}
