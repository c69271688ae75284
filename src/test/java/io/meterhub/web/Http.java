package io.meterhub.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.Crew;
import io.meterhub.TestKey;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** A caller of the API over real HTTP, with the key that may do all unless a header says otherwise. */
final class Http {

    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

    private final HttpClient client = HttpClient.newHttpClient();
    private final String base;
    private final String[] standing;

    Http(int port) {
        this(port, "Authorization", TestKey.BEARER);
    }

    private Http(int port, String... standing) {
        this.base = "http://127.0.0.1:" + port;
        this.standing = standing;
    }

    static Http nobody(int port) {
        return new Http(port, new String[0]);
    }

    static Http withKey(int port, String key) {
        return new Http(port, "Authorization", "Bearer " + key);
    }

    /** A page of a session, with the token against forged requests. */
    static Http signedIn(int port, String session) {
        return withToken(port, Crew.COOKIE + "=" + session, "XSRF-TOKEN");
    }

    /** A page of a customer's session. */
    static Http tenant(int port, String session) {
        return withToken(port, "meterhub-shop=" + session, "meterhub-shop-token");
    }

    /** The token as pages send it: mixed with random bytes, here with none. */
    private static Http withToken(int port, String session, String cookie) {
        String token = "the-token-of-the-tests";
        byte[] mixed = new byte[2 * token.length()];
        System.arraycopy(token.getBytes(StandardCharsets.US_ASCII), 0, mixed, token.length(), token.length());
        return new Http(port, "Cookie", session + "; " + cookie + "=" + token, "X-XSRF-TOKEN", Base64.getUrlEncoder().encodeToString(mixed));
    }

    private HttpRequest.Builder to(String path) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path));
        for (int i = 0; i < standing.length; i += 2) {
            request.setHeader(standing[i], standing[i + 1]);
        }
        return request;
    }

    record Answer(int status, String type, String body, HttpResponse<?> whole) {

        JsonNode json() {
            try {
                return JSON.readTree(body);
            } catch (JsonProcessingException e) {
                throw new AssertionError(body, e);
            }
        }
    }

    Answer get(String path) {
        return send("GET", path, null);
    }

    byte[] bytes(String path) {
        try {
            return client.send(to(path).build(), HttpResponse.BodyHandlers.ofByteArray()).body();
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    Answer post(String path, String body, String... headers) {
        return send("POST", path, body, headers);
    }

    /** As a page's form sends it. */
    Answer form(String path, String fields) {
        return send("POST", path, fields, "Content-Type", "application/x-www-form-urlencoded");
    }

    /** A body goes as JSON unless a header says otherwise. */
    Answer send(String method, String path, String body, String... headers) {
        HttpRequest.Builder request = to(path)
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (body != null) {
            request.setHeader("Content-Type", "application/json");
        }
        for (int i = 0; i < headers.length; i += 2) {
            request.setHeader(headers[i], headers[i + 1]);
        }
        return send(request.build());
    }

    Answer upload(String path, String field, String fileName, byte[] content, String... headers) {
        String boundary = "----meterhub";
        byte[] head = ("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + field + "\"; filename=\"" + fileName
                + "\"\r\nContent-Type: application/octet-stream\r\n\r\n").getBytes(StandardCharsets.UTF_8);
        byte[] tail = ("\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.UTF_8);
        HttpRequest.Builder request = to(path)
                .setHeader("Content-Type", "multipart/form-data; boundary=" + boundary)
                .POST(BodyPublishers.concat(BodyPublishers.ofByteArray(head), BodyPublishers.ofByteArray(content),
                        BodyPublishers.ofByteArray(tail)));
        for (int i = 0; i < headers.length; i += 2) {
            request.setHeader(headers[i], headers[i + 1]);
        }
        return send(request.build());
    }

    private Answer send(HttpRequest request) {
        try {
            HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            return new Answer(answer.statusCode(), answer.headers().firstValue("Content-Type").orElse(""), answer.body(), answer);
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
