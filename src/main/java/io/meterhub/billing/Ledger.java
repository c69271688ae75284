package io.meterhub.billing;

import static io.meterhub.billing.SqlArrays.array;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntFunction;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/**
 * The double-entry ledger (复式分类账). A journal has a key, once per site: the unique key decides whether something was
 * booked already. Nothing is ever changed in it; the schema refuses, and at the commit it refuses a journal without entries or out
 * of balance.
 */
@Component
class Ledger {

    private final JdbcClient jdbc;
    private final Credits credits;

    Ledger(JdbcClient jdbc, Credits credits) {
        this.jdbc = jdbc;
        this.credits = credits;
    }

    /** Why something is booked. */
    enum Cause {
        OPENING, SALE, CHARGE_DAY, REVERSAL, GIFT, DEPOSIT, REFUND, TRANSFER, WRITE_OFF, DEBT, FEE_RUN, SHARE, CORRECTION, GIVE_BACK,
        CLEARING
    }

    /** The general ledger's accounts, as the table gl explains them. */
    enum Gl {
        CUSTOMER, DEPOSIT, DEBT, CASH, TRANSFER, OPENING, REVENUE_ELECTRICITY, REVENUE_WATER, REVENUE_PROPERTY_FEE, REVENUE_SHARED,
        GIFT, WRITE_OFF, GIVE_BACK, WECHAT, ALIPAY, SUSPENSE, GIVING_BACK, PLATFORM_FEE, BANK, DIFFERENCE;

        /** Kept for each customer's account. */
        boolean byAccount() {
            return this == CUSTOMER || this == DEPOSIT || this == DEBT;
        }
    }

    /** The head of a journal. {@code reverses} is the journal that it takes back, or null; a journal is taken back once. */
    record Journal(int siteId, String key, Cause cause, Instant at, LocalDate siteDay, String who, String why, Long reverses) {

        Journal(int siteId, String key, Cause cause, Instant at, LocalDate siteDay, String who, String why) {
            this(siteId, key, cause, at, siteDay, who, why, null);
        }
    }

    /** A line of a journal: an amount above 0 on one side. {@code accountId} where {@link Gl#byAccount}. */
    record Entry(Gl gl, Integer accountId, BigDecimal debit, BigDecimal credit) {

        /** Above 0 gives to the customer, below takes. */
        static Entry customer(int accountId, BigDecimal yuan) {
            return of(Gl.CUSTOMER, accountId, yuan);
        }

        /** An amount by account: above 0 credits, below debits. */
        static Entry of(Gl gl, Integer accountId, BigDecimal yuan) {
            return new Entry(gl, accountId, yuan.negate().max(BigDecimal.ZERO), yuan.max(BigDecimal.ZERO));
        }

        /** What takes this entry back. */
        Entry mirrored() {
            return new Entry(gl, accountId, credit, debit);
        }

        /** The other side of an entry by account: above 0 debits, below credits. */
        static Entry against(Gl gl, BigDecimal yuan) {
            return new Entry(gl, null, yuan.max(BigDecimal.ZERO), yuan.negate().max(BigDecimal.ZERO));
        }
    }

    /**
     * Opens journals. Waits for others who are just opening one with the same key, or taking the same journal back.
     *
     * @return the ids of those that are new, by key; what is not there was booked, or taken back, before
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public Map<String, Long> open(List<Journal> journals) {
        List<Journal> inOrder = journals.stream()
                .sorted(Comparator.comparing(Journal::siteId).thenComparing(Journal::key)).toList();
        Map<String, Long> opened = new HashMap<>();
        jdbc.sql("""
                insert into journal (site_id, key, cause, at, site_day, who, why, reverses)
                select * from unnest(:sites, :keys, :causes, :ats, :days, :whos, :whys, :reverses)
                on conflict do nothing returning id, key""")
                .param("sites", array("int4", inOrder, Journal::siteId))
                .param("keys", array("text", inOrder, Journal::key))
                .param("causes", array("text", inOrder, journal -> journal.cause().name()))
                .param("ats", array("timestamptz", inOrder, Journal::at))
                .param("days", array("date", inOrder, Journal::siteDay))
                .param("whos", array("text", inOrder, Journal::who))
                .param("whys", array("text", inOrder, Journal::why))
                .param("reverses", array("int8", inOrder, Journal::reverses))
                .query(row -> {
                    opened.put(row.getString("key"), row.getLong("id"));
                });
        return opened;
    }

    /** The lines of a journal. */
    List<Entry> entries(long journalId) {
        return jdbc.sql("select gl, account_id, debit, credit from entry where journal_id = ? order by line").param(journalId)
                .query(Entry.class).list();
    }

    /**
     * Writes the lines of journals and moves the accounts' posted balances with them.
     *
     * @param opened  what of the accounts' open charges the journals take over: added to open_yuan
     * @param cause   what credit changed by, for people
     * @return the credit after it of every account touched
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public Map<Integer, BigDecimal> enter(Map<Long, List<Entry>> entries, Map<Integer, BigDecimal> opened, String who,
                                          String cause) {
        return enter(entries, opened, who, account -> cause);
    }

    /** The same, where each account's credit changes by something of its own. */
    @Transactional(propagation = Propagation.MANDATORY)
    public Map<Integer, BigDecimal> enter(Map<Long, List<Entry>> entries, Map<Integer, BigDecimal> opened, String who,
                                          IntFunction<String> cause) {
        record Line(long journalId, int line, Entry entry) {
        }
        List<Line> lines = new ArrayList<>();
        SortedMap<Integer, Credits.Change> changes = new TreeMap<>();
        SortedMap<Integer, Credits.Held> held = new TreeMap<>();
        opened.forEach((account, open) -> changes.put(account, new Credits.Change(BigDecimal.ZERO, open)));
        entries.forEach((journalId, its) -> {
            for (int i = 0; i < its.size(); i++) {
                Entry entry = its.get(i);
                lines.add(new Line(journalId, i + 1, entry));
                BigDecimal yuan = entry.credit().subtract(entry.debit());
                switch (entry.gl()) {
                    case CUSTOMER -> changes.merge(entry.accountId(), new Credits.Change(yuan, BigDecimal.ZERO), Credits.Change::plus);
                    case DEPOSIT -> held.merge(entry.accountId(), new Credits.Held(yuan, BigDecimal.ZERO), Credits.Held::plus);
                    case DEBT -> held.merge(entry.accountId(), new Credits.Held(BigDecimal.ZERO, yuan.negate()), Credits.Held::plus);
                    default -> { }
                }
            }
        });
        jdbc.sql("""
                insert into entry (journal_id, line, gl, account_id, debit, credit)
                select * from unnest(:journals, :lines, :gls, :accounts, :debits, :credits)""")
                .param("journals", array("int8", lines, Line::journalId))
                .param("lines", array("int2", lines, Line::line))
                .param("gls", array("text", lines, line -> line.entry().gl().name()))
                .param("accounts", array("int4", lines, line -> line.entry().accountId()))
                .param("debits", array("numeric", lines, line -> line.entry().debit()))
                .param("credits", array("numeric", lines, line -> line.entry().credit()))
                .update();
        credits.hold(held);
        return credits.change(changes, who, cause);
    }
}
