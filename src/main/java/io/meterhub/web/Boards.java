package io.meterhub.web;

import io.meterhub.billing.AccountKind;
import io.meterhub.metering.EnteredReadings;
import io.meterhub.metering.MeterModel.Operation;
import io.meterhub.metering.MeterModels;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Reach;
import io.meterhub.site.Site;
import io.meterhub.supply.MeterSupply;
import io.meterhub.web.Board.Chip;
import io.meterhub.web.Board.Floor;
import io.meterhub.web.Board.Level;
import io.meterhub.web.Board.Line;
import io.meterhub.web.Board.Shaft;
import io.meterhub.web.Board.Supply;
import io.meterhub.web.Board.Tile;
import io.meterhub.web.Board.Totals;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Makes the board of a site, at most once a second however many screens look at it. */
@Component
class Boards {

    private static final Duration FRESH = Duration.ofSeconds(1);
    private static final Duration FORGOTTEN = Duration.ofHours(1);
    private static final Duration WORTH_TELLING = Duration.ofHours(48);

    private final JdbcClient jdbc;
    private final Clock clock;
    private final WebSettings settings;
    private final Rights rights;
    private final MeterModels models;
    private final Map<Shown, Board> newest = new ConcurrentHashMap<>();

    Boards(JdbcClient jdbc, Clock clock, WebSettings settings, Rights rights, MeterModels models) {
        this.jdbc = jdbc;
        this.clock = clock;
        this.settings = settings;
        this.rights = rights;
        this.models = models;
    }

    /** Who may see the same sees the same board. */
    private record Shown(int siteId, Reach reach) {
    }

    /** As whoever asks may see it. */
    Board of(Site site) {
        Reach reach = rights.reach(Right.VIEW);
        Instant now = clock.instant();
        newest.values().removeIf(board -> board.at().plus(FORGOTTEN).isBefore(now));
        return newest.compute(new Shown(site.id(), reach), (shown, last) ->
                last != null && last.at().plus(FRESH).isAfter(now) ? last : make(site, reach, now, last));
    }

    private Board make(Site site, Reach reach, Instant now, Board last) {
        LocalDate today = site.dayOf(now);
        Map<Integer, List<Reason>> reasons = reasons(site, reach);
        List<MeterNow> meters = meters(site, reach, now);
        List<AccountNow> accounts = accounts(site, reach, today);
        Map<Integer, List<MeterNow>> metersByShop = meters.stream().filter(meter -> meter.shopId() != null)
                .collect(Collectors.groupingBy(MeterNow::shopId));
        Map<Integer, List<AccountNow>> accountsByShop = accounts.stream().collect(Collectors.groupingBy(AccountNow::shopId));

        List<Tile> shops = jdbc.sql("select id, code, name, floor, shaft from shop where site_id = :site and enabled and" + Reach.sql("site_id", "id", null)
                + "order by code").params(reach.parameters()).param("site", site.id()).query(ShopRow.class).list().stream()
                .map(shop -> new Tile("shop-" + shop.id(), "/shops/" + shop.id(), shop.code(), shop.name(), shop.shaft(),
                        shop.floor(),
                        lines(metersByShop.getOrDefault(shop.id(), List.of()),
                                accountsByShop.getOrDefault(shop.id(), List.of()), today, now),
                        chips(metersByShop.getOrDefault(shop.id(), List.of()), reasons)))
                .toList();
        List<Tile> publicAreas = meters.stream().filter(meter -> meter.shopId() == null)
                .map(meter -> new Tile("meter-" + meter.id(), "/areas/" + meter.id(), meter.code(), meter.name(), meter.shaft(),
                        "", lines(List.of(meter), List.of(), today, now), chips(List.of(meter), reasons)))
                .toList();
        return new Board(site, version(last), layout(shops, publicAreas), now, totals(site, reach, meters, shops, today, now),
                shafts(shops), publicAreas, changed(shops, publicAreas, last));
    }

    private long version(Board last) {
        // begins at the present time, so that a screen that outlived a restart of the hub is behind, never ahead
        return last == null ? clock.millis() : last.version() + 1;
    }

    private Map<String, Long> changed(List<Tile> shops, List<Tile> publicAreas, Board last) {
        Map<String, Tile> before = last == null ? Map.of()
                : last.tiles().stream().collect(Collectors.toMap(Tile::id, tile -> tile));
        Map<String, Long> changed = new HashMap<>();
        Stream.concat(shops.stream(), publicAreas.stream()).forEach(tile -> changed.put(tile.id(),
                tile.equals(before.get(tile.id())) ? last.changed().get(tile.id()) : version(last)));
        return changed;
    }

