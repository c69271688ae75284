package io.meterhub.simulator;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * Brings a played platform's notices to the hub: at once, and again by the documented schedule until one is taken, each time in a
 * letter that is written anew. Keeps what was answered to each.
 */
final class PayPost implements AutoCloseable {

    private static final Duration LATE = Duration.ofMinutes(10);
    /** For what waits for a next notice, where none comes. */
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(1);

    /** What is brought for an order. */
    interface Letter {

        HttpRequest write();
    }

    private record Held(String order, Letter letter) {
    }

    private final PayTime time;
    private final PayFaults faults;
    private final List<Duration> schedule;
    private final Predicate<HttpResponse<String>> taken;
    private final ScheduledExecutorService people = Executors.newScheduledThreadPool(8, work -> {
        Thread thread = new Thread(work, "played-platform-post");
        thread.setDaemon(true);
        return thread;
    });
    private final HttpClient http;
    private final Queue<PayDelivery> deliveries = new ConcurrentLinkedQueue<>();
    private final List<Held> held = new ArrayList<>();

    /**
     * @param schedule the waits between one try and the next
     * @param taken    whether this answer means that it need not come again
     */
    PayPost(PayTime time, PayFaults faults, List<Duration> schedule, Predicate<HttpResponse<String>> taken) {
        this.time = time;
        this.faults = faults;
        this.schedule = schedule;
        this.taken = taken;
        this.http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(2)).build();
    }

    /** Sends it by the schedule, spoilt as the faults have it. Those that spoil what a letter says are the writer's. */
    void send(String order, Letter letter) {
        if (faults.hits(PayFault.NOTICE_LOST, order)) {
            return;
        }
        if (faults.hits(PayFault.NOTICE_OUT_OF_ORDER, order)) {
            Held late = new Held(order, letter);
            synchronized (held) {
                held.add(late);
            }
            after(time.really(LONGEST_WAIT), () -> release(late));
            return;
        }
        Duration wait = faults.hits(PayFault.NOTICE_LATE, order) ? time.really(LATE) : Duration.ZERO;
        int copies = faults.hits(PayFault.NOTICE_FIFTY, order) ? 50 : faults.hits(PayFault.NOTICE_TWICE, order) ? 2 : 1;
        if (copies == 2) {
            after(wait, () -> {
                bring(order, letter, 0);
                bring(order, letter, 0);
                releaseHeld();
            });
            return;
        }
        for (int copy = 0; copy < copies; copy++) {
            after(wait, () -> {
                bring(order, letter, 0);
                releaseHeld();
            });
        }
    }

    /** Brings a letter at once, before this returns, and never again; answers whether it was taken. */
    boolean once(String order, Letter letter) {
        return deliver(order, letter);
    }

    private void releaseHeld() {
        List<Held> waiting;
        synchronized (held) {
            waiting = List.copyOf(held);
        }
        waiting.forEach(this::release);
    }

    private void release(Held late) {
        boolean mine;
        synchronized (held) {
            mine = held.remove(late);
        }
        if (mine) {
            after(Duration.ZERO, () -> bring(late.order(), late.letter(), 0));
        }
    }

    private void bring(String order, Letter letter, int tries) {
        if (!deliver(order, letter) && tries < schedule.size()) {
            after(time.really(schedule.get(tries)), () -> bring(order, letter, tries + 1));
        }
    }

    private boolean deliver(String order, Letter letter) {
        try {
            HttpResponse<String> answer = http.send(letter.write(), HttpResponse.BodyHandlers.ofString());
            boolean done = taken.test(answer);
            deliveries.add(new PayDelivery(order, time.right(), answer.statusCode(), answer.body(), done));
            return done;
        } catch (IOException e) {
            deliveries.add(new PayDelivery(order, time.right(), 0, e.toString(), false));
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Has something done by this post, after a wait as it really is. */
    void after(Duration wait, Runnable work) {
        if (!people.isShutdown()) {
            people.schedule(work, wait.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    List<PayDelivery> deliveries(String order) {
        return deliveries.stream().filter(each -> each.order().equals(order)).toList();
    }

    @Override
    public void close() {
        people.shutdownNow();
    }
}
