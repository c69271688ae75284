package io.meterhub.simulator;

import io.meterhub.site.SiteSheet.MeterRow;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A meter: what it counted, its switch, its own credit. Nothing of it runs by itself: whoever looks makes it catch up with
 * the time that went by, and what it has counted is in the state file before anybody is told.
 */
abstract class VirtualMeter {

    static final int ILLEGAL_FUNCTION = 1;
    static final int ILLEGAL_ADDRESS = 2;
    static final int ILLEGAL_VALUE = 3;

    // The cells of the state file. Energies in billionths of a kWh or m3 after the CT ratio, money in billionths of a yuan.
    static final int AT = 0;
    static final int TOTAL = 1;
    static final int DELIVERED = 2;
    static final int BAND = 3;
    static final int OFFSET = 8;
    static final int ON = 9;
    static final int WAS_ON = 10;
    static final int SWITCHED_AT = 11;
    static final int CREDIT = 12;
    static final int PURCHASED = 13;
    static final int PURCHASE_COUNT = 14;
    static final int LAST_PURCHASE = 15;
    static final int FORCED = 16;
    static final int PREPAID = 17;
    static final int PRICE = 18;
    static final int ALARM = 22;
    static final int BASE_AMOUNT = 24;
    static final int CLOCK_OFFSET = 25;
    static final int FAULT = 26;
    static final int LOAD_FACTOR = 27;

    static final long BILLION = 1_000_000_000L;

    /** Bands in the order of the registers. The virtual meters are set to the demo tariff's calendar. */
    private static final int PEAK = 1;
    private static final int FLAT = 2;
    private static final int VALLEY = 3;

    final long[] cells = new long[StateFile.CELLS];
    final MeterRow row;
    final String gateway;
    final ZoneId zone;
    private final Load load;
    private final double mallFactor;
    private final StateFile file;
    private final int slot;
    private final InstantSource clock;

    VirtualMeter(Seat seat) {
        this.row = seat.row;
        this.gateway = seat.row.gateway();
        this.zone = seat.zone;
        this.load = seat.load;
        this.mallFactor = seat.mallFactor;
        this.file = seat.file;
        this.clock = seat.clock;
        this.slot = file.slot(row.code());
    }

    /** What a meter is put on: its row of the sheet, its load, its place in the state file. */
    record Seat(MeterRow row, Load load, double mallFactor, ZoneId zone, StateFile file, InstantSource clock) {
    }

    /** Takes up where the state file left off; a meter that it does not know begins with the sheet's opening reading. */
    synchronized void begin() {
        if (!file.read(slot, cells)) {
            cells[AT] = clock.millis();
            BigDecimal opening = row.openingReading();
            fresh(opening == null ? 0 : opening.movePointRight(9).longValue());
            cells[LOAD_FACTOR] = Double.doubleToLongBits(1);
            file.write(slot, cells);
        }
    }

    /** Billionths of a kWh or m3 before the CT ratio that one step of the total's register stands for. */
    abstract long step();

    abstract boolean hasBands();

    /** The unit ids that it takes beside its own. */
    int furtherUnits() {
        return 0;
    }

    abstract boolean understands(int function);

    /** Writes the whole map of what can be read. */
    abstract void show(Window window);

    /** Carries a write out; answers 0 or the exception's code. */
    abstract int write(int address, int[] words);

    /** The meter's own credit in its own unit's billionths that a billionth of energy costs in this band; 0: it keeps none. */
    double price(int band) {
        return 0;
    }

    boolean keepsCredit() {
        return false;
    }

    /** Whether the switch should be closed now, as far as the meter itself decides. */
    boolean decidesOn() {
        return cells[ON] == 1;
    }

    /** The most energy that may flow in this band before the meter opens its relay by itself. */
    long allowed(int band) {
        return Long.MAX_VALUE;
    }

    /** A new meter's cells: all but its clock and its load. */
    private void fresh(long total) {
        cells[TOTAL] = total;
        // as if it had always stood in a shop like this
        cells[BAND + PEAK] = total / 100 * 45;
        cells[BAND + FLAT] = total / 100 * 35;
        cells[BAND + VALLEY] = total - cells[BAND + PEAK] - cells[BAND + FLAT];
        cells[BAND] = 0;
        cells[OFFSET] = 0;
        cells[FAULT] = 0;
        cells[ON] = 1;
        cells[WAS_ON] = 1;
        cells[SWITCHED_AT] = 0;
        for (int cell = CREDIT; cell <= CLOCK_OFFSET; cell++) {
            cells[cell] = 0;
        }
        for (int band = 0; band < 4; band++) {
            cells[PRICE + band] = 100;
        }
    }

