package io.meterhub.simulator;

/**
 * The registers that a request asks for, cut out of a meter's map: the meter writes its whole map, and what lies in the
 * window stays. U32 and I32 have their high word first.
 */
final class Window {

    private final int from;
    private final int[] words;
    private boolean covered;

    Window(int from, int count) {
        this.from = from;
        this.words = new int[count];
    }

    /** These registers can be read in one request; what is not written to reads as 0. */
    Window block(int first, int last) {
        covered |= from >= first && from + words.length - 1 <= last;
        return this;
    }

    /** Registers from here on, which can be read in one request with their neighbours or alone. */
    Window words(int address, int[] values) {
        for (int i = 0; i < values.length; i++) {
            u16(address + i, values[i]);
        }
        return this;
    }

    /** A record, read by the address that is its own: the next record's address lies within this one's registers. */
    Window record(int address, java.util.function.Supplier<int[]> record) {
        if (from == address) {
            int[] values = record.get();
            if (values.length == words.length) {
                covered = true;
                System.arraycopy(values, 0, words, 0, values.length);
            }
        }
        return this;
    }

    Window u16(int address, long value) {
        int at = address - from;
        if (at >= 0 && at < words.length) {
            words[at] = (int) (value & 0xFFFF);
        }
        return this;
    }

    Window u32(int address, long value) {
        return u16(address, value >> 16).u16(address + 1, value);
    }

    /** False: the meter has no such block. */
    boolean covered() {
        return covered;
    }

    int[] words() {
        return words;
    }
}
