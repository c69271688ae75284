package io.meterhub.payment;

import io.meterhub.billing.Clearing;
import io.meterhub.billing.Clearing.Fund;
import io.meterhub.payment.Platform.BillKind;
import io.meterhub.payment.Platform.Billed;
import io.meterhub.payment.ReconciledDay.Bank;
import io.meterhub.payment.ReconciledDay.Bill;
import io.meterhub.payment.ReconciledDay.Count;
import io.meterhub.payment.ReconciledDay.Funds;
import io.meterhub.payment.ReconciledDay.Sums;
import io.meterhub.payment.ReconciledItem.Resolution;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Decimals;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Compares each day of each platform with the hub's own payments and refunds (对账): fetches the bill when it is due, keeps it, compares, and
 * closes the day when nothing is open. The merchant is the hub's as a whole, so this is for those who may do it at every site.
 *
 * <p>Any number of hubs may tick: a day is fetched by one of them, and compared under the lock of its row.
 */
@Component
@EnableConfigurationProperties(ReconciliationSettings.class)
public class Reconciliations {

    /** Platforms keep their bills for three months. */
    private static final int OLDEST_DAYS = 89;
    /** So long a platform may correct a bill, and is asked for it once a day. */
    private static final int CORRECTED_DAYS = 7;
    private static final Duration HOLD = Duration.ofMinutes(5);
    private static final Duration AGAIN = Duration.ofMinutes(10);
    private static final Duration AGAIN_AT_MOST = Duration.ofHours(2);
    private static final Duration ANEW = Duration.ofMinutes(10);
    private static final int MOST_DIGITS = 12;

    /**
     * The lines of a day's bill with the site whose they are; what is nobody's stands in the books of the first, or of that for which it was decided,
     * and what is another system's in none, as long as it is not in the hub's after all. Of what was on its way to the payer, what the platform refused
     * at last has moved nothing.
     */
    private static final String BILLED = """
            select coalesce(p.site_id, o.site_id, (
                       select m.site_id from pay_match m
                       where m.reconciliation_id = r.id and m.kind = l.kind and m.key = l.key and m.state = 'RESOLVED' and m.site_id is not null
                       order by m.round desc, m.occurrence limit 1), (select min(id) from site)) as site_id,
                   case when l.state = 'WORKING' and f.state = 'REFUSED' then 0 else l.fee_yuan end as fee_yuan,
                   case when l.state = 'FAILED' or l.state = 'WORKING' and f.state = 'REFUSED' then 0 when l.kind = 'PAYMENT' then l.fen else -l.fen end
                       / 100.0 as yuan,
                   case l.kind when 'PAYMENT' then p.id is null or p.state = 'ACCEPTED' else f.id is null end and exists (
                       select from pay_match m where m.reconciliation_id = r.id and m.kind = l.kind and m.key = l.key and m.resolution = 'NOT_OURS') as others
            from pay_reconciliation r join pay_bill_line l on l.bill_id = r.trade_bill_id
            left join pay_payment p on p.channel = r.channel and p.transaction_id = l.transaction_id
            left join pay_order o on o.channel = r.channel and o.number = l.order_number
            left join pay_refund f on l.kind = 'REFUND' and f.channel = r.channel and f.number = l.refund_number
            where r.id = :id
            """;
    private static final String FLOW = """
            ((funds ->> 'inYuan')::numeric - (funds ->> 'outYuan')::numeric - (funds ->> 'feeYuan')::numeric + (funds ->> 'otherYuan')::numeric)""";
    /** What of a day's fund flow its trade bill does not explain. */
    private static final String REST = "(" + FLOW + " - (sums ->> 'netYuan')::numeric - (sums ->> 'othersYuan')::numeric)";
    /** Of a day for which the bank was said: it agreed, and still does. */
    private static final String BOOKED = "bank_yuan = " + FLOW + " and bank_rest_yuan = " + REST;
    /** Of such a day: it agreed, and what no trade bill explains is another amount now. */
    static final String NO_LONGER = "bank_yuan = " + FLOW + " and bank_rest_yuan <> " + REST;
    /** Why a bill is not there, and what may pass. Anything else in it is refused. */
    static final List<String> NOT_THERE = List.of("bill.not_yet", "bill.no_answer", "bill.nothing");

    private static final Logger log = LoggerFactory.getLogger(Reconciliations.class);

    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final Platforms platforms;
    private final BillBook bills;
    private final Matches matches;
    private final Clearing clearing;
    private final Rights rights;
    private final Sites sites;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;
    private final ReconciliationSettings settings;

