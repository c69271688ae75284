package io.meterhub.tenant;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings messages to their carrier, one after the other, beside whoever wants them sent: a carrier that stalls keeps nobody waiting. */
final class Sender implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Sender.class);
    private static final int MOST_WAITING = 100;

    private final ThreadPoolExecutor thread;

    Sender(String name) {
        thread = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MOST_WAITING), job -> {
            Thread made = new Thread(job, name);
            made.setDaemon(true);
            return made;
        }, (job, full) -> log.warn("A message was not sent: too many wait for their carrier ({})", name));
    }

    void soon(Runnable sending) {
        thread.execute(sending);
    }

    /** Whether it has nothing in hand. */
    boolean isFree() {
        return thread.getQueue().isEmpty() && thread.getActiveCount() == 0;
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
