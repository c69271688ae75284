package io.meterhub.billing;

import static io.meterhub.billing.SqlArrays.array;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.meterhub.billing.Ledger.Entry;
import io.meterhub.billing.Ledger.Gl;
import io.meterhub.billing.Ledger.Journal;
import io.meterhub.billing.SharingGroups.Group;
import io.meterhub.billing.SharingGroups.Member;
import io.meterhub.billing.SharingGroups.Rule;
import io.meterhub.billing.SharingGroups.Source;
import io.meterhub.metering.Consumption;
import io.meterhub.metering.Interval;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Shares the consumption of public areas out to the shops, month by month, each part a line of its own. It may run at any time,
 * late, twice, or on two hubs at once: a month's row is held meanwhile, and only what differs from what is booked is booked.
 * So what came late makes a further line, and nothing new makes none. The prices of what was shared out stay: a change of prices
 * that would reach it is refused (see {@link PriceChanges}).
 */
@Component("sharedAreas")
public class SharedAreas {

    private static final Logger log = LoggerFactory.getLogger(SharedAreas.class);
    private static final int QUANTITY_DECIMALS = 6;
    /** For how many past months late consumption is looked for. */
    private static final int CORRECTED_MONTHS = 3;
    /** The last reading of a month is known when the first of the next has come. */
    private static final Duration GRACE = Duration.ofMinutes(2);

    private final JdbcClient jdbc;
    private final SharingGroups groups;
    private final Consumption consumption;
    private final Tariffs tariffs;
    private final Assignments assignments;
    private final Ledger ledger;
    private final MoneyEvents events;
    private final Sites sites;
    private final Clock clock;
    private final int keptMonths;
    private final TransactionTemplate transaction;

    SharedAreas(JdbcClient jdbc, SharingGroups groups, Consumption consumption, Tariffs tariffs, Assignments assignments, Ledger ledger,
                MoneyEvents events, Sites sites, Clock clock, @Value("${meterhub.keep.quarter-hours-months:36}") int keptMonths,
                PlatformTransactionManager transactions) {
        this.jdbc = jdbc;
        this.groups = groups;
        this.consumption = consumption;
        this.tariffs = tariffs;
        this.assignments = assignments;
        this.ledger = ledger;
        this.events = events;
        this.sites = sites;
        this.clock = clock;
        this.keptMonths = keptMonths;
        this.transaction = new TransactionTemplate(transactions);
    }

    /**
     * A shop's part of a group's month.
     *
     * @param posting   1 for the first, more for what came late, which may be below 0
     * @param accountId none: nobody rented the shop, the part is the landlord's
     * @param share     of the group's consumption at this price
     * @param quantity  kWh or m3
     * @param parts     what each named part of the price makes of the amount
     * @param journalId none: the landlord's part, or the account was closed before it came
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Line(int groupId, String group, YearMonth month, int posting, int shopId, String shop, Integer accountId, Rule basis,
                       BigDecimal share, int tariffVersionId, String tariff, LocalDate tariffFrom, Rate band, BigDecimal price,
                       BigDecimal quantity, BigDecimal amount, Map<String, BigDecimal> parts, Long journalId) {
    }

    /** A shop's part of a day, for display; the month's lines are what counts. */
    public record Day(LocalDate day, int shopId, String shop, BigDecimal quantity, BigDecimal amount) {
    }

    /** Shares out all months that are over, of all groups. */
    public void share() {
        List<RuntimeException> failed = new ArrayList<>();
        sites.sites().forEach(site -> shareOut(site, failed));
        if (!failed.isEmpty()) {
            throw failed.get(0);
        }
    }

    void shareOut(Site site, List<RuntimeException> failed) {
        YearMonth current = YearMonth.from(site.dayOf(clock.instant().minus(GRACE)));
        for (Group group : groups.groups(site.id())) {
            try {
                due(group, current).forEach(month -> shareOut(site, group.id(), month));
            } catch (RuntimeException e) {
                // one group's trouble does not hold up the others
                log.error("Group {} of site {} could not be shared out", group.code(), site.code(), e);
                failed.add(e);
            }
        }
    }