    Reconciliations(JdbcClient jdbc, TransactionTemplate transaction, Platforms platforms, BillBook bills, Matches matches,
                    Clearing clearing, Rights rights, Sites sites, Audit audit, Texts texts, Clock clock, ReconciliationSettings settings) {
        this.jdbc = jdbc;
        this.transaction = transaction;
        this.platforms = platforms;
        this.bills = bills;
        this.matches = matches;
        this.clearing = clearing;
        this.rights = rights;
        this.sites = sites;
        this.audit = audit;
        this.texts = texts;
        this.clock = clock;
        this.settings = settings;
    }

    /** Takes up the days whose bills are due, and looks anew at those that are open: what was missing may have come meanwhile. */
    public void reconcile() {
        Stream.of(Channel.values()).map(platforms::of).flatMap(Optional::stream).forEach(platform -> {
            due(platform.channel());
            Optional<Work> work = claim(platform.channel(), null);
            while (work.isPresent()) {
                Work one = work.get();
                guarded(one, () -> fetch(platform, one));
                work = claim(platform.channel(), null);
            }
        });
        lookAnew();
        jdbc.sql("""
                select id, channel, day from pay_reconciliation
                where (state = 'OPEN' or failure is not null and worker is null) and compared_at < :before order by id""")
                .param("before", utc(clock.instant().minus(ANEW))).query((row, n) -> work(row, null)).list()
                .forEach(open -> guarded(open, () -> transaction.executeWithoutResult(status -> compareAgain(open))));
    }

    /** What changed here, on the days that have it, however long they are closed. What comes meanwhile is for the next tick. */
    private void lookAnew() {
        record Changed(long id, Channel channel, String key) {
        }
        for (Changed changed : jdbc.sql("select id, channel, key from pay_look_anew order by id").query(Changed.class).list()) {
            record Touched(Work work, String order) {
            }
            boolean done = jdbc.sql("""
                    select distinct r.id, r.channel, r.day, l.order_number from pay_bill_line l join pay_reconciliation r on r.trade_bill_id = l.bill_id
                    where l.key = :key and r.channel = :channel order by r.id""").param("key", changed.key).param("channel", changed.channel.name())
                    .query((row, n) -> new Touched(work(row, null), row.getString("order_number"))).list().stream()
                    .map(day -> guarded(day.work, () -> transaction.executeWithoutResult(status -> compare(day.work, day.order)))).toList().stream()
                    .allMatch(Optional::isEmpty);
            if (done) {
                jdbc.sql("delete from pay_look_anew where id = ?").param(changed.id).update();
            }
        }
    }

    /**
     * What is wrong with one day is no reason to leave the others alone; it is written with the day, and an alarm until it could be compared.
     *
     * @return what was wrong
     */
    private Optional<RuntimeException> guarded(Work work, Runnable act) {
        try {
            act.run();
            return Optional.empty();
        } catch (RuntimeException fault) {
            log.error("{} {} could not be reconciled", work.channel, work.day, fault);
            jdbc.sql("update pay_reconciliation set failure = :failure where id = :id").param("failure", fault.toString()).param("id", work.id).update();
            return Optional.of(fault);
        }
    }

    /** Where another hub has it in hand or has done it meanwhile, there is nothing to wait for. */
    private void compareAgain(Work work) {
        boolean mine = jdbc.sql("select 1 from pay_reconciliation where id = :id and state = 'OPEN' and compared_at < :before for update skip locked")
                .param("id", work.id).param("before", utc(clock.instant().minus(ANEW))).query(Integer.class).optional().isPresent();
        if (mine) {
            compare(work, null);
        }
    }

    /** From the channel's first order on, each day that is over and whose bill is due. */
    private void due(Channel channel) {
        Instant now = clock.instant();
        LocalDate today = LocalDate.ofInstant(now, BillTable.ZONE);
        boolean later = now.isBefore(today.atTime(settings.due(channel)).atZone(BillTable.ZONE).toInstant());
        jdbc.sql("""
                insert into pay_reconciliation (channel, day, next_look_at)
                select :channel, each.day::date, :now
                from (select (min(at) at time zone 'Asia/Shanghai')::date as day from (
                          select min(opened_at) as at from pay_order where channel = :channel
                          union all select min(paid_at) from pay_payment where channel = :channel) as any_at) as first
                cross join generate_series(greatest(:oldest, first.day), :last::date, interval '1 day') as each (day)
                where first.day is not null
                on conflict do nothing""")
                .param("channel", channel.name()).param("now", utc(now)).param("oldest", today.minusDays(OLDEST_DAYS))
                .param("last", today.minusDays(later ? 2 : 1)).update();
    }

