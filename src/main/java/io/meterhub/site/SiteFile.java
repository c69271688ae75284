package io.meterhub.site;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.poi.ss.usermodel.Workbook;

/**
 * Reads a site's spreadsheet, XLS or XLSX, with the sheets site, gateways, shops and meters. Headings and sheet names are
 * English or Chinese, columns stand in any order, blank rows are passed over, numbers may be texts. Needs nothing but the
 * file: what only other rooms know (models, tariffs) is not looked at here.
 */
public final class SiteFile {

    private SiteFile() {
    }

    /** @throws SiteFileRefused with every problem of the file, also where there is none to be read */
    public static SiteSheet read(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return read(in, file.toString());
        } catch (IOException e) {
            throw SheetReader.refused(file.toString(), "cannot be opened (" + e + "); allowed is the path of an XLS or XLSX file");
        }
    }

    /**
     * Reads to the end of the stream, or to where the file is too large.
     *
     * @param fileName what the problems call it
     * @throws SiteFileRefused with every problem of the file
     */
    public static SiteSheet read(InputStream in, String fileName) throws IOException {
        try {
            return new SheetReader(Grid.read(in.readNBytes(Grid.MOST_BYTES + 1))).sheet(fileName);
        } catch (Grid.Unreadable e) {
            throw SheetReader.refused(fileName, e.getMessage());
        }
    }

    /** The empty spreadsheet to fill in, an XLSX file that explains itself in Chinese and English. */
    public static byte[] template() {
        try (Workbook workbook = SiteTemplate.workbook(); ByteArrayOutputStream out = new ByteArrayOutputStream()) {
            workbook.write(out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
