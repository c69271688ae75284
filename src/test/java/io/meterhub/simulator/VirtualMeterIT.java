package io.meterhub.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.ghgande.j2mod.modbus.ModbusIOException;
import com.ghgande.j2mod.modbus.ModbusSlaveException;
import java.math.BigDecimal;
import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each meter, in both framings, as a Modbus master sees it. */
class VirtualMeterIT {

    private final Mall.Time time = new Mall.Time();
    private final VirtualMall mall = VirtualMall.of(Mall.sheet()).clock(time).pace(0).start();

    @AfterEach
    void close() {
        mall.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TCP", "RTU"})
    void aSinglePhaseUserShowsWhatItTakes(String framing) throws Exception {
        try (Mall.Master master = Mall.master(mall, framing, 500)) {
            assertThat(master.u32(1, 0x0306)).isEqualTo(1234567);
            time.pass(Duration.ofHours(1));
            MeterTruth truth = mall.meter(framing + "-1P");
            int[] live = master.read(1, 0x0300, 23);
            assertThat(truth.total()).isGreaterThan(new BigDecimal("12345.67"));
            assertThat(BigDecimal.valueOf((long) live[6] << 16 | live[7], 2)).isEqualTo(truth.total());
            assertThat(live[0]).as("voltage").isBetween(2200, 2360);
            assertThat(BigDecimal.valueOf(live[2], 3)).isEqualTo(truth.power()).isPositive();
            assertThat(live[1] / 100.0 * live[0] / 10.0 * live[4] / 1000.0)
                    .as("current times voltage times power factor").isCloseTo(live[2], within(5.0));
            long bands = 0;
            for (int band = 0; band < 4; band++) {
                bands += master.u32(1, 0x0400 + 2 * band);
            }
            assertThat(truth.total().movePointRight(2).longValue() - bands).isBetween(0L, 3L);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TCP", "RTU"})
    void aThreePhaseUserAnswersOnTheFirstOfItsUnitIds(String framing) throws Exception {
        try (Mall.Master master = Mall.master(mall, framing, 200)) {
            time.pass(Duration.ofHours(2));
            BigDecimal register = BigDecimal.valueOf(master.u32(4, 0x035E), 2);
            assertThat(register.multiply(BigDecimal.valueOf(20))).isEqualByComparingTo(mall.meter(framing + "-3P").total());
            assertThat(mall.meter(framing + "-3P").power().doubleValue() / 20)
                    .isCloseTo(master.u16(4, 0x0345) / 1000.0, within(0.001));
            assertThatThrownBy(() -> master.read(5, 0x035E, 2)).isInstanceOf(ModbusIOException.class);
        }
        try (Mall.Master master = Mall.master(mall, framing, 200)) {
            refuses(2, () -> master.read(4, 0x0306, 2));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TCP", "RTU"})
    void forcedControlReallyStopsTheFlow(String framing) throws Exception {
        try (Mall.Master master = Mall.master(mall, framing, 500)) {
            switchesAndStops(master, framing + "-1P", () -> master.write(1, 0x0801, 0x0100), () -> master.write(1, 0x0801, 0x0001));
            switchesAndStops(master, framing + "-3P", () -> master.write(4, 0x0804, 0x0100), () -> master.write(4, 0x0804, 0));
            switchesAndStops(master, framing + "-DD", () -> master.write(7, 0x0057, 1, 1), () -> master.write(7, 0x0057, 1, 0));
            assertThat(master.u16(1, 0x0311)).isZero();
            master.write(1, 0x0801, 0x0100);
            assertThat(master.u16(1, 0x0311)).isEqualTo(1);
            assertThat(master.u16(1, 0x0302)).isZero();
            assertThat(master.u16(1, 0x0301)).isZero();
            refuses(3, () -> master.write(1, 0x0801, 0x0200));
        }
    }

    private void switchesAndStops(Mall.Master master, String meter, Act off, Act on) throws Exception {
        time.pass(Duration.ofMinutes(10));
        off.run();
        MeterTruth stopped = mall.meter(meter);
        time.pass(Duration.ofHours(3));
        assertThat(mall.meter(meter).delivered()).isEqualTo(stopped.delivered());
        assertThat(mall.meter(meter).on()).isFalse();
        assertThat(mall.meter(meter).power()).isZero();
        on.run();
        time.pass(Duration.ofHours(3));
        assertThat(mall.meter(meter).delivered()).isGreaterThan(stopped.delivered());
        assertThat(mall.meter(meter).on()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TCP", "RTU"})
    void aValveTakesThreeSeconds(String framing) throws Exception {
        try (Mall.Master master = Mall.master(mall, framing, 500)) {
            while (mall.meter(framing + "-W").power().signum() == 0) {
                time.pass(Duration.ofMinutes(15));
            }
            mall.loadFactor(framing + "-W", 1000);
            BigDecimal open = mall.meter(framing + "-W").delivered();
            master.writeOne(8, 0x0005, 1);
            assertThat(master.u16(8, 0x0004)).isEqualTo(2);
            time.pass(Duration.ofMillis(2999));
            assertThat(master.u16(8, 0x0004)).isEqualTo(2);
            BigDecimal atTheEnd = mall.meter(framing + "-W").delivered();
            assertThat(atTheEnd).isGreaterThan(open);
            time.pass(Duration.ofMillis(1));
            assertThat(master.u16(8, 0x0004)).isEqualTo(1);
            assertThat(master.u16(8, 0x0002)).isZero();
            BigDecimal shut = mall.meter(framing + "-W").delivered();
            time.pass(Duration.ofHours(1));
            assertThat(mall.meter(framing + "-W").delivered()).isEqualTo(shut);
            master.write(8, 0x0005, 0);
            time.pass(Duration.ofSeconds(3));
            assertThat(master.u16(8, 0x0004)).isZero();
            assertThat(mall.meter(framing + "-W").delivered()).isEqualTo(shut);
            time.pass(Duration.ofDays(1));
            assertThat(mall.meter(framing + "-W").delivered()).isGreaterThan(shut);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TCP", "RTU"})
    void aPurchaseCountsOnceAndOnlyInItsTurn(String framing) throws Exception {
        try (Mall.Master master = Mall.master(mall, framing, 500)) {
            master.write(4, 0x0543, 0, 10_000, 1);
            master.write(4, 0x0543, 0, 10_000, 1);
            master.write(4, 0x0543, 0, 10_000, 3);
            assertThat(master.u32(4, 0x0362)).as("credit in 0.01 yuan").isEqualTo(10_000);
            assertThat(master.u16(4, 0x0366)).as("purchase count").isEqualTo(1);
            assertThat(master.u32(4, 0x0364)).as("total purchased").isEqualTo(10_000);
            BigDecimal before = mall.meter(framing + "-3P").delivered();
            time.pass(Duration.ofMinutes(30));
            BigDecimal used = mall.meter(framing + "-3P").delivered().subtract(before);
            assertThat(mall.meter(framing + "-3P").credit().doubleValue())
                    .as("counts down at 1 yuan a kWh").isCloseTo(100 - used.doubleValue(), within(0.011));
            refuses(3, () -> master.write(4, 0x0543, 0, 10_000));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TCP", "RTU"})
    void creditIsKeptInTheMetersOwnUnit(String framing) throws Exception {
        try (Mall.Master master = Mall.master(mall, framing, 500)) {
            master.write(8, 0x000C, 0, 5_000, 1);
            assertThat(master.u32(8, 0x0008)).as("50 yuan").isEqualTo(5_000);
            master.write(1, 0x0505, 0, 50);
            master.write(1, 0x050D, 0, 1_000, 1);
            assertThat(master.u32(1, 0x030A)).as("10 yuan at 0.50 yuan a kWh, in 0.01 kWh").isEqualTo(2_000);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TCP", "RTU"})
    void withItsPrepaidSwitchOnTheMeterTripsByItselfAtZero(String framing) throws Exception {
        try (Mall.Master master = Mall.master(mall, framing, 500)) {
            master.write(1, 0x050D, 0, 100, 1);
            master.write(1, 0x0500, 1);
            assertThat(mall.meter(framing + "-1P").on()).isTrue();
            time.pass(Duration.ofDays(2));
            MeterTruth tripped = mall.meter(framing + "-1P");
            assertThat(tripped.on()).isFalse();
            assertThat(tripped.delivered()).isEqualByComparingTo("1");
            master.write(1, 0x050D, 0, 100, 2);
            assertThat(mall.meter(framing + "-1P").on()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TCP", "RTU"})
    void whatAMeterDoesNotKnowIsRefused(String framing) throws Exception {
        try (Mall.Master master = Mall.master(mall, framing, 300)) {
            refuses(2, () -> master.read(1, 0x0200, 2));
            refuses(2, () -> master.read(7, 0x0010, 2));
            refuses(2, () -> master.write(7, 0x0000, 1));
            refuses(1, () -> master.writeOne(1, 0x0801, 0x0100));
            refuses(1, () -> master.writeOne(7, 0x0038, 1));
        }
        try (Mall.Master master = Mall.master(mall, framing, 300)) {
            assertThatThrownBy(() -> master.read(99, 0, 2)).isInstanceOf(ModbusIOException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TCP", "RTU"})
    void theClockCanBeSet(String framing) throws Exception {
        try (Mall.Master master = Mall.master(mall, framing, 300)) {
            assertThat(master.read(1, 0x090B, 4)).containsExactly(0, 11 << 8 | 1, 23 << 8 | 11, 26 << 8);
            master.write(1, 0x090B, 30 << 8 | 5, 10 << 8 | 2, 24 << 8 | 11, 26 << 8);
            time.pass(Duration.ofSeconds(20));
            assertThat(master.read(1, 0x090B, 4)).containsExactly(50 << 8 | 5, 10 << 8 | 2, 24 << 8 | 11, 26 << 8);
        }
    }

    private interface Act {
        void run() throws Exception;
    }

    private static void refuses(int code, ThrowingCallable request) {
        assertThatThrownBy(request).isInstanceOfSatisfying(ModbusSlaveException.class,
                refused -> assertThat(refused.getType()).isEqualTo(code));
    }
}