    /** A day; {@code worker} where this hub holds it for fetching. */
    private record Work(long id, Channel channel, LocalDate day, int tries, UUID worker) {
    }

    private static Work work(ResultSet row, UUID worker) throws SQLException {
        return new Work(row.getLong("id"), Channel.valueOf(row.getString("channel")), row.getObject("day", LocalDate.class),
                worker == null ? 0 : row.getInt("tries"), worker);
    }

    /** @param day null: whichever is due, the oldest first */
    private Optional<Work> claim(Channel channel, LocalDate day) {
        UUID me = UUID.randomUUID();
        Instant now = clock.instant();
        return jdbc.sql("""
                update pay_reconciliation set worker = :me, held_until = :until, tries = tries + 1
                where id = (select id from pay_reconciliation where channel = :channel and (held_until is null or held_until < :now)
                            and (day = :day or :day::date is null and next_look_at <= :now)
                            order by day limit 1 for update skip locked)
                returning id, channel, day, tries""")
                .param("me", me).param("until", utc(now.plus(HOLD))).param("now", utc(now)).param("channel", channel.name()).param("day", day)
                .query((row, n) -> work(row, me)).optional();
    }

    /** Asks the platform, outside of any transaction, and then writes down what it said. */
    private void fetch(Platform platform, Work work) {
        Map<BillKind, Billed> answers = new LinkedHashMap<>();
        for (BillKind kind : BillKind.values()) {
            try {
                answers.put(kind, platform.bill(kind, work.day));
            } catch (RuntimeException fault) {
                log.warn("The bill of {} {} could not be fetched", work.channel, work.day, fault);
                answers.put(kind, new Billed.Unknown(fault.getClass().getSimpleName()));
            }
        }
        boolean changed = Boolean.TRUE.equals(transaction.execute(status -> jdbc.sql(
                "select 1 from pay_reconciliation where id = :id and worker = :me for update").param("id", work.id).param("me", work.worker)
                // if there is none it took so long that another hub has taken it up
                .query(Integer.class).optional().isPresent() && take(work, answers)));
        if (changed) {
            // what rolled over midnight may be found now, or is missing now; one day after the other, as another hub may hold the neighbours
            jdbc.sql("select id, channel, day from pay_reconciliation where channel = :channel and day in (:before, :after) order by id")
                    .param("channel", work.channel.name()).param("before", work.day.minusDays(1)).param("after", work.day.plusDays(1))
                    .query((row, n) -> work(row, null)).list()
                    .forEach(day -> guarded(day, () -> transaction.executeWithoutResult(status -> compare(day, null))));
        }
    }

    /** @return whether there is another trade bill than before */
    private boolean take(Work work, Map<BillKind, Billed> answers) {
        List<BillProblem> problems = new ArrayList<>();
        boolean changed = false;
        boolean refused = false;
        for (Map.Entry<BillKind, Billed> answer : answers.entrySet()) {
            BillKind kind = answer.getKey();
            String file = work.channel + " " + kind + " " + work.day;
            if (answer.getValue() instanceof Billed.NotYet) {
                problems.add(new BillProblem(file, 0, null, "bill.not_yet", List.of()));
            } else if (answer.getValue() instanceof Billed.Nothing && cannotBeNothing(work, kind)) {
                problems.add(new BillProblem(file, 0, null, "bill.nothing", List.of()));
            } else if (answer.getValue() instanceof Billed.Unknown unknown) {
                problems.add(new BillProblem(file, 0, null, "bill.no_answer", List.of(String.valueOf(unknown.why()))));
            } else {
                Billed.Bill bill = answer.getValue() instanceof Billed.Bill told ? told : new Billed.Bill(file, new byte[0]);
                try {
                    changed |= keep(work, kind, bill);
                } catch (BillRefused cannotBe) {
                    refused = true;
                    problems.add(cannotBe.problem());
                }
            }
        }
        Instant now = clock.instant();
        Duration pause = AGAIN.multipliedBy(1L << Math.min(work.tries - 1, 4));
        boolean mayChange = mayChange(work.day);
        boolean there = bill(work.id).isPresent();
        // until both bills were there it is asked as long as the platform has them, for another one as long as either may still be corrected
        boolean again = !problems.isEmpty() && (mayChange || !(there && fundsAreThere(work.id)) && !work.day.isBefore(today().minusDays(OLDEST_DAYS)));
        Instant next = again ? now.plus(pause.compareTo(AGAIN_AT_MOST) > 0 ? AGAIN_AT_MOST : pause) : mayChange ? now.plus(Duration.ofDays(1)) : null;
        jdbc.sql("""
                update pay_reconciliation set worker = null, held_until = null, next_look_at = :next, problems = :problems::jsonb,
                       tries = case when :fine then 0 else tries end, failure = null,
                       state = case when trade_bill_id is not null then state when :refused then 'REFUSED' else 'WAITING' end
                where id = :id""")
                .param("next", next == null ? null : utc(next)).param("problems", bills.written(problems)).param("fine", problems.isEmpty())
                .param("refused", refused).param("id", work.id).update();
        if (there) {
            // also by the same bill, and a day that is closed: the hub's side may have changed
            compare(work, null);
        }
        return changed;
    }