    /** Not {@code share}: of methods of one name a route would call this one, and without its arguments. */
    void shareOut(Site site, int groupId, YearMonth month) {
        transaction.executeWithoutResult(status -> {
            post(site, groupId, month, month.atEndOfMonth(), key -> true);
            jdbc.sql("update sharing_month set complete = true where group_id = ? and month = ? and not complete")
                    .params(groupId, month.atDay(1)).update();
        });
    }

    /** A group's month that an account which is closed has to bear its part of, up to the day {@code last}. */
    record Due(Group group, YearMonth month, LocalDate last) {
    }

    /**
     * Holds the months that an account has to bear its part of, before the caller's transaction holds any account: it is in this
     * order that a month is shared out.
     */
    @Transactional(propagation = Propagation.MANDATORY)
    List<Due> hold(int accountId) {
        record Place(int siteId, int shopId, AccountKind kind) {
        }
        Place place = jdbc.sql("select site_id, shop_id, kind from account where id = ?").param(accountId).query(Place.class).single();
        Site site = sites.site(place.siteId());
        LocalDate yesterday = site.dayOf(clock.instant()).minusDays(1);
        YearMonth last = YearMonth.from(yesterday);
        List<Due> due = groups.groups(site.id()).stream().sorted(Comparator.comparingInt(Group::id))
                .filter(group -> AccountKind.of(group.energyKind()) == place.kind()
                        && group.members().stream().anyMatch(member -> member.shopId() == place.shopId()))
                .flatMap(group -> due(group, last.plusMonths(1)).stream()
                        .map(month -> new Due(group, month, month.equals(last) ? yesterday : month.atEndOfMonth()))).toList();
        due.forEach(each -> hold(each.group().id(), each.month()));
        return due;
    }

    /**
     * Books in the caller's transaction what an account has to bear up to yesterday, before it is closed today; the others' parts
     * wait for the end of the month.
     *
     * @param held what is due, see {@link #hold(int)}
     */
    @Transactional(propagation = Propagation.MANDATORY)
    void settle(int accountId, List<Due> held) {
        held.forEach(due -> post(sites.site(due.group().siteId()), due.group().id(), due.month(), due.last(),
                key -> key.accountId() == accountId));
    }

    /** The months that were never shared out among all, and the last ones again, as far as the counters are kept. */
    private List<YearMonth> due(Group group, YearMonth current) {
        Set<YearMonth> shared = new HashSet<>();
        jdbc.sql("select month from sharing_month where group_id = ? and complete").param(group.id()).query(row -> {
            shared.add(YearMonth.from(row.getObject("month", LocalDate.class)));
        });
        YearMonth corrected = current.minusMonths(Math.max(1, Math.min(CORRECTED_MONTHS, keptMonths - 1)));
        YearMonth first = current.minusMonths(Math.max(1, keptMonths - 1));
        List<YearMonth> due = new ArrayList<>();
        for (YearMonth month = first.isBefore(group.firstMonth()) ? group.firstMonth() : first; month.isBefore(current); month = month.plusMonths(1)) {
            if (!month.isBefore(corrected) || !shared.contains(month)) {
                due.add(month);
            }
        }
        return due;
    }

    /** What a part costs: for whom, and at which price. */
    private record Key(int shopId, int accountId, int versionId, Rate rate, BigDecimal price) {

        static final int LANDLORD = 0;
        static final Comparator<Key> ORDER = Comparator.comparingInt(Key::shopId).thenComparingInt(Key::accountId)
                .thenComparingInt(Key::versionId).thenComparing(Key::rate).thenComparing(Key::price);

        Cost cost() {
            return new Cost(versionId, rate, price);
        }
    }

    private record Cost(int versionId, Rate rate, BigDecimal price) {
    }

