package io.meterhub.metering;

import io.meterhub.metering.MeterModel.Quantity;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/** Which blocks of registers are read to have all quantities of a model at the least time on the wire. */
record ReadPlan(List<Block> blocks) {

    /** The most registers that one reply carries (Modbus application protocol, function 03). */
    static final int MOST_REGISTERS = 125;

    /** A read of {@code count} registers. */
    record Block(int register, int count) {

        boolean holds(Quantity quantity) {
            return quantity.register() >= register && quantity.end() <= register + count;
        }
    }

    /**
     * The cheapest cut of the quantities, in the order of their registers, into contiguous reads: a gap is read along where
     * that costs less than a read of its own, if the model lets it.
     */
    static ReadPlan of(List<Quantity> quantities, int maxGap, WireTime time) {
        List<Quantity> sorted = quantities.stream().sorted(Comparator.comparing(Quantity::register)).toList();
        int n = sorted.size();
        // cheapest[i]: least time to read the first i quantities; cut[i]: where its last block begins
        long[] cheapest = new long[n + 1];
        int[] cut = new int[n + 1];
        for (int end = 1; end <= n; end++) {
            cheapest[end] = Long.MAX_VALUE;
            for (int start = end - 1; start >= 0; start--) {
                if (start < end - 1 && sorted.get(start + 1).register() - sorted.get(start).end() > maxGap) {
                    break;
                }
                int count = sorted.get(end - 1).end() - sorted.get(start).register();
                if (count > MOST_REGISTERS) {
                    break;
                }
                long cost = cheapest[start] + time.readMicros(count);
                if (cost < cheapest[end]) {
                    cheapest[end] = cost;
                    cut[end] = start;
                }
            }
        }
        List<Block> blocks = new ArrayList<>();
        for (int end = n; end > 0; end = cut[end]) {
            int register = sorted.get(cut[end]).register();
            blocks.add(new Block(register, sorted.get(end - 1).end() - register));
        }
        Collections.reverse(blocks);
        return new ReadPlan(List.copyOf(blocks));
    }

    /**
     * How a model's meters are read in full and otherwise.
     *
     * @param often null where that is all there is
     */
    record Both(ReadPlan often, ReadPlan full) {

        static Both of(MeterModel model, WireTime time) {
            ReadPlan often = ReadPlan.of(model.often(), model.maxGap(), time);
            return new Both(model.quantities().stream().allMatch(often::reads) ? null : often,
                    ReadPlan.of(model.quantities(), model.maxGap(), time));
        }
    }

    boolean reads(Quantity quantity) {
        return blocks.stream().anyMatch(block -> block.holds(quantity));
    }

    long micros(WireTime time) {
        return blocks.stream().mapToLong(block -> time.readMicros(block.count())).sum();
    }
}