    private LocalDate today() {
        return LocalDate.ofInstant(clock.instant(), BillTable.ZONE);
    }

    private boolean mayChange(LocalDate day) {
        return !day.plusDays(CORRECTED_DAYS).isBefore(today());
    }

    /** By which the day is compared. */
    private Optional<Long> bill(long id) {
        return jdbc.sql("select trade_bill_id from pay_reconciliation where id = ? and trade_bill_id is not null").param(id).query(Long.class).optional();
    }

    private boolean fundsAreThere(long id) {
        return jdbc.sql("select funds_bill_id is not null from pay_reconciliation where id = ?").param(id).query(Boolean.class).single();
    }

    /** Where a bill has lines, or money came on that day, "nothing" is a bill that is not made, or lost for the moment; not for ever. */
    private boolean cannotBeNothing(Work work, BillKind kind) {
        boolean lines = kind == BillKind.TRADE ? bill(work.id).flatMap(bill -> jdbc.sql("select 1 from pay_bill_line where bill_id = ? limit 1").param(bill)
                .query(Integer.class).optional()).isPresent()
                : jdbc.sql("select (funds ->> 'lines')::int > 0 from pay_reconciliation where id = ? and funds is not null").param(work.id)
                        .query(Boolean.class).optional().orElse(false);
        return lines || mayChange(work.day) && jdbc.sql("""
                select exists (select from pay_payment where channel = :channel and paid_at >= :from and paid_at < :until
                               and state <> 'ACCEPTED' and (state <> 'SUSPENSE' or suspense_journal_id is not null))""")
                .param("channel", work.channel.name()).param("from", utc(work.day.atStartOfDay(BillTable.ZONE).toInstant().plus(settings.cutOff())))
                .param("until", utc(work.day.plusDays(1).atStartOfDay(BillTable.ZONE).toInstant().minus(settings.cutOff()))).query(Boolean.class).single();
    }

    /**
     * Keeps what came, and compares by it from now on if it can be read.
     *
     * @return whether the day is to be compared anew
     */
    private boolean keep(Work work, BillKind kind, Billed.Bill bill) {
        long id = bills.keep(work.channel, kind, work.day, bill.name(), bill.file());
        if (kind == BillKind.FUNDS) {
            FundBill funds = BillBook.funds(work.channel, bill.name(), work.day, bill.file());
            jdbc.sql("update pay_reconciliation set funds_bill_id = :bill, funds = :funds::jsonb where id = :id").param("bill", id)
                    .param("funds", bills.written(funds)).param("id", work.id).update();
            return false;
        }
        if (bill(work.id).filter(before -> before == id).isPresent()) {
            return false;
        }
        List<BillLine> lines = BillBook.trades(work.channel, bill.name(), work.day, bill.file());
        bills.refuseOdd(work.channel, lines);
        bills.write(id, lines);
        return jdbc.sql("update pay_reconciliation set trade_bill_id = :bill where id = :id and trade_bill_id is distinct from :bill")
                .param("bill", id).param("id", work.id).update() > 0;
    }

    /** Compares a day whose bill is there, and closes it when nothing is open. @param order this order alone; null: all */
    private void compare(Work work, String order) {
        record Judged(long bill, boolean before, BigDecimal feePercent) {
        }
        jdbc.sql("""
                select trade_bill_id as bill, compared_at is not null as before, fee_percent from pay_reconciliation
                where id = ? and trade_bill_id is not null for update""").param(work.id).query(Judged.class).optional().ifPresent(day -> {
                    // what is agreed now is no reason to judge anew what was judged
                    Comparison.Terms terms = day.before ? settings.terms(day.feePercent) : settings.terms(work.channel);
                    int open = matches.compare(work.id, work.channel, work.day, day.bill, order, terms);
                    jdbc.sql("""
                            update pay_reconciliation set compared_at = case when :all then :now else compared_at end, fee_percent = :percent,
                                   -- of one that is in hand the bill could not be taken, which is not over by this; nor is the rest of a day by one order
                                   failure = case when :all and worker is null then null else failure end where id = :id""")
                            .param("all", order == null).param("percent", terms.feePercent()).param("now", utc(clock.instant())).param("id", work.id).update();
                    sumUp(work.id);
                    closeWhere(work.id, work.channel, work.day, open == 0);
                });
    }

