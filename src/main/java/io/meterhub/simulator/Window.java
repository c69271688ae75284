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
