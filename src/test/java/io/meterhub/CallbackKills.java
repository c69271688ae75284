package io.meterhub;

import static java.util.Map.entry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.simulator.PayFault;
import io.meterhub.simulator.PayTime;
import io.meterhub.simulator.VirtualMall;
import io.meterhub.simulator.WechatPlatformServer;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.MallFile;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.SiteSheet.MeterRow;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;

/**
 * Kills a hub (-9) at random points between a payer's "pay" and the closed relay, several payers at once, each at a point of its own. After
 * the restart each paid order is credited once, whatever of its notices came through or none at all, and its meter is on:
 * {@code mvn -q -Pcallback-kills test}, with {@code -Dpoints=100} and {@code -Dseed=...} for the same points again. The payment platform and
 * the meters are this program's, so that they live on.
 */
public final class CallbackKills {

    private static final int PAYERS = 5;
    /** From "pay" to the relay takes less than this. */
    private static final int LONGEST_WAY_MILLIS = 1_500;
    private static final Duration LONGEST_RETURN = Duration.ofMinutes(2);
    private static final double LOST = 0.3;
    private static final Map<String, Object> TERMS = Map.ofEntries(entry("workdayHours", "00:00-24:00"), entry("weekendHours", "00:00-24:00"),
            entry("holidayHours", "00:00-24:00"), entry("noticeMinutes", 0), entry("stepShops", 20), entry("stepSeconds", 1),
            entry("stepPer", "SITE"), entry("massShops", 0), entry("massMinutes", 10), entry("why", "all of them run out at once"));

    private record Paying(String number, String meter, BigDecimal yuan, int afterMillis) {
    }

    private final int points;
    private final Random random;
    private final PrintStream out;
    private final VirtualMall mall;
    private final WechatPlatformServer wechat;
    private final HubProcess hub;
    /** The meters of electricity by the code of their shop. */
    private final Map<String, String> meters;
    private final Map<String, Integer> accounts = new HashMap<>();
    private final List<String> violations = new ArrayList<>();
    private BigDecimal paid = BigDecimal.ZERO;

    private CallbackKills(Path folder, int points, long seed, PrintStream out) {
        this.points = points;
        this.random = new Random(seed);
        this.out = out;
        this.mall = VirtualMall.of(MallFile.withCredit(MallFile.withPorts(MallFile.referenceMall(), gateway -> 0), shop -> new BigDecimal("0.05"))).start();
        SiteSheet sheet = mall.sheet();
        this.meters = sheet.meters().stream().filter(meter -> meter.shop() != null && meter.energyKind() == EnergyKind.ELECTRICITY)
                .collect(Collectors.toMap(MeterRow::shop, MeterRow::code));
        meters.values().forEach(code -> mall.loadFactor(code, 20));
        // what it would repeat within a day it repeats within minutes
        this.wechat = new WechatPlatformServer(0, new PayTime(Clock.systemUTC(), 30));
        List<String> settings = new ArrayList<>(List.of("meterhub.site.import=" + MallFile.write(sheet, folder.resolve("mall.xlsx")),
                "meterhub.simulator.enabled=false", "meterhub.simulator.platforms.enabled=false", "meterhub.payment.alipay.enabled=false",
                "meterhub.poll.interval-millis=2000"));
        wechat.settings().forEach((name, value) -> settings.add(name + "=" + value));
        this.hub = new HubProcess(folder, settings.toArray(String[]::new));
    }

    public static void main(String[] args) throws Exception {
        int points = Integer.getInteger("points", 100);
        long seed = Long.getLong("seed", System.nanoTime());
        System.exit(run(Path.of("target/callback-kills", Long.toString(seed)), points, seed, System.out).isEmpty() ? 0 : 1);
    }

    /** @return a sentence for each thing that was not as it must be */
    static List<String> run(Path folder, int points, long seed, PrintStream out) throws Exception {
        out.printf("%d points, again with -Dseed=%d%n", points, seed);
        CallbackKills program = new CallbackKills(folder, points, seed, out);
        try {
            program.run();
        } finally {
            program.hub.close();
            program.mall.close();
            program.wechat.close();
        }
        program.violations.forEach(violation -> out.println("VIOLATION " + violation));
        out.println(program.violations.isEmpty() ? "Each paid order credited once, and its meter is on."
                : program.violations.size() + " violations, log in " + program.hub.log());
        return program.violations;
    }

    private void run() throws Exception {
        hub.start();
        hub.awaitReady();
        int site = hub.json("/api/v1/sites").get(0).get("id").asInt();
        must(200, hub.send("PUT", "/api/v1/sites/" + site + "/supply-terms", TERMS, Map.of("X-Operator", "manager")));
        read("select s.code, a.id from account a join shop s on s.id = a.shop_id where a.kind = 'ELECTRICITY'", null,
                row -> accounts.put(row.getString(1), row.getInt(2)));
        for (int done = 0; done < points; ) {
            int payers = Math.min(PAYERS, points - done);
            List<Paying> round = open(payers);
            payAndKill(round);
            hub.start();
            hub.awaitReady();
            round.forEach(this::awaitPower);
            done += payers;
            check(done);
        }
        expect(hub.json("/api/v1/ledger/verification").get("problems").isEmpty(), "the books are wrong: "
                + hub.json("/api/v1/ledger/verification").get("problems"));
    }

