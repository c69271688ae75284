package io.meterhub.supply;

import com.zaxxer.hikari.HikariDataSource;
import io.meterhub.simulator.Line;
import io.meterhub.site.Gateway.Framing;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.springframework.dao.TransientDataAccessException;

/**
 * Random sequences of what may happen to shops, against a model of a few dozen lines ({@link ShopModel}): {@code mvn -q -Psequences test},
 * with {@code -Dsequences=10000} and {@code -Dseed=...}. No shop may be off without a reason, on in spite of a safety reason, or
 * credited twice; no ledger may be wrong. Exit code 1 where one is: then the sequence is told, shortened as far as it still fails.
 *
 * <p>Real: PostgreSQL with the hub's schema, the hub's rooms as Spring wires them (readings, billing, counter and ledger, reasons, hours,
 * steps and mass cuts, both control loops, the lanes' rounds, switching and credit with their read-back, Modbus framing in TCP and RTU) and the
 * registers of the virtual meters. There are two hubs, each with its own connections and memory, on the same database and the same gateway. A
 * hub dies at any statement, before or after a commit, before or after a request, and another takes its place. In the midst of
 * what one hub does, between any two transactions, on the bus or in the database, the other one works, people act, time passes.
 *
 * <p>Not real: sockets (connections within the process, which lose requests, lose or spoil answers, give them late, break), the broker
 * and the routes (lists of messages, which are given out of order, again, or forgotten), the clock (it stands until something lets it
 * pass). While one hub is held up, the other does whole acts; only every tenth sequence lets both hubs and people work on threads of
 * their own, and only that is not the same again with the same seed. The database's own crash is not played, nothing is written into
 * meters but commands and purchases (rules that a meter could hold are the hub's), and no hub is held up between its last look whether a
 * command of a relay stands and the write of it: there nothing but the relay itself could know.
 */
public final class Sequences implements AutoCloseable {

    private static final int SEQUENCES_A_DATABASE = 250;
    private static final int AT_ONCE_EACH = 10;
    private static final int FEWEST_EVENTS = 12;
    private static final int MOST_EVENTS = 45;
    private static final int MOST_LINES = 60;
    private static final List<String> PEOPLE = List.of("wang", "li", "chen", "zhao");
    private static final List<ReasonKind> BY_PEOPLE = List.of(ReasonKind.MANUAL_OFF, ReasonKind.MANUAL_OFF, ReasonKind.MANUAL_OFF, ReasonKind.FAULT,
            ReasonKind.OVERLOAD, ReasonKind.FORBIDDEN_LOAD, ReasonKind.KEEP_ON, ReasonKind.KEEP_ON, ReasonKind.PROTECTED);

    private final EmbeddedPostgres postgres;
    private final HubLife[] hubs = new HubLife[2];
    private final SequenceStage.Figures figures = new SequenceStage.Figures();
    private HikariDataSource database;
    private int ran;
    private List<String> story = List.of();

    /** Something that happens. */
    private record Event(String words, Consumer<SequenceStage> act) {
    }

    /** A sequence as it was thrown. */
    private record Sequence(long seed, SequenceStage.Setting setting, List<Event> events, boolean atOnce) {

        Sequence without(int from, int to) {
            List<Event> fewer = new ArrayList<>(events.subList(0, from));
            fewer.addAll(events.subList(to, events.size()));
            return new Sequence(seed, setting, fewer, atOnce);
        }
    }

    /** What came of it all. */
    record Report(int sequences, double seconds, List<String> failures, String figures) {
    }

    Sequences() throws IOException, SQLException {
        // thrown away afterwards: it need not survive a power cut
        postgres = EmbeddedPostgres.builder().setServerConfig("fsync", "off").setServerConfig("synchronous_commit", "off")
                .setServerConfig("full_page_writes", "off").setServerConfig("shared_buffers", "128MB").setLocaleConfig("locale", "C.UTF-8")
                .setLocaleConfig("encoding", "UTF8").start();
        sql("create database hub");
        try (HikariDataSource hub = open("hub")) {
            Flyway.configure().dataSource(hub).load().migrate();
        }
    }

    private void sql(String statement) throws SQLException {
        try (Connection connection = postgres.getPostgresDatabase().getConnection(); Statement sql = connection.createStatement()) {
            sql.execute(statement);
        }
    }

