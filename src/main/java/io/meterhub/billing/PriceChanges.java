package io.meterhub.billing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.billing.Assignments.Payer;
import io.meterhub.billing.RatePreview.AccountDifference;
import io.meterhub.site.Audit;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
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
 * Changes what a site's meters are charged by: tariff versions, assignments, calendar days. A change that reaches days on which
 * something was charged already needs a preview, which says what it would come to, and a confirmation that names the preview;
 * then these days are charged anew (see {@link Reratings}). What public areas were shared out by is not changed any more.
 */
@Component
public class PriceChanges {

    private final JdbcClient jdbc;
    private final ObjectMapper json;
    private final Sites sites;
    private final Tariffs tariffs;
    private final TariffAssignments assignments;
    private final SiteCalendar calendar;
    private final Assignments payers;
    private final Recount recount;
    private final Reratings reratings;
    private final SharedAreas sharedAreas;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;
    private final TransactionTemplate transaction;
    private final TransactionTemplate snapshot;

    PriceChanges(JdbcClient jdbc, ObjectMapper json, Sites sites, Tariffs tariffs, TariffAssignments assignments,
                 SiteCalendar calendar, Assignments payers, Recount recount, Reratings reratings, SharedAreas sharedAreas, Audit audit,
                 Texts texts, Clock clock, PlatformTransactionManager transactions) {
        this.jdbc = jdbc;
        this.json = json;
        this.sites = sites;
        this.tariffs = tariffs;
        this.assignments = assignments;
        this.calendar = calendar;
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
        return tried.refused() != null ? tried.refused() : new PriceChangeResult.Previewed(preview(siteId, change, tried, tried.today()));
    }

