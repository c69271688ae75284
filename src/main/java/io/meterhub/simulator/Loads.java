package io.meterhub.simulator;

import io.meterhub.runtime.StartRefused;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.SiteSheet.MeterRow;
import io.meterhub.site.SiteSheet.ShopRow;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.MonthDay;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongToDoubleFunction;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** The load data of config/demo/loads, and which of it a meter runs by: always the same for the same code. */
final class Loads {

    private static final int DAY = 96;
    private static final int FOUR_WEEKS = 28 * DAY;
    // 1970-01-05 was a Monday, as is the first day of the quarter hours; the water registers begin on a Tuesday
    private static final long MONDAY = 4L * DAY;
    private static final long TUESDAY = 5L * DAY;
    private static final LocalDateTime WATER_BEGIN = LocalDateTime.of(2016, 3, 22, 0, 0);

    private static final Pattern LIFT = Pattern.compile("lift|elevator|escalator|电梯|扶梯|客梯|货梯");
    private static final Pattern PUMP = Pattern.compile("pump|泵");

    private static final Map<Pattern, String> KINDS = new LinkedHashMap<>();

    static {
        kind("G5", "bak(er|ing)|bread|面包|烘焙|蛋糕");
        kind("G2", "food|restaurant|dining|餐|火锅|小吃");
        kind("G6", "cinema|leisure|entertain|play|影|娱乐|儿童|游");
        kind("G3", "supermarket|convenience|24|超市|便利");
        kind("G1", "office|bank|clinic|school|银行|办公|诊所|培训");
        kind("G4", "fashion|cloth|hair|salon|beauty|retail|服装|服饰|美发|美容|鞋");
    }

    private final Map<String, double[][][]> profiles;
    private final List<double[]> noises;
    private final List<double[]> flows;

    private Loads(Map<String, double[][][]> profiles, List<double[]> noises, List<double[]> flows) {
        this.profiles = profiles;
        this.noises = noises;
        this.flows = flows;
    }

    private static void kind(String profile, String words) {
        KINDS.put(Pattern.compile(words), profile);
    }

    static Loads read(Path folder) {
        try {
            return new Loads(profiles(folder.resolve("shop-profiles.csv.gz")), noises(folder.resolve("quarter-hours.csv.gz")),
                    flows(folder.resolve("water-registers.csv.gz")));
        } catch (IOException e) {
            throw new StartRefused("The virtual mall's load data cannot be read (" + e + "): set meterhub.simulator.loads to"
                    + " the folder config/demo/loads of the hub.", e);
        }
    }

    /** The load of a meter; {@code shop} is null for a public area's. */
    Load of(MeterRow meter, ShopRow shop, ZoneId zone) {
        long seed = Load.mix(meter.code().hashCode());
        double rating = meter.rating().doubleValue();
        if (meter.energyKind() == EnergyKind.WATER) {
            double[] flow = pick(flows, seed);
            return new Load(seed, quarter -> flow[inFourWeeks(local(quarter, zone) - TUESDAY)], 0, rating);
        }
        double[] noise = pick(noises, seed);
        double size = rating * (0.7 + 0.6 * Load.unit(seed + 1));
        LongToDoubleFunction mean = shop == null ? publicArea(meter, size, noise, zone) : shop(shop, size, noise, zone);
        return new Load(seed, mean, 0.08, rating);
    }

    private LongToDoubleFunction shop(ShopRow shop, double size, double[] noise, ZoneId zone) {
        double[][][] profile = profiles.get(profileOf(shop));
        return utc -> {
            long quarter = local(utc, zone);
            LocalDate day = LocalDate.ofEpochDay(Math.floorDiv(quarter, DAY));
            return size * 0.25 * profile[season(day)][kindOfDay(day)][Math.floorMod(quarter, DAY)]
                    * noise[inFourWeeks(quarter - MONDAY)];
        };
    }

    private static LongToDoubleFunction publicArea(MeterRow meter, double size, double[] noise, ZoneId zone) {
        String name = String.valueOf(meter.name()).toLowerCase(Locale.ROOT);
        boolean lift = LIFT.matcher(name).find();
        if (PUMP.matcher(name).find()) {
            return utc -> size * 0.005;
        }
        return utc -> {
            long quarter = local(utc, zone);
            int ofDay = Math.floorMod(quarter, DAY);
            boolean open = ofDay >= 8 * 4 + 2 && ofDay < 22 * 4 + 2;
            double own = noise[inFourWeeks(quarter - MONDAY)];
            return lift ? size * (open ? 0.2 * own : 0.02) : size * (open ? 0.3 : 0.08) * (0.9 + 0.1 * own);
        };
    }

    /** The profile of the shop's group where its name tells, else one by the shop's code. */
    static String profileOf(ShopRow shop) {
        String words = (shop.group() + " " + shop.name()).toLowerCase(Locale.ROOT);
        return KINDS.entrySet().stream().filter(kind -> kind.getKey().matcher(words).find()).map(Map.Entry::getValue).findFirst()
                .orElseGet(() -> pick(List.of("G0", "G2", "G4", "G4", "G5", "G6"), Load.mix(shop.code().hashCode())));
    }

