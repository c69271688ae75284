package io.meterhub.supply;

import io.meterhub.billing.Standings;
import io.meterhub.billing.Standings.Standing;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Audit;
import io.meterhub.site.Place;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * Mass cuts (批量拉闸): where more shops become due than the site's terms take for usual, none of them is cut before a person says so who
 * did not cause it. Safety reasons are none of this.
 */
@Component
public class MassCuts {

    /** Whoever changed something within this time before may have caused it. */
    private static final Duration CAUSED_WITHIN = Duration.ofDays(1);
    private static final Duration LONGEST_DISMISSAL = Duration.ofDays(31);

    private final JdbcClient jdbc;
    private final Reasons reasons;
    private final Turns turns;
    private final Alarms alarms;
    private final Audit audit;
    private final Sites sites;
    private final Texts texts;
    private final Rights rights;
    private final Standings standings;
    private final Clock clock;

    MassCuts(JdbcClient jdbc, Reasons reasons, Turns turns, Alarms alarms, Audit audit, Sites sites, Texts texts,
             Rights rights, Standings standings, Clock clock) {
        this.jdbc = jdbc;
        this.reasons = reasons;
        this.turns = turns;
        this.alarms = alarms;
        this.audit = audit;
        this.sites = sites;
        this.texts = texts;
        this.rights = rights;
        this.standings = standings;
        this.clock = clock;
    }

    /**
     * A mass cut that waits.
     *
     * @param since    who became due from then on is held
     * @param causedBy who changed prices, fees, accounts or equipment of the site within a day before: none of them may decide
     */
    public record MassCut(long id, Instant since, Instant openedAt, List<String> causedBy, List<Held> meters) {
    }

    /**
     * @param shopId   null for a meter without a shop
     * @param because  for what it is due
     * @param accounts how those stand now that decide on it
     */
    public record Held(int meterId, String meter, Integer shopId, String shop, String name, Instant dueSince, List<ReasonKind> because,
                       List<Standing> accounts) {

        public BigDecimal owedYuan() {
            return owed(accounts);
        }
    }

    /** What is owed on accounts, 0 or more. */
    public static BigDecimal owed(List<Standing> accounts) {
        return accounts.stream().map(account -> account.creditYuan().negate().max(BigDecimal.ZERO)).reduce(BigDecimal.ZERO, BigDecimal::add);
    }

    /** How many shops wait for a person at a site; 0: there is no mass cut. */
    @Transactional(readOnly = true)
    public int waiting(int siteId) {
        return jdbc.sql("""
                select count(distinct coalesce(m.shop_id, -m.id)) from mass_cut c join meter m on m.site_id = c.site_id join meter_supply s on s.meter_id = m.id
                where c.site_id = ? and c.decided_at is null and s.due_since >= c.since and s.cut_at is null""").param(siteId).query(Integer.class).single();
    }

    /** A person let a mass cut through. */
    public record Decision(long id, Instant since, Instant decidedAt, String decidedBy, String why) {

        boolean covers(Instant dueSince) {
            return !dueSince.isBefore(since) && !dueSince.isAfter(decidedAt);
        }
    }

    /** The one that waits at a site. */
    @Transactional(readOnly = true)
    public Optional<MassCut> open(int siteId) {
        record Head(long id, Instant since, Instant openedAt) {
        }
        return jdbc.sql("select id, since, opened_at from mass_cut where site_id = ? and decided_at is null").param(siteId)
                .query(Head.class).optional().map(head -> new MassCut(head.id, head.since, head.openedAt,
                        causedBy(siteId, head.openedAt), held(siteId, head.since, false)));
    }

    /**
     * Lets it through: by the site's hours and in its steps.
     *
     * @throws SupplyRefused if none waits, or {@code who} may have caused it
     */
    @Transactional
    public MassCut confirm(int siteId, String who, String why) {
        MassCut decided = decide(siteId, "CONFIRMED", who, why);
        turns.settle(decided.meters.stream().map(Held::meterId).toList());
        return decided;
    }

