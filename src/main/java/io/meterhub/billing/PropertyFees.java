package io.meterhub.billing;

import com.fasterxml.jackson.annotation.JsonInclude;
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
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.YearMonth;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** What the shops owe for the property (物业费), as staff agreed it, and what became of it. {@link FeeRuns} takes it. */
@Component
public class PropertyFees {

    /**
     * Of an account a for property fees: somebody else has the shop's energy since, so that what is owed here cuts nobody any more.
     * Not by the shop's customer, which the site's spreadsheet may just have spelt anew.
     */
    static final String FORMER = """
            (exists (select from account e where e.shop_id = a.shop_id and e.kind <> 'PROPERTY_FEE' and e.state = 'OPEN'
                     and e.opened_at > a.opened_at and e.customer_id is distinct from a.customer_id)
             and not exists (select from account e where e.shop_id = a.shop_id and e.kind <> 'PROPERTY_FEE' and e.state = 'OPEN'
                             and e.customer_id is not distinct from a.customer_id))""";

    private static final BigDecimal HIGHEST_RATE = new BigDecimal("1000000");

    private final JdbcClient jdbc;
    private final Sites sites;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;
    private final Rights rights;

    PropertyFees(JdbcClient jdbc, Sites sites, Audit audit, Texts texts, Clock clock, Rights rights) {
        this.rights = rights;
        this.jdbc = jdbc;
        this.sites = sites;
        this.audit = audit;
        this.texts = texts;
        this.clock = clock;
    }

    /** How a property fee is reckoned: in yuan per m2 and month, or in yuan per month. */
    public enum Basis { AREA, FIXED }

    /**
     * How a site takes fees.
     *
     * @param dayOfMonth 1 to 28: from this day on a month's fee is taken
     * @param noticeDays from the day on which an account did not suffice to the day on which the supply is cut
     * @param firstMonth no fee is taken for the months before it
     */
    public record Settings(int dayOfMonth, int noticeDays, YearMonth firstMonth) {
    }

    /**
     * A shop's fee.
     *
     * @param rateYuan  yuan per m2 and month, or yuan per month
     * @param areaM2    by area: as it was when the fee was agreed; a new measure is agreed as a new fee
     * @param validFrom the day of entry, or from which the rate holds
     * @param validTo   the day after the last; null while it goes on
     * @param accountId which pays; null until the first charge
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Fee(int id, int shopId, String shop, Basis basis, BigDecimal rateYuan, BigDecimal areaM2, LocalDate validFrom,
                      LocalDate validTo, Integer accountId) {

        FeeTerms terms() {
            return new FeeTerms(basis, rateYuan, areaM2, validFrom, validTo);
        }
    }

    /**
     * A month of a site.
     *
     * @param state  RUNNING, DONE, or INCOMPLETE where some failed or the hub stopped; it is taken up again by itself
     * @param total  fees of that month, of which {@code done} are taken, {@code failed} could not be
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Run(int siteId, YearMonth month, Instant startedAt, Instant finishedAt, String state, int total, int done, int failed) {
    }

    /**
     * A fee that could not be taken.
     *
     * @param kind    ACCOUNT_CLOSED; TENANT_LEFT, the shop being still in his name; or FAULT where the hub itself failed
     * @param failure why, and what to do, in the language asked for
     */
    public record Failure(int feeId, int shopId, String shop, String kind, String failure) {
    }

