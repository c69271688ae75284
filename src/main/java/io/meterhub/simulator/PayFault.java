package io.meterhub.simulator;

/** What can go wrong between a payment platform and the hub. */
public enum PayFault {

    /** It is never sent, however often the platform would repeat it: only a query tells. */
    NOTICE_LOST,
    /** It is sent ten minutes of the platform's time late. */
    NOTICE_LATE,
    /** It comes again although it was taken. */
    NOTICE_TWICE,
    /** Fifty copies come at once. */
    NOTICE_FIFTY,
    /** The order is paid, and its notice sent and answered, before the order's own answer. */
    NOTICE_EARLY,
    /** It waits until the platform's next notice has been sent, of whatever order. */
    NOTICE_OUT_OF_ORDER,
    /** Another amount than was ordered is paid: notice, query and bill tell it alike. */
    AMOUNT_WRONG,
    /** Before the right notice comes one that somebody else has signed. */
    NOTICE_FORGED,
    /** After the right notice the same one comes as it would come a day later. */
    NOTICE_REPLAYED,
    /** Before the right notice comes one under the serial of a key that the hub does not know. WeChat only. */
    SERIAL_UNKNOWN,
    /** Before the right notice comes the platform's probe, whose signature is wrong on purpose. WeChat only. */
    SIGNATURE_PROBE,
    /** A query of an order gets no answer. */
    QUERY_TIMES_OUT,
    /** A query of an order gets no answer, and the connection stays as if one were coming. */
    QUERY_HANGS,
    /** A refund is done and gets no answer. */
    REFUND_UNKNOWN,
    /** A refund is taken, and then the payer's account takes no money: the merchant has to see to it. WeChat only. */
    REFUND_ABNORMAL,
    /** A refund is taken, and then closed. WeChat only. */
    REFUND_CLOSED,
    /** A bill is not made yet at the hour when it should be. */
    BILL_LATE,
    /** A bill's file stops coming in its middle, and the connection stays. */
    BILL_STALLS
}
