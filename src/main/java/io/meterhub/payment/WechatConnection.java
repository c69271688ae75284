package io.meterhub.payment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.binarywang.wxpay.config.WxPayConfig;
import com.github.binarywang.wxpay.service.WxPayService;
import com.github.binarywang.wxpay.service.impl.WxPayServiceApacheHttpImpl;
import com.github.binarywang.wxpay.v3.WxPayV3HttpClientBuilder;
import com.github.binarywang.wxpay.v3.auth.PrivateKeySigner;
import com.github.binarywang.wxpay.v3.auth.WxPayCredentials;
import io.meterhub.runtime.StartRefused;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.http.Header;
import org.apache.http.HttpEntity;
import org.apache.http.HttpResponse;
import org.apache.http.HttpResponseInterceptor;
import org.apache.http.HttpStatus;
import org.apache.http.client.config.RequestConfig;
import org.apache.http.client.methods.CloseableHttpResponse;
import org.apache.http.client.methods.HttpGet;
import org.apache.http.entity.ByteArrayEntity;
import org.apache.http.entity.ContentType;
import org.apache.http.impl.client.CloseableHttpClient;
import org.apache.http.protocol.HttpContext;
import org.apache.http.protocol.HttpCoreContext;
import org.apache.http.util.EntityUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The SDK as the hub uses it: signatures are looked at by the hub's own rule, nothing is repeated behind the hub's back, and the time that
 * requests are signed with is the platform's: that refuses a time that is more than five minutes off, so that a hub whose clock is wrong could not even ask.
 */
final class WechatConnection implements AutoCloseable {

    /** An answer that the platform did not sign. */
    static final class Unsigned extends IOException {

        private final int status;

        Unsigned(int status) {
            super("an answer with status " + status + " that is not signed");
            this.status = status;
        }

        int status() {
            return status;
        }
    }

    private static final Logger log = LoggerFactory.getLogger(WechatConnection.class);
    /** Where bills are fetched. */
    private static final String BILL_FILE = "/v3/billdownload/file";
    /** Less may be the network's. */
    private static final Duration CLOCKS_AGREE = Duration.ofSeconds(30);

    private final WechatSettings settings;
    private final WechatKeys keys;
    private final InstantSource clock;
    private final ObjectMapper json;
    private final Consumer<Duration> offClock;
    private final CloseableHttpClient http;
    private final CloseableHttpClient unchecked;
    private final WxPayService service = new WxPayServiceApacheHttpImpl();
    private volatile Duration off = Duration.ZERO;

    /** @param offClock is told with each answer how far the platform's clock is before this one */
    WechatConnection(WechatSettings settings, WechatKeys keys, InstantSource clock, ObjectMapper json, Consumer<Duration> offClock) {
        this.settings = settings;
        this.keys = keys;
        this.clock = clock;
        this.json = json;
        this.offClock = offClock;
        String host = settings.address().getHost();
        if (host == null || !host.endsWith(".mch.weixin.qq.com")) {
            throw new StartRefused("meterhub.payment.wechat.address must have a host that ends in .mch.weixin.qq.com: for others nothing is signed.");
        }
        if (!settings.loopback() && !"https".equals(settings.address().getScheme())) {
            throw new StartRefused("meterhub.payment.wechat.address must begin with https://.");
        }
        this.http = client(this::mustBeSigned);
        // for the keys that signatures are looked at with; it looks at the signature itself
        this.unchecked = client((answer, context) -> {
        });
        keys.from(this::platformCertificates);
        WxPayConfig config = new WxPayConfig();
        config.setAppId(settings.app());
        config.setMchId(settings.merchant());
        config.setCertSerialNo(keys.certificateSerial());
        config.setPrivateKey(keys.privateKey());
        config.setPublicKeyId(keys.publicKeyId());
        config.setVerifier(keys);
        config.setApiV3HttpClient(http);
        config.setHttpConnectionTimeout((int) settings.connectTimeout().toMillis());
        config.setHttpTimeout((int) settings.answerTimeout().toMillis());
        config.setApiHostUrl(settings.address().toString().replaceAll("/+$", ""));
        service.setConfig(config);
    }

    WxPayService service() {
        return service;
    }

    private CloseableHttpClient client(HttpResponseInterceptor check) {
        WxPayV3HttpClientBuilder builder = WxPayV3HttpClientBuilder.create()
                .withCredentials(new WxPayCredentials(settings.merchant(), new PrivateKeySigner(keys.certificateSerial(), keys.privateKey())) {
                    @Override
                    protected long generateTimestamp() {
                        return now().getEpochSecond();
                    }
                })
                // the SDK would look at answers alone that are no errors
                .withValidator(answer -> true);
        builder.setMaxConnPerRoute(32).setMaxConnTotal(32).disableAutomaticRetries().disableCookieManagement().disableRedirectHandling()
                .setDefaultRequestConfig(RequestConfig.custom().setConnectTimeout((int) settings.connectTimeout().toMillis())
                        .setConnectionRequestTimeout((int) settings.connectTimeout().toMillis())
                        .setSocketTimeout((int) settings.answerTimeout().toMillis()).build())
                .addInterceptorLast((HttpResponse answer, HttpContext context) -> compareClocks(answer)).addInterceptorLast(check);
        if (settings.loopback()) {
            builder.setDnsResolver(host -> new InetAddress[]{InetAddress.getLoopbackAddress()});
        }
        return builder.build();
    }

