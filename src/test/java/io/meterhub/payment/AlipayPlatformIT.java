package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import io.meterhub.payment.Platform.BillKind;
import io.meterhub.payment.Platform.Billed;
import io.meterhub.payment.Platform.Closing;
import io.meterhub.payment.Platform.Found;
import io.meterhub.payment.Platform.Opening;
import io.meterhub.payment.Platform.Payee;
import io.meterhub.payment.Platform.Return;
import io.meterhub.payment.Platform.Returning;
import io.meterhub.simulator.AlipayPlatformServer;
import io.meterhub.simulator.PayDelivery;
import io.meterhub.simulator.PayFault;
import io.meterhub.simulator.PayTime;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.security.Security;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZonedDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Alipay's own SDK, signatures on, against the Alipay that is played. */
class AlipayPlatformIT {

    private AlipayStage stage;

    @AfterEach
    void end() {
        stage.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aCodeIsThereOnceItIsScannedAndPaidOnce(boolean certificates) {
        stage = new AlipayStage(certificates);
        String code = stage.ordered("A2026NUMBER0001", "120.50");
        assertThat(stage.ordered("A2026NUMBER0001", "120.50")).as("the same order again").isEqualTo(code);
        assertThat(stage.platform.find("A2026NUMBER0001")).isInstanceOf(Found.NotThere.class);
        assertThat(stage.platform.close("A2026NUMBER0001")).isInstanceOf(Closing.NotThere.class);

        assertThat(AlipayStage.browse("GET", code).body()).contains("¥120.50").contains("Prepaid electricity A101 2");
        assertThat(stage.platform.find("A2026NUMBER0001")).isInstanceOf(Found.Waiting.class);
        assertThat(AlipayStage.browse("POST", code).statusCode()).isEqualTo(303);

        Found.Payment found = (Found.Payment) stage.platform.find("A2026NUMBER0001");
        assertThat(found.paid().amountYuan()).isEqualByComparingTo("120.50");
        assertThat(found.paid().merchant()).as("a query does not say who got it").isNull();
        await().untilAsserted(() -> assertThat(stage.told).containsExactly(new Notice.Payment(found.paid().to(
                new Payee(AlipayPlatformServer.SELLER, AlipayPlatformServer.APP)))));
        assertThat(stage.alipay.deliveries("A2026NUMBER0001")).extracting(PayDelivery::body).containsExactly("success");
        assertThat(AlipayStage.browse("GET", code).body()).contains("TRADE_SUCCESS").doesNotContain("<button");
        assertThat(stage.platform.close("A2026NUMBER0001")).isInstanceOf(Closing.WasPaid.class);
        assertThat(stage.open("A2026NUMBER0001", Way.ALIPAY_QR, "120.50")).as("paid before: a query says so").isInstanceOf(Opening.Unknown.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ALIPAY_WAP", "ALIPAY_PAGE"})
    void aBrowserIsSentToTheCashierAndBack(Way way) {
        stage = new AlipayStage(true);
        String address = ((Opening.Opened) stage.open("A2026NUMBER0002", way, "30.00")).address();
        HttpResponse<String> refused = AlipayStage.browse("GET", address.replace("30.00", "3.00"));
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("isv.invalid-signature");

        HttpResponse<String> sent = AlipayStage.browse("GET", address);
        assertThat(sent.statusCode()).isEqualTo(302);
        String cashier = sent.headers().firstValue("Location").orElseThrow();
        assertThat(AlipayStage.browse("GET", cashier).body()).contains("¥30.00");
        assertThat(AlipayStage.browse("POST", cashier).headers().firstValue("Location").orElseThrow())
                .startsWith("http://127.0.0.1:1/back?").contains("out_trade_no=A2026NUMBER0002").contains("&sign=");
        await().untilAsserted(() -> assertThat(stage.told).hasSize(1));
    }

    @Test
    void anOrderIsClosedOnceAndForAll() {
        stage = new AlipayStage(true);
        AlipayStage.browse("GET", stage.ordered("A2026NUMBER0003", "10.00"));
        assertThat(stage.platform.close("A2026NUMBER0003")).isInstanceOf(Closing.Closed.class);
        assertThat(stage.platform.close("A2026NUMBER0003")).isInstanceOf(Closing.Closed.class);
        assertThat(stage.platform.find("A2026NUMBER0003")).isInstanceOf(Found.Closed.class);
        assertThat(stage.platform.find("A2026NUMBER9999")).isInstanceOf(Found.NotThere.class);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void moneyGoesBackInPartsUpToWhatWasPaidAndEachPartOnce(boolean certificates) {
        stage = new AlipayStage(certificates);
        Platform.Paid paid = paid("A2026NUMBER0004", "50.00");
        assertThat(stage.platform.findReturn("A2026NUMBER0004", "R2026NUMBER0001")).isInstanceOf(Returning.NotThere.class);
        Returning.Done first = (Returning.Done) back(paid, "R2026NUMBER0001", "20.00");
        assertThat(first.amountYuan()).isEqualByComparingTo("20.00");
        assertThat(back(paid, "R2026NUMBER0001", "20.00")).as("the same again").isEqualTo(first);
        assertThat(stage.platform.findReturn("A2026NUMBER0004", "R2026NUMBER0001")).isEqualTo(first);
        await().untilAsserted(() -> assertThat(stage.told)
                .contains(new Notice.Refund(Channel.ALIPAY, "A2026NUMBER0004", "R2026NUMBER0001", first)));

        assertThat(back(paid, "R2026NUMBER0002", "30.01")).isInstanceOfSatisfying(Returning.Refused.class,
                refused -> assertThat(refused.code()).isEqualTo("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"));
        assertThat(back(paid, "R2026NUMBER0003", "30.00")).isInstanceOf(Returning.Done.class);
        assertThat(stage.platform.find("A2026NUMBER0004")).isInstanceOfSatisfying(Found.Payment.class, found -> {
            assertThat(found.paid().givenBack()).as("given back whole").isTrue();
            assertThat(found.paid().transactionId()).isEqualTo(paid.transactionId());
        });
    }

    /** As Alipay's own page gives it back: a query tells of the whole alone, a notice of each part. */
    @Test
    void whatWasGivenBackThereIsToldSo() {
        stage = new AlipayStage(true);
        stage.alipay.faults().set(PayFault.NOTICE_LOST, "A2026NUMBER0009", 1);
        assertThat(paid("A2026NUMBER0009", "50.00").givenBack()).isFalse();
        stage.alipay.giveBack("A2026NUMBER0009", 1000);
        await().untilAsserted(() -> assertThat(stage.told).first().isInstanceOfSatisfying(Notice.Payment.class,
                told -> assertThat(told.paid().givenBack()).isTrue()));
        stage.alipay.giveBack("A2026NUMBER0009", 4000);
        assertThat(((Found.Payment) stage.platform.find("A2026NUMBER0009")).paid().givenBack()).isTrue();
    }

    /** Those of the gateway and of the app, and of the moment. */
    private static final List<String> SAY_NOTHING = List.of("40004 ACQ.SYSTEM_ERROR", "40004 aop.ACQ.SYSTEM_ERROR", "40004 ACQ.NEVER_HEARD_OF",
            "20000 aop.ACQ.SYSTEM_ERROR", "20000 isp.unknow-error", "20001 aop.invalid-auth-token", "40001 isv.missing-method", "40002 isv.invalid-signature",
            "40002 ACQ.INVALID_PARAMETER", "40006 isv.insufficient-isv-permissions");

    @Test
    void onlyCodesOfTheRequestItselfRefuseAnOrder() {
        stage = new AlipayStage(false);
        List<String> refusals = List.of("40004 ACQ.INVALID_PARAMETER", "40004 ACQ.TOTAL_FEE_EXCEED");
        AtomicInteger number = new AtomicInteger();
        Stream.of(SAY_NOTHING, List.of("40004 ACQ.TRADE_HAS_SUCCESS", "40004 ACQ.TRADE_HAS_CLOSE", "40004 ACQ.CONTEXT_INCONSISTENT"), refusals).flatMap(List::stream)
                .forEach(code -> {
                    String order = "A2026CODE" + number.incrementAndGet();
                    refuse(code);
                    assertThat(stage.open(order, Way.ALIPAY_QR, "1.00")).as(code)
                            .isInstanceOf(refusals.contains(code) ? Opening.Refused.class : Opening.Unknown.class);
                    AlipayStage.browse("GET", stage.ordered(order, "1.00"));
                    refuse(code);
                    assertThat(stage.open(order, Way.ALIPAY_QR, "1.00")).as(code + ", and it is there").isInstanceOf(Opening.Unknown.class);
                });
    }

    @Test
    void onlyCodesOfThisRefundEndIt() {
        stage = new AlipayStage(false);
        Platform.Paid paid = paid("A2026NUMBER0011", "50.00");
        // else what is asked for at the door would be refused instead
        stage.alipay.faults().set(PayFault.NOTICE_LOST);
        List<String> refusals = List.of("40004 ACQ.REASON_TRADE_REFUND_FEE_ERR", "40004 ACQ.TRADE_NOT_ALLOW_REFUND");
        AtomicInteger number = new AtomicInteger();
        Stream.of(SAY_NOTHING, List.of("40004 ACQ.SELLER_BALANCE_NOT_ENOUGH"), refusals).flatMap(List::stream).forEach(code -> {
            String refund = "R2026CODE" + number.incrementAndGet();
            refuse(code);
            assertThat(back(paid, refund, "1.00")).as(code).isInstanceOf(refusals.contains(code) ? Returning.Refused.class : Returning.Unknown.class);
            assertThat(back(paid, refund, "1.00")).as("after " + code).isInstanceOf(Returning.Done.class);
            refuse(code);
            assertThat(back(paid, refund, "1.00")).as(code + ", and it is done").isNotInstanceOf(Returning.Refused.class);
        });
    }

    private void refuse(String code) {
        stage.alipay.refuse(code.split(" ")[0], code.split(" ")[1]);
    }

    @Test
    void aLongReasonIsCutToWhatAlipayTakes() {
        stage = new AlipayStage(false);
        Platform.Paid paid = paid("A2026NUMBER0012", "50.00");
        assertThat(stage.platform.giveBack(new Return(paid.orderNumber(), paid.transactionId(), "R2026NUMBER0012", BigDecimal.ONE, paid.amountYuan(),
                "wrong meter ".repeat(40)))).isInstanceOf(Returning.Done.class);
    }

    @Test
    void aRefundWithoutAnAnswerIsFoundLaterAndDoneOnce() {
        stage = new AlipayStage(true);
        Platform.Paid paid = paid("A2026NUMBER0005", "50.00");
        stage.alipay.faults().once(PayFault.REFUND_UNKNOWN);
        assertThat(back(paid, "R2026NUMBER0004", "50.00")).isInstanceOf(Returning.Unknown.class);
        assertThat(stage.platform.findReturn("A2026NUMBER0005", "R2026NUMBER0004")).isInstanceOf(Returning.Done.class);
        assertThat(back(paid, "R2026NUMBER0004", "50.00")).isInstanceOf(Returning.Done.class);
        assertThat(stage.alipay.book().of(LocalDate.now(PayTime.ZONE))).hasSize(2);
    }

    @Test
    void whatAlipayDidNotSignIsNoAnswer() throws IOException {
        stage = new AlipayStage(false);
        Map<String, String> answers = new LinkedHashMap<>();
        answers.put("an error that nobody signed", "{\"alipay_trade_query_response\":{\"code\":\"40004\",\"sub_code\":\"ACQ.TRADE_NOT_EXIST\"}}");
        answers.put("a success that nobody signed", "{\"alipay_trade_query_response\":{\"code\":\"10000\",\"out_trade_no\":\"A2026NUMBER0006\","
                + "\"trade_status\":\"TRADE_SUCCESS\",\"trade_no\":\"1\",\"total_amount\":\"1.00\",\"send_pay_date\":\"2026-11-22 10:00:00\"}}");
        answers.put("a success that somebody else signed", answers.get("a success that nobody signed").replaceAll("}$", ",\"sign\":\"YWJj\"}"));
        answers.put("nothing that can be read", "busy");
        answers.put("nothing", "");
        for (Map.Entry<String, String> answer : answers.entrySet()) {
            HttpServer gateway = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            gateway.createContext("/", exchange -> {
                try (exchange) {
                    byte[] body = answer.getValue().getBytes(StandardCharsets.UTF_8);
                    exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
                    exchange.getResponseBody().write(body);
                }
            });
            gateway.start();
            AlipayStage elsewhere = new AlipayStage(stage.alipay, Map.of("meterhub.payment.alipay.gateway",
                    URI.create("http://127.0.0.1:" + gateway.getAddress().getPort() + "/gateway.do")));
            assertThat(elsewhere.platform.find("A2026NUMBER0006")).as(answer.getKey()).isInstanceOf(Found.Unknown.class);
            gateway.stop(0);
        }
        stage.ordered("A2026NUMBER0006", "1.00");
        stage.alipay.pay("A2026NUMBER0006");
        stage.alipay.faults().set(PayFault.QUERY_TIMES_OUT);
        assertThat(stage.platform.find("A2026NUMBER0006")).isInstanceOf(Found.Unknown.class);
    }

    @Test
    void alipayTakesNothingThatTheAppDidNotSign() {
        try (AlipayPlatformServer other = new AlipayPlatformServer(0, new PayTime(Clock.systemUTC(), 1), false)) {
            stage = new AlipayStage(new AlipayPlatformServer(0, new PayTime(Clock.systemUTC(), 1), false),
                    Map.of("meterhub.payment.alipay.private-key", other.settings().get("meterhub.payment.alipay.private-key")));
        }
        assertThat(stage.open("A2026NUMBER0007", Way.ALIPAY_QR, "1.00")).isInstanceOfSatisfying(Opening.Unknown.class,
                unknown -> assertThat(unknown.why()).contains("isv.invalid-signature"));
    }

    /** Even where everything is written that anybody has to say. */
    @Test
    void noKeyReachesALog() {
        stage = new AlipayStage(true);
        try (AllLogs logs = new AllLogs()) {
            Platform.Paid paid = paid("A2026NUMBER0013", "50.00");
            back(paid, "R2026NUMBER0013", "1.00");
            stage.open("A2026NUMBER0014", Way.ALIPAY_WAP, "50.00");
            refuse("40002 isv.invalid-signature");
            stage.platform.close("A2026NUMBER0013");
            stage.alipay.faults().once(PayFault.QUERY_TIMES_OUT);
            stage.platform.find("A2026NUMBER0013");
            List<String> secrets = AllLogs.secrets(stage.alipay.settings());
            assertThat(secrets).hasSize(1);
            assertThat(logs.lines()).isNotEmpty().noneMatch(line -> secrets.stream().anyMatch(line::contains));
        }
    }

    @Test
    void theBillOfADayComesTheNextMorning() throws IOException {
        stage = new AlipayStage(true);
        LocalDate day = LocalDate.now(PayTime.ZONE);
        Platform.Paid paid = paid("A2026NUMBER0008", "100.00");
        back(paid, "R2026NUMBER0008", "40.00");
        ZonedDateTime nextMorning = day.plusDays(1).atTime(8, 59).atZone(PayTime.ZONE);
        stage.alipay.time().pass(Duration.between(Instant.now(), nextMorning));
        assertThat(stage.platform.bill(BillKind.TRADE, day)).isInstanceOf(Billed.NotYet.class);
        stage.alipay.time().pass(Duration.ofMinutes(2));
        stage.alipay.faults().once(PayFault.BILL_LATE);
        assertThat(stage.platform.bill(BillKind.TRADE, day)).isInstanceOf(Billed.NotYet.class);

        Map<String, String> trades = unpacked(stage.platform.bill(BillKind.TRADE, day));
        String at = AlipayPlatformServer.SELLER + "0156_" + day.toString().replace("-", "") + "_业务明细";
        assertThat(trades).containsOnlyKeys(at + ".csv", at + "(汇总).csv");
        assertThat(trades.get(at + ".csv")).contains(paid.transactionId() + "\t,A2026NUMBER0008\t,交易\t,").contains(",100.00,100.00,")
                .contains("\t,退款\t,").contains(",-40.00,-40.00,").contains(",R2026NUMBER0008\t,0.24,").contains(",\t,-0.60,")
                .contains("#交易合计：1笔，商家实收共100.00元").contains("#退款合计：1笔，商家实收退款共-40.00元");
        Map<String, String> funds = unpacked(stage.platform.bill(BillKind.FUNDS, day));
        assertThat(funds.values().iterator().next()).contains("#收入合计：2笔，共100.24元").contains("#支出合计：2笔，共-40.60元");
        assertThat(stage.platform.bill(BillKind.TRADE, day.minusDays(3))).as("long over, and nothing was paid").isInstanceOf(Billed.Nothing.class);
    }

    /** The connection stays, and nothing comes by it, be it after the first half of a file. */
    @Test
    @Timeout(20)
    void whoKeepsTheHubWaitingHasNotAnswered() {
        stage = new AlipayStage(new AlipayPlatformServer(0, new PayTime(Clock.systemUTC(), 3600), true), Map.of("meterhub.payment.alipay.answer-timeout", "200ms"));
        paid("A2026NUMBER0011", "7.00");
        stage.alipay.faults().once(PayFault.QUERY_HANGS);
        assertThat(stage.platform.find("A2026NUMBER0011")).isInstanceOf(Found.Unknown.class);
        LocalDate day = LocalDate.now(PayTime.ZONE);
        stage.alipay.time().pass(Duration.ofHours(36));
        stage.alipay.faults().once(PayFault.BILL_STALLS);
        assertThat(stage.platform.bill(BillKind.TRADE, day)).isInstanceOfSatisfying(Billed.Unknown.class,
                unknown -> assertThat(unknown.why()).contains("no whole answer"));
        assertThat(stage.platform.bill(BillKind.TRADE, day)).isInstanceOf(Billed.Bill.class);
    }

    @Test
    void theSdkLeavesTheListOfWeakCertificateAlgorithmsAlone() {
        String weak = Security.getProperty("jdk.certpath.disabledAlgorithms");
        stage = new AlipayStage(true);
        assertThat(Security.getProperty("jdk.certpath.disabledAlgorithms")).isEqualTo(weak).contains("MD5");
    }

    private Platform.Paid paid(String number, String yuan) {
        stage.ordered(number, yuan);
        stage.alipay.pay(number);
        return ((Found.Payment) stage.platform.find(number)).paid();
    }

    private Returning back(Platform.Paid paid, String number, String yuan) {
        return stage.platform.giveBack(new Return(paid.orderNumber(), paid.transactionId(), number, new BigDecimal(yuan), paid.amountYuan(), "wrong meter"));
    }

    private static Map<String, String> unpacked(Billed billed) throws IOException {
        Map<String, String> files = new LinkedHashMap<>();
        Charset gbk = Charset.forName("GBK");
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(((Billed.Bill) billed).file()), gbk)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                files.put(entry.getName(), new String(zip.readAllBytes(), gbk));
            }
        }
        return files;
    }
}
