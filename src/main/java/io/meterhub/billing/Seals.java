package io.meterhub.billing;

import io.meterhub.billing.Ledger.Entry;
import io.meterhub.billing.Ledger.Journal;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The chain over a site's journals (哈希链): each seal is a hash over the one before and the journal with its entries, so that
 * nothing in the middle can be changed, put in or taken out without its showing. Sealing follows booking by a few seconds, so that
 * no sale waits for another's hash.
 */
@Component("seals")
class Seals {

    private static final int BATCH = 500;
    /** The first number of the advisory lock, with the site as the second. */
    private static final int LOCK = 0x5EA1;
    private static final byte[] START = new byte[32];

    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;

    Seals(JdbcClient jdbc, PlatformTransactionManager transactions) {
        this.jdbc = jdbc;
        this.transaction = new TransactionTemplate(transactions);
    }

    /** A journal as it lies in the database. */
    record Booked(long id, Journal journal, List<Entry> entries) {

        /**
         * What is hashed: a line for each field of the journal in the order of its table, and one for each entry in the order of
         * its lines. Free text has its backslashes and line breaks escaped, times are UTC, amounts have 12 decimals.
         */
        String text() {
            StringBuilder text = new StringBuilder();
            line(text, "journal", id);
            line(text, "site", journal.siteId());
            line(text, "key", escaped(journal.key()));
            line(text, "cause", journal.cause());
            line(text, "at", journal.at());
            line(text, "day", journal.siteDay());
            line(text, "who", escaped(journal.who()));
            line(text, "why", escaped(journal.why()));
            line(text, "reverses", journal.reverses() == null ? "-" : journal.reverses());
            for (Entry entry : entries) {
                line(text, "entry", entry.gl() + " " + (entry.accountId() == null ? "-" : entry.accountId()) + " "
                        + yuan(entry.debit()) + " " + yuan(entry.credit()));
            }
            return text.toString();
        }

        private static void line(StringBuilder text, String name, Object value) {
            text.append(name).append(' ').append(value).append('\n');
        }

        private static String escaped(String free) {
            return free.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r");
        }

        private static String yuan(BigDecimal amount) {
            return amount.setScale(12).toPlainString();
        }

