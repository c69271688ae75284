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
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Decimals;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.math.RoundingMode;
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

    /** The lines of a day's bill with the site whose they are; what is nobody's stands in the books of the first. */
    private static final String BILLED = """
            select coalesce(p.site_id, o.site_id, (select min(id) from site)) as site_id, l.kind, l.state, l.fen, l.fee_yuan
            from pay_reconciliation r join pay_bill_line l on l.bill_id = r.trade_bill_id
            left join pay_payment p on p.channel = r.channel and p.transaction_id = l.transaction_id
            left join pay_order o on o.channel = r.channel and o.number = l.order_number where r.id = :id
            """;

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
                fetch(platform, work.get());
                work = claim(platform.channel(), null);
            }
        });
        jdbc.sql("select id, channel, day from pay_reconciliation where state = 'OPEN' and compared_at < :before order by id")
                .param("before", utc(clock.instant().minus(ANEW))).query((row, n) -> work(row, null)).list()
                .forEach(open -> transaction.executeWithoutResult(status -> compare(open)));
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
                    .query((row, n) -> work(row, null)).list().forEach(day -> transaction.executeWithoutResult(status -> compare(day)));
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
        boolean mayChange = !work.day.plusDays(CORRECTED_DAYS).isBefore(LocalDate.ofInstant(now, BillTable.ZONE));
        Instant next = !problems.isEmpty() ? now.plus(pause.compareTo(AGAIN_AT_MOST) > 0 ? AGAIN_AT_MOST : pause)
                : mayChange ? now.plus(Duration.ofDays(1)) : null;
        jdbc.sql("""
                update pay_reconciliation set worker = null, held_until = null, next_look_at = :next, problems = :problems::jsonb,
                       tries = case when :fine then 0 else tries end,
                       state = case when trade_bill_id is not null then state when :refused then 'REFUSED' else 'WAITING' end
                where id = :id""")
                .param("next", next == null ? null : utc(next)).param("problems", bills.written(problems)).param("fine", problems.isEmpty())
                .param("refused", refused).param("id", work.id).update();
        if (changed) {
            compare(work);
        }
        return changed;
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
        bills.write(id, BillBook.trades(work.channel, bill.name(), work.day, bill.file()));
        return jdbc.sql("update pay_reconciliation set trade_bill_id = :bill where id = :id and trade_bill_id is distinct from :bill")
                .param("bill", id).param("id", work.id).update() > 0;
    }

    /** Compares a day whose bill is there, and closes it when nothing is open. */
    private void compare(Work work) {
        if (jdbc.sql("select 1 from pay_reconciliation where id = ? and trade_bill_id is not null for update").param(work.id)
                .query(Integer.class).optional().isPresent()) {
            int open = matches.compare(work.id, work.channel, work.day, settings.terms(work.channel));
            closeWhere(work.id, work.channel, work.day, open == 0);
            jdbc.sql("update pay_reconciliation set compared_at = :now where id = :id").param("now", utc(clock.instant())).param("id", work.id)
                    .update();
        }
    }

    /** Something was decided. The caller holds the day's row. */
    void recompare(Channel channel, LocalDate day) {
        jdbc.sql("select id, channel, day from pay_reconciliation where channel = :channel and day = :day").param("channel", channel.name())
                .param("day", day).query((row, n) -> work(row, null)).optional().ifPresent(this::compare);
    }

    /** The caller holds the day's row. */
    private void closeWhere(long id, Channel channel, LocalDate day, boolean nothingOpen) {
        Instant now = clock.instant();
        boolean changed = jdbc.sql("""
                update pay_reconciliation set state = :state, closed_at = case when :closed then :now::timestamptz end where id = :id and state <> :state""")
                .param("state", nothingOpen ? "CLOSED" : "OPEN").param("closed", nothingOpen).param("now", utc(now)).param("id", id).update() > 0;
        if (changed) {
            audit.record(null, "hub", nothingOpen ? "reconciliation.closed" : "reconciliation.opened", subject(channel, day), null, null, null);
        }
        if (nothingOpen) {
            bookFees(id, channel, day);
        }
    }

    static String subject(Channel channel, LocalDate day) {
        return "reconciliation " + channel + " " + day;
    }

    /** What the platform kept, site by site, as far as it is not booked yet. */
    private void bookFees(long id, Channel channel, LocalDate day) {
        record Fee(int siteId, BigDecimal yuan, int seq) {
        }
        jdbc.sql("with billed as (" + BILLED + """
                ), kept as (
                    select site_id, sum(fee_yuan) as fee from billed group by site_id
                ), decided as (
                    select m.site_id, sum(m.booked_yuan) as booked from pay_match m
                    where m.reconciliation_id = :id and m.difference = 'FEE' and m.site_id is not null group by m.site_id
                ), before as (
                    select site_id, sum(yuan) as yuan, max(seq) as seq from pay_day_fee where reconciliation_id = :id group by site_id
                )
                select site_id, coalesce(fee, 0) + coalesce(booked, 0) - coalesce(b.yuan, 0) as yuan, coalesce(seq, 0) + 1 as seq
                from kept full outer join decided using (site_id) full outer join before b using (site_id) order by site_id""")
                .param("id", id).query(Fee.class).list().stream()
                .filter(fee -> fee.yuan().signum() != 0).forEach(fee -> clearing.book(fee.siteId(), "pay:fees:" + channel + ":" + day + ":" + fee.seq(),
                        fee.yuan().signum() > 0 ? Fund.PLATFORM_FEE : fund(channel), fee.yuan().signum() > 0 ? fund(channel) : Fund.PLATFORM_FEE,
                        fee.yuan().abs(), "hub", "fees of " + channel + " " + day).ifPresent(journal -> jdbc.sql("""
                                insert into pay_day_fee (reconciliation_id, site_id, seq, yuan, journal_id) values (?, ?, ?, ?, ?)""")
                        .params(id, fee.siteId(), fee.seq(), fee.yuan(), journal).update()));
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
        jdbc.sql("insert into pay_reconciliation (channel, day) values (?, ?) on conflict do nothing").params(channel.name(), day).update();
        Work work = claim(channel, day).orElseThrow(() -> new PaymentRefused("day", texts.of("refused.reconciliation_busy")));
        fetch(platform, work);
        transaction.executeWithoutResult(status -> {
            compare(work);
            audit.record(null, who, "reconciliation.fetched", subject(channel, day), null, null, null);
        });
        return day(channel, day);
    }

    /**
     * What came at the bank for a day. Where it is what the fund-flow bill says it is booked, and stays.
     *
     * @throws PaymentRefused if there is no fund-flow bill yet, or it was booked
     */
    @Transactional
    public ReconciledDay bank(Channel channel, LocalDate day, BigDecimal yuan, String who, String why) {
        require();
        if (yuan == null || !Decimals.fit(yuan, MOST_DIGITS, 2)) {
            throw new PaymentRefused("yuan", texts.of("refused.reconciliation_bank_amount"));
        }
        why(why);
        long id = jdbc.sql("select id from pay_reconciliation where channel = :channel and day = :day for update").param("channel", channel.name())
                .param("day", day).query(Long.class).optional().orElseThrow(() -> missing(channel, day));
        ReconciledDay before = day(channel, day);
        if (before.funds() == null) {
            throw new PaymentRefused("yuan", texts.of("refused.reconciliation_no_funds"));
        }
        if (before.bank() != null && before.bank().gapYuan().signum() == 0) {
            if (before.bank().yuan().compareTo(yuan) == 0) {
                return before;
            }
            throw new PaymentRefused("yuan", texts.of("refused.reconciliation_bank_booked"));
        }
        jdbc.sql("update pay_reconciliation set bank_yuan = :yuan, bank_who = :who, bank_why = :why, bank_at = :now where id = :id")
                .param("yuan", yuan).param("who", who).param("why", why).param("now", utc(clock.instant())).param("id", id).update();
        if (before.funds().netYuan().compareTo(yuan) == 0) {
            bookBank(id, channel, day, yuan, who, why);
        }
        audit.record(null, who, "reconciliation.bank", subject(channel, day), before.bank(), Map.of("yuan", yuan), why);
        return day(channel, day);
    }

    /** To each site what the bill has of it. */
    private void bookBank(long id, Channel channel, LocalDate day, BigDecimal yuan, String who, String why) {
        Map<Integer, BigDecimal> shares = new LinkedHashMap<>();
        sites.sites().stream().map(Site::id).sorted().forEach(site -> shares.put(site, BigDecimal.ZERO));
        BigDecimal rest = yuan;
        record Share(int siteId, BigDecimal yuan) {
        }
        for (Share share : jdbc.sql("with billed as (" + BILLED + """
                )
                select site_id, sum(case when state = 'FAILED' then 0 when kind = 'PAYMENT' then fen else -fen end) / 100.0 - sum(fee_yuan) as yuan
                from billed group by site_id order by site_id""").param("id", id)
                .query(Share.class).list()) {
            BigDecimal fen = share.yuan().setScale(2, RoundingMode.HALF_UP);
            shares.put(share.siteId(), fen);
            rest = rest.subtract(fen);
        }
        BigDecimal left = rest;
        shares.entrySet().stream().findFirst().ifPresent(first -> first.setValue(first.getValue().add(left)));
        shares.forEach((site, share) -> {
            if (share.signum() != 0) {
                clearing.book(site, "pay:bank:" + channel + ":" + day, share.signum() > 0 ? Fund.BANK : fund(channel),
                        share.signum() > 0 ? fund(channel) : Fund.BANK, share.abs(), who, why);
            }
        });
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
                select r.*, r.problems::text as said, r.funds::text as flow,
                       (select jsonb_agg(jsonb_build_object('difference', d.difference, 'rows', d.rows)) from (
                            select difference, count(*) as rows from pay_match m where m.reconciliation_id = r.id and m.state <> 'GONE'
                            and m.round = (select max(n.round) from pay_match n where n.reconciliation_id = m.reconciliation_id and n.kind = m.kind
                                           and n.key = m.key and n.occurrence = m.occurrence) group by difference) as d)::text as counts,
                       (select count(*) from pay_match m where m.reconciliation_id = r.id and m.state = 'OPEN') as open,
                       t.*, o.*,
                       (select jsonb_agg(jsonb_build_object('id', b.id, 'kind', b.kind, 'name', b.name, 'sha256', encode(b.sha256, 'hex'),
                            'bytes', length(b.file), 'fetchedAt', b.fetched_at, 'inForce', b.id in (r.trade_bill_id, coalesce(r.funds_bill_id, 0)))
                            order by b.id desc) from pay_bill b where b.channel = r.channel and b.day = r.day)::text as files
                from (select * from pay_reconciliation where %s order by day desc, channel limit :limit) r
                cross join lateral (
                    select count(*) filter (where kind = 'PAYMENT') as there_paid,
                           coalesce(sum(fen) filter (where kind = 'PAYMENT'), 0) / 100.0 as there_paid_yuan,
                           count(*) filter (where kind = 'REFUND' and state <> 'FAILED') as there_back,
                           coalesce(sum(fen) filter (where kind = 'REFUND' and state <> 'FAILED'), 0) / 100.0 as there_back_yuan,
                           coalesce(sum(fee_yuan), 0) as there_fee_yuan
                    from pay_bill_line where bill_id = r.trade_bill_id) t
                cross join lateral (
                    select count(*) filter (where kind = 'PAYMENT') as here_paid,
                           coalesce(sum(our_yuan) filter (where kind = 'PAYMENT'), 0) as here_paid_yuan,
                           count(*) filter (where kind = 'REFUND') as here_back,
                           coalesce(sum(our_yuan) filter (where kind = 'REFUND'), 0) as here_back_yuan
                    from pay_match m where m.reconciliation_id = r.id and m.round = 0 and m.occurrence = 0 and m.our_yuan is not null
                         and m.state <> 'GONE' and (m.bill_id is null and m.difference <> 'CUT_OFF'
                             or exists (select from pay_bill b where b.id = m.bill_id and b.day = r.day))) o
                order by r.day desc, r.channel""".formatted(which))
                .param("channel", channel == null ? null : channel.name()).param("before", day).param("limit", limit)
                .query((row, n) -> reconciled(row)).list();
    }

    private ReconciledDay reconciled(ResultSet row) throws SQLException {
        FundBill flow = bills.read(row.getString("flow"), FundBill.class);
        Funds funds = flow == null ? null : new Funds(flow.lines(), flow.inYuan(), flow.outYuan(), flow.feeYuan(), flow.otherYuan(), flow.drawnYuan(),
                flow.netYuan());
        BigDecimal bank = row.getBigDecimal("bank_yuan");
        return new ReconciledDay(row.getLong("id"), Channel.valueOf(row.getString("channel")), row.getObject("day", LocalDate.class),
                ReconciledDay.State.valueOf(row.getString("state")), list(row.getString("counts"), Count[].class), row.getInt("open"),
                new Sums(row.getInt("there_paid"), fen(row, "there_paid_yuan"), row.getInt("there_back"), fen(row, "there_back_yuan"),
                        row.getBigDecimal("there_fee_yuan")),
                new Sums(row.getInt("here_paid"), fen(row, "here_paid_yuan"), row.getInt("here_back"), fen(row, "here_back_yuan"), null), funds,
                bank == null ? null : new Bank(bank, funds == null ? bank : bank.subtract(funds.netYuan()), row.getString("bank_who"),
                        row.getString("bank_why"), instant(row, "bank_at")),
                list(row.getString("files"), Bill[].class), list(row.getString("said"), BillProblem[].class), instant(row, "next_look_at"),
                instant(row, "compared_at"), instant(row, "closed_at"));
    }

    private <T> List<T> list(String json, Class<T[]> type) {
        return json == null ? List.of() : List.of(bills.read(json, type));
    }

    private static BigDecimal fen(ResultSet row, String column) throws SQLException {
        return row.getBigDecimal(column).setScale(2, RoundingMode.HALF_UP);
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
