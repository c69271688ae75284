package io.meterhub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * The office of a mall whose hub is killed: it changes prices of days that are past, agrees property fees, moves shops to the next tenant
 * and closes some, and has public areas shared out. What was acknowledged must be there whole, what was not whole or not at all;
 * what it must have come to is worked out here from counters and prices alone.
 */
final class Staff {

    static final ZoneId ZONE = ZoneId.of("Asia/Shanghai");
    private static final int CLOSED_AT_MOST = 15;
    private static final int SHOPS_IN_A_GROUP = 12;
    /** A counter's value at midnight lies on the line between two readings; charged it is cut to millionths. */
    private static final BigDecimal TOLERANCE = new BigDecimal("0.001");
    /** kWh of a group: while the quarter after a pause goes on, the line over the pause still moves a little. */
    private static final BigDecimal SHARED_TOLERANCE = BigDecimal.ONE;

    interface Expect {
        void that(boolean holds, String otherwise, Object... parts);
    }

    private record Move(int from, int to) {
    }

    private final ObjectMapper json = new ObjectMapper();
    private final HubProcess hub;
    private final Expect expect;
    private final List<Integer> open = new CopyOnWriteArrayList<>();
    private final List<Integer> energy = new CopyOnWriteArrayList<>();
    private final Set<Integer> maybeClosed = ConcurrentHashMap.newKeySet();
    private final Set<Integer> closed = new HashSet<>();
    private final List<Move> moves = new ArrayList<>();
    private final Map<Integer, BigDecimal> fees = new HashMap<>();
    private final List<Integer> shopsWithoutFee = new ArrayList<>();
    /** What the single-price tariffs cost from which day on. */
    private final Map<String, TreeMap<LocalDate, BigDecimal>> prices = new HashMap<>(Map.of(
            "shop-single", new TreeMap<>(Map.of(LocalDate.of(2026, 1, 1), new BigDecimal("0.85"))),
            "water-single", new TreeMap<>(Map.of(LocalDate.of(2026, 1, 1), new BigDecimal("4.55")))));
    /** Every price that ever held: an account that was set aside stays at what it was charged. */
    private final Set<BigDecimal> everPrices = new HashSet<>(List.of(new BigDecimal("0.850000"), new BigDecimal("4.550000")));
    private final Map<String, BigDecimal> byBand = Map.of("PEAK", new BigDecimal("0.909325"), "FLAT", new BigDecimal("0.587325"),
            "VALLEY", new BigDecimal("0.265325"));
    private PriceChange unanswered;
    private int priceChanges;
    private int refused;
    private int site;
    private LocalDate first;
    private boolean allShared;

    private record PriceChange(String tariff, LocalDate from, BigDecimal price) {
    }

    Staff(HubProcess hub, Expect expect) {
        this.hub = hub;
        this.expect = expect;
    }

    private LocalDate today() {
        return LocalDate.ofInstant(hub.now(), ZONE);
    }

    /** What the office settles on the first day. */
    void begin() throws IOException, InterruptedException {
        site = hub.json("/api/v1/sites").get(0).get("id").asInt();
        first = today();
        YearMonth month = YearMonth.from(first);
        done("PUT", "/sites/" + site + "/property-fee-settings", Map.of("dayOfMonth", 1, "noticeDays", 365, "firstMonth", month, "why", "office"));
        List<Integer> publicMeters = new ArrayList<>();
        hub.json("/api/v1/meters?limit=1000&site=" + site).get("items").forEach(meter -> {
            if (meter.get("code").asText().startsWith("P-")) {
                publicMeters.add(meter.get("id").asInt());
            }
        });
        hub.json("/api/v1/shops?limit=1000&site=" + site).get("items").forEach(shop -> shopsWithoutFee.add(shop.get("id").asInt()));
        for (int group = 0; group < 2; group++) {
            int id = done("POST", "/sites/" + site + "/sharing-groups", Map.of("code", "public-" + group, "name", "Public areas",
                    "energyKind", "ELECTRICITY", "rule", group == 0 ? "EQUAL" : "OWN", "tariff", "shop-tou", "firstMonth", month, "why", "office"))
                    .get("id").asInt();
            for (int i = group; i < publicMeters.size(); i += 2) {
                done("POST", "/sharing-groups/" + id + "/sources", Map.of("meterId", publicMeters.get(i), "from", month.atDay(1), "why", "office"));
            }
            for (int shop : shopsWithoutFee.subList(group * SHOPS_IN_A_GROUP, (group + 1) * SHOPS_IN_A_GROUP)) {
                done("POST", "/sharing-groups/" + id + "/members", Map.of("shopId", shop, "from", month.atDay(1), "why", "office"));
            }
        }
    }

