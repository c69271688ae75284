package io.meterhub.web;

import io.meterhub.site.EnergyKind;
import io.meterhub.site.Site;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What the live board shows of one site at one moment, already rounded to what the eye sees, so that two boards differ
 * exactly where the screen would.
 *
 * <p>Public methods are those that the templates call.
 *
 * @param version counts up; {@link #since} tells what changed after an earlier one
 * @param layout  changes when a shop, shaft or floor comes or goes, and the page has to be built anew
 */
record Board(Site site, long version, int layout, Instant at, Totals totals, List<Shaft> shafts, List<Tile> publicAreas,
             Map<String, Long> changed) {

    /** The tiles that differ from what the given version showed. */
    List<Tile> since(long earlier) {
        return tiles().stream().filter(tile -> changed.get(tile.id()) > earlier).toList();
    }

    public List<Tile> tiles() {
        return Stream.concat(shafts.stream().flatMap(shaft -> shaft.floors().stream())
                .flatMap(floor -> floor.tiles().stream()), publicAreas.stream()).toList();
    }

    public int shopCount() {
        return totals.shopsOn() + totals.shopsOff();
    }

    public long attentionCount() {
        return tiles().stream().filter(Tile::attention).count();
    }

    public long lostCount() {
        return tiles().stream().filter(Tile::lost).count();
    }

    public List<String> floorNames() {
        return shafts.stream().flatMap(shaft -> shaft.floors().stream()).map(Floor::name).distinct().sorted(InOrder.FLOORS)
                .toList();
    }

    /** Whether the instant lies in the site's day that the board shows. */
    public boolean ofToday(Instant instant) {
        return site.dayOf(instant).equals(site.dayOf(at));
    }

    /**
     * @param oldest    age of the oldest last reading among the meters that answer
     * @param perMinute readings accepted in the last minute
     */
    record Totals(int online, int lost, int shopsOn, int shopsOff, int lowCredit, String powerKw, String energyKwh,
                  String waterM3, String salesYuan, int sales, Duration oldest, long perMinute) {
    }

    record Shaft(String name, List<Floor> floors) {

        public List<Tile> tiles() {
            return floors.stream().flatMap(floor -> floor.tiles().stream()).toList();
        }

        public long off() {
            return tiles().stream().filter(Tile::off).count();
        }

        public long lost() {
            return tiles().stream().filter(Tile::lost).count();
        }

        public String powerKw() {
            return Amounts.kw(tiles().stream().map(Tile::power).reduce(BigDecimal.ZERO, BigDecimal::add));
        }
    }

    record Floor(String name, List<Tile> tiles) {
    }

    /**
     * A shop, or a public area's meter.
     *
     * @param id   of the element on the page
     * @param href of its details
     */
    record Tile(String id, String href, String code, String name, String shaft, String floor, List<Line> lines,
                List<Chip> chips) {

        public boolean off() {
            return lines.stream().anyMatch(line -> line.supply() == Supply.OFF);
        }

        public boolean lost() {
            return lines.stream().anyMatch(Line::lost);
        }

        public boolean low() {
            return lines.stream().anyMatch(line -> line.level() != Level.FINE && line.level() != Level.NONE);
        }

        /** Something about it wants a person's eye. */
        public boolean attention() {
            return off() || lost() || low() || chips.stream().anyMatch(chip -> chip.tone().equals("bad"));
        }

        public BigDecimal power() {
            return lines.stream().filter(line -> line.kind() == EnergyKind.ELECTRICITY && line.power() != null)
                    .map(line -> new BigDecimal(line.power())).reduce(BigDecimal.ZERO, BigDecimal::add);
        }

        /** The style classes that filters and colours go by. */
        public String classes() {
            Level worst = lines.stream().map(Line::level).max(Level::compareTo).orElse(Level.NONE);
            return (off() ? " is-off" : "") + (lost() ? " is-lost" : "") + (low() ? " is-low" : "")
                    + (attention() ? " is-attention" : "") + " level-" + worst.name().toLowerCase();
        }
    }

    /**
     * One kind of energy of a tile.
     *
     * @param supply  what the meters show; SWITCHING while that is not yet what is wanted
     * @param today   kWh or m3 since the site's midnight
     * @param left    how long the credit lasts at the present power, in words' parts; null when long, or unknown
     * @param lostFor null while it answers; ZERO when it never has
     * @param byHand  the day of the last reading of a meter that people read, the oldest of several; empty: never. Null: there is none
     */
    record Line(EnergyKind kind, Supply supply, String power, String today, String credit, Level level, Duration left,
                Duration lostFor, String byHand) {

        public boolean lost() {
            return lostFor != null;
        }
    }

    /** BY_HAND: the hub cannot switch it. */
    enum Supply { ON, OFF, SWITCHING, UNKNOWN, BY_HAND }

    /** How far the credit has gone: by the account's own two warning levels. In rising order of urgency. */
    enum Level {
        NONE, FINE, WARN1, WARN2, OUT;

        static Level of(BigDecimal credit, BigDecimal warn1, BigDecimal warn2, BigDecimal overdraft) {
            if (credit.compareTo(overdraft.negate()) <= 0) {
                return OUT;
            }
            return credit.compareTo(warn2) < 0 ? WARN2 : credit.compareTo(warn1) < 0 ? WARN1 : FINE;
        }
    }

    /** A small label: a reason (message key {@code reason.KIND}), or another remark. */
    record Chip(String key, String tone, EnergyKind kind) {
    }
}