    private static int layout(List<Tile> shops, List<Tile> publicAreas) {
        return Stream.concat(shops.stream(), publicAreas.stream())
                .map(tile -> tile.id() + tile.shaft() + tile.floor()).toList().hashCode();
    }

    private static List<Shaft> shafts(List<Tile> shops) {
        Map<String, Map<String, List<Tile>>> grouped = shops.stream().collect(Collectors.groupingBy(Tile::shaft,
                () -> new TreeMap<>(InOrder.NATURAL),
                Collectors.groupingBy(Tile::floor, () -> new TreeMap<>(InOrder.FLOORS), Collectors.toList())));
        return grouped.entrySet().stream()
                .map(shaft -> new Shaft(shaft.getKey(), shaft.getValue().entrySet().stream()
                        .map(floor -> new Floor(floor.getKey(), floor.getValue())).toList()))
                .toList();
    }

    private List<Line> lines(List<MeterNow> meters, List<AccountNow> accounts, LocalDate today, Instant now) {
        List<Line> lines = new ArrayList<>();
        for (EnergyKind kind : EnergyKind.values()) {
            List<MeterNow> ofKind = meters.stream().filter(meter -> meter.energyKind() == kind).toList();
            AccountNow account = accounts.stream().filter(a -> a.kind() == AccountKind.of(kind))
                    .min(Comparator.comparing(AccountNow::credit)).orElse(null);
            if (!ofKind.isEmpty() || account != null) {
                lines.add(line(kind, ofKind, account, today, now));
            }
        }
        return lines;
    }

    private Line line(EnergyKind kind, List<MeterNow> meters, AccountNow account, LocalDate today, Instant now) {
        BigDecimal power = sum(meters.stream().filter(meter -> settings.fresh(meter.readAt(), now)).map(MeterNow::power));
        BigDecimal used = sum(meters.stream().map(meter -> meter.today(today)));
        return new Line(kind, supply(meters), power == null ? null : Amounts.kw(power),
                used == null ? null : kind == EnergyKind.WATER ? Amounts.m3(used) : Amounts.kwh(used),
                account == null ? null : Amounts.yuan(account.credit()),
                account == null ? Level.NONE : account.level(),
                account == null ? null : left(account, kind == EnergyKind.ELECTRICITY ? power : null),
                meters.stream().map(meter -> lostFor(meter, now)).filter(java.util.Objects::nonNull)
                        .max(Comparator.naturalOrder()).orElse(null), byHand(meters));
    }

    private static String byHand(List<MeterNow> meters) {
        return meters.stream().filter(MeterNow::byHand).map(meter -> meter.day() == null ? "" : meter.day().toString())
                .min(Comparator.naturalOrder()).orElse(null);
    }

    /** Whole minutes, so that a tile does not change every second. */
    private Duration lostFor(MeterNow meter, Instant now) {
        if (meter.byHand() || settings.fresh(meter.answeredAt(), now)) {
            return null;
        }
        return meter.answeredAt() == null ? Duration.ZERO
                : Duration.ofMinutes(Math.max(1, Duration.between(meter.answeredAt(), now).toMinutes()));
    }

    private static Supply supply(List<MeterNow> meters) {
        if (!meters.isEmpty() && meters.stream().allMatch(MeterNow::byHand)) {
            return Supply.BY_HAND;
        }
        List<MeterNow> known = meters.stream().filter(meter -> meter.seen() != null && !meter.byHand()).toList();
        if (known.stream().anyMatch(MeterNow::unsecured)) {
            return Supply.SWITCHING;
        }
        if (known.stream().anyMatch(meter -> meter.seen().equals("OFF") && meter.wanted().equals("OFF"))) {
            return Supply.OFF;
        }
        if (known.stream().anyMatch(meter -> !meter.seen().equals("UNKNOWN") && !meter.seen().equals(meter.wanted()))) {
            return Supply.SWITCHING;
        }
        return known.stream().anyMatch(meter -> meter.seen().equals("ON")) ? Supply.ON : Supply.UNKNOWN;
    }

