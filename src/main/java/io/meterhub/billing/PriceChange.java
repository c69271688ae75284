package io.meterhub.billing;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.meterhub.site.EnergyKind;
import java.time.LocalDate;
import java.util.List;

/** A change of what a site's meters are charged by. Its days are the site's; they may lie in the past. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({@JsonSubTypes.Type(value = PriceChange.NewVersion.class, name = "NEW_VERSION"),
        @JsonSubTypes.Type(value = PriceChange.Assign.class, name = "ASSIGN"),
        @JsonSubTypes.Type(value = PriceChange.EndAssignment.class, name = "END_ASSIGNMENT"),
        @JsonSubTypes.Type(value = PriceChange.MarkDays.class, name = "MARK_DAYS"),
        @JsonSubTypes.Type(value = PriceChange.UnmarkDays.class, name = "UNMARK_DAYS"),
        @JsonSubTypes.Type(value = PriceChange.ContractDate.class, name = "CONTRACT_DATE")})
@JsonInclude(JsonInclude.Include.NON_NULL)
public sealed interface PriceChange {

    /** A further version of a tariff, or the first one of a new tariff. */
    record NewVersion(String tariff, String name, EnergyKind energyKind, LocalDate effectiveFrom, TariffRule rule)
            implements PriceChange {
    }

    /**
     * A tariff for one meter, or for a group of shops, or, with neither, for the site. On these days it takes the place of what
     * was assigned to the same.
     *
     * @param meter     its code
     * @param validFrom the first day
     * @param validTo   the day after the last; null: until another is assigned
     */
    record Assign(String tariff, String meter, String shopGroup, LocalDate validFrom, LocalDate validTo) implements PriceChange {
    }

    /**
     * The end of an assignment: the shop group's, or the site's, holds then.
     *
     * @param validTo the first day on which it does not hold
     */
    record EndAssignment(Integer assignment, LocalDate validTo) implements PriceChange {
    }

    /** Days that are not what the week says. A day is a HOLIDAY or a WORKDAY, the one last said; TEMPERATURE besides. */
    record MarkDays(List<CalendarDay> days) implements PriceChange {
    }

    /** Takes marks away: the week says again what such a day is. */
    record UnmarkDays(List<CalendarDay> days) implements PriceChange {
    }

    /**
     * The day whose anniversaries begin an account's years of tiers, where the tariff says CONTRACT.
     *
     * @param account      its id
     * @param contractDate null: the day on which the account was opened
     */
    record ContractDate(Integer account, LocalDate contractDate) implements PriceChange {
    }
}