    private HikariDataSource open(String name) {
        HikariDataSource pool = new HikariDataSource();
        pool.setJdbcUrl(postgres.getJdbcUrl("postgres", name));
        pool.setMaximumPoolSize(20);
        pool.setMinimumIdle(4);
        return pool;
    }

    /** Hubs and a database that have seen nothing. */
    private void anew() throws SQLException {
        close(hubs);
        if (database != null) {
            database.close();
        }
        String name = "run" + ran / SEQUENCES_A_DATABASE + "_" + System.nanoTime();
        sql("create database " + name + " template hub");
        database = open(name);
    }

    private static void close(HubLife[] hubs) {
        for (int i = 0; i < hubs.length; i++) {
            if (hubs[i] != null) {
                hubs[i].close();
                hubs[i] = null;
            }
        }
    }

    /**
     * Runs sequences with the seeds from this one on.
     *
     * @param most so many failures end it
     */
    Report run(long seed, int sequences, int most, PrintStream out) throws SQLException {
        long begun = System.nanoTime();
        List<String> failures = new ArrayList<>();
        int done = 0;
        for (; done < sequences && failures.size() < most; done++) {
            if (done % SEQUENCES_A_DATABASE == 0) {
                anew();
                if (done > 0) {
                    out.printf(Locale.ROOT, "%,d sequences, %d failed, %.0f s%n", done, failures.size(), (System.nanoTime() - begun) / 1e9);
                }
            }
            Sequence sequence = sequence(seed + done);
            String failure = failure(sequence);
            if (failure != null) {
                String told = told(sequence, failure);
                out.println(told);
                failures.add(told);
                anew();
            }
        }
        return new Report(done, (System.nanoTime() - begun) / 1e9, failures, "%,d cuts and %,d returns by the hubs, %,d purchases credited by meters, "
                .formatted(figures.cuts.get(), figures.returns.get(), figures.purchases.get())
                + "%,d requests spoilt, %,d deaths of a hub, %,d acts in the midst of a hub's, %,d transactions repeated"
                .formatted(figures.spoilt.get(), figures.deaths.get(), figures.meanwhiles.get(), figures.repeated.get()));
    }

    /** What was wrong in the end; null: nothing. */
    private String failure(Sequence sequence) {
        ran++;
        SequenceStage stage = new SequenceStage(database, hubs, sequence.setting, sequence.seed, sequence.atOnce, figures);
        try {
            if (sequence.atOnce) {
                atOnce(stage, sequence);
            } else {
                for (Event event : sequence.events) {
                    event.act.accept(stage);
                    stage.check();
                }
            }
            stage.settle();
            return null;
        } catch (SequenceStage.Violation violation) {
            return violation.getMessage();
        } catch (RuntimeException e) {
            return "The hub failed: " + e + Stream.of(e.getStackTrace()).filter(at -> at.getClassName().startsWith("io.meterhub")).limit(12)
                    .map(at -> "\n        at " + at).collect(Collectors.joining());
        } finally {
            story = stage.story();
            stage.clear();
        }
    }

    private static void atOnce(SequenceStage stage, Sequence sequence) {
        AtomicBoolean over = new AtomicBoolean();
        AtomicReference<RuntimeException> failed = new AtomicReference<>();
        List<Thread> threads = IntStream.range(0, 2).mapToObj(hub -> new Thread(() -> {
            Random random = new Random(sequence.seed + hub);
            while (!over.get()) {
                try {
                    switch (random.nextInt(6)) {
                        case 0, 1 -> stage.poll(hub, random.nextInt(8));
                        case 2 -> stage.bill(hub, true, false);
                        case 3 -> stage.credit(hub);
                        case 4 -> stage.poke(hub, random.nextInt(8));
                        default -> {
                            stage.release(hub);
                            stage.minute(hub);
                        }
                    }
                } catch (TransientDataAccessException e) {
                    stage.repeated();
                } catch (RuntimeException e) {
                    failed.compareAndSet(null, e);
                    return;
                }
            }
        }, "hub-" + hub)).toList();
        threads.forEach(Thread::start);
        try {
            sequence.events.forEach(event -> event.act.accept(stage));
        } finally {
            over.set(true);
            for (Thread thread : threads) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        }
        if (failed.get() != null) {
            throw failed.get();
        }
        stage.check();
    }

