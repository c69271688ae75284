package io.meterhub.simulator;

/**
 * An Acrel DDSY1352: measured values by its manual T1.0; CT ratio, relay and rate tables as an open-source system drives
 * them, the maker having published nothing of that. Functions 03 and 10 only; no status register, no credit.
 */
final class Ddsy1352 extends VirtualMeter {

    private static final int ZONES = 0x2000;
    private static final int RATES = 0x2006;

    Ddsy1352(Seat seat) {
        super(seat);
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
    boolean understands(int function) {
        return function == 3 || function == 16;
    }

    @Override
    void show(Window window) {
        double voltage = drift(228, 4, 0);
        double power = power() / row.ctRatio();
        double powerFactor = powerFactor();
        window.block(0x0000, 0x0010).u32(0x0000, totalRegister());
        for (int band = 0; band < 4; band++) {
            window.u32(0x0002 + 2 * band, bandRegister(band));
        }
        window.u16(0x000B, Math.round(voltage * 10)).u16(0x000C, Math.round(power * 1000 / voltage / powerFactor * 100))
                .u16(0x000D, Math.min(Short.MAX_VALUE, Math.round(power * 1000)))
                .u16(0x000F, Math.round(power * 1000 / powerFactor)).u16(0x0010, Math.round(powerFactor * 1000))
                .block(0x0038, 0x0038).u16(0x0038, row.ctRatio())
                .block(ZONES, ZONES + 5).words(ZONES, words(TIME_ZONES, 0, 6))
                .block(RATES, RATES + 41).words(RATES, words(RATE_TABLES, 0, 42));
    }

    @Override
    boolean minuteFirst() {
        return true;
    }

    @Override
    int write(int address, int[] words) {
        if (address == 0x0057 && words.length == 2) {
            if (words[0] > 1 || words[1] > 1) {
                return ILLEGAL_VALUE;
            }
            // the first word forces, the second opens; not forced, nothing keeps it open
            turn(!(words[0] == 1 && words[1] == 1));
            return 0;
        }
        // the ratio is what the transformer is; a write of the same is no change
        if (address == 0x0038 && words.length == 1) {
            return words[0] == row.ctRatio() ? 0 : ILLEGAL_VALUE;
        }
        if (address == ZONES && words.length == 6) {
            return keep(TIME_ZONES, 0, words, 12, 31, 2);
        }
        if ((address == RATES || address == RATES + 21) && words.length == 21) {
            // it has no deep valley
            return keep(RATE_TABLES, address - RATES, words, 4, 59, 23);
        }
        return address >= ZONES && address <= RATES + 41 || address == 0x0057 || address == 0x0058 ? ILLEGAL_VALUE : ILLEGAL_ADDRESS;
    }
}
