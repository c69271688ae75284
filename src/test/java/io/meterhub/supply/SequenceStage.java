package io.meterhub.supply;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.meterhub.billing.Billing;
import io.meterhub.billing.Counter;
import io.meterhub.billing.CounterRequest;
import io.meterhub.billing.CounterResult;
import io.meterhub.billing.FeeWatch;
import io.meterhub.billing.LedgerCheck;
import io.meterhub.billing.PayMethod;
import io.meterhub.metering.Correction;
import io.meterhub.metering.Slice;
import io.meterhub.metering.SteppedLanes;
import io.meterhub.people.Actor;
import io.meterhub.people.Forbidden;
import io.meterhub.people.Grant;
import io.meterhub.people.Role;
import io.meterhub.people.SignedIn;
import io.meterhub.simulator.Line;
import io.meterhub.simulator.MeterTruth;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Gateway.Framing;
import java.math.BigDecimal;
import java.net.Socket;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * A site with one to three shops, their meters on one gateway, and two hubs that read, bill and switch them; everything goes on only
 * when an event says so. Beside it the model of each shop, with which it is compared: at each write that reaches a meter, and
 * when all has settled.
 */
final class SequenceStage implements HubLife.Outside, Line.Player {

    static final ZoneId ZONE = ZoneId.of("Asia/Shanghai");
    static final Map<String, Role> PEOPLE = Map.of("wang", Role.ELECTRICIAN, "li", Role.ELECTRICIAN, "chen", Role.MANAGER, "zhao",
            Role.ADMINISTRATOR);

    private static final Duration LONGEST_SLEEP = Duration.ofSeconds(70);

    /** What must not be. */
    static final class Violation extends RuntimeException {

        Violation(String what) {
            super(what, null, false, false);
        }
    }

    /** How a sequence begins. */
    record Setting(List<String> models, Framing framing, String cutHours, int noticeMinutes, int stepShops, int massShops, int startHour) {
    }

    /** A shop with its meter; what the hub wrote to it. */
    static final class Shop {

        final ShopModel model = new ShopModel();
        final String code;
        final String meterModel;
        final int unit;
        int id;
        int meter;
        int account;
        /** Receipts that can be taken back, the latest last. */
        final Deque<CounterResult.Booked> sales = new ArrayDeque<>();
        /** What the present meter has credited, in its order, fen. */
        final List<Long> credited = new ArrayList<>();
        final List<Long> creditedByFormer = new ArrayList<>();
        int audited;
        boolean touched;
        Instant openedByHand;
        BigDecimal takenOff;
        boolean swapped;
        boolean limited;

        Shop(int n, String meterModel) {
            this.code = "M" + n;
            this.meterModel = meterModel;
            this.unit = 1 + 3 * n;
        }

        boolean keepsYuan() {
            return meterModel.equals("demo-adf400l-3p") || meterModel.equals("generic-water-valve");
        }

        boolean electricity() {
            return !meterModel.equals("generic-water-valve");
        }
    }

    private record Poke(int gateway, Collection<Integer> meters) {
    }

    private record Meanwhile(int[] points, Runnable act) {
    }

    private final DataSource database;
    private final JdbcClient jdbc;
    private final HubLife[] hubs;
    private final Setting setting;
    private final Random random;
    private final boolean atOnce;
    private final int[] pointsToLive = {-1, -1};
    private final boolean[] dead = new boolean[2];
    private final Deque<Integer> working = new ArrayDeque<>();
    private final List<Meanwhile> meanwhile = new ArrayList<>();
    private final Deque<String> readings = new ConcurrentLinkedDeque<>();
    private final Deque<Poke> pokes = new ConcurrentLinkedDeque<>();
    private final Deque<Integer> credits = new ConcurrentLinkedDeque<>();
    private final Map<Integer, Deque<Line.Way>> ways = new ConcurrentHashMap<>();
    private final List<Shop> shops = new ArrayList<>();
    private final AtomicLong micros;
    private final long nanosAtStart;
    private final List<String> reached = Collections.synchronizedList(new ArrayList<>());
    private final Line line;
    private final Figures figures;
    private int site;
    private int gateway;
    private boolean settling;
    private volatile Violation violation;

    /** What happened, for the report. */
    static final class Figures {

        final AtomicInteger cuts = new AtomicInteger();
        final AtomicInteger returns = new AtomicInteger();
        final AtomicInteger purchases = new AtomicInteger();
        final AtomicInteger deaths = new AtomicInteger();
        final AtomicInteger spoilt = new AtomicInteger();
        final AtomicInteger meanwhiles = new AtomicInteger();
        final AtomicInteger repeated = new AtomicInteger();
    }

    /** Goes on over all sequences, as a hub's own nanoseconds do. */
    private static final AtomicLong NANOS = new AtomicLong();

    /**
     * @param hubs   two that live on from sequence to sequence unless they die
     * @param atOnce several threads work, so that there is no order in which a person's word and a hub's act stand
     */
    SequenceStage(DataSource database, HubLife[] hubs, Setting setting, long seed, boolean atOnce, Figures figures) {
        this.database = database;
        this.jdbc = JdbcClient.create(database);
        this.hubs = hubs;
        this.setting = setting;
        this.random = new Random(seed);
        this.atOnce = atOnce;
        this.figures = figures;
        this.micros = new AtomicLong(Instant.parse("2026-11-23T00:00:00Z").plus(Duration.ofHours(setting.startHour())).toEpochMilli() * 1000);
        this.nanosAtStart = NANOS.get() - micros.get() * 1000;
        this.line = new Line(setting.framing(), this, new Random(seed));
        furnish();
        for (int hub = 0; hub < 2; hub++) {
            if (hubs[hub] == null) {
                hubs[hub] = new HubLife(hub, database, this);
            } else {
                hubs[hub].meets(this);
            }
        }
        // as an import does: who has no credit yet is in arrears
        part(0, TransactionTemplate.class).executeWithoutResult(status -> part(0, Arrears.class).agreeWithAccounts(site));
    }

