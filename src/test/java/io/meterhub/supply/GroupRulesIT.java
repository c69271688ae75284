package io.meterhub.supply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import io.meterhub.AtOnce;
import io.meterhub.HubTest;
import io.meterhub.supply.PowerLimit.Limit;
import io.meterhub.supply.ShopRules.Group;
import io.meterhub.supply.ShopRules.Kind;
import io.meterhub.supply.ShopRules.Own;
import io.meterhub.supply.ShopRules.Owner;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** Which rule holds for a shop: its own, else that of the group that it is in today. */
@HubTest
class GroupRulesIT {

    private static final AtomicInteger NUMBER = new AtomicInteger();
    /** No supply at any time, and always supply. */
    private static final Schedule NEVER = new Schedule(List.of(new Hours(null, LocalTime.MIDNIGHT, LocalTime.MIDNIGHT)), List.of());
    private static final Schedule ALWAYS = new Schedule(List.of(), List.of());

    @Autowired
    JdbcClient jdbc;
    @Autowired
    ShopRules rules;
    @Autowired
    Schedules schedules;
    @Autowired
    Supply supply;
    @Autowired
    TransactionTemplate transaction;

    private int site;
    private int shop;
    private int meter;
    private Owner own;
    private Owner restaurants;

    @BeforeEach
    void aRestaurant() {
        int number = NUMBER.incrementAndGet();
        site = insert("insert into site (code, name, zone) values ('GROUPS-%d', 'groups', 'UTC') returning id".formatted(number));
        int gateway = insert("""
                insert into gateway (site_id, code, name, shaft, host, port, framing, baud, enabled)
                values (%d, 'G', 'g', 'S1', '127.9.4.1', %d, 'TCP', 9600, false) returning id""".formatted(site, 3000 + number));
        shop = insert("insert into shop (site_id, code, name, floor, shaft) values (%d, 'R1', 'r', '1', 'S1') returning id".formatted(site));
        meter = insert("""
                insert into meter (site_id, gateway_id, shop_id, code, name, model, energy_kind, unit_id, rating)
                values (%d, %d, %d, 'M1', 'm', 'x', 'ELECTRICITY', 1, 10) returning id""".formatted(site, gateway, shop));
        jdbc.sql("insert into meter_supply (meter_id) values (?)").param(meter).update();
        joined("Restaurants", LocalDate.now(ZoneOffset.UTC).minusDays(3));
        own = new Owner.Shop(shop);
        restaurants = new Owner.Group(site, "Restaurants");
    }

    private int insert(String sql) {
        return jdbc.sql(sql).query(Integer.class).single();
    }

    private void joined(String group, LocalDate from) {
        jdbc.sql("update shop_group_member set valid_to = ? where shop_id = ? and valid_to is null").params(from, shop).update();
        jdbc.sql("insert into shop_group_member (shop_id, valid_from, shop_group) values (?, ?, ?)").params(shop, from, group).update();
    }

    private void set(Owner owner, Kind kind, Object rule) {
        rules.set(owner, kind, rule, "chen", "a test");
    }

    private static PowerLimit limit(String kw) {
        return new PowerLimit(List.of(new Limit(null, LocalTime.MIDNIGHT, LocalTime.MIDNIGHT, new BigDecimal(kw))), 60, BigDecimal.ZERO, 10, 1);
    }

    private List<ReasonKind> reasons() {
        return supply.reasons(meter).stream().map(Reason::kind).toList();
    }

    @Test
    void aGroupsRuleHoldsUntilTheShopHasItsOwnAndAgainWithoutIt() {
        set(restaurants, Kind.POWER_LIMIT, limit("10"));
        assertThat(rules.of(own).limitKw()).isEqualByComparingTo("10");
        assertThat(rules.of(own).fromGroup()).isEqualTo(Map.of(Kind.POWER_LIMIT, "Restaurants"));
        set(own, Kind.POWER_LIMIT, limit("25"));
        assertThat(rules.of(own).limitKw()).isEqualByComparingTo("25");
        assertThat(rules.of(own).fromGroup()).isEmpty();
        set(restaurants, Kind.POWER_LIMIT, limit("12"));
        assertThat(rules.of(own).limitKw()).as("its own still").isEqualByComparingTo("25");
        assertThat(rules.preview(own, Kind.POWER_LIMIT, null).limitKw()).isEqualByComparingTo("12");
        set(own, Kind.POWER_LIMIT, null);
        assertThat(rules.of(own).limitKw()).isEqualByComparingTo("12");
        set(restaurants, Kind.POWER_LIMIT, null);
        assertThat(rules.of(own).limitKw()).isNull();
    }

    @Test
    void eachKindOfRuleComesFromWhereThereIsOne() {
        set(restaurants, Kind.POWER_LIMIT, limit("10"));
        set(restaurants, Kind.SCHEDULE, ALWAYS);
        set(own, Kind.SCHEDULE, ALWAYS);
        assertThat(rules.of(own).fromGroup()).isEqualTo(Map.of(Kind.POWER_LIMIT, "Restaurants"));
        assertThat(rules.groups(site)).containsExactly(new Group("Restaurants", 1, List.of(Kind.POWER_LIMIT, Kind.SCHEDULE)));
        assertThat(rules.own(site)).containsExactly(new Own(shop, "R1", "r", List.of(Kind.SCHEDULE)));
    }