    /** Something was decided about an order. The caller holds the day's row. */
    void recompare(Channel channel, LocalDate day, String order) {
        jdbc.sql("select id, channel, day from pay_reconciliation where channel = :channel and day = :day").param("channel", channel.name())
                .param("day", day).query((row, n) -> work(row, null)).optional().ifPresent(work -> compare(work, order));
    }

    /** What the pages show of a day, so that nobody has to add up its lines to look at it. */
    private void sumUp(long id) {
        jdbc.sql("with billed as (" + BILLED + """
                ), newest as (
                    select distinct on (kind, key, occurrence) * from pay_match where reconciliation_id = :id order by kind, key, occurrence, round desc
                ), theirs as (
                    select count(*) filter (where kind = 'PAYMENT') as payments,
                           coalesce(sum(fen) filter (where kind = 'PAYMENT'), 0) / 100.0 as paid,
                           count(*) filter (where kind = 'REFUND' and state <> 'FAILED') as refunds,
                           coalesce(sum(fen) filter (where kind = 'REFUND' and state <> 'FAILED'), 0) / 100.0 as back,
                           coalesce(sum(fee_yuan), 0) as fee
                    from pay_bill_line where bill_id = (select trade_bill_id from pay_reconciliation where id = :id)
                ), ours as (
                    select count(*) filter (where m.kind = 'PAYMENT') as payments, coalesce(sum(our_yuan) filter (where m.kind = 'PAYMENT'), 0) as paid,
                           count(*) filter (where m.kind = 'REFUND') as refunds, coalesce(sum(our_yuan) filter (where m.kind = 'REFUND'), 0) as back
                    from pay_match m join pay_reconciliation r on r.id = m.reconciliation_id left join pay_bill b on b.id = m.bill_id
                    where r.id = :id and m.round = 0 and m.occurrence = 0 and m.our_yuan is not null and m.state <> 'GONE'
                      and (b.day = r.day or m.bill_id is null and m.difference <> 'CUT_OFF')
                )
                update pay_reconciliation set sums = jsonb_build_object(
                    'counts', (select coalesce(jsonb_agg(jsonb_build_object('difference', difference, 'rows', rows)), '[]') from (
                         select difference, count(*) as rows from newest where state <> 'GONE' group by difference) c),
                    'theirs', (select jsonb_build_object('payments', payments, 'paidYuan', paid, 'refunds', refunds, 'backYuan', back, 'feeYuan', fee) from theirs),
                    'ours', (select jsonb_build_object('payments', payments, 'paidYuan', paid, 'refunds', refunds, 'backYuan', back) from ours),
                    'netYuan', (select coalesce(sum(yuan - fee_yuan) filter (where not others), 0) from billed),
                    'othersYuan', (select coalesce(sum(yuan - fee_yuan) filter (where others), 0) from billed))
                where id = :id""").param("id", id).update();
    }

    /** The caller holds the day's row. */
    private void closeWhere(long id, Channel channel, LocalDate day, boolean nothingOpen) {
        Instant now = clock.instant();
        boolean changed = jdbc.sql("""
                update pay_reconciliation set state = :state, closed_at = case when :closed then :now::timestamptz end,
                       opened_at = case when not :closed then :now::timestamptz end
                where id = :id and state <> :state""")
                .param("state", nothingOpen ? "CLOSED" : "OPEN").param("closed", nothingOpen).param("now", utc(now)).param("id", id).update() > 0;
        if (changed) {
            audit.record(null, "hub", nothingOpen ? "reconciliation.closed" : "reconciliation.opened", subject(channel, day), null, null, null);
        }
        if (nothingOpen) {
            bookFees(id, channel, day);
            // what is booked as come to the bank goes with the bill
            bookBank(id, channel, day);
        }
    }

    static String subject(Channel channel, LocalDate day) {
        return "reconciliation " + channel + " " + day;
    }

    /** A site's share, or what of it is not booked yet. */
    private record Share(int siteId, BigDecimal yuan, int seq) {
    }

