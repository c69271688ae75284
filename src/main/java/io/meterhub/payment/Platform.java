package io.meterhub.payment;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Map;

/**
 * A payment platform as the hub uses it, behind which a channel's SDK stands: one bean for each channel that is set up. Amounts are yuan with
 * two decimals, always CNY. Nothing here knows the database, and nothing throws for what a platform or the line to it does: where
 * no signed and certain answer came, the outcome is unknown, which is asked for again later and is never a failure.
 */
public interface Platform {

    Channel channel();

    /** Whether orders can be opened this way, by its settings. */
    boolean offers(Way way);

    /** To whom and through which app payments of a way go; kept with the order and compared with what comes. */
    Payee payee(Way way);

    /** Opens an order at the platform; the same number again with the same content is the same order. */
    Opening open(Ask ask);

    /** What the platform knows of an order. */
    Found find(String orderNumber);

    /** Closes an order there, so that it cannot be paid any more. */
    Closing close(String orderNumber);

    /** Asks to give money back; the same refund number again with the same content is the same refund. */
    Returning giveBack(Return asked);

    /** What the platform knows of a refund. */
    Returning findReturn(String orderNumber, String refundNumber);

    /** The platform's bill of a day of its own (Asia/Shanghai), as it is kept for good; its hash checked where the platform tells one. */
    Billed bill(BillKind kind, LocalDate day);

    /**
     * What an order asks for.
     *
     * @param number    unique in the channel, 6 to 32 of A-Z and 0-9
     * @param subject   what the payer reads
     * @param expiresAt from when on the platform takes no payment
     * @param payer     openid for {@link Way#WECHAT_JSAPI}, else null
     * @param address   the payer's IP address for {@link Way#WECHAT_H5}, else null
     * @param returnTo  where the payer's browser comes back to, else null
     */
    record Ask(String number, Way way, BigDecimal amountYuan, String subject, Instant expiresAt, String payer, String address, String returnTo) {

        /** So much of the subject as has so many bytes. */
        String subject(int most) {
            return cut(subject, most);
        }
    }

    /** @param merchant mchid or seller_id, @param app appid or app_id */
    record Payee(String merchant, String app) {
    }

    sealed interface Opening {

        /**
         * The payer can pay.
         *
         * @param code       the text of the QR code, or null
         * @param address    where the payer's browser goes, or null
         * @param parameters what the page hands to WeChat's browser (JSAPI), or a form's fields; else empty
         */
        record Opened(String code, String address, Map<String, String> parameters) implements Opening {
        }

        /** The platform said for certain, signed, that it does not open it. */
        record Refused(String code, String why) implements Opening {
        }

        record Unknown(String why) implements Opening {
        }
    }

    /**
     * A successful payment, as the platform tells it by notice or query.
     *
     * @param transactionId the platform's own, unique in the channel
     * @param currency      CNY, or what it is instead
     * @param merchant      who got the money there (mchid, seller_id); null: the platform does not say, and it is whom the order says
     * @param app           through which app (appid, app_id); null likewise
     * @param givenBack     some of it, or all, was given back there; where the hub did not ask for that, it is not to be credited
     */
    record Paid(Channel channel, String transactionId, String orderNumber, BigDecimal amountYuan, String currency, String merchant, String app,
                Instant paidAt, String payer, boolean givenBack) {

        Paid(Channel channel, String transactionId, String orderNumber, BigDecimal amountYuan, String currency, String merchant, String app,
             Instant paidAt, String payer) {
            this(channel, transactionId, orderNumber, amountYuan, currency, merchant, app, paidAt, payer, false);
        }

        /** With whom the order says, as far as the platform did not. */
        Paid to(Payee ordered) {
            return ordered == null ? this : new Paid(channel, transactionId, orderNumber, amountYuan, currency,
                    merchant == null ? ordered.merchant() : merchant, app == null ? ordered.app() : app, paidAt, payer, givenBack);
        }
    }

    sealed interface Found {

        record Payment(Paid paid) implements Found {
        }

        /** Open there: nobody has paid, or somebody is just paying. */
        record Waiting() implements Found {
        }

        /** Closed there without a payment, for good. */
        record Closed() implements Found {
        }

        /** The platform does not know it, which a retry of {@link Platform#open} may still change. */
        record NotThere() implements Found {
        }

        record Unknown(String why) implements Found {
        }
    }

    sealed interface Closing {

        record Closed() implements Closing {
        }

        /** It was paid meanwhile; a query says what. */
        record WasPaid() implements Closing {
        }

        record NotThere() implements Closing {
        }

        record Unknown(String why) implements Closing {
        }
    }

    /**
     * Money to give back.
     *
     * @param refundNumber unique in the channel, 6 to 32 of A-Z and 0-9; kept through all repeats
     * @param paidYuan     what the payment was, of which this is a part or the whole
     */
    record Return(String orderNumber, String transactionId, String refundNumber, BigDecimal amountYuan, BigDecimal paidYuan, String why) {

        /** So much of the reason as has so many bytes: a platform would refuse a longer one, and with it the refund. */
        String why(int most) {
            return cut(why, most);
        }
    }

    sealed interface Returning {

        /** @param refundId the platform's own */
        record Done(String refundId, BigDecimal amountYuan, Instant at) implements Returning {
        }

        /**
         * Taken, not done yet.
         *
         * @param why what keeps it from being done, {@link #ABNORMAL} first where the merchant has to see to it; null: nothing
         */
        record Working(String refundId, String why) implements Returning {

            static final String ABNORMAL = "ABNORMAL";
        }

        /** For certain not, and not later either: another refund number is needed. */
        record Refused(String code, String why) implements Returning {
        }

        record NotThere() implements Returning {
        }

        record Unknown(String why) implements Returning {
        }
    }

    enum BillKind { TRADE, FUNDS }

    sealed interface Billed {

        /**
         * The file.
         *
         * @param file its bytes: of WeChat the CSV (UTF-8), unpacked, over which its hash is; of Alipay the ZIP as it came, with the CSV (GBK)
         *             of the detail and that of the summary, of funds (signcustomer) with the same two
         */
        record Bill(String name, byte[] file) implements Billed {
        }

        /** There was nothing on that day. */
        record Nothing() implements Billed {
        }

        /** It is not made yet. */
        record NotYet() implements Billed {
        }

        record Unknown(String why) implements Billed {
        }
    }

    /** So much of it as has so many bytes in UTF-8, and no half of a character. */
    private static String cut(String text, int most) {
        if (text == null) {
            return null;
        }
        int bytes = 0;
        for (int i = 0; i < text.length(); i = text.offsetByCodePoints(i, 1)) {
            int point = text.codePointAt(i);
            bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
            if (bytes > most) {
                return text.substring(0, i);
            }
        }
        return text;
    }
}