    /** The PDU that answers this one. */
    final synchronized byte[] answer(byte[] pdu) {
        settle();
        int function = pdu[0] & 0xFF;
        if (!understands(function)) {
            return exception(pdu, ILLEGAL_FUNCTION);
        }
        ByteBuffer request = ByteBuffer.wrap(pdu, 1, pdu.length - 1);
        return switch (function) {
            case 3, 4 -> read(pdu, request);
            case 6 -> written(pdu, request.remaining() == 4
                    ? write(request.getShort() & 0xFFFF, new int[] {request.getShort() & 0xFFFF}) : ILLEGAL_VALUE);
            case 16 -> written(pdu, writeBlock(request));
            default -> exception(pdu, ILLEGAL_FUNCTION);
        };
    }

    static byte[] exception(byte[] pdu, int code) {
        return new byte[] {(byte) (pdu[0] | 0x80), (byte) code};
    }

    private byte[] read(byte[] pdu, ByteBuffer request) {
        if (request.remaining() != 4) {
            return exception(pdu, ILLEGAL_VALUE);
        }
        int address = request.getShort() & 0xFFFF;
        int count = request.getShort() & 0xFFFF;
        if (count < 1 || count > 125) {
            return exception(pdu, ILLEGAL_VALUE);
        }
        Window window = new Window(address, count);
        show(window);
        if (!window.covered()) {
            return exception(pdu, ILLEGAL_ADDRESS);
        }
        ByteBuffer answer = ByteBuffer.allocate(2 + 2 * count).put(pdu[0]).put((byte) (2 * count));
        IntStream.of(window.words()).forEach(word -> answer.putShort((short) word));
        return answer.array();
    }

    private int writeBlock(ByteBuffer request) {
        if (request.remaining() < 5) {
            return ILLEGAL_VALUE;
        }
        int address = request.getShort() & 0xFFFF;
        int count = request.getShort() & 0xFFFF;
        int bytes = request.get() & 0xFF;
        if (count < 1 || count > 123 || bytes != 2 * count || request.remaining() != bytes) {
            return ILLEGAL_VALUE;
        }
        return write(address, IntStream.range(0, count).map(i -> request.getShort() & 0xFFFF).toArray());
    }

    private byte[] written(byte[] pdu, int exception) {
        if (exception != 0) {
            return exception(pdu, exception);
        }
        file.write(slot, cells);
        return Arrays.copyOf(pdu, 5);
    }

    /** Makes the counters catch up with now, and keeps them. */
    private void settle() {
        long now = clock.millis();
        if (now <= cells[AT]) {
            return;
        }
        long from = cells[AT];
        long moved = Math.min(now, Math.max(from, cells[SWITCHED_AT]));
        if (cells[WAS_ON] == 1) {
            flow(from, moved);
        }
        if (cells[ON] == 1) {
            flow(moved, now);
        }
        cells[AT] = now;
        turn(decidesOn(), 0);
        file.write(slot, cells);
    }

    private void flow(long from, long to) {
        for (long at = from; at < to; ) {
            long quarterEnd = (Math.floorDiv(at, Load.QUARTER_MILLIS) + 1) * Load.QUARTER_MILLIS;
            long until = Math.min(to, quarterEnd);
            int band = band(at);
            long energy = Math.min(allowed(band), Math.round(load.energy(at, until, factor()) * BILLION));
            cells[TOTAL] += energy;
            cells[DELIVERED] += energy;
            cells[BAND + band] += energy;
            cells[CREDIT] -= Math.round(energy * price(band));
            at = until;
        }
    }

    private int band(long at) {
        int hour = Instant.ofEpochMilli(at).atZone(zone).getHour();
        if (hour < 8) {
            return VALLEY;
        }
        return hour >= 10 && hour < 13 || hour >= 17 && hour < 22 ? PEAK : FLAT;
    }

    /** Sets the switch on its way; until it is there, things flow, or not, as before. */
    final void turn(boolean on, long travelMillis) {
        if (on != (cells[ON] == 1)) {
            cells[WAS_ON] = flowing() ? 1 : 0;
            cells[ON] = on ? 1 : 0;
            cells[SWITCHED_AT] = cells[AT] + travelMillis;
        }
    }

