package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.payment.Platform.Found;
import io.meterhub.simulator.AlipayPlatformServer;
import io.meterhub.simulator.PayTime;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Clock;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Another implementation of Alipay's signatures, its SDK for Node.js, agrees with the hub's door and with the Alipay that is played. Where npm and the SDK
 * are to be had; elsewhere it is left out.
 */
class AlipayInteropIT {

    private static final String SDK = "alipay-sdk@4.14.0";

    @Test
    void theSdkForNodeAndTheHubTakeEachOthersSignatures() throws Exception {
        Path folder = Path.of("target", "interop").toAbsolutePath();
        assumeTrue(installed(folder), "npm with " + SDK);
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair pair = generator.generateKeyPair();
        AlipayPlatformServer alipay = new AlipayPlatformServer(0, new PayTime(Clock.systemUTC(), 3600), false);
        try (AlipayStage stage = new AlipayStage(alipay, Map.of())) {
            stage.ordered("A2026NODE000001", "88.80");
            alipay.pay("A2026NODE000001");
            await().until(() -> stage.forms.size() == 1);
            Map<String, Object> asked = new LinkedHashMap<>();
            asked.put("gateway", alipay.settings().get("meterhub.payment.alipay.gateway"));
            asked.put("app", AlipayPlatformServer.APP);
            asked.put("privateKey", bare(alipay.settings().get("meterhub.payment.alipay.private-key")));
            asked.put("alipayKey", bare(alipay.settings().get("meterhub.payment.alipay.public-key")));
            asked.put("signingKey", pem(pair));
            asked.put("toVerify", stage.forms.get(0));
            asked.put("toSign", notice());
            asked.put("order", "A2026NODE000001");
            JsonNode said = run(folder, asked);

            assertThat(said.path("verified").asBoolean()).as("the played Alipay's notice, by the SDK").isTrue();
            Platform.Paid paid = ((Found.Payment) stage.platform.find("A2026NODE000001")).paid();
            assertThat(said.path("answer").path("trade_no").asText()).as("the played Alipay's answer, by the SDK").isEqualTo(paid.transactionId());

            String form = said.path("form").asText();
            try (AlipayStage believing = new AlipayStage(alipay, Map.of("meterhub.payment.alipay.public-key",
                    Base64.getEncoder().encodeToString(pair.getPublic().getEncoded())))) {
                assertThat(believing.door.read(form)).as("the SDK's notice, by the hub").singleElement().isInstanceOfSatisfying(Notice.Payment.class,
                        told -> assertThat(told.paid().amountYuan()).isEqualByComparingTo("12.30"));
            }
            assertThatThrownBy(() -> stage.door.read(form)).as("signed with a key that is not Alipay's").isInstanceOf(NoticeRefused.class);
        }
    }

    private static Map<String, String> notice() {
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("notify_time", "2026-11-22 20:00:01");
        fields.put("notify_type", "trade_status_sync");
        fields.put("notify_id", "2026112200222200000000000000000001");
        fields.put("charset", "utf-8");
        fields.put("version", "1.0");
        fields.put("app_id", AlipayPlatformServer.APP);
        fields.put("seller_id", AlipayPlatformServer.SELLER);
        fields.put("subject", "预付电费 A-101 + 100%");
        fields.put("out_trade_no", "A2026NODE000002");
        fields.put("trade_no", "2026112222001000000000000001");
        fields.put("trade_status", "TRADE_SUCCESS");
        fields.put("total_amount", "12.30");
        fields.put("gmt_payment", "2026-11-22 20:00:00");
        fields.put("buyer_id", "2088002600000042");
        return fields;
    }

    private static boolean installed(Path folder) throws IOException, InterruptedException {
        if (Files.exists(folder.resolve("node_modules/alipay-sdk/package.json"))) {
            return true;
        }
        Files.createDirectories(folder);
        try {
            Process npm = new ProcessBuilder("npm", "install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--fetch-retries=0",
                    "--fetch-timeout=20000", "--prefix", folder.toString(), SDK)
                    .redirectErrorStream(true).redirectOutput(folder.resolve("npm.log").toFile()).start();
            if (npm.waitFor(60, TimeUnit.SECONDS)) {
                return npm.exitValue() == 0;
            }
            npm.destroyForcibly();
            return false;
        } catch (IOException noNpm) {
            return false;
        }
    }

    private static JsonNode run(Path folder, Map<String, Object> asked) throws IOException, InterruptedException {
        Process node = new ProcessBuilder(List.of("node", Path.of("src/test/resources/interop/alipay.mjs").toString(), folder.toString()))
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        node.getOutputStream().write(AlipayStage.JSON.writeValueAsBytes(asked));
        node.getOutputStream().close();
        String said = new String(node.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(node.waitFor()).as("how node ended").isZero();
        return AlipayStage.JSON.readTree(said);
    }

    private static String bare(Object pem) {
        return pem.toString().replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
    }

    private static String pem(KeyPair pair) {
        return "-----BEGIN PRIVATE KEY-----\n" + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(pair.getPrivate().getEncoded())
                + "\n-----END PRIVATE KEY-----\n";
    }
}