    /**
     * A month's fee on an account.
     *
     * @param posting    1 for the first, more for corrections
     * @param rateYuan   yuan per m2 and month, or yuan per month
     * @param areaM2     by area
     * @param amountYuan below 0 where it was given back
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Line(int feeId, int shopId, YearMonth month, int posting, int accountId, Basis basis, BigDecimal rateYuan, BigDecimal areaM2,
                       int days, BigDecimal amountYuan, long journalId) {
    }

    /**
     * An account whose credit does not suffice for the fee.
     *
     * @param owedYuan  what is missing
     * @param cutOn     when the supply is cut
     * @param overdueAt when it was; null before
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Notice(int accountId, int shopId, String shop, BigDecimal owedYuan, Instant since, LocalDate cutOn, Instant overdueAt) {
    }

    public Optional<Settings> settings(int siteId) {
        return jdbc.sql("select * from property_fee_site where site_id = ?").param(siteId)
                .query((row, n) -> new Settings(row.getInt("day_of_month"), row.getInt("notice_days"), month(row, "first_month"))).optional();
    }

    /** @throws FeeRefused if a value cannot be */
    @Transactional
    public Settings set(int siteId, Settings settings, String who, String why) {
        rights.require(Right.FEES, Place.site(siteId));
        if (settings.dayOfMonth() < 1 || settings.dayOfMonth() > 28) {
            throw refused("dayOfMonth", "fee_day");
        }
        if (settings.noticeDays() < 0 || settings.noticeDays() > 365) {
            throw refused("noticeDays", "fee_notice");
        }
        YearMonth earliest = YearMonth.from(today(siteId)).minusMonths(FeeRuns.MONTHS_BACK);
        if (settings.firstMonth() == null || settings.firstMonth().isBefore(earliest)) {
            throw refused("firstMonth", "fee_first_month", earliest.toString());
        }
        jdbc.sql("select id from site where id = ? for no key update").param(siteId).query(Integer.class).single();
        Settings before = settings(siteId).orElse(null);
        jdbc.sql("""
                insert into property_fee_site (site_id, day_of_month, notice_days, first_month) values (:site, :day, :notice, :first)
                on conflict (site_id) do update set day_of_month = excluded.day_of_month, notice_days = excluded.notice_days,
                                                    first_month = excluded.first_month""")
                .param("site", siteId).param("day", settings.dayOfMonth()).param("notice", settings.noticeDays())
                .param("first", settings.firstMonth().atDay(1)).update();
        audit.record(siteId, who, "fee.settings", "site " + sites.site(siteId).code(), before, settings, why);
        return settings;
    }

    /** A site's fees, those of a shop in the order of their dates. */
    public List<Fee> fees(int siteId) {
        return jdbc.sql("""
                select f.*, s.code as shop from property_fee f join shop s on s.id = f.shop_id
                where s.site_id = ? order by s.code, f.valid_from""").param(siteId).query((row, n) -> fee(row)).list();
    }

    /**
     * Agrees a shop's fee from a day on; the one that was in force ends there. What was taken already of a month that changes is
     * corrected by the next run.
     *
     * @param areaM2 by area; null: the shop's
     * @throws FeeRefused if a value cannot be, or a fee was agreed from that day or a later one
     */
    @Transactional
    public Fee agree(int shopId, Basis basis, BigDecimal rateYuan, BigDecimal areaM2, LocalDate from, String who, String why) {
        Shop shop = shop(shopId);
        rights.require(Right.FEES, Place.shop(shop.siteId(), shopId));
        if (rateYuan == null || rateYuan.signum() < 0 || rateYuan.stripTrailingZeros().scale() > 4 || rateYuan.compareTo(HIGHEST_RATE) > 0) {
            throw refused("rateYuan", "fee_rate", HIGHEST_RATE.toPlainString());
        }
        BigDecimal area = basis != Basis.AREA ? null : areaM2 != null ? areaM2 : shop.areaM2();
        if (basis == Basis.AREA && (area == null || area.signum() <= 0 || !Decimals.fit(area, 8, 2))) {
            throw refused("areaM2", "fee_area", shop.code());
        }
        if (from == null) {
            throw refused("from", "fee_from");
        }
        Optional<Fee> last = last(shopId);
        last.filter(fee -> !fee.validFrom().isBefore(from) || fee.validTo() != null && fee.validTo().isAfter(from)).ifPresent(fee -> {
            throw refused("from", "fee_overlaps", shop.code(), (fee.validTo() == null ? fee.validFrom().plusDays(1) : fee.validTo()).toString());
        });
        jdbc.sql("update property_fee set valid_to = :from where shop_id = :shop and valid_to is null")
                .param("from", from).param("shop", shopId).update();
        return insert(shop, shopId, new FeeTerms(basis, rateYuan, area, from, null), null, last.orElse(null), who, why);
    }

    /**
     * Ends a shop's fee: the shop leaves. What was taken for later days is given back by the next run.
     *
     * @param to the first day that is not paid for; the day from which the fee is owed withdraws it
     * @throws FeeRefused if no fee is in force or it begins later
     */
    @Transactional
    public Fee end(int shopId, LocalDate to, String who, String why) {
        Shop shop = shop(shopId);
        rights.require(Right.FEES, Place.shop(shop.siteId(), shopId));
        Fee fee = last(shopId).filter(each -> each.validTo() == null).orElseThrow(() -> refused("shop", "fee_none", shop.code()));
        if (to == null || to.isBefore(fee.validFrom())) {
            throw refused("to", "fee_to", fee.validFrom().toString());
        }
        Fee ended = jdbc.sql("update property_fee set valid_to = :to where id = :id returning *, :code as shop")
                .param("to", to).param("id", fee.id()).param("code", shop.code()).query((row, n) -> fee(row)).single();
        audit.record(shop.siteId(), who, "fee.ended", "shop " + shop.code(), fee, ended, why);
        return ended;
    }