    /** How far the platform's clock is before the hub's, by its last answer. */
    Duration off() {
        return off;
    }

    /** What the platform's clock says. */
    private Instant now() {
        return off.abs().compareTo(CLOCKS_AGREE) > 0 ? clock.instant().plus(off) : clock.instant();
    }

    private void compareClocks(HttpResponse answer) {
        Header told = answer.getFirstHeader("Wechatpay-Timestamp");
        if (told != null) {
            try {
                off = Duration.between(clock.instant(), Instant.ofEpochSecond(Long.parseLong(told.getValue())));
                offClock.accept(off);
            } catch (NumberFormatException | java.time.DateTimeException | ArithmeticException noTime) {
                log.debug("An answer of WeChat Pay has no time that can be read");
            }
        }
    }

    /**
     * The platform signs what it answers, also a refusal, and also nothing (204). A bill's file alone comes without a signature, its hash in a signed answer
     * before it. What is not signed is no answer, whatever its status says.
     */
    private void mustBeSigned(HttpResponse answer, HttpContext context) throws IOException {
        int status = answer.getStatusLine().getStatusCode();
        String asked = URI.create(HttpCoreContext.adapt(context).getRequest().getRequestLine().getUri()).getPath();
        if (status == HttpStatus.SC_OK && asked.equals(BILL_FILE)) {
            return;
        }
        HttpEntity entity = answer.getEntity();
        byte[] body = entity == null ? new byte[0] : EntityUtils.toByteArray(entity);
        if (entity != null) {
            answer.setEntity(new ByteArrayEntity(body, ContentType.get(entity)));
        }
        if (!isSigned(answer, body)) {
            log.warn("WeChat Pay's answer {} to {} is not signed with a key of its own, and counts as none{}", status, asked,
                    status == HttpStatus.SC_UNAUTHORIZED ? ": see whether the merchant's number, key and certificate are right" : "");
            throw new Unsigned(status);
        }
    }

    private boolean isSigned(HttpResponse answer, byte[] body) {
        String serial = value(answer, "Wechatpay-Serial");
        String signature = value(answer, "Wechatpay-Signature");
        String timestamp = value(answer, "Wechatpay-Timestamp");
        String nonce = value(answer, "Wechatpay-Nonce");
        return serial != null && signature != null && timestamp != null && nonce != null
                && keys.verify(serial, WechatDoor.signed(timestamp, nonce, body), signature);
    }

    private static String value(HttpResponse answer, String name) {
        Header header = answer.getFirstHeader(name);
        return header == null ? null : header.getValue();
    }

    /**
     * Fetches them. Only who has the APIv3 key can have encrypted them, so that the first ones are believed for that; the answer must be signed
     * by one of them all the same, or by the public key.
     */
    private Map<String, X509Certificate> platformCertificates() {
        Duration before = off;
        Map<String, X509Certificate> fetched = fetchCertificates();
        // as for every question: what was refused for its time is asked again with the right one
        return fetched.isEmpty() && off.minus(before).abs().compareTo(CLOCKS_AGREE) > 0 ? fetchCertificates() : fetched;
    }

    private Map<String, X509Certificate> fetchCertificates() {
        HttpGet request = new HttpGet(settings.address().resolve("/v3/certificates"));
        request.addHeader("Accept", "application/json");
        try (CloseableHttpResponse answer = unchecked.execute(request)) {
            byte[] body = EntityUtils.toByteArray(answer.getEntity());
            if (answer.getStatusLine().getStatusCode() != 200) {
                log.warn("The platform certificates of WeChat Pay were refused with {}", answer.getStatusLine().getStatusCode());
                return Map.of();
            }
            Map<String, X509Certificate> fetched = new HashMap<>();
            for (JsonNode each : json.readTree(body).path("data")) {
                X509Certificate certificate = Keys.certificate("a platform certificate",
                        new String(keys.decrypt(each.path("encrypt_certificate")), StandardCharsets.UTF_8));
                // by what the platform calls it
                fetched.put(each.path("serial_no").asText(WechatKeys.serial(certificate)), certificate);
            }
            X509Certificate signer = fetched.get(value(answer, "Wechatpay-Serial"));
            boolean signed = signer == null ? isSigned(answer, body) : WechatKeys.isSigned(signer.getPublicKey(),
                    WechatDoor.signed(value(answer, "Wechatpay-Timestamp"), value(answer, "Wechatpay-Nonce"), body), value(answer, "Wechatpay-Signature"));
            if (!signed) {
                log.warn("The platform certificates of WeChat Pay came with a wrong signature");
                return Map.of();
            }
            log.info("WeChat Pay signs with the certificates {}", fetched.keySet());
            return Map.copyOf(fetched);
        } catch (IOException | GeneralSecurityException | StartRefused e) {
            log.warn("The platform certificates of WeChat Pay could not be fetched: {}", e.toString());
            return Map.of();
        }
    }

    @Override
    public void close() throws IOException {
        http.close();
        unchecked.close();
    }
}
