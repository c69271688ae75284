package io.meterhub.payment;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.payment.Platform.BillKind;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** The platforms' files as they came, each once by its hash, and the lines of those that can be read. */
@Component
class BillBook {

    private final JdbcClient jdbc;
    private final ObjectMapper json;
    private final Clock clock;

    BillBook(JdbcClient jdbc, ObjectMapper json, Clock clock) {
        this.jdbc = jdbc;
        this.json = json;
        this.clock = clock;
    }

    /** Keeps a file, whatever is in it; the same again is the one that is kept. */
    @Transactional(propagation = Propagation.MANDATORY)
    public long keep(Channel channel, BillKind kind, LocalDate day, String name, byte[] file) {
        byte[] hash = sha256(file);
        return jdbc.sql("""
                insert into pay_bill (channel, kind, day, name, sha256, file, fetched_at) values (:channel, :kind, :day, :name, :hash, :file, :now)
                on conflict do nothing returning id""")
                .param("channel", channel.name()).param("kind", kind.name()).param("day", day).param("name", name).param("hash", hash)
                .param("file", file).param("now", clock.instant().atOffset(ZoneOffset.UTC)).query(Long.class).optional()
                .orElseGet(() -> jdbc.sql("select id from pay_bill where channel = :channel and kind = :kind and day = :day and sha256 = :hash")
                        .param("channel", channel.name()).param("kind", kind.name()).param("day", day).param("hash", hash)
                        .query(Long.class).single());
    }

    /** @throws BillRefused naming the line and the field that cannot be */
    static List<BillLine> trades(Channel channel, String name, LocalDate day, byte[] file) {
        return file.length == 0 ? List.of() : switch (channel) {
            case WECHAT -> WechatBill.trades(name, day, file);
            case ALIPAY -> AlipayBill.trades(name, day, file);
            case CASH, TRANSFER -> throw new IllegalArgumentException(channel + " has no bills");
        };
    }

    /** @throws BillRefused naming the line and the field that cannot be */
    static FundBill funds(Channel channel, String name, LocalDate day, byte[] file) {
        return file.length == 0 ? FundBill.NOTHING : switch (channel) {
            case WECHAT -> WechatBill.funds(name, day, file);
            case ALIPAY -> AlipayBill.funds(name, day, file);
            case CASH, TRANSFER -> throw new IllegalArgumentException(channel + " has no bills");
        };
    }

    /** @throws BillRefused if a line is odd of an order that is the hub's: the first one */
    void refuseOdd(Channel channel, List<BillLine> lines) {
        List<BillLine> odd = lines.stream().filter(line -> line.odd() != null).toList();
        Set<String> ours = odd.isEmpty() ? Set.of() : Set.copyOf(jdbc.sql("""
                select number from pay_order where channel = :channel and number = any(:numbers)
                union select order_number from pay_payment where channel = :channel and order_number = any(:numbers)""")
                .param("channel", channel.name()).param("numbers", odd.stream().map(BillLine::orderNumber).toArray(String[]::new))
                .query(String.class).list());
        odd.stream().filter(line -> ours.contains(line.orderNumber())).findFirst().ifPresent(line -> {
            throw new BillRefused(line.odd());
        });
    }

    /** The lines of a file that is kept; a second time changes nothing. */
    @Transactional(propagation = Propagation.MANDATORY)
    public void write(long bill, List<BillLine> lines) {
        jdbc.sql("""
                insert into pay_bill_line (bill_id, line, kind, key, transaction_id, order_number, refund_number, fen, fee_yuan, state, at, odd)
                select :bill, line, kind, key, "transactionId", "orderNumber", "refundNumber", fen, "feeYuan", state, at, nullif(odd, 'null')
                from jsonb_to_recordset(:lines::jsonb) as l (line int, kind text, key text, "transactionId" text, "orderNumber" text,
                     "refundNumber" text, fen bigint, "feeYuan" numeric, state text, at timestamptz, odd jsonb)
                on conflict do nothing""").param("bill", bill).param("lines", written(lines)).update();
    }

    String written(Object object) {
        try {
            return json.writeValueAsString(object);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("Cannot be written as JSON: " + object, e);
        }
    }

    <T> T read(String text, Class<T> type) {
        try {
            return text == null ? null : json.readValue(text, type);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("The database holds JSON that is no " + type.getSimpleName() + ": " + text, e);
        }
    }

    private static byte[] sha256(byte[] file) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(file);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
