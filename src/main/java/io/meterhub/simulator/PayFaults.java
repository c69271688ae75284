package io.meterhub.simulator;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** The faults that are switched on at a played payment platform. */
public final class PayFaults {

    /**
     * A fault that is on.
     *
     * @param order the order that it spoils; null: whichever comes
     * @param times how many more it spoils before it goes away by itself; 0: until it is cleared
     */
    public record On(PayFault fault, String order, int times) {

        public On {
            if (times < 0) {
                throw new IllegalArgumentException("The times must be 0 (until cleared) or more.");
            }
        }
    }

    private final List<On> on = new ArrayList<>();

    /** Spoils whatever comes, until it is cleared. */
    public void set(PayFault fault) {
        set(fault, null, 0);
    }

    /** Spoils the next that comes. */
    public void once(PayFault fault) {
        set(fault, null, 1);
    }

    /** @param order null: whichever comes, @param times 0: until it is cleared */
    public synchronized void set(PayFault fault, String order, int times) {
        on.add(new On(fault, order, times));
    }

    public synchronized void clear(PayFault fault) {
        on.removeIf(each -> each.fault() == fault);
    }

    public synchronized void clear() {
        on.clear();
    }

    public synchronized List<On> all() {
        return List.copyOf(on);
    }

    /** Whether this is spoilt; it counts as a time. */
    synchronized boolean hits(PayFault fault, String order) {
        Iterator<On> each = on.iterator();
        while (each.hasNext()) {
            On found = each.next();
            if (found.fault() == fault && (found.order() == null || found.order().equals(order))) {
                if (found.times() == 1) {
                    each.remove();
                } else if (found.times() > 1) {
                    on.set(on.indexOf(found), new On(fault, found.order(), found.times() - 1));
                }
                return true;
            }
        }
        return false;
    }
}
