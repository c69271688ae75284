package io.meterhub;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.site.MallFile;
import io.meterhub.site.SiteSheet;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * Kills a hub (-9) again and again while its mall runs, sales are made, and {@link Staff} change past prices, agree fees and move
 * shops on; days pass while it is down. After each start it recounts everything from outside: {@code mvn -q -Pkills test}, with
 * {@code -Dkills=50} and {@code -Dseed=...} for the same mix and points again.
 */
public final class KillCampaign {

    private static final int CASHIERS = 3;
    /** A quarter of the kills falls into a start. */
    private static final double DURING_START = 0.25;
    private static final int LONGEST_RUN_MILLIS = 10_000;
    /** The time that a hub is down, in hours: at least two thirds of a day, so that three times are two days. */
    private static final int SHORTEST_PAUSE = 16;
    private static final int LONGEST_PAUSE = 40;

    private record Sale(int accountId, BigDecimal amountYuan) {
    }

    /** What a shop's account began with, by shop code and kind of energy. */
    private final Map<String, BigDecimal> openings = new HashMap<>();
    private final Map<String, Sale> acknowledged = new ConcurrentHashMap<>();
    private final Map<String, Sale> unanswered = new ConcurrentHashMap<>();
    private final List<String> violations = new ArrayList<>();
    private final HubProcess hub;
    private final Random random;
    private final int kills;
    private final PrintStream out;
    private final Staff staff;
    private Duration start = Duration.ofSeconds(20);
    private int madeAnew;
    private int foundMade;

    private KillCampaign(Path folder, int kills, long seed, PrintStream out) throws IOException {
        this.kills = kills;
        this.random = new Random(seed);
        this.out = out;
        SiteSheet sheet = MallFile.withPorts(MallFile.referenceMall(), gateway -> HubProcess.freePort());
        sheet.shops().forEach(shop -> {
            openings.put(shop.code() + " ELECTRICITY", orZero(shop.electricityOpeningYuan()));
            openings.put(shop.code() + " WATER", orZero(shop.waterOpeningYuan()));
        });
        // a bus ten times as fast, and all that a hub does in its own time within seconds
        this.hub = new HubProcess(folder, "meterhub.site.import=" + MallFile.write(sheet, folder.resolve("mall.xlsx")),
                "meterhub.routes.folder=" + hurried(folder.resolve("routes")),
                "meterhub.simulator.load-factor=3", "meterhub.simulator.pace=0.1", "meterhub.poll.interval-millis=2000");
        this.hub.letPass(Duration.between(Instant.now(), twoDaysBeforeAMonthEnds()));
        this.staff = new Staff(hub, this::expect);
    }

    /** Three pauses later another month has begun: the one before is shared out, and fees are taken. */
    private static Instant twoDaysBeforeAMonthEnds() {
        LocalDate today = LocalDate.now(Staff.ZONE);
        LocalDate then = YearMonth.from(today.plusDays(3)).atEndOfMonth().minusDays(1);
        return Instant.now().plus(Duration.ofDays(ChronoUnit.DAYS.between(today, then)));
    }

