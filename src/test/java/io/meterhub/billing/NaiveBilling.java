package io.meterhub.billing;

import io.meterhub.metering.Slice;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * What one writes first: a reading, a transaction, one statement after the other, one price. It writes the same rows as
 * {@link Billing} and so can be compared with it; it knows no quarantine, no bands and no end of a day.
 */
final class NaiveBilling {

    private final JdbcClient jdbc;

    NaiveBilling(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    private record State(OffsetDateTime readAt, BigDecimal total) {
    }

    private record Payer(int accountId, int tariffVersionId, BigDecimal price) {
    }

    void bill(Slice.Reading reading) {
        OffsetDateTime at = reading.at().atOffset(ZoneOffset.UTC);
        State before = jdbc.sql("select read_at, total from meter_state where meter_id = ? for no key update")
                .param(reading.meter()).query(State.class).single();
        jdbc.sql("insert into reading (meter_id, read_at, total, power) values (?, ?, ?, ?) on conflict do nothing")
                .params(reading.meter(), at, reading.total(), reading.power()).update();
        if (!at.isAfter(before.readAt())) {
            return;
        }
        jdbc.sql("update meter_state set read_at = ?, total = ?, power = ?, answered_at = ? where meter_id = ?")
                .params(at, reading.total(), reading.power(), at, reading.meter()).update();
        Payer payer = jdbc.sql("""
                select am.account_id, v.id as tariff_version_id, (v.rule #>> '{prices,0,parts,energy}')::numeric as price
                from account_meter am join meter m on m.id = am.meter_id
                join tariff_assignment t on t.site_id = m.site_id and t.energy_kind = m.energy_kind and t.meter_id = m.id
                join tariff_version v on v.tariff_id = t.tariff_id
                where am.meter_id = ? and am.valid_to is null and t.valid_to is null""")
                .param(reading.meter()).query(Payer.class).single();
        BigDecimal quantity = reading.total().subtract(before.total());
        LocalDate day = reading.at().atZone(ZoneId.of("Asia/Shanghai")).toLocalDate();
        jdbc.sql("""
                insert into charge_line (account_id, meter_id, site_day, tariff_version_id, band, price, quantity, amount)
                values (:account, :meter, :day, :version, 'SINGLE', :price, :quantity, :quantity::numeric * :price::numeric)
                on conflict (account_id, meter_id, site_day, tariff_version_id, band, tier)
                do update set quantity = charge_line.quantity + excluded.quantity, amount = charge_line.amount + excluded.amount""")
                .param("account", payer.accountId()).param("meter", reading.meter()).param("day", day)
                .param("version", payer.tariffVersionId()).param("price", payer.price()).param("quantity", quantity).update();
        jdbc.sql("update account set open_yuan = open_yuan + ? where id = ?")
                .params(quantity.multiply(payer.price()), payer.accountId()).update();
    }
}
