package io.meterhub.billing;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.meterhub.metering.Consumption;
import io.meterhub.metering.Interval;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Meter;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** Which meters hang behind which, and what is lost between a main meter and the sum of its sub-meters (线损). */
@Component
public class Losses {

    /** A longer time between two readings, across an edge, says too little of what was used on either side of it. */
    private static final Duration LONGEST_GAP = Duration.ofMinutes(30);
    private static final int DECIMALS = 6;

    private final JdbcClient jdbc;
    private final Consumption consumption;
    private final Sites sites;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;
    private final Rights rights;

    Losses(JdbcClient jdbc, Consumption consumption, Sites sites, Audit audit, Texts texts, Clock clock, Rights rights) {
        this.rights = rights;
        this.jdbc = jdbc;
        this.consumption = consumption;
        this.sites = sites;
        this.audit = audit;
        this.texts = texts;
        this.clock = clock;
    }

    /** In which parts of time losses are told. */
    public enum By { HOUR, DAY }

    /** A meter behind another, from a day on; {@code validTo} is the first day on which it is not, null while it is. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Link(int meterId, String meter, int parentId, String parent, LocalDate validFrom, LocalDate validTo) {

        boolean holdsOn(LocalDate day) {
            return !day.isBefore(validFrom) && (validTo == null || day.isBefore(validTo));
        }
    }

    /**
     * A main meter in an hour or day.
     *
     * @param mainQuantity kWh or m3; null where it is missing
     * @param subQuantity  the sum of those sub-meters that are not missing
     * @param loss         main minus sum; null where a meter is missing: what it did not tell is no loss
     * @param lossPercent  of the main meter's quantity; null also where that is 0
     * @param missing      the codes of the meters that were not read, or not near enough to the edges of the time
     */
    public record Loss(int meterId, String meter, Instant from, Instant to, BigDecimal mainQuantity, BigDecimal subQuantity, BigDecimal loss,
                       BigDecimal lossPercent, boolean complete, List<String> missing) {
    }

    /** A site's links in the order of the parents' and the meters' codes. */
    public List<Link> links(int siteId) {
        return jdbc.sql("""
                select l.meter_id, m.code as meter, l.parent_id, p.code as parent, l.valid_from, l.valid_to
                from meter_parent l join meter m on m.id = l.meter_id join meter p on p.id = l.parent_id
                where m.site_id = ? order by p.code, m.code, l.valid_from""").param(siteId).query(Link.class).list();
    }

    /**
     * A meter hangs behind another from a day on; what it hung behind before ends there.
     *
     * @throws FeeRefused if they are of different sites or kinds of energy, one would hang behind itself, or something is said of that day
     *                    or a later one already
     */
    @Transactional
    public List<Link> link(int meterId, int parentId, LocalDate from, String who, String why) {
        Meter meter = meter("meterId", meterId);
        Meter parent = meter("parentId", parentId);
        rights.require(Right.SHARING, Place.site(meter.siteId()));
        if (parent.siteId() != meter.siteId() || parent.energyKind() != meter.energyKind()) {
            throw refused("parentId", "parent_other", parent.code());
        }
        jdbc.sql("select id from site where id = ? for no key update").param(meter.siteId()).query(Integer.class).single();
        if (jdbc.sql("""
                with recursive above as (
                    select :parent::int as id
                    union
                    select l.parent_id from meter_parent l join above on l.meter_id = above.id where l.valid_to is null or l.valid_to > :from)
                select count(*) from above where id = :meter""")
                .param("parent", parentId).param("from", from).param("meter", meterId).query(Integer.class).single() > 0) {
            throw refused("parentId", "parent_itself", meter.code());
        }
        Optional<Link> last = links(meter.siteId()).stream().filter(link -> link.meterId() == meterId)
                .max((one, other) -> one.validFrom().compareTo(other.validFrom()));
        if (last.filter(link -> !link.validFrom().isBefore(from) || link.validTo() != null && link.validTo().isAfter(from)).isPresent()) {
            throw refused("from", "parent_overlaps", meter.code());
        }
        jdbc.sql("update meter_parent set valid_to = :from where meter_id = :meter and valid_to is null")
                .param("from", from).param("meter", meterId).update();
        jdbc.sql("insert into meter_parent (meter_id, parent_id, valid_from) values (?, ?, ?)").params(meterId, parentId, from).update();
        return changed(meter, last.orElse(null), "meter.parent.set", who, why);
    }

    /**
     * From a day on a meter hangs behind no other.
     *
     * @throws FeeRefused if it does not, or only from that day
     */
    @Transactional
    public List<Link> unlink(int meterId, LocalDate to, String who, String why) {
        Meter meter = meter("meterId", meterId);
        rights.require(Right.SHARING, Place.site(meter.siteId()));
        Link before = links(meter.siteId()).stream().filter(link -> link.meterId() == meterId && link.validTo() == null && link.validFrom().isBefore(to))
                .findFirst().orElseThrow(() -> refused("to", "parent_none", meter.code()));
        jdbc.sql("update meter_parent set valid_to = :to where meter_id = :meter and valid_to is null").param("to", to).param("meter", meterId).update();
        return changed(meter, before, "meter.parent.ended", who, why);
    }

