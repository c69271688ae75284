package io.meterhub.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.ghgande.j2mod.modbus.ModbusSlaveException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.LocalDateTime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What virtual meters are set to, they go by. The mall's time is Monday 11:00 at first. */
class MeterControlsIT {

    private static final int ON = 1;
    private static final int OFF = 2;

    private final Mall.Time time = new Mall.Time();
    private final VirtualMall mall = VirtualMall.of(Mall.sheet()).clock(time).pace(0).start();
    private Mall.Master master;

    @BeforeEach
    void open() throws Exception {
        master = Mall.master(mall, "TCP", 500);
    }

    @AfterEach
    void close() {
        master.close();
        mall.close();
    }

    @Test
    void theTimeControlOpensAndClosesByItsTables() throws Exception {
        master.write(1, 0x0601, entries(12, new int[] {ON, 8, 0}, new int[] {OFF, 22, 30}));
        master.write(1, 0x060D, entries(12, new int[] {ON, 10, 0}));
        master.write(1, 0x0619, 64);
        assertThat(master.read(1, 0x0601, 12)).startsWith(0x0108, 0x0002, 0x161E);
        master.write(1, 0x0600, 1);
        assertThat(mall.meter("TCP-1P").on()).isTrue();
        until(LocalDateTime.of(2026, 11, 23, 22, 29, 59));
        assertThat(mall.meter("TCP-1P").on()).isTrue();
        until(LocalDateTime.of(2026, 11, 23, 22, 30));
        MeterTruth night = mall.meter("TCP-1P");
        assertThat(night.on()).isFalse();
        assertThat(master.u16(1, 0x0311)).as("open, by time control").isEqualTo(0b1001);
        until(LocalDateTime.of(2026, 11, 24, 8, 0));
        assertThat(mall.meter("TCP-1P").delivered()).as("nothing at night, though nobody looked").isEqualTo(night.delivered());
        assertThat(mall.meter("TCP-1P").on()).isTrue();
        until(LocalDateTime.of(2026, 11, 29, 8, 0));
        assertThat(mall.meter("TCP-1P").on()).as("Sunday begins as Saturday ended").isFalse();
        until(LocalDateTime.of(2026, 11, 29, 10, 0));
        assertThat(mall.meter("TCP-1P").on()).isTrue();
        until(LocalDateTime.of(2026, 11, 29, 23, 0));
        assertThat(mall.meter("TCP-1P").on()).as("by Sunday's table").isTrue();
        master.write(1, 0x0601, entries(12, new int[] {OFF, 0, 0}));
        until(LocalDateTime.of(2026, 11, 30, 0, 0));
        master.write(1, 0x0801, 0x0001);
        assertThat(mall.meter("TCP-1P").on()).as("forced control overrides").isTrue();
    }

    @Test
    void tooMuchLoadOpensUntilItHasTrippedTooOften() throws Exception {
        mall.loadFactor("TCP-1P", 1);
        long watts = master.u16(1, 0x0302);
        assertThat(watts).isPositive();
        master.write(1, 0x0701, (int) watts - 1);
        master.write(1, 0x0705, 1, 6);
        master.write(1, 0x0700, 1);
        assertThat(mall.meter("TCP-1P").on()).isFalse();
        assertThat(master.u16(1, 0x0704)).isEqualTo(1);
        assertThat(master.u16(1, 0x0311)).as("open, by load control").isEqualTo(0b0101);
        mall.loadFactor("TCP-1P", 0);
        time.pass(Duration.ofSeconds(59));
        assertThat(mall.meter("TCP-1P").on()).isFalse();
        time.pass(Duration.ofSeconds(1));
        assertThat(mall.meter("TCP-1P").on()).as("after its recovery time").isTrue();
        mall.loadFactor("TCP-1P", 1000);
        assertThat(mall.meter("TCP-1P").on()).isFalse();
        mall.loadFactor("TCP-1P", 0);
        time.pass(Duration.ofDays(1));
        assertThat(mall.meter("TCP-1P").on()).as("as often as it may").isFalse();
        master.write(1, 0x0700, 0);
        assertThat(mall.meter("TCP-1P").on()).isTrue();
        assertThatThrownBy(() -> master.write(1, 0x0704, 0)).isInstanceOf(ModbusSlaveException.class);
    }

