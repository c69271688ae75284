package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.runtime.StartRefused;
import io.meterhub.simulator.PayTime;
import io.meterhub.simulator.WechatPlatformServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is wrong with keys is found when the hub starts, is said with the setting's name, and never with the key. */
class WechatKeysTest {

    private static final String PREFIX = "meterhub.payment.wechat.";
    private static WechatPlatformServer platform;
    private static Map<String, Object> other;

    @TempDir
    Path folder;

    @BeforeAll
    static void open() {
        platform = new WechatPlatformServer(0, new PayTime(Clock.systemUTC(), 1));
        WechatPlatformServer another = new WechatPlatformServer(0, new PayTime(Clock.systemUTC(), 1));
        other = another.settings();
        another.close();
    }

    @AfterAll
    static void close() {
        platform.close();
    }

    private static WechatKeys keys(Map<String, Object> different) {
        return keys(different, Clock.systemUTC());
    }

    private static WechatKeys keys(Map<String, Object> different, Clock clock) {
        Map<String, Object> values = new HashMap<>(platform.settings());
        different.forEach((name, value) -> values.put(PREFIX + name, value));
        return new WechatKeys(WechatRoom.settings(values), clock);
    }

    private static void refused(Map<String, Object> different, String sentence) {
        assertThatThrownBy(() -> keys(different)).isInstanceOf(StartRefused.class).hasMessageContaining(sentence).satisfies(e ->
                different.values().stream().map(String::valueOf).filter(value -> value.length() > 20 && !value.endsWith(".pem")).forEach(value ->
                        assertThat(e.toString()).doesNotContain(value.strip().lines().skip(value.startsWith("-----") ? 1 : 0).findFirst().orElseThrow())));
    }

    @Test
    void whatFitsIsTakenFromFilesToo() throws Exception {
        Path key = Files.writeString(folder.resolve("apiclient_key.pem"), (String) platform.settings().get(PREFIX + "private-key"));
        Path secret = Files.writeString(folder.resolve("apiv3"), platform.settings().get(PREFIX + "api-key") + "\n");
        WechatKeys keys = keys(Map.of("private-key", "", "private-key-file", key.toString(), "api-key", "", "api-key-file", secret.toString()));
        assertThat(keys.certificateSerial()).matches("[0-9A-F]{40}");
    }

    /** Java leaves it out. */
    @Test
    void aSerialKeepsItsFirstNought() {
        platform.changeOver();
        X509Certificate next = platform.nextCertificate();
        assertThat(next.getSerialNumber().toString(16)).hasSize(39);
        assertThat(WechatKeys.serial(next)).matches("0[0-9A-F]{39}");
    }

    @Test
    void whatDoesNotFitIsRefused() {
        refused(Map.of("private-key", other.get(PREFIX + "private-key")), "private-key and meterhub.payment.wechat.certificate are not of one pair");
        refused(Map.of("private-key", ""), "private-key is not set");
        refused(Map.of("private-key", "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAtheSecretThing\n-----END RSA PRIVATE KEY-----"), "PKCS#8");
        refused(Map.of("private-key", "MIIEowIBAAKCAQEAtheSecretThingThatIsNoKey"), "not an RSA private key");
        refused(Map.of("certificate", "no certificate, but long enough"), "not an X.509 certificate");
        refused(Map.of("api-key", "a-secret-that-is-too-short-0123"), "must have 32 characters, it has 31");
        refused(Map.of("public-key", ""), "belong together");
        refused(Map.of("public-key", "", "public-key-id", "", "platform-certificates", "false"), "nothing that the platform signs");
        refused(Map.of("private-key", "", "private-key-file", folder.resolve("gone.pem").toString()), "cannot be read");
    }

    /** Meters are read all the same. */
    @Test
    void anExpiredCertificateStopsNoHub() {
        Clock later = Clock.offset(Clock.systemUTC(), Duration.ofDays(5 * 365 + 1));
        assertThat(keys(Map.of(), later).certificate().getNotAfter().toInstant()).isBefore(later.instant());
    }

    @Test
    void settingsShowNothingSecret() {
        Map<String, Object> values = platform.settings();
        assertThat(WechatRoom.settings(new HashMap<>(values)).toString()).doesNotContain((String) values.get(PREFIX + "api-key")).doesNotContain("PRIVATE KEY");
    }
}
