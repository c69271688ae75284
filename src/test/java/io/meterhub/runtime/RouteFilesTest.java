package io.meterhub.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.camel.VetoCamelContextStartException;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.diagnostics.FailureAnalysis;

class RouteFilesTest {

    private static final String GOOD = """
            - route:
                id: %s
                from:
                  uri: direct:in
                  steps:
                    - log: "hello"
            """;

    private static final String KAMELET = """
            apiVersion: camel.apache.org/v1
            kind: Kamelet
            metadata:
              name: %s
            spec:
              template:
                from:
                  uri: direct:in
                  steps:
                    - to:
                        uri: kamelet:sink
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

    @Test
    void aKameletThatIsThereIsGood() throws IOException {
        write("kamelets/greeting.kamelet.yaml", KAMELET.formatted("greeting"));
        write("greet.camel.yaml", GOOD.formatted("greet").replace("direct:in", "kamelet:greeting?path=/hello"));
        assertThatCode(() -> routes.check(folder)).doesNotThrowAnyException();
    }

    @Test
    void aKameletThatIsNotThereIsNamedWithWhoWantsIt() throws IOException {
        write("greet.camel.yaml", GOOD.formatted("greet").replace("direct:in", "kamelet:greeting"));
        write("more.camel.yaml", GOOD.formatted("more").replace("log: \"hello\"", "kamelet: {name: farewell}"));
        assertThatThrownBy(() -> routes.check(folder)).isInstanceOf(StartRefused.class)
                .hasMessageContaining("greet.camel.yaml: there is no Kamelet greeting")
                .hasMessageContaining("more.camel.yaml: there is no Kamelet farewell");
    }

    @Test
    void whatIsWrongWithAKameletIsNamedWithItsFile() throws IOException {
        write("greet.camel.yaml", GOOD.formatted("greet"));
        write("kamelets/broken.kamelet.yaml", "kind: Kamelet\n  metadata: [\n");
        write("kamelets/other.kamelet.yaml", KAMELET.formatted("another"));
        write("kamelets/words.kamelet.yaml", KAMELET.formatted("words").replace("- to:", "- too:"));
        write("kamelets/route.kamelet.yaml", GOOD.formatted("route"));
        write("kamelets/empty.kamelet.yaml", "kind: Kamelet\nmetadata:\n  name: empty\n");
        write("kamelets/left-out.yaml", KAMELET.formatted("left-out"));
        assertThatThrownBy(() -> routes.check(folder)).isInstanceOf(StartRefused.class)
                .hasMessageContaining("broken.kamelet.yaml line 2").hasMessageContaining("other.kamelet.yaml: metadata.name must be other")
                .hasMessageContaining("words.kamelet.yaml: ").hasMessageContaining("too")
                .hasMessageContaining("route.kamelet.yaml: kind must be Kamelet")
                .hasMessageContaining("empty.kamelet.yaml: spec.template.from is missing").hasMessageContaining("left-out.yaml: a Kamelet's file is named");
    }

    @Test
    void eachCauseOfAVetoIsToldOnce() {
        Exception root = new IllegalStateException("no bean of the name greeter");
        FailureAnalysis told = new StartVetoedAnalyzer().analyze(new VetoCamelContextStartException("Failure creating route from template: greeting",
                new IllegalArgumentException("cannot create greeting-1: no bean of the name greeter", root), new DefaultCamelContext()));
        assertThat(told.getDescription()).isEqualTo("The routes cannot be used:\n  Failure creating route from template: greeting\n"
                + "    caused by: cannot create greeting-1: no bean of the name greeter");
    }

    private void write(String name, String text) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        Files.writeString(folder.resolve(name), text);
    }
}
