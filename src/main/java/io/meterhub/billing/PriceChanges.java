package io.meterhub.billing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.billing.Assignments.Payer;
import io.meterhub.billing.RatePreview.AccountDifference;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Changes what a site's meters are charged by: tariff versions, assignments, calendar days, contract dates. A change that reaches
 * days on which something was charged already, of former tenants too, needs a preview, which says what it would come to, and a
 * confirmation that names the preview; then these days are charged anew (see {@link Reratings}). What public areas were shared out
 * by is not changed any more.
 */
@Component
public class PriceChanges {

    /** For how long a preview may be confirmed: what it does not tell of, the days since, is no more than these. */
    private static final int TOKEN_DAYS = 2;
    /** What is billed by the prices before while a change is made is of no later than this from now: after midnight of another day. */
    private static final Duration MEANWHILE = Duration.ofMinutes(10);

    private final JdbcClient jdbc;
    private final ObjectMapper json;
    private final Sites sites;
    private final Tariffs tariffs;
    private final TariffAssignments assignments;
    private final SiteCalendar calendar;
    private final TierBook tierBook;
    private final Assignments payers;
    private final Recount recount;
    private final Reratings reratings;
    private final SharedAreas sharedAreas;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;
    private final TransactionTemplate transaction;
    private final TransactionTemplate snapshot;
    private final Rights rights;

    PriceChanges(JdbcClient jdbc, ObjectMapper json, Sites sites, Tariffs tariffs, TariffAssignments assignments,
                 SiteCalendar calendar, TierBook tierBook, Assignments payers, Recount recount, Reratings reratings,
                 SharedAreas sharedAreas, Audit audit, Texts texts, Clock clock, PlatformTransactionManager transactions, Rights rights) {
        this.rights = rights;
        this.jdbc = jdbc;
        this.json = json;
        this.sites = sites;
        this.tariffs = tariffs;
        this.assignments = assignments;
        this.calendar = calendar;
        this.tierBook = tierBook;
        this.payers = payers;
        this.recount = recount;
        this.reratings = reratings;
        this.sharedAreas = sharedAreas;
        this.audit = audit;
        this.texts = texts;
        this.clock = clock;
        this.transaction = new TransactionTemplate(transactions);
        this.snapshot = new TransactionTemplate(transactions);
        snapshot.setIsolationLevel(TransactionDefinition.ISOLATION_REPEATABLE_READ);
        snapshot.setReadOnly(true);
    }

    /** Says what a change would do. Nothing is changed. */
    public PriceChangeResult preview(int siteId, PriceChange change) {
        Tried tried = attempt(siteId, change);
        return tried.refused() != null ? tried.refused()
                : new PriceChangeResult.Previewed(look(siteId, change, tried, tried.today()).preview());
    }

    /** As {@link #make(int, PriceChange, String, Set, String, String)}, with no account set aside. */
    public PriceChangeResult make(int siteId, PriceChange change, String token, String who, String why) {
        return make(siteId, change, token, Set.of(), who, why);
    }

    /**
     * Makes a change, and charges anew what it covers; when this returns, all accounts have been gone through.
     *
     * @param token    of a preview of at most {@value #TOKEN_DAYS} days ago; may be null where nothing that was charged changes
     * @param setAside accounts with an obstacle in the preview that are to be left as they are, see {@link Unrated}
     */
    public PriceChangeResult make(int siteId, PriceChange change, String token, Set<Integer> setAside, String who, String why) {
        Tried tried = attempt(siteId, change);
        if (tried.refused() != null) {
            return tried.refused();
        }
        Looked looked = tried.charged() ? look(siteId, change, tried, dayOf(token).filter(day -> !day.isBefore(tried.today().minusDays(TOKEN_DAYS))).orElse(tried.today())) : null;
        Optional<PriceChangeResult.Refused> refused = unconfirmed(looked, token, setAside);
        if (refused.isPresent()) {
            return refused.get();
        }
        PriceChangeResult result = transaction.execute(status -> {
            PriceChangeResult made = make(siteId, change, tried, looked, who, why);
            if (made instanceof PriceChangeResult.Refused) {
                status.setRollbackOnly();
            }
            return made;
        });
        if (result instanceof PriceChangeResult.Made made && made.rerating() != null) {
            reratings.run(made.rerating().id());
            return new PriceChangeResult.Made(reratings.rerating(made.rerating().id()));
        }
        return result;
    }

