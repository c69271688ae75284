package io.meterhub.simulator;

/**
 * A prepaid water meter with a motor valve, of no maker: the register map is the virtual mall's own. The valve takes 3 s
 * from end to end, and water flows, or does not, as before until it is there.
 */
final class WaterValve extends VirtualMeter {

    static final long TRAVEL_MILLIS = 3000;
    private static final long CENT = BILLION / 100;
    private static final double YUAN_PER_M3 = 5;

    WaterValve(Seat seat) {
        super(seat);
    }

    @Override
    long step() {
        return BILLION / 1000;
    }

    @Override
    boolean hasBands() {
        return false;
    }

    @Override
    boolean understands(int function) {
        return function == 3 || function == 4 || function == 6 || function == 16;
    }

    @Override
    boolean keepsCredit() {
        return true;
    }

    @Override
    double price(int band) {
        return YUAN_PER_M3;
    }

    @Override
    void show(Window window) {
        window.block(0x0000, 0x000E).u32(0x0000, totalRegister()).u16(0x0002, Math.round(power() / row.ctRatio() * 1000))
                .u16(0x0004, moving() ? 2 : cells[ON] == 1 ? 0 : 1).u16(0x0005, cells[ON] == 1 ? 0 : 1)
                .u16(0x0006, Math.round(drift(3.6, 0.02, 3) * 100))
                .u32(0x0008, cells[CREDIT] / CENT).u16(0x000A, cells[PURCHASE_COUNT])
                .u32(0x000C, cells[LAST_PURCHASE]).u16(0x000E, cells[PURCHASE_COUNT]);
    }

    @Override
    int write(int address, int[] words) {
        if (address == 0x0005 && words.length == 1) {
            if (words[0] > 1) {
                return ILLEGAL_VALUE;
            }
            turn(words[0] == 0, TRAVEL_MILLIS);
            return 0;
        }
        if (address == 0x000C && words.length == 3) {
            long amount = u32(words, 0);
            purchase(amount, words[2], amount * CENT);
            return 0;
        }
        return address == 0x0005 || address >= 0x000C && address <= 0x000E ? ILLEGAL_VALUE : ILLEGAL_ADDRESS;
    }
}