    /** For people: what is wrong, and the fewest of its events by which it still is. */
    private String told(Sequence sequence, String failure) throws SQLException {
        Sequence shortest = sequence;
        String said = failure;
        List<String> itsStory = story;
        for (int size = Math.max(1, sequence.events.size() / 2); size >= 1 && !sequence.atOnce; size /= 2) {
            for (int from = shortest.events.size() - size; from >= 0; from -= size) {
                Sequence fewer = shortest.without(from, from + size);
                close(hubs);
                String again = failure(fewer);
                if (again != null) {
                    shortest = fewer;
                    said = again;
                    itsStory = story;
                    from = Math.min(from, shortest.events.size());
                }
            }
        }
        SequenceStage.Setting setting = shortest.setting;
        StringBuilder words = new StringBuilder("FAILED with seed ").append(sequence.seed).append(": ").append(said).append('\n')
                .append("  Meters ").append(setting.models()).append(", ").append(setting.framing()).append(", cuts ").append(setting.cutHours())
                .append(", notice ").append(setting.noticeMinutes()).append(" min, ").append(setting.stepShops()).append(" shops a step, mass cut above ")
                .append(setting.massShops()).append(", begins at ").append(setting.startHour()).append(":00 UTC").append(sequence.atOnce ? ", all at once" : "");
        for (int i = 0; i < shortest.events.size(); i++) {
            words.append("\n  ").append(i + 1).append(". ").append(shortest.events.get(i).words);
        }
        words.append("\n  Then all faults end, and both hubs go on until nothing more happens.\n  What was written down:");
        itsStory.stream().skip(Math.max(0, itsStory.size() - MOST_LINES)).forEach(line -> words.append("\n    ").append(line));
        return words.append("\n  Again: mvn -q -Psequences test -Dsequences=1 -Dseed=")
                .append(sequence.seed).toString();
    }

    private static Sequence sequence(long seed) {
        Random random = new Random(seed * 0x9E3779B97F4A7C15L);
        random.nextLong();
        int shops = random.nextInt(10) < 7 ? 1 : 3;
        List<String> models = IntStream.range(0, shops).mapToObj(n -> pick(random, "demo-adf400l-3p", "demo-adf400l-3p", "demo-adf400l-3p",
                "generic-water-valve", "generic-water-valve", "demo-adf400l-1p", "demo-adf400l-1p", "acrel-ddsy1352")).toList();
        SequenceStage.Setting setting = new SequenceStage.Setting(models, random.nextBoolean() ? Framing.TCP : Framing.RTU,
                pick(random, "00:00-24:00", "00:00-24:00", "08:00-20:00"), pick(random, 0, 0, 30), pick(random, 0, 0, 1),
                shops == 3 ? pick(random, 0, 1) : 0, random.nextInt(24));
        boolean atOnce = Math.floorMod(seed, (long) AT_ONCE_EACH) == AT_ONCE_EACH - 1;
        List<Event> events = new ArrayList<>();
        for (int shop = 0; shop < shops; shop++) {
            events.add(sale(shop, random));
            double kw = random.nextInt(6);
            int of = shop;
            events.add(new Event("M%d draws %.0f kW (m3/h)".formatted(shop, kw), stage -> stage.load(stage.shop(of), kw)));
        }
        int count = FEWEST_EVENTS + random.nextInt(MOST_EVENTS - FEWEST_EVENTS);
        for (int i = 0; i < count; i++) {
            events.add(atOnce ? byOthers(random, shops) : event(random, shops));
        }
        return new Sequence(seed, setting, events, atOnce);
    }

    @SafeVarargs
    private static <T> T pick(Random random, T... from) {
        return from[random.nextInt(from.length)];
    }

    private static Event event(Random random, int shops) {
        int kind = random.nextInt(100);
        if (kind < 48) {
            return byHub(random, random.nextInt(2));
        }
        if (kind < 86) {
            return byOthers(random, shops);
        }
        if (kind < 89) {
            int hub = random.nextInt(2);
            int points = random.nextInt(random.nextBoolean() ? 12 : 80);
            return new Event("hub %d will die at its point %d".formatted(hub, points), stage -> stage.die(hub, points));
        }
        if (kind < 91) {
            return new Event("the broker forgets all messages", SequenceStage::forgetMessages);
        }
        int points = random.nextInt(random.nextBoolean() ? 8 : 40);
        Event act = random.nextInt(3) == 0 ? byOthers(random, shops) : byHub(random, random.nextInt(2));
        return new Event("in the midst of what a hub does next, at point %d: %s".formatted(points, act.words),
                stage -> stage.meanwhile(points, () -> act.act.accept(stage)));
    }

