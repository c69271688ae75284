package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.metering.Consumption.Replacement;
import io.meterhub.metering.Plausibility.Value;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConsumptionTest {

    private static final Plausibility.Meter METER = new Plausibility.Meter(new BigDecimal("10"), new BigDecimal("0.01"), new BigDecimal("1000000"));

    private static Instant at(int minute) {
        return Instant.parse("2026-11-01T00:00:00Z").plusSeconds(minute * 60L);
    }

    private static Value value(int minute, String total) {
        return new Value(at(minute), new BigDecimal(total));
    }

    private static List<String> counted(List<Value> values, Replacement... replacements) {
        return Consumption.intervals(1, 1, METER, values, Arrays.asList(replacements)).stream().map(interval ->
                (interval.from().getEpochSecond() - at(0).getEpochSecond()) / 60 + "-"
                        + (interval.to().getEpochSecond() - at(0).getEpochSecond()) / 60 + ": " + interval.quantity().toPlainString()).toList();
    }

    @Test
    void differencesOfTheCounter() {
        assertThat(counted(List.of(value(0, "100"), value(15, "100.5"), value(15, "100.5"), value(30, "102"))))
                .containsExactly("0-15: 0.5", "15-30: 1.5");
        assertThat(counted(List.of(value(0, "100")))).isEmpty();
    }

    @Test
    void aMeterChangedOnTheWallCountsOnBothSides() {
        Replacement replaced = new Replacement(at(20), new BigDecimal("101.25"), new BigDecimal("7"), METER);
        assertThat(counted(List.of(value(0, "100"), value(15, "101"), value(30, "7.5")), replaced))
                .containsExactly("0-15: 1", "15-30: 0.75");
    }

    @Test
    void theNewMetersOpeningValueIsNoReadingOfTheOldOne() {
        Replacement replaced = new Replacement(at(20), new BigDecimal("101.25"), new BigDecimal("7"), METER);
        assertThat(counted(List.of(value(0, "100"), value(15, "7"), value(30, "7.5")), replaced)).containsExactly("0-30: 1.75");
        assertThat(counted(List.of(value(0, "100"), value(15, "7")), replaced)).as("not read since").isEmpty();
    }

    @Test
    void aRegisterThatRanOverBeforeItsRatioWasChangedRanOverByTheOldOne() {
        Plausibility.Meter twice = new Plausibility.Meter(METER.rating(), METER.unit().add(METER.unit()), METER.modulus().add(METER.modulus()));
        Replacement halved = new Replacement(at(20), new BigDecimal("1.5"), new BigDecimal("0.75"), twice);
        assertThat(counted(List.of(value(0, "1999999.5"), value(15, "0.5"), value(30, "1")), halved)).containsExactly("0-15: 1.0", "15-30: 1.25");
    }

    @Test
    void aRegisterThatRanOverCountsOnAndOneThatWasSetBackBeginsAnew() {
        assertThat(counted(List.of(value(0, "999999.5"), value(15, "0.5"), value(30, "1")))).containsExactly("0-15: 1.0", "15-30: 0.5");
        assertThat(counted(List.of(value(0, "5000"), value(15, "3"), value(30, "4")))).containsExactly("0-15: 0", "15-30: 1");
    }
}
