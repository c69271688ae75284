package io.meterhub.runtime;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RouteFilesTest {

    private static final String GOOD = """
            - route:
                id: %s
                from:
                  uri: direct:in
                  steps:
                    - log: "hello"
            """;

    @TempDir
    Path folder;

    private final RouteFiles routes = new RouteFiles();

    @Test
    void theHubsOwnRoutesAreGood() {
        assertThatCode(() -> routes.check(Path.of("routes"))).doesNotThrowAnyException();
    }

    @Test
    void anUnknownWordIsNamedWithItsFile() throws IOException {
        write("greet.camel.yaml", GOOD.formatted("greet").replace("log:", "lgo:"));
        assertThatThrownBy(() -> routes.check(folder)).isInstanceOf(StartRefused.class)
                .hasMessageContaining("greet.camel.yaml").hasMessageContaining("lgo");
    }

    @Test
    void anUnknownTopLevelWordIsNotPassedOver() throws IOException {
        write("greet.camel.yaml", GOOD.formatted("greet").replace("- route:", "- rote:"));
        assertThatThrownBy(() -> routes.check(folder)).isInstanceOf(StartRefused.class).hasMessageContaining("rote");
    }

    @Test
    void brokenYamlIsNamedWithItsLine() throws IOException {
        write("greet.camel.yaml", "- route:\n    id: greet\n   from: [\n");
        assertThatThrownBy(() -> routes.check(folder)).isInstanceOf(StartRefused.class)
                .hasMessageContaining("greet.camel.yaml line 3");
    }

    @Test
    void twoRoutesWithOneIdAreRefused() throws IOException {
        write("one.camel.yaml", GOOD.formatted("greet"));
        write("two.camel.yaml", GOOD.formatted("greet"));
        assertThatThrownBy(() -> routes.check(folder)).isInstanceOf(StartRefused.class)
                .hasMessageContaining("two.camel.yaml").hasMessageContaining("one.camel.yaml");
    }

    @Test
    void aFileThatCamelWouldLeaveOutIsRefused() throws IOException {
        write("greet.v2.camel.yaml", GOOD.formatted("greet"));
        write("other.yml", GOOD.formatted("other"));
        assertThatThrownBy(() -> routes.check(folder)).isInstanceOf(StartRefused.class)
                .hasMessageContaining("greet.v2.camel.yaml").hasMessageContaining("other.yml");
    }

    @Test
    void aFolderWithoutRoutesIsRefused() {
        assertThatThrownBy(() -> routes.check(folder)).isInstanceOf(StartRefused.class).hasMessageContaining("no route file");
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text);
    }
}
