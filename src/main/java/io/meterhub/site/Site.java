package io.meterhub.site;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;

/** A mall. Its days, months and bands are counted in its own zone. */
public record Site(int id, String code, String name, ZoneId zone) {

    /** The site's day in which the instant lies. */
    public LocalDate dayOf(Instant instant) {
        return instant.atZone(zone).toLocalDate();
    }
}