        byte[] hash(byte[] before) {
            try {
                MessageDigest sha = MessageDigest.getInstance("SHA-256");
                sha.update(before);
                return sha.digest(text().getBytes(StandardCharsets.UTF_8));
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private record Seal(long seq, long journalId, byte[] hash) {
    }

    /** Where a site's chain stands. {@code lastHash} in hexadecimal, null before the first. */
    record Head(int siteId, String site, long sealed, String lastHash, long waiting) {
    }

    /** Seals what waits, of all sites. Another hub that is about it is waited for, so that all is sealed when this returns. */
    public void seal() {
        for (int site : jdbc.sql("select distinct site_id from journal_to_seal order by site_id").query(Integer.class).list()) {
            int sealed = BATCH;
            while (sealed == BATCH) {
                sealed = transaction.execute(status -> sealSome(site));
            }
        }
    }

    private int sealSome(int siteId) {
        jdbc.sql("select pg_advisory_xact_lock(:lock, :site)").param("lock", LOCK).param("site", siteId).query(row -> { });
        List<Long> ids = jdbc.sql("""
                delete from journal_to_seal where site_id = :site and journal_id in (
                    select journal_id from journal_to_seal where site_id = :site order by journal_id limit :batch)
                returning journal_id""")
                .param("site", siteId).param("batch", BATCH).query(Long.class).list().stream().sorted().toList();
        if (ids.isEmpty()) {
            return 0;
        }
        Map<Long, Booked> journals = journals(ids);
        Optional<Seal> last = jdbc.sql("select seq, journal_id, hash from journal_seal where site_id = ? order by seq desc limit 1")
                .param(siteId).query(Seal.class).optional();
        long seq = last.map(Seal::seq).orElse(0L);
        byte[] hash = last.map(Seal::hash).orElse(START);
        List<Seal> seals = new ArrayList<>();
        for (long id : ids) {
            if (journals.containsKey(id)) {
                hash = journals.get(id).hash(hash);
                seals.add(new Seal(++seq, id, hash));
            }
        }
        jdbc.sql("""
                insert into journal_seal (site_id, seq, journal_id, hash)
                select :site, seq, journal, decode(hash, 'hex') from unnest(:seqs, :journals, :hashes) as v (seq, journal, hash)""")
                .param("site", siteId)
                .param("seqs", new SqlArrayValue("int8", seals.stream().map(Seal::seq).toArray()))
                .param("journals", new SqlArrayValue("int8", seals.stream().map(Seal::journalId).toArray()))
                .param("hashes", new SqlArrayValue("text", seals.stream().map(seal -> HexFormat.of().formatHex(seal.hash())).toArray()))
                .update();
        return ids.size();
    }

    private Map<Long, Booked> journals(List<Long> ids) {
        Map<Long, Booked> journals = new HashMap<>();
        jdbc.sql("select * from journal where id = any(:ids)").param("ids", new SqlArrayValue("int8", ids.toArray()))
                .query((row, n) -> booked(row)).list().forEach(booked -> journals.put(booked.id(), booked));
        jdbc.sql("select * from entry where journal_id = any(:ids) order by journal_id, line")
                .param("ids", new SqlArrayValue("int8", ids.toArray()))
                .query(row -> {
                    Booked its = journals.get(row.getLong("journal_id"));
                    if (its != null) {
                        its.entries().add(new Entry(Ledger.Gl.valueOf(row.getString("gl")), row.getObject("account_id", Integer.class),
                                row.getBigDecimal("debit"), row.getBigDecimal("credit")));
                    }
                });
        return journals;
    }

    private static Booked booked(ResultSet row) throws SQLException {
        return new Booked(row.getLong("id"), new Journal(row.getInt("site_id"), row.getString("key"),
                Ledger.Cause.valueOf(row.getString("cause")), row.getObject("at", OffsetDateTime.class).toInstant(),
                row.getObject("site_day", LocalDate.class), row.getString("who"), row.getString("why"),
                row.getObject("reverses", Long.class)), new ArrayList<>());
    }

    /** @param siteId null for all */
    List<Head> heads(Integer siteId) {
        return jdbc.sql("""
                select s.id as site_id, s.code as site, coalesce(l.seq, 0) as sealed, encode(l.hash, 'hex') as last_hash,
                       (select count(*) from journal j where j.site_id = s.id
                        and not exists (select from journal_seal x where x.journal_id = j.id)) as waiting
                from site s
                left join lateral (select seq, hash from journal_seal where site_id = s.id order by seq desc limit 1) l on true
                where :site::int is null or s.id = :site order by s.code""")
                .param("site", siteId).query(Head.class).list();
    }

    /**
     * Reads a site's chain again from its first seal. Each hash is checked against the one that is kept before it: so a changed
     * journal is named alone, and not with all that follow.
     *
     * @return what does not hold, a sentence each
     */
    List<String> verify(Head head) {
        List<String> problems = new ArrayList<>();
        byte[] before = START;
        long expected = 1;
        List<Seal> seals = after(head.siteId(), 0);
        while (!seals.isEmpty()) {
            Map<Long, Booked> journals = journals(seals.stream().map(Seal::journalId).toList());
            for (Seal seal : seals) {
                boolean follows = seal.seq() == expected;
                if (!follows) {
                    problems.add("journal seals of site %s: %s is missing".formatted(head.site(), seal.seq() - 1 == expected ? expected
                            : expected + " to " + (seal.seq() - 1)));
                }
                Booked journal = journals.get(seal.journalId());
                if (journal == null) {
                    problems.add("journal %d: was removed; seal %d of site %s is its own".formatted(seal.journalId(), seal.seq(), head.site()));
                } else if (follows && !Arrays.equals(journal.hash(before), seal.hash())) {
                    problems.add("journal %d: it, an entry of it or its seal was changed after it was sealed; seal %d of site %s does not hold"
                            .formatted(seal.journalId(), seal.seq(), head.site()));
                }
                before = seal.hash();
                expected = seal.seq() + 1;
            }
            seals = after(head.siteId(), expected - 1);
        }
        return problems;
    }

    private List<Seal> after(int siteId, long seq) {
        return jdbc.sql("select seq, journal_id, hash from journal_seal where site_id = :site and seq > :seq order by seq limit :batch")
                .param("site", siteId).param("seq", seq).param("batch", BATCH).query(Seal.class).list();
    }
}