    private static Event byHub(Random random, int hub) {
        int moves = random.nextInt(4) == 0 ? random.nextInt(3) : 20;
        String after = moves < 3 ? ", and looks %d times at what it switches".formatted(moves) : "";
        return switch (random.nextInt(18)) {
            case 12, 13, 14, 15, 16, 17 -> new Event("hub %d does all that it has to".formatted(hub), stage -> stage.allAtOnce(hub));
            case 0, 1, 2, 3 -> new Event("hub %d polls%s".formatted(hub, after), stage -> stage.poll(hub, moves));
            case 4, 5 -> {
                boolean first = random.nextInt(4) > 0;
                boolean again = random.nextInt(5) == 0;
                yield new Event("hub %d bills the %s message%s".formatted(hub, first ? "first" : "last", again ? ", which will come again" : ""),
                        stage -> stage.bill(hub, first, again));
            }
            case 6 -> new Event("hub %d follows a poke%s".formatted(hub, after), stage -> stage.poke(hub, moves));
            case 7, 8 -> new Event("hub %d sees to credit".formatted(hub), stage -> stage.credit(hub));
            case 9 -> new Event("hub %d lets through what waited".formatted(hub), stage -> stage.release(hub));
            case 10 -> new Event("hub %d does what it does every minute".formatted(hub), stage -> stage.minute(hub));
            default -> new Event("hub %d looks at what it switches".formatted(hub), stage -> stage.move(hub, 1));
        };
    }

    private static Event sale(int shop, Random random) {
        BigDecimal yuan = BigDecimal.valueOf(100 + random.nextInt(2500), 2);
        return new Event("M%d buys for %s yuan".formatted(shop, yuan), stage -> stage.sell(stage.shop(shop), yuan));
    }

