package io.meterhub.billing;

import static io.meterhub.billing.SqlArrays.array;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.meterhub.billing.Ledger.Entry;
import io.meterhub.billing.Ledger.Gl;
import io.meterhub.billing.Ledger.Journal;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Decimals;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * Holds what the tenants paid for a month's energy against the grid's bill: who sells energy on may not take more than it cost
 * (转供电加价清退). What is above is proposed to be given back, and booked once a person has confirmed it.
 */
@Component
public class ResaleGuard {

    private final JdbcClient jdbc;
    private final Ledger ledger;
    private final MoneyEvents events;
    private final Sites sites;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;
    private final Rights rights;

    ResaleGuard(JdbcClient jdbc, Ledger ledger, MoneyEvents events, Sites sites, Audit audit, Texts texts, Clock clock, Rights rights) {
        this.rights = rights;
        this.jdbc = jdbc;
        this.ledger = ledger;
        this.events = events;
        this.sites = sites;
        this.audit = audit;
        this.texts = texts;
        this.clock = clock;
    }

    /** What the grid billed, kWh or m3 and yuan. */
    public record Bill(BigDecimal quantity, BigDecimal amountYuan, String who, Instant at) {
    }

    /**
     * An account's part.
     *
     * @param closed       the account is closed: its part can only be paid out
     * @param paidYuan     charge lines and shared lines of the month, exact
     * @param giveBackYuan its part of the excess, in proportion to what it paid
     */
    public record Part(int accountId, String number, int shopId, String shop, boolean closed, BigDecimal paidYuan, BigDecimal giveBackYuan) {
    }

    /** A person's word that it be given back. */
    public record Confirmed(BigDecimal excessYuan, String who, String why, Instant at) {
    }

    /**
     * A month held against its bill.
     *
     * @param bill       null: not entered yet
     * @param paidYuan   what the tenants paid, exact
     * @param excessYuan what of it is above the bill, in fen; 0 when nothing is
     * @param parts      by account: the proposal, or what was given back once that is confirmed
     * @param givenBack  null until a person confirmed it
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Month(int siteId, YearMonth month, EnergyKind energyKind, Bill bill, BigDecimal paidYuan, BigDecimal excessYuan, List<Part> parts,
                        Confirmed givenBack) {
    }

    /**
     * What was paid above the bill, in fen; paid is exact, the rest of less than a fen is left alone.
     *
     * @return 0 or more
     */
    static BigDecimal excess(BigDecimal paid, BigDecimal bill) {
        return paid.subtract(bill).max(BigDecimal.ZERO).setScale(2, RoundingMode.DOWN);
    }

    /** A month as it stands. */
    @Transactional(readOnly = true)
    public Month month(int siteId, YearMonth month, EnergyKind energyKind) {
        Bill bill = bill(siteId, month, energyKind).orElse(null);
        Optional<Month> given = jdbc.sql("""
                select excess_yuan, who, why, at, paid_yuan from give_back where site_id = :site and month = :month and energy_kind = :kind""")
                .param("site", siteId).param("month", month.atDay(1)).param("kind", energyKind.name())
                .query((row, n) -> new Month(siteId, month, energyKind, bill, row.getBigDecimal("paid_yuan"), row.getBigDecimal("excess_yuan"),
                        given(siteId, month, energyKind), new Confirmed(row.getBigDecimal("excess_yuan"), row.getString("who"),
                        row.getString("why"), row.getObject("at", OffsetDateTime.class).toInstant()))).optional();
        if (given.isPresent()) {
            return given.get();
        }
        List<Part> parts = paid(siteId, month, energyKind);
        BigDecimal paid = parts.stream().map(Part::paidYuan).reduce(BigDecimal.ZERO, BigDecimal::add);
        BigDecimal excess = bill == null ? new BigDecimal("0.00") : excess(paid, bill.amountYuan());
        return new Month(siteId, month, energyKind, bill, paid, excess, excess.signum() > 0 ? proposal(parts, excess) : parts, null);
    }

