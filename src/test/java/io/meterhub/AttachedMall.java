package io.meterhub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.billing.LedgerCheck;
import io.meterhub.simulator.MeterTruth;
import io.meterhub.simulator.VirtualMall;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Gateway.Framing;
import io.meterhub.site.ImportResult;
import io.meterhub.site.SiteImport;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.SiteSheet.GatewayRow;
import io.meterhub.site.SiteSheet.MeterRow;
import io.meterhub.site.SiteSheet.ShopRow;
import io.meterhub.site.SiteSheet.SiteRow;
import java.math.BigDecimal;
import java.math.MathContext;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.StreamSupport;
import org.awaitility.core.ThrowingRunnable;
import org.springframework.boot.test.web.client.TestRestTemplate;
import org.springframework.context.ApplicationContext;
import org.springframework.http.HttpEntity;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.ResponseEntity;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jms.core.JmsTemplate;

/**
 * A virtual mall attached to the hub under test as a real one is: by its sheet, its sockets, the queues and REST. In the
 * mall time stands until a test lets it pass, so that what is billed can be compared with the counters to the last decimal;
 * its ratings are so large that an hour may pass in a moment. Each meter has a shop of its own, of the same code.
 */
public final class AttachedMall implements AutoCloseable {

    private static final BigDecimal OPENING_READING = new BigDecimal("12345.67");
    private static final Duration TICK = Duration.ofSeconds(4);
    private static final Duration SOON = Duration.ofSeconds(15);
    private static final BigDecimal RATING = new BigDecimal("2000000");
    /** Brings the loads of such ratings down to some kW. */
    private static final double LOAD_FACTOR = 0.00002;

    private final TestRestTemplate http;
    private final SiteImport imports;
    private final JmsTemplate jms;
    private final JdbcClient jdbc;
    private final LedgerCheck ledger;
    private final String host;
    private final List<GatewayRow> gatewayRows = new ArrayList<>();
    private final List<ShopRow> shopRows = new ArrayList<>();
    private final List<MeterRow> meterRows = new ArrayList<>();
    private final Map<String, BigDecimal> openings = new HashMap<>();
    private final Map<String, Integer> gateways = new HashMap<>();
    private final Map<String, Integer> meters = new HashMap<>();
    private final Map<String, Integer> accounts = new HashMap<>();
    private volatile Instant now = Instant.parse("2026-11-23T03:00:00Z");
    private VirtualMall mall;
    private int site;

    /** @param host an address on loopback that no other site of the run has */
    public AttachedMall(ApplicationContext hub, String host) {
        this.http = hub.getBean(TestRestTemplate.class);
        this.imports = hub.getBean(SiteImport.class);
        this.jms = hub.getBean(JmsTemplate.class);
        this.jdbc = hub.getBean(JdbcClient.class);
        this.ledger = hub.getBean(LedgerCheck.class);
        this.host = host;
    }

    public AttachedMall gateway(String code, Framing framing) {
        gatewayRows.add(new GatewayRow(gatewayRows.size() + 2, code, code, "A", host, 0, framing, 9600));
        return this;
    }

    /** A meter with its shop; {@code credit} null: a public area's, without one. */
    public AttachedMall meter(String code, String gateway, String model, String tariff, String credit) {
        EnergyKind kind = model.contains("water") ? EnergyKind.WATER : EnergyKind.ELECTRICITY;
        BigDecimal yuan = credit == null ? null : new BigDecimal(credit);
        if (credit != null) {
            boolean water = kind == EnergyKind.WATER;
            shopRows.add(new ShopRow(shopRows.size() + 2, code, code, "1F", "A", null, "food", null, null,
                    water ? null : tariff, water ? tariff : null, water ? null : yuan, water ? yuan : null, null, null));
        }
        // a three-phase user takes three unit ids
        int unit = 1 + 3 * (int) meterRows.stream().filter(row -> row.gateway().equals(gateway)).count();
        meterRows.add(new MeterRow(meterRows.size() + 2, code, code + " lighting", gateway, unit, model, kind,
                credit == null ? null : code, model.endsWith("3p") ? 20 : 1, RATING, OPENING_READING));
        return this;
    }

    /** Opens the mall's sockets. */
    public AttachedMall open(String siteCode) {
        mall = VirtualMall.of(new SiteSheet(new SiteRow(2, siteCode, siteCode, "Asia/Shanghai"), gatewayRows, shopRows, meterRows))
                .clock(() -> now).pace(0).loadFactor(LOAD_FACTOR).start();
        draw();
        return this;
    }

    /** From now on something is used in these shops alone. */
    public void draw(String... shops) {
        List<String> using = List.of(shops);
        for (MeterRow row : meterRows) {
            // water flows are data of their own, not shares of a rating
            double factor = row.energyKind() == EnergyKind.WATER ? 1000 : 1;
            mall.loadFactor(row.code(), using.contains(row.code()) ? factor : 0);
        }
    }

