package io.meterhub.payment;

import io.meterhub.payment.PayTerms.Rule;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Decimals;
import io.meterhub.site.Place;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** How each site deals with payments. */
@Component
public class SitePayTerms {

    private static final int MOST_DIGITS = 10;
    private static final int SHORTEST = 2;
    private static final int LONGEST = 120;

    private final JdbcClient jdbc;
    private final Sites sites;
    private final Audit audit;
    private final Texts texts;
    private final Rights rights;

    SitePayTerms(JdbcClient jdbc, Sites sites, Audit audit, Texts texts, Rights rights) {
        this.jdbc = jdbc;
        this.sites = sites;
        this.audit = audit;
        this.texts = texts;
        this.rights = rights;
    }

    public PayTerms of(int siteId) {
        return jdbc.sql("select late, second, approve_above_yuan, order_minutes, least_yuan, most_yuan from pay_terms where site_id = ?").param(siteId)
                .query((row, n) -> new PayTerms(Rule.valueOf(row.getString("late")), Rule.valueOf(row.getString("second")),
                        row.getBigDecimal("approve_above_yuan"), row.getInt("order_minutes"), row.getBigDecimal("least_yuan"),
                        row.getBigDecimal("most_yuan"))).optional().orElse(PayTerms.USUAL);
    }

    /** @throws PaymentRefused naming the field that cannot be */
    @Transactional
    public void set(int siteId, PayTerms terms, String who, String why) {
        rights.require(Right.SET_PAY_TERMS, Place.site(siteId));
        check(terms);
        PayTerms before = of(siteId);
        jdbc.sql("""
                insert into pay_terms (site_id, late, second, approve_above_yuan, order_minutes, least_yuan, most_yuan)
                values (:site, :late, :second, :approve, :minutes, :least, :most)
                on conflict (site_id) do update set late = excluded.late, second = excluded.second, approve_above_yuan = excluded.approve_above_yuan,
                    order_minutes = excluded.order_minutes, least_yuan = excluded.least_yuan, most_yuan = excluded.most_yuan""")
                .param("site", siteId).param("late", terms.late().name()).param("second", terms.second().name())
                .param("approve", terms.approveAboveYuan()).param("minutes", terms.orderMinutes()).param("least", terms.leastYuan())
                .param("most", terms.mostYuan()).update();
        audit.record(siteId, who, "payment.terms", "site " + sites.site(siteId).code(), before, terms, why);
    }

    private void check(PayTerms terms) {
        if (terms.late() == null || terms.second() == null) {
            throw refused(terms.late() == null ? "late" : "second", "pay_rule");
        }
        if (terms.orderMinutes() < SHORTEST || terms.orderMinutes() > LONGEST) {
            throw refused("orderMinutes", "number_between", Integer.toString(SHORTEST), Integer.toString(LONGEST));
        }
        checkAmount("approveAboveYuan", terms.approveAboveYuan(), BigDecimal.ZERO);
        checkAmount("leastYuan", terms.leastYuan(), new BigDecimal("0.01"));
        checkAmount("mostYuan", terms.mostYuan(), terms.leastYuan());
    }

    private void checkAmount(String field, BigDecimal yuan, BigDecimal least) {
        if (yuan == null || yuan.compareTo(least) < 0 || !Decimals.fit(yuan, MOST_DIGITS, 2)) {
            throw refused(field, "pay_amount_from", least.toPlainString());
        }
    }

    private PaymentRefused refused(String field, String key, Object... words) {
        return new PaymentRefused(field, texts.of("refused." + key, words));
    }
}
