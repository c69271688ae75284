package io.meterhub.payment;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Asks by HTTP and waits so long for all of the answer: a request's own time-out ends when its headers are there. */
final class WholeAnswer {

    private WholeAnswer() {
    }

    /** @throws IOException none came, or not to its end within this time; its text has no address */
    static <T> HttpResponse<T> to(HttpRequest request, HttpClient http, HttpResponse.BodyHandler<T> body, Duration within) throws IOException {
        CompletableFuture<HttpResponse<T>> answer = http.sendAsync(request, body);
        try {
            return answer.get(within.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new HttpTimeoutException("no whole answer within " + within.toSeconds() + " s");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException broken ? broken : new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        } finally {
            // of one that is not over the connection is given up
            answer.cancel(true);
        }
    }
}
