package io.meterhub.simulator;

import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.ZonedDateTime;

/**
 * A user of an Acrel ADF400L cabinet, by the registers of its manual V1.2: measured values, energies by band, prepayment,
 * forced control and clock. Time and load control, rate tables and the histories are not played.
 *
 * <p>The virtual mall's own, as the manual does not say: the forced control word takes 0100 (open), 0001 (close) and 0000
 * (not forced); bit 0 of the status word is "relay open"; a purchase is the three registers of amount and count in one
 * write; a single-phase user, whose credit is in kWh, turns yuan into kWh at its flat price; it trips by itself only with the
 * prepaid switch on.
 */
final class Adf400l extends VirtualMeter {

    private static final int FORCE_OPEN = 0x0100;
    private static final int FORCE_CLOSED = 0x0001;
    private static final long CENT = BILLION / 100;

    private final boolean threePhase;
    // first registers of the groups that both kinds have in the same order
    private final int energies;
    private final int prepaid;
    private final int forced;

    Adf400l(Seat seat, boolean threePhase) {
        super(seat);
        this.threePhase = threePhase;
        this.energies = threePhase ? 0x0430 : 0x0400;
        this.prepaid = threePhase ? 0x0536 : 0x0500;
        this.forced = threePhase ? 0x0804 : 0x0801;
    }

    @Override
    long step() {
        return BILLION / 100;
    }

    @Override
    boolean hasBands() {
        return true;
    }

    @Override
    int furtherUnits() {
        return threePhase ? 2 : 0;
    }

    @Override
    boolean understands(int function) {
        return function == 3 || function == 16;
    }

    @Override
    boolean keepsCredit() {
        return true;
    }

    @Override
    double price(int band) {
        return threePhase ? cells[PRICE + band] / 100.0 : 1;
    }

    @Override
    boolean decidesOn() {
        if (cells[FORCED] != 0) {
            return cells[FORCED] == FORCE_CLOSED;
        }
        return cells[PREPAID] == 0 || cells[CREDIT] > cells[ALARM + 1] * CENT;
    }

    @Override
    long allowed(int band) {
        if (cells[FORCED] != 0 || cells[PREPAID] == 0 || price(band) == 0) {
            return Long.MAX_VALUE;
        }
        return (long) Math.ceil(Math.max(0, cells[CREDIT] - cells[ALARM + 1] * CENT) / price(band));
    }

    @Override
    void show(Window window) {
        if (threePhase) {
            showThreePhase(window);
        } else {
            showSinglePhase(window);
        }
        window.block(energies, energies + 7);
        for (int band = 0; band < 4; band++) {
            window.u32(energies + 2 * band, bandRegister(band)).u32(prepaid + 1 + 2 * band, cells[PRICE + band]);
        }
        window.block(prepaid, prepaid + 0x11).u16(prepaid, cells[PREPAID])
                .u32(prepaid + 0x09, cells[ALARM]).u32(prepaid + 0x0B, cells[ALARM + 1])
                .u32(prepaid + 0x0D, cells[LAST_PURCHASE]).u16(prepaid + 0x0F, cells[PURCHASE_COUNT])
                .u32(prepaid + 0x10, cells[BASE_AMOUNT])
                .block(forced, forced).u16(forced, cells[FORCED]);
        ZonedDateTime clock = clock();
        window.block(0x090B, 0x090E).u16(0x090B, clock.getSecond() << 8 | clock.getMinute())
                .u16(0x090C, clock.getHour() << 8 | clock.getDayOfWeek().getValue())
                .u16(0x090D, clock.getDayOfMonth() << 8 | clock.getMonthValue())
                .u16(0x090E, clock.getYear() % 100 << 8);
    }

