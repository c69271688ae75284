package io.meterhub.billing;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Decimals;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Meter;
import io.meterhub.site.Place;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** Which public areas' meters are shared out to which shops, by which rule and price (公摊). {@link SharedAreas} does it. */
@Component
public class SharingGroups {

    private final JdbcClient jdbc;
    private final Tariffs tariffs;
    private final Sites sites;
    private final Audit audit;
    private final Texts texts;
    private final Rights rights;

    SharingGroups(JdbcClient jdbc, Tariffs tariffs, Sites sites, Audit audit, Texts texts, Rights rights) {
        this.rights = rights;
        this.jdbc = jdbc;
        this.tariffs = tariffs;
        this.sites = sites;
        this.audit = audit;
        this.texts = texts;
    }

    /** By what shops share: agreed shares, their area, what each used itself, or equal parts. */
    public enum Rule { FIXED, AREA, OWN, EQUAL }

    /** A meter whose consumption is shared out; {@code validTo} is the first day on which it is not, null while it is. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Source(int meterId, String meter, LocalDate validFrom, LocalDate validTo) {

        boolean holdsOn(LocalDate day) {
            return !day.isBefore(validFrom) && (validTo == null || day.isBefore(validTo));
        }
    }

    /** A shop that takes part. {@code share}: FIXED the agreed share, AREA its m2; null for the other rules. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Member(int shopId, String shop, BigDecimal share, LocalDate validFrom, LocalDate validTo) {

        boolean holdsOn(LocalDate day) {
            return !day.isBefore(validFrom) && (validTo == null || day.isBefore(validTo));
        }
    }

    /** Sources and members in the order of their codes, those of one in the order of their dates. */
    public record Group(int id, int siteId, String code, String name, EnergyKind energyKind, Rule rule, String tariff, YearMonth firstMonth,
                        List<Source> sources, List<Member> members) {
    }

    /** A site's groups in the order of their codes. */
    public List<Group> groups(int siteId) {
        return load("g.site_id = ?", siteId);
    }

    public Optional<Group> group(int id) {
        return load("g.id = ?", id).stream().findFirst();
    }

    private List<Group> load(String where, int id) {
        Map<Integer, Group> groups = new LinkedHashMap<>();
        jdbc.sql("select g.*, t.code as tariff from sharing_group g join tariff t on t.id = g.tariff_id where " + where + " order by g.code")
                .param(id).query(row -> {
                    groups.put(row.getInt("id"), new Group(row.getInt("id"), row.getInt("site_id"), row.getString("code"), row.getString("name"),
                            EnergyKind.valueOf(row.getString("energy_kind")), Rule.valueOf(row.getString("rule")), row.getString("tariff"),
                            YearMonth.from(row.getObject("first_month", LocalDate.class)), new ArrayList<>(), new ArrayList<>()));
                });
        Integer[] ids = groups.keySet().toArray(Integer[]::new);
        jdbc.sql("""
                select x.*, m.code as meter from sharing_source x join meter m on m.id = x.meter_id
                where x.group_id = any(?) order by m.code, x.valid_from""").param(ids)
                .query(row -> {
                    groups.get(row.getInt("group_id")).sources().add(new Source(row.getInt("meter_id"), row.getString("meter"),
                            row.getObject("valid_from", LocalDate.class), row.getObject("valid_to", LocalDate.class)));
                });
        jdbc.sql("""
                select x.*, s.code as shop from sharing_member x join shop s on s.id = x.shop_id
                where x.group_id = any(?) order by s.code, x.valid_from""").param(ids)
                .query(row -> {
                    groups.get(row.getInt("group_id")).members().add(member(row));
                });
        return List.copyOf(groups.values());
    }

    private static Member member(ResultSet row) throws SQLException {
        return new Member(row.getInt("shop_id"), row.getString("shop"), row.getBigDecimal("share"),
                row.getObject("valid_from", LocalDate.class), row.getObject("valid_to", LocalDate.class));
    }

    /**
     * Makes a group. Its rule, kind of energy and tariff stay as they are; the prices change with the tariff's versions.
     *
     * @param firstMonth nothing is shared out of the months before it
     * @throws FeeRefused if a value cannot be, or the code is taken
     */
    @Transactional
    public Group make(int siteId, String code, String name, EnergyKind energyKind, Rule rule, String tariff, YearMonth firstMonth, String who,
                      String why) {
        if (code == null || !code.matches("[A-Za-z0-9_-]{1,32}")) {
            throw refused("code", "share_code");
        }
        rights.require(Right.SHARING, Place.site(siteId));
        // nobody gives it tiers meanwhile
        jdbc.sql("select id from tariff where site_id = ? and code = ? for no key update").params(siteId, tariff).query(Integer.class).optional();
        Tariff priced = tariffs.of(siteId).stream().filter(each -> each.code().equals(tariff) && each.energyKind() == energyKind
                && each.versions().stream().allMatch(version -> version.rule().tiers() == null)).findFirst()
                .orElseThrow(() -> refused("tariff", "share_tariff", energyKind.name()));
        Integer id = jdbc.sql("""
                insert into sharing_group (site_id, code, name, energy_kind, rule, tariff_id, first_month)
                values (:site, :code, :name, :kind, :rule, :tariff, :first) on conflict do nothing returning id""")
                .param("site", siteId).param("code", code).param("name", name).param("kind", energyKind.name()).param("rule", rule.name())
                .param("tariff", priced.id()).param("first", firstMonth.atDay(1)).query(Integer.class).optional()
                .orElseThrow(() -> refused("code", "share_taken", code));
        Group made = group(id).orElseThrow();
        audit.record(siteId, who, "sharing.group.made", "sharing group " + code, null, made, why);
        return made;
    }

