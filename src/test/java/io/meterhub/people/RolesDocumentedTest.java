package io.meterhub.people;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class RolesDocumentedTest {

    @Test
    void theTableOfTheDocumentIsTheOneThatHolds() throws IOException {
        List<String> rows = Files.readAllLines(Path.of("docs/people.md")).stream().filter(line -> line.matches("\\| [A-Z_]+ \\|.*"))
                .map(line -> line.replaceFirst("^(\\| [A-Z_]+ \\|)[^|]*\\|", "$1")).toList();
        assertThat(rows).containsExactlyElementsOf(Arrays.stream(Right.values()).map(right -> "| " + right + " | "
                + Arrays.stream(Role.values()).map(role -> role.rights().contains(right) ? "x" : "").collect(Collectors.joining(" | ")) + " |").toList());
    }
}
