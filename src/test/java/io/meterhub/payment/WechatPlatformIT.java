package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import io.meterhub.payment.Platform.BillKind;
import io.meterhub.payment.Platform.Billed;
import io.meterhub.payment.Platform.Closing;
import io.meterhub.payment.Platform.Found;
import io.meterhub.payment.Platform.Opening;
import io.meterhub.payment.Platform.Paid;
import io.meterhub.payment.Platform.Return;
import io.meterhub.payment.Platform.Returning;
import io.meterhub.simulator.PayDelivery;
import io.meterhub.simulator.PayFault;
import io.meterhub.simulator.PayTime;
import io.meterhub.simulator.WechatPlatformServer;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each call of the real SDK against the played platform, signatures on; and each fault at the door. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WechatPlatformIT {

    private WechatRoom room;

    @BeforeAll
    void open() {
        room = new WechatRoom();
    }

    @AfterAll
    void close() throws Exception {
        room.close();
    }

    @AfterEach
    void mend() {
        room.server.faults().clear();
        room.server.time().skew(Duration.ZERO);
        room.server.noticeKey(WechatPlatformServer.NoticeKey.IN_TURN);
    }

    @Test
    void anOrderIsOpenedInEachWay() {
        String scanned = WechatRoom.number();
        assertThat(room.platform.open(WechatRoom.ask(scanned, Way.WECHAT_NATIVE, "0.01")))
                .isInstanceOfSatisfying(Opening.Opened.class, opened -> assertThat(opened.code()).startsWith("weixin://wxpay/bizpayurl?pr="));
        assertThat(room.platform.open(WechatRoom.ask(WechatRoom.number(), Way.WECHAT_JSAPI, "100.00")))
                .isInstanceOfSatisfying(Opening.Opened.class, opened -> assertThat(opened.parameters())
                        .containsOnlyKeys("appId", "timeStamp", "nonceStr", "package", "signType", "paySign").containsEntry("signType", "RSA")
                        .satisfies(this::isSignedByTheMerchant));
        assertThat(room.platform.open(WechatRoom.ask(WechatRoom.number(), Way.WECHAT_H5, "9.90")))
                .isInstanceOfSatisfying(Opening.Opened.class, opened -> assertThat(opened.address()).contains("prepay_id=wx").contains("redirect_url=http%3A"));
        // the same again is the same; another under its number is not
        assertThat(room.platform.open(WechatRoom.ask(scanned, Way.WECHAT_NATIVE, "0.01"))).isInstanceOf(Opening.Opened.class);
        assertThat(room.platform.open(WechatRoom.ask(scanned, Way.WECHAT_NATIVE, "0.02"))).as("the order is there").isInstanceOf(Opening.Unknown.class);
        assertThat(room.platform.open(WechatRoom.ask("SHORT", Way.WECHAT_NATIVE, "0.02"))).isInstanceOf(Opening.Refused.class);
    }

    /** As WeChat's browser looks at it. */
    private void isSignedByTheMerchant(Map<String, String> parameters) {
        String message = Stream.of("appId", "timeStamp", "nonceStr", "package").map(name -> parameters.get(name) + "\n").collect(Collectors.joining());
        X509Certificate merchant = Keys.certificate("the merchant's", (String) room.server.settings().get("meterhub.payment.wechat.certificate"));
        assertThat(WechatKeys.isSigned(merchant.getPublicKey(), message.getBytes(StandardCharsets.UTF_8), parameters.get("paySign"))).isTrue();
        assertThat(parameters.get("package")).startsWith("prepay_id=wx");
    }

    @Test
    void aPaymentIsToldAndFound() {
        String number = room.opened("88.80");
        assertThat(room.platform.find(number)).isInstanceOf(Found.Waiting.class);
        room.server.pay(number);
        Paid told = told(number);
        assertThat(told.amountYuan()).isEqualByComparingTo("88.80");
        assertThat(told.currency()).isEqualTo("CNY");
        assertThat(room.platform.find(number)).isEqualTo(new Found.Payment(told));
        assertThat(room.platform.close(number)).isInstanceOf(Closing.WasPaid.class);
        assertThat(room.server.deliveries(number)).extracting(PayDelivery::status).containsExactly(204);
    }

    @Test
    void aPersonPaysOnTheCashiersPage() throws Exception {
        String number = WechatRoom.number();
        String address = ((Opening.Opened) room.platform.open(WechatRoom.ask(number, Way.WECHAT_H5, "20.00"))).address();
        HttpClient browser = HttpClient.newHttpClient();
        String page = browser.send(HttpRequest.newBuilder(URI.create(address)).build(), HttpResponse.BodyHandlers.ofString()).body();
        assertThat(page).contains("¥20.00").contains(number).contains("id=\"pay\"");
        HttpResponse<String> pressed = browser.send(HttpRequest.newBuilder(URI.create(address)).POST(HttpRequest.BodyPublishers.noBody()).build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(pressed.statusCode()).isEqualTo(303);
        assertThat(pressed.headers().firstValue("Location")).contains("http://127.0.0.1/back?order=" + number);
        assertThat(told(number).amountYuan()).isEqualByComparingTo("20");
    }

    @Test
    void aClosedOrderCannotBePaid() {
        String number = room.opened("5.00");
        assertThat(room.platform.close(number)).isInstanceOf(Closing.Closed.class);
        room.server.pay(number);
        assertThat(room.platform.find(number)).isInstanceOf(Found.Closed.class);
        assertThat(room.platform.close("NEVERTHERE01")).isInstanceOf(Closing.NotThere.class);
        assertThat(room.platform.find("NEVERTHERE01")).isInstanceOf(Found.NotThere.class);
    }

    @Test
    void moneyIsGivenBackOnceAndNeverMoreThanWasPaid() {
        String number = room.opened("10.00");
        room.server.pay(number);
        Paid paid = told(number);
        Return part = new Return(number, paid.transactionId(), number + "R1", new BigDecimal("4.00"), new BigDecimal("10.00"), "读错表");
        assertThat(room.platform.findReturn(number, number + "R1")).isInstanceOf(Returning.NotThere.class);
        assertThat(room.platform.giveBack(part)).isInstanceOfAny(Returning.Working.class, Returning.Done.class);
        assertThat(room.platform.giveBack(part)).isInstanceOfAny(Returning.Working.class, Returning.Done.class);
        await().untilAsserted(() -> assertThat(room.platform.findReturn(number, number + "R1")).isInstanceOfSatisfying(Returning.Done.class,
                done -> assertThat(done.amountYuan()).isEqualByComparingTo("4")));
        await().untilAsserted(() -> assertThat(room.taken).anySatisfy(notice -> assertThat(notice).isInstanceOfSatisfying(Notice.Refund.class, refund -> {
            assertThat(refund.refundNumber()).isEqualTo(number + "R1");
            assertThat(refund.outcome()).isInstanceOf(Returning.Done.class);
        })));
        assertThat(room.platform.giveBack(new Return(number, paid.transactionId(), number + "R2", new BigDecimal("6.01"), new BigDecimal("10.00"), "too much")))
                .isInstanceOf(Returning.Refused.class);
        room.server.faults().once(PayFault.REFUND_UNKNOWN);
        Return rest = new Return(number, paid.transactionId(), number + "R3", new BigDecimal("6.00"), new BigDecimal("10.00"), "rest");
        assertThat(room.platform.giveBack(rest)).isInstanceOf(Returning.Unknown.class);
        assertThat(room.platform.giveBack(rest)).isInstanceOfAny(Returning.Working.class, Returning.Done.class);
        assertThat(room.platform.find(number)).isInstanceOfSatisfying(Found.Payment.class, found -> {
            assertThat(found.paid().givenBack()).isTrue();
            assertThat(found.paid().transactionId()).isEqualTo(paid.transactionId());
        });
    }

    /** As the platform's own page gives it back, or anybody else with the merchant's account. */
    @Test
    void whatWasGivenBackThereIsToldSo() {
        String number = room.opened("10.00");
        room.server.pay(number);
        assertThat(told(number).givenBack()).isFalse();
        room.server.giveBack(number, 1);
        assertThat(room.platform.find(number)).isInstanceOfSatisfying(Found.Payment.class, found -> assertThat(found.paid().givenBack()).isTrue());
    }

    /** An order that is there is never refused, whatever a repeat of its opening is told. */
    @ParameterizedTest
    @CsvSource({"403, OUT_TRADE_NO_USED, false", "403, TRADE_ERROR, false", "400, ORDER_CLOSED, false", "400, ORDERPAID, false", "400, INVALID_REQUEST, false",
            "403, RULE_LIMIT, false", "500, SYSTEM_ERROR, false", "400, NEVER_HEARD_OF, false", "400, PARAM_ERROR, true", "403, NO_AUTH, true",
            "400, APPID_MCHID_NOT_MATCH, true"})
    void onlyCodesOfTheRequestItselfRefuseAnOrder(int status, String code, boolean refuses) {
        room.server.refuse(status, code);
        assertThat(room.platform.open(WechatRoom.ask(WechatRoom.number(), Way.WECHAT_NATIVE, "1.00")))
                .isInstanceOf(refuses ? Opening.Refused.class : Opening.Unknown.class);
        String there = room.opened("1.00");
        room.server.refuse(status, code);
        assertThat(room.platform.open(WechatRoom.ask(there, Way.WECHAT_NATIVE, "1.00"))).isInstanceOf(Opening.Unknown.class);
    }

    @ParameterizedTest
    @CsvSource({"403, NOT_ENOUGH, false", "403, NO_AUTH, false", "404, MCH_NOT_EXISTS, false", "429, FREQUENCY_LIMITED, false", "500, SYSTEM_ERROR, false",
            "400, NEVER_HEARD_OF, false", "400, INVALID_REQUEST, true", "403, USER_ACCOUNT_ABNORMAL, true"})
    void onlyCodesOfThisRefundEndIt(int status, String code, boolean ends) {
        String number = room.opened("2.00");
        room.server.pay(number);
        Return back = new Return(number, told(number).transactionId(), number + "R", new BigDecimal("1.00"), new BigDecimal("2.00"), "wrong meter");
        room.server.refuse(status, code);
        assertThat(room.platform.giveBack(back)).isInstanceOf(ends ? Returning.Refused.class : Returning.Unknown.class);
        assertThat(room.platform.giveBack(back)).isInstanceOfAny(Returning.Working.class, Returning.Done.class);
        room.server.refuse(status, code);
        assertThat(room.platform.giveBack(back)).as("it is there").isNotInstanceOf(Returning.Refused.class);
    }

    @Test
    void aLongReasonIsCutToWhatThePlatformTakes() {
        String number = room.opened("2.00");
        room.server.pay(number);
        assertThat(room.platform.giveBack(new Return(number, told(number).transactionId(), number + "R", new BigDecimal("1.00"), new BigDecimal("2.00"),
                "表读错了😀".repeat(40)))).isInstanceOfAny(Returning.Working.class, Returning.Done.class);
    }

    /** Whatever its status and its words: an answer that the platform did not sign says nothing. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"404|application/json|{\"code\":\"ORDER_NOT_EXIST\",\"message\":\"no\"}", "400|application/json|{\"code\":\"PARAM_ERROR\",\"message\":\"no\"}",
            "400|application/json|{\"code\":\"ORDERPAID\",\"message\":\"no\"}", "400|application/json|{\"code\":\"ORDER_CLOSED\",\"message\":\"no\"}",
            "404|application/json|{\"code\":\"RESOURCE_NOT_EXISTS\",\"message\":\"no\"}", "400|application/json|{\"code\":\"NO_STATEMENT_EXIST\",\"message\":\"no\"}",
            "401|application/json|{\"code\":\"SIGN_ERROR\",\"message\":\"no\"}", "200|text/html|{\"out_trade_no\":\"UNSIGNED0001\",\"trade_state\":\"CLOSED\"}",
            "200|text/plain|{\"out_refund_no\":\"UNSIGNED0001\",\"status\":\"CLOSED\"}", "200|text/plain|{\"code_url\":\"weixin://wxpay/bizpayurl?pr=x\"}",
            "204||", "502|text/html|<html>"})
    void whatThePlatformDidNotSignIsNoAnswer(int status, String type, String body) throws Exception {
        HttpServer somebody = somebody(exchange -> {
            byte[] answer = body == null ? new byte[0] : body.getBytes(StandardCharsets.UTF_8);
            if (type != null) {
                exchange.getResponseHeaders().set("Content-Type", type);
            }
            exchange.sendResponseHeaders(status, answer.length == 0 ? -1 : answer.length);
            exchange.getResponseBody().write(answer);
        });
        try (WechatRoom deceived = askingAt(somebody)) {
            String number = "UNSIGNED0001";
            assertThat(deceived.platform.open(WechatRoom.ask(number, Way.WECHAT_NATIVE, "1.00"))).isInstanceOf(Opening.Unknown.class);
            assertThat(deceived.platform.find(number)).isInstanceOfSatisfying(Found.Unknown.class, found -> assertThat(found.why()).contains("not signed"));
            assertThat(deceived.platform.close(number)).isInstanceOf(Closing.Unknown.class);
            assertThat(deceived.platform.giveBack(new Return(number, "4200", number, BigDecimal.ONE, BigDecimal.ONE, "why"))).isInstanceOf(Returning.Unknown.class);
            assertThat(deceived.platform.findReturn(number, number)).isInstanceOf(Returning.Unknown.class);
            assertThat(deceived.platform.bill(BillKind.TRADE, LocalDate.now())).isInstanceOf(Billed.Unknown.class);
        } finally {
            somebody.stop(0);
        }
    }

    /** Encrypted for another merchant, or the key in the settings is a wrong one: it comes again, until that is mended. */
    @Test
    void whatCannotBeDecryptedIsNotTaken() throws Exception {
        try (WechatRoom other = new WechatRoom(room.server, Map.of("api-key", "another-key-of-32-characters-012"))) {
            other.server.noticeKey(WechatPlatformServer.NoticeKey.PUBLIC_KEY);
            String number = other.opened("3.00");
            other.server.pay(number);
            await().untilAsserted(() -> assertThat(other.server.deliveries(number)).isNotEmpty().allMatch(each -> each.status() == 500));
            assertThat(other.taken).isEmpty();
        }
    }

    @Test
    void withoutAnyOneOfItsHeadersAndWithAnyOtherBodyANoticeIsRefused() {
        String number = room.opened("3.00");
        room.server.pay(number);
        told(number);
        WechatRoom.Heard heard = room.heard.get(room.heard.size() - 1);
        List<String> names = List.of("Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial");
        assertThat(answer(names.stream().map(heard.headers()::getFirst).toList(), heard.body())).isEqualTo(204);
        for (int i = 0; i < names.size(); i++) {
            List<String> less = new ArrayList<>(names.stream().map(heard.headers()::getFirst).toList());
            less.set(i, null);
            assertThat(answer(less, heard.body())).as("without " + names.get(i)).isEqualTo(400);
            less.set(i, "1" + heard.headers().getFirst(names.get(i)));
            assertThat(answer(less, heard.body())).as("another " + names.get(i)).isEqualTo(401);
        }
        List<String> all = names.stream().map(heard.headers()::getFirst).toList();
        byte[] other = heard.body().clone();
        other[other.length - 1]++;
        assertThat(answer(all, other)).isEqualTo(401);
        assertThat(answer(all, new byte[0])).isEqualTo(400);
    }

    private int answer(List<String> headers, byte[] body) {
        try {
            room.door.read(headers.get(0), headers.get(1), headers.get(2), headers.get(3), body);
            return 204;
        } catch (NoticeRefused refused) {
            return refused.getStatus();
        }
    }

    @ParameterizedTest
    @CsvSource({"-4, 204", "4, 204", "-6, 401", "6, 401"})
    void aTimeMayBeFiveMinutesOff(int minutes, int status) {
        String number = room.opened("3.00");
        room.server.time().skew(Duration.ofMinutes(minutes));
        room.server.pay(number);
        await().untilAsserted(() -> assertThat(room.server.deliveries(number)).isNotEmpty());
        assertThat(room.server.deliveries(number).get(0).status()).isEqualTo(status);
    }

    /** Even where everything is written that anybody has to say. */
    @Test
    void noKeyReachesALog() throws Exception {
        try (AllLogs logs = new AllLogs(); WechatRoom stranger = new WechatRoom(room.server, Map.of("api-key", "another-key-of-32-characters-012"))) {
            String number = room.opened("3.00");
            room.server.pay(number);
            room.platform.giveBack(new Return(number, told(number).transactionId(), number + "R", BigDecimal.ONE, new BigDecimal("3.00"), "why"));
            room.platform.close(number);
            room.platform.bill(BillKind.TRADE, LocalDate.now());
            stranger.platform.find(number);
            room.server.refuse(401, "SIGN_ERROR");
            room.platform.find(number);
            assertThat(logs.lines()).anyMatch(line -> line.contains(number));
            List<String> secrets = AllLogs.secrets(room.server.settings());
            assertThat(secrets).hasSize(3);
            assertThat(logs.lines()).noneMatch(line -> secrets.stream().anyMatch(line::contains) || line.contains("another-key-of-32-characters-012"));
        }
    }

    private static HttpServer somebody(HttpHandler handler) throws IOException {
        HttpServer somebody = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        somebody.createContext("/", exchange -> {
            try (exchange) {
                handler.handle(exchange);
            }
        });
        somebody.start();
        return somebody;
    }

    private WechatRoom askingAt(HttpServer other) {
        return new WechatRoom(room.server, Map.of("address", "http://played.mch.weixin.qq.com:" + other.getAddress().getPort()));
    }

    /** A refusal for its time may come without a signature. It is believed in nothing but the time that the next try is signed with. */
    @Test
    void whatIsRefusedForItsTimeIsAskedOnceMoreWithThePlatformsTime() throws Exception {
        long ahead = Instant.now().plus(Duration.ofHours(1)).getEpochSecond();
        List<String> asked = new CopyOnWriteArrayList<>();
        HttpServer somebody = somebody(exchange -> {
            asked.add(exchange.getRequestHeaders().getFirst("Authorization").replaceAll(".*timestamp=\"(\\d+)\".*", "$1"));
            exchange.getResponseHeaders().set("Wechatpay-Timestamp", String.valueOf(ahead));
            exchange.sendResponseHeaders(401, -1);
        });
        try (WechatRoom late = askingAt(somebody)) {
            assertThat(late.platform.find("UNSIGNED0002")).isInstanceOf(Found.Unknown.class);
            assertThat(asked).hasSize(2);
            assertThat(Long.parseLong(asked.get(1))).isBetween(ahead, ahead + 60);
        } finally {
            somebody.stop(0);
        }
    }

    @Test
    void noAnswerIsUnknown() {
        String number = room.opened("1.00");
        room.server.faults().once(PayFault.QUERY_TIMES_OUT);
        assertThat(room.platform.find(number)).isInstanceOf(Found.Unknown.class);
        assertThat(room.platform.find(number)).isInstanceOf(Found.Waiting.class);
    }

    /** The connection stays, and nothing comes by it, be it after the first half of a file. */
    @Test
    @Timeout(20)
    void whoKeepsTheHubWaitingHasNotAnswered() throws Exception {
        try (WechatRoom own = new WechatRoom(Map.of("answer-timeout", "500ms"))) {
            String number = own.opened("7.00");
            own.server.pay(number);
            own.server.faults().once(PayFault.QUERY_HANGS);
            assertThat(own.platform.find(number)).isInstanceOf(Found.Unknown.class);
            assertThat(own.platform.find(number)).isInstanceOf(Found.Payment.class);
            LocalDate day = LocalDate.now(PayTime.ZONE);
            own.server.time().pass(Duration.ofHours(36));
            own.server.faults().once(PayFault.BILL_STALLS);
            assertThat(own.platform.bill(BillKind.TRADE, day)).isInstanceOf(Billed.Unknown.class);
            assertThat(own.platform.bill(BillKind.TRADE, day)).isInstanceOf(Billed.Bill.class);
        }
    }

    /** What is answered to each copy that comes, in their order, and whether the payment is known in the end. */
    @ParameterizedTest
    @CsvSource({"NOTICE_LOST, ''", "NOTICE_LATE, 204", "NOTICE_TWICE, 204 204", "NOTICE_EARLY, 204", "NOTICE_FORGED, 401 204",
            "NOTICE_REPLAYED, 204 401", "SERIAL_UNKNOWN, 401 204", "SIGNATURE_PROBE, 401 204", "NOTICE_OUT_OF_ORDER, 204", "AMOUNT_WRONG, 204"})
    void eachFaultIsAnsweredAsTheDocumentsWantIt(PayFault fault, String answers) {
        room.server.faults().once(fault);
        String number = room.opened("3.00");
        if (fault != PayFault.NOTICE_EARLY) {
            room.server.pay(number);
        }
        List<Integer> wanted = Arrays.stream(answers.split(" ")).filter(each -> !each.isEmpty()).map(Integer::valueOf).toList();
        await().untilAsserted(() -> assertThat(room.server.deliveries(number)).extracting(PayDelivery::status).containsExactlyElementsOf(wanted));
        assertThat(room.platform.find(number)).isInstanceOfSatisfying(Found.Payment.class, found ->
                assertThat(found.paid().amountYuan()).isEqualByComparingTo(fault == PayFault.AMOUNT_WRONG ? "3.01" : "3.00"));
    }

    @Test
    void fiftyAtOnceAreAllAnswered() {
        room.server.faults().once(PayFault.NOTICE_FIFTY);
        String number = room.opened("3.00");
        room.server.pay(number);
        await().untilAsserted(() -> assertThat(room.server.deliveries(number)).hasSize(50).allMatch(PayDelivery::taken));
    }

    @ParameterizedTest
    @CsvSource({"CERTIFICATE", "PUBLIC_KEY"})
    void bothKeysOfAChangeOverAreBelieved(WechatPlatformServer.NoticeKey key) {
        room.server.noticeKey(key);
        String number = room.opened("3.00");
        room.server.pay(number);
        assertThat(told(number).orderNumber()).isEqualTo(number);
        assertThat(room.heard.get(room.heard.size() - 1).headers().getFirst("Wechatpay-Serial").startsWith("PUB_KEY_ID_"))
                .isEqualTo(key == WechatPlatformServer.NoticeKey.PUBLIC_KEY);
    }

    @Test
    void aMerchantWithoutAPublicKeyGoesByCertificatesAlone() throws Exception {
        try (WechatRoom certificates = new WechatRoom(room.server, Map.of("public-key-id", "", "public-key", ""))) {
            certificates.server.noticeKey(WechatPlatformServer.NoticeKey.CERTIFICATE);
            String number = certificates.opened("3.00");
            certificates.server.pay(number);
            await().untilAsserted(() -> assertThat(certificates.taken).hasSize(1));
            assertThat(certificates.platform.find(number)).isInstanceOf(Found.Payment.class);
        }
    }

    /** The new one's serial begins with a nought. */
    @Test
    void bothPlatformCertificatesHoldDuringTheirChangeOver() throws Exception {
        try (WechatRoom certificates = new WechatRoom(Map.of("public-key-id", "", "public-key", ""))) {
            certificates.server.changeOver();
            for (WechatPlatformServer.NoticeKey key : List.of(WechatPlatformServer.NoticeKey.CERTIFICATE, WechatPlatformServer.NoticeKey.NEXT_CERTIFICATE)) {
                certificates.server.noticeKey(key);
                String number = certificates.opened("3.00");
                certificates.server.pay(number);
                await().untilAsserted(() -> assertThat(certificates.server.deliveries(number)).extracting(PayDelivery::status).containsExactly(204));
            }
            assertThat(certificates.heard).extracting(heard -> heard.headers().getFirst("Wechatpay-Serial")).doesNotHaveDuplicates();
        }
    }

    /** A merchant who never had platform certificates believes none, whoever signs with one. */
    @Test
    void withThePublicKeyAloneACertificateIsUnknown() throws Exception {
        try (WechatRoom keyAlone = new WechatRoom(room.server, Map.of("platform-certificates", "false"))) {
            keyAlone.server.noticeKey(WechatPlatformServer.NoticeKey.CERTIFICATE);
            String number = keyAlone.opened("3.00");
            keyAlone.server.pay(number);
            await().untilAsserted(() -> assertThat(keyAlone.server.deliveries(number)).isNotEmpty().allMatch(each -> each.status() == 401));
            assertThat(keyAlone.taken).isEmpty();
        }
    }

    /** The platform refuses requests whose time is off, and the hub signs by the platform's time: so that it can ask at all. */
    @Test
    void withAWrongClockNoticesAreRefusedAndQueriesCredit() {
        String number = room.opened("7.00");
        room.server.time().skew(Duration.ofMinutes(-20));
        int before = room.taken.size();
        room.server.pay(number);
        await().untilAsserted(() -> assertThat(room.server.deliveries(number)).extracting(PayDelivery::status).contains(401));
        // the first question after that is refused for its time, and tells the right one
        await().untilAsserted(() -> assertThat(room.platform.find(number)).isInstanceOf(Found.Payment.class));
        assertThat(room.clocks).anySatisfy(off -> assertThat(off).isBetween(Duration.ofMinutes(-21), Duration.ofMinutes(-19)));
        await().untilAsserted(() -> assertThat(room.sources.subList(before, room.sources.size())).contains("query").doesNotContain("notice"));
    }

    @Test
    void anotherMerchantsKeyIsRefusedByThePlatform() throws Exception {
        WechatPlatformServer other = new WechatPlatformServer(0, new PayTime(Clock.systemUTC(), 1));
        try (WechatRoom stranger = new WechatRoom(room.server, Map.of("private-key", (String) other.settings().get("meterhub.payment.wechat.private-key"),
                "certificate", (String) other.settings().get("meterhub.payment.wechat.certificate")))) {
            assertThat(stranger.platform.open(WechatRoom.ask(WechatRoom.number(), Way.WECHAT_NATIVE, "1.00"))).isInstanceOfSatisfying(Opening.Unknown.class,
                    unknown -> assertThat(unknown.why()).contains("SIGN_ERROR"));
        } finally {
            other.close();
        }
    }

    /** An answer that another key has signed is none: here the hub takes another public key for the platform's. */
    @Test
    void anAnswerWithAWrongSignatureIsUnknown() throws Exception {
        WechatPlatformServer other = new WechatPlatformServer(0, new PayTime(Clock.systemUTC(), 1));
        try (WechatRoom deceived = new WechatRoom(room.server, Map.of("public-key", (String) other.settings().get("meterhub.payment.wechat.public-key")))) {
            assertThat(deceived.platform.open(WechatRoom.ask(WechatRoom.number(), Way.WECHAT_NATIVE, "1.00"))).isInstanceOf(Opening.Unknown.class);
        } finally {
            other.close();
        }
    }

    @Test
    void theNextDaysBillsAreFetchedUnpackedAndTheirHashLookedAt() throws Exception {
        try (WechatRoom own = new WechatRoom()) {
            LocalDate today = LocalDate.ofInstant(own.server.time().now(), PayTime.ZONE);
            String number = own.opened("100.00");
            own.server.pay(number);
            await().untilAsserted(() -> assertThat(own.taken).hasSize(1));
            Paid paid = ((Notice.Payment) own.taken.get(0)).paid();
            own.platform.giveBack(new Return(number, paid.transactionId(), number + "R", new BigDecimal("40.00"), new BigDecimal("100.00"), "back"));
            assertThat(own.platform.bill(BillKind.TRADE, today)).isInstanceOf(Billed.Unknown.class);
            own.server.time().pass(Duration.between(own.server.time().now(), today.plusDays(1).atTime(9, 0).atZone(PayTime.ZONE).toInstant()));
            assertThat(own.platform.bill(BillKind.TRADE, today)).isInstanceOf(Billed.NotYet.class);
            own.server.time().pass(Duration.ofHours(1));
            own.server.faults().once(PayFault.BILL_LATE);
            assertThat(own.platform.bill(BillKind.TRADE, today)).isInstanceOf(Billed.NotYet.class);
            assertThat(own.platform.bill(BillKind.TRADE, today.minusDays(1))).isInstanceOf(Billed.Nothing.class);
            List<String> trade = lines(own.platform.bill(BillKind.TRADE, today));
            assertThat(trade).hasSize(5);
            assertThat(trade.get(0)).startsWith("交易时间,公众账号ID,").endsWith(",费率备注");
            assertThat(trade.get(1)).contains(",`" + paid.transactionId() + ",`" + number + ",").contains(",`SUCCESS,").contains(",`0.60000,`0.60%,`100.00,");
            assertThat(trade.get(2)).contains(",`REFUND,").contains(",`" + number + "R,`40.00,").contains(",`-0.24000,");
            assertThat(trade.get(4)).isEqualTo("`2,`100.00,`40.00,`0.00,`0.36000,`100.00,`40.00");
            List<String> funds = lines(own.platform.bill(BillKind.FUNDS, today));
            assertThat(funds).hasSize(6);
            assertThat(funds.get(5)).isEqualTo("`3,`1,`100.00,`2,`40.36");
        }
    }

    private static List<String> lines(Billed billed) {
        assertThat(billed).isInstanceOf(Billed.Bill.class);
        return new String(((Billed.Bill) billed).file(), StandardCharsets.UTF_8).lines().toList();
    }

    private Paid told(String number) {
        await().untilAsserted(() -> assertThat(payments(number)).isNotEmpty());
        return payments(number).get(0);
    }

    private List<Paid> payments(String number) {
        return room.taken.stream().filter(Notice.Payment.class::isInstance).map(notice -> ((Notice.Payment) notice).paid())
                .filter(paid -> paid.orderNumber().equals(number)).toList();
    }
}