    private void furnish() {
        String code = "Q" + UUID.randomUUID().toString().substring(0, 18);
        OffsetDateTime begin = now().minus(Duration.ofDays(1)).atOffset(ZoneOffset.UTC);
        site = insert("insert into site (code, name) values (:code, 'a mall') returning id", Map.of("code", code));
        gateway = insert("""
                insert into gateway (site_id, code, name, shaft, host, port, framing, baud) values (:site, 'G', 'g', 'A', :host, 502, :framing, 9600)
                returning id""", Map.of("site", site, "host", "10.%d.%d.%d".formatted(site >> 16 & 255, site >> 8 & 255, site & 255),
                "framing", setting.framing().name()));
        insert("""
                insert into supply_terms (site_id, workday_hours, weekend_hours, holiday_hours, temperature_hours, notice_minutes, step_shops,
                    step_seconds, step_per, mass_shops, mass_minutes)
                values (:site, :hours, :hours, :hours, null, :notice, :steps, 2, 'SITE', :mass, 600) returning site_id""",
                Map.of("site", site, "hours", setting.cutHours(), "notice", setting.noticeMinutes(), "steps", setting.stepShops(), "mass",
                        setting.massShops()));
        for (EnergyKind kind : EnergyKind.values()) {
            int tariff = insert("insert into tariff (site_id, code, name, energy_kind) values (:site, :kind, 't', :kind) returning id",
                    Map.of("site", site, "kind", kind.name()));
            insert("""
                    insert into tariff_version (tariff_id, effective_from, rule)
                    values (:tariff, '2026-01-01', '{"prices": [{"band": "SINGLE", "tier": 1, "parts": {"energy": 0.8}}]}') returning id""",
                    Map.of("tariff", tariff));
            insert("""
                    insert into tariff_assignment (site_id, energy_kind, tariff_id, valid_from) values (:site, :kind, :tariff, '2026-01-01')
                    returning id""", Map.of("site", site, "kind", kind.name(), "tariff", tariff));
        }
        for (int n = 0; n < setting.models().size(); n++) {
            Shop shop = new Shop(n, setting.models().get(n));
            String kind = shop.electricity() ? "ELECTRICITY" : "WATER";
            line.hang(shop.unit, shop.code, shop.meterModel, EnergyKind.valueOf(kind));
            shop.id = insert("insert into shop (site_id, code, name, floor, shaft) values (:site, :code, 's', '1', 'A') returning id",
                    Map.of("site", site, "code", shop.code));
            shop.meter = insert("""
                    insert into meter (site_id, gateway_id, shop_id, code, name, model, energy_kind, unit_id, rating, opening_reading)
                    values (:site, :gateway, :shop, :code, 'm', :model, :kind, :unit, 5000, 1000) returning id""",
                    Map.of("site", site, "gateway", gateway, "shop", shop.id, "code", shop.code, "model", shop.meterModel, "kind", kind,
                            "unit", shop.unit));
            shop.account = insert("insert into account (site_id, shop_id, kind, opened_at) values (:site, :shop, :kind, :at) returning id",
                    Map.of("site", site, "shop", shop.id, "kind", kind, "at", begin));
            insert("insert into account_meter (account_id, meter_id, valid_from) values (:account, :meter, :at) returning meter_id",
                    Map.of("account", shop.account, "meter", shop.meter, "at", begin));
            insert("insert into meter_supply (meter_id) values (:meter) returning meter_id", Map.of("meter", shop.meter));
            shops.add(shop);
        }
    }

    private int insert(String sql, Map<String, ?> values) {
        return jdbc.sql(sql).params(values).query(Integer.class).single();
    }

    List<Shop> shops() {
        return shops;
    }

    Shop shop(int n) {
        return shops.get(n % shops.size());
    }

    // What the hubs and the line meet.

    @Override
    public Instant now() {
        return Instant.EPOCH.plus(micros.get(), ChronoUnit.MICROS);
    }

    @Override
    public long millis() {
        return micros.get() / 1000;
    }

    @Override
    public long nanos() {
        return micros.get() * 1000 + nanosAtStart;
    }

    @Override
    public void pass(long nanos) {
        long to = micros.addAndGet(Math.max(1, nanos / 1000));
        NANOS.set(to * 1000 + nanosAtStart);
    }

    @Override
    public void rest(long millis) {
        pass(millis * 1_000_000);
    }

    /**
     * Lets time pass; not for longer than a minute or so where a hub is in the midst of something: the reading of a hub that sleeps for hours before
     * it looks at the clock is doubted because of the next one, and waits for a person.
     */
    void pass(Duration time) {
        boolean midst = atOnce && !settling || !working.isEmpty();
        pass((midst && time.compareTo(LONGEST_SLEEP) > 0 ? LONGEST_SLEEP : time).toNanos());
    }

    @Override
    public Socket socket(int hub) {
        return line.socket(hub);
    }

    @Override
    public Line.Way way(int unit, boolean writes) {
        for (int of : new int[] {unit, 0}) {
            Line.Way way = ways.getOrDefault(of, new ArrayDeque<>()).poll();
            if (way != null) {
                figures.spoilt.incrementAndGet();
                return way;
            }
        }
        return Line.Way.THROUGH;
    }

    /** @param unit 0: any */
    void spoil(int unit, Line.Way way, int times) {
        ways.computeIfAbsent(unit, of -> new ConcurrentLinkedDeque<>()).addAll(Collections.nCopies(times, way));
    }

    void gatewayLost(boolean yes) {
        line.lost(yes);
    }

