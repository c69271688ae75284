package io.meterhub.billing;

import io.meterhub.billing.Ledger.Entry;
import io.meterhub.billing.Ledger.Gl;
import io.meterhub.billing.Ledger.Journal;
import io.meterhub.site.Audit;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** Sells credit at the counter (柜台充值). */
@Component
public class Counter {

    private final JdbcClient jdbc;
    private final Ledger ledger;
    private final Accounts accounts;
    private final Sites sites;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;
    private final BigDecimal limitYuan;

    Counter(JdbcClient jdbc, Ledger ledger, Accounts accounts, Sites sites, Audit audit, Texts texts, Clock clock,
            @Value("${meterhub.billing.sale-limit-yuan:100000}") BigDecimal limitYuan) {
        this.jdbc = jdbc;
        this.ledger = ledger;
        this.accounts = accounts;
        this.sites = sites;
        this.audit = audit;
        this.texts = texts;
        this.clock = clock;
        this.limitYuan = limitYuan;
    }

    /**
     * Books a sale once, however often and by however many it is asked for with the same key. Durable when this returns;
     * who was off for want of credit is on its way back on.
     */
    @Transactional
    public SaleResult sell(SaleRequest request) {
        Optional<SaleResult> refused = refuse(request);
        if (refused.isPresent()) {
            return refused.get();
        }
        Optional<Account> found = accounts.account(request.accountId());
        if (found.isEmpty()) {
            return new SaleResult.Refused("accountId", texts.of("refused.no_account", Integer.toString(request.accountId())));
        }
        Account account = found.get();
        if (account.closedAt() != null) {
            return earlier(account.siteId(), request).orElseGet(
                    () -> new SaleResult.Refused("accountId", texts.of("refused.account_closed", account.number())));
        }
        Site site = sites.site(account.siteId());
        BigDecimal amount = request.amountYuan().setScale(2);
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        LocalDate today = site.dayOf(now);
        String key = "sale:" + request.idempotencyKey();
        String why = request.note() == null || request.note().isBlank() ? "sale at the counter" : request.note();
        // The journal's key decides which of several callers sells; the others wait here and then find the sale made.
        Long journalId = ledger.open(List.of(new Journal(site.id(), key, Ledger.Cause.SALE, now, today, request.who(), why)))
                .get(key);
        if (journalId == null) {
            return earlier(site.id(), request).orElseThrow();
        }
        Receipt receipt = new Receipt(receiptNumber(site.id(), today), account.id(), account.number(), amount,
                request.method(), request.who(), request.note(), now);
        Gl paidInto = switch (request.method()) {
            case CASH -> Gl.CASH;
            case TRANSFER -> Gl.TRANSFER;
        };
        BigDecimal creditAfter = ledger.enter(
                Map.of(journalId, List.of(Entry.against(paidInto, amount),
                        Entry.customer(account.id(), amount))),
                Map.of(), request.who(), "sale " + receipt.number()).get(account.id());
        keep(site.id(), request, receipt, journalId, creditAfter);
        audit.record(site.id(), request.who(), "sale.counter", "account " + account.number(), null, receipt, request.note());
        return new SaleResult.Sold(receipt, creditAfter, false);
    }

    private Optional<SaleResult> refuse(SaleRequest request) {
        if (request.idempotencyKey() == null || request.idempotencyKey().isBlank() || request.idempotencyKey().length() > 100) {
            return refused("idempotencyKey", "sale_key");
        }
        BigDecimal amount = request.amountYuan();
        if (amount == null || amount.signum() <= 0 || amount.stripTrailingZeros().scale() > 2
                || amount.compareTo(limitYuan) > 0) {
            return refused("amountYuan", "sale_amount", limitYuan.toPlainString());
        }
        if (request.method() == null) {
            return refused("method", "sale_method");
        }
        if (request.who() == null || request.who().isBlank()) {
            return refused("who", "sale_who");
        }
        return Optional.empty();
    }

    private Optional<SaleResult> refused(String field, String key, Object... words) {
        return Optional.of(new SaleResult.Refused(field, texts.of("refused." + key, words)));
    }

    private Optional<SaleResult> earlier(int siteId, SaleRequest request) {
        record First(Receipt receipt, BigDecimal creditAfter, String hash) {
        }
        return jdbc.sql("""
                select s.*, a.number from sale s join account a on a.id = s.account_id
                where s.site_id = :site and s.idempotency_key = :key""")
                .param("site", siteId).param("key", request.idempotencyKey())
                .query((row, n) -> new First(Accounts.receipt(row), row.getBigDecimal("credit_after_yuan"),
                        row.getString("request_hash")))
                .optional()
                .map(first -> first.hash().equals(hash(request))
                        ? new SaleResult.Sold(first.receipt(), first.creditAfter(), true)
                        : new SaleResult.KeyReused(first.receipt()));
    }

    private String receiptNumber(int siteId, LocalDate day) {
        int number = jdbc.sql("""
                insert into receipt_counter (site_id, site_day) values (:site, :day)
                on conflict (site_id, site_day) do update set last = receipt_counter.last + 1
                returning last""").param("site", siteId).param("day", day).query(Integer.class).single();
        return "R-%s-%06d".formatted(DateTimeFormatter.BASIC_ISO_DATE.format(day), number);
    }

    private void keep(int siteId, SaleRequest request, Receipt receipt, long journalId, BigDecimal creditAfter) {
        jdbc.sql("""
                insert into sale (site_id, idempotency_key, request_hash, account_id, amount_yuan, method, receipt_number,
                                  journal_id, credit_after_yuan, who, note, at)
                values (:site, :key, :hash, :account, :amount, :method, :receipt, :journal, :credit, :who, :note, :at)""")
                .param("site", siteId).param("key", request.idempotencyKey()).param("hash", hash(request))
                .param("account", request.accountId()).param("amount", receipt.amountYuan())
                .param("method", request.method().name()).param("receipt", receipt.number()).param("journal", journalId)
                .param("credit", creditAfter).param("who", request.who()).param("note", request.note())
                .param("at", receipt.at().atOffset(ZoneOffset.UTC))
                .update();
    }

    /** What makes a request the same request: everything but who asks. */
    private static String hash(SaleRequest request) {
        String body = String.join("\n", Integer.toString(request.accountId()),
                request.amountYuan().stripTrailingZeros().toPlainString(), request.method().name(),
                request.note() == null ? "" : request.note());
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
