package io.meterhub.simulator;

import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.ZonedDateTime;

/**
 * A user of an Acrel ADF400L cabinet, by the registers of its manual V1.2: measured values, energies by band, prepayment, time,
 * load and forced control, clock, rate tables, month and purchase records.
 *
 * <p>The virtual mall's own, as the manual does not say: the forced control word takes 0100 (open), 0001 (close) and 0000
 * (not forced); bits of the status word are 0 "relay open", 1 "below alarm amount 1", and while nothing is forced 2 "opened by load control", 3
 * "opened by time control", 4 "opened as the credit is used up", 5 "opened by load control for a forbidden load"; load control looks at nothing while
 * something is forced; a purchase is the three registers of amount and count in one write; a single-phase user, whose credit is in kWh, turns
 * yuan into kWh at its flat price; it trips by itself only with the prepaid switch on, at alarm amount 2 less the overdraft, which can
 * be written; the base amount is there anew each month and is used before the credit; how bytes are packed in tables and records
 * (config/demo/meters); load control counts its trips anew when its switch is written off.
 */
final class Adf400l extends VirtualMeter {

    private static final int FORCE_OPEN = 0x0100;
    private static final int FORCE_CLOSED = 0x0001;
    private static final long CENT = BILLION / 100;
    private static final int LOAD_REGISTERS = 7;
    private static final int RATES = 0x0914;
    private static final int ZONES = 0x093E;

    private final boolean threePhase;
    // first registers of the groups that both kinds have in the same order
    private final int energies;
    private final int prepaid;
    private final int forced;
    private final int times;
    private final int loads;
    private final int overdraft;

    Adf400l(Seat seat, boolean threePhase) {
        super(seat);
        this.threePhase = threePhase;
        this.energies = threePhase ? 0x0430 : 0x0400;
        this.prepaid = threePhase ? 0x0536 : 0x0500;
        this.forced = threePhase ? 0x0804 : 0x0801;
        this.times = threePhase ? 0x064E : 0x0600;
        this.loads = threePhase ? 0x0718 : 0x0700;
        this.overdraft = threePhase ? 0x036D : 0x0315;
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
        return !loadTripped() && timeControlCloses() && (cells[PREPAID] == 0 || spendable() > 0);
    }

    /** What is left until the meter trips, in the credit's unit. */
    private long spendable() {
        return cells[CREDIT] + cells[BASE_LEFT] - own(cells[ALARM + 1] - cells[OVERDRAFT]);
    }

    /** 0.01 yuan in the billionths of the meter's own credit. */
    private long own(long cents) {
        return threePhase ? cents * CENT : cents * BILLION / Math.max(1, cells[PRICE + 2]);
    }

    @Override
    long base() {
        return own(cells[BASE_AMOUNT]);
    }

    @Override
    long allowed(int band) {
        if (cells[FORCED] != 0 || cells[PREPAID] == 0 || price(band) == 0) {
            return Long.MAX_VALUE;
        }
        return (long) Math.ceil(Math.max(0, spendable()) / price(band));
    }

    private int status() {
        boolean low = cells[PREPAID] == 1 && cells[CREDIT] + cells[BASE_LEFT] <= own(cells[ALARM]);
        int opened = cells[FORCED] != 0 ? 0 : (loadTripped() ? trippedByStep() ? 32 : 4 : 0) | (timeControlCloses() ? 0 : 8)
                | (cells[PREPAID] == 1 && spendable() <= 0 ? 16 : 0);
        return (cells[ON] == 1 ? 0 : 1) | (low ? 2 : 0) | opened;
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
        window.block(times, times + 0x19).u16(times, cells[TIME_SWITCH]).words(times + 1, words(TIME_TABLES, 0, 24))
                .u16(times + 0x19, cells[REST_DAYS]).block(loads, loads + LOAD_REGISTERS - 1);
        for (int i = 0; i < LOAD_REGISTERS; i++) {
            window.u16(loads + i, cells[LOAD_SWITCH + i]);
        }
        window.block(RATES, ZONES + 5).words(RATES, words(RATE_TABLES, 0, 42)).words(ZONES, words(TIME_ZONES, 0, 6));
        for (int i = 0; i < PURCHASES_KEPT; i++) {
            int index = i;
            window.record(0x1B00 + i, () -> purchase(index));
            if (i < MONTHS_KEPT) {
                window.record(0x1A00 + i, () -> month(index));
            }
        }
    }

