package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.billing.AccountKind;
import io.meterhub.billing.Rate;
import io.meterhub.metering.Slice.ReadFailure;
import io.meterhub.site.AlarmKind;
import io.meterhub.people.Right;
import io.meterhub.people.Role;
import io.meterhub.supply.ReasonKind;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MessagesTest {

    @Test
    void bothLanguagesSayTheSameThings() throws IOException {
        assertThat(read("/messages_zh_CN.properties").stringPropertyNames())
                .containsExactlyInAnyOrderElementsOf(read("/messages.properties").stringPropertyNames());
    }

    @Test
    void whatThePagesNameHasItsWord() throws IOException {
        assertThat(read("/messages.properties").stringPropertyNames()).containsAll(Stream.of(
                Arrays.stream(ReasonKind.values()).flatMap(kind -> Stream.of("reason." + kind, "word." + kind)),
                Arrays.stream(Rate.values()).map(rate -> "word." + rate),
                Arrays.stream(ReadFailure.values()).map(failure -> "word." + failure),
                Arrays.stream(AccountKind.values()).map(kind -> "kind." + kind),
                Arrays.stream(Right.values()).map(right -> "right." + right),
                Arrays.stream(Role.values()).map(role -> "role." + role),
                Arrays.stream(AlarmKind.values()).map(kind -> "alarm." + kind),
                Arrays.stream(AlarmKind.Severity.values()).map(severity -> "severity." + severity),
                Stream.of("word.BACKWARDS", "word.JUMP", "word.INTERLEAVED")).flatMap(words -> words).toList());
    }

    private static Properties read(String name) throws IOException {
        Properties messages = new Properties();
        try (Reader in = new InputStreamReader(Objects.requireNonNull(MessagesTest.class.getResourceAsStream(name)), StandardCharsets.UTF_8)) {
            messages.load(in);
        }
        return messages;
    }
}
