package io.meterhub.metering;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which meters of a bus are read in full in a round: each the first time, then so many in each round that every one has its turn in
 * time, those first that wait longest; thus no round is much longer than another. Rate bands are read besides just before and just after
 * each full and half hour of the site, where prices may change.
 */
class SeldomReads {

    private static final int HALF_HOUR = 1800;
    private static final Duration BEFORE_EDGE = Duration.ofSeconds(60);

    private final Duration every;
    private final Map<Integer, Instant> read = new HashMap<>();
    private Instant asked;
    private Duration round = Duration.ZERO;
    private long owedMillis;

    /** @param every how often each is read in full; zero: always */
    SeldomReads(Duration every) {
        this.every = every;
    }

    /**
     * Called once a round.
     *
     * @param meters those that are worth asking and have something that is read seldom
     * @param bands  those of them of which that is rate bands
     */
    synchronized Set<Integer> due(Collection<Integer> meters, Set<Integer> bands, Instant now, ZoneId zone) {
        Duration since = asked == null || now.isBefore(asked) ? Duration.ZERO : Duration.between(asked, now);
        asked = now;
        if (every.isZero()) {
            return Set.copyOf(meters);
        }
        Set<Integer> due = new HashSet<>();
        round = since;
        meters.stream().filter(meter -> !read.containsKey(meter)).forEach(due::add);
        due.addAll(atEdge(bands, now, zone));
        List<Integer> inTurn = meters.stream().filter(meter -> !due.contains(meter)).sorted(Comparator.comparing(read::get)).toList();
        // parts of a meter are kept for the next round
        owedMillis = Math.min(owedMillis + meters.size() * since.toMillis(), meters.size() * every.toMillis());
        int share = (int) (owedMillis / every.toMillis());
        owedMillis -= share * every.toMillis();
        due.addAll(inTurn.subList(0, Math.min(share, inTurn.size())));
        return due;
    }

    /** Those of these meters of which the bands are to be read at this time, however they come to be read. */
    synchronized Set<Integer> atEdge(Set<Integer> bands, Instant now, ZoneId zone) {
        Duration ahead = round.multipliedBy(2);
        Instant margin = now.plus(ahead.compareTo(BEFORE_EDGE) > 0 ? ahead : BEFORE_EDGE);
        boolean before = halfHour(margin, zone) != halfHour(now, zone);
        return bands.stream().filter(meter -> before || !read.containsKey(meter) || halfHour(read.get(meter), zone) != halfHour(now, zone))
                .collect(Collectors.toSet());
    }

    synchronized void wasRead(int meter, Instant at) {
        read.put(meter, at);
    }

    private static long halfHour(Instant at, ZoneId zone) {
        return Math.floorDiv(at.getEpochSecond() + zone.getRules().getOffset(at).getTotalSeconds(), HALF_HOUR);
    }
}
