package io.meterhub.payment;

import com.alipay.api.AlipayApiException;
import com.alipay.api.AlipayClient;
import com.alipay.api.AlipayRequest;
import com.alipay.api.AlipayResponse;
import com.alipay.api.CertAlipayRequest;
import com.alipay.api.DefaultAlipayClient;
import com.alipay.api.request.AlipayDataDataserviceBillDownloadurlQueryRequest;
import com.alipay.api.request.AlipaySystemOauthTokenRequest;
import com.alipay.api.request.AlipayTradeCloseRequest;
import com.alipay.api.request.AlipayTradeFastpayRefundQueryRequest;
import com.alipay.api.request.AlipayTradePagePayRequest;
import com.alipay.api.request.AlipayTradePrecreateRequest;
import com.alipay.api.request.AlipayTradeQueryRequest;
import com.alipay.api.request.AlipayTradeRefundRequest;
import com.alipay.api.request.AlipayTradeWapPayRequest;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.meterhub.payment.Platform.Closing.WasPaid;
import io.meterhub.runtime.StartRefused;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.Charset;
import java.security.Security;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.zip.ZipInputStream;

/**
 * Alipay (支付宝) by its own SDK. An answer counts when Alipay signed it: the SDK lets errors through that nobody signed, and these are
 * {@code Unknown} here like no answer at all.
 */
final class AlipayPlatform implements Platform {

    static final String NOTICES = "/payment/notices/alipay";
    static final String CHARSET = "utf-8";
    static final String SIGN_TYPE = "RSA2";
    private static final String WEAK_ALGORITHMS = "jdk.certpath.disabledAlgorithms";
    static final ZoneId ZONE = ZoneId.of("Asia/Shanghai");
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");
    /** What is told of the business asked for: its sub-code begins with ACQ. All others (40001 and alike, 20000) are of the gateway or of the app. */
    private static final String BUSINESS_FAILED = "40004";
    /**
     * Of what is asked for or of the seller, so that such an order never is there; believed when a query says that it is not. All others tell of an
     * order that may be there (ACQ.TRADE_HAS_SUCCESS, ACQ.CONTEXT_INCONSISTENT), of the moment, or of nothing that is known.
     */
    private static final Set<String> REFUSALS = Set.of("ACQ.INVALID_PARAMETER", "ACQ.TOTAL_FEE_EXCEED", "ACQ.EXIST_FORBIDDEN_WORD", "ACQ.PARTNER_ERROR",
            "ACQ.ACCESS_FORBIDDEN", "ACQ.SELLER_NOT_EXIST", "ACQ.SELLER_BEEN_BLOCKED");
    /** Of this very refund, so that it never is done; believed when a query says that it is not there. */
    private static final Set<String> REFUND_REFUSALS = Set.of("ACQ.INVALID_PARAMETER", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "ACQ.REASON_TRADE_REFUND_FEE_ERR",
            "ACQ.REFUND_FEE_ERROR", "ACQ.TRADE_NOT_ALLOW_REFUND", "ACQ.TRADE_HAS_FINISHED", "ACQ.TRADE_HAS_CLOSE", "ACQ.TRADE_STATUS_ERROR");
    private static final Set<String> PAID_ALREADY = Set.of("ACQ.TRADE_STATUS_ERROR", "ACQ.REASON_TRADE_STATUS_INVALID", "ACQ.REASON_ILLEGAL_STATUS");
    /** Alipay makes a day's bill by nine the next morning, later where something is in the way. */
    private static final Duration BILL_IS_MADE_AFTER = Duration.ofHours(36);
    /** So many times what another answer may take: a file is long. */
    private static final int BILL_MAY_TAKE = 6;

    private final AlipaySettings settings;
    private final AlipayKeys keys;
    private final HubAddress address;
    private final ObjectMapper json;
    private final InstantSource clock;
    private final AlipayClient client;
    private final HttpClient http;