    /**
     * A meter's consumption is shared out by this group from a day on.
     *
     * @throws FeeRefused if the meter is a shop's, of another site or kind of energy, or shared out at that time already
     */
    @Transactional
    public Group addSource(int groupId, int meterId, LocalDate from, String who, String why) {
        Group group = held(groupId);
        Meter meter = sites.meter(meterId).filter(each -> each.siteId() == group.siteId())
                .orElseThrow(() -> refused("meterId", "share_no_meter", Integer.toString(meterId)));
        if (meter.shopId() != null || meter.energyKind() != group.energyKind()) {
            throw refused("meterId", "share_not_public", meter.code(), group.energyKind().name());
        }
        jdbc.sql("select id from meter where id = ? for no key update").param(meterId).query(Integer.class).single();
        if (jdbc.sql("select count(*) from sharing_source where meter_id = :meter and (valid_to is null or valid_to > :from)")
                .param("meter", meterId).param("from", from).query(Integer.class).single() > 0) {
            throw refused("from", "share_source_overlaps", meter.code());
        }
        jdbc.sql("insert into sharing_source (group_id, meter_id, valid_from) values (?, ?, ?)").params(groupId, meterId, from).update();
        return changed(group, "sharing.source.added", who, why);
    }

    /**
     * The meter's consumption is no longer shared out from a day on.
     *
     * @throws FeeRefused if it is not shared out, or only from that day
     */
    @Transactional
    public Group endSource(int groupId, int meterId, LocalDate to, String who, String why) {
        Group group = held(groupId);
        if (jdbc.sql("update sharing_source set valid_to = :to where group_id = :group and meter_id = :meter and valid_to is null and valid_from < :to")
                .param("to", to).param("group", groupId).param("meter", meterId).update() == 0) {
            throw refused("to", "share_to");
        }
        return changed(group, "sharing.source.ended", who, why);
    }

    /**
     * A shop takes part from a day on, or with another share.
     *
     * @param share FIXED: needed; AREA: null for the shop's area; left out for the other rules
     * @throws FeeRefused if the shop is of another site, the share cannot be, or something is agreed from that day or a later one
     */
    @Transactional
    public Group addMember(int groupId, int shopId, BigDecimal share, LocalDate from, String who, String why) {
        Group group = held(groupId);
        record Shop(int siteId, String code, BigDecimal areaM2) {
        }
        Shop shop = jdbc.sql("select site_id, code, area_m2 from shop where id = ?").param(shopId).query(Shop.class).optional()
                .filter(each -> each.siteId() == group.siteId()).orElseThrow(() -> refused("shopId", "fee_no_shop", Integer.toString(shopId)));
        BigDecimal its = group.rule() == Rule.AREA && share == null ? shop.areaM2() : share;
        boolean needed = group.rule() == Rule.FIXED || group.rule() == Rule.AREA;
        if (needed != (its != null) || its != null && (its.signum() <= 0 || !Decimals.fit(its, 12, 6))) {
            throw refused("share", "share_share", group.rule().name());
        }
        Optional<Member> last = group.members().stream().filter(member -> member.shopId() == shopId).reduce((one, other) -> other);
        if (last.filter(member -> !member.validFrom().isBefore(from) || member.validTo() != null && member.validTo().isAfter(from)).isPresent()) {
            throw refused("from", "share_member_overlaps", shop.code());
        }
        jdbc.sql("update sharing_member set valid_to = :from where group_id = :group and shop_id = :shop and valid_to is null")
                .param("from", from).param("group", groupId).param("shop", shopId).update();
        jdbc.sql("insert into sharing_member (group_id, shop_id, share, valid_from) values (:group, :shop, :share, :from)")
                .param("group", groupId).param("shop", shopId).param("share", its).param("from", from).update();
        return changed(group, "sharing.member.added", who, why);
    }

    /**
     * A shop no longer takes part from a day on.
     *
     * @throws FeeRefused if it does not take part, or only from that day
     */
    @Transactional
    public Group endMember(int groupId, int shopId, LocalDate to, String who, String why) {
        Group group = held(groupId);
        if (jdbc.sql("update sharing_member set valid_to = :to where group_id = :group and shop_id = :shop and valid_to is null and valid_from < :to")
                .param("to", to).param("group", groupId).param("shop", shopId).update() == 0) {
            throw refused("to", "share_to");
        }
        return changed(group, "sharing.member.ended", who, why);
    }

    /** Two people do not change a group at once. */
    private Group held(int groupId) {
        jdbc.sql("select id from sharing_group where id = ? for no key update").param(groupId).query(Integer.class).optional();
        Group group = group(groupId).orElseThrow(() -> refused("group", "share_no_group", Integer.toString(groupId)));
        rights.require(Right.SHARING, Place.site(group.siteId()));
        return group;
    }

    private Group changed(Group before, String what, String who, String why) {
        Group after = group(before.id()).orElseThrow();
        audit.record(before.siteId(), who, what, "sharing group " + before.code(), before, after, why);
        return after;
    }

    private FeeRefused refused(String field, String key, Object... words) {
        return new FeeRefused(field, texts.of("refused." + key, words));
    }
}
