package io.meterhub.payment;

/** What was asked of an order, a refund or money in suspense cannot be done; says what is allowed, in the language of the request. */
public class PaymentRefused extends RuntimeException {

    private final String field;

    public PaymentRefused(String field, String message) {
        super(message);
        this.field = field;
    }

    public String field() {
        return field;
    }
}