    private static Event byOthers(Random random, int shops) {
        int n = random.nextInt(shops);
        String who = pick(random, PEOPLE.toArray(String[]::new));
        switch (random.nextInt(30)) {
            case 0, 1, 2 -> {
                return sale(n, random);
            }
            case 3 -> {
                BigDecimal yuan = BigDecimal.valueOf(100 + random.nextInt(900), 2);
                return new Event("M%d is given %s yuan".formatted(n, yuan), stage -> stage.give(stage.shop(n), yuan));
            }
            case 4 -> {
                return new Event("the last sale of M%d is taken back".formatted(n), stage -> stage.takeBack(stage.shop(n)));
            }
            case 5 -> {
                return new Event("M%d is paid out".formatted(n), stage -> stage.payOut(stage.shop(n)));
            }
            case 6, 7, 8 -> {
                ReasonKind kind = pick(random, BY_PEOPLE.toArray(ReasonKind[]::new));
                Duration until = kind == ReasonKind.KEEP_ON || kind == ReasonKind.OVERLOAD ? Duration.ofHours(1 + random.nextInt(9)) : null;
                return new Event("%s sets %s for M%d%s".formatted(who, kind, n, until == null ? "" : ", for " + until.toHours() + " h"),
                        stage -> stage.set(stage.shop(n), kind, who, until));
            }
            case 9, 10, 11 -> {
                ReasonKind kind = pick(random, BY_PEOPLE.toArray(ReasonKind[]::new));
                return new Event("%s ends %s of M%d".formatted(who, kind, n), stage -> stage.end(stage.shop(n), kind, who));
            }
            case 12 -> {
                boolean overdue = random.nextBoolean();
                return new Event("the property fee of M%d is %s".formatted(n, overdue ? "overdue" : "paid"), stage -> stage.fee(stage.shop(n), overdue));
            }
            case 13 -> {
                int[] hours = random.nextBoolean() ? new int[] {random.nextInt(12), 12 + random.nextInt(12)} : random.nextBoolean()
                        ? new int[] {12 + random.nextInt(12), random.nextInt(12)} : null;
                return new Event(hours == null ? "M%d has no schedule".formatted(n) : "M%d has no supply from %d to %d o'clock".formatted(n, hours[0], hours[1]),
                        stage -> stage.schedule(stage.shop(n), hours));
            }
            case 14 -> {
                String kw = pick(random, "1.5", "100");
                return new Event("M%d may draw %s kW".formatted(n, kw), stage -> stage.limit(stage.shop(n), kw));
            }
            case 15, 16, 17 -> {
                MeterCredits.Mode mode = pick(random, MeterCredits.Mode.METER, MeterCredits.Mode.METER, MeterCredits.Mode.HUB);
                return new Event("the credit of M%d is held by: %s".formatted(n, mode), stage -> stage.mode(stage.shop(n), mode));
            }
            case 18 -> {
                return new Event("somebody looks at the purchases of M%d, if they were stopped".formatted(n), stage -> stage.accept(stage.shop(n)));
            }
            case 19 -> {
                boolean confirm = random.nextBoolean();
                return new Event("zhao %s the mass cut, if one waits".formatted(confirm ? "confirms" : "dismisses"), stage -> stage.confirmMassCut(confirm));
            }
            case 20 -> {
                double kw = random.nextInt(6);
                return new Event("M%d draws %.0f kW (m3/h)".formatted(n, kw), stage -> stage.load(stage.shop(n), kw));
            }
            case 21 -> {
                boolean on = random.nextBoolean();
                return new Event("somebody at the meter of M%d %s it".formatted(n, on ? "closes" : "opens"), stage -> stage.byHand(stage.shop(n), on));
            }
            case 22 -> {
                return random.nextInt(3) > 0 ? passing(random)
                        : new Event("M%d is credited with the maker's tool".formatted(n), stage -> stage.purchaseByHand(stage.shop(n)));
            }
            case 23 -> {
                return random.nextInt(2) > 0 ? passing(random)
                        : new Event("another meter is hung at M%d".formatted(n), stage -> stage.swap(stage.shop(n)));
            }
            case 24 -> {
                return new Event("it is said that the meter of M%d is another".formatted(n), stage -> stage.sayReplaced(stage.shop(n)));
            }
            case 25, 26 -> {
                Line.Way way = pick(random, Line.Way.LOST, Line.Way.REPLY_LOST, Line.Way.REPLY_LOST, Line.Way.LATE, Line.Way.SPOILT, Line.Way.GARBAGE,
                        Line.Way.WRONG_UNIT, Line.Way.EXCEPTION, Line.Way.CUT, Line.Way.CUT_AFTER);
                int times = 1 + random.nextInt(6);
                return new Event("the next %d requests to %s: %s".formatted(times, shops > 1 && random.nextBoolean() ? "any meter" : "M" + n, way),
                        stage -> stage.spoil(stage.shop(n).unit, way, times));
            }
            case 27 -> {
                boolean lost = random.nextInt(3) > 0;
                return new Event(lost ? "the gateway is lost" : "the gateway is back", stage -> stage.gatewayLost(lost));
            }
            default -> {
                return passing(random);
            }
        }
    }

    private static Event passing(Random random) {
        Duration time = switch (random.nextInt(6)) {
            case 0 -> Duration.ofSeconds(1 + random.nextInt(10));
            case 1 -> Duration.ofSeconds(65);
            case 2, 3 -> Duration.ofMinutes(1 + random.nextInt(30));
            default -> Duration.ofMinutes(60 + random.nextInt(300));
        };
        return new Event("%s pass".formatted(time.toString().substring(2).toLowerCase(Locale.ROOT)), stage -> stage.pass(time));
    }

    @Override
    public void close() throws IOException {
        close(hubs);
        if (database != null) {
            database.close();
        }
        postgres.close();
    }

    public static void main(String[] args) throws Exception {
        String given = System.getProperty("seed", "");
        long seed = given.isBlank() ? System.currentTimeMillis() * 1000 : Long.parseLong(given);
        int sequences = Integer.getInteger("sequences", 10_000);
        System.out.printf(Locale.ROOT, "%,d sequences with the seeds from %d on%n", sequences, seed);
        try (Sequences program = new Sequences()) {
            Report report = program.run(seed, sequences, 10, System.out);
            System.out.printf(Locale.ROOT, "%,d sequences in %.0f s (%.0f ms each): %s%n%s%n", report.sequences, report.seconds,
                    1000 * report.seconds / report.sequences, report.failures.isEmpty() ? "all as the model has it" : report.failures.size() + " FAILED",
                    report.figures);
            System.exit(report.failures.isEmpty() ? 0 : 1);
        }
    }
}
