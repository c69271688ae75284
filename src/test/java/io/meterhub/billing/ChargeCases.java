package io.meterhub.billing;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.meterhub.metering.Interval;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** The cases of src/test/resources/billing/cases.yaml, which says how it is to be read. */
record ChargeCases(List<Case> cases) {

    private static final String FIRST = "2026-01-01";
    private static final Path FOLDER = Path.of("src/test/resources/billing");
    private static final List<TariffFile.Version> TARIFFS = TariffFile.read(FOLDER.resolve("tariffs.yaml")).versions();

    static List<Case> read() throws IOException {
        return new ObjectMapper(new YAMLFactory()).readValue(FOLDER.resolve("cases.yaml").toFile(), ChargeCases.class).cases();
    }

    /** A rule of tariffs.yaml. */
    static TariffRule rule(String tariff) {
        return TARIFFS.stream().filter(version -> version.code().equals(tariff)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("No tariff " + tariff)).rule();
    }

    /** The prices of a tariff of tariffs.yaml. */
    static PriceTable table(String tariff) {
        return PriceTable.of(new Tariff.Version(TARIFFS.indexOf(TARIFFS.stream()
                .filter(version -> version.code().equals(tariff)).findFirst().orElseThrow()) + 1, LocalDate.EPOCH, rule(tariff)));
    }

    record Case(@JsonProperty("case") String title, String why,
                @JsonFormat(with = JsonFormat.Feature.ACCEPT_SINGLE_VALUE_AS_ARRAY) List<String> tariff, String zone,
                String contract, List<String> days, List<String> readings, List<String> lines) {

        Plan plan() {
            NavigableMap<LocalDate, PriceTable> from = new TreeMap<>();
            for (int i = 0; i < tariff.size(); i++) {
                String[] words = tariff.get(i).split(" ");
                PriceTable table = table(words[words.length - 1]);
                // a version of its own each time, also where the rule is the same
                from.put(LocalDate.parse(words.length == 1 ? FIRST : words[0]),
                        new PriceTable(i + 1, table.days(), table.prices(), table.tiers()));
            }
            SiteDays marked = new SiteDays(new HashMap<>());
            for (String day : days == null ? List.<String>of() : days) {
                String[] words = day.split(" ");
                marked.marked().computeIfAbsent(LocalDate.parse(words[0]), date -> EnumSet.noneOf(DayKind.class))
                        .add(DayKind.valueOf(words[1]));
            }
            return new Plan(ZoneId.of(zone == null ? "Asia/Shanghai" : zone), from, marked,
                    LocalDate.parse(contract == null ? FIRST : contract));
        }

        /** What the meters counted between their readings, in the order of the readings. */
        List<Interval> intervals() {
            ZoneId at = plan().zone();
            Map<Integer, Read> last = new HashMap<>();
            List<Interval> intervals = new ArrayList<>();
            for (String row : readings) {
                Read now = Read.of(row, at);
                Read before = last.put(now.meter(), now);
                if (before != null && now.total().compareTo(before.total()) > 0) {
                    intervals.add(new Interval(now.meter(), 1, before.at(), now.at(), now.total().subtract(before.total()),
                            before.counted(now), new BigDecimal("0.01")));
                }
            }
            return intervals;
        }

        boolean severalMeters() {
            return readings.get(0).startsWith("A");
        }

        @Override
        public String toString() {
            return title;
        }
    }

    private record Read(int meter, Instant at, BigDecimal total, List<BigDecimal> bands) {

        static Read of(String row, ZoneId zone) {
            List<String> words = Arrays.asList(row.split(" "));
            int meter = words.get(0).equals("B") ? 2 : 1;
            if (words.get(0).length() == 1) {
                words = words.subList(1, words.size());
            }
            String time = words.get(0);
            Instant at = time.length() > 16 ? OffsetDateTime.parse(time).toInstant()
                    : LocalDateTime.parse(time).atZone(zone).toInstant();
            return new Read(meter, at, new BigDecimal(words.get(1)), words.size() == 2 ? null
                    : words.subList(2, words.size()).stream().map(band -> band.equals("-") ? null : new BigDecimal(band)).toList());
        }

        List<BigDecimal> counted(Read now) {
            if (bands == null || now.bands == null) {
                return null;
            }
            List<BigDecimal> counted = new ArrayList<>();
            for (int i = 0; i < bands.size(); i++) {
                counted.add(bands.get(i) == null || now.bands.get(i) == null ? null : now.bands.get(i).subtract(bands.get(i)));
            }
            return counted;
        }
    }
}
