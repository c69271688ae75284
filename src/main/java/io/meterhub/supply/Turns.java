package io.meterhub.supply;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.billing.DayKind;
import io.meterhub.billing.SiteCalendar;
import io.meterhub.billing.Standings;
import io.meterhub.billing.Standings.Standing;
import io.meterhub.metering.Pokes;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Sites;
import io.meterhub.supply.SupplyTerms.StepPer;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Lets reasons become wishes: for safety at once, otherwise by the site's terms. What waits stands in meter_supply; whichever
 * hub looks next goes on from there.
 *
 * <p>Cuts and restorations of a site are let through under a lock of its own, which nobody waits for, as whoever wants it
 * holds meters already: who does not get it leaves it to {@link #release}.
 */
@Component
class Turns {

    /** The first number of the advisory lock, with the site as the second. */
    private static final int LOCK = 0x54_52;

    private static final String WAITING = """
            from meter_supply s join meter m on m.id = s.meter_id
            where s.waits is not null and (:all or s.waits_until <= :now
                  or s.waits = 'PERSON' and not exists (select from mass_cut c where c.site_id = m.site_id and c.decided_at is null))
            """;

    private record Row(int meterId, int siteId, Integer shopId, Integer gatewayId, boolean seenOff, Instant waitsSince, Turn turn) {

        Row with(Turn after) {
            return new Row(meterId, siteId, shopId, gatewayId, seenOff, waitsSince, after);
        }

        Row seenOn() {
            return new Row(meterId, siteId, shopId, gatewayId, false, waitsSince, turn);
        }

        /** A shop's meters go together; a public area's stand for themselves. */
        int place() {
            return shopId == null ? -meterId : shopId;
        }

        boolean restores() {
            return turn.changes() && turn.next() == Wanted.ON;
        }

        boolean byHand() {
            return gatewayId == null;
        }

        /**
         * Who pays before his supply was off stays on, and who is off for one reason stays off for another: waiting for a step, he would be
         * cut, or restored, for what is no longer in force.
         */
        boolean needsStep() {
            return turn.needsStep() && !byHand() && seenOff == (turn.next() == Wanted.ON);
        }
    }

    /** Somebody may stand at the counter: power comes back first, to who paid last. Then the cuts, the oldest debt first. */
    private static final Comparator<Row> ORDER = Comparator.comparing((Row row) -> !row.restores())
            .thenComparing(row -> row.restores() ? row.waitsSince : null, Comparator.nullsFirst(Comparator.reverseOrder()))
            .thenComparing(row -> row.turn.dueSince(), Comparator.nullsFirst(Comparator.naturalOrder()))
            .thenComparing(Row::meterId);

    /** As the database takes it. */
    private record Saved(int meterId, Wanted wanted, Instant dueSince, Instant cutAt, Set<ReasonKind> cutFor, Wait waits, Instant waitsSince, Instant waitsUntil) {
    }

    private record Event(int meterId, String kind, JsonNode detail) {
    }

    private final JdbcClient jdbc;
    private final Rows rows;
    private final Pokes pokes;
    private final Alarms alarms;
    private final Sites sites;
    private final SiteCalendar calendar;
    private final Standings standings;
    private final ObjectMapper json;
    private final Clock clock;
    private final TransactionTemplate transaction;

    Turns(JdbcClient jdbc, Rows rows, Pokes pokes, Alarms alarms, Sites sites, SiteCalendar calendar, Standings standings, ObjectMapper json,
          Clock clock, PlatformTransactionManager transactions) {
        this.jdbc = jdbc;
        this.rows = rows;
        this.pokes = pokes;
        this.alarms = alarms;
        this.sites = sites;
        this.calendar = calendar;
        this.standings = standings;
        this.json = json;
        this.clock = clock;
        this.transaction = new TransactionTemplate(transactions);
    }

    SupplyTerms terms(int siteId) {
        return jdbc.sql("select * from supply_terms where site_id = ?").param(siteId).query(SupplyTerms.class).optional()
                .orElse(SupplyTerms.DEFAULT);
    }

    /** Lets through whatever has waited long enough. Each site is a transaction of its own; what another hub is at is left to it. */
    public void release() {
        look(false);
    }

    /** Looks at all that waits: the calendar or the terms may be others by now. */
    public void refresh() {
        look(true);
    }

    private void look(boolean all) {
        for (int site : jdbc.sql("select distinct m.site_id " + WAITING).param("all", all).param("now", sql(now())).query(Integer.class).list()) {
            transaction.executeWithoutResult(status -> settle(jdbc.sql("select s.meter_id " + WAITING
                    + " and m.site_id = :site order by s.meter_id for update of s skip locked")
                    .param("all", all).param("now", sql(now())).param("site", site).query(Integer.class).list()));
        }
        if (all) {
            transaction.executeWithoutResult(status -> endMassCuts());
        }
    }

    List<Integer> lockWaiting(int siteId) {
        return jdbc.sql("select s.meter_id " + WAITING + " and m.site_id = :site order by s.meter_id for update of s")
                .param("all", true).param("now", sql(now())).param("site", siteId).query(Integer.class).list();
    }

    void settleWaiting(int siteId) {
        settle(lockWaiting(siteId));
    }

    /** Brings the wish of these meters, whose rows the caller has locked, in line with their reasons, as far as may be. */
    void settle(Collection<Integer> meterIds) {
        if (!meterIds.isEmpty()) {
            settle(load(meterIds));
        }
    }

    /**
     * Whoever of these, whose rows the caller has locked and sees on, waits for his step to be restored needs none: he would be cut for what is
     * no longer in force. Another meter may have been hung there, or somebody closed it.
     *
     * @return whether there was any
     */
    boolean settleSeenOn(Collection<Integer> meterIds) {
        if (meterIds.isEmpty()) {
            return false;
        }
        List<Integer> waiting = jdbc.sql("select meter_id from meter_supply where meter_id = any(?) and wanted = 'OFF' and waits = 'STEP' order by meter_id")
                .param(meterIds.toArray(Integer[]::new)).query(Integer.class).list();
        if (!waiting.isEmpty()) {
            settle(load(waiting).stream().map(Row::seenOn).toList());
        }
        return !waiting.isEmpty();
    }

    private void settle(List<Row> loaded) {
        Instant now = now();
        Map<Integer, List<Row>> bySite = loaded.stream()
                .collect(Collectors.groupingBy(Row::siteId, TreeMap::new, Collectors.toList()));
        Set<Integer> news = new TreeSet<>();
        bySite.forEach((site, of) -> news.addAll(settle(site, of, now)));
        news.addAll(firm(loaded.stream().map(Row::meterId).toList()));
        pokes.poke(news);
    }

    /**
     * What has to be forced against a meter's own controls: off, where a person or the hub says so for safety, or for anything that counts
     * now; on, where what is owed or planned does not count. What the meter alone opened for it may close itself, and while it keeps it open
     * for safety nothing is forced for less: who may lift that, the meter or a person, could not be told any more.
     */
    private List<Integer> firm(Collection<Integer> meterIds) {
        return jdbc.sql("""
                update meter_supply s set firm = v.firm
                from (select su.meter_id, coalesce(bool_or(r.kind = any(:safety) and r.who <> :meter)
                             or su.wanted <> 'OFF' and bool_or(r.kind in ('KEEP_ON', 'PROTECTED')) and not bool_or(r.kind = any(:safety))
                             or su.wanted = 'OFF' and not bool_or(r.kind = any(:safety) and r.who = :meter) and bool_or(r.who <> :meter and (r.kind in ('SCHEDULE', 'CLOSED_ACCOUNT')
                                                              or su.cut_at is not null and r.kind = any(su.cut_for))), false) as firm
                      from meter_supply su left join supply_reason r on r.meter_id = su.meter_id and r.ended_at is null
                      where su.meter_id = any(:ids) group by su.meter_id) v
                where s.meter_id = v.meter_id and s.firm <> v.firm returning s.meter_id""")
                .param("safety", ReasonKind.safeties())
                .param("meter", Reasons.METER).param("ids", meterIds.toArray(Integer[]::new)).query(Integer.class).list();
    }

    /** @return those that are wanted otherwise now */
    private List<Integer> settle(int siteId, List<Row> before, Instant now) {
        SupplyTerms terms = terms(siteId);
        Map<Integer, Map<ReasonKind, Instant>> reasons = reasons(before.stream().map(Row::meterId).toList());
        Opening opening = opening(siteId, terms, now);
        List<Row> looked = before.stream().map(row -> row.with(row.turn.looked(
                reasons.getOrDefault(row.meterId, Map.of()), terms.notice(), opening::next, now))).toList();
        saveDue(before, looked);
        List<Row> after = letThrough(siteId, terms, looked, now);
        save(before, after, now);
        return tell(siteId, terms, opening, before, after, now);
    }

    private List<Row> letThrough(int siteId, SupplyTerms terms, List<Row> looked, Instant now) {
        // what waits for a second person goes on waiting for one, whatever the terms say since
        boolean cuts = looked.stream().anyMatch(row -> row.turn.dueSince() != null && row.turn.cutAt() == null)
                && (terms.massShops() > 0 || openMassCut(siteId).isPresent());
        boolean steps = terms.stepShops() > 0 && looked.stream().anyMatch(row -> !row.byHand() && row.turn.mayBeCut() || row.needsStep());
        boolean alone = !cuts && !steps || jdbc.sql("select pg_try_advisory_xact_lock(:lock, :site)").param("lock", LOCK).param("site", siteId)
                .query(Boolean.class).single();
        Optional<Instant> held = cuts && alone ? heldSince(siteId, terms, now) : Optional.empty();
        Map<Integer, Steps> buckets = steps && alone ? buckets(siteId, terms) : new HashMap<>();
        Set<List<Integer>> turning = new HashSet<>();
        Map<Integer, Turn> done = new HashMap<>();
        for (Row row : looked.stream().sorted(ORDER).toList()) {
            Turn turn = row.turn;
            if (turn.mayBeCut() && alone) {
                turn = held.filter(since -> !row.turn.dueSince().isBefore(since)).isPresent() ? turn.held() : turn.cut(now);
            }
            if (row.turn.mayBeCut() && !alone) {
                turn = turn.waitingForStep(now);
            } else if (row.with(turn).needsStep() && terms.stepShops() > 0) {
                int bucket = terms.stepPer() == StepPer.GATEWAY ? row.gatewayId : 0;
                Steps before = buckets.getOrDefault(bucket, new Steps(terms.stepShops(), terms.step(), List.of()));
                if (!alone) {
                    turn = turn.waitingForStep(now);
                } else if (turning.contains(List.of(bucket, row.place()))) {
                    turn = turn.turned();
                } else if (before.free(now)) {
                    buckets.put(bucket, before.turn(now));
                    turning.add(List.of(bucket, row.place()));
                    turn = turn.turned();
                } else {
                    // hours and notice are looked at once more when its step comes
                    turn = row.turn.waitingForStep(before.freeAt(now));
                }
            } else if (turn.changes()) {
                turn = turn.turned();
            }
            done.put(row.meterId, turn);
        }
        if (!turning.isEmpty()) {
            keep(siteId, turning.stream().map(key -> key.get(0)).collect(Collectors.toSet()), buckets);
        }
        return looked.stream().map(row -> row.with(done.get(row.meterId))).toList();
    }

    /** The site's hours for cuts around this moment, and what its days are. */
    private record Opening(CutHours hours, ZoneId zone, Map<LocalDate, DayKind> kinds) {

        Optional<Instant> next(Instant from) {
            return hours.always() ? Optional.of(from) : hours.next(from, zone, kinds::get);
        }

        DayKind kind(Instant at) {
            return kinds.get(LocalDate.ofInstant(at, zone));
        }
    }

    private Opening opening(int siteId, SupplyTerms terms, Instant now) {
        CutHours hours = terms.hours();
        ZoneId zone = sites.site(siteId).zone();
        LocalDate today = LocalDate.ofInstant(now, zone);
        // the next hours are looked for from the end of a notice on, and that takes a week at most
        return new Opening(hours, zone, hours.always() ? Map.of()
                : calendar.kinds(siteId, today, today.plusDays(CutHours.DAYS_AHEAD + 8), hours.hot()));
    }

    private Optional<Instant> openMassCut(int siteId) {
        return jdbc.sql("select since from mass_cut where site_id = ? and decided_at is null").param(siteId)
                .query((row, n) -> instant(row, "since")).optional();
    }

    /** From when on those who became due are held: a person is asked, or has to be now. */
    private Optional<Instant> heldSince(int siteId, SupplyTerms terms, Instant now) {
        Optional<Instant> open = openMassCut(siteId);
        if (open.isPresent() || terms.massShops() == 0) {
            return open;
        }
        // whom a person has decided on is not counted again
        List<Crowd.Due> due = jdbc.sql("""
                select min(s.due_since) as since, bool_or(s.cut_at is null) as waits from meter_supply s join meter m on m.id = s.meter_id
                where m.site_id = :site and s.due_since > coalesce(
                    (select max(decided_at) from mass_cut where site_id = :site and decision <> 'GONE'), '-infinity')
                group by coalesce(m.shop_id, -m.id) order by 1""")
                .param("site", siteId).query((row, n) -> new Crowd.Due(instant(row, "since"), row.getBoolean("waits"))).list();
        Optional<Instant> crowd = Crowd.since(due, terms.massShops(), terms.mass());
        crowd.ifPresent(since -> {
            long id = jdbc.sql("insert into mass_cut (site_id, since, opened_at) values (:site, :since, :now) returning id")
                    .param("site", siteId).param("since", sql(since)).param("now", sql(now)).query(Long.class).single();
            alarms.raise(AlarmKind.MASS_CUT_WAITS, siteId, Map.of("massCut", id, "shops", due.stream().filter(shop -> !shop.since().isBefore(since)).count(),
                    "most", terms.massShops(), "minutes", terms.massMinutes()));
        });
        return crowd;
    }

    /** Whoever waited has paid meanwhile, or is kept on. */
    private void endMassCuts() {
        List<Integer> gone = jdbc.sql("""
                update mass_cut c set decided_at = :now, decision = 'GONE', decided_by = :who
                where c.decided_at is null and not exists (
                    select from meter_supply s join meter m on m.id = s.meter_id
                    where m.site_id = c.site_id and s.due_since >= c.since and s.cut_at is null) returning site_id""")
                .param("now", sql(now())).param("who", Reasons.HUB).query(Integer.class).list();
        alarms.clear(AlarmKind.MASS_CUT_WAITS, gone);
    }

    private Map<Integer, Steps> buckets(int siteId, SupplyTerms terms) {
        Map<Integer, Steps> buckets = new HashMap<>();
        jdbc.sql("select gateway_id, turned from supply_step where site_id = ?").param(siteId).query(row -> {
            buckets.put(row.getInt("gateway_id"), new Steps(terms.stepShops(), terms.step(), instants(row.getArray("turned"))));
        });
        return buckets;
    }

    private void keep(int siteId, Set<Integer> used, Map<Integer, Steps> buckets) {
        record Bucket(int gatewayId, List<Instant> turned) {
        }
        jdbc.sql("""
                insert into supply_step (site_id, gateway_id, turned)
                select :site, v.gateway_id, array(select t.at::timestamptz from jsonb_array_elements_text(v.turned) with ordinality as t (at, n) order by n)
                from jsonb_to_recordset(:rows::jsonb) as v (gateway_id int, turned jsonb)
                on conflict (site_id, gateway_id) do update set turned = excluded.turned""")
                .param("site", siteId).param("rows", rows.of(used.stream().map(id -> new Bucket(id, buckets.get(id).turned())).toList())).update();
    }

    private List<Row> load(Collection<Integer> meterIds) {
        return jdbc.sql("""
                select s.*, m.site_id, m.shop_id, m.gateway_id from meter_supply s join meter m on m.id = s.meter_id
                where s.meter_id = any(:ids)""")
                .param("ids", meterIds.toArray(Integer[]::new))
                .query((row, n) -> new Row(row.getInt("meter_id"), row.getInt("site_id"), row.getObject("shop_id", Integer.class),
                        row.getObject("gateway_id", Integer.class), row.getString("seen").equals("OFF"), instant(row, "waits_since"),
                        new Turn(Wanted.valueOf(row.getString("wanted")), Set.of(), instant(row, "due_since"), instant(row, "cut_at"), kinds(row.getArray("cut_for")),
                                row.getString("waits") == null ? null : Wait.valueOf(row.getString("waits")), instant(row, "waits_until"))))
                .list();
    }

    private static Set<ReasonKind> kinds(Array kinds) throws SQLException {
        return kinds == null ? Set.of() : Arrays.stream((String[]) kinds.getArray()).map(ReasonKind::valueOf).collect(Collectors.toSet());
    }

    private Map<Integer, Map<ReasonKind, Instant>> reasons(Collection<Integer> meterIds) {
        Map<Integer, Map<ReasonKind, Instant>> reasons = new HashMap<>();
        jdbc.sql("select meter_id, kind, since from supply_reason where meter_id = any(:ids) and ended_at is null")
                .param("ids", meterIds.toArray(Integer[]::new))
                .query(row -> {
                    reasons.computeIfAbsent(row.getInt("meter_id"), id -> new EnumMap<>(ReasonKind.class))
                            .put(ReasonKind.valueOf(row.getString("kind")), instant(row, "since"));
                });
        return reasons;
    }

    /** Who became due is counted by the database, among all others of the site. */
    private void saveDue(List<Row> before, List<Row> looked) {
        update(changed(before, looked, row -> new Saved(row.meterId, null, row.turn.dueSince(), row.turn.cutAt(), cutFor(row.turn), null, null, null)),
                "set due_since = v.due_since, cut_at = v.cut_at, cut_for = v.cut_for");
    }

    private void save(List<Row> before, List<Row> after, Instant now) {
        Map<Integer, Row> was = before.stream().collect(Collectors.toMap(Row::meterId, Function.identity()));
        update(changed(before, after, row -> saved(was.get(row.meterId), row, now)), """
                set due_since = v.due_since, cut_at = v.cut_at, cut_for = v.cut_for, waits = v.waits, waits_since = v.waits_since, waits_until = v.waits_until,
                    wanted = v.wanted, attempts = case when s.wanted = v.wanted then s.attempts else 0 end,
                    next_try_at = case when s.wanted = v.wanted then s.next_try_at end,
                    failure = case when s.wanted = v.wanted then s.failure end""");
    }

    private static List<Saved> changed(List<Row> before, List<Row> after, Function<Row, Saved> written) {
        return IntStream.range(0, after.size()).filter(i -> !written.apply(before.get(i)).equals(written.apply(after.get(i))))
                .mapToObj(i -> written.apply(after.get(i))).toList();
    }

    private void update(List<Saved> changed, String set) {
        if (!changed.isEmpty()) {
            jdbc.sql("update meter_supply s " + set + """
                     from jsonb_to_recordset(:rows::jsonb) as v (meter_id int, wanted text, due_since timestamptz, cut_at timestamptz,
                         cut_for text[], waits text, waits_since timestamptz, waits_until timestamptz)
                    where s.meter_id = v.meter_id""").param("rows", rows.of(changed)).update();
        }
    }

    private static Saved saved(Row before, Row row, Instant now) {
        Turn turn = row.turn;
        Instant since = turn.waits() == null ? null : turn.waits() == before.turn.waits() && row.waitsSince != null ? row.waitsSince : now;
        return new Saved(row.meterId, turn.wanted(), turn.dueSince(), turn.cutAt(), cutFor(turn), turn.waits(), since, turn.until());
    }

    private static Set<ReasonKind> cutFor(Turn turn) {
        return turn.cutAt() == null ? null : turn.cutFor();
    }

    private List<Integer> tell(int siteId, SupplyTerms terms, Opening opening, List<Row> before, List<Row> after, Instant now) {
        List<Row> turned = new ArrayList<>();
        List<Event> events = new ArrayList<>();
        for (int i = 0; i < after.size(); i++) {
            Turn was = before.get(i).turn;
            Turn is = after.get(i).turn;
            if (is.wanted() != was.wanted()) {
                turned.add(after.get(i));
            }
            boolean waits = is.waits() != null && is.waits() != Wait.STEP;
            if (waits && (is.waits() != was.waits() || !Objects.equals(is.until(), was.until()))) {
                events.add(event(after.get(i).meterId, "WAITS", new Waits(is.waits(), is.until(), is.dueSince())));
            }
        }
        List<Integer> meters = turned.stream().map(Row::meterId).toList();
        Map<Integer, List<Standing>> money = standings.of(meters);
        boolean anyCut = turned.stream().anyMatch(row -> row.turn.cutAt() != null);
        Optional<MassCuts.Decision> decision = anyCut && terms.massShops() > 0 ? lastDecision(siteId) : Optional.empty();
        turned.forEach(row -> events.add(event(row.meterId, "TURNED",
                facts(row.turn, terms, opening, decision, money.getOrDefault(row.meterId, List.of()), now))));
        write(events, now);
        alarms.clear(AlarmKind.SWITCH_FAILED, meters);
        return meters;
    }

    private Optional<MassCuts.Decision> lastDecision(int siteId) {
        return jdbc.sql("""
                select id, since, decided_at, decided_by, why from mass_cut where site_id = ? and decision = 'CONFIRMED'
                order by id desc limit 1""").param(siteId).query(MassCuts.Decision.class).optional();
    }

    /** The cut is due, but waits. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record Waits(Wait waitsFor, Instant until, Instant dueSince) {
    }

    /** What led to a change, as it was at this moment: later it would be hard to say. */
    private static Facts facts(Turn turn, SupplyTerms terms, Opening opening, Optional<MassCuts.Decision> decision, List<Standing> money, Instant now) {
        boolean forOwed = turn.wanted() == Wanted.OFF && turn.cutAt() != null;
        DayKind day = forOwed ? opening.kind(now) : null;
        return new Facts(turn.wanted(), turn.counting().stream().sorted().toList(), forOwed ? turn.dueSince() : null,
                forOwed && terms.noticeMinutes() > 0 ? terms.noticeMinutes() : null, day, day == null ? null : terms.hours(day),
                forOwed ? decision.filter(said -> said.covers(turn.dueSince())).orElse(null) : null, money.isEmpty() ? null : money);
    }

    private Event event(int meterId, String kind, Object detail) {
        return new Event(meterId, kind, json.valueToTree(detail));
    }

    private void write(List<Event> events, Instant now) {
        if (!events.isEmpty()) {
            jdbc.sql("""
                    insert into supply_event (at, meter_id, kind, detail, who)
                    select :now, v.meter_id, v.kind, v.detail, :who
                    from jsonb_to_recordset(:rows::jsonb) as v (meter_id int, kind text, detail jsonb)""")
                    .param("now", sql(now)).param("who", Reasons.HUB).param("rows", rows.of(events)).update();
        }
    }

    private static List<Instant> instants(Array turned) throws SQLException {
        return Arrays.stream((Timestamp[]) turned.getArray()).map(Timestamp::toInstant).toList();
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
        return at == null ? null : at.toInstant();
    }

    private static OffsetDateTime sql(Instant instant) {
        return instant.atOffset(ZoneOffset.UTC);
    }

    private Instant now() {
        // as the database keeps it: what was written and what is read must be the same moment
        return clock.instant().truncatedTo(ChronoUnit.MICROS);
    }
}
