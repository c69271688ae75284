package io.meterhub.payment;

import io.meterhub.payment.FundBill.Movement;
import io.meterhub.payment.ReconciledItem.BillState;
import io.meterhub.payment.ReconciledItem.Kind;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.Charset;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * Reads Alipay's bills (alipay.data.dataservice.bill.downloadurl.query of types trade and signcustomer): a ZIP of two GBK files, the details
 * (业务明细, 账务明细) and the summary (汇总), each a table between lines that begin with #. Cells end in a tab.
 */
final class AlipayBill {

    private static final Charset GBK = Charset.forName("GB18030");
    private static final int MOST_BYTES = 200_000_000;
    private static final String SUMMARY = "汇总";
    private static final Pattern TRADES = Pattern.compile("#+交易合计[：:](\\d+)笔[，,]商家实收共(-?[\\d.]+)元.*");
    private static final Pattern REFUNDS = Pattern.compile("#+退款合计[：:](\\d+)笔[，,]商家实收退款共(-?[\\d.]+)元.*");
    private static final Pattern OUT = Pattern.compile("#+支出合计[：:](\\d+)笔[，,]共(-?[\\d.]+)元.*");
    private static final Pattern IN = Pattern.compile("#+收入合计[：:](\\d+)笔[，,]共(-?[\\d.]+)元.*");

    private AlipayBill() {
    }

    static List<BillLine> trades(String name, LocalDate day, byte[] zip) {
        Map<String, byte[]> files = unpacked(name, zip);
        Part details = part(name, files, false, "业务明细列表");
        List<BillLine> lines = details.table.rows().stream().map(row -> line(row, day)).toList();
        details.adds(TRADES, lines.stream().filter(line -> line.kind() == Kind.PAYMENT).count(), received(details.table, false));
        details.adds(REFUNDS, lines.stream().filter(line -> line.kind() == Kind.REFUND).count(), received(details.table, true));
        Part summary = part(name, files, true, "业务汇总列表");
        BillTable.Row total = total(summary.table);
        if (total != null) {
            total.counts("交易订单总笔数", lines.stream().filter(line -> line.kind() == Kind.PAYMENT).count());
            total.counts("退款订单总笔数", lines.stream().filter(line -> line.kind() == Kind.REFUND).count());
            total.adds("商家实收", details.table.sum("商家实收"));
            total.adds("服务费", details.table.sum("服务费"));
        } else if (!lines.isEmpty()) {
            throw BillTable.refused(summary.file, 0, null, "bill.one_summary");
        }
        return lines;
    }

    private static BillLine line(BillTable.Row row, LocalDate day) {
        String transaction = row.needed("支付宝交易号");
        String order = row.needed("商户订单号");
        // what the platform keeps has a minus in the file
        BigDecimal fee = row.yuan("服务费").negate();
        long fen = row.fen("订单金额");
        return switch (row.text("业务类型")) {
            case "交易" -> BillLine.payment(row.line(), transaction, order, fen, fee, ofTheDay(row, "完成时间", day)).odd(row.odd("订单金额", null));
            // of a refund these are the payment's, but for when it was done
            case "退款" -> BillLine.refund(row.line(), transaction, order, row.id("退款批次号/请求号").orElse(null), fen, fee, BillState.DONE,
                    row.at("完成时间")).odd(row.odd("订单金额", "退款批次号/请求号"));
            default -> throw row.refused("业务类型", "bill.one_of", row.text("业务类型"), "交易, 退款");
        };
    }

    private static BigDecimal received(BillTable table, boolean refunds) {
        return table.rows().stream().filter(row -> row.text("业务类型").equals("退款") == refunds).map(row -> row.yuan("商家实收"))
                .reduce(BigDecimal.ZERO, BigDecimal::add);
    }

    /** The row that sums up all shops' rows, or the only one. */
    private static BillTable.Row total(BillTable summary) {
        List<BillTable.Row> rows = summary.rows();
        return rows.stream().filter(row -> row.text("门店编号").equals("合计")).findFirst().orElse(rows.size() == 1 ? rows.get(0) : null);
    }

    static FundBill funds(String name, LocalDate day, byte[] zip) {
        Part details = part(name, unpacked(name, zip), false, "账务明细列表");
        FundBill bill = FundBill.NOTHING;
        BigDecimal in = BigDecimal.ZERO;
        BigDecimal out = BigDecimal.ZERO;
        int ins = 0;
        for (BillTable.Row row : details.table.rows()) {
            ofTheDay(row, "发生时间", day);
            BigDecimal came = amount(row, "收入金额").abs();
            BigDecimal went = amount(row, "支出金额").abs();
            if ((came.signum() == 0) == (went.signum() == 0)) {
                throw row.refused("收入金额", "bill.one_side");
            }
            String type = row.text("业务类型");
            Movement movement = type.contains("费") ? Movement.FEE
                    : type.contains("退款") ? Movement.OUT
                    : type.contains("提现") ? Movement.DRAWN
                    : type.contains("付款") || type.contains("交易") || type.contains("支付") ? Movement.IN : Movement.OTHER;
            bill = bill.plus(movement, came.subtract(went), row.yuan("账户余额"));
            in = in.add(came);
            out = out.add(went);
            ins += came.signum();
        }
        details.adds(IN, ins, in);
        details.adds(OUT, details.table.rows().size() - ins, out.negate());
        return bill;
    }

