package io.meterhub.runtime;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import org.springframework.beans.factory.DisposableBean;

/**
 * The folder in which a hub on embedded defaults keeps everything. One process at a time may hold it: the lock dies with
 * the process, so that a killed hub leaves none behind.
 */
public class DataFolder implements DisposableBean {

    private static final FileAttribute<?> OWNER_ALONE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private final Path root;
    private final FileChannel lockFile;

    DataFolder(Path root) {
        this.root = root.toAbsolutePath().normalize();
        this.lockFile = lock();
    }

    private FileChannel lock() {
        try {
            create();
            FileChannel channel = FileChannel.open(root.resolve("hub.lock"),
                    StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = tryLock(channel);
            if (lock == null) {
                channel.close();
                throw new StartRefused("Another hub is running on the data folder " + root
                        + ": stop it, or give this one a folder of its own with meterhub.data-dir.");
            }
            return channel;
        } catch (IOException e) {
            throw new StartRefused("The data folder " + root + " cannot be written (" + e + "): make it writable for user "
                    + System.getProperty("user.name") + ", or set meterhub.data-dir to one that is.", e);
        }
    }

    /** For the owner alone: what the meters say, and programs that the hub runs, lie in there. One that is there stays as it is. */
    private void create() throws IOException {
        if (!Files.isDirectory(root)) {
            Files.createDirectories(root.getParent());
            Files.createDirectory(root, OWNER_ALONE);
        }
    }

    private static FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException heldByThisProcess) {
            return null;
        }
    }

    /** A folder or file under the data folder. */
    public Path resolve(String name) {
        return root.resolve(name);
    }

    /** A random secret made at the first call and kept in {@code secrets/<name>}, readable by the owner alone. */
    public String secret(String name) {
        Path file = root.resolve("secrets").resolve(name);
        try {
            if (Files.exists(file)) {
                return Files.readString(file).strip();
            }
            byte[] random = new byte[24];
            new SecureRandom().nextBytes(random);
            String secret = Base64.getUrlEncoder().withoutPadding().encodeToString(random);
            Files.createDirectories(file.getParent());
            Path whole = Files.createTempFile(file.getParent(), name, ".new",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(whole, secret + "\n");
            Files.move(whole, file);
            return secret;
        } catch (IOException e) {
            throw new StartRefused("The secret " + file + " cannot be read or written (" + e + ").", e);
        }
    }

    @Override
    public void destroy() throws IOException {
        lockFile.close();
    }
}
