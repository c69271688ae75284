package io.meterhub.billing;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.Map;

/**
 * What a meter used at one price, on one site day or, in a bill, on all of its days.
 *
 * @param siteDay           null in a bill
 * @param tariff            its code
 * @param tariffFrom        the day from which the tariff's version holds
 * @param quantity          kWh or m3
 * @param estimatedQuantity the part of it that was divided in proportion to time between different prices
 * @param parts             what each named part of the price makes of the amount; together they are the amount to the last decimal
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ChargeLine(int accountId, int meterId, String meter, LocalDate siteDay, int tariffVersionId, String tariff,
                         LocalDate tariffFrom, Rate band, int tier, BigDecimal price, BigDecimal quantity, BigDecimal estimatedQuantity,
                         BigDecimal amount, Map<String, BigDecimal> parts) {
}
