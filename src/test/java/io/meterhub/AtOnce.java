package io.meterhub;

import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.springframework.jdbc.core.simple.JdbcClient;

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

    /**
     * Begins an act in another thread from within the caller's transaction, and returns when it waits for what that holds, or has
     * not had to wait.
     */
    public static <T> Future<T> behind(JdbcClient jdbc, Callable<T> act) {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            int holder = jdbc.sql("select pg_backend_pid()").query(Integer.class).single();
            Future<T> begun = thread.submit(act);
            await().until(() -> begun.isDone() || jdbc.sql("select exists (select from pg_stat_activity where ? = any(pg_blocking_pids(pid)))")
                    .param(holder).query(Boolean.class).single());
            return begun;
        } finally {
            thread.shutdown();
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