    /** What is empty there is nothing. */
    private static BigDecimal amount(BillTable.Row row, String column) {
        return row.text(column).isEmpty() ? BigDecimal.ZERO : row.yuan(column);
    }

    private static Instant ofTheDay(BillTable.Row row, String column, LocalDate day) {
        Instant at = row.at(column);
        if (!LocalDate.ofInstant(at, BillTable.ZONE).equals(day)) {
            throw row.refused(column, "bill.day", row.text(column), day);
        }
        return at;
    }

    /** A file's table, and the lines beside it. */
    private record Part(String file, BillTable table, Map<Integer, String> remarks) {

        /** The line beside the table that sums it up says the same. */
        void adds(Pattern pattern, long count, BigDecimal yuan) {
            for (Map.Entry<Integer, String> remark : remarks.entrySet()) {
                Matcher says = pattern.matcher(remark.getValue());
                if (says.matches()) {
                    if (Long.parseLong(says.group(1)) != count) {
                        throw BillTable.refused(file, remark.getKey(), null, "bill.sum", says.group(1), count);
                    }
                    // some versions write what went out with a minus and some without
                    if (new BigDecimal(says.group(2)).abs().compareTo(yuan.abs()) != 0) {
                        throw BillTable.refused(file, remark.getKey(), null, "bill.sum", says.group(2), yuan.toPlainString());
                    }
                    return;
                }
            }
            throw BillTable.refused(file, 0, null, "bill.one_summary");
        }
    }

    private static Part part(String zip, Map<String, byte[]> files, boolean summary, String title) {
        List<String> names = files.keySet().stream().filter(name -> name.contains(SUMMARY) == summary).toList();
        if (names.size() != 1) {
            throw BillTable.refused(zip, 0, null, "bill.files", title, String.join(", ", files.keySet()));
        }
        String file = names.get(0);
        BillTable table = null;
        Map<Integer, String> remarks = new LinkedHashMap<>();
        boolean within = false;
        List<String> lines = BillTable.lines(file, files.get(file), GBK);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.startsWith("#")) {
                within = line.contains(title) && !line.contains(title + "结束");
                remarks.put(i + 1, line);
            } else if (within && table == null) {
                table = new BillTable(file, i + 1, cells(line).stream().map(cell -> cell.replaceAll("[(（].*[)）]$", "")).toList());
            } else if (within && !line.isEmpty()) {
                table.add(i + 1, cells(lines.get(i)));
            } else if (!line.isEmpty()) {
                throw BillTable.refused(file, i + 1, null, "bill.outside", title);
            }
        }
        if (table == null || remarks.values().stream().noneMatch(line -> line.contains(title + "结束"))) {
            throw BillTable.refused(file, 0, null, "bill.no_part", title);
        }
        return new Part(file, table, remarks);
    }

    /** A cell with a comma in it stands in quotes, and a quote in such a cell twice; within another cell a quote is one. */
    private static List<String> cells(String line) {
        List<String> cells = new ArrayList<>();
        StringBuilder cell = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '"' && quoted && line.startsWith("\"\"", i)) {
                cell.append(c);
                i++;
            } else if (c == '"' && (quoted || cell.isEmpty())) {
                quoted = !quoted;
            } else if (c == ',' && !quoted) {
                cells.add(cell.toString().strip());
                cell.setLength(0);
            } else {
                cell.append(c);
            }
        }
        cells.add(cell.toString().strip());
        return cells;
    }

    private static Map<String, byte[]> unpacked(String name, byte[] bytes) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        // the names in it are GBK too
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(bytes), GBK)) {
            int left = MOST_BYTES;
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                byte[] file = zip.readNBytes(left);
                left -= file.length;
                if (left == 0) {
                    throw BillTable.refused(name, 0, null, "bill.too_large", MOST_BYTES);
                }
                if (!entry.isDirectory()) {
                    files.put(entry.getName(), file);
                }
            }
        } catch (IOException | IllegalArgumentException e) {
            throw BillTable.refused(name, 0, null, "bill.not_zip", String.valueOf(e.getMessage()));
        }
        if (files.isEmpty()) {
            throw BillTable.refused(name, 0, null, "bill.empty_zip");
        }
        return files;
    }
}