    @Test
    void aLargeStepOfAHeatersKindOpensAndAMotorsDoesNot() throws Exception {
        mall.loadFactor("TCP-1P", 0.1);
        long before = master.u16(1, 0x0302);
        master.write(1, 0x0702, 200, 980);
        master.write(1, 0x0700, 1);
        mall.powerFactor("TCP-1P", 0.8);
        mall.loadFactor("TCP-1P", 1000);
        assertThat(master.u16(1, 0x0302) - before).isGreaterThan(200);
        assertThat(mall.meter("TCP-1P").on()).isTrue();
        mall.loadFactor("TCP-1P", 0.1);
        assertThat(mall.meter("TCP-1P").on()).isTrue();
        mall.powerFactor("TCP-1P", 0.99);
        mall.loadFactor("TCP-1P", 1000);
        assertThat(mall.meter("TCP-1P").on()).isFalse();
        assertThat(master.u16(1, 0x0311)).as("open, by load control for a forbidden load").isEqualTo(0b100001);
        master.write(1, 0x0801, 0x0001);
        assertThat(mall.meter("TCP-1P").on()).as("what is forced overrides").isTrue();
        assertThat(master.u16(1, 0x0311)).isZero();
        master.write(1, 0x0801, 0x0000);
        assertThat(mall.meter("TCP-1P").on()).as("tripped still").isFalse();
    }

    @Test
    void rateTablesAndDatesDecideWhichBandCounts() throws Exception {
        // sharp from 11:30 in the second table, in force from 1 November
        master.write(1, 0x0929, entries(21, new int[] {4, 0, 0}, new int[] {1, 11, 30}));
        long before = master.u32(1, 0x0400);
        time.pass(Duration.ofMinutes(29));
        master.write(1, 0x093E, entries(6, new int[] {3, 1, 1}, new int[] {11, 1, 2}));
        assertThat(master.u32(1, 0x0400)).isEqualTo(before);
        long valley = master.u32(1, 0x0406);
        time.pass(Duration.ofHours(2));
        assertThat(master.u32(1, 0x0400)).as("sharp").isGreaterThan(before);
        long sharp = master.u32(1, 0x0400);
        assertThat(master.u32(1, 0x0406)).as("one minute of valley").isBetween(valley, valley + 20);
        master.write(1, 0x093E, entries(6, new int[] {3, 1, 1}, new int[] {12, 1, 2}));
        time.pass(Duration.ofHours(1));
        assertThat(master.u32(1, 0x0400)).as("the first table again").isEqualTo(sharp);
        assertThatThrownBy(() -> master.write(1, 0x0914, entries(21, new int[] {5, 0, 0}))).isInstanceOf(ModbusSlaveException.class);
        assertThat(master.read(7, 0x2006, 2)).as("minute before hour").containsExactly(0x0400, 0x0003);
    }

    @Test
    void baseAmountIsUsedBeforeTheCreditAndOverdraftAfterIt() throws Exception {
        master.write(4, 0x0546, 0, 500);
        assertThat(master.u32(4, 0x036A)).as("remaining base amount").isEqualTo(500);
        master.write(4, 0x0543, 0, 100, 1);
        master.write(4, 0x036D, 200);
        master.write(4, 0x0536, 1);
        BigDecimal before = mall.meter("TCP-3P").delivered();
        time.pass(Duration.ofDays(3));
        assertThat(mall.meter("TCP-3P").on()).isFalse();
        assertThat(mall.meter("TCP-3P").delivered().subtract(before).doubleValue()).as("5 of base, 1 of credit, 2 of overdraft at 1 yuan")
                .isCloseTo(8, within(1e-6));
        assertThat(mall.meter("TCP-3P").credit()).isEqualByComparingTo("-2.00");
        assertThat(master.u16(4, 0x0369)).as("open, below alarm amount 1, as the credit is used up").isEqualTo(0b10011);
        until(LocalDateTime.of(2026, 12, 1, 0, 0));
        assertThat(mall.meter("TCP-3P").on()).as("a new month's base amount").isTrue();
    }

