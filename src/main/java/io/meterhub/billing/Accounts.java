package io.meterhub.billing;

import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Place;
import io.meterhub.site.Reach;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The shops' accounts and what is written in them. */
@Component
public class Accounts {

    /** What {@link #receipt} reads, to be followed by a condition on {@code r}. */
    static final String RECEIPTS = """
            select r.*, a.number as account_number, o.number as other_account_number, x.number as reversed_number
            from receipt r join account a on a.id = r.account_id
                 left join account o on o.id = r.other_account_id left join receipt x on x.id = r.reverses
            """;

    private static final String WITHIN_REACH = Reach.sql("site_id", "shop_id", null);

    private final JdbcClient jdbc;
    private final Tariffs tariffs;
    private final Rights rights;

    Accounts(JdbcClient jdbc, Tariffs tariffs, Rights rights) {
        this.rights = rights;
        this.jdbc = jdbc;
        this.tariffs = tariffs;
    }

    /** A site's accounts in the order of their numbers, closed ones last. */
    public List<Account> of(int siteId) {
        return jdbc.sql("select * from account where site_id = ? order by closed_at is not null, id").param(siteId)
                .query((row, n) -> account(row)).list();
    }

    /**
     * The accounts with a higher id than {@code after}, in the order of their ids.
     *
     * @param siteId null for every site
     * @param shopId null for every shop
     */
    public List<Account> page(Integer siteId, Integer shopId, int after, int limit) {
        return jdbc.sql("""
                select * from account
                where id > :after and (:site::int is null or site_id = :site) and (:shop::int is null or shop_id = :shop)
                  and""" + WITHIN_REACH + """
                order by id limit :limit""")
                .params(rights.reach(Right.VIEW).parameters()).param("site", siteId).param("shop", shopId).param("after", after).param("limit", limit)
                .query((row, n) -> account(row)).list();
    }

    /** What may not be seen by whoever asks is not there. */
    public Optional<Account> account(int id) {
        return jdbc.sql("select * from account where id = :id and" + WITHIN_REACH).param("id", id)
                .params(rights.reach(Right.VIEW).parameters()).query((row, n) -> account(row)).optional();
    }

    /** @throws io.meterhub.people.Forbidden if whoever acts has not the right at the accounts' shops */
    void require(Right right, List<Integer> accountIds) {
        jdbc.sql("select distinct site_id, shop_id from account where id = any(?)").param(accountIds.toArray(Integer[]::new))
                .query((row, n) -> Place.shop(row.getInt("site_id"), row.getInt("shop_id"))).list().forEach(place -> rights.require(right, place));
    }

    /** A site's account by its number. */
    public Optional<Account> numbered(int siteId, String number) {
        return jdbc.sql("select * from account where site_id = ? and number = ?").params(siteId, number).query((row, n) -> account(row)).optional();
    }

    /** The meters whose consumption the account pays now. */
    public List<Integer> meters(int accountId) {
        return jdbc.sql("select meter_id from account_meter where account_id = ? and valid_to is null order by meter_id")
                .param(accountId).query(Integer.class).list();
    }

    /** The meters the supply of which hangs on the account: those that it pays for, and on the property fee all of the shop. */
    public List<Integer> supplied(int accountId) {
        return jdbc.sql("""
                select meter_id from account_meter where account_id = :account and valid_to is null
                union select m.id from account a join meter m on m.shop_id = a.shop_id where a.id = :account and a.kind = 'PROPERTY_FEE' and m.enabled
                order by meter_id""")
                .param("account", accountId).query(Integer.class).list();
    }

    /** The newest entries first, those before the given journal; {@code beforeJournalId} null: from the newest. */
    public List<LedgerLine> lines(int accountId, Long beforeJournalId, int limit) {
        return jdbc.sql("""
                select e.journal_id, j.cause, j.at, j.site_day, e.debit, e.credit, e.balance_yuan, j.who, j.why
                from (select journal_id, line, debit, credit,
                             sum(credit - debit) over (order by journal_id, line) as balance_yuan
                      from entry where account_id = :account and gl = 'CUSTOMER') e
                join journal j on j.id = e.journal_id
                where :before::bigint is null or e.journal_id < :before
                order by e.journal_id desc, e.line desc limit :limit""")
                .param("account", accountId).param("before", beforeJournalId).param("limit", limit)
                .query((row, n) -> new LedgerLine(row.getLong("journal_id"), row.getString("cause"), instant(row, "at"),
                        row.getObject("site_day", LocalDate.class), row.getBigDecimal("debit"), row.getBigDecimal("credit"),
                        row.getBigDecimal("balance_yuan"), row.getString("who"), row.getString("why")))
                .list();
    }

