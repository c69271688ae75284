package io.meterhub.billing;

import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Place;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.util.Collections;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** How far accounts may go beyond their credit: overdraft (透支额度), and emergency credit (应急额度) that a shop takes itself. */
@Component
public class CreditTerms {

    private final JdbcClient jdbc;
    private final Credits credits;
    private final Audit audit;
    private final Texts texts;
    private final Rights rights;

    CreditTerms(JdbcClient jdbc, Credits credits, Audit audit, Texts texts, Rights rights) {
        this.texts = texts;
        this.rights = rights;
        this.jdbc = jdbc;
        this.credits = credits;
        this.audit = audit;
    }

    private record Terms(int siteId, int shopId, String number, boolean closed, BigDecimal overdraftYuan, BigDecimal emergencyAllowedYuan) {
    }

    /**
     * Sets an account's overdraft limit; supply follows at once.
     *
     * @throws AccountRefused if it is closed
     */
    @Transactional
    public void overdraft(int accountId, BigDecimal yuan, String who, String why) {
        Terms before = lock(accountId);
        if (before.overdraftYuan().compareTo(notBelowZero(yuan)) != 0) {
            credits.overdraw(accountId, yuan, who, "new overdraft limit");
            audit.record(before.siteId(), who, "account.overdraft", "account " + before.number(), yuan("overdraftYuan", before.overdraftYuan()),
                    yuan("overdraftYuan", yuan), why);
        }
    }

    /**
     * Sets how much emergency credit an account may take; what is taken already stays as it is.
     *
     * @param yuan 0 for none, null for what its site allows
     * @throws AccountRefused if the account is closed
     */
    @Transactional
    public void emergency(int accountId, BigDecimal yuan, String who, String why) {
        Terms before = lock(accountId);
        jdbc.sql("update account set emergency_allowed_yuan = :yuan where id = :id")
                .param("yuan", yuan == null ? null : notBelowZero(yuan)).param("id", accountId).update();
        audit.record(before.siteId(), who, "account.emergency", "account " + before.number(), yuan("emergencyAllowedYuan", before.emergencyAllowedYuan()),
                yuan("emergencyAllowedYuan", yuan), why);
    }

    /** Sets how much emergency credit a site's accounts may take that have no amount of their own. */
    @Transactional
    public void siteEmergency(int siteId, BigDecimal yuan, String who, String why) {
        rights.require(Right.SET_CREDIT_TERMS, Place.site(siteId));
        BigDecimal before = siteEmergency(siteId);
        jdbc.sql("""
                insert into site_credit_terms (site_id, emergency_allowed_yuan) values (:site, :yuan)
                on conflict (site_id) do update set emergency_allowed_yuan = excluded.emergency_allowed_yuan""")
                .param("site", siteId).param("yuan", notBelowZero(yuan)).update();
        audit.record(siteId, who, "site.emergency", "site " + siteId, yuan("emergencyAllowedYuan", before), yuan("emergencyAllowedYuan", yuan), why);
    }

    /** Null too is told: nothing of its own. */
    private static Map<String, BigDecimal> yuan(String what, BigDecimal yuan) {
        return Collections.singletonMap(what, yuan);
    }

    public BigDecimal siteEmergency(int siteId) {
        return jdbc.sql("select emergency_allowed_yuan from site_credit_terms where site_id = ?").param(siteId)
                .query(BigDecimal.class).optional().orElse(BigDecimal.ZERO);
    }

    /** How much emergency credit an account may take: its own amount, or what its site allows. */
    public BigDecimal emergencyAllowed(int accountId) {
        return jdbc.sql("""
                select coalesce(a.emergency_allowed_yuan, t.emergency_allowed_yuan, 0)
                from account a left join site_credit_terms t on t.site_id = a.site_id where a.id = ?""").param(accountId)
                .query(BigDecimal.class).single();
    }

    private Terms lock(int accountId) {
        Terms terms = jdbc.sql("""
                select site_id, shop_id, number, closed_at is not null as closed, overdraft_yuan, emergency_allowed_yuan from account where id = ? for no key update""")
                .param(accountId).query(Terms.class).single();
        rights.require(Right.SET_CREDIT_TERMS, Place.shop(terms.siteId(), terms.shopId()));
        if (terms.closed()) {
            throw new AccountRefused("id", texts.of("refused.account_closed", terms.number()));
        }
        return terms;
    }

    private static BigDecimal notBelowZero(BigDecimal yuan) {
        if (yuan.signum() < 0) {
            throw new IllegalArgumentException("A limit is 0 or more, not " + yuan.toPlainString());
        }
        return yuan;
    }
}