    AlipayPlatform(AlipaySettings settings, AlipayKeys keys, HubAddress address, ObjectMapper json, InstantSource clock) {
        this.settings = settings;
        this.keys = keys;
        this.address = address;
        this.json = json;
        this.clock = clock;
        this.client = client(settings, keys);
        this.http = HttpClient.newBuilder().connectTimeout(settings.connectTimeout()).build();
    }

    AlipayKeys keys() {
        return keys;
    }

    private static AlipayClient client(AlipaySettings settings, AlipayKeys keys) {
        // the SDK empties the JVM's list of certificate algorithms that are too weak as its classes are loaded
        String weak = Security.getProperty(WEAK_ALGORITHMS);
        try {
            DefaultAlipayClient client = keys.certificates() == null
                    ? new DefaultAlipayClient(settings.gateway().toString(), settings.app(), keys.privateKey(), "json", CHARSET,
                            keys.alipay(null).get(0), SIGN_TYPE)
                    : new DefaultAlipayClient(byCertificates(settings, keys));
            client.setConnectTimeout((int) settings.connectTimeout().toMillis());
            client.setReadTimeout((int) settings.answerTimeout().toMillis());
            return client;
        } catch (AlipayApiException e) {
            throw new StartRefused("meterhub.payment.alipay: the SDK does not take its certificates (" + e.getErrMsg() + ").");
        } finally {
            Security.setProperty(WEAK_ALGORITHMS, weak);
        }
    }

    private static CertAlipayRequest byCertificates(AlipaySettings settings, AlipayKeys keys) {
        CertAlipayRequest request = new CertAlipayRequest();
        request.setServerUrl(settings.gateway().toString());
        request.setAppId(settings.app());
        request.setPrivateKey(keys.privateKey());
        request.setFormat("json");
        request.setCharset(CHARSET);
        request.setSignType(SIGN_TYPE);
        request.setCertContent(keys.certificates().app());
        request.setAlipayPublicCertContent(keys.certificates().alipay());
        request.setRootCertContent(keys.certificates().root());
        return request;
    }

    @Override
    public Channel channel() {
        return Channel.ALIPAY;
    }

    @Override
    public boolean offers(Way way) {
        return way.channel() == Channel.ALIPAY && settings.ways().contains(way);
    }

    @Override
    public Payee payee(Way way) {
        return new Payee(settings.seller(), settings.app());
    }

    @Override
    public Opening open(Ask ask) {
        return switch (ask.way()) {
            case ALIPAY_QR -> code(ask);
            case ALIPAY_WAP -> {
                AlipayTradeWapPayRequest request = new AlipayTradeWapPayRequest();
                request.setBizContent(order(ask, "QUICK_WAP_WAY"));
                yield cashier(request, ask);
            }
            case ALIPAY_PAGE -> {
                AlipayTradePagePayRequest request = new AlipayTradePagePayRequest();
                request.setBizContent(order(ask, "FAST_INSTANT_TRADE_PAY"));
                yield cashier(request, ask);
            }
            default -> throw new IllegalArgumentException(ask.way() + " is no way of Alipay's");
        };
    }

    private Opening code(Ask ask) {
        AlipayTradePrecreateRequest request = new AlipayTradePrecreateRequest();
        request.setBizContent(order(ask, "FACE_TO_FACE_PAYMENT"));
        request.setNotifyUrl(address.of(NOTICES).toString());
        Answer answer = ask(request);
        if (answer.done() && answer.has("qr_code") && answer.text("out_trade_no").equals(ask.number())) {
            return new Opening.Opened(answer.text("qr_code"), null, Map.of());
        }
        // paid or closed before, or not known: a query says which
        return answer.refused() && REFUSALS.contains(answer.subCode()) && find(ask.number()) instanceof Found.NotThere
                ? new Opening.Refused(answer.subCode(), answer.why()) : new Opening.Unknown(answer.why());
    }

