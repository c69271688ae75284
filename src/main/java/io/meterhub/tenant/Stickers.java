package io.meterhub.tenant;

import io.meterhub.billing.AccountKind;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * What hangs in the mall, at a shop's door or on a meter, to be scanned. A sticker shows a stranger what the door shows too: which shop it is. Paying
 * for it is all that it lets do.
 */
@Component
public class Stickers {

    private final JdbcClient jdbc;
    private final Sites sites;

    Stickers(JdbcClient jdbc, Sites sites) {
        this.jdbc = jdbc;
        this.sites = sites;
    }

    /**
     * A sticker to be printed.
     *
     * @param meter the code of the meter on which it goes; null: it is the shop's
     */
    public record Sticker(String token, int shopId, String shop, String name, String floor, String meter) {
    }

    /**
     * Where a sticker leads.
     *
     * @param targets what can be paid for, the meter's own first
     */
    public record Scanned(Site site, int shopId, String shop, String name, List<Target> targets) {
    }

    /** An account that can be paid into. */
    public record Target(int accountId, AccountKind kind) {
    }

    /** All shops' stickers of a site, or those of its shops' meters; made at the first time, and the same from then on. */
    public List<Sticker> of(int siteId, boolean ofMeters) {
        String things = ofMeters ? "meter m join shop s on s.id = m.shop_id where m.enabled and s.enabled and s.site_id = :site"
                : "shop s where s.enabled and s.site_id = :site";
        jdbc.sql(ofMeters ? "insert into sticker (meter_id) select m.id from " + things + " on conflict do nothing"
                : "insert into sticker (shop_id) select s.id from " + things + " on conflict do nothing").param("site", siteId).update();
        return jdbc.sql(ofMeters ? """
                select k.token, s.id as shop_id, s.code as shop, s.name, s.floor, m.code as meter
                from sticker k join meter m on m.id = k.meter_id join shop s on s.id = m.shop_id
                where s.site_id = :site and s.enabled and m.enabled order by s.shaft, s.code, m.code""" : """
                select k.token, s.id as shop_id, s.code as shop, s.name, s.floor, null as meter from sticker k join shop s on s.id = k.shop_id
                where s.site_id = :site and s.enabled order by s.shaft, s.code""").param("site", siteId).query(Sticker.class).list();
    }

    /** Empty where no sticker has it, or its shop is not there any more. What a former tenant has left open is not paid into by passers-by. */
    public Optional<Scanned> scan(String token) {
        record Found(int siteId, int shopId, String shop, String name, Integer meterId) {
        }
        return jdbc.sql("""
                select s.site_id, s.id as shop_id, s.code as shop, s.name, k.meter_id
                from sticker k left join meter m on m.id = k.meter_id join shop s on s.id = coalesce(k.shop_id, m.shop_id)
                where k.token = ? and s.enabled""").param(token).query(Found.class).optional()
                .map(found -> new Scanned(sites.site(found.siteId()), found.shopId(), found.shop(), found.name(), jdbc.sql(
                        "select a.id as account_id, a.kind" + OwnShops.PRESENT + """
                        s.id = :shop order by not exists (
                            select from account_meter am where am.account_id = a.id and am.valid_to is null and am.meter_id = :meter), a.kind, a.id""")
                        .param("shop", found.shopId()).param("meter", found.meterId()).query(Target.class).list()));
    }
}
