package io.meterhub.simulator;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.simulator.PayBook.Entry;
import io.meterhub.simulator.PayBook.Kind;
import io.meterhub.simulator.PayHttp.Answer;
import io.meterhub.simulator.PayHttp.Request;
import io.meterhub.simulator.PayPage.Bill;
import io.meterhub.simulator.PayPage.Look;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * WeChat Pay's API v3 for one merchant, on loopback: by what the platform documents, with keys of its own. It has a platform certificate and
 * a public key, as in the change-over from the one to the other: an answer is signed with what the request names by its serial, notices with
 * each in turn unless it is told otherwise.
 */
public final class WechatPlatformServer implements PlayedPlatform {

    /** What notices are signed with; NEXT_CERTIFICATE after {@link #changeOver}. */
    public enum NoticeKey { CERTIFICATE, NEXT_CERTIFICATE, PUBLIC_KEY, IN_TURN }

    /** 15s/15s/30s/3m/10m/20m/30m/30m/30m/60m/3h/3h/3h/6h/6h, 24 h 4 min in all. */
    private static final List<Duration> SCHEDULE = List.of(Duration.ofSeconds(15), Duration.ofSeconds(15), Duration.ofSeconds(30),
            Duration.ofMinutes(3), Duration.ofMinutes(10), Duration.ofMinutes(20), Duration.ofMinutes(30), Duration.ofMinutes(30), Duration.ofMinutes(30),
            Duration.ofHours(1), Duration.ofHours(3), Duration.ofHours(3), Duration.ofHours(3), Duration.ofHours(6), Duration.ofHours(6));
    private static final Duration LONGEST_ANSWER = Duration.ofSeconds(5);
    private static final Duration CLOCKS_AGREE = Duration.ofMinutes(5);
    private static final Duration REFUND_TAKES = Duration.ofSeconds(3);
    private static final LocalTime BILLS_AT = LocalTime.of(10, 0);
    private static final Duration BILL_ADDRESS_HOLDS = Duration.ofSeconds(30);
    /** 0.60 % */
    private static final int FEE = 60;
    private static final String SCHEMA = "WECHATPAY2-SHA256-RSA2048";
    private static final Pattern FIELD = Pattern.compile("([a-z_]+)=\"([^\"]*)\"");
    private static final Pattern NUMBER = Pattern.compile("[0-9A-Za-z_*-]{6,32}");
    private static final DateTimeFormatter RFC3339 = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ssXXX").withZone(PayTime.ZONE);
    private static final String BY_NUMBER = "/v3/pay/transactions/out-trade-no/";
    private static final String BY_ID = "/v3/pay/transactions/id/";
    private static final String REFUNDS = "/v3/refund/domestic/refunds";

    private static final class Deal {

        final String number;
        final String way;
        final String subject;
        final long fen;
        final String openid;
        final URI notify;
        final Instant expires;
        final String prepayId = "wx" + PayKeys.word(34);
        final Map<String, Back> backs = new LinkedHashMap<>();
        String state = "NOTPAY";
        String transactionId;
        Instant paidAt;
        long paidFen;

        Deal(String number, String way, String subject, long fen, String openid, URI notify, Instant expires) {
            this.number = number;
            this.way = way;
            this.subject = subject;
            this.fen = fen;
            this.openid = openid;
            this.notify = notify;
            this.expires = expires;
        }
    }

    private record Certified(X509Certificate certificate, KeyPair key) {

        String serial() {
            return PayKeys.serial(certificate);
        }
    }

    private record Download(byte[] file, Instant until) {
    }

    private static final class Back {

        final Deal deal;
        final String number;
        final String id;
        final long fen;
        final URI notify;
        final Instant at;
        volatile String status = "PROCESSING";

        Back(Deal deal, String number, String id, long fen, URI notify, Instant at) {
            this.deal = deal;
            this.number = number;
            this.id = id;
            this.fen = fen;
            this.notify = notify;
            this.at = at;
        }
    }

    /** A request that is answered with an error, in the platform's own words. */
    private static final class Refused extends Exception {

        final int status;
        final String code;

        Refused(int status, String code, String message) {
            super(message, null, false, false);
            this.status = status;
            this.code = code;
        }
    }

