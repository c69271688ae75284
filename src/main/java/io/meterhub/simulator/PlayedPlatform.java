package io.meterhub.simulator;

import java.net.URI;
import java.util.List;
import java.util.Map;

/** A payment platform on loopback that signs, repeats and bills as the real one does, and with which things can go wrong. */
public interface PlayedPlatform extends AutoCloseable {

    /** {@code wechat} or {@code alipay}. */
    String name();

    /** Where a person finds its cashier. */
    URI cashier();

    /** What makes a hub use it, as settings under {@code meterhub.payment}; keys and certificates among them, made for this run. */
    Map<String, Object> settings();

    /** A payer pays an order that is open, as by the button of the cashier. */
    void pay(String orderNumber);

    /** The merchant gives some of a payment back on the platform's own page, of which the hub knows nothing. */
    void giveBack(String orderNumber, long fen);

    PayFaults faults();

    PayTime time();

    PayBook book();

    /** What the hub answered to the notices of an order, in their order. */
    List<PayDelivery> deliveries(String orderNumber);

    @Override
    void close();
}
