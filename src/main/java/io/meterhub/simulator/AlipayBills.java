package io.meterhub.simulator;

import io.meterhub.simulator.PayBook.Entry;
import io.meterhub.simulator.PayBook.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.Charset;
import java.time.Instant;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Alipay's bills of a day as it makes them: two tables in GBK, the details and their summary, between lines that begin with #, in a
 * ZIP whose names are GBK too. Words stand before a tab, so that no spreadsheet takes a number of theirs for a number.
 */
final class AlipayBills {

    private static final Charset GBK = Charset.forName("GBK");
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(PayTime.ZONE);
    private static final DateTimeFormatter WORDS = DateTimeFormatter.ofPattern("yyyy年MM月dd日 HH:mm:ss").withZone(PayTime.ZONE);

    private final String account;
    private final LocalDate day;
    private final Instant madeAt;

    /** @param seller whose bill it is; its account number at Alipay is this and 0156 */
    AlipayBills(String seller, LocalDate day, Instant madeAt) {
        this.account = seller + "0156";
        this.day = day;
        this.madeAt = madeAt;
    }

    /** The trade bill (业务账单). */
    byte[] trades(List<Entry> entries, Map<String, Instant> createdAt) {
        Sums paid = Sums.of(entries, Kind.PAYMENT);
        Sums back = Sums.of(entries, Kind.REFUND);
        Table details = new Table("业务明细");
        details.head("支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,"
                + "支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,"
                + "服务费（元）,分润（元）,备注");
        for (Entry entry : entries) {
            boolean refund = entry.kind() == Kind.REFUND;
            String yuan = yuan(refund ? -entry.fen() : entry.fen());
            details.row(entry.transactionId() + "\t", entry.orderNumber() + "\t", (refund ? "退款" : "交易") + "\t", cell(entry.subject()),
                    TIME.format(createdAt.getOrDefault(entry.transactionId(), entry.at())), TIME.format(entry.at()), "\t", "\t", "\t", "\t",
                    entry.payer() + "\t", yuan, yuan, "0.00", "0.00", "0.00", "0.00", "0.00", "", "0.00\t", "0.00",
                    (refund ? entry.refundNumber() : "") + "\t", yuan(refund ? entry.feeFen() : -entry.feeFen()), "0.00", "");
        }
        details.end("#-----------------------------------------业务明细列表结束------------------------------------",
                "#交易合计：" + paid.count + "笔，商家实收共" + yuan(paid.fen) + "元，商家优惠共0.00元",
                "#退款合计：" + back.count + "笔，商家实收退款共" + yuan(-back.fen) + "元，商家优惠退款共0.00元");
        Table summary = new Table("业务汇总");
        summary.head("门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,"
                + "分润（元）,实收净额（元）");
        String[] sums = {"" + paid.count, "" + back.count, yuan(paid.fen - back.fen), yuan(paid.fen - back.fen), "0.00", "0.00", "0.00",
                yuan(back.feeFen - paid.feeFen), "0.00", yuan(paid.fen - back.fen + back.feeFen - paid.feeFen)};
        summary.row("\t", "\t", sums);
        summary.row("合计\t", "\t", sums);
        summary.end("#----------------------------------------业务汇总列表结束-------------------------------------");
        return zip(Map.of("业务明细", details, "业务明细(汇总)", summary));
    }