    /** Brings the site to the hub, the counters' opening readings being what they show now. */
    public AttachedMall attach() {
        SiteSheet played = mall.sheet();
        ImportResult result = imports.load(new SiteSheet(played.site(), played.gateways(), played.shops(),
                played.meters().stream().map(this::handedOver).toList()), "test", "tester");
        assertThat(result).isInstanceOf(ImportResult.Imported.class);
        site = ((ImportResult.Imported) result).site().id();
        get("/api/v1/gateways?site=" + site).forEach(each -> gateways.put(each.get("code").asText(), each.get("id").asInt()));
        get("/api/v1/meters?limit=1000&site=" + site).get("items")
                .forEach(each -> meters.put(each.get("code").asText(), each.get("id").asInt()));
        get("/api/v1/shops?limit=1000&site=" + site).get("items")
                .forEach(each -> accounts.put(each.get("code").asText(), each.get("accounts").get(0).asInt()));
        return this;
    }

    private MeterRow handedOver(MeterRow row) {
        openings.put(row.code(), mall.meter(row.code()).total());
        return new MeterRow(row.row(), row.code(), row.name(), row.gateway(), row.unitId(), row.model(), row.energyKind(), row.shop(),
                row.ctRatio(), row.rating(), openings.get(row.code()));
    }

    VirtualMall mall() {
        return mall;
    }

    public MeterTruth truth(String meter) {
        return mall.meter(meter);
    }

    int id(String meter) {
        return meters.get(meter);
    }

    void pass(Duration time) {
        now = now.plus(time);
    }

    /** What the counter shows more than when it was handed over. */
    BigDecimal counted(String meter) {
        return truth(meter).total().subtract(openings.get(meter));
    }

    /**
     * Lets time pass until so much is counted: of the mall's time, in a moment. So that the hub can believe it, its last reading
     * must be old enough for the rating.
     */
    public void use(String meter, BigDecimal quantity) {
        double hours = quantity.subtract(counted(meter)).divide(RATING, MathContext.DECIMAL32).doubleValue();
        Duration plausible = Duration.ofMillis(1000 + (long) (hours * 3_600_000));
        soon(() -> assertThat(readAt(meter)).isBefore(Instant.now().minus(plausible)));
        while (counted(meter).compareTo(quantity) < 0) {
            pass(Duration.ofMinutes(5));
        }
    }

    /**
     * Asks for a round of a gateway as the tick does, again where one was not enough, and waits until each of these meters was
     * read after this was called: what a round under way has read before does not count.
     */
    public void round(String gateway, String... heard) {
        Instant called = Instant.now();
        AtomicReference<Instant> asked = new AtomicReference<>(Instant.EPOCH);
        soon(() -> {
            if (asked.get().isBefore(Instant.now().minus(TICK))) {
                jms.convertAndSend("gateway.poll", "{\"gateway\": %d}".formatted(gateways.get(gateway)));
                asked.set(Instant.now());
            }
            assertThat(heard).allSatisfy(meter -> assertThat(readAt(meter)).isAfter(called));
        });
    }

    /**
     * A round that has been to its end, switching too: a gateway's rounds come one after the other, and another was asked
     * for when the first had read.
     */
    void wholeRound(String gateway, String... heard) {
        round(gateway, heard);
        round(gateway, heard);
    }

    private Instant readAt(String meter) {
        JsonNode at = meter(meter).get("readAt");
        return at == null ? Instant.EPOCH : Instant.parse(at.asText());
    }

    static void soon(ThrowingRunnable assertion) {
        await().atMost(SOON).pollInterval(Duration.ofMillis(25)).untilAsserted(assertion);
    }

    /** The meter as REST shows it. */
    JsonNode meter(String code) {
        return get("/api/v1/meters/" + id(code));
    }

    /** The meter's doubted value that nobody has decided on yet. */
    JsonNode quarantined(String meter) {
        return StreamSupport.stream(get("/api/v1/quarantine?site=" + site).get("items").spliterator(), false)
                .filter(each -> each.get("meterId").asInt() == id(meter)).findFirst().orElseThrow();
    }

    List<JsonNode> openAlarms() {
        return StreamSupport.stream(get("/api/v1/alarms?open=true&limit=1000&site=" + site).get("items").spliterator(), false).toList();
    }

    Optional<JsonNode> openAlarm(String kind, String code) {
        return openAlarms().stream().filter(alarm -> alarm.get("kind").asText().equals(kind) && alarm.get("code").asText().equals(code)).findFirst();
    }

    /** The last exercise of a valve. */
    JsonNode exercise(String meter) {
        return get("/api/v1/meters/%d/valve-exercises".formatted(id(meter))).get(0);
    }

    public int site() {
        return site;
    }

    JsonNode availability(String meter) {
        return get("/api/v1/meters/%d/availability".formatted(id(meter)));
    }

    JsonNode gateway(String code) {
        return get("/api/v1/gateways/" + gateways.get(code));
    }

    String seen(String meter) {
        return meter(meter).at("/supply/seen").asText();
    }

