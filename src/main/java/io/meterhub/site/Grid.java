package io.meterhub.site;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.poi.EncryptedDocumentException;
import org.apache.poi.openxml4j.util.ZipSecureFile;
import org.apache.poi.ss.usermodel.Cell;
import org.apache.poi.ss.usermodel.CellType;
import org.apache.poi.ss.usermodel.DateUtil;
import org.apache.poi.ss.usermodel.FormulaError;
import org.apache.poi.ss.usermodel.Row;
import org.apache.poi.ss.usermodel.Sheet;
import org.apache.poi.ss.usermodel.Workbook;
import org.apache.poi.ss.usermodel.WorkbookFactory;
import org.apache.poi.ss.util.NumberToTextConverter;

/**
 * A sheet as nothing but texts: rows by the number that a person sees, cells by their column from 0. Cells without content
 * and rows without cells are left out. A cell that cannot be a text is kept as {@link Content#unreadable}.
 */
record Grid(String name, Map<Integer, Map<Integer, Content>> rows) {

    static final int MOST_BYTES = 10 << 20;
    private static final int MOST_UNPACKED_BYTES = 40 << 20;

    static {
        // a workbook of 10,000 meters unpacks to about 10 MB; what is far beyond is a mistake or a zip bomb
        ZipSecureFile.setMaxEntrySize(MOST_UNPACKED_BYTES);
        ZipSecureFile.setMaxTextSize(MOST_UNPACKED_BYTES);
    }

    /** What stands in a cell; {@code unreadable} says why there is no text, null where there is one; {@code time}: it is a date. */
    record Content(String text, String unreadable, LocalDateTime time) {

        Content(String text, String unreadable) {
            this(text, unreadable, null);
        }
    }

    /** Thrown where a file is no spreadsheet that can be read; the message says what is the matter. */
    static final class Unreadable extends Exception {
        Unreadable(String message) {
            super(message);
        }
    }

    static List<Grid> read(byte[] file) throws Unreadable {
        if (file.length > MOST_BYTES) {
            throw new Unreadable("is larger than " + (MOST_BYTES >> 20) + " MB; allowed is an XLS or XLSX file up to that size");
        }
        try (Workbook workbook = WorkbookFactory.create(new ByteArrayInputStream(file))) {
            List<Grid> grids = new ArrayList<>();
            for (Sheet sheet : workbook) {
                grids.add(of(sheet));
            }
            return grids;
        } catch (EncryptedDocumentException e) {
            throw new Unreadable("is protected by a password; allowed is an XLS or XLSX file saved without one");
        } catch (IOException | RuntimeException e) {
            // POI answers broken bytes with whatever exception they lead it into
            throw new Unreadable("cannot be read as a spreadsheet (" + e.getMessage() + "); allowed is an XLS or XLSX file");
        }
    }

    private static Grid of(Sheet sheet) {
        Map<Integer, Map<Integer, Content>> rows = new TreeMap<>();
        for (Row row : sheet) {
            Map<Integer, Content> cells = new TreeMap<>();
            for (Cell cell : row) {
                Content content = of(cell);
                if (content.unreadable != null || !content.text.isEmpty()) {
                    cells.put(cell.getColumnIndex(), content);
                }
            }
            if (!cells.isEmpty()) {
                rows.put(row.getRowNum() + 1, cells);
            }
        }
        return new Grid(sheet.getSheetName(), rows);
    }

    private static Content of(Cell cell) {
        CellType type = cell.getCellType() == CellType.FORMULA ? cell.getCachedFormulaResultType() : cell.getCellType();
        return switch (type) {
            case STRING -> new Content(trimmed(cell.getStringCellValue()), null);
            case NUMERIC -> DateUtil.isCellDateFormatted(cell)
                    ? new Content(null, "holds a date; write it as a text or a number", cell.getLocalDateTimeCellValue())
                    : new Content(plain(cell.getNumericCellValue()), null);
            case BOOLEAN -> new Content(Boolean.toString(cell.getBooleanCellValue()), null);
            case ERROR -> new Content(null, "holds the error " + FormulaError.forInt(cell.getErrorCellValue()).getString());
            default -> new Content("", null);
        };
    }

    /** The number as the spreadsheet program shows it, 15 significant digits, never in the form 1.0E7. */
    private static String plain(double number) {
        BigDecimal exact = new BigDecimal(NumberToTextConverter.toText(number)).stripTrailingZeros();
        return exact.toPlainString();
    }

    private static String trimmed(String text) {
        return text.replace('\u00a0', ' ').strip();
    }
}