    /** Credit over what the present power costs an hour at today's average price. An estimate, and shown as one. */
    private static Duration left(AccountNow account, BigDecimal power) {
        if (power == null || power.signum() <= 0 || account.credit().signum() <= 0
                || account.usedToday() == null || account.usedToday().signum() == 0 || account.amountToday().signum() == 0) {
            return null;
        }
        BigDecimal yuanPerHour = power.multiply(account.amountToday()).divide(account.usedToday(), 12, RoundingMode.HALF_UP);
        BigDecimal minutes = account.credit().multiply(BigDecimal.valueOf(60)).divide(yuanPerHour, 0, RoundingMode.DOWN);
        if (minutes.compareTo(BigDecimal.valueOf(WORTH_TELLING.toMinutes())) > 0) {
            return null;
        }
        Duration left = Duration.ofMinutes(minutes.longValue());
        return left.toHours() > 0 ? Duration.ofHours(left.toHours()) : Duration.ofMinutes(left.toMinutes() / 5 * 5);
    }

    private static List<Chip> chips(List<MeterNow> meters, Map<Integer, List<Reason>> reasons) {
        boolean twoKinds = meters.stream().map(MeterNow::energyKind).distinct().count() > 1;
        Stream<Chip> remarks = meters.stream().flatMap(meter -> Stream.of(
                        meter.disobeys() ? "remark.disobeys" : null,
                        meter.unsecured() ? "remark.not_secured" : null,
                        meter.suspectAt() != null ? "remark.suspect" : null,
                        meter.overdue() ? "remark.overdue" : null)
                .filter(java.util.Objects::nonNull)
                .map(key -> new Chip(key, "bad", twoKinds ? meter.energyKind() : null)));
        return Stream.concat(meters.stream().flatMap(meter -> reasons.getOrDefault(meter.id(), List.of()).stream()
                        .map(reason -> new Chip("reason." + reason.kind(), reason.tone(), twoKinds ? meter.energyKind() : null))),
                remarks).distinct().toList();
    }

    private Totals totals(Site site, Reach reach, List<MeterNow> meters, List<Tile> shops, LocalDate today, Instant now) {
        List<MeterNow> polled = meters.stream().filter(meter -> !meter.byHand()).toList();
        int online = (int) polled.stream().filter(meter -> settings.fresh(meter.answeredAt(), now)).count();
        SalesToday sales = jdbc.sql("""
                select count(*) as number, coalesce(sum(s.amount_yuan), 0) as yuan
                from receipt s join account a on a.id = s.account_id
                where s.site_id = :site and s.at >= :midnight and s.kind = 'SALE'
                  and not exists (select from receipt r where r.reverses = s.id) and""" + Reach.sql("a.site_id", "a.shop_id", null))
                .params(reach.parameters())
                .param("site", site.id()).param("midnight", Sql.instant(today.atStartOfDay(site.zone()).toInstant()))
                .query(SalesToday.class).single();
        return new Totals(online, polled.size() - online,
                (int) shops.stream().filter(tile -> !tile.off()).count(), (int) shops.stream().filter(Tile::off).count(),
                (int) shops.stream().filter(Tile::low).count(),
                Amounts.kw(whole(meters.stream().filter(meter -> meter.energyKind() == EnergyKind.ELECTRICITY
                        && settings.fresh(meter.readAt(), now)).map(MeterNow::power))),
                Amounts.kwh(whole(ofToday(meters, EnergyKind.ELECTRICITY, today))),
                Amounts.m3(whole(ofToday(meters, EnergyKind.WATER, today))),
                Amounts.yuan(sales.yuan()), sales.number(),
                polled.stream().filter(meter -> meter.failingSince() == null && meter.answeredAt() != null).map(MeterNow::answeredAt)
                        .min(Comparator.naturalOrder()).map(oldest -> Duration.between(oldest, now)).orElse(null),
                readingsInTheLastMinute(site, reach, now));
    }

    private long readingsInTheLastMinute(Site site, Reach reach, Instant now) {
        // meter by meter along the primary key: milliseconds, where a scan of the day's partition would take seconds
        return jdbc.sql("""
                select coalesce(sum(r.number), 0) from meter m cross join lateral (
                    select count(*) as number from reading r
                    where r.meter_id = m.id and r.read_at > :from and r.read_at <= :to) r
                where m.site_id = :site and m.enabled and""" + Equipment.METER_REACHED)
                .params(reach.parameters())
                .param("site", site.id()).param("from", Sql.instant(now.minusSeconds(60))).param("to", Sql.instant(now))
                .query(Long.class).single();
    }

    private static Stream<BigDecimal> ofToday(List<MeterNow> meters, EnergyKind kind, LocalDate today) {
        return meters.stream().filter(meter -> meter.energyKind() == kind).map(meter -> meter.today(today));
    }

