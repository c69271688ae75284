package io.meterhub;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Several who act at the same time, each in a thread of its own. */
public final class AtOnce {

    private AtOnce() {
    }

    /** Lets all begin together; what they came to, in their order. What one of them throws is thrown. */
    public static <T> List<T> atOnce(List<? extends Callable<T>> acts) throws Exception {
        CyclicBarrier together = new CyclicBarrier(acts.size());
        ExecutorService threads = Executors.newFixedThreadPool(acts.size());
        try {
            List<T> results = new ArrayList<>();
            for (Future<T> each : threads.invokeAll(acts.stream().map(act -> (Callable<T>) () -> {
                together.await();
                return act.call();
            }).toList())) {
                results.add(each.get());
            }
            return results;
        } finally {
            threads.shutdown();
        }
    }

    /** The same by two hubs. */
    public static void twice(Runnable act) throws Exception {
        Callable<Void> hub = () -> {
            act.run();
            return null;
        };
        atOnce(List.of(hub, hub));
    }
}
