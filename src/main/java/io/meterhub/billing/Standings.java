package io.meterhub.billing;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** How the accounts stand that decide on a meter's supply: that which pays for it, and its shop's property fee where that is owed. */
@Component
public class Standings {

    private final JdbcClient jdbc;

    Standings(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /**
     * An account at this moment.
     *
     * @param creditYuan    what is left: {@code postedYuan} in the ledger minus {@code openYuan}, charged and not yet posted
     * @param limitYuan     overdraft and emergency credit taken: supply ends when credit is not above minus that
     * @param warn1Yuan     the levels at which it is warned
     * @param lastChargeDay the newest day with a charge, and what was charged for it so far
     * @param lastReceipt   the newest receipt with which money moved; null for none
     * @param feeMonth      the newest month whose property fee was taken; null where it pays none
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Standing(int meterId, int accountId, String account, AccountKind kind, BigDecimal creditYuan, BigDecimal postedYuan,
                           BigDecimal openYuan, BigDecimal limitYuan, BigDecimal warn1Yuan, BigDecimal warn2Yuan, LocalDate lastChargeDay,
                           BigDecimal lastChargeQuantity, BigDecimal lastChargeYuan, String lastReceipt, Receipt.Kind lastReceiptKind,
                           BigDecimal lastReceiptYuan, Instant lastReceiptAt, LocalDate feeMonth) {
    }

    /** By meter, its own account first. */
    public Map<Integer, List<Standing>> of(Collection<Integer> meterIds) {
        if (meterIds.isEmpty()) {
            return Map.of();
        }
        return jdbc.sql("""
                select p.meter_id, a.id as account_id, a.number as account, a.kind, a.posted_yuan - a.open_yuan as credit_yuan, a.posted_yuan,
                       a.open_yuan, a.overdraft_yuan + a.emergency_yuan as limit_yuan, a.warn1_yuan, a.warn2_yuan,
                       c.site_day as last_charge_day, c.quantity as last_charge_quantity, c.amount as last_charge_yuan, r.number as last_receipt,
                       r.kind as last_receipt_kind, r.amount_yuan as last_receipt_yuan, r.at as last_receipt_at, f.month as fee_month
                from (select meter_id, account_id from account_meter where meter_id = any(:meters) and valid_to is null
                      union all
                      select m.id, b.id from meter m join account b on b.shop_id = m.shop_id and b.kind = 'PROPERTY_FEE' and b.closed_at is null
                      join fee_notice n on n.account_id = b.id and n.ended_at is null
                      where m.id = any(:meters)) p
                join account a on a.id = p.account_id
                left join lateral (select site_day, sum(quantity) as quantity, sum(amount) as amount from charge_line
                                   where account_id = a.id group by site_day order by site_day desc limit 1) c on true
                left join lateral (select number, kind, amount_yuan, at from receipt where account_id = a.id order by id desc limit 1) r on true
                left join lateral (select month from fee_line where account_id = a.id order by month desc limit 1) f on true
                order by p.meter_id, a.kind = 'PROPERTY_FEE', a.id""")
                .param("meters", meterIds.toArray(Integer[]::new)).query(Standing.class).list().stream()
                .collect(Collectors.groupingBy(Standing::meterId));
    }
}
