package io.meterhub.people;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TotpTest {

    /** Of the test vectors of RFC 6238, appendix B. */
    private static final byte[] SECRET = "12345678901234567890".getBytes(StandardCharsets.US_ASCII);

    @ParameterizedTest
    @CsvSource({"59, 94287082", "1111111109, 07081804", "1111111111, 14050471", "1234567890, 89005924", "2000000000, 69279037",
            "20000000000, 65353130"})
    void codesAreThoseOfTheStandard(long second, String code) {
        assertThat(Totp.code(SECRET, second / Totp.STEP_SECONDS, 8)).isEqualTo(code);
        assertThat(Totp.step(SECRET, code.substring(2), 0, Instant.ofEpochSecond(second))).hasValue(second / Totp.STEP_SECONDS);
    }

    @Test
    void aCodeIsTakenHalfAMinuteAroundItsTimeAndOnce() {
        Instant now = Instant.ofEpochSecond(1_234_567_890);
        long step = now.getEpochSecond() / Totp.STEP_SECONDS;
        String code = Totp.code(SECRET, step, 6);
        assertThat(Totp.step(SECRET, code, step - 1, now.plusSeconds(30))).hasValue(step);
        assertThat(Totp.step(SECRET, code, step - 1, now.minusSeconds(30))).hasValue(step);
        assertThat(Totp.step(SECRET, code, step - 1, now.plusSeconds(61))).isEmpty();
        assertThat(Totp.step(SECRET, code, step, now)).as("used").isEmpty();
        assertThat(Totp.step(SECRET, Totp.code(SECRET, step - 1, 6), step, now)).as("older than one that was used").isEmpty();
        assertThat(Totp.step(SECRET, "", 0, now)).isEmpty();
    }

    /** RFC 4648, 10. */
    @ParameterizedTest
    @CsvSource({"f, MY", "fo, MZXQ", "foo, MZXW6", "foob, MZXW6YQ", "fooba, MZXW6YTB", "foobar, MZXW6YTBOI"})
    void secretsAreTypedAsAppsTakeThem(String bytes, String text) {
        assertThat(Totp.base32(bytes.getBytes(StandardCharsets.US_ASCII))).isEqualTo(text);
    }
}