    /** The routes as they are, but for how often they run. */
    private static Path hurried(Path folder) throws IOException {
        Path routes = Path.of("routes");
        try (Stream<Path> files = Files.walk(routes)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = folder.resolve(routes.relativize(file));
                Files.createDirectories(copy.getParent());
                Files.writeString(copy, Files.readString(file)
                        .replace("trigger.repeatInterval: 600000", "trigger.repeatInterval: 2000")
                        .replaceAll("cron: \"0 (37 0/4|7 \\*) .*\"", "trigger.repeatInterval: 2000\n        trigger.repeatCount: -1"));
            }
        }
        return folder;
    }

    public static void main(String[] args) throws Exception {
        int kills = Integer.getInteger("kills", 50);
        long seed = Long.getLong("seed", System.nanoTime());
        List<String> violations = run(Path.of("target/kills", Long.toString(seed)), kills, seed, System.out);
        System.exit(violations.isEmpty() ? 0 : 1);
    }

    /** @return a sentence for each thing that was not as it must be */
    static List<String> run(Path folder, int kills, long seed, PrintStream out) throws Exception {
        out.printf("%d kills, again with -Dseed=%d%n", kills, seed);
        KillCampaign campaign = new KillCampaign(folder, kills, seed, out);
        try {
            campaign.run();
        } finally {
            campaign.hub.close();
        }
        campaign.violations.forEach(violation -> out.println("VIOLATION " + violation));
        out.printf("%d sales acknowledged; of those without an answer %d had been made and %d were made by asking again.%n",
                campaign.acknowledged.size(), campaign.foundMade, campaign.madeAnew);
        out.println(campaign.staff.done());
        out.println(campaign.violations.isEmpty() ? "Nothing charged twice, nothing lost, nobody off without a reason."
                : campaign.violations.size() + " violations, log in " + campaign.hub.log());
        return campaign.violations;
    }

    private void run() throws Exception {
        out.println(" kill  killed after          start s   sales  readings    kWh+m3      yuan  result");
        up();
        staff.begin();
        for (int kill = 1; kill <= kills; kill++) {
            String when = random.nextDouble() < DURING_START && kill > 1 ? killWhileStarting() : killWhileRunning();
            up();
            check("%5d  %-18s".formatted(kill, when));
        }
        awaitFreshReadings();
        awaitSupplyAsWanted();
        staff.awaitAllDone();
        check("  end  all meters read  ");
    }

    private void up() throws Exception {
        Instant began = Instant.now();
        hub.start();
        hub.awaitReady();
        start = Duration.between(began, Instant.now());
        staff.lookAround();
    }

    private String killWhileRunning() throws Exception {
        long after = 200 + random.nextInt(LONGEST_RUN_MILLIS);
        ExecutorService cashiers = Executors.newFixedThreadPool(CASHIERS + 1);
        List<Future<?>> shifts = new ArrayList<>();
        Random staffs = new Random(random.nextLong());
        shifts.add(cashiers.submit(() -> staff.workUntilTheHubIsGone(staffs)));
        for (int i = 0; i < CASHIERS; i++) {
            Random own = new Random(random.nextLong());
            shifts.add(cashiers.submit(() -> sellUntilTheHubIsGone(own)));
        }
        TimeUnit.MILLISECONDS.sleep(after);
        kill();
        for (Future<?> shift : shifts) {
            shift.get();
        }
        cashiers.shutdown();
        return "%.1f s of sales".formatted(after / 1000.0);
    }

    private void kill() throws InterruptedException {
        hub.kill();
        hub.letPass(Duration.ofHours(SHORTEST_PAUSE + random.nextInt(LONGEST_PAUSE - SHORTEST_PAUSE)));
    }

    private String killWhileStarting() throws Exception {
        kill();
        hub.start();
        long after = (long) (random.nextDouble() * start.toMillis());
        TimeUnit.MILLISECONDS.sleep(after);
        hub.kill();
        return "%.1f s of start".formatted(after / 1000.0);
    }

    private Void sellUntilTheHubIsGone(Random own) throws InterruptedException {
        while (true) {
            String key = new UUID(own.nextLong(), own.nextLong()).toString();
            Sale sale = new Sale(staff.anyAccount(own), BigDecimal.valueOf(1 + own.nextInt(20_000), 2));
            unanswered.put(key, sale);
            try {
                int status = ask(key, sale).statusCode();
                // to be refused each key is new and each amount fine: only an account that is just being closed takes nothing
                expect(status == 201 || status == 422 && staff.mayBeClosed(sale.accountId()), "sale %s was answered with %d", key, status);
                if (status == 201) {
                    acknowledged.put(key, sale);
                }
                unanswered.remove(key);
            } catch (IOException gone) {
                return null;
            }
        }
    }

    private HttpResponse<String> ask(String key, Sale sale) throws IOException, InterruptedException {
        return hub.send("POST", "/api/v1/accounts/" + sale.accountId() + "/sales",
                Map.of("amountYuan", sale.amountYuan(), "method", "CASH"),
                Map.of("Idempotency-Key", key, "X-Operator", "cashier"));
    }

    /** Asks again for what got no answer; and for one that got its answer, which must come again and sell nothing. */
    private void askAgain() throws IOException, InterruptedException {
        for (Map.Entry<String, Sale> sale : unanswered.entrySet()) {
            int status = ask(sale.getKey(), sale.getValue()).statusCode();
            expect(status == 200 || status == 201 || status == 422 && staff.mayBeClosed(sale.getValue().accountId()),
                    "asked again for sale %s: %d", sale.getKey(), status);
            foundMade += status == 200 ? 1 : 0;
            madeAnew += status == 201 ? 1 : 0;
            if (status != 422) {
                acknowledged.put(sale.getKey(), sale.getValue());
            }
        }
        unanswered.clear();
        for (Map.Entry<String, Sale> sale : acknowledged.entrySet().stream().limit(1).toList()) {
            int status = ask(sale.getKey(), sale.getValue()).statusCode();
            expect(status == 200, "asked again for the acknowledged sale %s: %d", sale.getKey(), status);
        }
    }

    private void check(String line) throws Exception {
        int before = violations.size();
        askAgain();
        staff.awaitChargedAnew();
        String counted;
        try (Connection database = DriverManager.getConnection(hub.databaseUrl(), "meterhub", hub.databasePassword())) {
            // one snapshot, while readings go on being billed
            database.setAutoCommit(false);
            database.setReadOnly(true);
            database.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            try (Statement sql = database.createStatement()) {
                checkBooks(sql);
                checkSales(sql);
                checkCredit(sql);
                checkCounters(sql);
                checkSupply(sql);
                staff.check(sql);
                counted = counted(sql);
            }
        }
        JsonNode report = hub.json("/api/v1/ledger/verification");
        expect(report.get("problems").isEmpty(), "ledger check: %s", report.get("problems"));
        out.printf("%s  %9.1f  %6d  %s  %s%n", line, start.toMillis() / 1000.0, acknowledged.size(), counted,
                violations.size() == before ? "holds" : violations.get(before));
    }

    private void checkBooks(Statement sql) throws SQLException {
        each(sql, "select journal_id, sum(debit), sum(credit) from entry group by journal_id having sum(debit) <> sum(credit)",
                row -> expect(false, "journal %s: debits %s, credits %s", row.getLong(1), row.getBigDecimal(2),
                        row.getBigDecimal(3)));
        each(sql, "select sum(debit), sum(credit) from entry",
                row -> expect(row.getBigDecimal(1).compareTo(row.getBigDecimal(2)) == 0, "debits %s, credits %s",
                        row.getBigDecimal(1), row.getBigDecimal(2)));
    }

    private void checkSales(Statement sql) throws SQLException {
        Map<String, Sale> booked = new HashMap<>();
        each(sql, "select idempotency_key, account_id, amount_yuan from receipt where kind = 'SALE'", row -> expect(
                booked.put(row.getString(1), new Sale(row.getInt(2), row.getBigDecimal(3))) == null,
                "sale %s is there twice", row.getString(1)));
        acknowledged.forEach((key, sale) -> expect(sale.equals(booked.get(key)), "sale %s was acknowledged as %s, booked as %s",
                key, sale, booked.get(key)));
        booked.keySet().forEach(key -> expect(acknowledged.containsKey(key), "nobody asked for sale %s", key));
    }

    /**
     * Credit = what the site file gave + what was acknowledged - what the charge lines, shared lines and fees say. From a closed
     * account that was settled to the fen, and nothing is left but what was charged anew since.
     */
    private void checkCredit(Statement sql) throws SQLException {
        Map<Integer, BigDecimal> sold = new HashMap<>();
        acknowledged.values().forEach(sale -> sold.merge(sale.accountId(), sale.amountYuan(), BigDecimal::add));
        each(sql, """
                select a.id, s.code || ' ' || a.kind as name, a.posted_yuan - a.open_yuan as credit, a.closed_at is not null as closed,
                       not exists (select from account o where o.shop_id = a.shop_id and o.kind = a.kind and o.id < a.id) as first,
                       (select coalesce(sum(amount), 0) from charge_line where account_id = a.id)
                       + (select coalesce(sum(amount), 0) from shared_line where account_id = a.id and journal_id is not null)
                       + (select coalesce(sum(amount_yuan), 0) from fee_line where account_id = a.id)
                       -- sold to a closed account: what it still owed
                       + (select coalesce(sum(to_debt_yuan), 0) from receipt where account_id = a.id) as charged,
                       (select coalesce(sum(difference_yuan), 0) from rerating_account r
                        where r.account_id = a.id and r.done_at > a.closed_at) as anew,
                       (select coalesce(sum(e.credit), 0) from entry e join journal j on j.id = e.journal_id
                        where j.key = 'receipt:close:' || a.id || ':refund' and e.gl = 'CASH') as refund,
                       (select coalesce(sum(e.debit), 0) from entry e join journal j on j.id = e.journal_id
                        where j.key = 'close:' || a.id and e.gl = 'DEBT') as debt
                from account a join shop s on s.id = a.shop_id""", row -> {
            String name = row.getString("name");
            BigDecimal due = (row.getBoolean("first") ? openings.getOrDefault(name, BigDecimal.ZERO) : BigDecimal.ZERO)
                    .add(sold.getOrDefault(row.getInt("id"), BigDecimal.ZERO)).subtract(row.getBigDecimal("charged"));
            if (row.getBoolean("closed")) {
                BigDecimal then = due.add(row.getBigDecimal("anew"));
                BigDecimal settled = row.getBigDecimal("refund").subtract(row.getBigDecimal("debt"));
                expect(then.setScale(2, RoundingMode.HALF_UP).compareTo(settled) == 0, "%s: settled %s, should be %s", name, settled, then);
                due = row.getBigDecimal("anew").negate();
            }
            expect(due.compareTo(row.getBigDecimal("credit")) == 0, "%s: credit is %s, should be %s", name, row.getBigDecimal("credit"), due);
        });
    }

    /** Charged is what the meters counted while somebody paid for them; and no meter counted less than the hub believes. */
    private void checkCounters(Statement sql) throws SQLException, IOException, InterruptedException {
        Map<String, BigDecimal> believed = new HashMap<>();
        each(sql, """
                select m.code, st.total, coalesce(am.end_total, st.total) - m.opening_reading as counted, m.shop_id is not null as paid,
                       coalesce(sum(c.quantity), 0) as charged
                from meter m join meter_state st on st.meter_id = m.id left join charge_line c on c.meter_id = m.id
                left join account_meter am on am.meter_id = m.id
                     and am.valid_from = (select max(valid_from) from account_meter where meter_id = m.id)
                where st.total is not null
                group by m.id, st.total, am.end_total""", row -> {
            believed.put(row.getString("code"), row.getBigDecimal("total"));
            BigDecimal used = row.getBoolean("paid") ? row.getBigDecimal("counted") : BigDecimal.ZERO;
            expect(used.compareTo(row.getBigDecimal("charged")) == 0, "meter %s counted %s, charged %s", row.getString("code"), used,
                    row.getBigDecimal("charged"));
        });
        for (JsonNode meter : hub.json("/demo/v1/meters")) {
            BigDecimal truth = meter.get("total").decimalValue();
            BigDecimal known = believed.get(meter.get("code").asText());
            expect(known == null || known.compareTo(truth) <= 0, "meter %s shows %s, the hub believes %s",
                    meter.get("code").asText(), truth, known);
        }
        each(sql, "select count(*) from quarantine", row -> expect(row.getInt(1) == 0,
                "%d values could not be believed although all meters are sound", row.getInt(1)));
    }

    /** Nobody touched a relay but the hub: none may be locked out as if somebody had, and none off without a reason. */
    private void checkSupply(Statement sql) throws SQLException {
        each(sql, """
                select m.code, r.kind, r.why from supply_reason r join meter m on m.id = r.meter_id
                where r.kind <> 'ARREARS' and r.ended_at is null
                  and (r.kind <> 'CLOSED_ACCOUNT' or exists (select from account_meter where meter_id = m.id and valid_to is null))""",
                row -> expect(false, "meter %s has the reason %s: %s", row.getString(1), row.getString(2), row.getString(3)));
        each(sql, """
                select m.code from meter_supply s join meter m on m.id = s.meter_id
                where s.waits is null and (s.wanted = 'OFF') <> exists (select from supply_reason r
                                                    where r.meter_id = s.meter_id and r.ended_at is null)""",
                row -> expect(false, "meter %s: wish and reasons differ", row.getString(1)));
    }

    /** In the end every relay is as the reasons want it. */
    private void awaitSupplyAsWanted() throws Exception {
        List<String> differ = new ArrayList<>();
        Instant end = Instant.now().plusSeconds(60);
        do {
            differ.clear();
            Map<String, Boolean> on = new HashMap<>();
            hub.json("/demo/v1/meters").forEach(meter -> on.put(meter.get("code").asText(), meter.get("on").asBoolean()));
            try (Connection database = DriverManager.getConnection(hub.databaseUrl(), "meterhub", hub.databasePassword());
                 Statement sql = database.createStatement()) {
                each(sql, "select m.code, s.wanted from meter_supply s join meter m on m.id = s.meter_id", row -> {
                    if (on.get(row.getString(1)) != row.getString(2).equals("ON")) {
                        differ.add("meter %s is wanted %s and is not".formatted(row.getString(1), row.getString(2)));
                    }
                });
            }
            TimeUnit.MILLISECONDS.sleep(500);
        } while (!differ.isEmpty() && Instant.now().isBefore(end));
        violations.addAll(differ);
    }

    private static String counted(Statement sql) throws SQLException {
        String[] counted = new String[1];
        each(sql, "select (select count(*) from reading), coalesce(sum(quantity), 0), coalesce(sum(amount), 0) from charge_line",
                row -> counted[0] = "%8d  %8s  %8s".formatted(row.getLong(1),
                        row.getBigDecimal(2).setScale(2, RoundingMode.HALF_UP),
                        row.getBigDecimal(3).setScale(2, RoundingMode.HALF_UP)));
        return counted[0];
    }

    private void awaitFreshReadings() {
        Instant since = hub.now();
        Awaitility.await("a reading of every meter after the last start").atMost(Duration.ofMinutes(2))
                .pollInterval(Duration.ofSeconds(1)).until(() -> {
                    try (Connection database = DriverManager.getConnection(hub.databaseUrl(), "meterhub", hub.databasePassword());
                         Statement sql = database.createStatement()) {
                        int[] old = new int[1];
                        each(sql, "select count(*) from meter m left join meter_state s on s.meter_id = m.id"
                                + " where s.read_at is null or s.read_at < '" + since + "'", row -> old[0] = row.getInt(1));
                        return old[0] == 0;
                    }
                });
    }

    interface RowCheck {
        void look(ResultSet row) throws SQLException;
    }

    static void each(Statement sql, String query, RowCheck check) throws SQLException {
        try (ResultSet rows = sql.executeQuery(query)) {
            while (rows.next()) {
                check.look(rows);
            }
        }
    }

    private synchronized void expect(boolean holds, String otherwise, Object... parts) {
        if (!holds) {
            violations.add(otherwise.formatted(parts));
        }
    }

    private static BigDecimal orZero(BigDecimal amount) {
        return amount == null ? BigDecimal.ZERO : amount;
    }
}