    private void showSinglePhase(Window window) {
        double voltage = drift(228, 4, 0);
        double power = power() / row.ctRatio();
        window.block(0x0300, 0x0316).u16(0x0300, Math.round(voltage * 10))
                .u16(0x0301, Math.round(power * 1000 / voltage / powerFactor() * 100)).u16(0x0302, watts(power))
                .u16(0x0304, Math.round(powerFactor() * 1000)).u16(0x0305, Math.round(drift(50, 0.02, 1) * 100))
                .u32(0x0306, totalRegister()).u32(0x030A, cells[CREDIT] / CENT)
                .u32(0x030C, cells[PURCHASED] / CENT).u16(0x030E, cells[PURCHASE_COUNT])
                .u32(0x030F, cells[BASE_AMOUNT]).u16(0x0311, cells[ON] == 1 ? 0 : 1);
    }

    private void showThreePhase(Window window) {
        double power = power() / row.ctRatio();
        window.block(0x033F, 0x036E).u16(0x0345, watts(power)).u16(0x034D, Math.round(powerFactor() * 1000))
                .u16(0x0351, Math.round(drift(50, 0.02, 1) * 100))
                .u32(0x035E, totalRegister()).u32(0x0362, cells[CREDIT] / CENT)
                .u32(0x0364, cells[PURCHASED] / CENT).u16(0x0366, cells[PURCHASE_COUNT])
                .u32(0x0367, cells[BASE_AMOUNT]).u16(0x0369, cells[ON] == 1 ? 0 : 1);
        for (int phase = 0; phase < 3; phase++) {
            double voltage = drift(228, 4, phase);
            double share = power * (0.9 + 0.1 * phase) / 3;
            window.u16(0x033F + phase, Math.round(voltage * 10))
                    .u16(0x0342 + phase, Math.round(share * 1000 / voltage / powerFactor() * 100));
        }
    }

    private double powerFactor() {
        return drift(0.94, 0.03, 7);
    }

    /** The register holds no more than 32.767 kW. */
    private static long watts(double kilowatts) {
        return Math.min(Short.MAX_VALUE, Math.round(kilowatts * 1000));
    }

    @Override
    int write(int address, int[] words) {
        if (address == forced && words.length == 1) {
            if (words[0] != 0 && words[0] != FORCE_OPEN && words[0] != FORCE_CLOSED) {
                return ILLEGAL_VALUE;
            }
            cells[FORCED] = words[0];
        } else if (address == prepaid + 0x0D && words.length == 3) {
            long amount = u32(words, 0);
            purchase(amount, words[2], threePhase ? amount * CENT : amount * BILLION / Math.max(1, cells[PRICE + 2]));
        } else if (address == prepaid && words.length == 1) {
            cells[PREPAID] = words[0];
        } else if (address > prepaid && address < prepaid + 0x0D && (address - prepaid) % 2 == 1) {
            return writePairs(address, words);
        } else if (address == prepaid + 0x10 && words.length == 2) {
            cells[BASE_AMOUNT] = u32(words, 0);
        } else if (address == 0x090B && words.length == 4) {
            return writeClock(words);
        } else {
            return writable(address, words.length) ? ILLEGAL_VALUE : ILLEGAL_ADDRESS;
        }
        turn(decidesOn(), 0);
        return 0;
    }

    /** Prices of the four bands, then the two alarm amounts, each two registers. */
    private int writePairs(int address, int[] words) {
        int first = (address - prepaid) / 2;
        if (words.length % 2 != 0 || first + words.length / 2 > 6) {
            return ILLEGAL_VALUE;
        }
        for (int i = 0; i < words.length / 2; i++) {
            // the cells of prices and alarm amounts follow each other as the registers do
            cells[PRICE + first + i] = u32(words, 2 * i);
        }
        turn(decidesOn(), 0);
        return 0;
    }

    private int writeClock(int[] words) {
        try {
            LocalDateTime set = LocalDateTime.of(2000 + (words[3] >> 8), words[2] & 0xFF, words[2] >> 8, words[1] >> 8,
                    words[0] & 0xFF, words[0] >> 8);
            cells[CLOCK_OFFSET] = set.atZone(zone).toInstant().toEpochMilli() - cells[AT];
            return 0;
        } catch (DateTimeException noSuchTime) {
            return ILLEGAL_VALUE;
        }
    }

    private boolean writable(int address, int count) {
        int last = address + count - 1;
        return address >= prepaid && last <= prepaid + 0x11 || address == forced || address >= 0x090B && last <= 0x090E;
    }
}
