package io.meterhub.billing;

import io.meterhub.site.EnergyKind;
import java.time.LocalDate;

/**
 * A tariff that holds for a meter, a shop group or, without either, for the site. The nearest counts: the meter's own, then its
 * shop group's, then the site's.
 *
 * @param validTo the day after the last; null: no end is known
 */
public record TariffAssignment(int id, EnergyKind energyKind, String tariff, Integer meterId, String meter, String shopGroup,
                               LocalDate validFrom, LocalDate validTo) {
}