    /**
     * The fund-flow bill (账务账单): each payment and refund, and each fee, is a movement of the balance.
     *
     * @param all up to the end of the day
     */
    byte[] funds(List<Entry> all) {
        Table details = new Table("账务明细");
        details.head("账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注");
        long[] in = new long[2];
        long[] out = new long[2];
        long balance = 0;
        int line = 0;
        for (Entry entry : all) {
            boolean refund = entry.kind() == Kind.REFUND;
            Map<String, Long> movements = new LinkedHashMap<>();
            movements.put(refund ? "交易退款" : "在线支付", refund ? -entry.fen() : entry.fen());
            if (entry.feeFen() != 0) {
                movements.put(refund ? "退费" : "收费", refund ? entry.feeFen() : -entry.feeFen());
            }
            for (Map.Entry<String, Long> movement : movements.entrySet()) {
                long fen = movement.getValue();
                balance += fen;
                if (!PayTime.day(entry.at()).equals(day)) {
                    continue;
                }
                (fen > 0 ? in : out)[0]++;
                (fen > 0 ? in : out)[1] += fen;
                details.row("%s%08d\t".formatted(day.format(DateTimeFormatter.BASIC_ISO_DATE), ++line), entry.transactionId() + "\t",
                        entry.orderNumber() + "\t", cell(entry.subject()) + "\t", TIME.format(entry.at()), entry.payer() + "\t",
                        yuan(Math.max(fen, 0)), yuan(Math.min(fen, 0)), yuan(balance), "支付宝", movement.getKey(),
                        refund ? entry.refundNumber() : "");
            }
        }
        details.end("#-----------------------------------------账务明细列表结束------------------------------------",
                "#支出合计：" + out[0] + "笔，共" + yuan(out[1]) + "元", "#收入合计：" + in[0] + "笔，共" + yuan(in[1]) + "元");
        Table summary = new Table("账务汇总");
        summary.head("类型,收入笔数,收入金额（+元）,支出笔数,支出金额（-元）,总金额（元）");
        summary.row("合计", "" + in[0], yuan(in[1]), "" + out[0], yuan(out[1]), yuan(in[1] + out[1]));
        summary.end("#----------------------------------------账务汇总列表结束-------------------------------------");
        return zip(Map.of("账务明细", details, "账务明细(汇总)", summary));
    }

    private record Sums(int count, long fen, long feeFen) {

        static Sums of(List<Entry> entries, Kind kind) {
            List<Entry> those = entries.stream().filter(entry -> entry.kind() == kind).toList();
            return new Sums(those.size(), those.stream().mapToLong(Entry::fen).sum(), those.stream().mapToLong(Entry::feeFen).sum());
        }
    }

    /** A table between its marks. */
    private final class Table {

        private final StringBuilder text = new StringBuilder();
        private final String title;

        Table(String title) {
            this.title = title;
            line("#支付宝" + title + "查询");
            line("#账号：[" + account + "]");
            line("#起始日期：[" + WORDS.format(day.atStartOfDay(PayTime.ZONE)) + "]   终止日期：["
                    + WORDS.format(day.plusDays(1).atStartOfDay(PayTime.ZONE)) + "]");
        }

        void head(String columns) {
            line("#-----------------------------------------" + title + "列表----------------------------------------");
            line(columns);
        }

        void row(String... cells) {
            line(String.join(",", cells));
        }

        void row(String first, String second, String[] others) {
            StringJoiner row = new StringJoiner(",").add(first).add(second);
            for (String each : others) {
                row.add(each);
            }
            line(row.toString());
        }

        void end(String... lines) {
            for (String each : lines) {
                line(each);
            }
            line("#导出时间：[" + WORDS.format(madeAt) + "]");
        }

        private void line(String content) {
            text.append(content).append("\r\n");
        }
    }

    private byte[] zip(Map<String, Table> tables) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(file, GBK)) {
            for (String name : tables.keySet().stream().sorted().toList()) {
                ZipEntry entry = new ZipEntry(account + "_" + day.format(DateTimeFormatter.BASIC_ISO_DATE) + "_" + name + ".csv");
                // the same file again is the same to the last byte
                entry.setTime(madeAt.toEpochMilli());
                zip.putNextEntry(entry);
                zip.write(tables.get(name).text.toString().getBytes(GBK));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file.toByteArray();
    }

    /** What would end a cell or a line in it. */
    private static String cell(String word) {
        return word == null ? "" : word.replaceAll("[,\"\\s]", " ");
    }

    private static String yuan(long fen) {
        return BigDecimal.valueOf(fen, 2).toPlainString();
    }
}
