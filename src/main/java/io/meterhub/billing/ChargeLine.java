package io.meterhub.billing;

import java.math.BigDecimal;
import java.time.LocalDate;

/**
 * What a meter used on one site day at one price.
 *
 * @param quantity          kWh or m3
 * @param estimatedQuantity the part of it that was divided in proportion to time between different prices
 */
public record ChargeLine(int accountId, int meterId, LocalDate siteDay, int tariffVersionId, Rate band, int tier,
                         BigDecimal price, BigDecimal quantity, BigDecimal estimatedQuantity, BigDecimal amount) {
}
