package io.meterhub.web;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.poi.ss.usermodel.Row;
import org.apache.poi.ss.usermodel.Sheet;
import org.apache.poi.ss.usermodel.Workbook;
import org.apache.poi.xssf.streaming.SXSSFWorkbook;
import org.springframework.http.ContentDisposition;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;

/** Rows of text as a file for a spreadsheet program. */
final class SheetFile {

    private static final MediaType CSV = MediaType.parseMediaType("text/csv;charset=UTF-8");
    private static final MediaType XLSX = MediaType.parseMediaType("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    /** By it a spreadsheet program knows that a CSV file is UTF-8. */
    private static final String BYTE_ORDER_MARK = "\uFEFF";
    /** What begins like this a spreadsheet program would take for a formula. */
    private static final Pattern FORMULA = Pattern.compile("[-+=@\t\r].*", Pattern.DOTALL);
    private static final Pattern NUMBER = Pattern.compile("-[0-9]+(\\.[0-9]+)?");

    private SheetFile() {
    }

    static byte[] csv(Stream<List<String>> rows) {
        return rows.map(row -> row.stream().map(SheetFile::quoted).collect(Collectors.joining(",")))
                .collect(Collectors.joining("\r\n", BYTE_ORDER_MARK, "\r\n")).getBytes(StandardCharsets.UTF_8);
    }

    static byte[] xlsx(Stream<List<String>> rows) {
        try (Workbook workbook = new SXSSFWorkbook(); ByteArrayOutputStream bytes = new ByteArrayOutputStream()) {
            Sheet sheet = workbook.createSheet("report");
            sheet.createFreezePane(0, 1);
            rows.forEach(cells -> {
                Row row = sheet.createRow(sheet.getPhysicalNumberOfRows());
                cells.forEach(cell -> row.createCell(row.getPhysicalNumberOfCells()).setCellValue(cell));
            });
            workbook.write(bytes);
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** By the ending of its name; what is neither CSV nor XLSX goes as it is. */
    static ResponseEntity<byte[]> answer(String name, byte[] content) {
        MediaType type = name.endsWith(".csv") ? CSV : name.endsWith(".xlsx") ? XLSX : MediaType.APPLICATION_OCTET_STREAM;
        return ResponseEntity.ok().contentType(type)
                .header(HttpHeaders.CONTENT_DISPOSITION, ContentDisposition.attachment().filename(name).build().toString())
                .body(content);
    }

    private static String quoted(String cell) {
        String harmless = FORMULA.matcher(cell).matches() && !NUMBER.matcher(cell).matches() ? "'" + cell : cell;
        return "\"" + harmless.replace("\"", "\"\"") + "\"";
    }
}
