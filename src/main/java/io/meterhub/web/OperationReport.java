package io.meterhub.web;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.operation.JobItem;
import io.meterhub.site.Texts;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.poi.ss.usermodel.Row;
import org.apache.poi.ss.usermodel.Sheet;
import org.apache.poi.ss.usermodel.Workbook;
import org.apache.poi.xssf.streaming.SXSSFWorkbook;
import org.springframework.stereotype.Component;

/** What came of a job, a row a meter, in the language of the request and the site's time. */
@Component
class OperationReport {

    private static final List<String> HEADINGS = List.of("meter", "shop", "gateway", "model", "state", "why", "ended", "result_heading");
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");
    /** By it a spreadsheet program knows that a CSV file is UTF-8. */
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private final Texts texts;

    OperationReport(Texts texts) {
        this.texts = texts;
    }

    byte[] csv(List<JobItem> items, ZoneId zone) {
        return rows(items, zone).map(row -> row.stream().map(OperationReport::quoted).collect(Collectors.joining(",")))
                .collect(Collectors.joining("\r\n", BYTE_ORDER_MARK, "\r\n")).getBytes(StandardCharsets.UTF_8);
    }

    byte[] xlsx(List<JobItem> items, ZoneId zone) {
        try (Workbook workbook = new SXSSFWorkbook(); ByteArrayOutputStream bytes = new ByteArrayOutputStream()) {
            Sheet sheet = workbook.createSheet("report");
            sheet.createFreezePane(0, 1);
            rows(items, zone).forEach(cells -> {
                Row row = sheet.createRow(sheet.getPhysicalNumberOfRows());
                cells.forEach(cell -> row.createCell(row.getPhysicalNumberOfCells()).setCellValue(cell));
            });
            workbook.write(bytes);
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Stream<List<String>> rows(List<JobItem> items, ZoneId zone) {
        return Stream.concat(Stream.of(HEADINGS.stream().map(heading -> texts.of("operation." + heading)).toList()),
                items.stream().map(item -> List.of(item.meter(), item.shop() == null ? "" : item.shop(), item.gateway(), item.model(),
                        texts.of("item." + item.state()), item.why() == null ? "" : item.why().in(texts),
                        item.endedAt() == null ? "" : TIME.format(item.endedAt().atZone(zone)), words(item.result()))));
    }

    /** What was read, as a person reads it: {@code price-flat 0.8, alarm-amount-1 10}; tables and records one after the other. */
    String words(JsonNode result) {
        if (result == null || result.isNull()) {
            return "";
        }
        if (result.isArray()) {
            return stream(result).map(this::words).collect(Collectors.joining("; "));
        }
        if (!result.isObject()) {
            return result.isNumber() ? Amounts.plain(result.decimalValue()) : result.asText();
        }
        return result.properties().stream().filter(field -> !field.getValue().isNull())
                .map(field -> called(field.getKey()) + (field.getValue().isContainerNode() ? ": " : " ") + words(field.getValue()))
                .collect(Collectors.joining(", "));
    }

    private String called(String key) {
        return texts.orElse("operation.result." + key, texts.orElse("live." + key, key));
    }

    private static Stream<JsonNode> stream(JsonNode list) {
        return java.util.stream.StreamSupport.stream(list.spliterator(), false);
    }

    private static String quoted(String cell) {
        // what begins like this a spreadsheet program would take for a formula
        String harmless = cell.startsWith("=") || cell.startsWith("+") || cell.startsWith("@") ? "'" + cell : cell;
        return "\"" + harmless.replace("\"", "\"\"") + "\"";
    }
}