    private static BigDecimal whole(Stream<BigDecimal> numbers) {
        BigDecimal sum = sum(numbers);
        return sum == null ? BigDecimal.ZERO : sum;
    }

    private static BigDecimal sum(Stream<BigDecimal> numbers) {
        return numbers.filter(java.util.Objects::nonNull).reduce(BigDecimal::add).orElse(null);
    }

    private Map<Integer, List<Reason>> reasons(Site site, Reach reach) {
        return jdbc.sql("""
                select r.meter_id, r.kind from supply_reason r join meter m on m.id = r.meter_id
                where r.ended_at is null and m.site_id = :site and""" + Equipment.METER_REACHED + "order by r.since")
                .params(reach.parameters()).param("site", site.id()).query(Reason.class).list().stream().collect(Collectors.groupingBy(Reason::meterId));
    }

    private List<MeterNow> meters(Site site, Reach reach, Instant now) {
        return jdbc.sql("""
                select m.id, m.shop_id, m.code, m.name, m.energy_kind, coalesce(g.shaft, '') as shaft, m.gateway_id is null as by_hand,
                       m.gateway_id is null and coalesce(st.read_at < :now - make_interval(days => coalesce(rs.by_hand_days, :days)), true) as overdue,
                       st.answered_at, st.read_at, st.power, st.total, st.day, st.day_total, st.failing_since, st.suspect_at,
                       su.wanted, su.seen, su.failure as supply_failure, m.gateway_id is not null and""" + MeterSupply.UNSECURED + """
                       as unsecured
                from meter m left join gateway g on g.id = m.gateway_id
                     left join reading_setting rs on rs.site_id = m.site_id
                     left join meter_state st on st.meter_id = m.id
                     left join meter_supply su on su.meter_id = m.id
                where m.site_id = :site and m.enabled and""" + Equipment.METER_REACHED + "order by m.code")
                .params(reach.parameters()).param("site", site.id()).param("now", Sql.instant(now)).param("days", EnteredReadings.BY_HAND_DAYS)
                .param("freeing", models.able(Operation.SWITCH_FREE))
                .query(MeterNow.class).list();
    }

    private List<AccountNow> accounts(Site site, Reach reach, LocalDate today) {
        return jdbc.sql("""
                select a.id, a.shop_id, a.kind, a.posted_yuan - a.open_yuan as credit, a.warn1_yuan as warn1,
                       a.warn2_yuan as warn2, a.overdraft_yuan as overdraft, c.amount as amount_today, c.quantity as used_today
                from account a left join lateral (
                    select sum(l.amount) as amount, sum(l.quantity) as quantity
                    from account_meter am join charge_line l
                         on l.account_id = am.account_id and l.meter_id = am.meter_id and l.site_day = :today
                    where am.account_id = a.id and am.valid_to is null) c on true
                where a.site_id = :site and a.state = 'OPEN' and""" + Reach.sql("a.site_id", "a.shop_id", null) + "order by a.id")
                .params(reach.parameters())
                .param("site", site.id()).param("today", today)
                .query(AccountNow.class).list();
    }

    private record ShopRow(int id, String code, String name, String floor, String shaft) {
    }

    private record Reason(int meterId, String kind) {

        String tone() {
            return kind.equals("KEEP_ON") || kind.equals("PROTECTED") ? "keep" : "bad";
        }
    }

    private record SalesToday(int number, BigDecimal yuan) {
    }

    private record MeterNow(int id, Integer shopId, String code, String name, EnergyKind energyKind, String shaft,
                            boolean byHand, boolean overdue, Instant answeredAt, Instant readAt, BigDecimal power, BigDecimal total, LocalDate day, BigDecimal dayTotal,
                            Instant failingSince, Instant suspectAt, String wanted, String seen, String supplyFailure, boolean unsecured) {

        BigDecimal today(LocalDate today) {
            return total == null || dayTotal == null || !today.equals(day) ? null
                    : total.subtract(dayTotal).max(BigDecimal.ZERO);
        }

        boolean disobeys() {
            return !byHand && supplyFailure != null && seen != null && (!seen.equals(wanted) || unsecured);
        }
    }

    private record AccountNow(int id, int shopId, AccountKind kind, BigDecimal credit, BigDecimal warn1,
                              BigDecimal warn2, BigDecimal overdraft, BigDecimal amountToday, BigDecimal usedToday) {

        Level level() {
            return Level.of(credit, warn1, warn2, overdraft);
        }
    }
}
