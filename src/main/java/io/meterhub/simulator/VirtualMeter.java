package io.meterhub.simulator;

import io.meterhub.site.SiteSheet.MeterRow;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
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
    static final int BASE_LEFT = 28;
    static final int OVERDRAFT = 29;
    private static final int POWER_FACTOR = 30;
    private static final int CLOCK_PPM = 31;
    private static final int CLOCK_SET_AT = 32;
    static final int TIME_SWITCH = 33;
    static final int REST_DAYS = 34;
    // the seven of the load control follow each other as the registers do
    static final int LOAD_SWITCH = 35;
    static final int LOAD_LIMIT = 36;
    static final int LOAD_STEP = 37;
    static final int LOAD_POWER_FACTOR = 38;
    static final int LOAD_TRIPS = 39;
    static final int LOAD_TRIPS_ALLOWED = 40;
    static final int LOAD_RECOVERY = 41;
    private static final int LOAD_OPEN_SINCE = 42;
    private static final int LAST_POWER = 43;
    // tables, kept as the registers they are written to, four in a cell
    static final int TIME_TABLES = 44;
    static final int RATE_TABLES = 50;
    static final int TIME_ZONES = 61;
    private static final int LEAK_FLOW = 69;
    private static final int MONTHS = 70;
    private static final int PURCHASES = 130;
    private static final int STEP_TRIPPED = 230;

    static final int MONTHS_KEPT = 12;
    static final int PURCHASES_KEPT = 20;
    private static final int RECORD_CELLS = 5;
    // what the cell FAULT holds
    private static final FaultKind[] OWN_FAULTS = {null, FaultKind.SET_BACK, FaultKind.OVERFLOW, FaultKind.STUCK, FaultKind.SLIPPING,
        FaultKind.LEAK};
    private static final int STUCK = 3;
    private static final int SLIPPING = 4;
    private static final int LEAKING = 5;
    private static final double HOUR_MILLIS = 3_600_000;
    static final int RATE_ENTRIES = 14;
    static final int TIME_ENTRIES = 8;
    private static final int ZONE_ENTRIES = 4;
    private static final int NOT_FLOWING = -1;

    static final long BILLION = 1_000_000_000L;

    /** Bands in the order of the registers. */
    private static final int PEAK = 1;
    private static final int FLAT = 2;
    private static final int VALLEY = 3;
    /** What a new meter is set to: the demo tariff's calendar, hours and the bands that begin then. */
    private static final int[][] USUAL_RATES = {{0, VALLEY}, {8, FLAT}, {10, PEAK}, {13, FLAT}, {17, PEAK}, {22, FLAT}};

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
        Arrays.fill(cells, CREDIT, CLOCK_OFFSET + 1, 0);
        Arrays.fill(cells, BASE_LEFT, StateFile.CELLS, 0);
        Arrays.fill(cells, PRICE, PRICE + 4, usualPrice());
        cells[LAST_POWER] = NOT_FLOWING;
        for (int i = 0; i < USUAL_RATES.length; i++) {
            int hour = USUAL_RATES[i][0];
            int rate = USUAL_RATES[i][1] + 1;
            putBytes(RATE_TABLES, 3 * i, minuteFirst() ? new int[] {rate, 0, hour} : new int[] {rate, hour, 0});
        }
        LocalDateTime month = monthBegin(clock().toLocalDateTime());
        for (int ago = 0; ago < MONTHS_KEPT; ago++) {
            // a year ago it had counted a quarter less
            long share = 100 - 2 * (ago + 1);
            keep(MONTHS, ago, month.minusMonths(ago), bandRegister(0) * share / 100, bandRegister(1) * share / 100,
                    bandRegister(2) * share / 100, bandRegister(3) * share / 100);
        }
    }

    /** 0.01 yuan for a unit of energy. */
    long usualPrice() {
        return 100;
    }

    /** Whether the entries of its rate tables have the minute before the hour. */
    boolean minuteFirst() {
        return false;
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
        long[] before = cells.clone();
        while (cells[AT] < now) {
            advance(Math.min(now, nextEvent()));
        }
        control();
        if (!Arrays.equals(before, cells)) {
            file.write(slot, cells);
        }
    }

    /** Lets time go on, with nothing changing on the way. */
    private void advance(long until) {
        LocalDateTime before = clock().toLocalDateTime();
        if (flowing()) {
            flow(until);
        }
        cells[AT] = until;
        LocalDateTime now = clock().toLocalDateTime();
        if (now.getMonth() != before.getMonth()) {
            pushed(MONTHS, MONTHS_KEPT, monthBegin(now), bandRegister(0), bandRegister(1), bandRegister(2), bandRegister(3));
            cells[BASE_LEFT] = base();
        }
        control();
    }

    private static LocalDateTime monthBegin(LocalDateTime time) {
        return time.toLocalDate().withDayOfMonth(1).atStartOfDay();
    }

    /** What the meter decides by itself, at this instant. */
    final void control() {
        controlLoad();
        turn(decidesOn());
    }

    /** When something may change next: another mean load, a band, a day, a valve that arrives, a trip that is over. */
    private long nextEvent() {
        long at = cells[AT];
        long next = (Math.floorDiv(at, Load.QUARTER_MILLIS) + 1) * Load.QUARTER_MILLIS;
        if (moving()) {
            next = Math.min(next, cells[SWITCHED_AT]);
        }
        if (cells[LOAD_OPEN_SINCE] != 0 && recovery() > at) {
            next = Math.min(next, recovery());
        }
        long ofDay = clock().toLocalTime().toNanoOfDay() / 1_000_000;
        for (int minute : switchingMinutes().toArray()) {
            long in = minute * 60_000L - ofDay;
            if (in > 0) {
                next = Math.min(next, at + in);
            }
        }
        return next;
    }

    /** Minutes of the day at which one of the tables, or midnight, changes something. */
    private IntStream switchingMinutes() {
        IntStream rates = IntStream.range(0, 2 * RATE_ENTRIES).map(i -> ratePart(i, 1) * 60 + ratePart(i, 2));
        IntStream times = IntStream.range(0, 2 * TIME_ENTRIES)
                .map(i -> bytes(TIME_TABLES, 3 * i + 1) * 60 + bytes(TIME_TABLES, 3 * i + 2));
        return IntStream.concat(IntStream.of(24 * 60), IntStream.concat(rates, cells[TIME_SWITCH] == 1 ? times : IntStream.empty()));
    }

    private void flow(long until) {
        int band = band();
        long leaked = Math.round((double) cells[LEAK_FLOW] * (until - cells[AT]) / HOUR_MILLIS);
        long energy = Math.min(allowed(band), Math.max(leaked, Math.round(load.energy(cells[AT], until, factor()) * BILLION)));
        cells[TOTAL] += energy;
        cells[DELIVERED] += energy;
        cells[BAND + band] += energy;
        long cost = Math.round(energy * price(band));
        long ofBase = Math.min(cost, cells[BASE_LEFT]);
        cells[BASE_LEFT] -= ofBase;
        cells[CREDIT] -= cost - ofBase;
    }

    /** The band in force by the meter's own clock and tables; without any, flat. */
    private int band() {
        ZonedDateTime now = clock();
        int table = tableInForce(now.getMonthValue() * 100 + now.getDayOfMonth());
        int minute = now.getHour() * 60 + now.getMinute();
        int rate = 0;
        int latest = 0;
        int best = -1;
        int last = -1;
        for (int i = table * RATE_ENTRIES; i < (table + 1) * RATE_ENTRIES; i++) {
            int from = ratePart(i, 1) * 60 + ratePart(i, 2);
            if (ratePart(i, 0) != 0 && from <= minute && from > best) {
                best = from;
                rate = ratePart(i, 0);
            }
            if (ratePart(i, 0) != 0 && from > last) {
                last = from;
                latest = ratePart(i, 0);
            }
        }
        int inForce = best >= 0 ? rate : latest;
        return inForce == 0 ? FLAT : inForce - 1;
    }

    /** 0 or 1: the rate table of the last date that has come, over the turn of the year as well. */
    private int tableInForce(int today) {
        int table = 0;
        int best = -1;
        for (int i = 0; i < ZONE_ENTRIES; i++) {
            int date = bytes(TIME_ZONES, 3 * i) * 100 + bytes(TIME_ZONES, 3 * i + 1);
            int order = date <= today ? date + 10_000 : date;
            if (bytes(TIME_ZONES, 3 * i + 2) != 0 && order > best) {
                best = order;
                table = bytes(TIME_ZONES, 3 * i + 2) - 1;
            }
        }
        return table;
    }

    /** Part 0 of a rate entry is its rate, 1 its hour, 2 its minute. */
    private int ratePart(int entry, int part) {
        return bytes(RATE_TABLES, entry / RATE_ENTRIES * 2 * 21 + 3 * (entry % RATE_ENTRIES) + (part != 0 && minuteFirst() ? 3 - part : part));
    }

    /** Whether the time control lets the relay be closed: by the last entry of the day, or of the day before. */
    final boolean timeControlCloses() {
        ZonedDateTime now = clock();
        int today = lastSwitch(restDay(now.getDayOfWeek().getValue()), now.getHour() * 60 + now.getMinute());
        int held = today != 0 ? today : lastSwitch(restDay(now.minusDays(1).getDayOfWeek().getValue()), 24 * 60);
        return cells[TIME_SWITCH] == 0 || held != 2;
    }

    private int restDay(int weekday) {
        return (int) (cells[REST_DAYS] >> weekday - 1 & 1);
    }

    private int lastSwitch(int table, int minute) {
        int best = -1;
        int found = 0;
        for (int i = table * TIME_ENTRIES; i < (table + 1) * TIME_ENTRIES; i++) {
            int from = bytes(TIME_TABLES, 3 * i + 1) * 60 + bytes(TIME_TABLES, 3 * i + 2);
            if (bytes(TIME_TABLES, 3 * i) != 0 && from <= minute && from > best) {
                best = from;
                found = bytes(TIME_TABLES, 3 * i);
            }
        }
        return found;
    }

    /** More than the limit, or a large step of a heater's kind: opens until the recovery time is over, and not too often. */
    private void controlLoad() {
        if (cells[LOAD_SWITCH] == 0) {
            cells[LOAD_OPEN_SINCE] = 0;
            cells[LOAD_TRIPS] = 0;
        } else if (cells[LOAD_OPEN_SINCE] != 0) {
            if (cells[AT] >= recovery()) {
                cells[LOAD_OPEN_SINCE] = 0;
            }
        } else if (flowing() && cells[FORCED] == 0) {
            long watts = Math.round(power() / row.ctRatio() * 1000);
            boolean tooMuch = cells[LOAD_LIMIT] > 0 && watts > cells[LOAD_LIMIT];
            boolean heater = cells[LOAD_STEP] > 0 && cells[LAST_POWER] != NOT_FLOWING
                    && watts - cells[LAST_POWER] >= cells[LOAD_STEP] && powerFactor() * 1000 >= cells[LOAD_POWER_FACTOR];
            if (tooMuch || heater) {
                cells[LOAD_OPEN_SINCE] = cells[AT];
                cells[LOAD_TRIPS]++;
                cells[STEP_TRIPPED] = tooMuch ? 0 : 1;
            }
        }
        cells[LAST_POWER] = flowing() && cells[LOAD_OPEN_SINCE] == 0 ? Math.round(power() / row.ctRatio() * 1000) : NOT_FLOWING;
    }

    private long recovery() {
        return cells[LOAD_RECOVERY] == 0 || cells[LOAD_TRIPS] > cells[LOAD_TRIPS_ALLOWED] ? Long.MAX_VALUE
                : cells[LOAD_OPEN_SINCE] + cells[LOAD_RECOVERY] * 10_000;
    }

    final boolean loadTripped() {
        return cells[LOAD_OPEN_SINCE] != 0;
    }

    /** It was a step of power, not too much of it. */
    final boolean trippedByStep() {
        return cells[STEP_TRIPPED] == 1;
    }

    final double powerFactor() {
        return cells[POWER_FACTOR] == 0 ? drift(0.94, 0.03, 7) : cells[POWER_FACTOR] / 1000.0;
    }

    /** The amount that each month begins with, in the credit's unit, billionths. */
    long base() {
        return 0;
    }

    final int words(int area, int index) {
        return (int) (cells[area + index / 4] >>> 16 * (index % 4)) & 0xFFFF;
    }

    final int[] words(int area, int from, int count) {
        return IntStream.range(from, from + count).map(i -> words(area, i)).toArray();
    }

    final void putWords(int area, int from, int[] values) {
        for (int i = 0; i < values.length; i++) {
            int cell = area + (from + i) / 4;
            int shift = 16 * ((from + i) % 4);
            cells[cell] = cells[cell] & ~(0xFFFFL << shift) | (long) values[i] << shift;
        }
    }

    /** A byte of an area, the high one of a register first. */
    private int bytes(int area, int index) {
        return words(area, index / 2) >> (index % 2 == 0 ? 8 : 0) & 0xFF;
    }

    private void putBytes(int area, int from, int[] values) {
        for (int i = 0; i < values.length; i++) {
            int at = from + i;
            int other = words(area, at / 2) & (at % 2 == 0 ? 0x00FF : 0xFF00);
            putWords(area, at / 2, new int[] {other | values[i] << (at % 2 == 0 ? 8 : 0)});
        }
    }

    /** Keeps a table of entries of three bytes, each no larger than this; answers 0 or the exception's code. */
    final int keep(int area, int from, int[] words, int... most) {
        for (int at = 0; at < 2 * words.length; at++) {
            if ((words[at / 2] >> (at % 2 == 0 ? 8 : 0) & 0xFF) > most[at % 3]) {
                return ILLEGAL_VALUE;
            }
        }
        putWords(area, from, words);
        return 0;
    }

    private void pushed(int records, int kept, LocalDateTime at, long... values) {
        System.arraycopy(cells, records, cells, records + RECORD_CELLS, (kept - 1) * RECORD_CELLS);
        keep(records, 0, at, values);
    }

    private void keep(int records, int index, LocalDateTime at, long... values) {
        cells[records + index * RECORD_CELLS] = at.toEpochSecond(ZoneOffset.UTC);
        System.arraycopy(values, 0, cells, records + index * RECORD_CELLS + 1, values.length);
    }

    /** The counters at the end of a month, 0 the latest, as 20 bytes. */
    final int[] month(int index) {
        ByteBuffer record = ByteBuffer.allocate(20);
        long[] kept = Arrays.copyOfRange(cells, MONTHS + index * RECORD_CELLS, MONTHS + (index + 1) * RECORD_CELLS);
        LocalDateTime at = LocalDateTime.ofEpochSecond(kept[0], 0, ZoneOffset.UTC);
        record.put((byte) (at.getYear() % 100)).put((byte) at.getMonthValue()).put((byte) at.getDayOfMonth()).put((byte) at.getHour());
        for (int band = 0; band < 4; band++) {
            record.putInt((int) kept[1 + band]);
        }
        return registers(record);
    }

    /** A purchase, 0 the latest, as 20 bytes; zeros where there was none. */
    final int[] purchase(int index) {
        ByteBuffer record = ByteBuffer.allocate(20);
        long[] kept = Arrays.copyOfRange(cells, PURCHASES + index * RECORD_CELLS, PURCHASES + (index + 1) * RECORD_CELLS);
        if (kept[0] != 0) {
            LocalDateTime at = LocalDateTime.ofEpochSecond(kept[0], 0, ZoneOffset.UTC);
            record.put((byte) (at.getYear() % 100)).put((byte) at.getMonthValue()).put((byte) at.getDayOfMonth()).put((byte) at.getHour())
                    .put((byte) at.getMinute()).put((byte) at.getSecond()).putShort((short) kept[1]).putInt((int) kept[2])
                    .putInt((int) kept[3]).putInt((int) kept[4]);
        }
        return registers(record);
    }

    private static int[] registers(ByteBuffer record) {
        ByteBuffer bytes = ByteBuffer.wrap(record.array());
        return IntStream.range(0, 10).map(i -> bytes.getShort(2 * i) & 0xFFFF).toArray();
    }

    /** Sets the switch on its way; until it is there, things flow, or not, as before. */
    final void turn(boolean on) {
        if (on != (cells[ON] == 1) && cells[FAULT] != STUCK) {
            cells[WAS_ON] = flowing() ? 1 : 0;
            cells[ON] = on ? 1 : 0;
            cells[SWITCHED_AT] = cells[AT] + travelMillis();
        }
    }

    /** How long the switch takes from end to end. */
    long travelMillis() {
        return 0;
    }

    final boolean moving() {
        return cells[AT] < cells[SWITCHED_AT];
    }

    private boolean flowing() {
        return cells[FAULT] == SLIPPING || cells[moving() ? WAS_ON : ON] == 1;
    }

    private double factor() {
        return mallFactor * Double.longBitsToDouble(cells[LOAD_FACTOR]);
    }

    /** kW or m3/h after the CT ratio. */
    final double power() {
        return flowing() ? Math.max(load.power(cells[AT], factor()), (double) cells[LEAK_FLOW] / BILLION) : 0;
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

    /** What the meter takes the time for. */
    final ZonedDateTime clock() {
        long since = cells[AT] - cells[CLOCK_SET_AT];
        return Instant.ofEpochMilli(cells[AT] + cells[CLOCK_OFFSET] + Math.round(since * (cells[CLOCK_PPM] / 1e6))).atZone(zone);
    }

    final void setClock(LocalDateTime to) {
        cells[CLOCK_OFFSET] = to.atZone(zone).toInstant().toEpochMilli() - cells[AT];
        cells[CLOCK_SET_AT] = cells[AT];
    }

    /** Puts the clock off by so much, and lets it run fast (or slow) from now on by so many millionths. */
    final synchronized void clock(long offsetMillis, int ppm) {
        settle();
        cells[CLOCK_OFFSET] = offsetMillis;
        cells[CLOCK_SET_AT] = cells[AT];
        cells[CLOCK_PPM] = ppm;
        file.write(slot, cells);
    }

    /** The power factor from now on, thousandths; 0: as it usually is. */
    final synchronized void powerFactor(int thousandths) {
        settle();
        cells[POWER_FACTOR] = thousandths;
        file.write(slot, cells);
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
            pushed(PURCHASES, PURCHASES_KEPT, clock().toLocalDateTime(), count, amount, cells[CREDIT] / (BILLION / 100), totalRegister());
            turn(decidesOn());
        }
    }

    final synchronized void purchases(int count) {
        settle();
        cells[PURCHASE_COUNT] = count;
        file.write(slot, cells);
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
        cells[LEAK_FLOW] = kind == FaultKind.LEAK ? amount : 0;
        if (kind == FaultKind.SWAPPED) {
            fresh(amount);
        } else if (kind == FaultKind.SET_BACK) {
            cells[OFFSET] = -Math.min(amount, cells[TOTAL]);
            cells[FAULT] = 1;
        } else if (kind == FaultKind.OVERFLOW) {
            // below zero is what the register shows at its upper end
            cells[OFFSET] = -amount - cells[TOTAL];
            cells[FAULT] = 2;
        } else if (kind != null && kind.ofMeter()) {
            cells[FAULT] = kind == FaultKind.STUCK ? STUCK : kind == FaultKind.SLIPPING ? SLIPPING : LEAKING;
        }
        file.write(slot, cells);
    }

    final synchronized MeterTruth truth(FaultKind answering) {
        settle();
        FaultKind own = OWN_FAULTS[(int) cells[FAULT]];
        List<BigDecimal> bands = hasBands()
                ? IntStream.range(0, 4).mapToObj(band -> shown(bandRegister(band))).toList() : null;
        return new MeterTruth(row.code(), gateway, row.unitId(), row.model(), Instant.ofEpochMilli(cells[AT]),
                shown(totalRegister()), bands, BigDecimal.valueOf(cells[DELIVERED], 9), flowing(), moving(),
                BigDecimal.valueOf(Math.round(power() * 1000), 3),
                keepsCredit() ? BigDecimal.valueOf(cells[CREDIT] / (BILLION / 100), 2) : null,
                keepsCredit() ? (int) cells[PURCHASE_COUNT] : null,
                Double.longBitsToDouble(cells[LOAD_FACTOR]), clock().toLocalDateTime(), answering == null ? own : answering);
    }

    private BigDecimal shown(long register) {
        BigDecimal unit = BigDecimal.valueOf(step() * row.ctRatio(), 9);
        return BigDecimal.valueOf(register).multiply(unit).setScale(step() == BILLION / 1000 ? 3 : 2);
    }
}
