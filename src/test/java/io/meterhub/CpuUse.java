package io.meterhub;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Seconds of CPU that a hub and its database took, by the kernel's account, so that other work on the machine does not count.
 *
 * @param database all of PostgreSQL's processes, those that ended too
 * @param self     this process: the virtual mall
 * @param machine  everything that ran
 * @param threads  of the hub, by what they do
 */
record CpuUse(double hub, double database, double self, double machine, Map<String, Double> threads) {

    private static final double TICKS_PER_SECOND = 100;
    private static final Pattern THREAD = Pattern.compile("(?m)^\"(.*?)\" .*?cpu=([0-9.]+)ms");
    private static final List<Map.Entry<Pattern, String>> WORK = List.of(
            Map.entry(Pattern.compile("^(poll|poke|switch)-.*"), "lanes: Modbus, control loop, sending"),
            Map.entry(Pattern.compile(".*JmsConsumer\\[meter\\.readings].*"), "billing"),
            Map.entry(Pattern.compile(".*(activemq|Artemis).*"), "broker"),
            Map.entry(Pattern.compile("^http-nio.*"), "HTTP"),
            Map.entry(Pattern.compile("^C[12] Compiler.*"), "compiler"),
            Map.entry(Pattern.compile("^(G1|GC|VM) .*"), "garbage collection, VM"));

    static CpuUse of(HubProcess hub) throws IOException, InterruptedException {
        long postmaster = hub.databasePid();
        double database = seconds(postmaster, true);
        List<Long> backends;
        try (Stream<ProcessHandle> children = ProcessHandle.of(postmaster).orElseThrow().children()) {
            backends = children.map(ProcessHandle::pid).toList();
        }
        for (long backend : backends) {
            database += seconds(backend, false);
        }
        return new CpuUse(seconds(hub.pid(), false), database, seconds(ProcessHandle.current().pid(), false), machineSeconds(), threads(hub.pid()));
    }

    CpuUse minus(CpuUse before) {
        BinaryOperator<Double> less = (now, then) -> now - then;
        Map<String, Double> during = new TreeMap<>(threads);
        before.threads.forEach((work, seconds) -> during.merge(work, seconds, less));
        return new CpuUse(hub - before.hub, database - before.database, self - before.self, machine - before.machine, during);
    }

    /** What took how much, largest first, as parts of a core. */
    String where(double seconds, double readings) {
        Map<String, Double> parts = new TreeMap<>(threads);
        // threads that ended meanwhile
        parts.merge("others", hub - threads.values().stream().mapToDouble(Double::doubleValue).sum(), Double::sum);
        parts.put("PostgreSQL", database);
        return parts.entrySet().stream().sorted(Map.Entry.<String, Double>comparingByValue().reversed())
                .map(part -> String.format(Locale.ROOT, "  %-40s %5.3f cores %7.1f microseconds a reading", part.getKey(), part.getValue() / seconds,
                        part.getValue() * 1e6 / readings)).collect(Collectors.joining(System.lineSeparator()));
    }

    /** Megabytes: the hub's own, and PostgreSQL's with its shared memory counted once. */
    static double[] megabytes(HubProcess hub) throws IOException {
        double database = pss(hub.databasePid());
        for (long backend : ProcessHandle.of(hub.databasePid()).orElseThrow().children().map(ProcessHandle::pid).toList()) {
            database += pss(backend);
        }
        return new double[] {pss(hub.pid()), database};
    }

    private static double pss(long pid) throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc", Long.toString(pid), "smaps_rollup"))) {
            return lines.filter(line -> line.startsWith("Pss:")).mapToDouble(line -> Double.parseDouble(line.split("\\s+")[1]) / 1024).sum();
        } catch (FileSystemException ended) {
            // no such file, or no such process any more
            return 0;
        }
    }

    /** A backend that ended is counted by its parent, {@code withEnded}. */
    private static double seconds(long pid, boolean withEnded) throws IOException {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            // behind the name, which may hold blanks: state is field 3, user and system time are 14 and 15, those of ended children 16, 17
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return Arrays.stream(fields, 11, withEnded ? 15 : 13).mapToDouble(Double::parseDouble).sum() / TICKS_PER_SECOND;
        } catch (NoSuchFileException ended) {
            return 0;
        }
    }

    private static double machineSeconds() throws IOException {
        String[] fields = Files.readAllLines(Path.of("/proc/stat")).get(0).split("\\s+");
        // user, nice, system; then idle and its waits; interrupts
        return Stream.of(1, 2, 3, 6, 7).mapToDouble(i -> Double.parseDouble(fields[i])).sum() / TICKS_PER_SECOND;
    }

    private static Map<String, Double> threads(long pid) throws IOException, InterruptedException {
        Process jcmd = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(), Long.toString(pid), "Thread.print")
                .redirectErrorStream(true).start();
        String print = new String(jcmd.getInputStream().readAllBytes());
        jcmd.waitFor();
        Map<String, Double> threads = new TreeMap<>();
        Matcher thread = THREAD.matcher(print);
        while (thread.find()) {
            String name = thread.group(1);
            String work = WORK.stream().filter(each -> each.getKey().matcher(name).matches()).map(Map.Entry::getValue).findFirst().orElse("others");
            threads.merge(work, Double.parseDouble(thread.group(2)) / 1000, Double::sum);
        }
        return threads;
    }
}