    private void showSinglePhase(Window window) {
        double voltage = drift(228, 4, 0);
        double power = power() / row.ctRatio();
        window.block(0x0300, 0x0316).u16(0x0300, Math.round(voltage * 10))
                .u16(0x0301, Math.round(power * 1000 / voltage / powerFactor() * 100)).u16(0x0302, watts(power))
                .u16(0x0304, Math.round(powerFactor() * 1000)).u16(0x0305, Math.round(drift(50, 0.02, 1) * 100))
                .u32(0x0306, totalRegister()).u32(0x030A, cells[CREDIT] / CENT)
                .u32(0x030C, cells[PURCHASED] / CENT).u16(0x030E, cells[PURCHASE_COUNT])
                .u32(0x030F, cells[BASE_AMOUNT]).u16(0x0311, status())
                .u32(0x0312, cells[BASE_LEFT] / CENT).u32(0x0315, cells[OVERDRAFT]);
    }

    private void showThreePhase(Window window) {
        double power = power() / row.ctRatio();
        window.block(0x033F, 0x036E).u16(0x0345, watts(power)).u16(0x034D, Math.round(powerFactor() * 1000))
                .u16(0x0351, Math.round(drift(50, 0.02, 1) * 100))
                .u32(0x035E, totalRegister()).u32(0x0362, cells[CREDIT] / CENT)
                .u32(0x0364, cells[PURCHASED] / CENT).u16(0x0366, cells[PURCHASE_COUNT])
                .u32(0x0367, cells[BASE_AMOUNT]).u16(0x0369, status())
                .u32(0x036A, cells[BASE_LEFT] / CENT).u16(0x036D, cells[OVERDRAFT]);
        for (int phase = 0; phase < 3; phase++) {
            double voltage = drift(228, 4, phase);
            double share = power * (0.9 + 0.1 * phase) / 3;
            window.u16(0x033F + phase, Math.round(voltage * 10))
                    .u16(0x0342 + phase, Math.round(share * 1000 / voltage / powerFactor() * 100));
        }
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
            purchase(amount, words[2], own(amount));
        } else if (address == prepaid && words.length == 1 && words[0] <= 1) {
            cells[PREPAID] = words[0];
        } else if (address > prepaid && address < prepaid + 0x0D && (address - prepaid) % 2 == 1) {
            return writePairs(address, words);
        } else if (address == prepaid + 0x10 && words.length == 2) {
            cells[BASE_AMOUNT] = u32(words, 0);
            cells[BASE_LEFT] = base();
        } else if (address == overdraft && words.length == (threePhase ? 1 : 2)) {
            cells[OVERDRAFT] = threePhase ? words[0] : u32(words, 0);
        } else if (address == 0x090B && words.length == 4) {
            return writeClock(words);
        } else if (address >= loads && address + words.length <= loads + LOAD_REGISTERS) {
            return writeLoadControl(address - loads, words);
        } else if (isTable(address, words.length)) {
            return writeTable(address, words);
        } else if (address == times && words.length == 1 && words[0] <= 1) {
            cells[TIME_SWITCH] = words[0];
        } else if (address == times + 0x19 && words.length == 1 && words[0] < 0x80) {
            cells[REST_DAYS] = words[0];
        } else {
            return writable(address, words.length) ? ILLEGAL_VALUE : ILLEGAL_ADDRESS;
        }
        turn(decidesOn());
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
        turn(decidesOn());
        return 0;
    }

    /** The switch, the settings; the trips are the meter's own to count. */
    private int writeLoadControl(int first, int[] words) {
        int trips = LOAD_TRIPS - LOAD_SWITCH;
        if (first == 0 && words[0] > 1 || first <= trips && first + words.length > trips) {
            return ILLEGAL_VALUE;
        }
        for (int i = 0; i < words.length; i++) {
            cells[LOAD_SWITCH + first + i] = words[i];
        }
        control();
        return 0;
    }

    private boolean isTable(int address, int length) {
        return length == 12 && (address == times + 1 || address == times + 13)
                || length == 21 && (address == RATES || address == RATES + 21) || length == 6 && address == ZONES;
    }

    private int writeTable(int address, int[] words) {
        int exception = switch (words.length) {
            case 12 -> keep(TIME_TABLES, address - times - 1, words, 2, 23, 59);
            case 21 -> keep(RATE_TABLES, address - RATES, words, 4, 23, 59);
            default -> keep(TIME_ZONES, 0, words, 12, 31, 2);
        };
        turn(decidesOn());
        return exception;
    }

    private int writeClock(int[] words) {
        try {
            setClock(LocalDateTime.of(2000 + (words[3] >> 8), words[2] & 0xFF, words[2] >> 8, words[1] >> 8,
                    words[0] & 0xFF, words[0] >> 8));
            return 0;
        } catch (DateTimeException noSuchTime) {
            return ILLEGAL_VALUE;
        }
    }

    private boolean writable(int address, int count) {
        int last = address + count - 1;
        return address >= prepaid && last <= prepaid + 0x11 || address == forced || address >= 0x090B && last <= 0x0943
                || address >= times && last <= times + 0x19 || address == overdraft;
    }
}