    private final String merchant = "1900" + (100_000 + (int) (Math.random() * 899_999));
    private final String app = "wx" + PayKeys.word(16).toLowerCase();
    private final String apiKey = PayKeys.word(32);
    private final String appSecret = PayKeys.word(32);
    /** Whose each code of the identity is that was not used yet. */
    private final Map<String, String> openIds = new ConcurrentHashMap<>();
    private final String publicKeyId = "PUB_KEY_ID_01" + merchant + "20261122000000000000";
    private final KeyPair merchantKey = PayKeys.pair();
    private final KeyPair platformKey = PayKeys.pair();
    private final KeyPair publicKey = PayKeys.pair();
    private final X509Certificate merchantCertificate;
    private final X509Certificate platformCertificate;
    private final PayFaults faults = new PayFaults();
    private final PayBook book = new PayBook();
    private final PayTime time;
    private final PayPost post;
    private final PayHttp http;
    private final ObjectMapper json = new ObjectMapper();
    private final WechatBills bills = new WechatBills(app, merchant);
    private final Map<String, Deal> deals = new ConcurrentHashMap<>();
    private final Map<String, Deal> byPrepay = new ConcurrentHashMap<>();
    private final Map<String, Back> backs = new ConcurrentHashMap<>();
    private final Map<String, Download> files = new ConcurrentHashMap<>();
    private final AtomicLong sequence = new AtomicLong(Math.floorMod(System.nanoTime(), 1_000_000_000_000L));
    private final Queue<Refused> refusals = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile NoticeKey noticeKey = NoticeKey.IN_TURN;
    /** Null: no other takes over from the platform certificate. */
    private volatile Certified next;

    /** @param port 0: a free one */
    public WechatPlatformServer(int port, PayTime time) {
        this.time = time;
        Instant now = Instant.now();
        // longer than the 30 days before which it warns
        this.merchantCertificate = PayKeys.certificate("merchant " + merchant, merchantKey.getPublic(), "played platform", platformKey.getPrivate(), now,
                Duration.ofDays(5 * 365));
        this.platformCertificate = PayKeys.certificate("played platform", platformKey.getPublic(), "played platform", platformKey.getPrivate(), now,
                Duration.ofDays(5 * 365));
        this.post = new PayPost(time, faults, SCHEDULE, answer -> answer.statusCode() == 200 || answer.statusCode() == 204);
        this.http = new PayHttp(port, this::answer);
    }

    @Override
    public String name() {
        return "wechat";
    }

    @Override
    public URI cashier() {
        return URI.create("http://127.0.0.1:" + http.port() + "/");
    }

