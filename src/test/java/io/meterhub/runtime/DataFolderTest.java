package io.meterhub.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataFolderTest {

    @Test
    void whatIsInItIsForTheOwnerAlone(@TempDir Path temp) throws IOException {
        DataFolder folder = new DataFolder(temp.resolve("some/data"));
        try {
            assertThat(Files.getPosixFilePermissions(folder.resolve(""))).isEqualTo(PosixFilePermissions.fromString("rwx------"));
            String secret = folder.secret("one");
            assertThat(folder.secret("one")).as("the same again").isEqualTo(secret);
            assertThat(Files.getPosixFilePermissions(folder.resolve("secrets/one")))
                    .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        } finally {
            folder.destroy();
        }
    }
}
