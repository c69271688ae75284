package io.meterhub.simulator;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.simulator.PayBook.Entry;
import io.meterhub.simulator.PayBook.Kind;
import io.meterhub.simulator.PayHttp.Answer;
import io.meterhub.simulator.PayHttp.Request;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Alipay's gateway with one merchant and his app, played on loopback: precreate, wap.pay and page.pay, query, close, refund, refund
 * query and bills, as its public description has them; its cashier; its notices. It refuses what the app did not sign, and signs with a
 * key of its own, made for the run.
 */
public final class AlipayPlatformServer implements PlayedPlatform {

    /** The merchant's app, and his number. */
    public static final String APP = "2021006130000001";
    public static final String SELLER = "2088610000000001";
    private static final String BUYER = "2088002600000042";
    private static final String BUYER_NAME = "*三(138****0042)";
    /** Between one try to bring a notice and the next, eight tries within 25 hours. */
    private static final List<Duration> SCHEDULE = List.of(Duration.ofMinutes(4), Duration.ofMinutes(10), Duration.ofMinutes(10), Duration.ofHours(1),
            Duration.ofHours(2), Duration.ofHours(6), Duration.ofHours(15));
    private static final LocalTime BILLS_ARE_MADE_AT = LocalTime.of(9, 0);
    private static final Duration BILL_ADDRESS_HOLDS = Duration.ofSeconds(30);
    private static final int FEE_PER_TEN_THOUSAND = 60;
    private static final String ISSUER = "Played Alipay Root";
    private static final Duration CERTIFICATES_HOLD = Duration.ofDays(1825);
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(PayTime.ZONE);
    private static final Map<String, String> PAGES = Map.of("alipay.trade.wap.pay", "WAP", "alipay.trade.page.pay", "PAGE");

    /** A closed connection is none: the JDK, which the SDK asks by, then asks once more by itself. */
    private static final Answer NO_ANSWER = new Answer(504, Map.of(), new byte[0]);
    /** In the place of an answer that never comes. */
    private static final Map<String, Object> HANGS = new LinkedHashMap<>();

    private static final class Trade {

        final String order;
        final String code = UUID.randomUUID().toString().replace("-", "");
        final String way;
        final String subject;
        final long fen;
        final Instant expiresAt;
        final String notifyUrl;
        final String returnUrl;
        /** Null: made by precreate, and nobody has scanned its code: to Alipay it is not there. */
        String tradeNo;
        Instant createdAt;
        Instant paidAt;
        long paidFen;
        boolean closed;
        final Map<String, Back> backs = new LinkedHashMap<>();

        Trade(String order, String way, String subject, long fen, Instant expiresAt, String notifyUrl, String returnUrl) {
            this.order = order;
            this.way = way;
            this.subject = subject;
            this.fen = fen;
            this.expiresAt = expiresAt;
            this.notifyUrl = notifyUrl;
            this.returnUrl = returnUrl;
        }

        long backFen() {
            return backs.values().stream().mapToLong(Back::fen).sum();
        }

        String status() {
            return closed || paidAt != null && backFen() == paidFen ? "TRADE_CLOSED" : paidAt != null ? "TRADE_SUCCESS" : "WAIT_BUYER_PAY";
        }
    }

    private record Back(long fen, Instant at) {
    }

    /** Refused, in Alipay's words. */
    private static final class Failure extends Exception {

        final String code;
        final String subCode;

        Failure(String code, String subCode, String message) {
            super(message, null, false, false);
            this.code = code;
            this.subCode = subCode;
        }

        static Failure business(String subCode, String message) {
            return new Failure("40004", subCode, message);
        }
    }

    private record Bill(byte[] file, Instant until) {
    }

