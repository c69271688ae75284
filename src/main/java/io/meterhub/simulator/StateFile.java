package io.meterhub.simulator;

import io.meterhub.runtime.StartRefused;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What meters keep when the power goes: a memory-mapped file with a slot per meter, found by its code. A slot holds its cells
 * twice; a write fills the copy that does not count, then makes it count by one store of eight bytes. So a process
 * that is killed at any instant leaves the old cells or the new ones, never some of each. What a mapped file was told survives the
 * process, not a crash of the machine.
 */
final class StateFile {

    /** The longs that a slot holds. */
    static final int CELLS = 232;

    private static final long MAGIC = 0x4D48_4D41_4C4C_0002L;
    private static final int HEADER = 64;
    private static final int CODE_BYTES = 64;
    private static final int VERSION = CODE_BYTES;
    private static final int COPIES = VERSION + Long.BYTES;
    private static final int SLOT = COPIES + 2 * CELLS * Long.BYTES + 56;
    private static final VarHandle LONG = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final ByteBuffer bytes;
    private final Map<String, Integer> slots = new HashMap<>();

    private StateFile(ByteBuffer bytes) {
        this.bytes = bytes.order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Opens or makes the file, with a slot for each code; slots of other codes stay as they are. */
    static StateFile open(Path file, Collection<String> codes) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ,
                    StandardOpenOption.WRITE)) {
                int known = (int) Math.max(0, (channel.size() - HEADER) / SLOT);
                int more = new StateFile(map(channel, known)).lacks(file, codes);
                StateFile state = new StateFile(map(channel, known + more));
                state.adopt(codes);
                return state;
            }
        } catch (IOException e) {
            throw new StartRefused("The virtual mall's state file " + file + " cannot be written (" + e + ").", e);
        }
    }

    private static ByteBuffer map(FileChannel channel, int slots) throws IOException {
        // mapping beyond the end grows the file
        return channel.map(FileChannel.MapMode.READ_WRITE, 0, HEADER + (long) slots * SLOT);
    }

    /** A state that ends with the process. */
    static StateFile inMemory(Collection<String> codes) {
        StateFile state = new StateFile(ByteBuffer.allocateDirect(HEADER + codes.size() * SLOT));
        state.adopt(codes);
        return state;
    }

    /** How many slots are missing for these codes. */
    private int lacks(Path file, Collection<String> codes) {
        long magic = bytes.getLong(0);
        if (magic != MAGIC && magic != 0) {
            throw new StartRefused("The file " + file + " is no state of this virtual mall: move it away to begin anew.");
        }
        List<Integer> free = find();
        long unknown = codes.stream().filter(code -> !slots.containsKey(code)).count();
        return (int) Math.max(0, unknown - free.size());
    }

    private void adopt(Collection<String> codes) {
        bytes.putLong(0, MAGIC);
        List<Integer> free = find();
        for (String code : codes) {
            if (!slots.containsKey(code)) {
                slots.put(code, name(free.remove(0), code));
            }
        }
    }

    /** Finds the slots that are written to, and answers the others. */
    private List<Integer> find() {
        List<Integer> free = new ArrayList<>();
        for (int at = HEADER; at + SLOT <= bytes.capacity(); at += SLOT) {
            if (version(at) == 0) {
                free.add(at);
            } else {
                slots.put(code(at), at);
            }
        }
        return free;
    }

    private int name(int at, String code) {
        byte[] name = code.getBytes(StandardCharsets.UTF_8);
        if (name.length > CODE_BYTES) {
            throw new StartRefused("The meter code " + code + " is too long for the virtual mall: at most 64 bytes.");
        }
        bytes.put(at, new byte[CODE_BYTES]).put(at, name);
        return at;
    }

    private String code(int at) {
        byte[] name = new byte[CODE_BYTES];
        bytes.get(at, name);
        return new String(name, StandardCharsets.UTF_8).strip().replace("\0", "");
    }

    private long version(int at) {
        return (long) LONG.getAcquire(bytes, at + VERSION);
    }

    /** The slot of a code, for {@link #read} and {@link #write}. */
    int slot(String code) {
        return slots.get(code);
    }

    /** Fills the cells from the slot; false: nothing was ever written to it. */
    boolean read(int slot, long[] cells) {
        long version = version(slot);
        int copy = copy(slot, version);
        for (int i = 0; i < CELLS; i++) {
            cells[i] = bytes.getLong(copy + i * Long.BYTES);
        }
        return version > 0;
    }

    /** Puts the cells into the slot; they survive the process from the moment this returns. */
    void write(int slot, long[] cells) {
        long next = version(slot) + 1;
        int copy = copy(slot, next);
        for (int i = 0; i < CELLS; i++) {
            bytes.putLong(copy + i * Long.BYTES, cells[i]);
        }
        LONG.setRelease(bytes, slot + VERSION, next);
    }

    private static int copy(int slot, long version) {
        return slot + COPIES + (int) (version & 1) * CELLS * Long.BYTES;
    }
}
