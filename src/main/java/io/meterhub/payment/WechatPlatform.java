package io.meterhub.payment;

import com.github.binarywang.wxpay.bean.request.WxPayApplyFundFlowBillV3Request;
import com.github.binarywang.wxpay.bean.request.WxPayApplyTradeBillV3Request;
import com.github.binarywang.wxpay.bean.request.WxPayRefundV3Request;
import com.github.binarywang.wxpay.bean.request.WxPayUnifiedOrderV3Request;
import com.github.binarywang.wxpay.bean.result.WxPayApplyBillV3Result;
import com.github.binarywang.wxpay.bean.result.WxPayOrderQueryV3Result;
import com.github.binarywang.wxpay.bean.result.WxPayRefundQueryV3Result;
import com.github.binarywang.wxpay.bean.result.WxPayRefundV3Result;
import com.github.binarywang.wxpay.bean.result.WxPayUnifiedOrderV3Result;
import com.github.binarywang.wxpay.bean.result.enums.TradeTypeEnum;
import com.github.binarywang.wxpay.exception.WxPayException;
import com.github.binarywang.wxpay.service.WxPayService;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.springframework.core.NestedExceptionUtils;

/** WeChat Pay, API v3, by WxJava. */
final class WechatPlatform implements Platform {

    /** Where its notices come in. */
    static final String NOTICES = "/payment/notices/wechat";

    private static final ZoneId ZONE = ZoneId.of("Asia/Shanghai");
    private static final DateTimeFormatter RFC3339 = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ssXXX");
    /**
     * Of what is asked for or of the merchant, so that such an order never is there; believed when a query says that it is not. All others tell of
     * an order that may be there (OUT_TRADE_NO_USED, ORDER_CLOSED, TRADE_ERROR), of the moment, or of nothing that is known.
     */
    private static final Set<String> REFUSALS = Set.of("PARAM_ERROR", "NO_AUTH", "NOAUTH", "APPID_MCHID_NOT_MATCH", "MCH_NOT_EXISTS", "OPENID_MISMATCH");
    /** Of this very refund, so that it never is done; believed when a query says that it is not there. */
    private static final Set<String> REFUND_REFUSALS = Set.of("PARAM_ERROR", "INVALID_REQUEST", "RESOURCE_NOT_EXISTS", "USER_ACCOUNT_ABNORMAL");

    private interface Question<T> {

        T ask() throws WxPayException;
    }

    private final WechatSettings settings;
    private final WechatConnection connection;
    private final WechatKeys keys;
    private final HubAddress hub;
    private final WxPayService service;

    WechatPlatform(WechatSettings settings, WechatConnection connection, WechatKeys keys, HubAddress hub) {
        this.settings = settings;
        this.connection = connection;
        this.keys = keys;
        this.hub = hub;
        this.service = connection.service();
    }

    @Override
    public Channel channel() {
        return Channel.WECHAT;
    }

    @Override
    public boolean offers(Way way) {
        return way.channel() == Channel.WECHAT && settings.ways().contains(way);
    }

    @Override
    public Payee payee(Way way) {
        return new Payee(settings.merchant(), settings.app());
    }

    @Override
    public Opening open(Ask ask) {
        WxPayUnifiedOrderV3Request request = new WxPayUnifiedOrderV3Request();
        request.setDescription(ask.subject(127)).setOutTradeNo(ask.number())
                .setTimeExpire(ask.expiresAt().truncatedTo(ChronoUnit.SECONDS).atZone(ZONE).format(RFC3339))
                .setNotifyUrl(hub.of(NOTICES).toString());
        WxPayUnifiedOrderV3Request.Amount amount = new WxPayUnifiedOrderV3Request.Amount();
        amount.setTotal(fen(ask.amountYuan()));
        amount.setCurrency("CNY");
        request.setAmount(amount);
        TradeTypeEnum type = switch (ask.way()) {
            case WECHAT_JSAPI -> {
                WxPayUnifiedOrderV3Request.Payer payer = new WxPayUnifiedOrderV3Request.Payer();
                payer.setOpenid(ask.payer());
                request.setPayer(payer);
                yield TradeTypeEnum.JSAPI;
            }
            case WECHAT_NATIVE -> TradeTypeEnum.NATIVE;
            case WECHAT_H5 -> {
                WxPayUnifiedOrderV3Request.H5Info scene = new WxPayUnifiedOrderV3Request.H5Info();
                scene.setType("Wap");
                WxPayUnifiedOrderV3Request.SceneInfo info = new WxPayUnifiedOrderV3Request.SceneInfo();
                info.setPayerClientIp(ask.address());
                info.setH5Info(scene);
                request.setSceneInfo(info);
                yield TradeTypeEnum.H5;
            }
            default -> throw new IllegalArgumentException(ask.way() + " is no way of WeChat Pay");
        };
        try {
            WxPayUnifiedOrderV3Result opened = asked(() -> service.unifiedOrderV3(type, request));
            return switch (type) {
                case JSAPI -> new Opening.Opened(null, null, forBrowser(opened));
                case NATIVE -> new Opening.Opened(opened.getCodeUrl(), null, Map.of());
                default -> new Opening.Opened(null, ask.returnTo() == null ? opened.getH5Url() : opened.getH5Url() + "&redirect_url="
                        + URLEncoder.encode(ask.returnTo(), StandardCharsets.UTF_8), Map.of());
            };
        } catch (WxPayException e) {
            // what is refused now may be the repeat of one that was taken
            return REFUSALS.contains(code(e)) && find(ask.number()) instanceof Found.NotThere ? new Opening.Refused(code(e), e.getErrCodeDes())
                    : new Opening.Unknown(why(e));
        } catch (RuntimeException e) {
            return new Opening.Unknown(why(e));
        }
    }

