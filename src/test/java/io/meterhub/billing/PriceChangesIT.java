package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.billing.PriceChange.Assign;
import io.meterhub.billing.PriceChange.EndAssignment;
import io.meterhub.billing.PriceChange.MarkDays;
import io.meterhub.billing.PriceChange.NewVersion;
import io.meterhub.billing.PriceChange.UnmarkDays;
import io.meterhub.billing.PriceChangeResult.Made;
import io.meterhub.billing.PriceChangeResult.Previewed;
import io.meterhub.billing.PriceChangeResult.Refused;
import io.meterhub.billing.TariffRule.Day;
import io.meterhub.billing.TariffRule.Period;
import io.meterhub.billing.TariffRule.Price;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.SiteSheet;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

@HubTest
class PriceChangesIT {

    @Autowired
    PriceChanges changes;
    @Autowired
    Reratings reratings;
    @Autowired
    TariffAssignments assignments;
    @Autowired
    SiteCalendar calendar;
    @Autowired
    Tariffs tariffs;
    @Autowired
    Billing billing;
    @Autowired
    DayClose close;
    @Autowired
    Accounts accounts;
    @Autowired
    AccountLife life;
    @Autowired
    Counter counter;
    @Autowired
    Statements statements;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    TransactionTemplate transaction;
    BilledMall malls;

    @Autowired
    void attach(ApplicationContext hub) {
        malls = new BilledMall(hub);
    }

    private static LocalDate day(Mall mall, int ago) {
        return mall.site().dayOf(Instant.now()).minusDays(ago);
    }

    private static Instant at(Mall mall, int daysAgo, String time) {
        return day(mall, daysAgo).atTime(LocalTime.parse(time)).atZone(mall.site().zone()).toInstant();
    }

    private static TariffRule single(String yuan) {
        return new TariffRule(List.of(price(Rate.SINGLE, yuan)), null);
    }

    private static Price price(Rate band, String yuan) {
        return new Price(band, Map.of("energy", new BigDecimal(yuan)));
    }

    private static Period from(int hour, Rate band) {
        return new Period(LocalTime.of(hour, 0), band);
    }

    private static NewVersion version(Mall mall, String tariff, int daysAgo, TariffRule rule) {
        return new NewVersion(tariff, null, null, day(mall, daysAgo), rule);
    }

    private RatePreview preview(Mall mall, PriceChange change) {
        PriceChangeResult result = changes.preview(mall.site().id(), change);
        assertThat(result).isInstanceOf(Previewed.class);
        return ((Previewed) result).preview();
    }

    private PriceChangeResult make(Mall mall, PriceChange change, String token) {
        return changes.make(mall.site().id(), change, token, "Li", "new prices");
    }

    /** Previews a change, makes it, and holds the one against the other. */
    private Rerating confirm(Mall mall, PriceChange change) {
        RatePreview preview = preview(mall, change);
        assertThat(preview.obstacles()).isEmpty();
        PriceChangeResult result = make(mall, change, preview.token());
        assertThat(result).isInstanceOf(Made.class);
        Rerating done = ((Made) result).rerating();
        assertThat(done.state()).isEqualTo(Rerating.State.DONE);
        assertThat(done.differenceYuan()).as("what was previewed is what came").isEqualByComparingTo(preview.differenceYuan());
        return done;
    }

    private List<String> lines(Mall mall) {
        LocalDate today = day(mall, 0);
        return accounts.charges(mall.account(), today.minusDays(40), today).stream().filter(line -> line.quantity().signum() > 0)
                .map(line -> today.toEpochDay() - line.siteDay().toEpochDay() + " days ago " + line.band() + " " + plain(line.quantity())
                        + " x " + plain(line.price()) + " = " + plain(line.amount())
                        + (line.estimatedQuantity().signum() == 0 ? "" : " estimated " + plain(line.estimatedQuantity()))).toList();
    }

    private List<String> corrections(Mall mall) {
        LocalDate today = day(mall, 0);
        return accounts.lines(mall.account(), null, 100).stream().filter(line -> line.cause().equals("CORRECTION"))
                .map(line -> today.toEpochDay() - line.siteDay().toEpochDay() + " days ago "
                        + plain(line.debit().subtract(line.credit()))).toList();
    }

    private static String plain(BigDecimal number) {
        return number.stripTrailingZeros().toPlainString();
    }

    /** As if it had been opened long ago. */
    private Mall open(String tariff, int shops) {
        Mall mall = malls.open(tariff, shops);
        jdbc.sql("update tariff_assignment set valid_from = '2026-01-01' where site_id = ?").param(mall.site().id()).update();
        return mall;
    }

    /** 10 kWh between 08:00 and 20:00 of each of the last seven days, nothing at night. */
    private Mall aWeek(String tariff) {
        Mall mall = open(tariff, 1);
        for (int ago = 7; ago >= 1; ago--) {
            billing.bill(mall.slice(at(mall, ago, "08:00"), Integer.toString(1000 + 10 * (7 - ago))));
            billing.bill(mall.slice(at(mall, ago, "20:00"), Integer.toString(1010 + 10 * (7 - ago))));
        }
        return mall;
    }