    /**
     * It was a mistake, or needs time: all of them are kept on until a time, and what is owed by then is due anew.
     *
     * @throws SupplyRefused if none waits, {@code who} may have caused it, or {@code until} cannot be
     */
    @Transactional
    public MassCut dismiss(int siteId, Instant until, String who, String why) {
        rights.require(Right.KEEP_ON, Place.site(siteId));
        if (until == null || !until.isAfter(clock.instant()) || until.isAfter(clock.instant().plus(LONGEST_DISMISSAL))) {
            throw refused("until", "mass_cut_until");
        }
        MassCut decided = decide(siteId, "DISMISSED", who, why);
        reasons.change(List.of(), decided.meters.stream()
                .map(held -> new Reasons.Start(held.meterId, ReasonKind.KEEP_ON, until, who, why)).toList());
        return decided;
    }

    private MassCut decide(int siteId, String decision, String who, String why) {
        if (why == null || why.isBlank()) {
            throw refused("why", "no_why");
        }
        rights.require(Right.DECIDE_MASS_CUT, Place.site(siteId));
        MassCut before = open(siteId).orElseThrow(() -> refused("site", "no_mass_cut", sites.site(siteId).code()));
        // meters before anything else, as everybody does
        List<Held> held = held(siteId, before.since, true);
        if (before.causedBy.contains(person(who))) {
            throw refused("who", "mass_cut_own", who);
        }
        int decided = jdbc.sql("""
                update mass_cut set decided_at = :now, decision = :decision, decided_by = :who, why = :why where id = :id and decided_at is null""")
                .param("now", clock.instant().truncatedTo(ChronoUnit.MICROS).atOffset(ZoneOffset.UTC)).param("decision", decision)
                .param("who", who).param("why", why).param("id", before.id).update();
        if (decided == 0) {
            throw refused("site", "no_mass_cut", sites.site(siteId).code());
        }
        alarms.clear(AlarmKind.MASS_CUT_WAITS, siteId);
        audit.record(siteId, who, "supply.mass_cut." + decision.toLowerCase(), "site " + sites.site(siteId).code(),
                before, Map.of("massCut", before.id, "decision", decision, "meters", held.stream().map(Held::meter).toList()), why);
        return new MassCut(before.id, before.since, before.openedAt, before.causedBy, held);
    }

    /** Whom a machine acted for is the same person as when signed in. */
    private static String person(String who) {
        return who.substring(who.lastIndexOf('/') + 1);
    }

    private List<Held> held(int siteId, Instant since, boolean lock) {
        List<Held> held = jdbc.sql("""
                select s.meter_id, m.code as meter, m.shop_id, shop.code as shop, coalesce(shop.name, m.name) as name, s.due_since,
                       array(select r.kind from supply_reason r where r.meter_id = s.meter_id and r.ended_at is null
                             and r.kind = any(:owed) order by r.kind) as because
                from meter_supply s join meter m on m.id = s.meter_id left join shop on shop.id = m.shop_id
                where m.site_id = :site and s.due_since >= :since and s.cut_at is null order by s.meter_id""" + (lock ? " for update of s" : ""))
                .param("site", siteId).param("since", since.atOffset(ZoneOffset.UTC))
                .param("owed", Arrays.stream(ReasonKind.values()).filter(ReasonKind::owed).map(ReasonKind::name).toArray(String[]::new))
                .query((row, n) -> new Held(row.getInt("meter_id"), row.getString("meter"), row.getObject("shop_id", Integer.class), row.getString("shop"),
                        row.getString("name"), row.getObject("due_since", OffsetDateTime.class).toInstant(),
                        Arrays.stream((String[]) row.getArray("because").getArray()).map(ReasonKind::valueOf).toList(), List.of())).list();
        Map<Integer, List<Standing>> accounts = standings.of(held.stream().map(Held::meterId).toList());
        return held.stream().map(one -> new Held(one.meterId, one.meter, one.shopId, one.shop, one.name, one.dueSince, one.because,
                accounts.getOrDefault(one.meterId, List.of()))).toList();
    }

    private List<String> causedBy(int siteId, Instant openedAt) {
        return audit.whoDid(siteId, "^((site|gateway|shop|meter|group|account|tariff|charges|calendar|fee|sharing|resale)[.]|supply[.]terms)",
                openedAt.minus(CAUSED_WITHIN)).stream().map(MassCuts::person).filter(who -> !who.equals(Reasons.HUB)).distinct().toList();
    }

    private SupplyRefused refused(String field, String key, Object... words) {
        return new SupplyRefused(field, texts.of("refused." + key, words));
    }
}
