package io.meterhub.simulator;

import java.util.List;

/**
 * A prepaid water meter with a motor valve, of no maker: the register map is the virtual mall's own. The valve takes 3 s
 * from end to end, and water flows, or does not, as before until it is there.
 */
final class WaterValve extends VirtualMeter {

    static final long TRAVEL_MILLIS = 3000;
    private static final long CENT = BILLION / 100;
    private static final long USUAL_PRICE = 500;
    /** Price and the two alarm amounts. */
    private static final List<Integer> SETTINGS = List.of(0x0010, 0x0012, 0x0014);

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
        return cells[PRICE] / 100.0;
    }

    @Override
    long usualPrice() {
        return USUAL_PRICE;
    }

    @Override
    long travelMillis() {
        return TRAVEL_MILLIS;
    }

    /** With its prepaid switch on it shuts the valve at alarm amount 2, and opens it when there is more. */
    private boolean paid() {
        return cells[PREPAID] == 0 || cells[CREDIT] > cells[ALARM + 1] * CENT;
    }

    @Override
    boolean decidesOn() {
        return cells[FORCED] == 0 && paid();
    }

    @Override
    long allowed(int band) {
        return cells[PREPAID] == 0 || cells[PRICE] == 0 ? Long.MAX_VALUE
                : (long) Math.ceil(Math.max(0, cells[CREDIT] - cells[ALARM + 1] * CENT) / price(band));
    }

    @Override
    void show(Window window) {
        window.block(0x0000, 0x000E).u32(0x0000, totalRegister()).u16(0x0002, Math.round(power() / row.ctRatio() * 1000))
                .u16(0x0004, moving() ? 2 : cells[ON] == 1 ? 0 : 1).u16(0x0005, cells[ON] == 1 ? 0 : 1)
                .u16(0x0006, Math.round(drift(3.6, 0.02, 3) * 100))
                .u32(0x0008, cells[CREDIT] / CENT).u16(0x000A, cells[PURCHASE_COUNT])
                .u32(0x000C, cells[LAST_PURCHASE]).u16(0x000E, cells[PURCHASE_COUNT])
                .block(0x0010, 0x0016).u32(0x0010, cells[PRICE]).u32(0x0012, cells[ALARM]).u32(0x0014, cells[ALARM + 1])
                .u16(0x0016, cells[PREPAID]);
    }

    @Override
    int write(int address, int[] words) {
        if (address == 0x0005 && words.length == 1) {
            if (words[0] > 1) {
                return ILLEGAL_VALUE;
            }
            cells[FORCED] = words[0];
            turn(decidesOn());
            return 0;
        }
        if (address == 0x000C && words.length == 3) {
            long amount = u32(words, 0);
            purchase(amount, words[2], amount * CENT);
            return 0;
        }
        int setting = SETTINGS.indexOf(address);
        if (setting >= 0 && words.length == 2) {
            cells[List.of(PRICE, ALARM, ALARM + 1).get(setting)] = u32(words, 0);
        } else if (address == 0x0016 && words.length == 1 && words[0] <= 1) {
            cells[PREPAID] = words[0];
        } else {
            return address == 0x0005 || address >= 0x000C && address <= 0x0016 ? ILLEGAL_VALUE : ILLEGAL_ADDRESS;
        }
        turn(decidesOn());
        return 0;
    }
}
