package io.meterhub.supply;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.meterhub.billing.DayKind;
import io.meterhub.billing.Standings.Standing;
import java.time.Instant;
import java.util.List;

/**
 * What led to a change of the wish, as it was at that moment.
 *
 * @param because       the reasons that count
 * @param dueSince      for a cut for what is owed: since when it was due
 * @param noticeMinutes that were given; null for none
 * @param day           the kind of day whose {@code hours} allowed it; null where the site has no hours for cuts
 * @param confirmed     who let a mass cut through; null where it was none
 * @param accounts      how the accounts stood; null for a meter that none pays for
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Facts(Wanted to, List<ReasonKind> because, Instant dueSince, Integer noticeMinutes, DayKind day, String hours,
                    MassCuts.Decision confirmed, List<Standing> accounts) {
}