    @Test
    void aPriceTenPercentUpFromFiveDaysAgo() {
        Mall mall = aWeek("shop-single");
        close.close();
        assertThat(malls.credits(mall)).as("100 - 7 x 10 x 0.85").containsExactly("40.5");
        NewVersion change = version(mall, "shop-single", 5, single("0.935"));
        RatePreview preview = preview(mall, change);
        assertThat(preview.accounts()).singleElement().satisfies(account -> {
            assertThat(account.oldYuan()).isEqualByComparingTo("42.5");
            assertThat(account.newYuan()).isEqualByComparingTo("46.75");
            assertThat(account.differenceYuan()).isEqualByComparingTo("4.25");
            assertThat(account.firstDay()).isEqualTo(day(mall, 5));
            assertThat(account.lastDay()).isEqualTo(day(mall, 1));
        });
        assertThat(malls.credits(mall)).as("a preview writes nothing").containsExactly("40.5");
        assertThat(tariffs.of(mall.site().id()).stream().filter(tariff -> tariff.code().equals("shop-single")).findFirst().orElseThrow()
                .versions()).hasSize(1);

        confirm(mall, change);
        assertThat(malls.credits(mall)).containsExactly("36.25");
        assertThat(lines(mall)).containsExactly("7 days ago SINGLE 10 x 0.85 = 8.5", "6 days ago SINGLE 10 x 0.85 = 8.5",
                "5 days ago SINGLE 10 x 0.935 = 9.35", "4 days ago SINGLE 10 x 0.935 = 9.35", "3 days ago SINGLE 10 x 0.935 = 9.35",
                "2 days ago SINGLE 10 x 0.935 = 9.35", "1 days ago SINGLE 10 x 0.935 = 9.35");
        assertThat(malls.problems(mall)).isEmpty();
        close.close();
        assertThat(corrections(mall)).containsExactly("1 days ago 0.85", "2 days ago 0.85", "3 days ago 0.85", "4 days ago 0.85",
                "5 days ago 0.85");
        assertThat(malls.credits(mall)).as("posting moves no credit").containsExactly("36.25");
        assertThat(malls.problems(mall)).isEmpty();
    }

    /** Valley, but for the peak from 8 to 12, and flat from 18. */
    private static TariffRule morningPeak() {
        return new TariffRule(List.of(price(Rate.PEAK, "1"), price(Rate.FLAT, "0.5"), price(Rate.VALLEY, "0.2")),
                List.of(new Day(List.of(from(0, Rate.VALLEY), from(8, Rate.PEAK), from(12, Rate.VALLEY), from(18, Rate.FLAT)))));
    }