    @Override
    public Map<String, Object> settings() {
        String prefix = "meterhub.payment.wechat.";
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put(prefix + "enabled", "true");
        settings.put(prefix + "merchant", merchant);
        settings.put(prefix + "app", app);
        settings.put(prefix + "private-key", PayKeys.pem(merchantKey.getPrivate()));
        settings.put(prefix + "certificate", PayKeys.pem(merchantCertificate));
        settings.put(prefix + "api-key", apiKey);
        settings.put(prefix + "public-key-id", publicKeyId);
        settings.put(prefix + "public-key", PayKeys.pem(publicKey.getPublic()));
        settings.put(prefix + "address", "http://played.mch.weixin.qq.com:" + http.port());
        settings.put(prefix + "loopback", "true");
        settings.put(prefix + "identity.secret", appSecret);
        settings.put(prefix + "identity.authorize", cashier() + "connect/oauth2/authorize");
        settings.put(prefix + "identity.token", cashier() + "sns/oauth2/access_token");
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

    /** What it signs with beside its public key. */
    public X509Certificate platformCertificate() {
        return platformCertificate;
    }

    /** A second platform certificate begins to take over: answers are signed with it, notices with either. Its serial begins with a nought. */
    public void changeOver() {
        KeyPair key = PayKeys.pair();
        next = new Certified(PayKeys.certificate(PayKeys.serialWithNought(), "played platform", key.getPublic(), "played platform", platformKey.getPrivate(),
                Instant.now(), Duration.ofDays(5 * 365)), key);
    }

    /** The one that takes over. */
    public X509Certificate nextCertificate() {
        return next.certificate();
    }

    public void noticeKey(NoticeKey with) {
        noticeKey = with;
    }

    /** The next request is refused with this code, signed. */
    public void refuse(int status, String code) {
        refusals.add(new Refused(status, code, "as it is played"));
    }

    // what the merchant asks

    private Answer answer(Request request) throws Exception {
        if (!request.path().startsWith("/v3/")) {
            return page(request);
        }
        try {
            mustBeSigned(request);
            Refused played = refusals.poll();
            if (played != null) {
                throw played;
            }
            return api(request);
        } catch (Refused e) {
            return signed(request, e.status, Map.of("code", e.code, "message", e.getMessage()));
        } catch (JsonProcessingException e) {
            return signed(request, 400, Map.of("code", "PARAM_ERROR", "message", "无法将JSON输入源映射到目标字段"));
        }
    }

    private Answer api(Request request) throws Refused, JsonProcessingException {
        String path = request.path();
        boolean get = request.method().equals("GET");
        if (get && path.equals("/v3/certificates")) {
            return signed(request, 200, Map.of("data", next == null ? List.of(about(platformCertificate))
                    : List.of(about(platformCertificate), about(next.certificate()))));
        }
        if (get && path.startsWith(BY_NUMBER)) {
            return query(request, deals.get(path.substring(BY_NUMBER.length())));
        }
        if (get && path.startsWith(BY_ID)) {
            String id = path.substring(BY_ID.length());
            return query(request, deals.values().stream().filter(deal -> id.equals(deal.transactionId)).findFirst().orElse(null));
        }
        if (!get && path.startsWith(BY_NUMBER) && path.endsWith("/close")) {
            return close(request, path.substring(BY_NUMBER.length(), path.length() - "/close".length()));
        }
        if (!get && path.startsWith("/v3/pay/transactions/")) {
            return open(request, path.substring("/v3/pay/transactions/".length()));
        }
        if (!get && path.equals(REFUNDS)) {
            return giveBack(request);
        }
        if (get && path.startsWith(REFUNDS + "/")) {
            Back back = backs.get(path.substring(REFUNDS.length() + 1));
            if (back == null) {
                throw new Refused(404, "RESOURCE_NOT_EXISTS", "退款单不存在");
            }
            return signed(request, 200, about(back));
        }
        if (get && (path.equals("/v3/bill/tradebill") || path.equals("/v3/bill/fundflowbill"))) {
            return bill(request, path.endsWith("/tradebill"));
        }
        if (get && path.equals("/v3/billdownload/file")) {
            files.values().removeIf(download -> download.until().isBefore(time.right()));
            Download download = files.get(request.query().get("token"));
            if (download == null) {
                throw new Refused(400, "INVALID_REQUEST", "下载地址已失效");
            }
            // unsigned, as the platform's
            return new Answer(200, Map.of("Content-Type", "text/plain"), download.file()).stalled(faults.hits(PayFault.BILL_STALLS, null));
        }
        throw new Refused(404, "NOT_FOUND", "Not Found");
    }

    private void mustBeSigned(Request request) throws Refused {
        String authorization = request.headers().getFirst("Authorization");
        if (authorization == null || !authorization.startsWith(SCHEMA + " ")) {
            throw new Refused(401, "SIGN_ERROR", "Http头缺少Accept或User-Agent，或Authorization的格式错误");
        }
        Map<String, String> fields = new LinkedHashMap<>();
        Matcher field = FIELD.matcher(authorization);
        while (field.find()) {
            fields.put(field.group(1), field.group(2));
        }
        String timestamp = fields.getOrDefault("timestamp", "");
        String message = request.method() + "\n" + request.target() + "\n" + timestamp + "\n" + fields.get("nonce_str") + "\n" + request.text() + "\n";
        if (!merchant.equals(fields.get("mchid")) || !PayKeys.serial(merchantCertificate).equals(fields.get("serial_no"))
                || !PayKeys.isSigned(merchantKey.getPublic(), PayKeys.utf8(message), fields.getOrDefault("signature", ""))) {
            throw new Refused(401, "SIGN_ERROR", "错误的签名，验签失败");
        }
        if (!timestamp.matches("[0-9]{1,12}") || Duration.between(Instant.ofEpochSecond(Long.parseLong(timestamp)), time.right()).abs()
                .compareTo(CLOCKS_AGREE) > 0) {
            throw new Refused(401, "SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟");
        }
    }

    private Answer open(Request request, String kind) throws Refused, JsonProcessingException {
        String way = switch (kind) {
            case "jsapi" -> "JSAPI";
            case "native" -> "NATIVE";
            case "h5" -> "MWEB";
            default -> throw new Refused(404, "NOT_FOUND", "Not Found");
        };
        JsonNode wish = json.readTree(request.text());
        String number = wish.path("out_trade_no").asText();
        long fen = wish.at("/amount/total").asLong(-1);
        String openid = wish.at("/payer/openid").asText(null);
        if (!NUMBER.matcher(number).matches() || fen < 1 || wish.path("description").asText().isEmpty() || wish.path("description").asText().length() > 127
                || !wish.at("/amount/currency").asText("CNY").equals("CNY") || way.equals("JSAPI") && openid == null
                || way.equals("MWEB") && (wish.at("/scene_info/payer_client_ip").isMissingNode() || wish.at("/scene_info/h5_info/type").isMissingNode())) {
            throw new Refused(400, "PARAM_ERROR", "参数错误");
        }
        if (!app.equals(wish.path("appid").asText()) || !merchant.equals(wish.path("mchid").asText())) {
            throw new Refused(400, "APPID_MCHID_NOT_MATCH", "appid和mchid不匹配");
        }
        Deal wanted = new Deal(number, way, wish.path("description").asText(), fen, openid == null ? "o" + PayKeys.word(27) : openid,
                uri(wish.path("notify_url").asText()), instant(wish.path("time_expire").asText(null), time.now().plus(Duration.ofHours(2))));
        Deal deal = deals.computeIfAbsent(number, first -> wanted);
        synchronized (deal) {
            if (deal.fen != fen || !deal.subject.equals(wanted.subject) || !deal.way.equals(way)) {
                throw new Refused(403, "OUT_TRADE_NO_USED", "商户订单号重复");
            }
            if (deal.state.equals("CLOSED")) {
                throw new Refused(400, "ORDER_CLOSED", "订单已关闭");
            }
            if (!deal.state.equals("NOTPAY")) {
                throw new Refused(400, "ORDERPAID", "该订单已支付");
            }
        }
        byPrepay.put(deal.prepayId, deal);
        if (faults.hits(PayFault.NOTICE_EARLY, number)) {
            pay(deal, true);
        }
        return signed(request, 200, switch (way) {
            case "JSAPI" -> Map.of("prepay_id", deal.prepayId);
            case "NATIVE" -> Map.of("code_url", "weixin://wxpay/bizpayurl?pr=" + deal.prepayId.substring(2, 11));
            default -> Map.of("h5_url", cashier().resolve("/cgi-bin/mmpayweb-bin/checkmweb") + "?prepay_id=" + deal.prepayId + "&package="
                    + Math.abs(deal.prepayId.hashCode()));
        });
    }

    private Answer query(Request request, Deal deal) throws Refused {
        if (!merchant.equals(request.query().get("mchid"))) {
            throw new Refused(400, "PARAM_ERROR", "商户号错误");
        }
        if (deal == null) {
            throw new Refused(404, "ORDER_NOT_EXIST", "订单不存在");
        }
        if (faults.hits(PayFault.QUERY_TIMES_OUT, deal.number)) {
            return Answer.NONE;
        }
        if (faults.hits(PayFault.QUERY_HANGS, deal.number)) {
            return Answer.HANGS;
        }
        return signed(request, 200, about(deal));
    }

    private Answer close(Request request, String number) throws Refused {
        Deal deal = deals.get(number);
        if (deal == null) {
            throw new Refused(404, "ORDER_NOT_EXIST", "订单不存在");
        }
        synchronized (deal) {
            if (deal.transactionId != null) {
                throw new Refused(400, "ORDERPAID", "该订单已支付");
            }
            deal.state = "CLOSED";
        }
        return signed(request, 204, null);
    }

    private Answer giveBack(Request request) throws Refused, JsonProcessingException {
        JsonNode wish = json.readTree(request.text());
        String number = wish.path("out_refund_no").asText();
        String id = wish.path("transaction_id").asText();
        long fen = wish.at("/amount/refund").asLong(-1);
        Deal deal = wish.hasNonNull("out_trade_no") ? deals.get(wish.path("out_trade_no").asText())
                : deals.values().stream().filter(each -> id.equals(each.transactionId)).findFirst().orElse(null);
        // whether of characters or of bytes, the documents leave open
        if (number.isEmpty() || number.length() > 64 || fen < 1 || PayKeys.utf8(wish.path("reason").asText()).length > 80) {
            throw new Refused(400, "PARAM_ERROR", "参数错误");
        }
        if (deal == null || deal.transactionId == null) {
            throw new Refused(404, "RESOURCE_NOT_EXISTS", "订单不存在");
        }
        Back back;
        synchronized (deal) {
            Back known = backs.get(number);
            if (known != null) {
                if (known.deal != deal || known.fen != fen) {
                    throw new Refused(400, "INVALID_REQUEST", "退款单号重复且参数不一致");
                }
                back = known;
            } else {
                long before = deal.backs.values().stream().filter(each -> !each.status.equals("CLOSED")).mapToLong(each -> each.fen).sum();
                if (wish.at("/amount/total").asLong() != deal.paidFen || before + fen > deal.paidFen) {
                    throw new Refused(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试");
                }
                back = back(deal, number, fen, wish.hasNonNull("notify_url") ? uri(wish.get("notify_url").asText()) : null);
            }
        }
        return faults.hits(PayFault.REFUND_UNKNOWN, deal.number) ? Answer.NONE : signed(request, 200, about(back));
    }

    private Back back(Deal deal, String number, long fen, URI notify) {
        Back back = new Back(deal, number, "503" + id(), fen, notify, time.now());
        deal.backs.put(number, back);
        backs.put(number, back);
        deal.state = "REFUND";
        book.add(new Entry(Kind.REFUND, back.at, deal.way, deal.number, deal.transactionId, number, back.id, fen, deal.paidFen,
                PayBook.fee(fen, FEE), deal.subject, deal.openid));
        String end = faults.hits(PayFault.REFUND_ABNORMAL, deal.number) ? "ABNORMAL" : faults.hits(PayFault.REFUND_CLOSED, deal.number) ? "CLOSED" : "SUCCESS";
        post.after(time.really(REFUND_TAKES), () -> finish(back, end));
        return back;
    }

    @Override
    public void giveBack(String orderNumber, long fen) {
        Deal deal = deals.get(orderNumber);
        synchronized (deal) {
            back(deal, "DESK" + id(), fen, null);
        }
    }

    /** The merchant sees to the abnormal refunds of an order on the platform's own page: they arrive. */
    public void seeToRefunds(String orderNumber) {
        deals.get(orderNumber).backs.values().stream().filter(back -> back.status.equals("ABNORMAL")).forEach(back -> finish(back, "SUCCESS"));
    }

    private void finish(Back back, String end) {
        back.status = end;
        book.plant(entry -> back.id.equals(entry.refundId()), entry -> List.of(entry.refundState(switch (end) {
            case "ABNORMAL" -> PayBook.RefundState.CHANGE;
            case "CLOSED" -> PayBook.RefundState.FAIL;
            default -> PayBook.RefundState.SUCCESS;
        })));
        if (back.notify != null) {
            Map<String, Object> told = new LinkedHashMap<>();
            told.put("mchid", merchant);
            told.put("out_trade_no", back.deal.number);
            told.put("transaction_id", back.deal.transactionId);
            told.put("out_refund_no", back.number);
            told.put("refund_id", back.id);
            told.put("refund_status", back.status);
            if (end.equals("SUCCESS")) {
                told.put("success_time", RFC3339.format(back.at));
            }
            told.put("user_received_account", "支付用户零钱");
            told.put("amount", Map.of("total", back.deal.paidFen, "refund", back.fen, "payer_total", back.deal.paidFen, "payer_refund", back.fen));
            tell(back.deal.number, back.notify, "REFUND." + end, switch (end) {
                case "ABNORMAL" -> "退款异常";
                case "CLOSED" -> "退款关闭";
                default -> "退款成功";
            }, "refund", told, false);
        }
    }

    private Answer bill(Request request, boolean trade) throws Refused {
        LocalDate day;
        try {
            day = LocalDate.parse(request.query().getOrDefault("bill_date", ""));
        } catch (DateTimeException e) {
            throw new Refused(400, "PARAM_ERROR", "账单日期格式错误");
        }
        if (!day.isBefore(PayTime.day(time.now())) || day.isBefore(PayTime.day(time.now()).minusMonths(3))) {
            throw new Refused(400, "INVALID_REQUEST", "账单日期错误，仅支持三个月内的账单下载申请，且不能是今天");
        }
        if (!time.isBilled(day, BILLS_AT) || faults.hits(PayFault.BILL_LATE, null)) {
            throw new Refused(400, "STATEMENT_CREATING", "账单生成中");
        }
        if (book.of(day).isEmpty()) {
            throw new Refused(400, "NO_STATEMENT_EXIST", "账单文件不存在");
        }
        byte[] file = PayKeys.utf8(trade ? bills.trade(book.of(day)) : bills.funds(book.until(day), day));
        String token = PayKeys.word(64);
        files.put(token, new Download("GZIP".equals(request.query().get("tar_type")) ? packed(file) : file, time.right().plus(BILL_ADDRESS_HOLDS)));
        return signed(request, 200, Map.of("hash_type", "SHA1", "hash_value", sha1(file), "download_url",
                "http://played.mch.weixin.qq.com:" + http.port() + "/v3/billdownload/file?token=" + token));
    }

    // what it tells

    private Map<String, Object> about(X509Certificate certificate) {
        return Map.of("serial_no", PayKeys.serial(certificate), "effective_time", RFC3339.format(certificate.getNotBefore().toInstant()),
                "expire_time", RFC3339.format(certificate.getNotAfter().toInstant()),
                "encrypt_certificate", encrypted("certificate", PayKeys.utf8(PayKeys.pem(certificate))));
    }

    private Map<String, Object> about(Deal deal) {
        Map<String, Object> told = new LinkedHashMap<>();
        synchronized (deal) {
            told.put("appid", app);
            told.put("mchid", merchant);
            told.put("out_trade_no", deal.number);
            String state = deal.state.equals("NOTPAY") && deal.expires.isBefore(time.now()) ? "CLOSED" : deal.state;
            told.put("trade_state", state);
            told.put("trade_state_desc", switch (state) {
                case "SUCCESS" -> "支付成功";
                case "REFUND" -> "转入退款";
                case "CLOSED" -> "已关闭";
                default -> "未支付";
            });
            if (deal.transactionId != null) {
                told.put("transaction_id", deal.transactionId);
                told.put("trade_type", deal.way);
                told.put("bank_type", "OTHERS");
                told.put("attach", "");
                told.put("success_time", RFC3339.format(deal.paidAt));
                told.put("payer", Map.of("openid", deal.openid));
                told.put("amount", Map.of("total", deal.paidFen, "payer_total", deal.paidFen, "currency", "CNY", "payer_currency", "CNY"));
            } else {
                told.put("payer", Map.of());
            }
        }
        return told;
    }

    private Map<String, Object> about(Back back) {
        Map<String, Object> told = new LinkedHashMap<>();
        String status = back.status;
        told.put("refund_id", back.id);
        told.put("out_refund_no", back.number);
        told.put("transaction_id", back.deal.transactionId);
        told.put("out_trade_no", back.deal.number);
        told.put("channel", "ORIGINAL");
        told.put("user_received_account", "支付用户零钱");
        if (status.equals("SUCCESS")) {
            told.put("success_time", RFC3339.format(back.at));
        }
        told.put("create_time", RFC3339.format(back.at));
        told.put("status", status);
        told.put("funds_account", "AVAILABLE");
        told.put("amount", Map.of("total", back.deal.paidFen, "refund", back.fen, "payer_total", back.deal.paidFen, "payer_refund", back.fen,
                "settlement_refund", back.fen, "settlement_total", back.deal.paidFen, "discount_refund", 0, "currency", "CNY"));
        return told;
    }

    private void tell(String number, URI notify, String event, String summary, String type, Map<String, Object> content, boolean now) {
        byte[] body = bytes(notice(event, summary, type, content));
        PayPost.Letter right = right(notify, body);
        if (now) {
            if (!post.once(number, right)) {
                post.send(number, right);
            }
            return;
        }
        boolean again = faults.hits(PayFault.NOTICE_REPLAYED, number);
        List<PayPost.Letter> wrong = new ArrayList<>();
        if (faults.hits(PayFault.NOTICE_FORGED, number)) {
            // with any key but the right one
            wrong.add(() -> letter(notify, body, time.right(), PayKeys.serial(platformCertificate), merchantKey.getPrivate(), ""));
        }
        if (faults.hits(PayFault.SERIAL_UNKNOWN, number)) {
            wrong.add(() -> letter(notify, body, time.right(), "7D0BD1E7A3B5C1F29A60A1E3F1C4DD32A6F4E0B1", platformKey.getPrivate(), ""));
        }
        if (faults.hits(PayFault.SIGNATURE_PROBE, number)) {
            wrong.add(() -> letter(notify, body, time.right(), PayKeys.serial(platformCertificate), platformKey.getPrivate(), "WECHATPAY/SIGNTEST/"));
        }
        post.after(Duration.ZERO, () -> {
            wrong.forEach(letter -> post.once(number, letter));
            if (again) {
                post.once(number, right);
                post.once(number, () -> letter(notify, body, time.right().minus(Duration.ofDays(1)), PayKeys.serial(platformCertificate),
                        platformKey.getPrivate(), ""));
            } else {
                post.send(number, right);
            }
        });
    }

    private Map<String, Object> notice(String event, String summary, String type, Map<String, Object> content) {
        Map<String, Object> notice = new LinkedHashMap<>();
        notice.put("id", UUID.randomUUID().toString());
        notice.put("create_time", RFC3339.format(time.right()));
        notice.put("resource_type", "encrypt-resource");
        notice.put("event_type", event);
        notice.put("summary", summary);
        notice.put("resource", encrypted(type, bytes(content)));
        return notice;
    }

    /** Signed as it is written, with the key that it is the turn of. */
    private PayPost.Letter right(URI notify, byte[] body) {
        return () -> {
            if (noticeKey == NoticeKey.NEXT_CERTIFICATE) {
                return letter(notify, body, time.right(), next.serial(), next.key().getPrivate(), "");
            }
            boolean byKey = noticeKey == NoticeKey.PUBLIC_KEY || noticeKey == NoticeKey.IN_TURN && sequence.incrementAndGet() % 2 == 0;
            return letter(notify, body, time.right(), byKey ? publicKeyId : PayKeys.serial(platformCertificate),
                    (byKey ? publicKey : platformKey).getPrivate(), "");
        };
    }

    private static HttpRequest letter(URI to, byte[] body, Instant at, String serial, PrivateKey key, String before) {
        String timestamp = String.valueOf(at.getEpochSecond());
        String nonce = PayKeys.word(32);
        return HttpRequest.newBuilder(to).timeout(LONGEST_ANSWER).header("Content-Type", "application/json").header("Accept", "*/*")
                .header("User-Agent", "Mozilla/4.0").header("Wechatpay-Serial", serial).header("Wechatpay-Timestamp", timestamp)
                .header("Wechatpay-Nonce", nonce).header("Wechatpay-Signature-Type", SCHEMA)
                .header("Wechatpay-Signature", before + PayKeys.sign(key, message(timestamp, nonce, body)))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body)).build();
    }

