package io.meterhub.people;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PasswordsTest {

    @ParameterizedTest
    @CsvSource({"short, password_length", "elevenchars, password_length", "Wang-Li is at work, password_name", "PASSWORD1234, password_common",
            "1qaz2wsx3edc, password_common", "ababababababab, password_common", "woaini1314520, password_common"})
    void whatIsGuessedFirstIsNotTaken(String password, String flaw) {
        assertThat(Passwords.flaw("wang-li", password)).contains(flaw);
    }

    @Test
    void severalWordsAreTaken() {
        assertThat(Passwords.flaw("wang-li", "tram lamp onion")).isEmpty();
        assertThat(Passwords.flaw("wang-li", "电表箱在三楼东边的竖井里")).isEmpty();
    }

    @Test
    void whatTheHashWouldCutOffIsNotTaken() {
        assertThat(Passwords.flaw("wang-li", "abcdef".repeat(12))).isEmpty();
        assertThat(Passwords.flaw("wang-li", "abcdef".repeat(12) + "g")).contains("password_length");
        assertThat(Passwords.flaw("wang-li", "电表箱在三楼东边的竖井里".repeat(3))).contains("password_length");
    }
}