    /** What the platform kept, site by site, as far as it is not booked yet. */
    private void bookFees(long id, Channel channel, LocalDate day) {
        bookShares(id, "pay_day_fee", """
                select site_id, sum(yuan) as yuan from (
                    select site_id, fee_yuan as yuan from billed where not others
                    union all
                    select m.site_id, m.booked_yuan from pay_match m
                    where m.reconciliation_id = :id and m.difference = 'FEE' and m.site_id is not null) as each group by site_id""",
                "pay:fees:" + channel + ":" + day, Fund.PLATFORM_FEE, fund(channel), "hub", "fees of " + channel + " " + day);
    }

    /**
     * Where what came to the bank agrees: to each site what the bill has of it, and to the first, as decided, what no bill explains; as far as it is not
     * booked yet.
     */
    private void bookBank(long id, Channel channel, LocalDate day) {
        record Said(String who, String why, Resolution rest, BigDecimal restYuan) {
        }
        jdbc.sql("select bank_who as who, bank_why as why, bank_rest as rest, bank_rest_yuan as rest_yuan from pay_reconciliation where id = ? and " + BOOKED)
                .param(id).query(Said.class).optional().ifPresent(said -> {
                    bookShares(id, "pay_day_bank", "select site_id, sum(yuan - fee_yuan) as yuan from billed where not others group by site_id",
                            "pay:bank:" + channel + ":" + day, Fund.BANK, fund(channel), said.who, said.why);
                    bookRest(id, "pay:rest:" + channel + ":" + day, Fund.SUSPENSE, said.rest == Resolution.SUSPENSE, said.restYuan, said.who, said.why);
                    bookRest(id, "pay:rest:" + channel + ":" + day, Fund.DIFFERENCE, said.rest == Resolution.ACCEPT, said.restYuan, said.who, said.why);
                });
    }

    private void bookRest(long id, String key, Fund from, boolean wanted, BigDecimal rest, String who, String why) {
        Resolution as = from == Fund.SUSPENSE ? Resolution.SUSPENSE : Resolution.ACCEPT;
        BigDecimal yuan = (wanted ? rest : BigDecimal.ZERO).subtract(jdbc.sql(
                "select coalesce(sum(yuan), 0) from pay_day_rest where reconciliation_id = ? and rest = ?").params(id, as.name()).query(BigDecimal.class).single());
        if (yuan.signum() == 0) {
            return;
        }
        int seq = jdbc.sql("select coalesce(max(seq), 0) + 1 from pay_day_rest where reconciliation_id = ?").param(id).query(Integer.class).single();
        boolean more = yuan.signum() > 0;
        long journal = clearing.book(firstSite(), key + ":" + seq, more ? Fund.BANK : from, more ? from : Fund.BANK, yuan.abs(), who, why).orElseThrow();
        jdbc.sql("insert into pay_day_rest (reconciliation_id, seq, rest, yuan, journal_id) values (?, ?, ?, ?, ?)")
                .params(id, seq, as.name(), yuan, journal).update();
    }

    /** In whose books lies what is nobody's yet. */
    int firstSite() {
        return sites.sites().stream().mapToInt(Site::id).min().orElseThrow();
    }

    private void bookShares(long id, String table, String shares, String key, Fund to, Fund from, String who, String why) {
        jdbc.sql("with billed as (" + BILLED + "), shares as (" + shares + """
                ), before as (
                    select site_id, sum(yuan) as yuan, max(seq) as seq from %s where reconciliation_id = :id group by site_id
                )
                select site_id, coalesce(s.yuan, 0) - coalesce(b.yuan, 0) as yuan, coalesce(seq, 0) + 1 as seq
                from shares s full outer join before b using (site_id) order by site_id""".formatted(table)).param("id", id).query(Share.class).list()
                .stream().filter(share -> share.yuan().signum() != 0).forEach(share -> {
                    boolean more = share.yuan().signum() > 0;
                    long journal = clearing.book(share.siteId(), key + ":" + share.seq(), more ? to : from, more ? from : to, share.yuan().abs(), who, why)
                            .orElseThrow();
                    jdbc.sql("insert into %s (reconciliation_id, site_id, seq, yuan, journal_id) values (?, ?, ?, ?, ?)".formatted(table))
                            .params(id, share.siteId(), share.seq(), share.yuan(), journal).update();
                });
    }

    static Fund fund(Channel channel) {
        return Fund.valueOf(channel.name());
    }