    private static byte[] message(String timestamp, String nonce, byte[] body) {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        message.writeBytes(PayKeys.utf8(timestamp + "\n" + nonce + "\n"));
        message.writeBytes(body);
        message.write('\n');
        return message.toByteArray();
    }

    private Answer signed(Request request, int status, Map<String, ?> content) {
        byte[] body = content == null ? new byte[0] : bytes(content);
        boolean byKey = publicKeyId.equals(request.headers().getFirst("Wechatpay-Serial"));
        Certified certified = next == null ? new Certified(platformCertificate, platformKey) : next;
        String timestamp = String.valueOf(time.right().getEpochSecond());
        String nonce = PayKeys.word(32);
        Map<String, String> headers = new LinkedHashMap<>();
        if (content != null) {
            headers.put("Content-Type", "application/json; charset=utf-8");
        }
        headers.put("Request-ID", UUID.randomUUID().toString());
        headers.put("Wechatpay-Serial", byKey ? publicKeyId : certified.serial());
        headers.put("Wechatpay-Timestamp", timestamp);
        headers.put("Wechatpay-Nonce", nonce);
        headers.put("Wechatpay-Signature-Type", SCHEMA);
        headers.put("Wechatpay-Signature", PayKeys.sign((byKey ? publicKey : certified.key()).getPrivate(), message(timestamp, nonce, body)));
        return new Answer(status, headers, body);
    }