    @Test
    void monthsAndPurchasesAreWrittenDown() throws Exception {
        until(LocalDateTime.of(2026, 12, 1, 0, 0));
        int[] month = master.read(1, 0x1A00, 10);
        assertThat(month[0]).isEqualTo(26 << 8 | 12);
        assertThat(month[1]).isEqualTo(1 << 8);
        assertThat((long) month[4] << 16 | month[5]).as("peak").isEqualTo(master.u32(1, 0x0402));
        time.pass(Duration.ofDays(1));
        assertThat(master.read(1, 0x1A00, 10)).isEqualTo(month);
        assertThat(master.read(1, 0x1A0B, 10)[0]).as("a year before").isEqualTo(26 << 8 | 1);
        assertThat(master.read(1, 0x1B00, 10)).as("no purchase yet").containsOnly(0);
        for (int count = 1; count <= 21; count++) {
            master.write(1, 0x050D, 0, 100 * count, count);
        }
        int[] purchase = master.read(1, 0x1B00, 10);
        assertThat(purchase).startsWith(26 << 8 | 12, 2 << 8, 0, 21, 0, 2100);
        assertThat((long) purchase[8] << 16 | purchase[9]).isEqualTo(master.u32(1, 0x0306));
        assertThat(master.read(1, 0x1B13, 10)[3]).as("the twentieth last").isEqualTo(2);
    }

    @Test
    void aClockThatDriftsIsRightAgainWhenItIsSet() throws Exception {
        mall.clock("TCP-1P", Duration.ofSeconds(-90), 1000);
        assertThat(mall.meter("TCP-1P").clock()).isEqualTo(LocalDateTime.of(2026, 11, 23, 10, 58, 30));
        time.pass(Duration.ofSeconds(10_000));
        assertThat(mall.meter("TCP-1P").clock()).as("10 s fast by now").isEqualTo(LocalDateTime.of(2026, 11, 23, 13, 45, 20));
        master.write(1, 0x090B, 40 << 8 | 46, 13 << 8 | 1, 23 << 8 | 11, 26 << 8);
        assertThat(mall.meter("TCP-1P").clock()).isEqualTo(LocalDateTime.of(2026, 11, 23, 13, 46, 40));
        time.pass(Duration.ofSeconds(1000));
        assertThat(mall.meter("TCP-1P").clock()).isEqualTo(LocalDateTime.of(2026, 11, 23, 14, 3, 21));
    }

    @Test
    void aWaterMeterShutsItsValveWhenItsCreditIsUsedUp() throws Exception {
        mall.loadFactor("TCP-W", 1000);
        master.write(8, 0x0010, 0, 250);
        master.write(8, 0x000C, 0, 1000, 1);
        master.write(8, 0x0016, 1);
        BigDecimal before = mall.meter("TCP-W").delivered();
        time.pass(Duration.ofDays(3));
        assertThat(mall.meter("TCP-W").on()).isFalse();
        assertThat(mall.meter("TCP-W").delivered().subtract(before).doubleValue()).isCloseTo(4, within(1e-6));
        master.write(8, 0x0005, 0);
        assertThat(mall.meter("TCP-W").on()).as("only a purchase opens it").isFalse();
    }

    private void until(LocalDateTime local) {
        time.pass(Duration.between(time.instant(), local.atZone(java.time.ZoneId.of("Asia/Shanghai"))));
    }

    private static int[] entries(int words, int[]... entries) {
        int[] registers = new int[words];
        int at = 0;
        for (int[] entry : entries) {
            for (int part : entry) {
                registers[at / 2] |= part << (at % 2 == 0 ? 8 : 0);
                at++;
            }
        }
        return registers;
    }
}
