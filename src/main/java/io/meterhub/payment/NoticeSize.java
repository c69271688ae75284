package io.meterhub.payment;

import io.meterhub.payment.RefusedNotices.Reason;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.springframework.http.HttpHeaders;
import org.springframework.web.filter.OncePerRequestFilter;

/** Before the doors: what is longer than any platform's notice is not read to its end, and never as a whole in memory. */
class NoticeSize extends OncePerRequestFilter {

    static final String PATH = "/payment/notices/";
    /** A notice has 2 kB. */
    private static final int LONGEST = 64 * 1024;

    private final RefusedNotices refused;

    NoticeSize(RefusedNotices refused) {
        this.refused = refused;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain) throws ServletException, IOException {
        byte[] body = request.getContentLengthLong() > LONGEST ? null : request.getInputStream().readNBytes(LONGEST + 1);
        if (body == null || body.length > LONGEST) {
            channel(request).ifPresent(channel -> refused.count(channel, Reason.SIZE, "it is longer than " + LONGEST + " bytes"));
            response.setStatus(HttpServletResponse.SC_REQUEST_ENTITY_TOO_LARGE);
            response.setHeader("Connection", "close");
            return;
        }
        chain.doFilter(new Whole(request, body), response);
    }

    /** At whose door it is. */
    static Optional<Channel> channel(HttpServletRequest request) {
        return Arrays.stream(Channel.values()).filter(channel -> request.getRequestURI().endsWith(PATH + channel.name().toLowerCase())).findFirst();
    }

    /** A request whose body was read. It has no type: a form, or what pretends to be one, Camel would take apart before its door has looked at it. */
    private static final class Whole extends HttpServletRequestWrapper {

        private static final String BYTES = "application/octet-stream";

        private final byte[] body;

        Whole(HttpServletRequest request, byte[] body) {
            super(request);
            this.body = body;
        }

        @Override
        public String getContentType() {
            return BYTES;
        }

        @Override
        public String getHeader(String name) {
            return HttpHeaders.CONTENT_TYPE.equalsIgnoreCase(name) ? BYTES : super.getHeader(name);
        }

        @Override
        public ServletInputStream getInputStream() {
            ByteArrayInputStream bytes = new ByteArrayInputStream(body);
            return new ServletInputStream() {
                @Override
                public int read() {
                    return bytes.read();
                }

                @Override
                public int read(byte[] into, int from, int length) {
                    return bytes.read(into, from, length);
                }

                @Override
                public boolean isFinished() {
                    return bytes.available() == 0;
                }

                @Override
                public boolean isReady() {
                    return true;
                }

                @Override
                public void setReadListener(ReadListener listener) {
                    throw new UnsupportedOperationException("It is here already.");
                }
            };
        }

        @Override
        public BufferedReader getReader() {
            return new BufferedReader(new InputStreamReader(getInputStream(), StandardCharsets.UTF_8));
        }
    }
}