    private void post(Site site, int groupId, YearMonth month, LocalDate last, Predicate<Key> whose) {
        int posting = hold(groupId, month) + 1;
        Group group = groups.group(groupId).orElseThrow();
        SortedMap<Key, BigDecimal> parts = parts(site, group, month.atDay(1), last);
        SortedMap<Key, BigDecimal> changes = new TreeMap<>(parts);
        booked(groupId, month).forEach((key, quantity) -> changes.merge(key, quantity.negate(), BigDecimal::add));
        changes.entrySet().removeIf(change -> change.getValue().signum() == 0 || !whose.test(change.getKey()));
        if (changes.isEmpty()) {
            return;
        }
        jdbc.sql("update sharing_month set postings = :posting where group_id = :group and month = :month")
                .param("posting", posting).param("group", groupId).param("month", month.atDay(1)).update();
        SortedMap<Integer, BigDecimal> yuan = new TreeMap<>();
        changes.forEach((key, quantity) -> yuan.merge(key.accountId(), quantity.multiply(key.price()), BigDecimal::add));
        yuan.remove(Key.LANDLORD);
        yuan.values().removeIf(amount -> amount.signum() == 0);
        Set<Integer> closed = closed(yuan.keySet());
        closed.forEach(account -> events.raise(site.id(), account, null, "SHARE_NOT_BOOKED",
                Map.of("group", group.code(), "month", month, "yuan", yuan.get(account))));
        yuan.keySet().removeAll(closed);
        Map<Integer, Long> journals = open(site, group, month, posting, yuan.keySet());
        insert(group, month, posting, changes, parts, journals);
        Map<Long, List<Entry>> entries = new TreeMap<>();
        journals.forEach((account, journal) -> entries.put(journal, List.of(Entry.customer(account, yuan.get(account).negate()),
                Entry.against(Gl.REVENUE_SHARED, yuan.get(account).negate()))));
        if (!entries.isEmpty()) {
            ledger.enter(entries, Map.of(), "hub", "public areas of " + month);
        }
        log.info("Shared out {} of {}: {} lines, posting {}", group.code(), month, changes.size(), posting);
    }

    private int hold(int groupId, YearMonth month) {
        jdbc.sql("insert into sharing_month (group_id, month) values (?, ?) on conflict do nothing").params(groupId, month.atDay(1)).update();
        return jdbc.sql("select postings from sharing_month where group_id = ? and month = ? for no key update")
                .params(groupId, month.atDay(1)).query(Integer.class).single();
    }

    private Map<Key, BigDecimal> booked(int groupId, YearMonth month) {
        Map<Key, BigDecimal> booked = new HashMap<>();
        jdbc.sql("""
                select shop_id, coalesce(account_id, 0) as account_id, tariff_version_id, band, price, sum(quantity) as quantity
                from shared_line where group_id = ? and month = ? group by 1, 2, 3, 4, 5""").params(groupId, month.atDay(1))
                .query(row -> {
                    booked.put(new Key(row.getInt("shop_id"), row.getInt("account_id"), row.getInt("tariff_version_id"),
                            Rate.valueOf(row.getString("band")), row.getBigDecimal("price")), row.getBigDecimal("quantity"));
                });
        return booked;
    }

    private Set<Integer> closed(Collection<Integer> accounts) {
        return Set.copyOf(jdbc.sql("select id from account where id = any(?) and closed_at is not null")
                .param(accounts.toArray(Integer[]::new)).query(Integer.class).list());
    }