    /**
     * A person wants the platform asked now.
     *
     * @throws PaymentRefused if the channel is off, the day is not over or another asks just now
     */
    public ReconciledDay fetch(Channel channel, LocalDate day, String who) {
        require();
        Platform platform = platforms.of(channel).orElseThrow(() -> new PaymentRefused("channel", texts.of("refused.reconciliation_channel")));
        LocalDate today = LocalDate.ofInstant(clock.instant(), BillTable.ZONE);
        if (!day.isBefore(today) || day.isBefore(today.minusDays(OLDEST_DAYS))) {
            throw new PaymentRefused("day", texts.of("refused.reconciliation_day", String.valueOf(OLDEST_DAYS)));
        }
        // should this hub end meanwhile, it is looked at by itself
        jdbc.sql("insert into pay_reconciliation (channel, day, next_look_at) values (?, ?, ?) on conflict do nothing")
                .params(channel.name(), day, utc(clock.instant())).update();
        Work work = claim(channel, day).orElseThrow(() -> new PaymentRefused("day", texts.of("refused.reconciliation_busy")));
        guarded(work, () -> {
            fetch(platform, work);
            transaction.executeWithoutResult(status -> {
                compare(work, null);
                audit.record(null, who, "reconciliation.fetched", subject(channel, day), null, null, null);
            });
        }).ifPresent(fault -> {
            throw fault;
        });
        return day(channel, day);
    }

    /**
     * What came at the bank for a day. Where it is what the fund-flow bill says, each site's share by the trade bill is booked, and stays as long as
     * neither bill is corrected; and of the rest, which no trade bill explains, what is decided here. That can be decided anew.
     *
     * @param rest SUSPENSE (it is kept aside), ACCEPT (the company bears it or has it) or NOT_OURS (another system's: nothing is booked); null: where
     *             there is none
     * @throws PaymentRefused if something of the day is open, there is no fund-flow bill yet, it was booked, or nothing was decided about a rest
     */
    @Transactional
    public ReconciledDay bank(Channel channel, LocalDate day, BigDecimal yuan, Resolution rest, String who, String why) {
        require();
        if (yuan == null || !Decimals.fit(yuan, MOST_DIGITS, 2)) {
            throw new PaymentRefused("yuan", texts.of("refused.reconciliation_bank_amount"));
        }
        why(why);
        long id = jdbc.sql("select id from pay_reconciliation where channel = :channel and day = :day for update").param("channel", channel.name())
                .param("day", day).query(Long.class).optional().orElseThrow(() -> missing(channel, day));
        ReconciledDay before = day(channel, day);
        if (before.state() != ReconciledDay.State.CLOSED) {
            throw new PaymentRefused("day", texts.of("refused.reconciliation_not_closed"));
        }
        if (before.funds() == null) {
            throw new PaymentRefused("yuan", texts.of("refused.reconciliation_no_funds"));
        }
        if (before.bank() != null && before.bank().booked()) {
            if (before.bank().yuan().compareTo(yuan) != 0) {
                throw new PaymentRefused("yuan", texts.of("refused.reconciliation_bank_booked"));
            }
            if (rest == null || rest == before.bank().rest() || before.funds().restYuan().signum() == 0) {
                return before;
            }
        }
        boolean left = before.funds().restYuan().signum() != 0;
        if (left && (rest == null || rest == Resolution.CREDIT || rest == Resolution.REFUND)) {
            throw new PaymentRefused("rest", texts.of("refused.reconciliation_bank_rest", before.funds().restYuan().stripTrailingZeros().toPlainString()));
        }
        jdbc.sql("""
                update pay_reconciliation set bank_yuan = :yuan, bank_who = :who, bank_why = :why, bank_at = :now, bank_rest_yuan = :restYuan, bank_rest = :rest
                where id = :id""").param("yuan", yuan).param("who", who).param("why", why).param("now", utc(clock.instant())).param("id", id)
                .param("restYuan", before.funds().restYuan()).param("rest", left ? rest.name() : null).update();
        bookBank(id, channel, day);
        ReconciledDay after = day(channel, day);
        audit.record(null, who, "reconciliation.bank", subject(channel, day), before.bank(), after.bank(), why);
        return after;
    }

    /** The newest first, those before the given day. */
    public List<ReconciledDay> days(Channel channel, LocalDate before, int limit) {
        require();
        return list("(:channel::text is null or channel = :channel) and (:before::date is null or day < :before)", channel, before, limit);
    }

    public ReconciledDay day(Channel channel, LocalDate day) {
        require();
        return list("channel = :channel and day = :before", channel, day, 1).stream().findFirst().orElseThrow(() -> missing(channel, day));
    }