    private Optional<PriceChangeResult.Refused> unconfirmed(Looked looked, String token, Set<Integer> setAside) {
        List<RatePreview.Obstacle> obstacles = looked == null ? List.of() : looked.preview().obstacles();
        Optional<Integer> fine = setAside.stream().filter(account -> obstacles.stream().noneMatch(each -> each.accountId() == account))
                .sorted().findFirst();
        if (fine.isPresent()) {
            return Optional.of(refused("setAside", "price.set_aside_fine", Integer.toString(fine.get())));
        }
        if (looked == null) {
            return Optional.empty();
        }
        if (token == null) {
            return Optional.of(refused("token", "price.needs_preview"));
        }
        Optional<RatePreview.Obstacle> first = obstacles.stream().filter(each -> !setAside.contains(each.accountId())).findFirst();
        if (first.isPresent()) {
            return Optional.of(refused("change", "price.obstacle", first.get().meter(), first.get().day().toString(),
                    Integer.toString(obstacles.size()), Integer.toString(first.get().accountId())));
        }
        return token.equals(looked.preview().token()) ? Optional.empty() : Optional.of(refused("token", "price.preview_outdated"));
    }

    /** @param looked null where nothing that was charged changes */
    private PriceChangeResult make(int siteId, PriceChange change, Tried tried, Looked looked, String who, String why) {
        hold();
        if (revision() != tried.revision()) {
            return refused("token", "price.preview_outdated");
        }
        if (!(change instanceof PriceChange.ContractDate)) {
            // a month that is being shared out by the prices before is over, and seen below, or waits for these
            sharedAreas.holdMonths();
        }
        // again, within the transaction that makes it: charges, and what was shared out, may have come in between
        Tried now = tried(siteId, change, who, why);
        if (now.refused() != null) {
            return now.refused();
        }
        if (now.charged() && looked == null) {
            return refused("token", "price.needs_preview");
        }
        if (now.affected().isEmpty()) {
            return new PriceChangeResult.Made(null);
        }
        int id = jdbc.sql("""
                insert into rerating (site_id, change, token, day, who, why, at)
                values (:site, :change::jsonb, :token, :day, :who, :why, :at) returning id""")
                .param("site", siteId).param("change", json(change)).param("token", looked == null ? "" : looked.preview().token())
                .param("day", tried.today()).param("who", who).param("why", why)
                .param("at", clock.instant().truncatedTo(ChronoUnit.MICROS).atOffset(ZoneOffset.UTC))
                .query(Integer.class).single();
        reratings.plan(id, now.affected(), looked == null ? Map.of() : looked.accounts(), who, why);
        if (looked != null) {
            audit.record(siteId, who, "charges.rerated", "re-rating " + id, Map.of("yuan", looked.preview().oldYuan()),
                    Map.of("yuan", looked.preview().newYuan(), "accounts", looked.preview().accounts().size(), "setAside",
                    looked.preview().obstacles().stream().map(RatePreview.Obstacle::number).distinct().toList()), why);
        }
        return new PriceChangeResult.Made(reratings.rerating(id));
    }