    /** What the account was charged on the days from {@code first} to {@code last}, both included, by the prices that hold now. */
    public List<ChargeLine> charges(int accountId, LocalDate first, LocalDate last) {
        return charges(accountId, first, last, true);
    }

    /** The same, not told apart by day. */
    List<ChargeLine> chargesInAll(int accountId, LocalDate first, LocalDate last) {
        return charges(accountId, first, last, false);
    }

    private List<ChargeLine> charges(int accountId, LocalDate first, LocalDate last, boolean byDay) {
        return jdbc.sql("""
                select c.meter_id, m.code, case when :byDay then c.site_day end as day, c.tariff_version_id, c.band, c.tier, c.price,
                       sum(c.quantity) as quantity, sum(c.estimated_quantity) as estimated_quantity, sum(c.amount) as amount
                from charge_line c join meter m on m.id = c.meter_id
                where c.account_id = :account and c.site_day between :first and :last and c.quantity > 0
                group by 1, 2, 3, 4, 5, 6, 7 order by day, c.meter_id, c.tariff_version_id, c.band, c.tier""")
                .param("account", accountId).param("first", first).param("last", last).param("byDay", byDay)
                .query((row, n) -> {
                    Tariffs.Version version = tariffs.version(row.getInt("tariff_version_id"));
                    Rate band = Rate.valueOf(row.getString("band"));
                    int tier = row.getInt("tier");
                    BigDecimal quantity = row.getBigDecimal("quantity");
                    return new ChargeLine(accountId, row.getInt("meter_id"), row.getString("code"), row.getObject("day", LocalDate.class),
                            row.getInt("tariff_version_id"), version.tariff(), version.effectiveFrom(), band, tier, row.getBigDecimal("price"),
                            quantity, row.getBigDecimal("estimated_quantity"), row.getBigDecimal("amount"),
                            version.price(band, tier).amounts(quantity));
                }).list();
    }

    /** The newest sales first. */
    public List<Receipt> sales(int accountId, int limit) {
        return jdbc.sql(RECEIPTS + """
                where r.account_id = :account and r.kind = 'SALE' order by r.at desc, r.id desc limit :limit""")
                .param("account", accountId).param("limit", limit).query((row, n) -> receipt(row)).list();
    }

    /** The newest receipts first, those before the given one; also of what came from another account. */
    public List<Receipt> receipts(int accountId, String before, int limit) {
        return jdbc.sql(RECEIPTS + """
                where :account in (r.account_id, r.other_account_id)
                  and (:before::text is null or r.id < (select id from receipt where site_id = a.site_id and number = :before))
                order by r.id desc limit :limit""")
                .param("account", accountId).param("before", before).param("limit", limit).query((row, n) -> receipt(row)).list();
    }

    public Optional<Receipt> receipt(int accountId, String number) {
        return jdbc.sql(RECEIPTS + "where r.number = :number and :account in (r.account_id, r.other_account_id)")
                .param("account", accountId).param("number", number).query((row, n) -> receipt(row)).optional();
    }

    static Receipt receipt(ResultSet row) throws SQLException {
        String method = row.getString("method");
        return new Receipt(row.getString("number"), Receipt.Kind.valueOf(row.getString("kind")), row.getInt("account_id"),
                row.getString("account_number"), row.getBigDecimal("amount_yuan"),
                CapitalNumerals.of(row.getBigDecimal("amount_yuan")), row.getBigDecimal("to_debt_yuan"),
                method == null ? null : PayMethod.valueOf(method), row.getObject("other_account_id", Integer.class),
                row.getString("other_account_number"), row.getString("reversed_number"), row.getString("who"), row.getString("note"),
                instant(row, "at"));
    }

    private static Account account(ResultSet row) throws SQLException {
        var credit = row.getBigDecimal("posted_yuan").subtract(row.getBigDecimal("open_yuan"));
        var overdraft = row.getBigDecimal("overdraft_yuan");
        var emergency = row.getBigDecimal("emergency_yuan");
        var kind = AccountKind.valueOf(row.getString("kind"));
        return new Account(row.getInt("id"), row.getInt("site_id"), row.getString("number"),
                row.getObject("customer_id", Integer.class), row.getInt("shop_id"), kind,
                Account.State.valueOf(row.getString("state")), credit, row.getBigDecimal("warn1_yuan"),
                row.getBigDecimal("warn2_yuan"), overdraft, emergency,
                row.getBigDecimal("deposit_yuan"), row.getBigDecimal("debt_yuan"),
                kind.exhausted(credit, overdraft.add(emergency)),
                instant(row, "opened_at"), instant(row, "closed_at"));
    }

    static Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
        return at == null ? null : at.toInstant();
    }
}