    private static <T> T pick(List<T> from, long seed) {
        return from.get(Math.floorMod(seed >>> 8, from.size()));
    }

    private static long local(long quarter, ZoneId zone) {
        Instant start = Instant.ofEpochSecond(quarter * 900);
        return quarter + zone.getRules().getOffset(start).getTotalSeconds() / 900;
    }

    private static int inFourWeeks(long quarter) {
        return Math.floorMod(quarter, FOUR_WEEKS);
    }

    private static int season(LocalDate day) {
        MonthDay date = MonthDay.from(day);
        if (date.isBefore(MonthDay.of(3, 21)) || !date.isBefore(MonthDay.of(11, 1))) {
            return 0;
        }
        return !date.isBefore(MonthDay.of(5, 15)) && date.isBefore(MonthDay.of(9, 15)) ? 1 : 2;
    }

    private static int kindOfDay(LocalDate day) {
        return day.getDayOfWeek() == DayOfWeek.SATURDAY ? 1 : day.getDayOfWeek() == DayOfWeek.SUNDAY ? 2 : 0;
    }

    private static Map<String, double[][][]> profiles(Path file) throws IOException {
        List<String> seasons = List.of("winter", "summer", "transition");
        List<String> days = List.of("workday", "saturday", "sunday");
        Map<String, double[][][]> profiles = new TreeMap<>();
        for (String[] cell : rows(file)) {
            double[][][] profile = profiles.computeIfAbsent(cell[0], any -> new double[3][3][DAY]);
            int quarter = Integer.parseInt(cell[3].substring(0, 2)) * 4 + Integer.parseInt(cell[3].substring(3)) / 15;
            profile[seasons.indexOf(cell[1])][days.indexOf(cell[2])][quarter] = Double.parseDouble(cell[4]);
        }
        for (double[][][] profile : profiles.values()) {
            double peak = Stream.of(profile).flatMap(Stream::of).flatMapToDouble(Arrays::stream).max().orElseThrow();
            for (double[][] season : profile) {
                for (double[] day : season) {
                    Arrays.setAll(day, i -> day[i] / peak);
                }
            }
        }
        return profiles;
    }

    /** Each quarter hour of a real meter against its mean at that time of a working day, or of a weekend day. */
    private static List<double[]> noises(Path file) throws IOException {
        List<String[]> rows = rows(file);
        List<double[]> noises = new ArrayList<>();
        for (int column = 1; column < rows.get(0).length; column++) {
            double[] mean = new double[2 * DAY];
            for (int i = 0; i < FOUR_WEEKS; i++) {
                mean[ofDay(i)] += Double.parseDouble(rows.get(i)[column]) / (isWeekend(i) ? 8 : 20);
            }
            double[] noise = new double[FOUR_WEEKS];
            for (int i = 0; i < FOUR_WEEKS; i++) {
                double ratio = Double.parseDouble(rows.get(i)[column]) / Math.max(mean[ofDay(i)], 1e-9);
                noise[i] = Math.max(0.4, Math.min(2, ratio));
            }
            noises.add(noise);
        }
        return noises;
    }

    private static boolean isWeekend(int quarter) {
        return quarter / DAY % 7 >= 5;
    }

    private static int ofDay(int quarter) {
        return quarter % DAY + (isWeekend(quarter) ? DAY : 0);
    }

    /** Of each register, linear between its readings, the m3/h in each quarter hour of the first four weeks. */
    private static List<double[]> flows(Path file) throws IOException {
        Map<String, TreeMap<Long, Double>> registers = new LinkedHashMap<>();
        long begin = WATER_BEGIN.toEpochSecond(ZoneOffset.UTC);
        for (String[] cell : rows(file)) {
            long second = LocalDateTime.parse(cell[1].replace(' ', 'T')).toEpochSecond(ZoneOffset.UTC) - begin;
            registers.computeIfAbsent(cell[0], any -> new TreeMap<>()).put(second, Double.parseDouble(cell[2]) / 1000);
        }
        List<double[]> flows = new ArrayList<>();
        for (TreeMap<Long, Double> register : registers.values()) {
            double[] flow = new double[FOUR_WEEKS];
            for (int i = 0; i < FOUR_WEEKS; i++) {
                flow[i] = 4 * (at(register, (i + 1) * 900L) - at(register, i * 900L));
            }
            flows.add(flow);
        }
        return flows;
    }

    private static double at(TreeMap<Long, Double> register, long second) {
        Map.Entry<Long, Double> before = register.floorEntry(second);
        Map.Entry<Long, Double> after = register.ceilingEntry(second);
        if (before == null || after == null) {
            return (before == null ? after : before).getValue();
        }
        double share = after.getKey().equals(before.getKey()) ? 0
                : (double) (second - before.getKey()) / (after.getKey() - before.getKey());
        return before.getValue() + share * (after.getValue() - before.getValue());
    }

    private static List<String[]> rows(Path file) throws IOException {
        try (BufferedReader text = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
            return text.lines().skip(1).map(line -> line.split(",")).toList();
        }
    }
}