    /** After a start: who has an account now. */
    void lookAround() throws IOException, SQLException {
        open.clear();
        energy.clear();
        look("select id, kind from account where state = 'OPEN' order by id", row -> {
            open.add(row.getInt(1));
            if (row.getString(2).equals("ELECTRICITY")) {
                energy.add(row.getInt(1));
            }
        });
    }

    private void look(String query, KillCampaign.RowCheck row) throws IOException, SQLException {
        try (Connection database = DriverManager.getConnection(hub.databaseUrl(), "meterhub", hub.databasePassword());
             Statement sql = database.createStatement()) {
            KillCampaign.each(sql, query, row);
        }
    }

    int anyAccount(Random random) {
        return open.get(random.nextInt(open.size()));
    }

    /** Whether the office ever asked to close it. */
    boolean mayBeClosed(int account) {
        return maybeClosed.contains(account);
    }

    String done() {
        return "%d price changes of past days, %d moves, %d closings and %d fees acknowledged; %d acts refused.".formatted(priceChanges,
                moves.size(), closed.size(), fees.size(), refused);
    }

    Void workUntilTheHubIsGone(Random own) throws InterruptedException {
        try {
            while (true) {
                int act = own.nextInt(100);
                if (act < 15) {
                    changePrice(own);
                } else if (act < 60) {
                    move(own);
                } else if (act < 65) {
                    close(own);
                } else {
                    agreeFee(own);
                }
            }
        } catch (IOException gone) {
            return null;
        }
    }

    private void changePrice(Random own) throws IOException, InterruptedException {
        String tariff = own.nextBoolean() ? "shop-single" : "water-single";
        int days = (int) ChronoUnit.DAYS.between(first, today()) + 1;
        // a price of its own each time, so that it can be found again
        unanswered = new PriceChange(tariff, first.plusDays(own.nextInt(days)), BigDecimal.valueOf(500_000 + own.nextInt(500_000), 6));
        Map<String, Object> change = Map.of("type", "NEW_VERSION", "tariff", tariff, "effectiveFrom", unanswered.from(),
                "rule", Map.of("prices", List.of(Map.of("band", "SINGLE", "parts", Map.of("energy", unanswered.price())))));
        HttpResponse<String> preview = send("POST", "/sites/" + site + "/price-changes/preview", Map.of("change", change));
        JsonNode token = preview.statusCode() == 200 ? json.readTree(preview.body()).get("token") : null;
        HttpResponse<String> answer = preview.statusCode() != 200 ? preview : send("POST", "/sites/" + site + "/price-changes",
                token == null || token.isNull() ? Map.of("change", change, "why", "office")
                        : Map.of("change", change, "token", token.asText(), "why", "office"));
        if (taken(answer, 201)) {
            hold(unanswered);
        }
        unanswered = null;
    }

    private void hold(PriceChange change) {
        prices.get(change.tariff()).put(change.from(), change.price());
        everPrices.add(change.price());
        priceChanges++;
    }

    private void move(Random own) throws IOException, InterruptedException {
        int account = leaving(own);
        HttpResponse<String> answer = send("POST", "/accounts/" + account + "/move", Map.of("customer", Map.of("name", "Tenant " + own.nextInt(1000)),
                "closing", Map.of("method", "CASH", "why", "office")));
        if (taken(answer, 200)) {
            int next = json.readTree(answer.body()).at("/account/id").asInt();
            moves.add(new Move(account, next));
            open.add(next);
            energy.add(next);
        } else {
            open.add(account);
            energy.add(account);
        }
    }

    private void close(Random own) throws IOException, InterruptedException {
        if (closed.size() >= CLOSED_AT_MOST) {
            return;
        }
        int account = leaving(own);
        if (taken(send("POST", "/accounts/" + account + "/close", Map.of("method", "CASH", "why", "office")), 200)) {
            closed.add(account);
        } else {
            open.add(account);
            energy.add(account);
        }
    }

    private int leaving(Random own) {
        Integer account = energy.get(own.nextInt(energy.size()));
        maybeClosed.add(account);
        open.remove(account);
        energy.remove(account);
        return account;
    }