    /** The signed address of Alipay's cashier: nothing is sent, Alipay learns of the order from the payer's browser. */
    private Opening cashier(AlipayRequest<? extends AlipayResponse> request, Ask ask) {
        request.setNotifyUrl(address.of(NOTICES).toString());
        request.setReturnUrl(ask.returnTo());
        try {
            return new Opening.Opened(null, client.pageExecute(request, "GET").getBody(), Map.of());
        } catch (AlipayApiException e) {
            return new Opening.Unknown(why(e));
        }
    }

    private String order(Ask ask, String product) {
        Map<String, String> order = new LinkedHashMap<>();
        order.put("out_trade_no", ask.number());
        order.put("total_amount", ask.amountYuan().setScale(2, RoundingMode.UNNECESSARY).toPlainString());
        // Alipay takes none of these in it
        order.put("subject", ask.subject(256).replaceAll("[/=&]", " "));
        order.put("product_code", product);
        order.put("seller_id", settings.seller());
        order.put("time_expire", LocalDateTime.ofInstant(ask.expiresAt(), ZONE).format(TIME));
        return written(order);
    }

    @Override
    public Found find(String orderNumber) {
        AlipayTradeQueryRequest request = new AlipayTradeQueryRequest();
        request.setBizContent(written(Map.of("out_trade_no", orderNumber)));
        Answer answer = ask(request);
        if (answer.isNoTrade()) {
            // an order by code, too, is none there before somebody scanned it
            return new Found.NotThere();
        }
        if (!answer.done() || !answer.text("out_trade_no").equals(orderNumber)) {
            return new Found.Unknown(answer.why());
        }
        return switch (answer.text("trade_status")) {
            case "WAIT_BUYER_PAY" -> new Found.Waiting();
            case "TRADE_SUCCESS", "TRADE_FINISHED" -> paid(answer, orderNumber, false);
            // what was paid and given back whole ends so too; of what was given back in part a query says nothing
            case "TRADE_CLOSED" -> answer.has("send_pay_date") ? paid(answer, orderNumber, true) : new Found.Closed();
            default -> new Found.Unknown("trade_status " + answer.text("trade_status"));
        };
    }

    /** To whom was paid Alipay says seldom, and through which app never: to know the order, it must have been an app of the same seller. */
    private Found paid(Answer answer, String orderNumber, boolean givenBack) {
        try {
            return new Found.Payment(new Paid(Channel.ALIPAY, answer.text("trade_no"), orderNumber, yuan(answer.text("total_amount")),
                    answer.has("trans_currency") ? answer.text("trans_currency") : "CNY", null, null, time(answer.text("send_pay_date")),
                    answer.has("buyer_user_id") ? answer.text("buyer_user_id") : answer.text("buyer_open_id"), givenBack));
        } catch (ArithmeticException | NumberFormatException | DateTimeException e) {
            return new Found.Unknown("not readable: " + e.getMessage());
        }
    }

    @Override
    public Closing close(String orderNumber) {
        AlipayTradeCloseRequest request = new AlipayTradeCloseRequest();
        request.setBizContent(written(Map.of("out_trade_no", orderNumber)));
        Answer answer = ask(request);
        if (answer.done()) {
            return new Closing.Closed();
        } else if (answer.isNoTrade()) {
            return new Closing.NotThere();
        } else if (answer.refused() && PAID_ALREADY.contains(answer.subCode())) {
            Found found = find(orderNumber);
            return found instanceof Found.Payment ? new WasPaid() : found instanceof Found.Closed ? new Closing.Closed()
                    : new Closing.Unknown(answer.why());
        }
        return new Closing.Unknown(answer.why());
    }