    final boolean moving() {
        return cells[AT] < cells[SWITCHED_AT];
    }

    private boolean flowing() {
        return cells[moving() ? WAS_ON : ON] == 1;
    }

    private double factor() {
        return mallFactor * Double.longBitsToDouble(cells[LOAD_FACTOR]);
    }

    /** kW or m3/h after the CT ratio. */
    final double power() {
        return flowing() ? load.power(cells[AT], factor()) : 0;
    }

    /** The total's register. */
    final long totalRegister() {
        return register(cells[TOTAL] + cells[OFFSET]) & 0xFFFF_FFFFL;
    }

    final long bandRegister(int band) {
        return register(cells[BAND + band]) & 0xFFFF_FFFFL;
    }

    private long register(long billionths) {
        return Math.floorDiv(billionths, step() * row.ctRatio());
    }

    /** A value that drifts slowly about its middle, for voltages and the like. */
    final double drift(double middle, double swing, int which) {
        double x = cells[AT] / 60_000.0 + 97 * which + (row.code().hashCode() & 0xFFFF);
        return middle + swing * (Math.sin(x) + Math.sin(x * 0.37)) / 2;
    }

    final ZonedDateTime clock() {
        return Instant.ofEpochMilli(cells[AT] + cells[CLOCK_OFFSET]).atZone(zone);
    }

    /**
     * A purchase: an amount with the count that comes next after the meter's own. With any other count nothing is credited,
     * and nothing is said about it.
     *
     * @param credit in the meter's own unit, billionths
     */
    final void purchase(long amount, int count, long credit) {
        if (count == (cells[PURCHASE_COUNT] + 1 & 0xFFFF)) {
            cells[PURCHASE_COUNT] = count;
            cells[LAST_PURCHASE] = amount;
            cells[CREDIT] += credit;
            cells[PURCHASED] += credit;
            turn(decidesOn(), 0);
        }
    }

    static long u32(int[] words, int at) {
        return (long) words[at] << 16 | words[at + 1];
    }

    final synchronized void loadFactor(double factor) {
        settle();
        cells[LOAD_FACTOR] = Double.doubleToLongBits(factor);
        file.write(slot, cells);
    }

    /** Does to the counter what the fault says; any other fault gives the counter its truth back. */
    final synchronized void counterFault(Fault fault) {
        settle();
        long amount = fault == null ? 0 : fault.amount().movePointRight(9).longValue();
        FaultKind kind = fault == null ? null : fault.kind();
        cells[OFFSET] = 0;
        cells[FAULT] = 0;
        if (kind == FaultKind.SWAPPED) {
            fresh(amount);
        } else if (kind == FaultKind.SET_BACK) {
            cells[OFFSET] = -Math.min(amount, cells[TOTAL]);
            cells[FAULT] = 1;
        } else if (kind == FaultKind.OVERFLOW) {
            // below zero is what the register shows at its upper end
            cells[OFFSET] = -amount - cells[TOTAL];
            cells[FAULT] = 2;
        }
        file.write(slot, cells);
    }

    final synchronized MeterTruth truth(FaultKind answering) {
        settle();
        FaultKind counter = cells[FAULT] == 1 ? FaultKind.SET_BACK : cells[FAULT] == 2 ? FaultKind.OVERFLOW : null;
        List<BigDecimal> bands = hasBands()
                ? IntStream.range(0, 4).mapToObj(band -> shown(bandRegister(band))).toList() : null;
        return new MeterTruth(row.code(), gateway, row.unitId(), row.model(), Instant.ofEpochMilli(cells[AT]),
                shown(totalRegister()), bands, BigDecimal.valueOf(cells[DELIVERED], 9), flowing(), moving(),
                BigDecimal.valueOf(Math.round(power() * 1000), 3),
                keepsCredit() ? BigDecimal.valueOf(cells[CREDIT] / (BILLION / 100), 2) : null,
                keepsCredit() ? (int) cells[PURCHASE_COUNT] : null,
                Double.longBitsToDouble(cells[LOAD_FACTOR]), answering == null ? counter : answering);
    }

    private BigDecimal shown(long register) {
        BigDecimal unit = BigDecimal.valueOf(step() * row.ctRatio(), 9);
        return BigDecimal.valueOf(register).multiply(unit).setScale(step() == BILLION / 1000 ? 3 : 2);
    }
}