    private final ObjectMapper json = new ObjectMapper();
    private final PayTime time;
    private final PayFaults faults = new PayFaults();
    private final PayBook book = new PayBook();
    private final PayPost post;
    private final PayHttp http;
    private final Map<String, Trade> trades = new LinkedHashMap<>();
    /** Those that were paid beside the one that is known by the order's number. */
    private final List<Trade> seconds = new ArrayList<>();
    private final Map<String, Bill> bills = new LinkedHashMap<>();
    private final Queue<Failure> refusals = new ConcurrentLinkedQueue<>();
    /** Whose each code of the identity is that was not used yet. */
    private final Map<String, String> openIds = new ConcurrentHashMap<>();
    /** From the time on, so that no number of an earlier run comes again. */
    private final AtomicLong count;
    private final KeyPair key = PayKeys.pair();
    private final KeyPair appKey = PayKeys.pair();
    private final KeyPair issuer;
    private final AtomicBoolean closed = new AtomicBoolean();
    /** Null in key mode, as the others. */
    private final X509Certificate root;
    private final X509Certificate certificate;
    private final X509Certificate appCertificate;

    /** In certificate mode. */
    public AlipayPlatformServer(int port, PayTime time) {
        this(port, time, true);
    }

    /**
     * Starts it.
     *
     * @param port         0: a free one
     * @param certificates whether the app is in certificate mode; in key mode otherwise
     */
    public AlipayPlatformServer(int port, PayTime time, boolean certificates) {
        this.time = time;
        this.count = new AtomicLong(time.right().toEpochMilli() % 1_000_000_000_000L * 1000);
        if (certificates) {
            issuer = PayKeys.pair();
            root = PayKeys.certificate(ISSUER, issuer.getPublic(), ISSUER, issuer.getPrivate(), time.right(), CERTIFICATES_HOLD);
            certificate = PayKeys.certificate("Played Alipay", key.getPublic(), ISSUER, issuer.getPrivate(), time.right(), CERTIFICATES_HOLD);
            appCertificate = PayKeys.certificate(APP, appKey.getPublic(), ISSUER, issuer.getPrivate(), time.right(), CERTIFICATES_HOLD);
        } else {
            issuer = null;
            root = null;
            certificate = null;
            appCertificate = null;
        }
        post = new PayPost(time, faults, SCHEDULE, answer -> answer.body().equals("success"));
        http = new PayHttp(port, this::answer);
    }

    @Override
    public String name() {
        return "alipay";
    }

    @Override
    public URI cashier() {
        return URI.create(address("/"));
    }