    /**
     * Makes a change, and charges anew what it covers; when this returns, all accounts have been gone through.
     *
     * @param token of a preview; may be null where nothing that was charged changes
     */
    public PriceChangeResult make(int siteId, PriceChange change, String token, String who, String why) {
        Tried tried = attempt(siteId, change);
        if (tried.refused() != null) {
            return tried.refused();
        }
        RatePreview preview = tried.charged() ? preview(siteId, change, tried, dayOf(token).orElse(tried.today())) : null;
        if (preview != null) {
            Optional<PriceChangeResult.Refused> refused = unconfirmed(preview, token);
            if (refused.isPresent()) {
                return refused.get();
            }
        }
        PriceChangeResult result = transaction.execute(status -> {
            PriceChangeResult made = make(siteId, change, tried, preview, who, why);
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

    private Optional<PriceChangeResult.Refused> unconfirmed(RatePreview preview, String token) {
        if (token == null) {
            return Optional.of(refused("token", "price.needs_preview"));
        }
        if (!preview.obstacles().isEmpty()) {
            RatePreview.Obstacle first = preview.obstacles().get(0);
            return Optional.of(refused("change", "price.obstacle", first.meter(), first.day().toString(),
                    Integer.toString(preview.obstacles().size())));
        }
        return token.equals(preview.token()) ? Optional.empty() : Optional.of(refused("token", "price.preview_outdated"));
    }

    private PriceChangeResult make(int siteId, PriceChange change, Tried tried, RatePreview preview, String who, String why) {
        hold();
        if (revision() != tried.revision()) {
            return refused("token", "price.preview_outdated");
        }
        Optional<PriceChangeResult.Refused> refused = apply(siteId, change, who, why);
        if (refused.isPresent()) {
            return refused.get();
        }
        if (tried.affected().isEmpty()) {
            return new PriceChangeResult.Made(null);
        }
        int id = jdbc.sql("""
                insert into rerating (site_id, change, token, who, why, at)
                values (:site, :change::jsonb, :token, :who, :why, :at) returning id""")
                .param("site", siteId).param("change", json(change)).param("token", preview == null ? "" : preview.token())
                .param("who", who).param("why", why)
                .param("at", clock.instant().truncatedTo(ChronoUnit.MICROS).atOffset(ZoneOffset.UTC))
                .query(Integer.class).single();
        Map<Integer, BigDecimal> differences = preview == null ? Map.of() : preview.accounts().stream()
                .collect(Collectors.toMap(AccountDifference::accountId, AccountDifference::differenceYuan));
        reratings.plan(id, tried.affected(), differences);
        if (preview != null) {
            audit.record(siteId, who, "charges.rerated", "re-rating " + id, null, Map.of("accounts", preview.accounts().size(),
                    "oldYuan", preview.oldYuan(), "newYuan", preview.newYuan()), why);
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
        return calendar.unmark(siteId, ((PriceChange.UnmarkDays) change).days(), who, why);
    }

    /**
     * What a change would come to for the plans.
     *
     * @param revision  of what was looked at
     * @param affected  the days on which another price holds then, by account and meter
     * @param charged   some of them have charges
     * @param leftOut   meters whose charges on an account that does not pay for them any more stay as they are
     */
    private record Tried(PriceChangeResult.Refused refused, long revision, LocalDate today, Map<Integer, Payer> before,
                         Map<Integer, Payer> after, Map<Integer, Map<Integer, SortedSet<LocalDate>>> affected, boolean charged,
                         List<String> leftOut) {

        static Tried refused(PriceChangeResult.Refused refused) {
            return new Tried(refused, 0, null, Map.of(), Map.of(), Map.of(), false, List.of());
        }
    }

    /** Makes the change, looks at what holds then, and takes it back. */
    private Tried attempt(int siteId, PriceChange change) {
        Site site = sites.site(siteId);
        reratings.runAll(siteId);
        return transaction.execute(status -> {
            status.setRollbackOnly();
            hold();
            if (jdbc.sql("select exists (select from rerating where site_id = ? and done_at is null)").param(siteId)
                    .query(Boolean.class).single()) {
                return Tried.refused(refused("change", "price.running"));
            }
            long revision = revision();
            List<Integer> meters = jdbc.sql("""
                    select m.id from meter m join account_meter am on am.meter_id = m.id and am.valid_to is null
                    where m.site_id = ? order by m.id""").param(siteId).query(Integer.class).list();
            Map<Integer, Payer> before = payers.load(meters);
            Map<Integer, Plan> shared = sharedAreas.plans(site);
            Optional<PriceChangeResult.Refused> refused = apply(siteId, change, "preview", "preview")
                    .or(() -> reachesShared(site, change, shared));
            if (refused.isPresent()) {
                return Tried.refused(refused.get());
            }
            Map<Integer, Payer> after = payers.load(meters);
            Optional<Integer> unpriced = after.entrySet().stream()
                    .filter(payer -> payer.getValue().plan().from().isEmpty() && !before.get(payer.getKey()).plan().from().isEmpty())
                    .map(Map.Entry::getKey).findFirst();
            if (unpriced.isPresent()) {
                return Tried.refused(refused("change", "price.unpriced", codes(unpriced.stream().toList()).get(unpriced.get())));
            }
            LocalDate today = site.dayOf(clock.instant());
            return tried(siteId, revision, today, before, after);
        });
    }

    /** What public areas were shared out by is not charged anew, so it stays as it was. */
    private Optional<PriceChangeResult.Refused> reachesShared(Site site, PriceChange change, Map<Integer, Plan> before) {
        Map<Integer, Plan> now = sharedAreas.plans(site);
        if (now.entrySet().stream().anyMatch(plan -> plan.getValue().tiered() && !before.get(plan.getKey()).tiered())) {
            return Optional.of(refused("rule", "price.shared_tiers"));
        }
        return sharedAreas.lastSharedOtherwise(site, before, now).map(day -> refused(
                change instanceof PriceChange.NewVersion ? "effectiveFrom" : "days", "price.shared", day.toString()));
    }

    private record Charged(int accountId, int meterId, LocalDate firstDay, LocalDate lastDay) {
    }

    private Tried tried(int siteId, long revision, LocalDate today, Map<Integer, Payer> before, Map<Integer, Payer> after) {
        List<Charged> charged = jdbc.sql("""
                select c.account_id, c.meter_id, min(c.site_day) as first_day, max(c.site_day) as last_day
                from charge_line c join account a on a.id = c.account_id
                where a.site_id = :site group by c.account_id, c.meter_id
                union all
                select am.account_id, am.meter_id, :today, null
                from account_meter am join account a on a.id = am.account_id
                where a.site_id = :site and am.valid_to is null and not exists
                      (select from charge_line c where c.account_id = am.account_id and c.meter_id = am.meter_id)""")
                .param("site", siteId).param("today", today).query(Charged.class).list();
        Map<Integer, Map<Integer, SortedSet<LocalDate>>> affected = new TreeMap<>();
        List<Integer> leftOut = new ArrayList<>();
        boolean any = false;
        for (List<Charged> its : charged.stream().collect(Collectors.groupingBy(Charged::accountId)).values()) {
            int account = its.get(0).accountId();
            Map<Integer, LocalDate> since = new TreeMap<>();
            for (Charged each : its) {
                Payer payer = after.get(each.meterId());
                if (payer != null && payer.accountId() == account) {
                    since.put(each.meterId(), each.firstDay());
                } else if (each.lastDay() != null) {
                    leftOut.add(each.meterId());
                }
            }
            Map<Integer, SortedSet<LocalDate>> days = ChangedDays.of(account, since, today, before, after);
            any |= its.stream().anyMatch(each -> each.lastDay() != null && days.containsKey(each.meterId())
                    && !days.get(each.meterId()).first().isAfter(each.lastDay()));
            if (!days.isEmpty()) {
                affected.put(account, days);
            }
        }
        Map<Integer, String> codes = codes(leftOut);
        return new Tried(null, revision, today, before, after, affected, any,
                leftOut.stream().map(codes::get).sorted().distinct().toList());
    }

    /** @param today of the preview: the days before it must be as they were, for its token to be the same */
    private RatePreview preview(int siteId, PriceChange change, Tried tried, LocalDate today) {
        return snapshot.execute(status -> {
            MessageDigest digest = sha256();
            digest(digest, json(change));
            Map<Integer, TariffRule.Tiers> tiers = tiers(siteId);
            Map<Integer, String> numbers = new HashMap<>();
            jdbc.sql("select id, number from account where site_id = ?").param(siteId)
                    .query(row -> {
                        numbers.put(row.getInt("id"), row.getString("number"));
                    });
            List<AccountDifference> accounts = new ArrayList<>();
            List<Recount.Untold> untold = new ArrayList<>();
            BigDecimal before = BigDecimal.ZERO;
            BigDecimal after = BigDecimal.ZERO;
            for (Map.Entry<Integer, Map<Integer, SortedSet<LocalDate>>> account : tried.affected().entrySet()) {
                Recount.Result result = recount.of(account.getKey(), account.getValue(), tried.after(), tiers,
                        (meter, day) -> ChangedDays.sameBands(tried.before().get(meter).plan(), tried.after().get(meter).plan(), day),
                        false);
                untold.addAll(result.untold());
                if (!result.before().isEmpty()) {
                    BigDecimal old = Recount.Result.yuan(result.before());
                    BigDecimal now = Recount.Result.yuan(result.after());
                    List<LocalDate> days = result.before().keySet().stream().map(Recount.Key::day).sorted().toList();
                    accounts.add(new AccountDifference(account.getKey(), numbers.get(account.getKey()), days.get(0),
                            days.get(days.size() - 1), old, now, now.subtract(old)));
                    before = before.add(old);
                    after = after.add(now);
                    digest(digest, account.getKey() + " " + lines(result.before(), today) + " " + lines(result.after(), today));
                }
            }
            Map<Integer, String> codes = codes(untold.stream().map(Recount.Untold::meterId).toList());
            return new RatePreview(tried.charged() ? today + "." + HexFormat.of().formatHex(digest.digest(), 0, 16) : null,
                    tried.today(), accounts, before, after, after.subtract(before), untold.stream().map(each ->
                    new RatePreview.Obstacle(codes.get(each.meterId()), each.day(), texts.of("price.untold"))).toList(),
                    tried.leftOut());
        });
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