    @Override
    public Returning giveBack(Return asked) {
        AlipayTradeRefundRequest request = new AlipayTradeRefundRequest();
        Map<String, String> refund = new LinkedHashMap<>();
        refund.put("trade_no", asked.transactionId());
        refund.put("out_trade_no", asked.orderNumber());
        refund.put("out_request_no", asked.refundNumber());
        refund.put("refund_amount", asked.amountYuan().setScale(2, RoundingMode.UNNECESSARY).toPlainString());
        refund.put("refund_reason", asked.why(256));
        request.setBizContent(written(refund));
        Answer answer = ask(request);
        if (!answer.done() && !answer.refused()) {
            return new Returning.Unknown(answer.why());
        }
        // fund_change N says only that nothing moved now: what was refunded before, and what never will be, both answer so
        Returning known = findReturn(asked.orderNumber(), asked.refundNumber());
        if (!(known instanceof Returning.NotThere)) {
            return known;
        }
        if (answer.done()) {
            return new Returning.Working(asked.refundNumber(), "taken, and not found there yet");
        } else if (answer.isNoTrade()) {
            return new Returning.NotThere();
        }
        // with the same number the same may succeed later, be it that the seller has too little now
        return REFUND_REFUSALS.contains(answer.subCode()) ? new Returning.Refused(answer.subCode(), answer.why()) : new Returning.Unknown(answer.why());
    }

    /** Alipay gives a refund no number of its own: the hub's is the one in its bill. */
    @Override
    public Returning findReturn(String orderNumber, String refundNumber) {
        AlipayTradeFastpayRefundQueryRequest request = new AlipayTradeFastpayRefundQueryRequest();
        request.setBizContent(written(Map.of("out_trade_no", orderNumber, "out_request_no", refundNumber, "query_options", List.of("gmt_refund_pay"))));
        Answer answer = ask(request);
        if (answer.isNoTrade()) {
            return new Returning.NotThere();
        } else if (!answer.done()) {
            return new Returning.Unknown(answer.why());
        } else if (!answer.text("refund_status").equals("REFUND_SUCCESS") || !answer.text("out_request_no").equals(refundNumber)) {
            return new Returning.NotThere();
        }
        try {
            return new Returning.Done(refundNumber, yuan(answer.text("refund_amount")),
                    answer.has("gmt_refund_pay") ? time(answer.text("gmt_refund_pay")) : clock.instant());
        } catch (ArithmeticException | NumberFormatException | DateTimeException e) {
            return new Returning.Unknown("not readable: " + e.getMessage());
        }
    }

    @Override
    public Billed bill(BillKind kind, LocalDate day) {
        AlipayDataDataserviceBillDownloadurlQueryRequest request = new AlipayDataDataserviceBillDownloadurlQueryRequest();
        request.setBizContent(written(Map.of("bill_type", kind == BillKind.TRADE ? "trade" : "signcustomer", "bill_date", day.toString())));
        Answer answer = ask(request);
        if (answer.refused() && answer.subCode().toLowerCase().endsWith("bill_not_exist")) {
            // the same word for a day without any, and for one whose bill is not made yet
            return clock.instant().isBefore(day.plusDays(1).atStartOfDay(ZONE).toInstant().plus(BILL_IS_MADE_AFTER)) ? new Billed.NotYet()
                    : new Billed.Nothing();
        } else if (!answer.done() || !answer.has("bill_download_url")) {
            return new Billed.Unknown(answer.why());
        }
        return download(URI.create(answer.text("bill_download_url")), "alipay-" + kind.name().toLowerCase() + "-" + day + ".csv.zip");
    }

    /** The address holds for 30 seconds. It is told with http and served with https too. */
    private Billed download(URI told, String name) {
        URI from = told.getHost() != null && told.getHost().endsWith(".alipay.com") && told.getScheme().equals("http")
                ? URI.create("https" + told.toString().substring("http".length())) : told;
        try {
            HttpResponse<byte[]> answer = WholeAnswer.to(HttpRequest.newBuilder(from).timeout(settings.answerTimeout()).build(), http,
                    HttpResponse.BodyHandlers.ofByteArray(), settings.answerTimeout().multipliedBy(BILL_MAY_TAKE));
            if (answer.statusCode() != 200) {
                return new Billed.Unknown("the bill's address answered " + answer.statusCode());
            }
            readThrough(answer.body());
            return new Billed.Bill(name, answer.body());
        } catch (IOException e) {
            return new Billed.Unknown(why(e));
        }
    }