    private Map<String, String> encrypted(String about, byte[] content) {
        String nonce = PayKeys.word(12);
        try {
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(PayKeys.utf8(apiKey), "AES"), new GCMParameterSpec(128, PayKeys.utf8(nonce)));
            cipher.updateAAD(PayKeys.utf8(about));
            return Map.of("original_type", about, "algorithm", "AEAD_AES_256_GCM", "associated_data", about, "nonce", nonce, "ciphertext",
                    Base64.getEncoder().encodeToString(cipher.doFinal(content)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    // what a payer does

    @Override
    public void pay(String orderNumber) {
        Deal deal = deals.get(orderNumber);
        if (deal == null) {
            throw new NoSuchElementException("There is no order " + orderNumber + " at the played WeChat Pay.");
        }
        pay(deal, false);
    }

    /**
     * An order that is not opened by a request but is there, and paid: for programs that bring many notices themselves.
     *
     * @return the notice, signed now
     */
    public HttpRequest paid(String orderNumber, String subject, long fen, URI notify) {
        Deal deal = new Deal(orderNumber, "NATIVE", subject, fen, "o" + PayKeys.word(27), notify, time.now().plus(Duration.ofHours(2)));
        deals.put(orderNumber, deal);
        book(deal);
        return right(notify, bytes(notice("TRANSACTION.SUCCESS", "支付成功", "transaction", about(deal)))).write();
    }

    private boolean pay(Deal deal, boolean early) {
        if (!book(deal)) {
            return false;
        }
        tell(deal.number, deal.notify, "TRANSACTION.SUCCESS", "支付成功", "transaction", about(deal), early);
        return true;
    }

    private boolean book(Deal deal) {
        synchronized (deal) {
            if (!deal.state.equals("NOTPAY") || deal.expires.isBefore(time.now())) {
                return false;
            }
            deal.paidFen = faults.hits(PayFault.AMOUNT_WRONG, deal.number) ? deal.fen + 1 : deal.fen;
            deal.paidAt = time.now().truncatedTo(ChronoUnit.SECONDS);
            deal.transactionId = "4200" + id();
            deal.state = "SUCCESS";
            book.add(new Entry(Kind.PAYMENT, deal.paidAt, deal.way, deal.number, deal.transactionId, null, null, deal.paidFen, deal.paidFen,
                    PayBook.fee(deal.paidFen, FEE), deal.subject, deal.openid));
            return true;
        }
    }

    private Answer page(Request request) {
        String path = request.path();
        if (path.equals("/")) {
            return Answer.html(PayPage.orders(Look.WECHAT, deals.values().stream().sorted(Comparator.comparing((Deal deal) -> deal.expires).reversed())
                    .limit(100).map(this::bill).toList()));
        }
        if (path.equals("/connect/oauth2/authorize")) {
            return identified(request);
        }
        if (path.equals("/sns/oauth2/access_token")) {
            return openId(request);
        }
        Deal deal = path.startsWith("/cashier/") ? byPrepay.get(path.substring("/cashier/".length()))
                : path.equals("/cgi-bin/mmpayweb-bin/checkmweb") ? byPrepay.get(request.query().getOrDefault("prepay_id", "")) : null;
        if (deal == null) {
            return Answer.html(PayPage.gone(Look.WECHAT));
        }
        String returnTo = request.query().get("redirect_url");
        if (request.method().equals("POST")) {
            pay(deal, false);
            return Answer.goTo(303, returnTo != null ? returnTo : request.target());
        }
        return Answer.html(PayPage.cashier(Look.WECHAT, new Bill(deal.number, deal.subject, deal.fen, request.target(), isOpen(deal), word(deal)), returnTo));
    }

    /** 网页授权, scope snsapi_base: nobody is asked. Who it is, the browser's cookie says; without it it is always the same one. */
    private Answer identified(Request request) {
        String to = request.query().get("redirect_uri");
        if (!app.equals(request.query().get("appid")) || to == null || !"code".equals(request.query().get("response_type"))
                || !"snsapi_base".equals(request.query().get("scope"))) {
            return Answer.html(PayPage.gone(Look.WECHAT));
        }
        String code = PayKeys.word(32);
        openIds.put(code, "oPlayed-" + request.person());
        return Answer.goTo(302, to + (to.contains("?") ? "&" : "?") + "code=" + code + "&state=" + request.query().getOrDefault("state", ""));
    }

    private Answer openId(Request request) {
        boolean known = app.equals(request.query().get("appid")) && appSecret.equals(request.query().get("secret"))
                && "authorization_code".equals(request.query().get("grant_type"));
        String openId = known ? openIds.remove(request.query().getOrDefault("code", "")) : null;
        Map<String, Object> told = new LinkedHashMap<>();
        if (openId == null) {
            told.put("errcode", known ? 40029 : 40125);
            told.put("errmsg", known ? "invalid code" : "invalid appsecret");
        } else {
            told.put("access_token", PayKeys.word(64));
            told.put("expires_in", 7200);
            told.put("refresh_token", PayKeys.word(64));
            told.put("openid", openId);
            told.put("scope", "snsapi_base");
        }
        // as the platform does, JSON that is called text
        return new Answer(200, Map.of("Content-Type", "text/plain"), bytes(told));
    }

    private Bill bill(Deal deal) {
        return new Bill(deal.number, deal.subject, deal.fen, "/cashier/" + deal.prepayId, isOpen(deal), word(deal));
    }

    private boolean isOpen(Deal deal) {
        return deal.state.equals("NOTPAY") && deal.expires.isAfter(time.now());
    }

    private String word(Deal deal) {
        return (String) about(deal).get("trade_state_desc");
    }

    private String id() {
        return "%s%015d".formatted(DateTimeFormatter.BASIC_ISO_DATE.format(PayTime.day(time.now())), sequence.incrementAndGet());
    }

    private static Instant instant(String rfc3339, Instant otherwise) throws Refused {
        try {
            return rfc3339 == null ? otherwise : OffsetDateTime.parse(rfc3339).toInstant();
        } catch (DateTimeException e) {
            throw new Refused(400, "PARAM_ERROR", "time_expire格式错误");
        }
    }

    private static URI uri(String address) throws Refused {
        try {
            URI uri = URI.create(address);
            if (uri.isAbsolute() && uri.getRawQuery() == null) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            // as below
        }
        throw new Refused(400, "PARAM_ERROR", "notify_url格式错误");
    }

    private byte[] bytes(Map<String, ?> content) {
        try {
            return json.writeValueAsBytes(content);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String sha1(byte[] file) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(file));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] packed(byte[] file) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return packed.toByteArray();
    }

    @Override
    public void close() {
        post.close();
        http.close();
        // once, or two others have the same
        if (!closed.getAndSet(true)) {
            PayKeys.giveBack(merchantKey, platformKey, publicKey);
            if (next != null) {
                PayKeys.giveBack(next.key());
            }
        }
    }
}
