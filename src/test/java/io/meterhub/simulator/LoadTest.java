package io.meterhub.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.meterhub.site.EnergyKind;
import io.meterhub.site.SiteSheet.MeterRow;
import io.meterhub.site.SiteSheet.ShopRow;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class LoadTest {

    private static final ZoneId ZONE = ZoneId.of("Asia/Shanghai");
    private static final Loads LOADS = Loads.read(Path.of("config/demo/loads"));
    private static final long QUARTER = Mall.MORNING.toEpochMilli() / Load.QUARTER_MILLIS;
    private static final long START = QUARTER * Load.QUARTER_MILLIS;

    @Property(tries = 200)
    void splittingATimeChangesNoEnergy(@ForAll @IntRange(max = 900_000) int a, @ForAll @IntRange(max = 900_000) int b,
                                       @ForAll long seed) {
        Load load = new Load(seed, quarter -> 3.2, 0.08, 8);
        int first = Math.min(a, b);
        int second = Math.max(a, b);
        double whole = load.energy(START, START + second, 1);
        assertThat(load.energy(START, START + first, 1) + load.energy(START + first, START + second, 1))
                .isCloseTo(whole, within(1e-9));
        assertThat(load.energy(START + first, START + second, 1)).isNotNegative();
    }

    @Property(tries = 100)
    void theRippleChangesNoQuarterHour(@ForAll long seed) {
        Load load = new Load(seed, quarter -> 3.2, 0.08, 8);
        assertThat(load.energy(START, START + Load.QUARTER_MILLIS, 1)).isCloseTo(0.8, within(1e-9));
    }

    @Property(tries = 200)
    void noLoadIsAboveTheRating(@ForAll @IntRange(max = 2687) int quarter, @ForAll @IntRange(max = 1000) int factor) {
        Load load = LOADS.of(meter("M-1", null, EnergyKind.ELECTRICITY, "8"), shop("S-1", null), ZONE);
        assertThat(load.power((QUARTER + quarter) * Load.QUARTER_MILLIS + 1234, factor)).isBetween(0.0, 8.0);
    }

    @Test
    void aShopTakesMoreAtNoonThanAtNight() {
        double noon = 0;
        double night = 0;
        for (int i = 0; i < 100; i++) {
            Load load = LOADS.of(meter("M-" + i, null, EnergyKind.ELECTRICITY, "8"), shop("S-" + i, "fashion"), ZONE);
            noon += load.power(Instant.parse("2026-11-23T04:00:00Z").toEpochMilli(), 1);
            night += load.power(Instant.parse("2026-11-22T19:00:00Z").toEpochMilli(), 1);
        }
        assertThat(noon / 100).as("mean of 100 shops at noon, kW of 8").isBetween(0.8, 3.0);
        assertThat(night / 100).as("and at 3 in the morning").isBetween(0.02, noon / 300);
    }

    @Test
    void lightingAndLiftsFollowTheOpeningHours() {
        for (String name : new String[] {"Lighting 2F", "Lift A"}) {
            Load load = LOADS.of(meter("P-1", name, EnergyKind.ELECTRICITY, "20"), null, ZONE);
            assertThat(load.power(Instant.parse("2026-11-23T04:00:00Z").toEpochMilli(), 1))
                    .isGreaterThan(2 * load.power(Instant.parse("2026-11-22T19:00:00Z").toEpochMilli(), 1));
        }
    }

    /** The registers chosen took 4 to 20 m3 in their month. */
    @Test
    void waterRunsAsTheRealRegistersDid() {
        double[] monthly = IntStream.range(0, 200).mapToObj(i -> LOADS.of(meter("W-" + i, null, EnergyKind.WATER, "2.5"), null, ZONE))
                .mapToDouble(load -> {
                    double cubicMetres = 0;
                    for (int quarter = 0; quarter < 2688; quarter++) {
                        long start = (QUARTER + quarter) * Load.QUARTER_MILLIS;
                        cubicMetres += load.energy(start, start + Load.QUARTER_MILLIS, 1);
                    }
                    return cubicMetres;
                }).distinct().toArray();
        assertThat(monthly.length).as("different registers").isGreaterThan(20);
        assertThat(DoubleStream.of(monthly).boxed()).allSatisfy(cubicMetres -> assertThat(cubicMetres).isBetween(3.5, 25.0));
    }

    @Test
    void theSameMeterAlwaysHasTheSameLoad() {
        MeterRow meter = meter("M-7", null, EnergyKind.ELECTRICITY, "8");
        assertThat(Loads.read(Path.of("config/demo/loads")).of(meter, shop("S-7", null), ZONE).power(START, 1))
                .isEqualTo(LOADS.of(meter, shop("S-7", null), ZONE).power(START, 1));
    }

    @Test
    void aGroupThatTellsTheKindChoosesTheProfile() {
        assertThat(Loads.profileOf(shop("S-1", "面包烘焙"))).isEqualTo("G5");
        assertThat(Loads.profileOf(shop("S-1", "Fashion"))).isEqualTo("G4");
    }

    private static MeterRow meter(String code, String name, EnergyKind kind, String rating) {
        return new MeterRow(2, code, name, "G", 1, "any", kind, null, 1, new BigDecimal(rating), null);
    }

    private static ShopRow shop(String code, String group) {
        return new ShopRow(2, code, "Shop", "1F", "A", null, group, null, null, null, null, null, null, null, null);
    }
}