    private Optional<PriceChangeResult.Refused> apply(int siteId, PriceChange change, String who, String why) {
        if (change instanceof PriceChange.NewVersion version) {
            Optional<Tariff> known = tariffs.of(siteId).stream().filter(tariff -> tariff.code().equals(version.tariff())).findFirst();
            TariffResult result = tariffs.add(siteId, version.tariff(), version.name() != null ? version.name()
                            : known.map(Tariff::name).orElse(null), version.energyKind() != null ? version.energyKind()
                            : known.map(Tariff::energyKind).orElse(null), version.effectiveFrom(), version.rule(), who, why);
            return result instanceof TariffResult.Refused refused
                    ? Optional.of(new PriceChangeResult.Refused(refused.field(), refused.why())) : Optional.empty();
        }
        if (change instanceof PriceChange.Assign assign) {
            return assignments.assign(siteId, assign, who, why);
        }
        if (change instanceof PriceChange.EndAssignment end) {
            return assignments.end(siteId, end, who, why);
        }
        if (change instanceof PriceChange.MarkDays mark) {
            return calendar.mark(siteId, mark.days(), who, why);
        }
        if (change instanceof PriceChange.UnmarkDays unmark) {
            return calendar.unmark(siteId, unmark.days(), who, why);
        }
        return tierBook.countFrom(siteId, (PriceChange.ContractDate) change, who, why);
    }

    /**
     * What a change would come to for the plans.
     *
     * @param revision  of what was looked at
     * @param before    who paid by which plan, by account and meter; {@code after}: and would then
     * @param affected  the days on which another price holds then, by account and meter
     * @param charged   some of them have charges
     */
    private record Tried(PriceChangeResult.Refused refused, long revision, LocalDate today, Map<Integer, Map<Integer, Payer>> before,
                         Map<Integer, Map<Integer, Payer>> after, Map<Integer, Map<Integer, SortedSet<LocalDate>>> affected,
                         boolean charged) {

        static Tried refused(PriceChangeResult.Refused refused) {
            return new Tried(refused, 0, null, Map.of(), Map.of(), Map.of(), false);
        }
    }

    /** Makes the change, looks at what holds then, and takes it back. */
    private Tried attempt(int siteId, PriceChange change) {
        rights.require(Right.CHANGE_PRICES, Place.site(siteId));
        reratings.runAll(siteId);
        return transaction.execute(status -> {
            status.setRollbackOnly();
            hold();
            if (jdbc.sql("select exists (select from rerating where site_id = ? and done_at is null)").param(siteId)
                    .query(Boolean.class).single()) {
                return Tried.refused(refused("change", "price.running"));
            }
            return tried(siteId, change, "preview", "preview");
        });
    }

    private Tried tried(int siteId, PriceChange change, String who, String why) {
        Site site = sites.site(siteId);
        long revision = revision();
        Map<Integer, Map<Integer, Payer>> before = payers.ofSite(siteId);
        Map<Integer, Plan> shared = sharedAreas.plans(site);
        Optional<PriceChangeResult.Refused> refused = apply(siteId, change, who, why).or(() -> reachesShared(site, change, shared));
        if (refused.isPresent()) {
            return Tried.refused(refused.get());
        }
        Map<Integer, Map<Integer, Payer>> after = payers.ofSite(siteId);
        for (Map.Entry<Integer, Map<Integer, Payer>> account : after.entrySet()) {
            for (Map.Entry<Integer, Payer> meter : account.getValue().entrySet()) {
                if (meter.getValue().plan().from().isEmpty() && !before.get(account.getKey()).get(meter.getKey()).plan().from().isEmpty()) {
                    return Tried.refused(refused("change", "price.unpriced", codes(List.of(meter.getKey())).get(meter.getKey())));
                }
            }
        }
        Instant now = clock.instant();
        return tried(siteId, revision, site.dayOf(now), site.dayOf(now.plus(MEANWHILE)), before, after);
    }

    /** What public areas were shared out by is not charged anew, so it stays as it was. */
    private Optional<PriceChangeResult.Refused> reachesShared(Site site, PriceChange change, Map<Integer, Plan> before) {
        Map<Integer, Plan> now = sharedAreas.plans(site);
        return sharedAreas.lastSharedOtherwise(site, before, now).map(day -> refused(
                change instanceof PriceChange.NewVersion ? "effectiveFrom" : "days", "price.shared", day.toString()));
    }

    /**
     * @param firstDay the first with a charge, or that may have one in a moment: a reading that is being billed by the prices before
     *                 reaches back to the last one
     * @param lastDay  null without charges
     */
    private record Charged(int accountId, int meterId, LocalDate firstDay, LocalDate lastDay, boolean paying) {