    /** Each file in it to its end, where its checksum is compared. */
    private static void readThrough(byte[] file) throws IOException {
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(file), Charset.forName("GBK"))) {
            if (zip.getNextEntry() == null) {
                throw new IOException("the bill is no ZIP, or an empty one");
            }
            do {
                zip.transferTo(OutputStream.nullOutputStream());
            } while (zip.getNextEntry() != null);
        }
    }

    String app() {
        return settings.app();
    }

    /** Who came back from Alipay with this code; empty where Alipay does not say. */
    Optional<String> whose(String authCode) {
        AlipaySystemOauthTokenRequest request = new AlipaySystemOauthTokenRequest();
        request.setGrantType("authorization_code");
        request.setCode(authCode);
        Answer answer = ask(request);
        // its answer has no code of success
        return answer.signed() ? Optional.of(answer.has("open_id") ? answer.text("open_id") : answer.text("user_id")).filter(who -> !who.isEmpty())
                : Optional.empty();
    }

    /**
     * What Alipay answered.
     *
     * @param signed whether Alipay signed it and the signature holds
     * @param fields of its method's part
     * @param why    what to write down where it is no success
     */
    private record Answer(boolean signed, JsonNode fields, String why) {

        boolean done() {
            return signed && text("code").equals("10000");
        }

        /** For certain. */
        boolean refused() {
            return signed && text("code").equals(BUSINESS_FAILED);
        }

        boolean isNoTrade() {
            return refused() && subCode().equals("ACQ.TRADE_NOT_EXIST");
        }

        String subCode() {
            return text("sub_code");
        }

        String text(String field) {
            return fields.path(field).asText("");
        }

        boolean has(String field) {
            return !text(field).isEmpty();
        }
    }

    private Answer ask(AlipayRequest<? extends AlipayResponse> request) {
        try {
            AlipayResponse response = keys.certificates() == null ? client.execute(request) : client.certificateExecute(request);
            JsonNode whole = json.readTree(response.getBody());
            JsonNode fields = whole.path(request.getApiMethodName().replace('.', '_') + "_response");
            // the SDK has checked the signature where there is one; in certificate mode only where a serial stands beside it
            boolean signed = !whole.path("sign").asText("").isEmpty() && (keys.certificates() == null || !whole.path("alipay_cert_sn").asText("").isEmpty());
            return new Answer(signed && fields.isObject(), fields,
                    (signed ? "" : "not signed: ") + fields.path("code").asText("") + " " + fields.path("sub_code").asText("") + " "
                            + fields.path("sub_msg").asText(fields.path("msg").asText("")));
        } catch (AlipayApiException | JsonProcessingException | RuntimeException e) {
            return new Answer(false, MissingNode.getInstance(), why(e));
        }
    }

    /** What lies at the bottom, without what the SDK says of the request. */
    private static String why(Exception e) {
        Throwable bottom = e;
        while (bottom.getCause() != null && bottom.getCause() != bottom) {
            bottom = bottom.getCause();
        }
        return bottom instanceof IOException ? bottom.toString() : bottom.getClass().getSimpleName();
    }

    static BigDecimal yuan(String text) {
        return new BigDecimal(text).setScale(2, RoundingMode.UNNECESSARY);
    }

    static Instant time(String text) {
        return LocalDateTime.parse(text, TIME).atZone(ZONE).toInstant();
    }

    private String written(Map<String, ?> content) {
        try {
            return json.writeValueAsString(content);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