    public List<String> reasons(String meter) {
        return texts(meter(meter).get("reasons"), "kind");
    }

    /** The switch goes so by itself, and the hub sees it. A valve is given the time that it takes. */
    public void assertSupply(String meter, boolean on) {
        if (truth(meter).model().contains("valve")) {
            soon(() -> assertThat(truth(meter).moving() || truth(meter).on() == on).isTrue());
            pass(Duration.ofSeconds(4));
        }
        soon(() -> {
            assertThat(seen(meter)).as(meter).isEqualTo(on ? "ON" : "OFF");
            assertThat(truth(meter).on()).as(meter).isEqualTo(on);
        });
    }

    /** The commands that the hub ever gave, the oldest first. */
    List<String> commands(String meter) {
        List<String> commands = new ArrayList<>();
        for (JsonNode event : get("/api/v1/meters/%d/events".formatted(id(meter))).get("items")) {
            if (event.get("kind").asText().equals("COMMANDED")) {
                commands.add(0, event.at("/detail/to").asText());
            }
        }
        return commands;
    }

    BigDecimal credit(String shop) {
        return get("/api/v1/accounts/" + accounts.get(shop)).get("creditYuan").decimalValue();
    }

    /** kWh or m3 charged. */
    BigDecimal charged(String shop) {
        return charges(shop).stream().map(line -> line.get("quantity").decimalValue()).reduce(BigDecimal.ZERO, BigDecimal::add);
    }

    List<JsonNode> charges(String shop) {
        LocalDate today = LocalDate.now(ZoneOffset.UTC);
        JsonNode lines = get("/api/v1/accounts/%d/charges?from=%s&to=%s".formatted(accounts.get(shop), today.minusDays(1),
                today.plusDays(1)));
        return StreamSupport.stream(lines.spliterator(), false).toList();
    }

    /** All that the counter counted is charged, once and at the price, and paid from the credit that was put in. */
    void assertBilled(String shop, String price, String paidIn) {
        soon(() -> assertBilled(shop, counted(shop), price, paidIn));
    }

    void assertBilled(String shop, BigDecimal quantity, String price, String paidIn) {
        assertThat(charged(shop)).as("charged to " + shop).isEqualByComparingTo(quantity);
        assertThat(credit(shop)).as("credit of " + shop)
                .isEqualByComparingTo(new BigDecimal(paidIn).subtract(quantity.multiply(new BigDecimal(price))));
    }

    public void assertBooksHold() {
        List<String> ours = texts(get("/api/v1/accounts?limit=1000&site=" + site).get("items"), "number");
        assertThat(ledger.check().problems()).noneMatch(problem -> problem.startsWith("journal")
                || ours.stream().anyMatch(number -> problem.startsWith("account " + number + ":")));
    }

    void sell(String shop, String yuan) {
        JsonNode sold = send(HttpMethod.POST, "/api/v1/accounts/%d/sales".formatted(accounts.get(shop)),
                Map.of("amountYuan", new BigDecimal(yuan), "method", "CASH"));
        assertThat(sold.at("/receipt/amountYuan").decimalValue()).isEqualByComparingTo(yuan);
    }

    void set(String meter, String kind, Duration until) {
        Map<String, Object> reason = new HashMap<>(Map.of("kind", kind, "why", "a test"));
        if (until != null) {
            reason.put("until", Instant.now().plus(until).toString());
        }
        send(HttpMethod.POST, "/api/v1/meters/%d/reasons".formatted(id(meter)), reason);
    }

    void end(String meter, String kind, String setBy) {
        send(HttpMethod.DELETE, "/api/v1/meters/%d/reasons/%s?why=over&setBy=%s".formatted(id(meter), kind, setBy), null);
    }

    JsonNode send(HttpMethod method, String path, Object body) {
        HttpHeaders headers = new HttpHeaders();
        headers.set("Authorization", TestKey.BEARER);
        headers.set("X-Operator", "li");
        headers.set("Idempotency-Key", UUID.randomUUID().toString());
        return accepted(http.exchange(URI.create(path), method, new HttpEntity<>(body, headers), JsonNode.class));
    }

    JsonNode get(String path) {
        HttpHeaders headers = new HttpHeaders();
        headers.set("Authorization", TestKey.BEARER);
        return accepted(http.exchange(URI.create(path), HttpMethod.GET, new HttpEntity<>(headers), JsonNode.class));
    }

    private static JsonNode accepted(ResponseEntity<JsonNode> answer) {
        assertThat(answer.getStatusCode().is2xxSuccessful()).as("%s", answer).isTrue();
        return answer.getBody();
    }

    static List<String> texts(JsonNode list, String field) {
        return StreamSupport.stream(list.spliterator(), false).map(each -> each.get(field).asText()).toList();
    }

    /** Takes the site from the hub's rounds, and the mall from its sockets. */
    @Override
    public void close() {
        jdbc.sql("update gateway set enabled = false where site_id = ?").param(site).update();
        mall.close();
    }
}