    private PaymentRefused missing(Channel channel, LocalDate day) {
        return new PaymentRefused("day", texts.of("refused.reconciliation_none", channel.name(), day.toString()));
    }

    private List<ReconciledDay> list(String which, Channel channel, LocalDate day, int limit) {
        return jdbc.sql("""
                select r.*, r.problems::text as said, r.funds::text as flow, r.sums::text as summed, coalesce(%s, false) as booked,
                       (select count(*) from pay_match m where m.reconciliation_id = r.id and m.state = 'OPEN') as open,
                       (select count(*) from (select 1 from pay_match m where m.reconciliation_id = r.id and m.suspended_yuan <> 0
                            group by kind, key, occurrence having sum(m.suspended_yuan) <> 0) s) as suspended,
                       (select jsonb_agg(jsonb_build_object('id', b.id, 'kind', b.kind, 'name', b.name, 'sha256', encode(b.sha256, 'hex'),
                            'bytes', length(b.file), 'fetchedAt', b.fetched_at, 'inForce', b.id in (r.trade_bill_id, coalesce(r.funds_bill_id, 0)))
                            order by b.id desc) from pay_bill b where b.channel = r.channel and b.day = r.day)::text as files
                from (select * from pay_reconciliation where %s order by day desc, channel limit :limit) r
                order by r.day desc, r.channel""".formatted(BOOKED, which))
                .param("channel", channel == null ? null : channel.name()).param("before", day).param("limit", limit)
                .query((row, n) -> reconciled(row)).list();
    }

    /** As a day was added up when it was compared last. */
    private record Summed(List<Count> counts, Sums theirs, Sums ours, BigDecimal netYuan, BigDecimal othersYuan) {

        static final Summed NOTHING = new Summed(List.of(), Sums.NOTHING, Sums.NOTHING, null, null);
    }

    private ReconciledDay reconciled(ResultSet row) throws SQLException {
        FundBill flow = bills.read(row.getString("flow"), FundBill.class);
        Summed summed = row.getString("summed") == null ? Summed.NOTHING : bills.read(row.getString("summed"), Summed.class);
        Funds funds = flow == null ? null : new Funds(flow.lines(), flow.inYuan(), flow.outYuan(), flow.feeYuan(), flow.otherYuan(), flow.drawnYuan(),
                flow.netYuan(), summed.netYuan == null ? null : flow.netYuan().subtract(summed.netYuan).subtract(summed.othersYuan));
        BigDecimal bank = row.getBigDecimal("bank_yuan");
        String rest = row.getString("bank_rest");
        return new ReconciledDay(row.getLong("id"), Channel.valueOf(row.getString("channel")), row.getObject("day", LocalDate.class),
                ReconciledDay.State.valueOf(row.getString("state")), summed.counts, row.getInt("open"), row.getInt("suspended"), summed.theirs, summed.ours,
                funds, bank == null ? null : new Bank(bank, funds == null ? bank : bank.subtract(funds.netYuan()), row.getBoolean("booked"),
                        rest == null ? null : Resolution.valueOf(rest), row.getString("bank_who"), row.getString("bank_why"), instant(row, "bank_at")),
                list(row.getString("files"), Bill[].class), list(row.getString("said"), BillProblem[].class), instant(row, "next_look_at"),
                instant(row, "compared_at"), instant(row, "closed_at"), row.getString("failure"));
    }

    private <T> List<T> list(String json, Class<T[]> type) {
        return json == null ? List.of() : List.of(bills.read(json, type));
    }

    /** A file as it came. */
    public byte[] file(long bill) {
        require();
        return jdbc.sql("select file from pay_bill where id = ?").param(bill).query((row, n) -> row.getBytes(1)).single();
    }

    /** Whether whoever acts may do this at every site. */
    public boolean may() {
        return rights.may(Right.RECONCILE, Place.hub())
                || !sites.sites().isEmpty() && sites.sites().stream().allMatch(site -> rights.may(Right.RECONCILE, Place.site(site.id())));
    }

    void require() {
        if (!may()) {
            rights.require(Right.RECONCILE, Place.hub());
        }
    }

    void why(String why) {
        if (why == null || why.isBlank() || why.length() > 500) {
            throw new PaymentRefused("why", texts.of("refused.reconciliation_why"));
        }
    }

    private static OffsetDateTime utc(Instant at) {
        return at.atOffset(ZoneOffset.UTC);
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
        return at == null ? null : at.toInstant();
    }
}