    /**
     * Ends what an account pays, because its tenant leaves. What is agreed from that day or a later one on, and was not paid from
     * the account, stays agreed for whoever has the shop then.
     *
     * @param exit the first day that is not paid for
     * @param next the account of who goes on by the same terms from that day on, null for none
     * @return the fees that the account paid or has to pay, held until the transaction ends
     */
    @Transactional(propagation = Propagation.MANDATORY)
    List<Fee> leave(Account account, LocalDate exit, Integer next, String who, String why) {
        Shop shop = shop(account.shopId());
        holdUnpaid(account.shopId(), account.id());
        List<Fee> its = jdbc.sql("""
                select f.*, :code as shop from property_fee f
                where f.shop_id = :shop and (f.account_id = :account or f.account_id is null and f.valid_from < :exit)
                order by f.id""")
                .param("code", shop.code()).param("shop", account.shopId()).param("account", account.id()).param("exit", exit)
                .query((row, n) -> fee(row)).list();
        for (Fee fee : its) {
            FeeTerms.Parts parts = fee.terms().leaving(exit);
            Fee ended = jdbc.sql("update property_fee set account_id = :account, valid_to = :to where id = :id returning *, :code as shop")
                    .param("account", account.id()).param("to", parts.until().to()).param("code", shop.code()).param("id", fee.id())
                    .query((row, n) -> fee(row)).single();
            if (!Objects.equals(ended.validTo(), fee.validTo())) {
                audit.record(shop.siteId(), who, "fee.ended", "shop " + shop.code(), fee, ended, why);
            }
            parts.after().filter(after -> next != null).ifPresent(after -> insert(shop, account.shopId(), after, next, fee, who, why));
        }
        return its;
    }

    private Fee insert(Shop shop, int shopId, FeeTerms terms, Integer account, Fee before, String who, String why) {
        Fee agreed = jdbc.sql("""
                insert into property_fee (shop_id, basis, rate_yuan, area_m2, valid_from, valid_to, account_id)
                values (:shop, :basis, :rate, :area, :from, :to, :account) returning *, :code as shop""")
                .param("shop", shopId).param("basis", terms.basis().name()).param("rate", terms.rateYuan()).param("area", terms.areaM2())
                .param("from", terms.from()).param("to", terms.to()).param("account", account).param("code", shop.code())
                .query((row, n) -> fee(row)).single();
        audit.record(shop.siteId(), who, "fee.agreed", "shop " + shop.code(), before, agreed, why);
        return agreed;
    }

    /** What is owed by the day on which an account for property fees is opened is paid from it. */
    @Transactional(propagation = Propagation.MANDATORY)
    void payFrom(Account account, LocalDate opened) {
        jdbc.sql("update property_fee set account_id = :account where shop_id = :shop and account_id is null and valid_from <= :opened")
                .param("account", account.id()).param("shop", account.shopId()).param("opened", opened).update();
    }

    /**
     * Held until the transaction ends, before any account: nobody agrees on the shop's fee, or leaves, meanwhile, and no fee that an
     * account is yet to pay is taken, which holds the fee before the account, too.
     */
    void hold(int shopId) {
        shop(shopId);
        holdUnpaid(shopId, null);
    }

    private void holdUnpaid(int shopId, Integer account) {
        jdbc.sql("""
                select id from property_fee where shop_id = :shop and (account_id is null or account_id = :account)
                order by id for no key update""").param("shop", shopId).param("account", account).query(Integer.class).list();
    }

    /** The newest first. */
    public List<Run> runs(int siteId, int limit) {
        return jdbc.sql("select * from fee_run where site_id = :site order by month desc limit :limit")
                .param("site", siteId).param("limit", limit)
                .query((row, n) -> new Run(row.getInt("site_id"), month(row, "month"), instant(row, "started_at"),
                        instant(row, "finished_at"), row.getString("state"), row.getInt("total"), row.getInt("done"), row.getInt("failed")))
                .list();
    }

