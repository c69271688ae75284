package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TariffRuleTest {

    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory()).registerModule(new JavaTimeModule());
    private static final ObjectMapper JSON = new ObjectMapper().registerModule(new JavaTimeModule());

    private static final String SINGLE = "prices: [{band: SINGLE, parts: {energy: 0.5}}]";
    private static final String TWO_TIERS = "prices: [{band: SINGLE, parts: {energy: 0.5}}, {band: SINGLE, tier: 2, parts: {energy: 0.8}}]";
    private static final String BANDS = "prices: [{band: PEAK, parts: {energy: 1}}, {band: FLAT, parts: {energy: 0.5}}]";
    private static final String FLAT = "prices: [{band: FLAT, parts: {energy: 0.5, grid: 0.1}}]";
    private static final String CALENDAR = "\ncalendar: [{periods: [{from: \"00:00\", band: FLAT}, {from: \"08:00\", band: PEAK}]}]";

    private static String problem(String yaml) throws IOException {
        return YAML.readValue(yaml, TariffRule.class).problem().map(TariffRule.Problem::toString).orElse("none");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {}                                                                | tiers: the period must be MONTH or YEAR
            {period: MONTH, start: JANUARY, edges: [100]}                     | tiers: start is for the period YEAR
            {period: YEAR}                                                    | tiers: 1 to 20 edges are needed
            {period: YEAR, edges: [100, 100]}                                 | tiers: the edges must ascend
            {period: YEAR, edges: [200, 100]}                                 | tiers: the edges must ascend
            {period: YEAR, edges: [0]}                                        | tiers: the edges must ascend from above 0
            {period: YEAR, edges: [1.0000001]}                                | tiers: the edges must ascend
            {period: YEAR, edges: [1e999999999]}                              | tiers: the edges must ascend
            {period: YEAR, edges: [100, 200]}                                 | prices: SINGLE in tier 3 has none; each band needs a price for every tier from 1 to 3
            {period: YEAR, edges: [100]}                                      | none
            {period: MONTH, scope: ACCOUNT, edges: [0.5]}                     | none
            """)
    void tiersSayWhatIsAllowed(String tiers, String problem) throws IOException {
        assertThat(problem("tiers: " + tiers + "\n" + TWO_TIERS)).startsWith(problem);
    }

    @Test
    void aCellMissingOrTwiceIsNamed() throws IOException {
        assertThat(problem(TWO_TIERS)).isEqualTo("prices: SINGLE has a price for tier 2, but the tariff has no tiers");
        assertThat(problem("tiers: {period: YEAR, edges: [1]}\n" + SINGLE)).startsWith("prices: SINGLE in tier 2 has none");
        assertThat(problem("tiers: {period: YEAR, edges: [1]}\n" + BANDS + CALENDAR)).startsWith("prices: PEAK in tier 2 has none");
        assertThat(problem("prices: [{band: SINGLE, tier: 0, parts: {energy: 0.5}}]")).startsWith("prices: SINGLE has a price for tier 0");
        assertThat(problem("prices: [{band: SINGLE, parts: {energy: 0.5}}, {band: SINGLE, parts: {energy: 0.5}}]"))
                .isEqualTo("prices: there are two for SINGLE");
        assertThat(problem("prices: [{tier: 1, parts: {energy: 0.5}}]")).startsWith("prices: each needs a band");
        assertThat(problem("prices: [{band: SINGLE, parts: {\"\": 0.5}}]")).startsWith("prices: SINGLE needs named parts");
        assertThat(problem("prices: [{band: SINGLE, parts: {energy: 0.5, rebate: -0.6}}]")).startsWith("prices: SINGLE needs named parts");
        assertThat(problem("prices: [{band: SINGLE, parts: {}}]")).startsWith("prices: SINGLE needs named parts");
        assertThat(problem(SINGLE + CALENDAR)).startsWith("prices: SINGLE stands alone");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {parts: [energy], factors: {PEAK: 1.6}}                 | none
            {parts: [energy, grid], factors: {PEAK: 1.6, SHARP: 2}} | none
            {parts: [], factors: {PEAK: 1.6}}                       | floating: parts must name one or more parts that FLAT has
            {parts: [wind], factors: {PEAK: 1.6}}                   | floating: parts must name one or more parts that FLAT has
            {parts: [energy]}                                       | floating: needs factors
            {parts: [energy], factors: {FLAT: 1}}                   | floating: needs factors
            {parts: [energy], factors: {PEAK: -0.1}}                | floating: needs factors
            {parts: [energy], factors: {PEAK: 1.0000001}}           | floating: needs factors
            {parts: [energy], factors: {PEAK: 101}}                 | floating: needs factors
            {parts: [energy], factors: {VALLEY: 0.4}}               | calendar: the period from 08:00 needs one of the bands that have a price
            """)
    void whatFloatsSaysWhatIsAllowed(String floating, String problem) throws IOException {
        assertThat(problem("floating: " + floating + "\n" + FLAT + CALENDAR)).startsWith(problem);
    }

    @Test
    void besideFactorsNoOtherPriceStands() throws IOException {
        assertThat(problem("floating: {parts: [energy], factors: {PEAK: 1.6}}\n" + BANDS + CALENDAR))
                .startsWith("floating: only the prices of FLAT are given then").contains("PEAK has a price of its own");
        assertThat(problem("floating: {parts: [energy], factors: {PEAK: 100}}\nprices: [{band: FLAT, parts: {energy: 90000}}]" + CALENDAR))
                .isEqualTo("floating: PEAK would not cost from 0 to 100000 yuan");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            06-13        | WORKDAY | calendar: months must be such as "06-08"
            June         | WORKDAY | calendar: months must be such as "06-08"
            06-08        |         | calendar: a WORKDAY in month 01 has no entry
            12-10        |         | calendar: a WORKDAY in month 11 has no entry
            ''           | WORKDAY | calendar: months must be
            1-12         | WORKDAY | calendar: a WEEKEND in month 01 has no entry
            1-12         | WORKDAY, WEEKEND | calendar: a HOLIDAY in month 01 has no entry
            1-12         | WORKDAY, WEEKEND, HOLIDAY | none
            5-4          | WORKDAY, WEEKEND, HOLIDAY | none
            """)
    void aDayWithoutAnEntryIsNamed(String months, String days, String problem) throws IOException {
        assertThat(problem(BANDS + "\ncalendar: [{months: \"" + months + "\", days: [" + (days == null ? "" : days)
                + "], periods: [{from: \"00:00\", band: FLAT}]}]")).startsWith(problem);
    }

    @Test
    void anEntryThatNeverHoldsIsNamed() throws IOException {
        String flat = "periods: [{from: \"00:00\", band: FLAT}]}";
        assertThat(problem(BANDS + "\ncalendar: [{" + flat + ", {months: \"06-08\", " + flat + "]"))
                .isEqualTo("calendar: entry 2 never holds, for the entries before it fit all of its days");
        assertThat(problem(BANDS + "\ncalendar: [{months: \"06-08\", " + flat + ", {" + flat + "]")).isEqualTo("none");
        assertThat(problem(BANDS + "\ncalendar: [{" + flat + ", {days: TEMPERATURE, " + flat + "]")).isEqualTo("none");
    }

    @Test
    void daysComeFromTheFirstEntryThatFits() {
        TariffRule seasons = ChargeCases.rule("seasons");
        for (int month = 1; month <= 12; month++) {
            int entry = month >= 6 && month <= 8 ? 0 : month == 12 || month <= 2 ? 1 : 2;
            assertThat(seasons.day(month, DayKind.WORKDAY)).contains(seasons.calendar().get(entry));
            assertThat(seasons.day(month, DayKind.TEMPERATURE)).isEmpty();
        }
    }

    @Test
    void yearsOfTiersBeginWhereTheySay() {
        LocalDate contract = LocalDate.parse("2024-02-29");
        for (String row : List.of("JANUARY 2026-01-01 2026-01-01", "JANUARY 2026-12-31 2026-01-01", "DECEMBER 2026-11-30 2025-12-01",
                "DECEMBER 2026-12-01 2026-12-01", "CONTRACT 2026-02-27 2025-02-28", "CONTRACT 2026-02-28 2026-02-28",
                "CONTRACT 2028-02-28 2027-02-28", "CONTRACT 2028-02-29 2028-02-29", "CONTRACT 2023-12-31 2023-02-28")) {
            String[] words = row.split(" ");
            assertThat(new TariffRule.Tiers(TariffRule.TierPeriod.YEAR, TariffRule.YearStart.valueOf(words[0]), null, List.of())
                    .startOf(LocalDate.parse(words[1]), contract)).as(row).isEqualTo(words[2]);
        }
        assertThat(new TariffRule.Tiers(TariffRule.TierPeriod.MONTH, null, null, List.of()).startOf(contract, null)).isEqualTo("2024-02-01");
    }

    @Test
    void theSampleGivesThePublishedPricesWhenRoundedAsTheyWere() {
        TariffFile demo = TariffFile.read(Path.of("config/demo/tariffs.yaml"));
        Map<Rate, List<TariffRule.Price>> floats = rule(demo, "guizhou-tou").matrix();
        Map<Rate, List<TariffRule.Price>> published = rule(demo, "guizhou-tou-published").matrix();
        for (Rate band : List.of(Rate.PEAK, Rate.FLAT, Rate.VALLEY)) {
            assertThat(floats.get(band).get(0).yuan().setScale(3, RoundingMode.HALF_UP))
                    .isEqualByComparingTo(published.get(band).get(0).yuan());
            assertThat(floats.get(band).get(0).parts().get("surcharge")).isEqualByComparingTo("0.025325");
        }
        assertThat(published.get(Rate.PEAK).get(0).yuan()).isEqualByComparingTo("0.884");
        assertThat(floats.get(Rate.PEAK).get(0).yuan()).isEqualByComparingTo("0.884005");
        assertThat(floats.get(Rate.VALLEY).get(0).yuan()).isEqualByComparingTo("0.239995");
        assertThat(rule(demo, "guizhou-dwelling").matrix().get(Rate.SINGLE)).extracting(TariffRule.Price::yuan)
                .containsExactly(new BigDecimal("0.4556"), new BigDecimal("0.5056"), new BigDecimal("0.7556"));
    }

    private static TariffRule rule(TariffFile file, String code) {
        return file.versions().stream().filter(version -> version.code().equals(code)).findFirst().orElseThrow().rule();
    }

    @Test
    void everyShapeSurvivesItsWayThroughTheDatabasesJson() throws IOException {
        List<TariffFile.Version> all = TariffFile.read(Path.of("src/test/resources/billing/tariffs.yaml")).versions();
        assertThat(all).hasSizeGreaterThan(20);
        for (TariffFile.Version version : all) {
            assertThat(JSON.readValue(JSON.writeValueAsString(version.rule()), TariffRule.class)).as(version.code()).isEqualTo(version.rule());
        }
        // as versions were written before there were tiers
        assertThat(JSON.readValue("{\"prices\":[{\"band\":\"SINGLE\",\"parts\":{\"energy\":0.85}}]}", TariffRule.class))
                .isEqualTo(ChargeCases.rule("one-price"));
    }

    @Test
    void theDocumentsExampleCanBeChargedBy() throws IOException {
        String tariffs = Files.readString(Path.of("docs/tariffs.md"));
        String example = tariffs.substring(tariffs.indexOf("```yaml\nprices:") + 8);
        assertThat(problem(example.substring(0, example.indexOf("```")))).isEqualTo("none");
    }

    @Test
    void monthsMayBeOneTextOrSeveral() throws IOException {
        String file = Files.readString(Path.of("src/test/resources/billing/tariffs.yaml"));
        assertThat(file).contains("months: \"06-08\"");
        String one = "calendar: [{months: %s, days: %s, periods: []}]";
        assertThat(YAML.readValue(one.formatted("06-08", "HOLIDAY"), TariffRule.class))
                .isEqualTo(YAML.readValue(one.formatted("[\"06-08\"]", "[HOLIDAY]"), TariffRule.class));
        assertThat(YAML.readValue(one.formatted("[6, 07, 08, \"11-12\"]", "[]"), TariffRule.class).calendar().get(0).months())
                .containsExactly("6", "07", "08", "11-12");
    }
}
