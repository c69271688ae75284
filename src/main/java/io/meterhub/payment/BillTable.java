package io.meterhub.payment;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.format.ResolverStyle;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** The rows of a part of a bill below its headings. Columns are found by their headings, as platforms add some now and then. */
final class BillTable {

    /** In which the days and times of both platforms are. */
    static final ZoneId ZONE = ZoneId.of("Asia/Shanghai");

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss").withResolverStyle(ResolverStyle.STRICT);
    private static final Pattern YUAN = Pattern.compile("[+-]?[0-9]{1,12}(\\.[0-9]{1,5})?");
    private static final Pattern COUNT = Pattern.compile("[0-9]{1,9}(\\.0+)?");
    private static final int FEN_DIGITS = 2;

    private final String file;
    private final int headingLine;
    private final Map<String, Integer> columns = new LinkedHashMap<>();
    private final List<Row> rows = new ArrayList<>();

    BillTable(String file, int headingLine, List<String> headings) {
        this.file = file;
        this.headingLine = headingLine;
        for (String heading : headings) {
            if (!heading.isEmpty() && columns.putIfAbsent(heading, columns.size()) != null) {
                throw refused(file, headingLine, heading, "bill.column_twice");
            }
        }
    }

    /** The lines of a text file, line 1 first. */
    static List<String> lines(String file, byte[] bytes, Charset charset) {
        try {
            String text = charset.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            return (text.startsWith("\uFEFF") ? text.substring(1) : text).lines().toList();
        } catch (CharacterCodingException e) {
            throw refused(file, 0, null, "bill.charset", charset.name());
        }
    }

    static BillRefused refused(String file, int line, String field, String key, Object... words) {
        return new BillRefused(new BillProblem(file, line, field, key, java.util.Arrays.stream(words).map(String::valueOf).toList()));
    }

    void add(int line, List<String> cells) {
        if (cells.size() != columns.size()) {
            throw refused(file, line, null, "bill.cells", cells.size(), columns.size());
        }
        rows.add(new Row(line, cells));
    }

    List<Row> rows() {
        return rows;
    }

    boolean has(String column) {
        return columns.containsKey(column);
    }

    /** The first of these columns that is there. */
    String column(String... names) {
        for (String name : names) {
            if (has(name)) {
                return name;
            }
        }
        throw refused(file, headingLine, names[0], "bill.no_column");
    }

    BigDecimal sum(String column) {
        return rows.stream().map(row -> row.yuan(column)).reduce(BigDecimal.ZERO, BigDecimal::add);
    }

    /** A row with its place in the file. */
    final class Row {

        private final int line;
        private final List<String> cells;

        private Row(int line, List<String> cells) {
            this.line = line;
            this.cells = cells;
        }

        int line() {
            return line;
        }

        BillRefused refused(String column, String key, Object... words) {
            return BillTable.refused(file, line, column, key, words);
        }

        String text(String column) {
            return cells.get(columns.get(column(column)));
        }

        /** Empty where the platform puts nothing, or a 0 for nothing. */
        Optional<String> id(String column) {
            return Optional.of(text(column)).filter(text -> !text.isEmpty() && !text.equals("0"));
        }

        String needed(String column) {
            return id(column).orElseThrow(() -> refused(column, "bill.needed"));
        }

        BigDecimal yuan(String column) {
            String text = text(column);
            if (!YUAN.matcher(text).matches()) {
                throw refused(column, "bill.yuan", text);
            }
            return new BigDecimal(text);
        }

        /** Whatever its sign in the file; 0 is for {@link #odd} to say. */
        long fen(String column) {
            BigDecimal yuan = yuan(column);
            if (yuan.stripTrailingZeros().scale() > FEN_DIGITS) {
                throw refused(column, "bill.fen", yuan.toPlainString());
            }
            return yuan.abs().movePointRight(FEN_DIGITS).longValueExact();
        }

        /** What no line of the hub's can be; null: it can. @param refundNumber null: of a payment */
        BillProblem odd(String amountColumn, String refundColumn) {
            return fen(amountColumn) == 0 ? refused(amountColumn, "bill.fen", text(amountColumn)).problem()
                    : refundColumn != null && id(refundColumn).isEmpty() ? refused(refundColumn, "bill.needed").problem() : null;
        }

        int count(String column) {
            String text = text(column);
            if (!COUNT.matcher(text).matches()) {
                throw refused(column, "bill.count", text);
            }
            return new BigDecimal(text).intValueExact();
        }

        Instant at(String column) {
            try {
                return LocalDateTime.parse(text(column), TIME).atZone(ZONE).toInstant();
            } catch (DateTimeParseException e) {
                throw refused(column, "bill.time", text(column));
            }
        }

        void adds(String column, BigDecimal up) {
            if (yuan(column).compareTo(up) != 0) {
                throw refused(column, "bill.sum", yuan(column).toPlainString(), up.toPlainString());
            }
        }

        void counts(String column, long up) {
            if (count(column) != up) {
                throw refused(column, "bill.sum", text(column), up);
            }
        }
    }
}