    /** The fees of a month that could not be taken. They are tried again with each run. */
    public List<Failure> failures(int siteId, YearMonth month) {
        return jdbc.sql("""
                select f.id as fee_id, s.id as shop_id, s.code as shop, m.failure, m.failure_words
                from fee_month m join property_fee f on f.id = m.property_fee_id join shop s on s.id = f.shop_id
                where s.site_id = :site and m.month = :month and m.state = 'FAILED' order by s.code""")
                .param("site", siteId).param("month", month.atDay(1))
                .query((row, n) -> new Failure(row.getInt("fee_id"), row.getInt("shop_id"), row.getString("shop"), row.getString("failure"),
                        texts.of("fee_failure." + row.getString("failure"), (Object[]) row.getArray("failure_words").getArray()))).list();
    }

    /** What was taken of a site in a month. */
    public List<Line> lines(int siteId, YearMonth month) {
        return lines("s.site_id", siteId, month);
    }

    /** What was taken of an account for a month. */
    List<Line> ofAccount(int accountId, YearMonth month) {
        return lines("l.account_id", accountId, month);
    }

    private List<Line> lines(String whose, int id, YearMonth month) {
        return jdbc.sql("""
                select l.*, f.shop_id, f.basis, f.rate_yuan, f.area_m2
                from fee_line l join property_fee f on f.id = l.property_fee_id join shop s on s.id = f.shop_id
                where %s = :id and l.month = :month order by s.code, l.property_fee_id, l.posting""".formatted(whose))
                .param("id", id).param("month", month.atDay(1))
                .query((row, n) -> new Line(row.getInt("property_fee_id"), row.getInt("shop_id"), month(row, "month"), row.getInt("posting"),
                        row.getInt("account_id"), Basis.valueOf(row.getString("basis")), row.getBigDecimal("rate_yuan"),
                        row.getBigDecimal("area_m2"), row.getInt("days"), row.getBigDecimal("amount_yuan"), row.getLong("journal_id")))
                .list();
    }

    /** Whose account does not suffice now. */
    public List<Notice> notices(int siteId) {
        return jdbc.sql("""
                select n.account_id, s.id as shop_id, s.code as shop, a.open_yuan - a.posted_yuan as owed_yuan, n.since, n.cut_on, n.overdue_at
                from fee_notice n join account a on a.id = n.account_id join shop s on s.id = a.shop_id
                where a.site_id = ? and n.ended_at is null order by n.cut_on, s.code""").param(siteId).query(Notice.class).list();
    }

    /** The shops whose supply is cut for their property fee, in the order of their ids. */
    public List<Integer> overdueShops(int siteId) {
        return jdbc.sql("""
                select distinct a.shop_id from fee_notice n join account a on a.id = n.account_id
                where a.site_id = ? and n.ended_at is null and n.overdue_at is not null and not """ + FORMER + " order by a.shop_id")
                .param(siteId).query(Integer.class).list();
    }

    private record Shop(int siteId, String code, BigDecimal areaM2) {
    }

    /** Held until the transaction ends, so that two people do not agree at once. */
    private Shop shop(int shopId) {
        Shop shop = jdbc.sql("select site_id, code, area_m2 from shop where id = ? for no key update").param(shopId)
                .query(Shop.class).optional().orElseThrow(() -> refused("shop", "fee_no_shop", Integer.toString(shopId)));
        return shop;
    }

    private Optional<Fee> last(int shopId) {
        return jdbc.sql("""
                select f.*, s.code as shop from property_fee f join shop s on s.id = f.shop_id
                where f.shop_id = ? and (f.valid_to is null or f.valid_to > f.valid_from) order by f.valid_from desc limit 1""").param(shopId).query((row, n) -> fee(row)).optional();
    }

    static Fee fee(ResultSet row) throws SQLException {
        return new Fee(row.getInt("id"), row.getInt("shop_id"), row.getString("shop"), Basis.valueOf(row.getString("basis")),
                row.getBigDecimal("rate_yuan"), row.getBigDecimal("area_m2"), row.getObject("valid_from", LocalDate.class),
                row.getObject("valid_to", LocalDate.class), row.getObject("account_id", Integer.class));
    }

    private LocalDate today(int siteId) {
        Site site = sites.site(siteId);
        return site.dayOf(clock.instant());
    }

    static YearMonth month(ResultSet row, String column) throws SQLException {
        return YearMonth.from(row.getObject(column, LocalDate.class));
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
        return at == null ? null : at.toInstant();
    }

    private FeeRefused refused(String field, String key, Object... words) {
        return new FeeRefused(field, texts.of("refused." + key, words));
    }
}