    @Test
    void aCalendarOfBandsChangedFromThreeWeeksAgoTakesTheCountersOfThatTime() {
        Mall mall = open("shop-tou", 1);
        billing.bill(mall.slice(at(mall, 22, "09:00"), "1000"));
        // before the change: flat
        billing.bill(mall.slice(at(mall, 22, "10:00"), "1001"));
        // flat until 10, peak until 12, 1 kWh an hour, read at the edges of neither but for 10:00 and 12:00
        billing.bill(mall.slice(at(mall, 21, "08:00"), "1001"));
        billing.bill(mall.slice(at(mall, 21, "10:00"), "1003"));
        billing.bill(mall.slice(at(mall, 21, "12:00"), "1005"));
        // an hour with a band's edge of the new calendar in the middle
        billing.bill(mall.slice(at(mall, 21, "17:30"), "1005"));
        billing.bill(mall.slice(at(mall, 21, "18:30"), "1006"));
        assertThat(lines(mall)).containsExactly("22 days ago FLAT 1 x 0.587325 = 0.587325",
                "21 days ago FLAT 2 x 0.587325 = 1.17465", "21 days ago PEAK 3 x 0.909325 = 2.727975");
        Rerating done = confirm(mall, version(mall, "shop-tou", 21, morningPeak()));
        assertThat(lines(mall)).containsExactly("22 days ago FLAT 1 x 0.587325 = 0.587325",
                "21 days ago FLAT 0.5 x 0.5 = 0.25 estimated 0.5", "21 days ago PEAK 4 x 1 = 4",
                "21 days ago VALLEY 0.5 x 0.2 = 0.1 estimated 0.5");
        assertThat(done.differenceYuan()).isEqualByComparingTo("0.447375");
        assertThat(malls.credits(mall)).containsExactly("95.062675");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void aHolidayThatWasForgottenAndOneThatWasNone() {
        Mall mall = aWeek("shop-single");
        // everything at 1 yuan, on holidays at 0.4
        TariffRule rule = new TariffRule(List.of(price(Rate.FLAT, "1"), price(Rate.VALLEY, "0.4")),
                List.of(new Day(null, Set.of(DayKind.HOLIDAY), List.of(from(0, Rate.VALLEY))), new Day(List.of(from(0, Rate.FLAT)))));
        tariffs.put(mall.site().id(), "holidays", "With holidays", EnergyKind.ELECTRICITY, day(mall, 100), rule, "Li", "new");
        assertThat(make(mall, new Assign("holidays", null, null, day(mall, 100), null), null)).isEqualTo(new Made(null));
        assertThat(malls.credits(mall)).as("the meter's own tariff is nearer than the site's").containsExactly("40.5");
        confirm(mall, new Assign("holidays", "M-0000", null, day(mall, 7), null));
        assertThat(malls.credits(mall)).as("100 - 70").containsExactly("30");

        MarkDays holidays = new MarkDays(List.of(new CalendarDay(day(mall, 4), DayKind.HOLIDAY), new CalendarDay(day(mall, 3), DayKind.HOLIDAY)));
        assertThat(confirm(mall, holidays).differenceYuan()).isEqualByComparingTo("-12");
        assertThat(malls.credits(mall)).containsExactly("42");
        assertThat(calendar.of(mall.site().id(), day(mall, 10), day(mall, 0))).isEqualTo(List.of(
                new CalendarDay(day(mall, 4), DayKind.HOLIDAY), new CalendarDay(day(mall, 3), DayKind.HOLIDAY)));
        confirm(mall, new UnmarkDays(List.of(new CalendarDay(day(mall, 3), DayKind.HOLIDAY))));
        assertThat(malls.credits(mall)).containsExactly("36");
        close.close();
        assertThat(malls.credits(mall)).containsExactly("36");
        assertThat(corrections(mall)).as("nothing was posted before: nothing to correct").isEmpty();
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void tiersAreUsedUpInTheOrderOfTime() {
        Mall mall = aWeek("shop-single");
        TariffRule tiers = new TariffRule(List.of(new Price(Rate.SINGLE, 1, Map.of("energy", new BigDecimal("0.5"))),
                new Price(Rate.SINGLE, 2, Map.of("energy", BigDecimal.ONE))), null, null,
                new TariffRule.Tiers(TariffRule.TierPeriod.YEAR, null, null, List.of(new BigDecimal("25"))));
        confirm(mall, version(mall, "shop-single", 5, tiers));
        // from five days ago 50 kWh: 25 at 0.5, 25 at 1
        assertThat(malls.credits(mall)).as("100 - 17 - 37.5").containsExactly("45.5");
        billing.bill(mall.slice(at(mall, 1, "21:00"), "1071"));
        assertThat(malls.credits(mall)).as("in the second tier").containsExactly("44.5");
        // the first two of these days were at one price after all: what comes then has the first tier to itself
        assertThat(make(mall, version(mall, "shop-single", 3, tiers), null)).as("the same prices").isEqualTo(new Made(null));
        confirm(mall, version(mall, "shop-single", 5, single("0.85")));
        assertThat(malls.credits(mall)).as("100 - 4 x 8.5 - 25 x 0.5 - 6 x 1").containsExactly("47.5");
        assertThat(tariffs.put(mall.site().id(), "shop-single", "Shop", EnergyKind.ELECTRICITY, day(mall, 5), tiers, "hub", "file"))
                .as("the version that gave way is still there, for a file that has it")
                .isInstanceOfSatisfying(TariffResult.Stored.class, stored -> assertThat(stored.already()).isTrue());
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void aPreviewThatIsOutOfDateIsRefused() {
        Mall mall = aWeek("shop-single");
        NewVersion change = version(mall, "shop-single", 5, single("0.9"));
        assertThat(make(mall, change, null)).isInstanceOfSatisfying(Refused.class, refused -> assertThat(refused.field()).isEqualTo("token"));
        assertThat(make(mall, change, "2026-02-31.no-token")).isInstanceOf(Refused.class);
        String token = preview(mall, change).token();
        assertThat(make(mall, version(mall, "shop-single", 5, single("0.91")), token)).as("another change").isInstanceOf(Refused.class);
        billing.bill(mall.slice(at(mall, 1, "22:00"), "1075"));
        billing.bill(mall.slice(at(mall, 0, "00:00"), "1075"));
        assertThat(make(mall, change, token)).as("a charge of the days before today").isInstanceOf(Refused.class);
        token = preview(mall, change).token();
        billing.bill(mall.slice(Instant.now(), "1075.5"));
        assertThat(tariffs.put(mall.site().id(), "shop-single", "Shop", EnergyKind.ELECTRICITY, day(mall, 5), single("0.9"), "Li", "x"))
                .as("not without a preview").isInstanceOf(TariffResult.Refused.class);
        assertThat(make(mall, change, token)).as("today goes on").isInstanceOf(Made.class);
        assertThat(reratings.of(mall.site().id())).singleElement().satisfies(done -> {
            assertThat(done.state()).isEqualTo(Rerating.State.DONE);
            assertThat(done.accounts()).isEqualTo(1);
            assertThat(done.who()).isEqualTo("Li");
            assertThat(done.change()).isEqualTo(change);
        });
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void aPreviewIsConfirmedForTwoDays() {
        Mall mall = aWeek("shop-single");
        NewVersion change = version(mall, "shop-single", 5, single("0.9"));
        for (int ago : new int[] {3, 2}) {
            PriceChanges then = malls.priceChanges(Clock.fixed(at(mall, ago, "12:00"), ZoneOffset.UTC));
            PriceChangeResult result = make(mall, change, ((Previewed) then.preview(mall.site().id(), change)).preview().token());
            assertThat(result).as("%s days ago", ago).isInstanceOf(ago == 3 ? Refused.class : Made.class);
        }
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void whatIsAssignedLastTakesItsDays() {
        Mall mall = open("shop-single", 1);
        for (PriceChange change : List.of(new Assign("shop-tou", "M-0000", null, day(mall, -10), day(mall, -20)),
                new Assign("shop-tou", null, null, day(mall, -3), null))) {
            assertThat(make(mall, change, null)).isEqualTo(new Made(null));
        }
        assertThat(told(mall)).containsExactly("site shop-tou +3..", "M-0000 shop-single ..+10", "M-0000 shop-tou +10..+20",
                "M-0000 shop-single +20..");
        TariffAssignment last = assignments.of(mall.site().id()).get(3);
        assertThat(make(mall, new EndAssignment(last.id(), day(mall, -30)), null)).isEqualTo(new Made(null));
        make(mall, new Assign("shop-tou", "M-0000", null, day(mall, -5), day(mall, -25)), null);
        assertThat(told(mall)).containsExactly("site shop-tou +3..", "M-0000 shop-single ..+5", "M-0000 shop-tou +5..+25",
                "M-0000 shop-single +25..+30");
        for (PriceChange refused : List.of(new Assign("none", "M-0000", null, day(mall, -5), null),
                new Assign("water-single", "M-0000", null, day(mall, -5), null), new Assign("shop-tou", "M-9", null, day(mall, -5), null),
                new Assign("shop-tou", null, "none", day(mall, -5), null), new Assign("shop-tou", null, null, null, null),
                new Assign("shop-tou", null, null, day(mall, 5), day(mall, 5)), new EndAssignment(-1, day(mall, 0)),
                new MarkDays(List.of()), new MarkDays(List.of(new CalendarDay(day(mall, 0), DayKind.WEEKEND))),
                new UnmarkDays(List.of(new CalendarDay(day(mall, 0), DayKind.HOLIDAY))))) {
            assertThat(make(mall, refused, null)).as(refused.toString()).isInstanceOf(Refused.class);
        }
        assertThat(told(mall)).hasSize(4);
    }

    private List<String> told(Mall mall) {
        return assignments.of(mall.site().id()).stream().map(each -> (each.meter() == null ? "site" : each.meter()) + " " + each.tariff()
                + " " + (each.validFrom().isBefore(day(mall, 0)) ? "" : "+" + (each.validFrom().toEpochDay() - day(mall, 0).toEpochDay()))
                + ".." + (each.validTo() == null ? "" : "+" + (each.validTo().toEpochDay() - day(mall, 0).toEpochDay()))).toList();
    }

    /** The sample's rule, with everything dearer by this. */
    private TariffRule tou(Mall mall, String more) {
        TariffRule rule = tariffs.of(mall.site().id()).stream().filter(tariff -> tariff.code().equals("shop-tou")).findFirst().orElseThrow()
                .versions().get(0).rule();
        return new TariffRule(rule.prices().stream().map(price -> new Price(price.band(), price.tier(), Map.of("energy",
                price.yuan().add(new BigDecimal(more))))).toList(), rule.calendar(), null, null);
    }

    @Test
    void whereTheReadingsAreGoneTheQuartersOfAnHourTellAndWhereTheyAreTheBandsStay() {
        Mall mall = open("shop-tou", 1);
        String[][] day = {{"08:00", "1000"}, {"09:55", "1002"}, {"10:05", "1002.1"}, {"11:55", "1004"}, {"12:10", "1004.2"}, {"13:00", "1005"}};
        for (String[] reading : day) {
            billing.bill(mall.slice(at(mall, 4, reading[0]), reading[1]));
        }
        billing.bill(mall.slice(at(mall, 3, "00:00"), "1005"));
        jdbc.sql("delete from reading where meter_id = ?").param(mall.meter()).update();
        confirm(mall, version(mall, "shop-tou", 10, morningPeak()));
        assertThat(lines(mall)).containsExactly("4 days ago PEAK 4.066667 x 1 = 4.066667 estimated 0.066667",
                "4 days ago VALLEY 0.933333 x 0.2 = 0.1866666 estimated 0.133333");

        jdbc.sql("delete from quarter_hour where meter_id = ?").param(mall.meter()).update();
        RatePreview preview = preview(mall, version(mall, "shop-tou", 10, tou(mall, "0.1")));
        assertThat(preview.obstacles()).singleElement().satisfies(obstacle -> {
            assertThat(obstacle.meter()).isEqualTo("M-0000");
            assertThat(obstacle.day()).isEqualTo(day(mall, 4));
        });
        assertThat(preview.accounts()).as("nobody knows what it would come to").isEmpty();
        assertThat(make(mall, version(mall, "shop-tou", 10, tou(mall, "0.1")), preview.token())).isInstanceOf(Refused.class);
        TariffRule dearer = new TariffRule(List.of(price(Rate.PEAK, "2"), price(Rate.FLAT, "0.5"), price(Rate.VALLEY, "0.4")),
                morningPeak().calendar());
        confirm(mall, version(mall, "shop-tou", 10, dearer));
        assertThat(lines(mall)).containsExactly("4 days ago PEAK 4.066667 x 2 = 8.133334 estimated 0.066667",
                "4 days ago VALLEY 0.933333 x 0.4 = 0.3733332 estimated 0.133333");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void aLostMetersEstimatesAreChargedAnewAndTruedUpAfterwards() {
        Mall mall = open("shop-tou", 1);
        for (int ago = 7; ago >= 4; ago--) {
            billing.bill(mall.slice(at(mall, ago, "08:00"), Integer.toString(1000 + 10 * (7 - ago))));
            billing.bill(mall.slice(at(mall, ago, "20:00"), Integer.toString(1010 + 10 * (7 - ago))));
        }
        for (int ago = 3; ago >= 1; ago--) {
            assertThat(billing.estimate(mall.meters(), at(mall, ago, "00:00"), Duration.ofHours(1))).isEqualTo(1);
        }
        List<String> lines = lines(mall);
        BigDecimal charged = malls.charged(mall.meter());
        assertThat(charged).isGreaterThan(new BigDecimal("40"));
        confirm(mall, version(mall, "shop-tou", 6, morningPeak()));
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo(charged);
        assertThat(lines(mall)).isNotEqualTo(lines);
        confirm(mall, version(mall, "shop-tou", 6, tou(mall, "0")));
        assertThat(lines(mall)).isEqualTo(lines);
        confirm(mall, version(mall, "shop-tou", 6, single("0.7")));
        billing.bill(mall.slice(at(mall, 1, "12:00"), "1055"));
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("55");
        assertThat(lines(mall).stream().filter(line -> !line.startsWith("7"))).allMatch(line -> line.contains("SINGLE"));
        assertThat(malls.problems(mall)).isEmpty();
    }

    /** What is kept of the old meter's last quarter of an hour is the new one's opening value. */
    @Test
    void theDaysBeforeAMeterWasChangedKeepTheBandsTheyWereUsedIn() {
        Mall mall = open("shop-tou", 1);
        billing.bill(mall.slice(at(mall, 3, "07:00"), "1000"));
        billing.bill(mall.slice(at(mall, 3, "07:50"), "1004"));
        billing.bill(mall.slice(at(mall, 3, "09:00"), "1005"));
        billing.replaceMeter(mall.meter(), new BigDecimal("1005"), new BigDecimal("5000"), "Li", "broken");
        billing.bill(mall.slice(Instant.now(), "5000"));
        List<String> used = used(mall);
        assertThat(used).containsExactly("3 FLAT 0.857143", "3 VALLEY 4.142857");
        confirm(mall, version(mall, "shop-tou", 5, tou(mall, "0.1")));
        assertThat(used(mall)).isEqualTo(used);
        jdbc.sql("delete from reading where meter_id = ?").param(mall.meter()).update();
        confirm(mall, version(mall, "shop-tou", 5, tou(mall, "0.2")));
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("5");
        assertThat(malls.problems(mall)).isEmpty();
    }

    private List<String> used(Mall mall) {
        return lines(mall).stream().map(line -> line.replaceFirst(" days ago", "").replaceFirst(" x .*", "")).toList();
    }

    @Test
    void aDayOnWhichTheMeterWasChangedKeepsWhatWasUsed() {
        Mall mall = open("shop-single", 1);
        billing.bill(mall.slice(Instant.now().minus(Duration.ofHours(3)), "1001"));
        billing.replaceMeter(mall.meter(), new BigDecimal("1003"), new BigDecimal("5000"), "Li", "broken");
        billing.bill(mall.slice(Instant.now(), "5000.03"));
        assertThat(malls.credits(mall)).as("1 + 2 + 0.03 kWh").containsExactly("97.4245");
        confirm(mall, version(mall, "shop-single", 2, single("0.9")));
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("3.03");
        assertThat(malls.credits(mall)).containsExactly("97.273");
        confirm(mall, version(mall, "shop-single", 2, new TariffRule(List.of(price(Rate.FLAT, "0.9")), List.of(new Day(List.of(from(0, Rate.FLAT)))))));
        assertThat(malls.credits(mall)).containsExactly("97.273");
        assertThat(malls.problems(mall)).isEmpty();
    }

    /** Moves the first tenant out and another in, now, at the last reading. */
    private int moveIn(Mall mall) {
        return life.move(new AccountWish.Move(new AccountWish.Close(mall.account(), Map.of(), PayMethod.CASH, "moves out"), null,
                new AccountWish.Customer("Next", null)), "Li").account().id();
    }

    private BigDecimal credit(int account) {
        return accounts.account(account).orElseThrow().creditYuan();
    }

    private void assertStatementCloses(int accountId) {
        Account account = accounts.account(accountId).orElseThrow();
        LocalDate today = account.openedAt().atZone(ZoneId.of("Asia/Shanghai")).toLocalDate();
        BigDecimal balance = BigDecimal.ZERO;
        for (Statement.Period period : statements.of(account, today.minusDays(40), today, Statements.By.DAY).periods()) {
            assertThat(period.openingYuan()).isEqualByComparingTo(balance);
            balance = balance.add(period.movements().values().stream().reduce(BigDecimal.ZERO, BigDecimal::add));
            assertThat(period.closingYuan()).isEqualByComparingTo(balance);
        }
        assertThat(balance).isEqualByComparingTo(account.creditYuan());
    }

    @Test
    void aFormerTenantIsChargedAnewTooAndTheDifferenceIsBookedInTheClosedAccount() {
        Mall mall = aWeek("shop-single");
        jdbc.sql("update meter set rating = 9000000 where id = ?").param(mall.meter()).update();
        billing.bill(mall.slice(at(mall, 0, "00:00"), "1070"));
        billing.bill(mall.slice(Instant.now().minusSeconds(1), "1072"));
        int next = moveIn(mall);
        Mall both = new Mall(mall.site(), mall.sheet(), mall.gateway(), mall.meters(), List.of(mall.account(), next));
        billing.bill(mall.slice(Instant.now(), "1077"));
        close.close();
        assertThat(malls.credits(both)).as("settled; 5 x 0.85").containsExactly("0", "-4.25");
        int reasons = reasons(mall);

        RatePreview preview = preview(mall, version(mall, "shop-single", 5, single("0.935")));
        assertThat(preview.accounts()).extracting(each -> each.accountId() + " " + each.closed() + " " + plain(each.differenceYuan()))
                .containsExactly(mall.account() + " true 4.42", next + " false 0.425");
        confirm(mall, version(mall, "shop-single", 5, single("0.935")));
        assertThat(malls.credits(both)).containsExactly("-4.42", "-4.675");
        assertStatementCloses(mall.account());
        close.close();
        assertThat(corrections(mall)).as("today's follows when the day is over").containsExactly("1 days ago 0.85", "2 days ago 0.85",
                "3 days ago 0.85", "4 days ago 0.85", "5 days ago 0.85");
        assertStatementCloses(mall.account());
        assertThat(malls.credits(both)).containsExactly("-4.42", "-4.675");
        assertThat(reasons(mall)).as("an account that is closed cuts nobody").isEqualTo(reasons);
        assertThat(malls.problems(both)).isEmpty();

        confirm(mall, version(mall, "shop-single", 5, single("0.5")));
        assertThat(credit(mall.account())).as("cheaper: 52 x 0.35 given back").isEqualByComparingTo("18.2");
        assertThat(counter.act(CounterRequest.refund("refund:" + mall.account(), mall.account(), null, PayMethod.CASH, "Li", "new prices")))
                .isInstanceOf(CounterResult.Booked.class);
        assertThat(credit(mall.account())).isEqualByComparingTo("0");
        confirm(mall, version(mall, "shop-single", 5, single("0.85")));
        close.close();
        assertThat(malls.credits(both)).as("as before, but for what was paid out").containsExactly("-18.2", "-4.25");
        assertThat(make(mall, version(mall, "shop-single", 5, single("0.85")), null)).as("the same prices").isEqualTo(new Made(null));
        assertThat(malls.problems(mall)).isEmpty();

        int former = mall.account();
        assertThat(counter.act(CounterRequest.debt("debt:" + former, former, null, new BigDecimal("50"), "Li", "new prices")))
                .isInstanceOf(CounterResult.Booked.class);
        assertThat(accounts.account(former).orElseThrow().debtYuan()).isEqualByComparingTo("18.2");
        confirm(mall, version(mall, "shop-single", 5, single("0.55")));
        // 52 x 0.30
        assertThat(credit(former)).isEqualByComparingTo("15.6");
        CounterRequest refund = CounterRequest.refund("rest:" + former, former, null, PayMethod.CASH, "Li", "new prices");
        assertThat(counter.act(refund)).as("he owes more than that").isInstanceOfSatisfying(CounterResult.Refused.class,
                refused -> assertThat(refused.field()).isEqualTo("amountYuan"));
        assertThat(counter.act(CounterRequest.sale("paid:" + former, former, new BigDecimal("18.2"), PayMethod.CASH, "Li", null)))
                .isInstanceOf(CounterResult.Booked.class);
        assertThat(counter.act(refund)).isInstanceOfSatisfying(CounterResult.Booked.class,
                booked -> assertThat(booked.receipt().amountYuan()).isEqualByComparingTo("15.6"));
        assertThat(credit(former)).isEqualByComparingTo("0");
        assertThat(accounts.account(former).orElseThrow().debtYuan()).isEqualByComparingTo("0");
        close.close();
        assertThat(malls.problems(mall)).isEmpty();
    }

    private int reasons(Mall mall) {
        return jdbc.sql("select count(*) from supply_reason where meter_id = ?").param(mall.meter()).query(Integer.class).single();
    }

    /** The mall with its shop in this group, and without a tariff of the meter's own. */
    private static SiteSheet grouped(Mall mall, String group) {
        return new SiteSheet(mall.sheet().site(), mall.sheet().gateways(), mall.sheet().shops().stream().map(shop -> new SiteSheet.ShopRow(
                shop.row(), shop.code(), shop.name(), shop.floor(), shop.shaft(), null, group, null, null, null, null, null, null, null,
                null)).toList(), mall.sheet().meters());
    }

    @Test
    void pastDaysGoByTheGroupThatTheShopWasInThen() {
        Mall mall = malls.open("shop-single", 1);
        int site = mall.site().id();
        jdbc.sql("delete from tariff_assignment where site_id = ?").param(site).update();
        jdbc.sql("delete from shop_group_member where shop_id in (select id from shop where site_id = ?)").param(site).update();
        malls.load(grouped(mall, "food"));
        tariffs.put(site, "food", "Food", EnergyKind.ELECTRICITY, day(mall, 100), single("0.5"), "Li", "new");
        tariffs.put(site, "shoes", "Shoes", EnergyKind.ELECTRICITY, day(mall, 100), single("0.8"), "Li", "new");
        Assign shoes = new Assign("shoes", null, "shoes", day(mall, 100), null);
        assertThat(make(mall, shoes, null)).as("nobody was ever in that group").isInstanceOf(Refused.class);
        assertThat(make(mall, new Assign("food", null, "food", day(mall, 100), null), null)).isInstanceOf(Made.class);
        for (int ago = 3; ago >= 1; ago--) {
            billing.bill(mall.slice(at(mall, ago, "08:00"), Integer.toString(1030 - 10 * ago)));
            billing.bill(mall.slice(at(mall, ago, "20:00"), Integer.toString(1040 - 10 * ago)));
        }
        // back and there on one day leaves what it was last
        List.of("shoes", "food", "shoes").forEach(group -> malls.load(grouped(mall, group)));
        assertThat(make(mall, shoes, null)).as("only today, and nothing was used on it")
                .isInstanceOf(Made.class);
        jdbc.sql("update meter set rating = 9000000 where id = ?").param(mall.meter()).update();
        billing.bill(mall.slice(at(mall, 0, "00:00"), "1030"));
        billing.bill(mall.slice(Instant.now(), "1033"));
        assertThat(lines(mall)).containsExactly("3 days ago SINGLE 10 x 0.5 = 5", "2 days ago SINGLE 10 x 0.5 = 5",
                "1 days ago SINGLE 10 x 0.5 = 5", "0 days ago SINGLE 3 x 0.8 = 2.4");

        assertThat(preview(mall, version(mall, "shoes", 3, single("0.9"))).differenceYuan()).as("today's alone").isEqualByComparingTo("0.3");
        assertThat(preview(mall, version(mall, "food", 3, single("0.6"))).differenceYuan()).as("the days before alone").isEqualByComparingTo("3");
        confirm(mall, version(mall, "food", 2, single("0.6")));
        assertThat(lines(mall)).containsExactly("3 days ago SINGLE 10 x 0.5 = 5", "2 days ago SINGLE 10 x 0.6 = 6",
                "1 days ago SINGLE 10 x 0.6 = 6", "0 days ago SINGLE 3 x 0.8 = 2.4");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void anAccountThatCannotBeChargedAnewIsSetAsideAndTheOthersGoOn() {
        Mall mall = open("shop-tou", 2);
        billing.bill(mall.slice(at(mall, 4, "08:00"), "1000", "1000"));
        billing.bill(mall.slice(at(mall, 4, "12:00"), "1004", "1004"));
        jdbc.sql("delete from reading where meter_id = ?").param(mall.meter()).update();
        jdbc.sql("delete from quarter_hour where meter_id = ?").param(mall.meter()).update();
        NewVersion change = version(mall, "shop-tou", 10, morningPeak());
        RatePreview preview = preview(mall, change);
        assertThat(preview.obstacles()).extracting(RatePreview.Obstacle::accountId).containsOnly(mall.account());
        assertThat(preview.accounts()).extracting(RatePreview.AccountDifference::accountId).containsExactly(mall.accounts().get(1));
        assertThat(changes.make(mall.site().id(), change, preview.token(), Set.copyOf(mall.accounts()), "Li", "x"))
                .as("only who cannot be charged anew").isInstanceOfSatisfying(Refused.class, refused -> assertThat(refused.field()).isEqualTo("setAside"));
        List<String> credits = malls.credits(mall);
        Rerating done = ((Made) changes.make(mall.site().id(), change, preview.token(), Set.of(mall.account()), "Li", "its readings are lost"))
                .rerating();
        assertThat(done.state()).isEqualTo(Rerating.State.DONE);
        assertThat(done.setAside()).isEqualTo(1);
        assertThat(malls.credits(mall).get(0)).isEqualTo(credits.get(0));
        assertThat(malls.credits(mall).get(1)).isNotEqualTo(credits.get(1));

        assertThat(reratings.unrated(mall.site().id())).singleElement().satisfies(open -> {
            assertThat(open.reratingId()).isEqualTo(done.id());
            assertThat(open.change()).isEqualTo(change);
            assertThat(open.accountId()).isEqualTo(mall.account());
            assertThat(open.setAsideBy() + ": " + open.setAsideWhy()).isEqualTo("Li: its readings are lost");
        });
        assertThat(reratings.tryAgain(mall.site().id(), done.id(), mall.account(), "Li", "once more")).isInstanceOf(Refused.class);
        assertThat(reratings.tryAgain(mall.site().id(), done.id(), mall.accounts().get(1), "Li", "it is done")).isInstanceOf(Refused.class);
        assertThat(reratings.setAside(mall.site().id(), done.id(), mall.accounts().get(1), "Li", "it is done")).isInstanceOf(Refused.class);
        assertThat(reratings.unrated(mall.site().id())).as("never dropped").singleElement()
                .satisfies(open -> assertThat(open.failure()).isNotBlank());

        // one price for all day needs no reading: the next change takes it along, and what it missed can be done too
        confirm(mall, version(mall, "shop-tou", 10, single("1")));
        assertThat(malls.credits(mall)).containsExactly("96", "96");
        Made again = (Made) reratings.tryAgain(mall.site().id(), done.id(), mall.account(), "Li", "by now it can");
        assertThat(again.rerating().setAside()).isZero();
        assertThat(malls.credits(mall)).containsExactly("96", "96");
        assertThat(reratings.unrated(mall.site().id())).isEmpty();
        assertThat(jdbc.sql("select what || ': ' || why from audit_log where site_id = ? and what like 'rerating.%' order by id")
                .param(mall.site().id()).query(String.class).list()).containsExactly("rerating.set_aside: its readings are lost",
                "rerating.tried_again: by now it can");
        assertThat(malls.problems(mall)).isEmpty();
    }

    /** What a meter's days came to in the preview is what was confirmed: anything else is for a person to look at. */
    @Test
    void anAccountWhoseChargesChangeBetweenTheConfirmationAndItsTurnIsLeftAsItWas() throws Exception {
        Mall mall = open("shop-single", 2);
        for (int ago = 4; ago >= 1; ago--) {
            String total = Integer.toString(1010 + 10 * (4 - ago));
            billing.bill(mall.slice(at(mall, ago, "20:00"), total, total));
        }
        TariffRule tiers = new TariffRule(List.of(new Price(Rate.SINGLE, 1, Map.of("energy", new BigDecimal("0.5"))),
                new Price(Rate.SINGLE, 2, Map.of("energy", BigDecimal.ONE))), null, null,
                new TariffRule.Tiers(TariffRule.TierPeriod.YEAR, null, null, List.of(new BigDecimal("35"))));
        NewVersion change = version(mall, "shop-single", 10, tiers);
        RatePreview preview = preview(mall, change);
        assertThat(preview.accounts()).extracting(each -> plain(each.newYuan())).containsExactly("22.5", "22.5");
        ExecutorService threads = Executors.newSingleThreadExecutor();
        Future<PriceChangeResult> making;
        try {
            making = transaction.execute(status -> {
                // as whoever brings a reading of the first meter does
                jdbc.sql("select 1 from meter_state where meter_id = ? for no key update").param(mall.meter()).query(Integer.class).single();
                Future<PriceChangeResult> made = threads.submit(() -> make(mall, change, preview.token()));
                Awaitility.await().until(() -> !reratings.of(mall.site().id()).isEmpty());
                billing.bill(mall.slice(at(mall, 1, "23:00"), "1045"));
                return made;
            });
            assertThat(((Made) making.get()).rerating()).satisfies(rerating -> {
                assertThat(rerating.state()).isEqualTo(Rerating.State.DONE);
                assertThat(rerating.accountsDone()).isEqualTo(1);
                assertThat(rerating.setAside()).isEqualTo(1);
            });
        } finally {
            threads.shutdown();
        }
        assertThat(malls.credits(mall)).as("100 - 40 x 0.85 - 5 x 0.5, and as it was confirmed").containsExactly("63.5", "77.5");
        assertThat(reratings.unrated(mall.site().id())).singleElement().satisfies(open -> {
            assertThat(open.accountId()).isEqualTo(mall.account());
            assertThat(open.setAsideBy()).isEqualTo("hub");
            assertThat(open.setAsideWhy()).contains("-9 yuan").contains("-11.5");
        });
        assertThat(jdbc.sql("select count(*) from money_event where account_id = ? and kind = 'RERATING_SET_ASIDE'").param(mall.account())
                .query(Integer.class).single()).isEqualTo(1);
        reratings.tryAgain(mall.site().id(), reratings.unrated(mall.site().id()).get(0).reratingId(), mall.account(), "Li", "looked at");
        assertThat(malls.credits(mall)).as("100 - 35 x 0.5 - 10 x 1").containsExactly("72.5", "77.5");
        assertThat(malls.problems(mall)).isEmpty();
    }
}
