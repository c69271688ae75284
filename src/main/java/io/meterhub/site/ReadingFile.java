package io.meterhub.site;

import io.meterhub.site.SiteSheet.Problem;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.ResolverStyle;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.poi.ss.usermodel.CellStyle;
import org.apache.poi.ss.usermodel.Row;
import org.apache.poi.ss.usermodel.Sheet;
import org.apache.poi.ss.usermodel.Workbook;
import org.apache.poi.xssf.usermodel.XSSFWorkbook;

/**
 * Reads a spreadsheet of readings by hand (抄表记录), XLS or XLSX: columns meter, time, reading and reader, headings English or
 * Chinese, in any order, on any number of sheets. Times are the site's own; a cell may hold a text or a date.
 */
public final class ReadingFile {

    private static final Pattern CODE = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N}._-]{0,31}");
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,15}(\\.[0-9]{1,3}0*)?");
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-M-d H:mm[:ss]").withResolverStyle(ResolverStyle.STRICT);
    private static final int MOST_ROWS = 20_000;

    private ReadingFile() {
    }

    /** A row as it was read. {@code at} is the site's local time. */
    public record Line(String sheet, int row, String meter, LocalDateTime at, BigDecimal total, String reader) {
    }

    /** A heading, and what may stand under it. */
    public enum Column {
        METER("meter", "表计", "the code of one of the site's meters"),
        TIME("time", "时间", "a date and time such as 2026-11-22 08:30, in the site's time"),
        READING("reading", "读数", "a number from 0 with at most 3 decimals, kWh or m3 after the ct ratio"),
        READER("reader", "抄表人", "the name of who stood before the meter, at most 64 characters");

        private final String english;
        private final String chinese;
        private final String allowed;

        Column(String english, String chinese, String allowed) {
            this.english = english;
            this.chinese = chinese;
            this.allowed = allowed;
        }

        /** As problems name it. */
        public String english() {
            return english;
        }

        private String both() {
            return english + " " + chinese;
        }

        private boolean matches(String text) {
            String given = text.strip().replaceAll("\\s+", " ").toLowerCase(Locale.ROOT);
            return given.equals(english) || given.equals(chinese) || given.equals(both());
        }
    }

    /**
     * @param fileName what the problems call it
     * @throws SiteFileRefused with every problem of the file
     */
    public static List<Line> read(byte[] content, String fileName) {
        List<Problem> problems = new ArrayList<>();
        List<Line> lines = new ArrayList<>();
        try {
            Grid.read(content).stream().filter(grid -> !grid.rows().isEmpty() && !SiteTemplate.isNotes(grid.name()))
                    .forEach(grid -> read(grid, lines, problems));
        } catch (Grid.Unreadable e) {
            throw SheetReader.refused(fileName, e.getMessage());
        }
        if (lines.isEmpty() && problems.isEmpty()) {
            throw SheetReader.refused(fileName, "holds no reading; needed is a row of headings and a row for each reading");
        }
        if (!problems.isEmpty()) {
            throw new SiteFileRefused(fileName, problems);
        }
        return lines;
    }

    private static void read(Grid grid, List<Line> lines, List<Problem> problems) {
        Map<Column, Integer> columns = new EnumMap<>(Column.class);
        int headings = grid.rows().keySet().iterator().next();
        grid.rows().get(headings).forEach((index, content) -> {
            String text = content.text() == null ? "" : content.text();
            Column column = Stream.of(Column.values()).filter(each -> each.matches(text)).findFirst().orElse(null);
            if (column == null || columns.putIfAbsent(column, index) != null) {
                problems.add(new Problem(grid.name(), headings, text, column == null ? "no such heading is known; allowed are "
                        + Stream.of(Column.values()).map(Column::both).collect(Collectors.joining(", "))
                        : "the heading is there twice; allowed is one"));
            }
        });
        List<Column> missing = Stream.of(Column.values()).filter(column -> !columns.containsKey(column)).toList();
        missing.forEach(column -> problems.add(new Problem(grid.name(), headings, column.english,
                "the heading is missing; needed is a column " + column.both())));
        if (grid.rows().size() > MOST_ROWS) {
            problems.add(new Problem(grid.name(), MOST_ROWS, "", "the sheet has more than " + MOST_ROWS + " rows"));
        } else if (missing.isEmpty()) {
            grid.rows().forEach((row, cells) -> {
                if (row != headings) {
                    lines.add(line(grid.name(), row, cells, columns, problems));
                }
            });
        }
    }

    private static Line line(String sheet, int row, Map<Integer, Grid.Content> cells, Map<Column, Integer> columns, List<Problem> problems) {
        String meter = text(sheet, row, Column.METER, cells, columns, problems);
        if (meter != null && !CODE.matcher(meter).matches()) {
            problems.add(problem(sheet, row, Column.METER, meter));
        }
        String number = text(sheet, row, Column.READING, cells, columns, problems);
        if (number != null && !NUMBER.matcher(number).matches()) {
            problems.add(problem(sheet, row, Column.READING, number));
            number = null;
        }
        String reader = text(sheet, row, Column.READER, cells, columns, problems);
        if (reader != null && (reader.length() > 64 || reader.chars().anyMatch(Character::isISOControl))) {
            problems.add(problem(sheet, row, Column.READER, reader));
        }
        return new Line(sheet, row, meter, time(sheet, row, cells, columns, problems), number == null ? null : new BigDecimal(number), reader);
    }

    private static LocalDateTime time(String sheet, int row, Map<Integer, Grid.Content> cells, Map<Column, Integer> columns,
                                      List<Problem> problems) {
        Grid.Content content = cells.get(columns.get(Column.TIME));
        if (content != null && content.time() != null) {
            return content.time();
        }
        String text = text(sheet, row, Column.TIME, cells, columns, problems);
        try {
            return text == null ? null : LocalDateTime.parse(text.replace('/', '-').replace('T', ' '), TIME);
        } catch (DateTimeException e) {
            problems.add(problem(sheet, row, Column.TIME, text));
            return null;
        }
    }

    private static String text(String sheet, int row, Column column, Map<Integer, Grid.Content> cells, Map<Column, Integer> columns,
                               List<Problem> problems) {
        Grid.Content content = cells.get(columns.get(column));
        if (content == null || content.text() == null) {
            problems.add(new Problem(sheet, row, column.english, (content == null ? "is empty" : content.unreadable())
                    + "; allowed is " + column.allowed));
        }
        return content == null ? null : content.text();
    }

    private static Problem problem(String sheet, int row, Column column, String given) {
        return new Problem(sheet, row, column.english, '"' + given + "\" is not allowed; allowed is " + column.allowed);
    }

    /** The empty spreadsheet to fill in, XLSX. */
    public static byte[] template() {
        try (Workbook workbook = new XSSFWorkbook(); ByteArrayOutputStream out = new ByteArrayOutputStream()) {
            Sheet sheet = workbook.createSheet("readings 抄表");
            Row headings = sheet.createRow(0);
            CellStyle text = workbook.createCellStyle();
            text.setDataFormat(workbook.createDataFormat().getFormat("@"));
            CellStyle time = workbook.createCellStyle();
            time.setDataFormat(workbook.createDataFormat().getFormat("yyyy-mm-dd hh:mm"));
            for (Column column : Column.values()) {
                headings.createCell(column.ordinal()).setCellValue(column.both());
                sheet.setColumnWidth(column.ordinal(), 256 * 20);
                if (column != Column.READING) {
                    sheet.setDefaultColumnStyle(column.ordinal(), column == Column.TIME ? time : text);
                }
            }
            sheet.createFreezePane(0, 1);
            workbook.write(out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