    @Test
    void aGroupsScheduleSwitchesItsShopsAtOnceAndAnOwnOneEndsThat() {
        set(restaurants, Kind.SCHEDULE, NEVER);
        assertThat(reasons()).containsExactly(ReasonKind.SCHEDULE);
        assertThat(supply.reasons(meter).get(0).why()).contains("group Restaurants");
        set(own, Kind.SCHEDULE, ALWAYS);
        assertThat(reasons()).as("a rule of its own, also one without hours, stands in its place").isEmpty();
        set(own, Kind.SCHEDULE, null);
        assertThat(reasons()).containsExactly(ReasonKind.SCHEDULE);
        set(restaurants, Kind.SCHEDULE, null);
        assertThat(reasons()).isEmpty();
    }

    @Test
    void whoIsInAnotherGroupFromTodayOnGoesByItsRules() {
        set(restaurants, Kind.SCHEDULE, NEVER);
        assertThat(reasons()).containsExactly(ReasonKind.SCHEDULE);
        joined("Fashion", LocalDate.now(ZoneOffset.UTC));
        schedules.agreeWithSchedules();
        assertThat(reasons()).isEmpty();
        set(new Owner.Group(site, "Fashion"), Kind.POWER_LIMIT, limit("5"));
        assertThat(rules.of(own).fromGroup()).isEqualTo(Map.of(Kind.POWER_LIMIT, "Fashion"));
        assertThat(rules.groups(site)).extracting(Group::name, Group::shops).containsExactly(
                tuple("Fashion", 1), tuple("Restaurants", 0));
        joined("Restaurants", LocalDate.now(ZoneOffset.UTC).plusDays(1));
        assertThat(rules.of(own).fromGroup()).as("tomorrow is not today").isEqualTo(Map.of(Kind.POWER_LIMIT, "Fashion"));
        set(restaurants, Kind.SCHEDULE, null);
        assertThat(rules.groups(site)).extracting(Group::name).containsExactly("Fashion");
    }

    @Test
    void whoChangesAGroupsRuleAtTheSameTimeTellsWhatWasBefore() throws Exception {
        AtOnce.atOnce(IntStream.range(1, 9).mapToObj(kw -> (Callable<Void>) () -> {
            set(restaurants, Kind.POWER_LIMIT, limit(Integer.toString(kw)));
            return null;
        }).toList());
        assertThat(jdbc.sql("""
                select count(*) from (select before, lag(after) over (order by id) as last from audit_log where site_id = ? and what = 'supply.rule.power_limit') told
                where before is not distinct from last""").param(site).query(Integer.class).single()).isEqualTo(8);
        assertThat(rules.of(restaurants).powerLimit()).isEqualTo(rules.of(own).powerLimit());
    }

    @Test
    void aShopsOwnRuleAndItsGroupsMayBeChangedSideBySide() throws Exception {
        sideBySide(() -> set(own, Kind.SCHEDULE, ALWAYS), () -> set(restaurants, Kind.SCHEDULE, NEVER));
        assertThat(reasons()).as("its own holds").isEmpty();
        set(restaurants, Kind.SCHEDULE, null);
        set(own, Kind.SCHEDULE, null);
        sideBySide(() -> set(restaurants, Kind.SCHEDULE, NEVER), () -> set(own, Kind.SCHEDULE, ALWAYS));
        assertThat(reasons()).as("its own holds").isEmpty();
        set(own, Kind.SCHEDULE, null);
        assertThat(reasons()).containsExactly(ReasonKind.SCHEDULE);
    }

    /** The other comes to its end while the first has not yet. */
    private void sideBySide(Runnable first, Runnable other) throws Exception {
        Future<Void> done = transaction.execute(status -> {
            first.run();
            return AtOnce.behind(jdbc, () -> {
                other.run();
                return null;
            });
        });
        done.get();
    }

    @Test
    void whatCannotBeIsRefusedByField() {
        assertThatThrownBy(() -> set(new Owner.Group(site, "Nobody"), Kind.SCHEDULE, ALWAYS)).isInstanceOfSatisfying(SupplyRefused.class,
                refused -> assertThat(refused.field()).isEqualTo("group"));
        assertThatThrownBy(() -> set(restaurants, Kind.POWER_LIMIT, limit("0"))).isInstanceOfSatisfying(SupplyRefused.class,
                refused -> assertThat(refused.field()).isEqualTo("limits.kw"));
        assertThatThrownBy(() -> rules.set(restaurants, Kind.SCHEDULE, ALWAYS, "chen", " ")).isInstanceOfSatisfying(SupplyRefused.class,
                refused -> assertThat(refused.field()).isEqualTo("why"));
        assertThat(rules.of(restaurants).schedule()).isNull();
    }
}