    private Map<String, String> forBrowser(WxPayUnifiedOrderV3Result opened) {
        WxPayUnifiedOrderV3Result.JsapiResult signed = opened.getPayInfo(TradeTypeEnum.JSAPI, settings.app(), settings.merchant(), keys.privateKey());
        Map<String, String> parameters = new LinkedHashMap<>();
        parameters.put("appId", signed.getAppId());
        parameters.put("timeStamp", signed.getTimeStamp());
        parameters.put("nonceStr", signed.getNonceStr());
        parameters.put("package", signed.getPackageValue());
        parameters.put("signType", signed.getSignType());
        parameters.put("paySign", signed.getPaySign());
        return parameters;
    }

    @Override
    public Found find(String orderNumber) {
        try {
            WxPayOrderQueryV3Result found = asked(() -> service.queryOrderV3(null, orderNumber));
            if (!orderNumber.equals(found.getOutTradeNo())) {
                return new Found.Unknown("the answer is about another order");
            }
            return switch (String.valueOf(found.getTradeState())) {
                case "SUCCESS", "REFUND" -> new Found.Payment(new Paid(Channel.WECHAT, found.getTransactionId(), orderNumber,
                        yuan(found.getAmount().getTotal()), found.getAmount().getCurrency(), found.getMchid(), found.getAppid(),
                        instant(found.getSuccessTime()), found.getPayer() == null ? null : found.getPayer().getOpenid(),
                        // how much of it, and by which refund, the platform does not say
                        found.getTradeState().equals("REFUND")));
                case "NOTPAY", "USERPAYING", "ACCEPT", "PAYERROR" -> new Found.Waiting();
                case "CLOSED", "REVOKED" -> new Found.Closed();
                default -> new Found.Unknown("the state " + found.getTradeState());
            };
        } catch (WxPayException e) {
            return code(e).equals("ORDER_NOT_EXIST") || code(e).equals("ORDERNOTEXIST") ? new Found.NotThere() : new Found.Unknown(why(e));
        } catch (RuntimeException e) {
            return new Found.Unknown(why(e));
        }
    }

    @Override
    public Closing close(String orderNumber) {
        try {
            asked(() -> {
                service.closeOrderV3(orderNumber);
                return null;
            });
            return new Closing.Closed();
        } catch (WxPayException e) {
            return switch (code(e)) {
                case "ORDER_CLOSED", "ORDERCLOSED" -> new Closing.Closed();
                case "ORDER_NOT_EXIST", "ORDERNOTEXIST" -> new Closing.NotThere();
                case "ORDERPAID", "ORDER_PAID" -> new Closing.WasPaid();
                default -> new Closing.Unknown(why(e));
            };
        } catch (RuntimeException e) {
            return new Closing.Unknown(why(e));
        }
    }

    @Override
    public Returning giveBack(Return asked) {
        WxPayRefundV3Request request = new WxPayRefundV3Request();
        request.setTransactionId(asked.transactionId()).setOutRefundNo(asked.refundNumber()).setReason(asked.why(80))
                .setNotifyUrl(hub.of(NOTICES).toString());
        WxPayRefundV3Request.Amount amount = new WxPayRefundV3Request.Amount();
        amount.setRefund(fen(asked.amountYuan()));
        amount.setTotal(fen(asked.paidYuan()));
        amount.setCurrency("CNY");
        request.setAmount(amount);
        try {
            WxPayRefundV3Result taken = asked(() -> service.refundV3(request));
            return returning(taken.getStatus(), taken.getRefundId(), taken.getAmount().getRefund(), taken.getSuccessTime());
        } catch (WxPayException e) {
            if (!REFUND_REFUSALS.contains(code(e))) {
                return new Returning.Unknown(why(e));
            }
            // what is refused now may be the repeat of one that was taken
            Returning known = findReturn(asked.orderNumber(), asked.refundNumber());
            return known instanceof Returning.NotThere ? new Returning.Refused(code(e), e.getErrCodeDes()) : known;
        } catch (RuntimeException e) {
            return new Returning.Unknown(why(e));
        }
    }