    private List<Link> changed(Meter meter, Link before, String what, String who, String why) {
        List<Link> after = links(meter.siteId()).stream().filter(link -> link.meterId() == meter.id()).toList();
        audit.record(meter.siteId(), who, what, "meter " + meter.code(), before, after, why);
        return after;
    }

    private Meter meter(String field, int id) {
        return sites.meter(id).orElseThrow(() -> refused(field, "share_no_meter", Integer.toString(id)));
    }

    /**
     * The losses of the site's main meters in each hour or day from the day {@code first} to {@code last}, both included, as far as it is
     * over.
     */
    @Transactional(readOnly = true)
    public List<Loss> losses(int siteId, LocalDate first, LocalDate last, By by) {
        Site site = sites.site(siteId);
        Instant from = first.atStartOfDay(site.zone()).toInstant();
        Instant to = last.plusDays(1).atStartOfDay(site.zone()).toInstant();
        List<Link> links = links(siteId);
        Map<Integer, List<Interval>> counted = consumption.of(links.stream().flatMap(link -> Stream.of(link.meterId(), link.parentId())).distinct()
                .toList(), from, to);
        List<Loss> losses = new ArrayList<>();
        Map<String, List<Link>> byParent = links.stream().collect(Collectors.groupingBy(Link::parent, TreeMap::new, Collectors.toList()));
        for (Instant begin = from; begin.isBefore(to);) {
            LocalDate day = site.dayOf(begin);
            Instant end = by == By.HOUR ? begin.plus(Duration.ofHours(1)) : day.plusDays(1).atStartOfDay(site.zone()).toInstant();
            if (end.isAfter(clock.instant())) {
                break;
            }
            for (List<Link> its : byParent.values()) {
                List<Link> subs = its.stream().filter(link -> link.holdsOn(day)).toList();
                if (!subs.isEmpty()) {
                    losses.add(loss(subs, counted, begin, end));
                }
            }
            begin = end;
        }
        return losses;
    }

    private static Loss loss(List<Link> subs, Map<Integer, List<Interval>> counted, Instant from, Instant to) {
        Link first = subs.get(0);
        List<String> missing = new ArrayList<>();
        Optional<BigDecimal> main = quantity(counted.getOrDefault(first.parentId(), List.of()), from, to);
        if (main.isEmpty()) {
            missing.add(first.parent());
        }
        BigDecimal sum = BigDecimal.ZERO.setScale(DECIMALS);
        for (Link sub : subs) {
            Optional<BigDecimal> quantity = quantity(counted.getOrDefault(sub.meterId(), List.of()), from, to);
            sum = sum.add(quantity.orElse(BigDecimal.ZERO));
            if (quantity.isEmpty()) {
                missing.add(sub.meter());
            }
        }
        BigDecimal loss = missing.isEmpty() ? main.orElseThrow().subtract(sum) : null;
        BigDecimal percent = loss == null || main.orElseThrow().signum() == 0 ? null
                : loss.movePointRight(2).divide(main.orElseThrow(), 2, RoundingMode.HALF_UP);
        return new Loss(first.parentId(), first.parent(), from, to, main.orElse(null), sum, loss, percent, missing.isEmpty(), missing);
    }

    /**
     * What was counted in a time; nothing where the meter was silent in it, or for long across one of its edges. Intervals that
     * cross an edge are divided in proportion to time, so that times that follow each other add up.
     *
     * @param intervals each beginning where the one before ends
     */
    static Optional<BigDecimal> quantity(List<Interval> intervals, Instant from, Instant to) {
        if (intervals.isEmpty() || intervals.get(0).from().isAfter(from) || intervals.get(intervals.size() - 1).to().isBefore(to)) {
            return Optional.empty();
        }
        BigDecimal sum = BigDecimal.ZERO.setScale(DECIMALS);
        for (Interval interval : intervals) {
            if (interval.to().isAfter(from) && interval.from().isBefore(to)) {
                boolean crosses = interval.from().isBefore(from) || interval.to().isAfter(to);
                if (crosses && Duration.between(interval.from(), interval.to()).compareTo(LONGEST_GAP) > 0) {
                    return Optional.empty();
                }
                sum = sum.add(upTo(interval, to)).subtract(upTo(interval, from));
            }
        }
        return Optional.of(sum);
    }

    private static BigDecimal upTo(Interval interval, Instant at) {
        if (!at.isAfter(interval.from())) {
            return BigDecimal.ZERO;
        }
        if (!at.isBefore(interval.to())) {
            return interval.quantity();
        }
        return interval.quantity().multiply(BigDecimal.valueOf(Duration.between(interval.from(), at).toMillis()))
                .divide(BigDecimal.valueOf(Duration.between(interval.from(), interval.to()).toMillis()), DECIMALS, RoundingMode.HALF_UP);
    }

    private FeeRefused refused(String field, String key, Object... words) {
        return new FeeRefused(field, texts.of("refused." + key, words));
    }
}