    private Map<Integer, Long> open(Site site, Group group, YearMonth month, int posting, Collection<Integer> accounts) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        Function<Integer, String> key = account -> "share:" + group.id() + ":" + month + ":" + account + ":" + posting;
        Map<String, Long> opened = ledger.open(accounts.stream().map(account -> new Journal(site.id(), key.apply(account), Ledger.Cause.SHARE,
                now, site.dayOf(now), "hub", (posting == 1 ? "public areas of " : "late consumption of public areas of ") + month + ": "
                + group.name())).toList());
        if (opened.size() != accounts.size()) {
            throw new IllegalStateException("Posting " + posting + " of group " + group.id() + " in " + month + " was used twice");
        }
        return accounts.stream().collect(Collectors.toMap(Function.identity(), account -> opened.get(key.apply(account))));
    }

    private void insert(Group group, YearMonth month, int posting, SortedMap<Key, BigDecimal> changes, SortedMap<Key, BigDecimal> parts,
                        Map<Integer, Long> journals) {
        Map<Cost, BigDecimal> wholes = new HashMap<>();
        parts.forEach((key, quantity) -> wholes.merge(key.cost(), quantity, BigDecimal::add));
        List<Map.Entry<Key, BigDecimal>> rows = List.copyOf(changes.entrySet());
        jdbc.sql("""
                insert into shared_line (group_id, month, posting, shop_id, account_id, basis, share, tariff_version_id, band, price, quantity,
                                         amount, journal_id)
                select :group, :month, :posting, shop, nullif(account, 0), :basis, share, version, band, price, quantity, quantity * price, journal
                from unnest(:shops, :accounts, :shares, :versions, :bands, :prices, :quantities, :journals)
                     as v (shop, account, share, version, band, price, quantity, journal)""")
                .param("group", group.id()).param("month", month.atDay(1)).param("posting", posting).param("basis", group.rule().name())
                .param("shops", array("int4", rows, row -> row.getKey().shopId()))
                .param("accounts", array("int4", rows, row -> row.getKey().accountId()))
                .param("shares", array("numeric", rows, row -> share(parts.get(row.getKey()), wholes.get(row.getKey().cost()))))
                .param("versions", array("int4", rows, row -> row.getKey().versionId()))
                .param("bands", array("text", rows, row -> row.getKey().rate().name()))
                .param("prices", array("numeric", rows, row -> row.getKey().price()))
                .param("quantities", array("numeric", rows, Map.Entry::getValue))
                .param("journals", array("int8", rows, row -> journals.get(row.getKey().accountId()))).update();
    }

    private static BigDecimal share(BigDecimal part, BigDecimal whole) {
        return part == null || whole.signum() == 0 ? BigDecimal.ZERO : part.divide(whole, 6, RoundingMode.HALF_UP);
    }

    /** What each has to bear of the days from {@code first} to {@code last}; the quantities add up to what the sources counted. */
    private SortedMap<Key, BigDecimal> parts(Site site, Group group, LocalDate first, LocalDate last) {
        SortedMap<LocalDate, Map<Cost, BigDecimal>> counted = counted(site, group, first, last);
        List<Tenancy> tenancies = tenancies(site, group);
        TreeSet<LocalDate> begins = new TreeSet<>(Set.of(first));
        group.members().forEach(member -> {
            begins.add(member.validFrom());
            begins.add(member.validTo() == null ? first : member.validTo());
        });
        tenancies.forEach(tenancy -> {
            begins.add(tenancy.first());
            begins.add(tenancy.end() == null ? first : tenancy.end());
        });
        SortedMap<Key, BigDecimal> parts = new TreeMap<>(Key.ORDER);
        // who takes part, and who rents, is the same throughout each of these periods
        for (LocalDate begin : begins.subSet(first, true, last, true)) {
            LocalDate next = begins.higher(begin);
            LocalDate end = next == null || next.isAfter(last) ? last.plusDays(1) : next;
            Map<Cost, BigDecimal> wholes = new TreeMap<>(Comparator.comparingInt(Cost::versionId).thenComparing(Cost::rate)
                    .thenComparing(Cost::price));
            counted.subMap(begin, end).values().forEach(day -> day.forEach((cost, quantity) -> wholes.merge(cost, quantity, BigDecimal::add)));
            List<Member> members = group.members().stream().filter(member -> member.holdsOn(begin))
                    .sorted(Comparator.comparingInt(Member::shopId)).toList();
            if (!wholes.isEmpty() && !members.isEmpty()) {
                List<BigDecimal> weights = weights(group, members, begin, end);
                wholes.forEach((cost, whole) -> {
                    List<BigDecimal> quantities = Sharing.split(whole, weights, QUANTITY_DECIMALS);
                    for (int i = 0; i < quantities.size(); i++) {
                        int shop = members.get(i).shopId();
                        parts.merge(new Key(shop, account(tenancies, shop, begin), cost.versionId(), cost.rate(), cost.price()),
                                quantities.get(i), BigDecimal::add);
                    }
                });
            }
        }
        parts.values().removeIf(quantity -> quantity.signum() == 0);
        return parts;
    }

    /** What the sources counted, by day and price. */
    private SortedMap<LocalDate, Map<Cost, BigDecimal>> counted(Site site, Group group, LocalDate first, LocalDate last) {
        SortedMap<LocalDate, Map<Cost, BigDecimal>> counted = new TreeMap<>();
        Plan plan = plan(site, group);
        if (plan.tiered()) {
            throw new IllegalStateException("Tariff " + group.tariff() + " has tiers: what shops share has no tier");
        }
        Map<Integer, List<Source>> sources = group.sources().stream().collect(Collectors.groupingBy(Source::meterId));
        Map<Integer, List<Interval>> intervals = consumption.of(sources.keySet(), first.atStartOfDay(site.zone()).toInstant(),
                last.plusDays(1).atStartOfDay(site.zone()).toInstant());
        intervals.forEach((meter, its) -> its.stream().flatMap(interval -> BandUse.of(plan, interval).stream())
                .filter(use -> !use.day().isBefore(first) && !use.day().isAfter(last)
                        && sources.get(meter).stream().anyMatch(source -> source.holdsOn(use.day())))
                .forEach(use -> counted.computeIfAbsent(use.day(), day -> new HashMap<>()).merge(
                        new Cost(use.prices().versionId(), use.rate(), use.prices().prices().get(use.rate()).get(0)), use.quantity(),
                        BigDecimal::add)));
        return counted;
    }

    /** By which prices each of a site's groups is shared out, by group. */
    Map<Integer, Plan> plans(Site site) {
        return groups.groups(site.id()).stream().collect(Collectors.toMap(Group::id, group -> plan(site, group)));
    }

    /** Until the caller's transaction ends nothing is shared out; what is being shared out is waited for. */
    @Transactional(propagation = Propagation.MANDATORY)
    void holdMonths() {
        jdbc.sql("lock table sharing_month in share mode").update();
    }

    /** The last day that was shared out by one of these plans and for which another holds now. */
    Optional<LocalDate> lastSharedOtherwise(Site site, Map<Integer, Plan> before, Map<Integer, Plan> now) {
        LocalDate today = site.dayOf(clock.instant());
        return jdbc.sql("select group_id, month from sharing_month where group_id = any(?) and postings > 0")
                .param(before.keySet().toArray(Integer[]::new))
                .query((row, n) -> {
                    Plan old = before.get(row.getInt("group_id"));
                    Plan other = now.get(row.getInt("group_id"));
                    YearMonth month = PropertyFees.month(row, "month");
                    return month.atDay(1).datesUntil(month.plusMonths(1).atDay(1)).filter(day -> day.isBefore(today)
                            && (old.on(day).versionId() != other.on(day).versionId() || !ChangedDays.sameBands(old, other, day)));
                }).list().stream().flatMap(Function.identity()).max(Comparator.naturalOrder());
    }

    private Plan plan(Site site, Group group) {
        NavigableMap<LocalDate, PriceTable> from = new TreeMap<>();
        tariffs.of(site.id()).stream().filter(tariff -> tariff.code().equals(group.tariff())).flatMap(tariff -> tariff.versions().stream())
                .forEach(version -> from.put(version.effectiveFrom(), PriceTable.of(version)));
        return new Plan(site.zone(), from, assignments.siteDays(List.of(site.id())).getOrDefault(site.id(), SiteDays.NONE), null);
    }

    private List<BigDecimal> weights(Group group, List<Member> members, LocalDate begin, LocalDate end) {
        return switch (group.rule()) {
            case FIXED, AREA -> members.stream().map(Member::share).toList();
            case EQUAL -> members.stream().map(member -> BigDecimal.ONE).toList();
            case OWN -> {
                Map<Integer, BigDecimal> own = own(group, members, begin, end);
                yield members.stream().map(member -> own.getOrDefault(member.shopId(), BigDecimal.ZERO)).toList();
            }
        };
    }

    private Map<Integer, BigDecimal> own(Group group, List<Member> members, LocalDate begin, LocalDate end) {
        Map<Integer, BigDecimal> own = new HashMap<>();
        jdbc.sql("""
                select a.shop_id, sum(c.quantity) as quantity from charge_line c join account a on a.id = c.account_id
                where a.shop_id = any(:shops) and a.kind = :kind and c.site_day >= :begin and c.site_day < :end group by a.shop_id""")
                .param("shops", members.stream().map(Member::shopId).toArray(Integer[]::new))
                .param("kind", AccountKind.of(group.energyKind()).name()).param("begin", begin).param("end", end)
                .query(row -> {
                    own.put(row.getInt("shop_id"), row.getBigDecimal("quantity"));
                });
        return own;
    }

    /** An account's time: from its first day to the day before {@code end}; null while it is open. */
    private record Tenancy(int shopId, int accountId, LocalDate first, LocalDate end) {

        boolean holdsOn(LocalDate day) {
            return !day.isBefore(first) && (end == null || day.isBefore(end));
        }
    }

    private List<Tenancy> tenancies(Site site, Group group) {
        return jdbc.sql("""
                select id, shop_id, (opened_at at time zone :zone)::date as first, (closed_at at time zone :zone)::date as last
                from account where shop_id = any(:shops) and kind = :kind and opened_at is not null order by opened_at, id""")
                .param("zone", site.zone().getId()).param("shops", group.members().stream().map(Member::shopId).distinct().toArray(Integer[]::new))
                .param("kind", AccountKind.of(group.energyKind()).name())
                .query((row, n) -> new Tenancy(row.getInt("shop_id"), row.getInt("id"), row.getObject("first", LocalDate.class),
                        row.getObject("last", LocalDate.class))).list();
    }

    /** A shop that pays for its meters from several accounts bears its part by the oldest of them. */
    private static int account(List<Tenancy> tenancies, int shop, LocalDate day) {
        return tenancies.stream().filter(tenancy -> tenancy.shopId() == shop && tenancy.holdsOn(day)).findFirst()
                .map(Tenancy::accountId).orElse(Key.LANDLORD);
    }

    /** A group's lines of a month. */
    public List<Line> lines(int groupId, YearMonth month) {
        return lines("l.group_id = ? and l.month = ?", groupId, month.atDay(1));
    }

    /** An account's lines of the months from {@code first} to {@code last}, both included. */
    public List<Line> ofAccount(int accountId, YearMonth first, YearMonth last) {
        return lines("l.account_id = ? and l.month between ? and ?", accountId, first.atDay(1), last.atDay(1));
    }

    private List<Line> lines(String where, Object... params) {
        return jdbc.sql("""
                select l.*, g.code as group_code, s.code as shop
                from shared_line l join sharing_group g on g.id = l.group_id join shop s on s.id = l.shop_id
                where """ + " " + where + " order by l.month, g.code, s.code, l.posting, l.id").params(params)
                .query((row, n) -> {
                    Tariffs.Version version = tariffs.version(row.getInt("tariff_version_id"));
                    Rate band = Rate.valueOf(row.getString("band"));
                    BigDecimal quantity = row.getBigDecimal("quantity");
                    return new Line(row.getInt("group_id"), row.getString("group_code"), PropertyFees.month(row, "month"),
                            row.getInt("posting"), row.getInt("shop_id"), row.getString("shop"), row.getObject("account_id", Integer.class),
                            Rule.valueOf(row.getString("basis")), row.getBigDecimal("share"), row.getInt("tariff_version_id"),
                            version.tariff(), version.effectiveFrom(), band, row.getBigDecimal("price"), quantity,
                            row.getBigDecimal("amount"), version.price(band, 1).amounts(quantity), row.getObject("journal_id", Long.class));
                }).list();
    }

    /** What each shop's part is day by day, up to yesterday where the month is not over; each day adds up to its whole. */
    public List<Day> days(int groupId, YearMonth month) {
        Group group = groups.group(groupId).orElseThrow();
        Site site = sites.site(group.siteId());
        Map<Integer, String> shops = group.members().stream().collect(Collectors.toMap(Member::shopId, Member::shop, (one, other) -> one));
        List<Day> days = new ArrayList<>();
        for (LocalDate day = month.atDay(1); !day.isAfter(month.atEndOfMonth()) && day.isBefore(site.dayOf(clock.instant())); day = day.plusDays(1)) {
            Map<Integer, BigDecimal> quantities = new TreeMap<>();
            Map<Integer, BigDecimal> amounts = new HashMap<>();
            parts(site, group, day, day).forEach((key, quantity) -> {
                quantities.merge(key.shopId(), quantity, BigDecimal::add);
                amounts.merge(key.shopId(), quantity.multiply(key.price()), BigDecimal::add);
            });
            LocalDate its = day;
            quantities.forEach((shop, quantity) -> days.add(new Day(its, shop, shops.get(shop), quantity, amounts.get(shop))));
        }
        return days;
    }
}
