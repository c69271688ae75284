package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.runtime.StartRefused;
import io.meterhub.simulator.AlipayPlatformServer;
import io.meterhub.simulator.PayTime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is wrong with Alipay's keys is found when the hub starts, and said without a word of what they hold. */
class AlipayKeysTest {

    private static final String PREFIX = "meterhub.payment.alipay.";

    private static Map<String, Object> certificates;
    private static Map<String, Object> others;
    private static Map<String, Object> keys;

    /** At once, so that each has keys of its own. */
    @BeforeAll
    static void make() {
        try (AlipayPlatformServer one = made(true); AlipayPlatformServer other = made(true); AlipayPlatformServer keyMode = made(false)) {
            certificates = one.settings();
            others = other.settings();
            keys = keyMode.settings();
        }
    }

    private static AlipayPlatformServer made(boolean certificates) {
        return new AlipayPlatformServer(0, new PayTime(Clock.systemUTC(), 1), certificates);
    }

    @Test
    void whatFitsTogetherIsTakenFromFilesToo(@TempDir Path folder) throws Exception {
        Map<String, Object> settings = new HashMap<>(certificates);
        Path file = Files.writeString(folder.resolve("app.key"), (String) settings.remove(PREFIX + "private-key"));
        settings.put(PREFIX + "private-key-file", file.toString());
        AlipayKeys read = read(settings);
        assertThat(read.certificates()).isNotNull();
        assertThat(read.expiries()).containsOnlyKeys(PREFIX + "app-certificate", PREFIX + "certificate");
        assertThat(read(keys).certificates()).isNull();
    }

    @Test
    void bothOfAlipaysCertificatesAreBelievedDuringAChangeOver() {
        Map<String, Object> settings = new HashMap<>(certificates);
        settings.put(PREFIX + "certificate", "" + certificates.get(PREFIX + "certificate") + others.get(PREFIX + "certificate"));
        settings.put(PREFIX + "root-certificate", "" + certificates.get(PREFIX + "root-certificate") + others.get(PREFIX + "root-certificate"));
        assertThat(read(settings).alipay(null)).hasSize(2);
        assertThat(read(settings).alipay("no serial of theirs")).isEmpty();
    }

    @Test
    void whatDoesNotFitRefusesTheStart() {
        refuses(certificates, "private-key", "no key", PREFIX + "private-key");
        refuses(certificates, "private-key", "", PREFIX + "private-key");
        refuses(certificates, "private-key", others.get(PREFIX + "private-key"), "not of one pair");
        refuses(certificates, "certificate", others.get(PREFIX + "certificate"), "was not issued by any of");
        refuses(certificates, "root-certificate", "none", PREFIX + "root-certificate");
        refuses(keys, "public-key", "none", PREFIX + "public-key");
    }

    @Test
    void theAppsOwnPublicKeyIsNotAlipays() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair pair = generator.generateKeyPair();
        Map<String, Object> settings = new HashMap<>(keys);
        settings.put(PREFIX + "private-key", Base64.getEncoder().encodeToString(pair.getPrivate().getEncoded()));
        refuses(settings, "public-key", Base64.getEncoder().encodeToString(pair.getPublic().getEncoded()), "is the app's own");
    }

    /** Played six years ago, so that all of them have expired. */
    @Test
    void whatHasExpiredStopsNoHubAndIsAskedWith() {
        try (AlipayStage stage = new AlipayStage(new AlipayPlatformServer(0, new PayTime(Clock.offset(Clock.systemUTC(), Duration.ofDays(-6 * 365)), 1)), Map.of())) {
            assertThat(stage.platform.keys().expiries().values()).hasSize(2).allMatch(end -> end.isBefore(Instant.now()));
            assertThat(stage.platform.find("A2026EXPIRED01")).as("what Alipay takes, it says").isInstanceOf(Platform.Found.NotThere.class);
        }
    }

    @Test
    void aKeyIsNeverPrinted() {
        String key = (String) keys.get(PREFIX + "private-key");
        assertThat(AlipayStage.settings(keys).toString()).doesNotContain(key.substring(40, 80)).contains(AlipayPlatformServer.APP);
    }

    private static void refuses(Map<String, Object> settings, String name, Object value, String word) {
        Map<String, Object> wrong = new HashMap<>(settings);
        wrong.put(PREFIX + name, value);
        assertThatThrownBy(() -> read(wrong)).isInstanceOf(StartRefused.class).hasMessageContaining(word)
                .satisfies(refused -> assertThat(refused.getMessage()).doesNotContain("MII"));
    }

    private static AlipayKeys read(Map<String, Object> settings) {
        return new AlipayKeys(AlipayStage.settings(settings));
    }
}