        ChangedDays.Charged until(LocalDate reached) {
            return new ChangedDays.Charged(firstDay, paying || lastDay.isAfter(reached) ? reached : lastDay);
        }
    }

    private Tried tried(int siteId, long revision, LocalDate today, LocalDate reached, Map<Integer, Map<Integer, Payer>> before,
                        Map<Integer, Map<Integer, Payer>> after) {
        List<Charged> charged = jdbc.sql("""
                select coalesce(c.account_id, am.account_id) as account_id, coalesce(c.meter_id, am.meter_id) as meter_id,
                       least(c.first_day, coalesce(am.read_day, :today)) as first_day, c.last_day, am.meter_id is not null as paying
                from (select c.account_id, c.meter_id, min(c.site_day) as first_day, max(c.site_day) as last_day
                      from charge_line c join account a on a.id = c.account_id
                      where a.site_id = :site group by c.account_id, c.meter_id) c
                full join (select am.account_id, am.meter_id, (s.read_at at time zone site.zone)::date as read_day
                           from account_meter am join account a on a.id = am.account_id join site on site.id = a.site_id
                           left join meter_state s on s.meter_id = am.meter_id
                           where a.site_id = :site and am.valid_to is null) am
                     on am.account_id = c.account_id and am.meter_id = c.meter_id""")
                .param("site", siteId).param("today", today).query(Charged.class).list();
        Map<Integer, Map<Integer, SortedSet<LocalDate>>> affected = new TreeMap<>();
        boolean any = false;
        for (List<Charged> its : charged.stream().collect(Collectors.groupingBy(Charged::accountId)).values()) {
            int account = its.get(0).accountId();
            Map<Integer, SortedSet<LocalDate>> days = ChangedDays.of(account,
                    its.stream().collect(Collectors.toMap(Charged::meterId, each -> each.until(reached))),
                    before.getOrDefault(account, Map.of()), after.getOrDefault(account, Map.of()));
            any |= its.stream().anyMatch(each -> each.lastDay() != null && days.containsKey(each.meterId())
                    && !days.get(each.meterId()).first().isAfter(each.lastDay()));
            if (!days.isEmpty()) {
                affected.put(account, days);
            }
        }
        return new Tried(null, revision, today, before, after, affected, any);
    }

    /** A preview, and what it says of each account. */
    private record Looked(RatePreview preview, Map<Integer, Reratings.Confirmed> accounts) {
    }

    /** @param today of the preview: the days before it must be as they were, for its token to be the same */
    private Looked look(int siteId, PriceChange change, Tried tried, LocalDate today) {
        return snapshot.execute(status -> {
            record Named(String number, boolean closed) {
            }
            MessageDigest digest = sha256();
            digest(digest, json(change));
            Map<Integer, TariffRule.Tiers> tiers = tiers(siteId);
            Map<Integer, Map<Integer, Set<LocalDate>>> missed = reratings.missed(siteId);
            Map<Integer, Named> names = new HashMap<>();
            jdbc.sql("select id, number, closed_at is not null as closed from account where site_id = ?").param(siteId)
                    .query(row -> {
                        names.put(row.getInt("id"), new Named(row.getString("number"), row.getBoolean("closed")));
                    });
            List<AccountDifference> accounts = new ArrayList<>();
            Map<Integer, Reratings.Confirmed> confirmed = new HashMap<>();
            SortedMap<Integer, List<Recount.Untold>> untold = new TreeMap<>();
            BigDecimal before = BigDecimal.ZERO;
            BigDecimal after = BigDecimal.ZERO;
            for (Map.Entry<Integer, Map<Integer, SortedSet<LocalDate>>> account : tried.affected().entrySet()) {
                int id = account.getKey();
                Recount.Result result = recount.of(id, account.getValue(), tried.after().get(id), tiers,
                        made(tried.before().get(id), tried.after().get(id), missed.getOrDefault(id, Map.of())), false);
                if (result.before().isEmpty()) {
                    continue;
                }
                digest(digest, id + " " + lines(result.before(), today) + " " + lines(result.after(), today) + " " + result.untold());
                confirmed.put(id, new Reratings.Confirmed(result.untold().isEmpty() ? result.difference() : BigDecimal.ZERO,
                        result.difference(tried.today()), !result.untold().isEmpty()));
                if (result.untold().isEmpty()) {
                    BigDecimal old = Recount.Result.yuan(result.before());
                    BigDecimal now = Recount.Result.yuan(result.after());
                    List<LocalDate> days = result.before().keySet().stream().map(Recount.Key::day).sorted().toList();
                    accounts.add(new AccountDifference(id, names.get(id).number(), names.get(id).closed(), days.get(0),
                            days.get(days.size() - 1), old, now, now.subtract(old)));
                    before = before.add(old);
                    after = after.add(now);
                } else {
                    untold.put(id, result.untold());
                }
            }
            Map<Integer, String> codes = codes(untold.values().stream().flatMap(List::stream).map(Recount.Untold::meterId).distinct().toList());
            List<RatePreview.Obstacle> obstacles = untold.entrySet().stream().flatMap(account -> account.getValue().stream()
                    .map(each -> new RatePreview.Obstacle(account.getKey(), names.get(account.getKey()).number(),
                            codes.get(each.meterId()), each.day(), texts.of("price.untold")))).toList();
            return new Looked(new RatePreview(tried.charged() ? today + "." + HexFormat.of().formatHex(digest.digest(), 0, 16) : null,
                    tried.today(), accounts, before, after, after.subtract(before), obstacles), confirmed);
        });
    }