    private static List<Part> proposal(List<Part> paid, BigDecimal excess) {
        // a correction may have left less than nothing of a month: who paid nothing gets nothing back
        List<BigDecimal> backs = Sharing.split(excess, paid.stream().map(part -> part.paidYuan().max(BigDecimal.ZERO)).toList(), 2);
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < paid.size(); i++) {
            Part part = paid.get(i);
            parts.add(new Part(part.accountId(), part.number(), part.shopId(), part.shop(), part.closed(), part.paidYuan(), backs.get(i)));
        }
        return parts;
    }

    /**
     * Takes the grid's bill of a month, or corrects it; where the tenants paid more, staff are warned.
     *
     * @throws FeeRefused if the bill cannot be, or was given back by already
     */
    @Transactional
    public Month enter(int siteId, YearMonth month, EnergyKind energyKind, BigDecimal quantity, BigDecimal amountYuan, String who, String why) {
        rights.require(Right.GIVE_BACK, Place.site(siteId));
        if (quantity == null || quantity.signum() < 0 || !Decimals.fit(quantity, 15, 3)) {
            throw refused("quantity", "resale_quantity");
        }
        if (amountYuan == null || amountYuan.signum() < 0 || !Decimals.fit(amountYuan, 12, 2)) {
            throw refused("amountYuan", "resale_amount");
        }
        Site site = sites.site(siteId);
        hold(siteId);
        if (!month.isBefore(YearMonth.from(site.dayOf(clock.instant())))) {
            throw refused("month", "resale_month", month.toString());
        }
        if (month(siteId, month, energyKind).givenBack() != null) {
            throw refused("month", "resale_done", month.toString());
        }
        Bill before = bill(siteId, month, energyKind).orElse(null);
        jdbc.sql("""
                insert into grid_bill (site_id, month, energy_kind, quantity, amount_yuan, who, at)
                values (:site, :month, :kind, :quantity, :amount, :who, :at)
                on conflict (site_id, month, energy_kind) do update
                set quantity = excluded.quantity, amount_yuan = excluded.amount_yuan, who = excluded.who, at = excluded.at""")
                .param("site", siteId).param("month", month.atDay(1)).param("kind", energyKind.name()).param("quantity", quantity)
                .param("amount", amountYuan).param("who", who).param("at", now().atOffset(ZoneOffset.UTC)).update();
        Month now = month(siteId, month, energyKind);
        audit.record(siteId, who, "grid.bill.entered", energyKind + " of " + month, before, now.bill(), why);
        if (now.excessYuan().signum() > 0) {
            events.raise(siteId, null, null, "RESALE_EXCESS", Map.of("month", month, "energyKind", energyKind, "paidYuan", now.paidYuan(),
                    "billYuan", now.bill().amountYuan(), "excessYuan", now.excessYuan()));
        }
        return now;
    }

    /**
     * Gives the excess of a month back, once, to each account what the proposal says.
     *
     * @param excessYuan the excess that the person saw
     * @throws FeeRefused if there is none, it is another by now, or it was given back already
     */
    @Transactional
    public Month giveBack(int siteId, YearMonth month, EnergyKind energyKind, BigDecimal excessYuan, String who, String why) {
        rights.require(Right.GIVE_BACK, Place.site(siteId));
        Site site = sites.site(siteId);
        hold(siteId);
        Month seen = month(siteId, month, energyKind);
        if (seen.givenBack() != null) {
            throw refused("month", "resale_done", month.toString());
        }
        if (seen.excessYuan().signum() == 0) {
            throw refused("month", "resale_none", month.toString());
        }
        if (excessYuan == null || excessYuan.compareTo(seen.excessYuan()) != 0) {
            throw refused("excessYuan", "resale_other", seen.excessYuan().toPlainString());
        }
        Instant now = now();
        jdbc.sql("""
                insert into give_back (site_id, month, energy_kind, paid_yuan, bill_yuan, excess_yuan, who, why, at)
                values (:site, :month, :kind, :paid, :bill, :excess, :who, :why, :at)""")
                .param("site", siteId).param("month", month.atDay(1)).param("kind", energyKind.name()).param("paid", seen.paidYuan())
                .param("bill", seen.bill().amountYuan()).param("excess", seen.excessYuan()).param("who", who).param("why", why)
                .param("at", now.atOffset(ZoneOffset.UTC)).update();
        book(site, seen, now, who, why);
        audit.record(siteId, who, "resale.given_back", energyKind + " of " + month, null,
                Map.of("paidYuan", seen.paidYuan(), "billYuan", seen.bill().amountYuan(), "excessYuan", seen.excessYuan()), why);
        return month(siteId, month, energyKind);
    }

    private void book(Site site, Month month, Instant now, String who, String why) {
        List<Part> parts = month.parts().stream().filter(part -> part.giveBackYuan().signum() > 0).toList();
        Function<Part, String> key = part -> "give-back:" + month.energyKind() + ":" + month.month() + ":" + part.accountId();
        LocalDate today = site.dayOf(now);
        Map<String, Long> journals = ledger.open(parts.stream().map(part ->
                new Journal(site.id(), key.apply(part), Ledger.Cause.GIVE_BACK, now, today, who, why)).toList());
        Map<Long, List<Entry>> entries = new TreeMap<>();
        parts.forEach(part -> entries.put(journals.get(key.apply(part)),
                List.of(Entry.customer(part.accountId(), part.giveBackYuan()), Entry.against(Gl.GIVE_BACK, part.giveBackYuan()))));
        jdbc.sql("""
                insert into give_back_line (site_id, month, energy_kind, account_id, paid_yuan, amount_yuan, journal_id)
                select :site, :month, :kind, * from unnest(:accounts, :paid, :amounts, :journals)""")
                .param("site", site.id()).param("month", month.month().atDay(1)).param("kind", month.energyKind().name())
                .param("accounts", array("int4", parts, Part::accountId)).param("paid", array("numeric", parts, Part::paidYuan))
                .param("amounts", array("numeric", parts, Part::giveBackYuan))
                .param("journals", array("int8", parts, part -> journals.get(key.apply(part)))).update();
        ledger.enter(entries, Map.of(), who, "given back of " + month.month());
    }

    private Optional<Bill> bill(int siteId, YearMonth month, EnergyKind energyKind) {
        return jdbc.sql("select quantity, amount_yuan, who, at from grid_bill where site_id = :site and month = :month and energy_kind = :kind")
                .param("site", siteId).param("month", month.atDay(1)).param("kind", energyKind.name()).query(Bill.class).optional();
    }

    private List<Part> paid(int siteId, YearMonth month, EnergyKind energyKind) {
        return jdbc.sql("""
                select a.id as account_id, a.number, s.id as shop_id, s.code as shop, a.closed_at is not null as closed,
                       sum(p.amount) as paid_yuan, 0.00 as give_back_yuan
                from (select account_id, amount from charge_line where site_day >= :month and site_day < :next
                      union all
                      select account_id, amount from shared_line where month = :month and journal_id is not null) p
                join account a on a.id = p.account_id and a.site_id = :site and a.kind = :kind
                join shop s on s.id = a.shop_id
                group by a.id, s.id having sum(p.amount) <> 0 order by s.code, a.id""")
                .param("site", siteId).param("month", month.atDay(1)).param("next", month.plusMonths(1).atDay(1))
                .param("kind", AccountKind.of(energyKind).name()).query(Part.class).list();
    }

    private List<Part> given(int siteId, YearMonth month, EnergyKind energyKind) {
        return jdbc.sql("""
                select a.id as account_id, a.number, s.id as shop_id, s.code as shop, a.closed_at is not null as closed, g.paid_yuan,
                       g.amount_yuan as give_back_yuan
                from give_back_line g join account a on a.id = g.account_id join shop s on s.id = a.shop_id
                where g.site_id = :site and g.month = :month and g.energy_kind = :kind order by s.code, a.id""")
                .param("site", siteId).param("month", month.atDay(1)).param("kind", energyKind.name()).query(Part.class).list();
    }

    /** Two people do not decide on a site's bills at once. */
    private void hold(int siteId) {
        jdbc.sql("select id from site where id = ? for no key update").param(siteId).query(Integer.class).single();
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS);
    }

    private FeeRefused refused(String field, String key, Object... words) {
        return new FeeRefused(field, texts.of("refused." + key, words));
    }
}