    @Override
    public void sent(String route, Object body) {
        switch (route) {
            case "direct:slices" -> ((Collection<?>) body).forEach(slice -> readings.add(written(slice)));
            case "direct:poke" -> {
                Map<?, ?> poke = (Map<?, ?>) body;
                pokes.add(new Poke((Integer) poke.get("gateway"), ((Collection<?>) poke.get("meters")).stream().map(id -> (Integer) id).toList()));
            }
            case "direct:credit-meter" -> credits.add(((CreditLoop.Due) body).meter());
            case "direct:hold-meter" -> {
                // what meters hold of the rules themselves is not played: the hub sees to them here
            }
            default -> throw new IllegalArgumentException(route);
        }
    }

    private static String written(Object slice) {
        try {
            return HubLife.JSON.writeValueAsString(slice);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The broker forgets all that it has. */
    void forgetMessages() {
        readings.clear();
        pokes.clear();
        credits.clear();
    }

    @Override
    public void point(int hub) {
        if (dead[hub]) {
            throw new HubLife.Died(hub);
        }
        pass(200_000);
        if (pointsToLive[hub] >= 0 && pointsToLive[hub]-- == 0) {
            dead[hub] = true;
            throw new HubLife.Died(hub);
        }
    }

    /** The hub dies at its next point but so many. */
    void die(int hub, int points) {
        pointsToLive[hub] = points;
    }

    @Override
    public void between(int hub, boolean inTransaction) {
        if (atOnce || inTransaction || meanwhile.isEmpty() || working.size() > 1) {
            return;
        }
        for (Iterator<Meanwhile> each = meanwhile.iterator(); each.hasNext(); ) {
            Meanwhile next = each.next();
            if (next.points[0]-- <= 0) {
                each.remove();
                figures.meanwhiles.incrementAndGet();
                next.act.run();
                return;
            }
        }
    }

    /** At a hub's next point but so many, in the middle of what it does, this comes first. */
    void meanwhile(int points, Runnable act) {
        meanwhile.add(new Meanwhile(new int[] {points}, act));
    }

    // What a hub does.

    /** False: it is at something already, or died of it. */
    private boolean work(int hub, Runnable act) {
        if (!atOnce && working.contains(hub)) {
            return false;
        }
        SecurityContext before = SecurityContextHolder.getContext();
        SecurityContextHolder.clearContext();
        if (!atOnce) {
            working.push(hub);
        }
        try {
            act.run();
            return true;
        } catch (HubLife.Died | RuntimeException e) {
            if (!dead[hub]) {
                throw e;
            }
            figures.deaths.incrementAndGet();
            hubs[hub].close();
            dead[hub] = false;
            pointsToLive[hub] = -1;
            hubs[hub] = new HubLife(hub, database, this);
            return false;
        } finally {
            if (!atOnce) {
                working.remove(hub);
            }
            SecurityContextHolder.setContext(before);
        }
    }

    private <T> T part(int hub, Class<T> type) {
        return hubs[hub].bean(type);
    }

    private SteppedLanes lanes(int hub) {
        return part(hub, SteppedLanes.class);
    }

    /** Polls the gateway; in the middle and afterwards what is being switched goes its way, at least in part. */
    void poll(int hub, int moves) {
        work(hub, () -> round(hub, null, false));
        move(hub, moves);
    }

    void poke(int hub, int moves) {
        Poke poke = pokes.poll();
        if (poke != null && poke.gateway == gateway) {
            work(hub, () -> round(hub, poke.meters, true));
            move(hub, moves);
        }
    }

    private void round(int hub, Collection<Integer> meters, boolean urgent) {
        lanes(hub).round(gateway, meters, urgent).forEachRemaining(slice -> readings.add(written(slice)));
    }

    /** Looks at what is being switched, so many times at most. */
    void move(int hub, int times) {
        boolean[] more = {true};
        for (int i = 0; i < times && more[0]; i++) {
            if (!work(hub, () -> more[0] = lanes(hub).step())) {
                return;
            }
        }
    }

    /** Bills one of the messages; the broker gives it again where the hub died of it. */
    void bill(int hub, boolean first, boolean again) {
        String message = first ? readings.poll() : readings.pollLast();
        if (message == null) {
            return;
        }
        boolean billed = false;
        try {
            billed = work(hub, () -> part(hub, Billing.class).bill(slice(message)));
        } catch (TransientDataAccessException e) {
            // two at once came into each other's way: the broker gives it again
            figures.repeated.incrementAndGet();
        }
        if (!billed || again) {
            readings.addFirst(message);
        }
    }

    private static Slice slice(String message) {
        try {
            return HubLife.JSON.readValue(message, Slice.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    void credit(int hub) {
        work(hub, () -> {
            List<Integer> due = new ArrayList<>(credits);
            credits.removeAll(due);
            CreditLoop loop = part(hub, CreditLoop.class);
            loop.due().forEach(found -> due.add(found.meter()));
            due.stream().distinct().filter(meter -> shops.stream().anyMatch(shop -> shop.meter == meter)).forEach(loop::advance);
        });
    }

    /** What a hub does while all is well: it polls, switches, bills, follows pokes, sees to credit. */
    void allAtOnce(int hub) {
        poll(hub, 20);
        for (int i = 0; i < 4 && !(readings.isEmpty() && pokes.isEmpty()); i++) {
            bill(hub, true, false);
            poke(hub, 20);
        }
        credit(hub);
        release(hub);
    }

    void release(int hub) {
        work(hub, () -> part(hub, Turns.class).release());
    }

    /** What the clock starts every minute. */
    void minute(int hub) {
        work(hub, () -> {
            part(hub, Supply.class).expire();
            part(hub, Turns.class).refresh();
            part(hub, Schedules.class).agreeWithSchedules();
        });
    }

    void repeated() {
        figures.repeated.incrementAndGet();
    }

    // What people do, by a page of one of the hubs; who gets no answer does it again.

    private void ask(String who, Consumer<Integer> act) {
        int hub = !atOnce && working.contains(0) ? 1 : !atOnce && working.contains(1) ? 0 : random.nextInt(2);
        for (int tries = 0; tries < 20; tries++) {
            int asked = hub;
            try {
                boolean answered = work(asked, () -> {
                    if (who != null) {
                        Role role = PEOPLE.get(who);
                        SecurityContextHolder.getContext().setAuthentication(new SignedIn(new Actor(1, false, who, false,
                                List.of(new Grant(role, role.rights(), null, null, null)))));
                    }
                    act.accept(asked);
                });
                if (answered) {
                    return;
                }
                if (!atOnce && !working.isEmpty() && working.contains(asked)) {
                    return;
                }
            } catch (TransientDataAccessException e) {
                figures.repeated.incrementAndGet();
            }
        }
        throw new IllegalStateException("nobody answers " + who);
    }

    private boolean counter(CounterRequest request, Shop shop, BigDecimal change) {
        CounterResult[] result = new CounterResult[1];
        ask(null, hub -> result[0] = part(hub, Counter.class).act(request));
        if (result[0] instanceof CounterResult.Booked booked) {
            BigDecimal yuan = change == null ? booked.receipt().amountYuan().negate() : change;
            shop.model.paid = shop.model.paid.add(yuan);
            if (change != null && change.signum() > 0) {
                shop.sales.add(booked);
            }
            return true;
        }
        return false;
    }

    private static String key() {
        return UUID.randomUUID().toString();
    }

    void sell(Shop shop, BigDecimal yuan) {
        if (!counter(CounterRequest.sale(key(), shop.account, yuan, PayMethod.CASH, "li", null), shop, yuan)) {
            throw new Violation("Shop %s could not buy for %s yuan.".formatted(shop.code, yuan));
        }
    }

    void give(Shop shop, BigDecimal yuan) {
        counter(CounterRequest.gift(key(), shop.account, yuan, "li", "for opening"), shop, yuan);
    }

    void takeBack(Shop shop) {
        CounterResult.Booked last = shop.sales.peekLast();
        if (last != null && counter(CounterRequest.reversal(key(), shop.account, last.receipt().number(), "li", "typed wrong"), shop,
                last.receipt().amountYuan().negate())) {
            shop.sales.removeLast();
        }
    }

    void payOut(Shop shop) {
        counter(CounterRequest.refund(key(), shop.account, null, PayMethod.CASH, "li", null), shop, null);
    }

    private boolean may(String who, Consumer<Integer> act) {
        boolean[] done = {true};
        ask(who, hub -> {
            try {
                act.accept(hub);
            } catch (SupplyRefused | Forbidden e) {
                done[0] = false;
            }
        });
        return done[0];
    }

    /** Whether a reason of this kind is in force, by the database. */
    private Optional<String> setBy(Shop shop, ReasonKind kind) {
        return jdbc.sql("select who from supply_reason where meter_id = ? and kind = ? and ended_at is null").params(shop.meter, kind.name())
                .query(String.class).optional();
    }

    void set(Shop shop, ReasonKind kind, String who, Duration until) {
        Instant end = until == null ? null : now().plus(until).truncatedTo(ChronoUnit.HOURS);
        boolean wasThere = setBy(shop, kind).filter(who::equals).isPresent();
        boolean isProtected = kind.safety() && setBy(shop, ReasonKind.PROTECTED).isPresent();
        boolean answered = may(who, hub -> part(hub, Supply.class).set(shop.meter, kind, who, "for a test", end));
        // who got no answer from a hub that died may find it done; what was done in the midst of it was another act, and refused this one
        boolean done = answered || !wasThere && !shop.model.set.contains(kind) && setBy(shop, kind).filter(who::equals).isPresent();
        if (!done) {
            return;
        }
        if (isProtected) {
            throw new Violation("%s set %s although shop %s is protected.".formatted(who, kind, shop.code));
        }
        shop.audited++;
        if (kind == ReasonKind.KEEP_ON) {
            shop.model.keptOnUntil = end;
        } else {
            shop.model.set.add(kind);
        }
        if (kind == ReasonKind.MANUAL_OFF) {
            shop.model.lockedBy = who;
        }
        if (kind == ReasonKind.OVERLOAD) {
            shop.model.overloadUntil = end;
        }
    }

    /** Ends a reason; of a lock-out, naming who set it. */
    void end(Shop shop, ReasonKind kind, String who) {
        notice(shop);
        String setter = setBy(shop, kind).orElse(null);
        if (setter == null) {
            return;
        }
        int before = shop.audited;
        boolean answered = may(who, hub -> part(hub, Supply.class).end(shop.meter, kind, who, "done", setter));
        if (setBy(shop, kind).isPresent() || !answered && shop.audited > before) {
            return;
        }
        boolean ownRank = PEOPLE.get(who).compareTo(PEOPLE.getOrDefault(setter, Role.VIEWER)) >= 0;
        if (kind == ReasonKind.MANUAL_OFF && !ownRank) {
            throw new Violation("%s (%s) lifted the lock-out of %s (%s) in shop %s.".formatted(who, PEOPLE.get(who), setter, PEOPLE.get(setter),
                    shop.code));
        }
        shop.audited++;
        if (kind == ReasonKind.KEEP_ON) {
            shop.model.keptOnUntil = null;
        }
        if (kind == ReasonKind.MANUAL_OFF) {
            shop.openedByHand = null;
            shop.model.lockedBy = null;
        }
        if (kind == ReasonKind.OVERLOAD) {
            shop.model.overloadUntil = null;
        }
        shop.model.set.remove(kind);
    }

    /** The property fee is overdue, or paid. */
    void fee(Shop shop, boolean overdue) {
        ask(null, hub -> part(hub, TransactionTemplate.class).executeWithoutResult(status -> part(hub, FeeWatch.class)
                .feeChanged(List.of(new FeeWatch.Fee(shop.id, overdue, "hub", overdue ? "fee overdue" : "fee paid")))));
        shop.model.feeOverdue = overdue;
    }

    /** No supply from one hour of the day to another; null: always. */
    void schedule(Shop shop, int[] hours) {
        Schedule rule = hours == null ? null : new Schedule(List.of(new Hours(null, LocalTime.of(hours[0], 0), LocalTime.of(hours[1], 0))), null);
        ask(null, hub -> part(hub, ShopRules.class).set(new ShopRules.Owner.Shop(shop.id), ShopRules.Kind.SCHEDULE, rule, "chen", "for a test"));
        shop.model.darkHours = shop.electricity() ? hours : null;
    }

    void limit(Shop shop, String kw) {
        PowerLimit rule = new PowerLimit(List.of(new PowerLimit.Limit(null, LocalTime.MIDNIGHT, LocalTime.MIDNIGHT, new BigDecimal(kw))), 10,
                BigDecimal.ZERO, 10, 1);
        ask(null, hub -> part(hub, ShopRules.class).set(new ShopRules.Owner.Shop(shop.id), ShopRules.Kind.POWER_LIMIT, rule, "chen", "for a test"));
        shop.limited = true;
    }

    /** Who holds the credit. */
    void mode(Shop shop, MeterCredits.Mode mode) {
        if (shop.keepsYuan()) {
            may("chen", hub -> part(hub, MeterCredits.class).set(shop.meter, mode, "chen", "as agreed"));
        }
    }

    /** A person looks at the meter of a shop whose purchases were stopped, and lets them go on. */
    void accept(Shop shop) {
        Optional<Integer> stopped = jdbc.sql("select meter_id from meter_credit where meter_id = ? and stopped_at is not null").param(shop.meter)
                .query(Integer.class).optional();
        if (stopped.isEmpty()) {
            return;
        }
        boolean pendingIsIn = jdbc.sql("select amount_yuan from meter_purchase where meter_id = ? and state = 'WRITING'").param(shop.meter)
                .query(BigDecimal.class).optional().map(yuan -> shop.credited.contains(yuan.movePointRight(2).longValueExact())).orElse(false);
        may("chen", hub -> part(hub, MeterCredits.class).accept(shop.meter,
                new MeterCredits.Decision(line.truth(shop.unit).purchaseCount(), pendingIsIn, shop.swapped), "chen", "looked at the meter"));
    }

    void confirmMassCut(boolean confirm) {
        int[] held = {0};
        Instant until = now().plus(Duration.ofHours(3)).truncatedTo(ChronoUnit.HOURS);
        List<Integer> meters = new ArrayList<>();
        may("zhao", hub -> part(hub, MassCuts.class).open(site).ifPresent(cut -> {
            MassCuts massCuts = part(hub, MassCuts.class);
            held[0] = 1;
            meters.clear();
            (confirm ? massCuts.confirm(site, "zhao", "looked at the bills") : massCuts.dismiss(site, until, "zhao", "prices are wrong"))
                    .meters().forEach(each -> meters.add(each.meterId()));
        }));
        if (!confirm && held[0] == 1) {
            // also of a hub that died after it
            shops.stream().filter(shop -> setBy(shop, ReasonKind.KEEP_ON).filter("zhao"::equals).isPresent())
                    .forEach(shop -> shop.model.keptOnUntil = jdbc.sql("""
                            select until from supply_reason where meter_id = ? and kind = 'KEEP_ON' and ended_at is null""").param(shop.meter)
                            .query(OffsetDateTime.class).single().toInstant());
        }
    }

    // What happens at the meters.

    void load(Shop shop, double kw) {
        line.load(shop.unit, kw);
    }

    void byHand(Shop shop, boolean on) {
        if (!on && !shop.electricity() | shop.meterModel.equals("acrel-ddsy1352")) {
            // no status register tells; a valve is closed at its handle, which the register does not show
            return;
        }
        boolean wasOn = line.truth(shop.unit).on();
        reached(shop, "somebody turned it " + (on ? "on" : "off") + " at the meter");
        line.byHand(shop.unit, on);
        shop.touched |= !on && wasOn;
        shop.openedByHand = on ? null : wasOn && jdbc.sql("""
                select seen = 'ON' and not may_close and (commanded is distinct from 'OFF' or confirmed_at is not null) from meter_supply
                where meter_id = ?""").param(shop.meter).query(Boolean.class).single() ? now() : shop.openedByHand;
    }

    void purchaseByHand(Shop shop) {
        // one that comes just when a purchase is on its way cannot be told from it by the count
        boolean underWay = atOnce || !working.isEmpty() || jdbc.sql("select exists (select from meter_purchase where meter_id = ? and state = 'WRITING')")
                .param(shop.meter).query(Boolean.class).single();
        if (shop.keepsYuan() && !underWay) {
            line.purchaseByHand(shop.unit, 777);
        }
    }

    /** Another meter is hung in its place; it is said to the hub later. */
    void swap(Shop shop) {
        boolean read = jdbc.sql("select count(*) from meter_state where meter_id = ? and read_at is not null").param(shop.meter)
                .query(Integer.class).single() == 1;
        if (read && shop.takenOff == null && !atOnce) {
            shop.takenOff = line.truth(shop.unit).total();
            line.swap(shop.unit, new BigDecimal("7.31"));
            line.load(shop.unit, 0);
            shop.swapped = true;
            shop.openedByHand = null;
            shop.creditedByFormer.addAll(shop.credited);
            shop.credited.clear();
        }
    }

    void sayReplaced(Shop shop) {
        if (shop.takenOff == null || !working.isEmpty()) {
            return;
        }
        // by then the hub knows what the former meter has shown
        while (!readings.isEmpty()) {
            bill(0, true, false);
        }
        BigDecimal opening = line.truth(shop.unit).total();
        int before = replacements(shop);
        ask(null, hub -> {
            if (replacements(shop) == before && part(hub, Billing.class).replaceMeter(shop.meter, shop.takenOff, opening, "wang", "burnt")
                    instanceof Correction.Refused refused) {
                throw new IllegalStateException(refused.toString());
            }
        });
        shop.model.replaced(shop.takenOff, opening);
        shop.takenOff = null;
    }

    private int replacements(Shop shop) {
        return jdbc.sql("select count(*) from meter_replacement where meter_id = ?").param(shop.meter).query(Integer.class).single();
    }

    // What must hold at each write.

    private Set<ReasonKind> inForce(Shop shop) {
        Set<ReasonKind> reasons = EnumSet.noneOf(ReasonKind.class);
        jdbc.sql("select kind from supply_reason where meter_id = ? and ended_at is null").param(shop.meter).query(String.class).list()
                .forEach(kind -> reasons.add(ReasonKind.valueOf(kind)));
        return reasons;
    }

    private static Optional<Boolean> command(Shop shop, int register, int[] words) {
        return switch (shop.meterModel) {
            case "demo-adf400l-1p" -> register == 0x0801 ? Optional.of(words[0] != 0x0100) : Optional.empty();
            case "demo-adf400l-3p" -> register == 0x0804 ? Optional.of(words[0] != 0x0100) : Optional.empty();
            case "acrel-ddsy1352" -> register == 0x0057 ? Optional.of(words[1] == 0) : Optional.empty();
            default -> register == 0x0005 ? Optional.of(words[0] == 0) : Optional.empty();
        };
    }

    @Override
    public void written(int unit, int register, int[] words, boolean credited) {
        Shop shop = shops.stream().filter(each -> each.unit == unit).findFirst().orElseThrow();
        try {
            if (credited) {
                credited(shop, (long) words[0] << 16 | words[1]);
            }
            command(shop, register, words).ifPresent(on -> commanded(shop, on));
        } catch (Violation e) {
            // the hub is not to take it for a fault of its own; it is told when the event is over
            violation = violation == null ? e : violation;
        }
    }

    private void credited(Shop shop, long fen) {
        shop.credited.add(fen);
        reached(shop, "the meter credited " + BigDecimal.valueOf(fen, 2) + " yuan");
        figures.purchases.incrementAndGet();
        BigDecimal known = jdbc.sql("select coalesce(sum(amount_yuan), 0) from meter_purchase where meter_id = ? and amount_yuan = ?")
                .params(shop.meter, BigDecimal.valueOf(fen, 2)).query(BigDecimal.class).single();
        long times = shop.credited.stream().filter(each -> each == fen).count();
        if (BigDecimal.valueOf(fen, 2).multiply(BigDecimal.valueOf(times)).compareTo(known) > 0) {
            throw new Violation("The meter of shop %s was credited %s yuan %d times; bought was %s yuan.".formatted(shop.code,
                    BigDecimal.valueOf(fen, 2), times, known));
        }
    }

    private record Row(String wanted, String seen, String commanded, boolean confirmed, Instant cutAt) {
    }

    private void commanded(Shop shop, boolean on) {
        reached(shop, "the meter was told to go " + (on ? "on" : "off"));
        (on ? figures.returns : figures.cuts).incrementAndGet();
        Row row = jdbc.sql("select wanted, seen, commanded, confirmed_at is not null as confirmed, cut_at from meter_supply where meter_id = ?")
                .param(shop.meter).query((r, n) -> new Row(r.getString("wanted"), r.getString("seen"), r.getString("commanded"),
                        r.getBoolean("confirmed"), r.getTimestamp("cut_at") == null ? null : r.getTimestamp("cut_at").toInstant())).single();
        Set<ReasonKind> reasons = inForce(shop);
        boolean toldOff = row.seen.equals("OFF") && "OFF".equals(row.commanded) && row.confirmed;
        if (on && ShopModel.unsafe(reasons) && (toldOff || !atOnce)) {
            throw new Violation("The hub switched shop %s on although %s is in force%s.".formatted(shop.code, reasons,
                    toldOff ? " and it had said that it is off" : ""));
        }
        if (atOnce) {
            return;
        }
        if (on && shop.openedByHand != null && jdbc.sql("""
                select not exists (select from supply_event where meter_id = ? and kind = 'COMMANDED' and detail->>'to' = 'OFF' and at >= ?)""")
                .params(shop.meter, shop.openedByHand.atOffset(ZoneOffset.UTC)).query(Boolean.class).single()) {
            throw new Violation("The hub closed the relay of shop %s, which somebody had opened at the meter.".formatted(shop.code));
        }
        Set<ReasonKind> missing = EnumSet.copyOf(ShopModel.SAFETY);
        missing.retainAll(shop.model.set);
        missing.removeAll(reasons);
        missing.removeIf(kind -> kind == ReasonKind.OVERLOAD && shop.model.overloadUntil != null && !now().isBefore(shop.model.overloadUntil));
        if (!missing.isEmpty()) {
            throw new Violation("Shop %s: %s was set by a person, and is not in force any more.".formatted(shop.code, missing));
        }
        ShopModel.Supply wanted = ShopModel.supply(reasons);
        if (on ? wanted != ShopModel.Supply.ON && !(waitsToBeCut(shop, reasons, row)) : wanted != ShopModel.Supply.OFF) {
            throw new Violation("The hub switched shop %s %s, but the reasons in force are %s.".formatted(shop.code, on ? "on" : "off", reasons));
        }
        if (!on && ShopModel.onlyOwed(reasons)) {
            checkHours(shop, row, reasons);
            shop.openedByHand = null;
        }
    }

    /** What is owed does not cut yet: until then supply may even return. */
    private static boolean waitsToBeCut(Shop shop, Set<ReasonKind> reasons, Row row) {
        return row.cutAt == null && ShopModel.onlyOwed(reasons);
    }

    private void checkHours(Shop shop, Row row, Set<ReasonKind> reasons) {
        if (row.cutAt == null || setting.cutHours().equals("00:00-24:00")) {
            if (row.cutAt == null) {
                throw new Violation("The hub switched shop %s off for %s without having decided to cut it.".formatted(shop.code, reasons));
            }
            return;
        }
        LocalTime cut = row.cutAt.atZone(ZONE).toLocalTime();
        if (cut.isBefore(LocalTime.parse(setting.cutHours().substring(0, 5))) || !cut.isBefore(LocalTime.parse(setting.cutHours().substring(6)))) {
            throw new Violation("Shop %s was cut for %s at %s; the site allows %s.".formatted(shop.code, reasons, cut, setting.cutHours()));
        }
    }

    /** Throws what was found since it was asked last. */
    void check() {
        if (violation != null) {
            throw violation;
        }
    }

    /** Takes note of what the hub itself has found at a meter: reasons that follow from what somebody did there. */
    private void notice(Shop shop) {
        if (setBy(shop, ReasonKind.MANUAL_OFF).filter("meter"::equals).isPresent()) {
            if (!shop.touched) {
                throw new Violation("The hub says that somebody opened shop %s at the meter, and nobody did.".formatted(shop.code));
            }
            shop.model.set.add(ReasonKind.MANUAL_OFF);
            shop.model.lockedBy = "meter";
        }
        if (setBy(shop, ReasonKind.OVERLOAD).filter("hub"::equals).isPresent()) {
            if (!shop.limited) {
                throw new Violation("The hub says that shop %s is overloaded, and it has no limit.".formatted(shop.code));
            }
            shop.model.set.add(ReasonKind.OVERLOAD);
            shop.model.overloadUntil = jdbc.sql("select until from supply_reason where meter_id = ? and kind = 'OVERLOAD' and ended_at is null")
                    .param(shop.meter).query((row, n) -> Optional.ofNullable(row.getTimestamp("until")).map(Timestamp::toInstant)).single().orElse(null);
        }
    }

    // How it ends.

    /** All is well again, and goes on until nothing more happens; then everything is as the model has it. */
    void settle() {
        settling = true;
        meanwhile.clear();
        ways.clear();
        line.lost(false);
        pointsToLive[0] = -1;
        pointsToLive[1] = -1;
        shops.forEach(this::sayReplaced);
        toTheHours();
        // a relay that no register tells of is told by what is drawn
        shops.stream().filter(shop -> shop.meterModel.equals("acrel-ddsy1352")).forEach(shop -> load(shop, 2));
        List<Duration> pauses = List.of(Duration.ofSeconds(15), Duration.ofSeconds(80), Duration.ofMinutes(6), Duration.ofMinutes(31));
        String before = "";
        for (int i = 0; i < 30; i++) {
            if (i == pauses.size() - 1) {
                shops.forEach(shop -> load(shop, 0));
            }
            int hub = i % 2;
            String after = goOn(hub);
            check();
            if (i > pauses.size() && after.equals(before)) {
                compare();
                return;
            }
            before = after;
            pass(i < pauses.size() ? pauses.get(i) : Duration.ofSeconds(20));
        }
        throw new Violation("It does not come to rest: " + before);
    }

    /** Into the hours in which the site allows cuts, ten minutes past. */
    private void toTheHours() {
        ZonedDateTime time = now().atZone(ZONE).truncatedTo(ChronoUnit.HOURS).plusHours(1).plusMinutes(10);
        int from = Integer.parseInt(setting.cutHours().substring(0, 2));
        int to = Integer.parseInt(setting.cutHours().substring(6, 8));
        while (time.getHour() < from || time.getHour() >= to) {
            time = time.plusHours(1);
        }
        pass(Duration.between(now(), time));
    }

    /** A hub does all that it does, the other one what it began; what it leaves is told in a line. */
    private String goOn(int hub) {
        minute(hub);
        poll(hub, 0);
        move(0, 100);
        move(1, 100);
        while (!readings.isEmpty()) {
            bill(hub, true, false);
        }
        credit(hub);
        confirmMassCut(true);
        release(hub);
        while (!pokes.isEmpty()) {
            poke(hub, 100);
        }
        while (!readings.isEmpty()) {
            bill(1 - hub, true, false);
        }
        shops.forEach(this::accept);
        StringBuilder left = new StringBuilder();
        for (Shop shop : shops) {
            left.append(jdbc.sql("""
                    select concat_ws(' ', m.code, 'wanted', s.wanted, 'seen', s.seen, 'waits', s.waits, 'failure', s.failure, 'commands', (select count(*)
                        from supply_event e where e.meter_id = m.id), 'purchases', (select string_agg(p.id || p.state, ',' order by p.id) from
                        meter_purchase p where p.meter_id = m.id), 'credit', (select a.posted_yuan - a.open_yuan from account a where a.id = :account),
                        'stopped', (select c.stopped_count from meter_credit c where c.meter_id = m.id))
                    from meter m join meter_supply s on s.meter_id = m.id where m.id = :meter""").param("account", shop.account)
                    .param("meter", shop.meter).query(String.class).single()).append(", relay ").append(line.truth(shop.unit).on()).append("; ");
        }
        return left.toString();
    }

    private void compare() {
        for (Shop shop : shops) {
            notice(shop);
            MeterTruth truth = line.truth(shop.unit);
            Set<ReasonKind> expected = shop.model.reasons(now(), now().atZone(ZONE).getHour(), truth.total());
            Set<ReasonKind> inForce = inForce(shop);
            BigDecimal credit = jdbc.sql("select posted_yuan - open_yuan from account where id = ?").param(shop.account).query(BigDecimal.class).single();
            expect(shop.model.balance(truth.total()).compareTo(credit) == 0, shop, "the ledger has %s yuan, but %s were paid and %s kWh or m3 used"
                    .formatted(credit.stripTrailingZeros().toPlainString(), shop.model.paid,
                            shop.model.countedBefore.add(truth.total()).subtract(shop.model.counterAtFirst)));
            expect(expected.equals(inForce), shop, "the reasons in force are %s, not %s".formatted(inForce, expected));
            ShopModel.Supply supply = ShopModel.supply(expected);
            expect(supply != ShopModel.Supply.OFF || !truth.on(), shop, "it is on, but should be off for %s".formatted(expected));
            expect(supply != ShopModel.Supply.ON || truth.on(), shop, "it is off without a reason; in force are %s".formatted(expected));
            comparePurchases(shop);
            compareWords(shop, supply);
        }
        List<String> problems = part(0, LedgerCheck.class).check(site).problems().stream().filter(problem -> !problem.contains("not sealed")).toList();
        if (!problems.isEmpty()) {
            throw new Violation("The books do not hold: " + problems);
        }
    }

    private static void expect(boolean holds, Shop shop, String otherwise) {
        if (!holds) {
            throw new Violation("Shop " + shop.code + " (" + shop.meterModel + "): " + otherwise + ".");
        }
    }

    /** Each purchase that is done is in the meter once, each that was taken back not at all. */
    private void comparePurchases(Shop shop) {
        record Bought(long fen, String state) {
        }
        List<Bought> bought = jdbc.sql("select (amount_yuan * 100)::bigint as fen, state from meter_purchase where meter_id = ? order by state = 'WITHDRAWN', id")
                .param(shop.meter).query(Bought.class).list();
        List<Long> left = new ArrayList<>(shop.credited);
        left.addAll(shop.creditedByFormer);
        for (Bought each : bought) {
            boolean isIn = left.remove((Long) each.fen);
            expect(isIn || !each.state.equals("CONFIRMED"), shop, "%s yuan count as credited by the meter, which never had them".formatted(
                    BigDecimal.valueOf(each.fen, 2)));
            expect(!isIn || !each.state.equals("WITHDRAWN"), shop, "%s yuan were taken back, and are in the meter".formatted(
                    BigDecimal.valueOf(each.fen, 2)));
            expect(!each.state.equals("WAITING") && !each.state.equals("WRITING"), shop, "%s yuan never came to the meter".formatted(
                    BigDecimal.valueOf(each.fen, 2)));
        }
        expect(left.isEmpty() || shop.swapped, shop, "credited more than bought: %s fen".formatted(left));
        int sold = jdbc.sql("""
                select count(*) from meter_purchase p group by p.journal_id, p.meter_id having count(*) > 1 and p.journal_id is not null and p.meter_id = ?""")
                .param(shop.meter).query(Integer.class).list().size();
        expect(sold == 0, shop, "a sale became two purchases");
    }

    /** For each cut and return there is a line that says why; each act of a person on supply is in the audit log. */
    private void compareWords(Shop shop, ShopModel.Supply supply) {
        List<SupplyChange> history = part(0, Supply.class).history(shop.meter, null, 1000);
        for (SupplyChange change : history) {
            expect(change.facts().to() != Wanted.OFF || !change.facts().because().isEmpty(), shop, "it was cut at %s, and nothing says why".formatted(change.at()));
        }
        Wanted last = history.isEmpty() ? Wanted.ON : history.get(0).facts().to();
        expect(supply == ShopModel.Supply.AS_IT_IS ? last == Wanted.AS_IS : last.name().equals(supply.name()), shop,
                "its history ends with %s, and it is %s".formatted(last, supply));
        int audited = jdbc.sql("select count(*) from audit_log where site_id = ? and what like 'supply.reason.%' and subject = ?")
                .params(site, "meter " + shop.code).query(Integer.class).single();
        expect(audited >= shop.audited, shop, "people set and ended %d reasons, the audit log has %d".formatted(shop.audited, audited));
    }

    /** What the hubs wrote down, and what reached the meters, in the order of time. */
    List<String> story() {
        List<String> lines = new ArrayList<>(reached);
        lines.addAll(jdbc.sql("""
                select to_char(e.at at time zone 'UTC', 'DD HH24:MI:SS.MS') || ' ' || m.code || ' ' || e.kind || ' ' || e.detail::text || ' by ' || e.who
                from supply_event e join meter m on m.id = e.meter_id where m.site_id = ? order by e.id""").param(site).query(String.class).list());
        Collections.sort(lines);
        return lines;
    }

    private void reached(Shop shop, String what) {
        reached.add(DateTimeFormatter.ofPattern("dd HH:mm:ss.SSS").format(now().atZone(ZoneOffset.UTC)) + " " + shop.code + " " + what);
    }

    /** Nothing of it is left that another sequence would come upon. */
    void clear() {
        jdbc.sql("update meter_credit set mode = 'HUB', stopped_at = null, stopped_count = null where meter_id in (select id from meter where site_id = ?)")
                .param(site).update();
        jdbc.sql("delete from shop_rule where shop_id in (select id from shop where site_id = ?)").param(site).update();
        jdbc.sql("""
                update supply_reason set ended_at = since, ended_by = 'hub' where ended_at is null
                and meter_id in (select id from meter where site_id = ?)""").param(site).update();
        jdbc.sql("""
                update meter_supply set waits = null, waits_since = null, waits_until = null where meter_id in (select id from meter where site_id = ?)""")
                .param(site).update();
        jdbc.sql("update mass_cut set decided_at = opened_at, decision = 'GONE', decided_by = 'hub' where site_id = ? and decided_at is null").param(site)
                .update();
    }
}
