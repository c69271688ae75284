package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.site.EnergyKind;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

@HubTest
@Import(BilledMall.class)
class AssignmentsIT {

    @Autowired
    Assignments assignments;
    @Autowired
    Tariffs tariffs;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    TransactionTemplate transaction;
    @Autowired
    BilledMall malls;

    /** Nobody's next change may be mistaken for it. */
    @Test
    void whatWasSeenWithinAChangeThatWasTakenBackIsForgotten() {
        Mall mall = malls.open("shop-single", 1);
        List<Integer> meters = jdbc.sql("select id from meter where site_id = ?").param(mall.site().id()).query(Integer.class).list();
        int account = payer(meters);
        transaction.executeWithoutResult(status -> {
            jdbc.sql("update account_meter set valid_to = now() + interval '1 day' where meter_id = any(:meters)")
                    .param("meters", meters.toArray(Integer[]::new)).update();
            assertThat(assignments.payers(meters)).isEmpty();
            status.setRollbackOnly();
        });
        tariffs.put(mall.site().id(), "another", "Another", EnergyKind.ELECTRICITY, LocalDate.parse("2027-01-01"),
                new TariffRule(List.of(new TariffRule.Price(Rate.SINGLE, Map.of("energy", BigDecimal.ONE))), null), "Li", "new");
        assertThat(payer(meters)).isEqualTo(account);
    }

    private int payer(List<Integer> meters) {
        Map<Integer, Assignments.Payer> payers = assignments.payers(meters);
        assertThat(payers).hasSize(1);
        return payers.values().iterator().next().accountId();
    }
}