    /** @param missed days that are charged by other prices than those before the change, see {@link Reratings#missed} */
    private static Recount.Made made(Map<Integer, Payer> before, Map<Integer, Payer> after, Map<Integer, Set<LocalDate>> missed) {
        return new Recount.Made((meter, day) -> !missed.getOrDefault(meter, Set.of()).contains(day)
                && ChangedDays.sameBands(before.get(meter).plan(), after.get(meter).plan(), day),
                before.values().iterator().next().plan().contractDate());
    }

    /** Without the versions: a version that is not there yet has no number. */
    private static String lines(Map<Recount.Key, Recount.Amount> lines, LocalDate today) {
        return lines.entrySet().stream().filter(line -> line.getKey().day().isBefore(today) && line.getValue().quantity().signum() != 0)
                .map(line -> line.getKey().meterId() + " " + line.getKey().day() + " " + line.getKey().rate() + " "
                        + line.getKey().tier() + " " + line.getValue().price().stripTrailingZeros().toPlainString() + " "
                        + line.getValue().quantity().stripTrailingZeros().toPlainString())
                .sorted().collect(Collectors.joining(","));
    }

    /** Nothing for what is no token of a preview. */
    private static Optional<LocalDate> dayOf(String token) {
        try {
            return token == null || token.length() < 10 ? Optional.empty() : Optional.of(LocalDate.parse(token.substring(0, 10)));
        } catch (DateTimeParseException e) {
            return Optional.empty();
        }
    }

    /** One change of prices at a time. */
    private void hold() {
        jdbc.sql("lock table rerating in share row exclusive mode").update();
    }

    private long revision() {
        return jdbc.sql("select revision from billing_revision").query(Long.class).single();
    }

    private Map<Integer, TariffRule.Tiers> tiers(int siteId) {
        return Reratings.tiers(tariffs.of(siteId));
    }

    private Map<Integer, String> codes(List<Integer> meters) {
        Map<Integer, String> codes = new HashMap<>();
        jdbc.sql("select id, code from meter where id = any(:ids)")
                .param("ids", new SqlArrayValue("int4", meters.toArray()))
                .query(row -> {
                    codes.put(row.getInt("id"), row.getString("code"));
                });
        return codes;
    }

    private String json(PriceChange change) {
        try {
            return json.writerFor(PriceChange.class).writeValueAsString(change);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("A change of prices cannot be written", e);
        }
    }

    private static void digest(MessageDigest digest, String words) {
        digest.update(words.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) '\n');
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private PriceChangeResult.Refused refused(String field, String key, Object... words) {
        return new PriceChangeResult.Refused(field, texts.of(key, words));
    }
}