    private void agreeFee(Random own) throws IOException, InterruptedException {
        if (shopsWithoutFee.isEmpty()) {
            return;
        }
        int shop = shopsWithoutFee.remove(shopsWithoutFee.size() - 1);
        BigDecimal rate = BigDecimal.valueOf(1 + own.nextInt(50_000), 2);
        if (taken(send("POST", "/shops/" + shop + "/property-fees", Map.of("basis", "FIXED", "rateYuan", rate,
                "from", YearMonth.from(first).atDay(1), "why", "office")), 200)) {
            fees.put(shop, rate);
        }
    }

    private boolean taken(HttpResponse<String> answer, int status) {
        refused += answer.statusCode() == 422 ? 1 : 0;
        expect.that(answer.statusCode() == status || answer.statusCode() == 422, "%s was answered with %d: %s", answer.uri(), answer.statusCode(),
                answer.body());
        return answer.statusCode() == status;
    }

    private HttpResponse<String> send(String method, String path, Map<String, ?> body) throws IOException, InterruptedException {
        Map<String, Object> plain = new HashMap<>(body);
        plain.replaceAll((name, value) -> plain(value));
        return hub.send(method, "/api/v1" + path, plain, Map.of("X-Operator", "office"));
    }

    /** Dates and months as words. */
    private static Object plain(Object value) {
        if (value instanceof Map<?, ?> map) {
            return map.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, entry -> plain(entry.getValue())));
        }
        return value instanceof LocalDate || value instanceof YearMonth ? value.toString() : value;
    }

    private JsonNode done(String method, String path, Map<String, ?> body) throws IOException, InterruptedException {
        HttpResponse<String> answer = send(method, path, body);
        if (answer.statusCode() / 100 != 2) {
            throw new IOException(path + " was answered with " + answer.statusCode() + ": " + answer.body());
        }
        return json.readTree(answer.body());
    }

    /** What a kill left of a re-rating is done by itself after the start. */
    void awaitChargedAnew() {
        await("all re-ratings done", "select count(*) from rerating where done_at is null");
    }

    /** In the end past days are posted, fees taken and months that are over shared out. */
    void awaitAllDone() {
        await("past days posted", "select count(*) from charge_line where unposted and site_day < '" + today() + "'");
        await("fees taken", """
                select count(*) from property_fee f
                cross join generate_series(date_trunc('month', f.valid_from), date '%s', interval '1 month') as m (month)
                where not exists (select from fee_month d where d.property_fee_id = f.id and d.month = m.month and d.state = 'DONE')"""
                .formatted(today()));
        if (!YearMonth.from(today()).equals(YearMonth.from(first))) {
            await("public areas shared out", """
                    select count(*) from sharing_group g where not exists (select from shared_line l where l.group_id = g.id and l.month = '%s')"""
                    .formatted(YearMonth.from(first).atDay(1)));
        }
        await("journals sealed", "select count(*) from journal_to_seal");
        allShared = true;
    }

    private void await(String what, String left) {
        try {
            Awaitility.await(what).atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(300)).until(() -> {
                long[] count = new long[1];
                look(left, row -> count[0] = row.getLong(1));
                return count[0] == 0;
            });
        } catch (ConditionTimeoutException late) {
            expect.that(false, "not done within a minute: %s", what);
        }
    }

    void check(Statement sql) throws SQLException {
        if (unanswered != null) {
            PriceChange asked = unanswered;
            unanswered = null;
            // as a number: a rule keeps its prices without the zeros at their end
            KillCampaign.each(sql, "select 1 from tariff_version v where v.effective_from = '" + asked.from()
                    + "' and jsonb_path_exists(v.rule, '$.prices[*].parts.energy ? (@ == " + asked.price().toPlainString() + ")')",
                    row -> hold(asked));
        }
        checkLives(sql);
        checkFees(sql);
        checkPrices(sql);
        checkDays(sql);
        checkShared(sql);
    }

    /** An account is open or closed, not in between, and a meter goes from one to the next without gap or overlap. */
    private void checkLives(Statement sql) throws SQLException {
        Map<Integer, Boolean> isClosed = new HashMap<>();
        KillCampaign.each(sql, """
                select a.id, a.state, a.closed_at is not null as closed, a.kind = 'PROPERTY_FEE' as fee,
                       count(*) filter (where am.meter_id is not null and am.valid_to is null) as served,
                       count(*) filter (where am.meter_id is not null and am.valid_to = a.closed_at and am.end_total is not null) as ended,
                       count(am.meter_id) as meters
                from account a left join account_meter am on am.account_id = a.id group by a.id""", row -> {
            isClosed.put(row.getInt("id"), row.getBoolean("closed"));
            boolean whole = row.getBoolean("closed") ? row.getInt("served") == 0 && row.getInt("ended") == row.getInt("meters")
                    : row.getString("state").equals("OPEN") && (row.getBoolean("fee") || row.getInt("served") == row.getInt("meters"))
                    && (row.getBoolean("fee") || row.getInt("meters") > 0);
            expect.that(whole, "account %d is %s with %d of %d meters", row.getInt("id"), row.getString("state"), row.getInt("served"),
                    row.getInt("meters"));
        });
        KillCampaign.each(sql, """
                select meter_id from (select meter_id, valid_to, end_total, lead(valid_from) over one as next_from, lead(start_total) over one as next_total
                                      from account_meter window one as (partition by meter_id order by valid_from)) m
                where next_from is not null and (next_from is distinct from valid_to or next_total is distinct from end_total)""",
                row -> expect.that(false, "meter %d went to the next tenant with a gap", row.getInt(1)));
        moves.forEach(move -> expect.that(Boolean.TRUE.equals(isClosed.get(move.from())) && isClosed.containsKey(move.to()),
                "account %d was moved to %d and is not", move.from(), move.to()));
        closed.forEach(account -> expect.that(isClosed.get(account), "account %d was closed and is not", account));
        isClosed.forEach((account, its) -> expect.that(!its || mayBeClosed(account), "nobody asked to close account %d", account));
    }

    /** Each fee once a month, as agreed. */
    private void checkFees(Statement sql) throws SQLException {
        Map<Integer, BigDecimal> agreed = new HashMap<>();
        KillCampaign.each(sql, "select shop_id, rate_yuan from property_fee", row -> expect.that(
                agreed.put(row.getInt(1), row.getBigDecimal(2)) == null, "shop %d has two fees", row.getInt(1)));
        fees.forEach((shop, rate) -> expect.that(agreed.containsKey(shop) && agreed.get(shop).compareTo(rate) == 0,
                "the fee of shop %d was agreed at %s and is %s", shop, rate, agreed.get(shop)));
        KillCampaign.each(sql, """
                select f.shop_id, l.month, count(*), sum(l.amount_yuan), f.rate_yuan from fee_line l join property_fee f on f.id = l.property_fee_id
                group by f.id, l.month having count(*) > 1 or sum(l.amount_yuan) <> f.rate_yuan""",
                row -> expect.that(false, "shop %d was charged %s in %d lines for %s, agreed is %s", row.getInt(1), row.getBigDecimal(4), row.getInt(3),
                        row.getDate(2), row.getBigDecimal(5)));
        KillCampaign.each(sql, "select count(*) from journal where cause = 'FEE_RUN' and not exists (select from fee_line l where l.journal_id = journal.id)",
                row -> expect.that(row.getInt(1) == 0, "%d journals of fees without their lines", row.getInt(1)));
    }

    /** Whatever was used on a day costs what holds for that day now, former tenants too; but for accounts that were set aside. */
    private void checkPrices(Statement sql) throws SQLException {
        KillCampaign.each(sql, """
                select c.account_id, c.site_day, t.code, c.band, c.price,
                       exists (select from rerating_account r where r.account_id = c.account_id and r.set_aside_at is not null) as aside
                from charge_line c join tariff_version v on v.id = c.tariff_version_id join tariff t on t.id = v.tariff_id
                where c.quantity > 0""", row -> {
            LocalDate day = row.getObject("site_day", LocalDate.class);
            TreeMap<LocalDate, BigDecimal> its = prices.get(row.getString("code"));
            BigDecimal due = its == null ? byBand.get(row.getString("band")) : its.floorEntry(day).getValue();
            BigDecimal price = row.getBigDecimal("price");
            expect.that(due.compareTo(price) == 0 || row.getBoolean("aside") && everPrices.contains(price),
                    "account %d pays %s of %s at %s, %s holds", row.getInt("account_id"), row.getString("code"), day, price, due);
        });
    }

    private record Point(Instant at, BigDecimal total) {
    }

    /** A meter's counter at a time, on the line between what it showed before and after; before the first what that shows. */
    private static BigDecimal at(List<Point> points, Instant at) {
        Point before = points.get(0);
        for (Point point : before.at().isAfter(at) ? List.<Point>of() : points) {
            if (point.at().isAfter(at)) {
                BigDecimal part = BigDecimal.valueOf(Duration.between(before.at(), at).toNanos() / 1000)
                        .divide(BigDecimal.valueOf(Duration.between(before.at(), point.at()).toNanos() / 1000), 15, RoundingMode.HALF_UP);
                return before.total().add(point.total().subtract(before.total()).multiply(part));
            }
            before = point;
        }
        return before.total();
    }

    private static Map<Integer, List<Point>> points(Statement sql, String query) throws SQLException {
        Map<Integer, List<Point>> points = new HashMap<>();
        KillCampaign.each(sql, query, row -> points.computeIfAbsent(row.getInt("meter_id"), id -> new ArrayList<>())
                .add(new Point(row.getObject("read_at", OffsetDateTime.class).toInstant(), row.getBigDecimal("total"))));
        return points;
    }

    /** Of a meter with one price each day is charged what the counter went that day, whatever was charged anew. */
    private void checkDays(Statement sql) throws SQLException {
        Map<Integer, List<Point>> points = points(sql, """
                select r.meter_id, r.read_at, r.total from reading r where r.late is null and exists
                       (select from charge_line c join tariff_version v on v.id = c.tariff_version_id join tariff t on t.id = v.tariff_id
                        where c.meter_id = r.meter_id and t.code in ('shop-single', 'water-single'))
                order by r.meter_id, r.read_at""");
        KillCampaign.each(sql, """
                select c.meter_id, c.site_day, sum(c.quantity) as charged from charge_line c
                where not exists (select from account_meter where meter_id = c.meter_id having count(*) filter (where valid_to is null) = 0)
                group by c.meter_id, c.site_day""", row -> {
            List<Point> its = points.get(row.getInt("meter_id"));
            LocalDate day = row.getObject("site_day", LocalDate.class);
            Instant from = day.atStartOfDay(ZONE).toInstant();
            if (its != null && from.isAfter(its.get(0).at())) {
                BigDecimal counted = at(its, day.plusDays(1).atStartOfDay(ZONE).toInstant()).subtract(at(its, from));
                expect.that(counted.subtract(row.getBigDecimal("charged")).abs().compareTo(TOLERANCE) <= 0, "meter %d counted %s on %s, charged %s",
                        row.getInt("meter_id"), counted, day, row.getBigDecimal("charged"));
            }
        });
    }

    /** A month's parts never come to more than the public meters counted, and in the end to all of it. */
    private void checkShared(Statement sql) throws SQLException {
        Map<Integer, List<Point>> points = points(sql, """
                select q.meter_id, q.read_at, q.total from quarter_hour q join sharing_source s on s.meter_id = q.meter_id
                union select m.meter_id, m.read_at, m.total from meter_state m join sharing_source s on s.meter_id = m.meter_id where m.read_at is not null
                order by 1, 2""");
        Map<Integer, List<Integer>> sources = new HashMap<>();
        KillCampaign.each(sql, "select group_id, meter_id from sharing_source",
                row -> sources.computeIfAbsent(row.getInt(1), id -> new ArrayList<>()).add(row.getInt(2)));
        KillCampaign.each(sql, "select group_id, month, sum(quantity) from shared_line where month < date_trunc('month', date '" + today()
                + "') group by group_id, month", row -> {
            LocalDate month = row.getObject(2, LocalDate.class);
            BigDecimal counted = BigDecimal.ZERO;
            for (int meter : sources.get(row.getInt(1))) {
                List<Point> its = points.getOrDefault(meter, List.of());
                if (!its.isEmpty()) {
                    counted = counted.add(at(its, month.plusMonths(1).atStartOfDay(ZONE).toInstant()))
                            .subtract(at(its, month.atStartOfDay(ZONE).toInstant()));
                }
            }
            BigDecimal off = row.getBigDecimal(3).subtract(counted);
            expect.that(off.compareTo(SHARED_TOLERANCE) <= 0, "group %d shared out %s of %s, counted %s", row.getInt(1), row.getBigDecimal(3), month, counted);
            if (allShared) {
                expect.that(off.abs().compareTo(SHARED_TOLERANCE) <= 0, "group %d shared out %s of %s in the end, counted %s", row.getInt(1),
                        row.getBigDecimal(3), month, counted);
            }
        });
    }
}