    /** Orders of shops that are off. */
    private List<Paying> open(int payers) throws Exception {
        Awaitility.await("shops that run out").atMost(Duration.ofMinutes(5)).pollInterval(Duration.ofMillis(200)).until(() -> off().size() >= payers);
        List<String> off = new ArrayList<>(off());
        List<Paying> opened = new ArrayList<>();
        for (int i = 0; i < payers; i++) {
            String shop = off.remove(random.nextInt(off.size()));
            BigDecimal yuan = BigDecimal.valueOf(1000 + random.nextInt(1000), 2);
            HttpResponse<String> answer = must(201, hub.send("POST", "/api/v1/orders", Map.of("accountId", accounts.get(shop), "way", "WECHAT_NATIVE",
                    "amountYuan", yuan), Map.of("Idempotency-Key", new UUID(random.nextLong(), random.nextLong()).toString(), "X-Operator", "desk")));
            JsonNode order = new ObjectMapper().readTree(answer.body());
            String number = order.get("number").asText();
            if (random.nextDouble() < LOST) {
                wechat.faults().set(PayFault.NOTICE_LOST, number, 0);
            }
            opened.add(new Paying(number, meters.get(shop), yuan, random.nextInt(LONGEST_WAY_MILLIS)));
        }
        return opened;
    }

    private List<String> off() throws SQLException {
        List<String> off = new ArrayList<>();
        read("""
                select distinct s.code from meter_supply su join meter m on m.id = su.meter_id join shop s on s.id = m.shop_id
                where su.wanted = 'OFF' and su.seen = 'OFF' and m.energy_kind = 'ELECTRICITY' order by s.code""", null, row -> off.add(row.getString(1)));
        off.removeIf(shop -> mall.meter(meters.get(shop)).on());
        return off;
    }

    private void payAndKill(List<Paying> round) throws InterruptedException {
        ScheduledExecutorService payers = Executors.newScheduledThreadPool(round.size());
        // so long before the kill
        round.forEach(one -> payers.schedule(() -> wechat.pay(one.number()), LONGEST_WAY_MILLIS - one.afterMillis(), TimeUnit.MILLISECONDS));
        TimeUnit.MILLISECONDS.sleep(LONGEST_WAY_MILLIS);
        hub.kill();
        payers.shutdown();
        payers.awaitTermination(1, TimeUnit.MINUTES);
    }

    private void awaitPower(Paying one) {
        paid = paid.add(one.yuan());
        Instant end = Instant.now().plus(LONGEST_RETURN);
        try {
            while (!(credited(one) && mall.meter(one.meter()).on())) {
                if (Instant.now().isAfter(end)) {
                    expect(false, "order %s, killed %d ms after it was paid: %s, and its meter is %s".formatted(one.number(), one.afterMillis(),
                            credited(one) ? "credited" : "not credited", mall.meter(one.meter()).on() ? "on" : "off"));
                    return;
                }
                TimeUnit.MILLISECONDS.sleep(50);
            }
        } catch (SQLException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private boolean credited(Paying one) throws SQLException {
        int[] credited = new int[1];
        read("select count(*) from pay_order where number = ? and state = 'CREDITED'", one.number(), row -> credited[0] = row.getInt(1));
        return credited[0] == 1;
    }

    private void check(int done) throws SQLException {
        int before = violations.size();
        read("""
                select o.number, count(p.id), count(r.id), coalesce(sum(r.amount_yuan), 0), min(o.amount_yuan)
                from pay_order o left join pay_payment p on p.order_id = o.id
                left join receipt r on r.site_id = o.site_id and r.number = p.receipt and r.account_id = o.account_id
                where o.channel = 'WECHAT' group by o.number
                having count(p.id) <> 1 or count(r.id) <> 1 or sum(r.amount_yuan) <> min(o.amount_yuan)""", null, row -> expect(false,
                "order %s of %s yuan: %d payments, %d receipts, %s yuan".formatted(row.getString(1), row.getBigDecimal(5), row.getInt(2), row.getInt(3),
                        row.getBigDecimal(4))));
        read("select coalesce(sum(debit - credit), 0) from entry where gl = 'WECHAT'", null, row -> expect(row.getBigDecimal(1).compareTo(paid) == 0,
                "paid were " + paid + " yuan, the ledger has " + row.getBigDecimal(1)));
        read("select count(*) from receipt where kind = 'SALE' and method = 'WECHAT'", null, row -> expect(row.getInt(1) == done,
                done + " orders were paid, there are " + row.getInt(1) + " receipts"));
        out.printf("%4d points  %9s yuan  %s%n", done, paid, violations.size() == before ? "holds" : violations.get(before));
    }

    private void expect(boolean holds, String otherwise) {
        if (!holds) {
            violations.add(otherwise);
        }
    }

    private static HttpResponse<String> must(int status, HttpResponse<String> answer) {
        if (answer.statusCode() != status) {
            throw new IllegalStateException("Answered with " + answer.statusCode() + ": " + answer.body());
        }
        return answer;
    }

    private interface RowRead {
        void take(ResultSet row) throws SQLException;
    }

    private void read(String sql, String parameter, RowRead read) throws SQLException {
        try (Connection database = DriverManager.getConnection(hub.databaseUrl(), "meterhub", hub.databasePassword());
             PreparedStatement statement = database.prepareStatement(sql)) {
            if (parameter != null) {
                statement.setString(1, parameter);
            }
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    read.take(rows);
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
