package io.meterhub.billing;

import io.meterhub.site.EnergyKind;
import java.time.LocalDate;
import java.util.List;

/** A price plan of a site with its versions in the order of their dates. */
public record Tariff(int id, int siteId, String code, String name, EnergyKind energyKind, List<Version> versions) {

    /** Holds from this date on, until the next version's. Never changed once there. */
    public record Version(int id, LocalDate effectiveFrom, TariffRule rule) {
    }

    /** The version in force on a day; the first one for the days before it. */
    public Version on(LocalDate day) {
        Version found = versions.get(0);
        for (Version version : versions) {
            if (version.effectiveFrom().isAfter(day)) {
                break;
            }
            found = version;
        }
        return found;
    }
}