    @Override
    public Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("meterhub.payment.alipay.gateway", address("/gateway.do"));
        settings.put("meterhub.payment.alipay.app", APP);
        settings.put("meterhub.payment.alipay.seller", SELLER);
        settings.put("meterhub.payment.alipay.identity.enabled", "true");
        settings.put("meterhub.payment.alipay.identity.authorize", address("/oauth2/publicAppAuthorize.htm"));
        settings.put("meterhub.payment.alipay.private-key", PayKeys.pem(appKey.getPrivate()));
        if (root == null) {
            settings.put("meterhub.payment.alipay.public-key", PayKeys.pem(key.getPublic()));
        } else {
            settings.put("meterhub.payment.alipay.app-certificate", PayKeys.pem(appCertificate));
            settings.put("meterhub.payment.alipay.certificate", PayKeys.pem(certificate));
            settings.put("meterhub.payment.alipay.root-certificate", PayKeys.pem(root));
        }
        return settings;
    }

    @Override
    public PayFaults faults() {
        return faults;
    }

    @Override
    public PayTime time() {
        return time;
    }

    @Override
    public PayBook book() {
        return book;
    }

    @Override
    public List<PayDelivery> deliveries(String orderNumber) {
        return post.deliveries(orderNumber);
    }

    @Override
    public void close() {
        post.close();
        http.close();
        // once, or two others have the same
        if (!closed.getAndSet(true)) {
            PayKeys.giveBack(key, appKey);
            if (issuer != null) {
                PayKeys.giveBack(issuer);
            }
        }
    }

    private String address(String path) {
        return "http://127.0.0.1:" + http.port() + path;
    }

    /** The next request to its gateway is refused so, signed. */
    public void refuse(String code, String subCode) {
        refusals.add(new Failure(code, subCode, "as it is played"));
    }

    // what payers do

    @Override
    public void pay(String orderNumber) {
        Trade trade;
        synchronized (trades) {
            trade = trades.get(orderNumber);
        }
        if (trade == null || !paid(trade)) {
            throw new IllegalStateException("Alipay, as it is played, has no order " + orderNumber + " that can be paid.");
        }
        tell(trade, null);
    }

    /** A payer pays an order that was paid already, which the platform should not let happen: another trade with its number. */
    public void payAgain(String orderNumber) {
        Trade again;
        synchronized (trades) {
            Trade first = trades.get(orderNumber);
            again = new Trade(orderNumber, first.way, first.subject, first.fen, first.expiresAt, first.notifyUrl, first.returnUrl);
            again.tradeNo = tradeNo();
            again.createdAt = time.now();
            seconds.add(again);
            book(again, again.fen);
        }
        tell(again, null);
    }

    private boolean paid(Trade trade) {
        synchronized (trades) {
            scanned(trade);
            if (!trade.status().equals("WAIT_BUYER_PAY") || expired(trade)) {
                return false;
            }
            book(trade, faults.hits(PayFault.AMOUNT_WRONG, trade.order) ? trade.fen + 1 : trade.fen);
            return true;
        }
    }

    private void book(Trade trade, long fen) {
        trade.paidFen = fen;
        trade.paidAt = time.now();
        book.add(new Entry(Kind.PAYMENT, trade.paidAt, trade.way, trade.order, trade.tradeNo, null, null, fen, fen,
                PayBook.fee(fen, FEE_PER_TEN_THOUSAND), trade.subject, BUYER_NAME));
    }

    /** Alipay makes the trade when a payer looks at it. */
    private void scanned(Trade trade) {
        if (trade.tradeNo == null && !expired(trade)) {
            trade.tradeNo = tradeNo();
            trade.createdAt = time.now();
        }
    }

    private boolean expired(Trade trade) {
        if (trade.paidAt == null && !time.right().isBefore(trade.expiresAt)) {
            trade.closed = true;
        }
        return trade.closed;
    }

    private String tradeNo() {
        return time.now().atZone(PayTime.ZONE).format(DateTimeFormatter.BASIC_ISO_DATE).substring(0, 8) + "22001%015d".formatted(count.incrementAndGet());
    }

    // what is told

    /** @param refundNumber of the refund that it is about; null: of the payment */
    private void tell(Trade trade, String refundNumber) {
        if (trade.notifyUrl == null) {
            return;
        }
        String id = noticeId();
        PayPost.Letter right = () -> letter(trade, refundNumber, id, time.right(), key.getPrivate());
        boolean forged = faults.hits(PayFault.NOTICE_FORGED, trade.order);
        boolean again = faults.hits(PayFault.NOTICE_REPLAYED, trade.order);
        post.after(Duration.ZERO, () -> {
            if (forged) {
                post.once(trade.order, () -> letter(trade, refundNumber, id, time.right(), PayKeys.pair().getPrivate()));
            }
            if (again) {
                Instant yesterday = time.right().minus(Duration.ofDays(1));
                post.once(trade.order, () -> letter(trade, refundNumber, id, yesterday, key.getPrivate()));
                post.once(trade.order, () -> letter(trade, refundNumber, id, yesterday, key.getPrivate()));
            } else {
                post.send(trade.order, right);
            }
        });
    }

    private String noticeId() {
        return tradeNo() + "%06d".formatted(count.incrementAndGet());
    }

    private HttpRequest letter(Trade trade, String refundNumber, String id, Instant at, PrivateKey signer) {
        Map<String, String> fields = notice(trade, refundNumber, id, at);
        fields.put("sign", PayKeys.sign(signer, content(fields, name -> true)));
        fields.put("sign_type", "RSA2");
        return HttpRequest.newBuilder(URI.create(trade.notifyUrl)).timeout(Duration.ofSeconds(10))
                .header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
                .POST(HttpRequest.BodyPublishers.ofString(form(fields))).build();
    }

    private Map<String, String> notice(Trade trade, String refundNumber, String id, Instant at) {
        Map<String, String> fields = new LinkedHashMap<>();
        synchronized (trades) {
            fields.put("gmt_create", TIME.format(trade.createdAt));
            fields.put("charset", "utf-8");
            fields.put("gmt_payment", TIME.format(trade.paidAt));
            fields.put("notify_time", TIME.format(at));
            fields.put("subject", trade.subject);
            fields.put("buyer_id", BUYER);
            fields.put("invoice_amount", yuan(trade.paidFen));
            fields.put("version", "1.0");
            fields.put("notify_id", id);
            fields.put("fund_bill_list", "[{\"amount\":\"" + yuan(trade.paidFen) + "\",\"fundChannel\":\"ALIPAYACCOUNT\"}]");
            fields.put("notify_type", "trade_status_sync");
            fields.put("out_trade_no", trade.order);
            fields.put("total_amount", yuan(trade.paidFen));
            fields.put("trade_status", trade.status());
            fields.put("trade_no", trade.tradeNo);
            fields.put("auth_app_id", APP);
            fields.put("receipt_amount", yuan(trade.paidFen));
            fields.put("point_amount", "0.00");
            fields.put("buyer_pay_amount", yuan(trade.paidFen));
            fields.put("app_id", APP);
            fields.put("seller_id", SELLER);
            if (refundNumber != null) {
                fields.put("out_biz_no", refundNumber);
                fields.put("gmt_refund", TIME.format(trade.backs.get(refundNumber).at()));
                fields.put("refund_fee", yuan(trade.backFen()));
            } else if (id.charAt(id.length() - 1) % 2 == 0) {
                // by turns, as some of Alipay's have it and some have not
                fields.put("refund_fee", "0.00");
            }
        }
        return fields;
    }

    // what comes in

    private Answer answer(Request request) throws Exception {
        String path = request.path();
        if (path.equals("/gateway.do")) {
            Map<String, String> fields = new LinkedHashMap<>(request.query());
            if (request.method().equals("POST")) {
                fields.putAll(PayHttp.fields(request.text(), StandardCharsets.UTF_8));
            }
            return PAGES.containsKey(fields.get("method")) ? page(fields) : gateway(fields);
        } else if (path.equals("/oauth2/publicAppAuthorize.htm")) {
            return identified(request);
        } else if (path.startsWith("/pay/")) {
            return cashier(request, path.substring("/pay/".length()));
        } else if (path.startsWith("/bills/")) {
            return bill(path.substring("/bills/".length()));
        }
        return Answer.html(PayPage.orders(PayPage.Look.ALIPAY, all()));
    }

    private Answer cashier(Request request, String code) {
        Trade trade;
        synchronized (trades) {
            trade = trades.values().stream().filter(each -> each.code.equals(code)).findFirst().orElse(null);
            if (trade != null) {
                scanned(trade);
            }
        }
        if (trade == null) {
            return Answer.html(PayPage.gone(PayPage.Look.ALIPAY));
        }
        if (request.method().equals("POST")) {
            if (paid(trade)) {
                tell(trade, null);
            }
            return Answer.goTo(303, trade.returnUrl == null || trade.paidAt == null ? address("/pay/" + code) : returned(trade));
        }
        return Answer.html(PayPage.cashier(PayPage.Look.ALIPAY, bill(trade), trade.returnUrl));
    }

    private List<PayPage.Bill> all() {
        synchronized (trades) {
            List<PayPage.Bill> all = new ArrayList<>(trades.values().stream().map(this::bill).toList());
            Collections.reverse(all);
            return all;
        }
    }

    private PayPage.Bill bill(Trade trade) {
        synchronized (trades) {
            boolean open = !expired(trade) && trade.paidAt == null;
            return new PayPage.Bill(trade.order, trade.subject, trade.fen, address("/pay/" + trade.code), open, trade.status());
        }
    }

    /** The payer goes back with what he has paid, signed; the merchant is not to go by it. */
    private String returned(Trade trade) {
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("charset", "utf-8");
        fields.put("out_trade_no", trade.order);
        fields.put("method", "alipay.trade." + trade.way.toLowerCase() + ".pay.return");
        fields.put("total_amount", yuan(trade.paidFen));
        fields.put("trade_no", trade.tradeNo);
        fields.put("auth_app_id", APP);
        fields.put("version", "1.0");
        fields.put("app_id", APP);
        fields.put("seller_id", SELLER);
        fields.put("timestamp", TIME.format(time.right()));
        fields.put("sign", PayKeys.sign(key.getPrivate(), content(fields, name -> true)));
        fields.put("sign_type", "RSA2");
        return trade.returnUrl + (trade.returnUrl.contains("?") ? "&" : "?") + form(fields);
    }

    /** The payer's browser brings the order: wap.pay and page.pay. */
    private Answer page(Map<String, String> fields) {
        try {
            mustBeSigned(fields);
            Trade trade = order(fields, PAGES.get(fields.get("method")));
            return Answer.goTo(302, address("/pay/" + trade.code));
        } catch (Failure failure) {
            return new Answer(400, Map.of("Content-Type", "text/plain; charset=utf-8"),
                    (failure.subCode + " " + failure.getMessage()).getBytes(StandardCharsets.UTF_8));
        }
    }

    private Answer gateway(Map<String, String> fields) throws JsonProcessingException {
        String method = fields.getOrDefault("method", "");
        Map<String, Object> content;
        boolean signed = true;
        try {
            mustBeSigned(fields);
            Failure played = refusals.poll();
            if (played != null) {
                throw played;
            }
            content = switch (method) {
                case "alipay.system.oauth.token" -> whose(fields);
                case "alipay.trade.precreate" -> precreate(fields);
                case "alipay.trade.query" -> query(fields);
                case "alipay.trade.close" -> close(fields);
                case "alipay.trade.refund" -> refund(fields);
                case "alipay.trade.fastpay.refund.query" -> refundQuery(fields);
                case "alipay.data.dataservice.bill.downloadurl.query" -> billAddress(fields);
                default -> throw new Failure("40002", "isv.invalid-method", "不存在的方法名");
            };
        } catch (Failure failure) {
            content = new LinkedHashMap<>();
            content.put("code", failure.code);
            content.put("msg", failure.code.equals("40004") ? "Business Failed" : "Invalid Arguments");
            content.put("sub_code", failure.subCode);
            content.put("sub_msg", failure.getMessage());
            // for whom it does not know it does not sign
            signed = !failure.subCode.equals("isv.invalid-app-id");
        }
        if (content == HANGS) {
            return Answer.HANGS;
        }
        return content == null ? NO_ANSWER : written(method.replace('.', '_') + "_response", content, signed);
    }

    /** 用户信息授权, scope auth_base: nobody is asked. */
    private Answer identified(Request request) {
        Map<String, String> query = request.query();
        String to = query.get("redirect_uri");
        if (!APP.equals(query.get("app_id")) || !"auth_base".equals(query.get("scope")) || to == null) {
            return Answer.html(PayPage.gone(PayPage.Look.ALIPAY));
        }
        String code = PayKeys.word(32);
        openIds.put(code, "played-" + request.person());
        return Answer.goTo(302, to + (to.contains("?") ? "&" : "?") + "app_id=" + APP + "&source=alipay_wallet&scope=auth_base&auth_code=" + code
                + "&state=" + query.getOrDefault("state", ""));
    }

    private Map<String, Object> whose(Map<String, String> fields) throws Failure {
        String openId = "authorization_code".equals(fields.get("grant_type")) ? openIds.remove(fields.getOrDefault("code", "")) : null;
        if (openId == null) {
            throw new Failure("40002", "isv.code-invalid", "授权码code无效");
        }
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("open_id", openId);
        told.put("access_token", PayKeys.word(40));
        told.put("expires_in", 1_296_000);
        told.put("refresh_token", PayKeys.word(40));
        told.put("re_expires_in", 2_592_000);
        return told;
    }

    /** As the gateway writes it: a slash behind a backslash, and the signature over the text of the method's part as it stands there. */
    private Answer written(String name, Map<String, Object> content, boolean signed) throws JsonProcessingException {
        String part = json.writeValueAsString(content).replace("/", "\\/");
        String whole = "{\"" + name + "\":" + part + (signed && root != null ? ",\"alipay_cert_sn\":\"" + serial(certificate) + "\"" : "")
                + (signed ? ",\"sign\":\"" + PayKeys.sign(key.getPrivate(), PayKeys.utf8(part)) + "\"" : "") + "}";
        return new Answer(200, Map.of("Content-Type", "text/html;charset=utf-8"), whole.getBytes(StandardCharsets.UTF_8));
    }

    private void mustBeSigned(Map<String, String> fields) throws Failure {
        if (!APP.equals(fields.get("app_id"))) {
            throw new Failure("40002", "isv.invalid-app-id", "无效的AppID参数");
        }
        boolean right = "RSA2".equals(fields.get("sign_type")) && "utf-8".equalsIgnoreCase(fields.get("charset"))
                && PayKeys.isSigned(appKey.getPublic(), content(fields, name -> !name.equals("sign")), fields.getOrDefault("sign", ""))
                && (root == null || serial(appCertificate).equals(fields.get("app_cert_sn"))
                && serial(root).equals(fields.get("alipay_root_cert_sn")));
        if (!right) {
            throw new Failure("40002", "isv.invalid-signature", "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配");
        }
    }

    /** What is signed: the fields by their names' order, those without a value left out. */
    private static byte[] content(Map<String, String> fields, Predicate<String> which) {
        return PayKeys.utf8(new TreeMap<>(fields).entrySet().stream().filter(field -> !field.getValue().isEmpty() && which.test(field.getKey()))
                .map(field -> field.getKey() + "=" + field.getValue()).collect(Collectors.joining("&")));
    }

    private static String form(Map<String, String> fields) {
        return fields.entrySet().stream().map(field -> field.getKey() + "=" + URLEncoder.encode(field.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
    }

    /** A certificate's serial as Alipay has it. */
    private static String serial(X509Certificate certificate) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest((certificate.getIssuerX500Principal().getName()
                    + certificate.getSerialNumber()).getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    // what the app asks for; an answer of null is none

    private Map<String, Object> precreate(Map<String, String> fields) throws Failure {
        Trade trade = order(fields, "QR");
        if (faults.hits(PayFault.NOTICE_EARLY, trade.order) && paid(trade)) {
            String id = noticeId();
            PayPost.Letter early = () -> letter(trade, null, id, time.right(), key.getPrivate());
            if (!post.once(trade.order, early)) {
                post.send(trade.order, early);
            }
        }
        return done("out_trade_no", trade.order, "qr_code", address("/pay/" + trade.code));
    }

    private Trade order(Map<String, String> fields, String way) throws Failure {
        JsonNode asked = asked(fields);
        String order = asked.path("out_trade_no").asText();
        long fen;
        Instant expires;
        try {
            fen = new BigDecimal(asked.path("total_amount").asText()).movePointRight(2).longValueExact();
            expires = LocalDateTime.parse(asked.path("time_expire").asText(), DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss"))
                    .atZone(PayTime.ZONE).toInstant();
        } catch (ArithmeticException | NumberFormatException | DateTimeException e) {
            throw Failure.business("ACQ.INVALID_PARAMETER", "参数无效");
        }
        String subject = asked.path("subject").asText();
        if (!order.matches("[A-Za-z0-9_]{1,64}") || fen < 1 || subject.isEmpty() || subject.length() > 256 || subject.matches(".*[/=&].*")
                || !SELLER.equals(asked.path("seller_id").asText(SELLER))) {
            throw Failure.business("ACQ.INVALID_PARAMETER", "参数无效");
        }
        synchronized (trades) {
            Trade known = trades.get(order);
            if (known == null) {
                Trade trade = new Trade(order, way, subject, fen, expires, fields.get("notify_url"), fields.get("return_url"));
                trades.put(order, trade);
                return trade;
            } else if (known.paidAt != null) {
                throw Failure.business("ACQ.TRADE_HAS_SUCCESS", "交易已被支付");
            } else if (expired(known)) {
                throw Failure.business("ACQ.TRADE_HAS_CLOSE", "交易已经关闭");
            } else if (known.fen != fen || !known.subject.equals(subject) || !known.way.equals(way)) {
                throw Failure.business("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改");
            }
            return known;
        }
    }

    private Map<String, Object> query(Map<String, String> fields) throws Failure {
        synchronized (trades) {
            Trade trade = trade(asked(fields));
            if (faults.hits(PayFault.QUERY_TIMES_OUT, trade.order)) {
                return null;
            }
            if (faults.hits(PayFault.QUERY_HANGS, trade.order)) {
                return HANGS;
            }
            expired(trade);
            Map<String, Object> found = done("trade_no", trade.tradeNo, "out_trade_no", trade.order, "buyer_logon_id", "138****0042",
                    "trade_status", trade.status(), "total_amount", yuan(trade.paidAt == null ? trade.fen : trade.paidFen));
            if (trade.paidAt != null) {
                found.put("buyer_user_id", BUYER);
                found.put("send_pay_date", TIME.format(trade.paidAt));
                found.put("receipt_amount", yuan(trade.paidFen));
                found.put("buyer_pay_amount", yuan(trade.paidFen));
                found.put("point_amount", "0.00");
                found.put("invoice_amount", yuan(trade.paidFen));
                found.put("fund_bill_list", List.of(Map.of("fund_channel", "ALIPAYACCOUNT", "amount", yuan(trade.paidFen))));
            }
            return found;
        }
    }

    private Map<String, Object> close(Map<String, String> fields) throws Failure {
        synchronized (trades) {
            Trade trade = trade(asked(fields));
            if (expired(trade) || trade.paidAt != null) {
                throw Failure.business("ACQ.TRADE_STATUS_ERROR", "交易状态不合法");
            }
            trade.closed = true;
            return done("trade_no", trade.tradeNo, "out_trade_no", trade.order);
        }
    }

    private Map<String, Object> refund(Map<String, String> fields) throws Failure {
        JsonNode asked = asked(fields);
        String number = asked.path("out_request_no").asText();
        Trade trade;
        boolean moved;
        synchronized (trades) {
            trade = trade(asked);
            long fen;
            try {
                fen = new BigDecimal(asked.path("refund_amount").asText()).movePointRight(2).longValueExact();
            } catch (ArithmeticException | NumberFormatException e) {
                throw Failure.business("ACQ.INVALID_PARAMETER", "参数无效");
            }
            Back before = trade.backs.get(number);
            if (trade.paidAt == null) {
                throw Failure.business("ACQ.TRADE_STATUS_ERROR", "交易状态不合法");
            } else if (number.isEmpty() || fen < 1 || asked.path("refund_reason").asText().length() > 256) {
                throw Failure.business("ACQ.INVALID_PARAMETER", "参数无效");
            } else if (before != null && before.fen() != fen) {
                throw Failure.business("ACQ.DISCORDANT_REPEAT_REQUEST", "请求信息不一致");
            } else if (before == null && trade.backFen() + fen > trade.paidFen) {
                throw Failure.business("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限");
            }
            moved = before == null;
            if (moved) {
                back(trade, number, fen);
            }
        }
        if (moved) {
            tellBack(trade, number);
        }
        if (moved && faults.hits(PayFault.REFUND_UNKNOWN, trade.order)) {
            return null;
        }
        return done("trade_no", trade.tradeNo, "out_trade_no", trade.order, "buyer_logon_id", "138****0042", "buyer_user_id", BUYER,
                "fund_change", moved ? "Y" : "N", "refund_fee", yuan(trade.backFen()), "gmt_refund_pay", TIME.format(trade.backs.get(number).at()));
    }

    private void back(Trade trade, String number, long fen) {
        Instant at = time.now();
        trade.backs.put(number, new Back(fen, at));
        book.add(new Entry(Kind.REFUND, at, trade.way, trade.order, trade.tradeNo, number, number, fen, trade.paidFen,
                PayBook.fee(fen, FEE_PER_TEN_THOUSAND), trade.subject, BUYER_NAME));
    }

    /** What goes back whole closes the trade, and that is told of those of a phone's browser alone. */
    private void tellBack(Trade trade, String number) {
        if (trade.status().equals("TRADE_SUCCESS") || trade.way.equals("WAP")) {
            tell(trade, number);
        }
    }

    @Override
    public void giveBack(String orderNumber, long fen) {
        String number = "DESK" + count.incrementAndGet();
        Trade trade;
        synchronized (trades) {
            trade = trades.get(orderNumber);
            back(trade, number, fen);
        }
        tellBack(trade, number);
    }

    private Map<String, Object> refundQuery(Map<String, String> fields) throws Failure {
        JsonNode asked = asked(fields);
        synchronized (trades) {
            Trade trade = trade(asked);
            String number = asked.path("out_request_no").asText();
            Back back = trade.backs.get(number);
            if (back == null) {
                return done();
            }
            Map<String, Object> found = done("trade_no", trade.tradeNo, "out_trade_no", trade.order, "out_request_no", number, "total_amount",
                    yuan(trade.paidFen), "refund_amount", yuan(back.fen()), "refund_status", "REFUND_SUCCESS");
            if (asked.path("query_options").toString().contains("gmt_refund_pay")) {
                found.put("gmt_refund_pay", TIME.format(back.at()));
            }
            return found;
        }
    }

    private Map<String, Object> billAddress(Map<String, String> fields) throws Failure {
        JsonNode asked = asked(fields);
        String type = asked.path("bill_type").asText();
        LocalDate day;
        try {
            day = LocalDate.parse(asked.path("bill_date").asText());
        } catch (DateTimeException e) {
            throw Failure.business("isv.invalid_arguments", "参数不合法");
        }
        if (!type.equals("trade") && !type.equals("signcustomer") || !day.isBefore(PayTime.day(time.now()))) {
            throw Failure.business("isv.invalid_arguments", "参数不合法");
        }
        List<Entry> entries = book.of(day);
        if (entries.isEmpty() || !time.isBilled(day, BILLS_ARE_MADE_AT) || faults.hits(PayFault.BILL_LATE, null)) {
            throw Failure.business("isp.bill_not_exist", "账单不存在");
        }
        AlipayBills writer = new AlipayBills(SELLER, day, day.plusDays(1).atTime(BILLS_ARE_MADE_AT).atZone(PayTime.ZONE).toInstant());
        byte[] file = type.equals("trade") ? writer.trades(entries, createdAt()) : writer.funds(book.until(day));
        String id = UUID.randomUUID().toString();
        synchronized (bills) {
            bills.values().removeIf(bill -> bill.until().isBefore(time.right()));
            bills.put(id, new Bill(file, time.right().plus(BILL_ADDRESS_HOLDS)));
        }
        return done("bill_download_url", address("/bills/" + id + "?bizType=" + type + "&fileType=csv.zip&bizDates="
                + day.format(DateTimeFormatter.BASIC_ISO_DATE)));
    }

    private Map<String, Instant> createdAt() {
        synchronized (trades) {
            return trades.values().stream().filter(trade -> trade.tradeNo != null).collect(Collectors.toMap(trade -> trade.tradeNo, trade -> trade.createdAt));
        }
    }

    private Answer bill(String id) {
        Bill bill;
        synchronized (bills) {
            bill = bills.get(id);
        }
        return bill == null || bill.until().isBefore(time.right()) ? new Answer(404, Map.of(), new byte[0])
                : new Answer(200, Map.of("Content-Type", "application/zip"), bill.file()).stalled(faults.hits(PayFault.BILL_STALLS, null));
    }

    private JsonNode asked(Map<String, String> fields) throws Failure {
        try {
            return json.readTree(fields.getOrDefault("biz_content", ""));
        } catch (JsonProcessingException e) {
            throw Failure.business("ACQ.INVALID_PARAMETER", "参数无效");
        }
    }

    /** By Alipay's number where one is named, else by the order's. */
    private Trade trade(JsonNode asked) throws Failure {
        Trade trade = seconds.stream().filter(each -> each.tradeNo.equals(asked.path("trade_no").asText())
                || each.order.equals(asked.path("out_trade_no").asText()) && each.backs.containsKey(asked.path("out_request_no").asText()))
                .findFirst().orElse(trades.get(asked.path("out_trade_no").asText()));
        if (trade == null || trade.tradeNo == null) {
            throw Failure.business("ACQ.TRADE_NOT_EXIST", "交易不存在");
        }
        return trade;
    }

    private static Map<String, Object> done(String... fields) {
        Map<String, Object> content = new LinkedHashMap<>();
        content.put("code", "10000");
        content.put("msg", "Success");
        for (int i = 0; i < fields.length; i += 2) {
            content.put(fields[i], fields[i + 1]);
        }
        return content;
    }

    private static String yuan(long fen) {
        return BigDecimal.valueOf(fen, 2).toPlainString();
    }
}
