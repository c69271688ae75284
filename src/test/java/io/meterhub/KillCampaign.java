package io.meterhub;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.site.MallFile;
import io.meterhub.site.SiteSheet;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
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
import org.awaitility.Awaitility;

/**
 * Kills a hub (-9) again and again while its mall runs and sales are made, and after each start recounts everything from
 * outside: {@code mvn -q -Pkills test}, with {@code -Dkills=50} and {@code -Dseed=...} for the same points again.
 */
public final class KillCampaign {

    private static final int CASHIERS = 3;
    /** A quarter of the kills falls into a start. */
    private static final double DURING_START = 0.25;
    private static final int LONGEST_RUN_MILLIS = 10_000;

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
    private List<Integer> accounts;
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
        // more money in motion than in a quiet mall: ten times the load, a bus ten times as fast
        this.hub = new HubProcess(folder, "meterhub.site.import=" + MallFile.write(sheet, folder.resolve("mall.xlsx")),
                "meterhub.simulator.load-factor=10", "meterhub.simulator.pace=0.1", "meterhub.poll.interval-millis=2000");
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
        out.println(campaign.violations.isEmpty() ? "Nothing charged twice, nothing lost, nobody off without a reason."
                : campaign.violations.size() + " violations, log in " + campaign.hub.log());
        return campaign.violations;
    }

    private void run() throws Exception {
        out.println(" kill  killed after          start s   sales  readings    kWh+m3      yuan  result");
        up();
        for (int kill = 1; kill <= kills; kill++) {
            String when = random.nextDouble() < DURING_START && kill > 1 ? killWhileStarting() : killWhileRunning();
            up();
            check("%5d  %-18s".formatted(kill, when));
        }
        awaitFreshReadings();
        awaitSupplyAsWanted();
        check("  end  all meters read  ");
    }

    private void up() throws Exception {
        Instant began = Instant.now();
        hub.start();
        hub.awaitReady();
        start = Duration.between(began, Instant.now());
        accounts = new ArrayList<>();
        hub.json("/api/v1/accounts?limit=1000").get("items").forEach(account -> accounts.add(account.get("id").asInt()));
    }

    private String killWhileRunning() throws Exception {
        long after = 200 + random.nextInt(LONGEST_RUN_MILLIS);
        ExecutorService cashiers = Executors.newFixedThreadPool(CASHIERS);
        List<Future<?>> shifts = new ArrayList<>();
        for (int i = 0; i < CASHIERS; i++) {
            Random own = new Random(random.nextLong());
            shifts.add(cashiers.submit(() -> sellUntilTheHubIsGone(own)));
        }
        TimeUnit.MILLISECONDS.sleep(after);
        hub.kill();
        for (Future<?> shift : shifts) {
            shift.get();
        }
        cashiers.shutdown();
        return "%.1f s of sales".formatted(after / 1000.0);
    }

    private String killWhileStarting() throws Exception {
        hub.kill();
        hub.start();
        long after = (long) (random.nextDouble() * start.toMillis());
        TimeUnit.MILLISECONDS.sleep(after);
        hub.kill();
        return "%.1f s of start".formatted(after / 1000.0);
    }

    private Void sellUntilTheHubIsGone(Random own) throws InterruptedException {
        while (true) {
            String key = new UUID(own.nextLong(), own.nextLong()).toString();
            Sale sale = new Sale(accounts.get(own.nextInt(accounts.size())), BigDecimal.valueOf(1 + own.nextInt(500), 2));
            unanswered.put(key, sale);
            try {
                int status = ask(key, sale).statusCode();
                if (status != 201) {
                    // refusing is allowed to nobody here: each key is new, each amount fine
                    expect(false, "sale %s was answered with %d", key, status);
                    return null;
                }
                acknowledged.put(key, sale);
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
            expect(status == 200 || status == 201, "asked again for sale %s: %d", sale.getKey(), status);
            foundMade += status == 200 ? 1 : 0;
            madeAnew += status == 201 ? 1 : 0;
            acknowledged.put(sale.getKey(), sale.getValue());
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

    /** Credit = what the site file gave + what was acknowledged - what the charge lines say. */
    private void checkCredit(Statement sql) throws SQLException {
        Map<Integer, BigDecimal> sold = new HashMap<>();
        acknowledged.values().forEach(sale -> sold.merge(sale.accountId(), sale.amountYuan(), BigDecimal::add));
        each(sql, """
                select a.id, s.code || ' ' || a.kind, a.posted_yuan - a.open_yuan, coalesce(sum(c.amount), 0)
                from account a join shop s on s.id = a.shop_id left join charge_line c on c.account_id = a.id
                group by a.id, s.code""", row -> {
            BigDecimal due = openings.get(row.getString(2)).add(sold.getOrDefault(row.getInt(1), BigDecimal.ZERO))
                    .subtract(row.getBigDecimal(4));
            expect(due.compareTo(row.getBigDecimal(3)) == 0, "%s: credit is %s, should be %s", row.getString(2),
                    row.getBigDecimal(3), due);
        });
    }

    /** Charged is what the meters counted, at the price; and no meter counted less than the hub believes. */
    private void checkCounters(Statement sql) throws SQLException, IOException, InterruptedException {
        Map<String, BigDecimal> believed = new HashMap<>();
        each(sql, """
                select m.code, st.total, m.opening_reading, m.shop_id is not null, coalesce(sum(c.quantity), 0),
                       coalesce(sum(c.amount), 0), count(c.band) filter (where c.band <> 'SINGLE') > 0, m.energy_kind
                from meter m join meter_state st on st.meter_id = m.id left join charge_line c on c.meter_id = m.id
                where st.total is not null
                group by m.id, st.total""", row -> {
            believed.put(row.getString(1), row.getBigDecimal(2));
            BigDecimal used = row.getBoolean(4) ? row.getBigDecimal(2).subtract(row.getBigDecimal(3)) : BigDecimal.ZERO;
            expect(used.compareTo(row.getBigDecimal(5)) == 0, "meter %s counted %s, charged %s", row.getString(1), used,
                    row.getBigDecimal(5));
            if (!row.getBoolean(7)) {
                // the prices of shop-single and water-single in config/demo/tariffs.yaml
                BigDecimal price = new BigDecimal(row.getString(8).equals("WATER") ? "4.55" : "0.85");
                expect(used.multiply(price).compareTo(row.getBigDecimal(6)) == 0, "meter %s: %s at %s charged %s yuan",
                        row.getString(1), used, price, row.getBigDecimal(6));
            }
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
        each(sql, "select m.code, r.kind, r.why from supply_reason r join meter m on m.id = r.meter_id where r.kind <> 'ARREARS'",
                row -> expect(false, "meter %s has the reason %s: %s", row.getString(1), row.getString(2), row.getString(3)));
        each(sql, """
                select m.code from meter_supply s join meter m on m.id = s.meter_id
                where (s.wanted = 'OFF') <> exists (select from supply_reason r
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
        Instant since = Instant.now();
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

    private interface RowCheck {
        void look(ResultSet row) throws SQLException;
    }

    private static void each(Statement sql, String query, RowCheck check) throws SQLException {
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