    @Override
    public Returning findReturn(String orderNumber, String refundNumber) {
        try {
            WxPayRefundQueryV3Result found = asked(() -> service.refundQueryV3(refundNumber));
            if (!refundNumber.equals(found.getOutRefundNo())) {
                return new Returning.Unknown("the answer is about another refund");
            }
            return returning(found.getStatus(), found.getRefundId(), found.getAmount().getRefund(), found.getSuccessTime());
        } catch (WxPayException e) {
            return code(e).equals("RESOURCE_NOT_EXISTS") ? new Returning.NotThere() : new Returning.Unknown(why(e));
        } catch (RuntimeException e) {
            return new Returning.Unknown(why(e));
        }
    }

    /** An abnormal one is not over: the merchant pays it back by hand on the platform's own page. */
    static Returning returning(String status, String refundId, int fen, String successTime) {
        return switch (String.valueOf(status)) {
            case "SUCCESS" -> new Returning.Done(refundId, yuan(fen), instant(successTime));
            case "PROCESSING" -> new Returning.Working(refundId, null);
            case "ABNORMAL" -> new Returning.Working(refundId, Returning.Working.ABNORMAL + ": the payer's account or card takes no money");
            case "CLOSED" -> new Returning.Refused("CLOSED", "The platform closed the refund.");
            default -> new Returning.Unknown("the state " + status);
        };
    }

    @Override
    public Billed bill(BillKind kind, LocalDate day) {
        try {
            WxPayApplyBillV3Result told = asked(() -> kind == BillKind.TRADE ? service.applyTradeBill(trade(day))
                    : service.applyFundFlowBill(funds(day)));
            URI at = URI.create(told.getDownloadUrl());
            if (at.getHost() == null || !at.getHost().endsWith(".mch.weixin.qq.com")) {
                return new Billed.Unknown("the bill lies at another host");
            }
            byte[] file;
            try (InputStream packed = service.downloadBill(at.toString())) {
                file = new GZIPInputStream(packed).readAllBytes();
            }
            String hash = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(file));
            if (!hash.equalsIgnoreCase(told.getHashValue())) {
                return new Billed.Unknown("the file's hash is not the one that was told");
            }
            return new Billed.Bill("wechat-" + kind.name().toLowerCase() + "-" + day + ".csv", file);
        } catch (WxPayException e) {
            return switch (code(e)) {
                case "NO_STATEMENT_EXIST" -> new Billed.Nothing();
                case "STATEMENT_CREATING" -> new Billed.NotYet();
                default -> new Billed.Unknown(why(e));
            };
        } catch (IOException | GeneralSecurityException | RuntimeException e) {
            return new Billed.Unknown(why(e));
        }
    }

    private static WxPayApplyTradeBillV3Request trade(LocalDate day) {
        WxPayApplyTradeBillV3Request request = new WxPayApplyTradeBillV3Request();
        request.setBillDate(day.toString());
        request.setBillType("ALL");
        request.setTarType("GZIP");
        return request;
    }

    private static WxPayApplyFundFlowBillV3Request funds(LocalDate day) {
        WxPayApplyFundFlowBillV3Request request = new WxPayApplyFundFlowBillV3Request();
        request.setBillDate(day.toString());
        request.setAccountType("BASIC");
        request.setTarType("GZIP");
        return request;
    }

    /** Asks, and asks again where it was refused for its time, as the refusal tells the right one. */
    private <T> T asked(Question<T> question) throws WxPayException {
        Duration before = connection.off();
        try {
            return question.ask();
        } catch (WxPayException e) {
            if (isUnauthorized(e) && connection.off().minus(before).abs().compareTo(Duration.ofMinutes(1)) > 0) {
                return question.ask();
            }
            throw e;
        }
    }

    /** Such an answer may come without a signature. */
    private static boolean isUnauthorized(WxPayException e) {
        return code(e).equals("SIGN_ERROR") || unsigned(e).filter(answer -> answer.status() == 401).isPresent();
    }

    private static Optional<WechatConnection.Unsigned> unsigned(Exception e) {
        return NestedExceptionUtils.getMostSpecificCause(e) instanceof WechatConnection.Unsigned answer ? Optional.of(answer) : Optional.empty();
    }

    private static int fen(BigDecimal yuan) {
        return yuan.movePointRight(2).intValueExact();
    }

    static BigDecimal yuan(long fen) {
        return BigDecimal.valueOf(fen, 2);
    }

    static Instant instant(String rfc3339) {
        return OffsetDateTime.parse(rfc3339).toInstant();
    }

    private static String code(WxPayException e) {
        return String.valueOf(e.getErrCode());
    }

    private static String why(Exception e) {
        return e instanceof WxPayException refused && refused.getErrCode() != null ? refused.getErrCode() + ": " + refused.getErrCodeDes()
                : unsigned(e).map(Exception::getMessage).orElseGet(() -> e.getClass().getSimpleName() + ": " + e.getMessage());
    }
}
