package io.meterhub.payment;

import io.meterhub.billing.CounterRequest;
import io.meterhub.billing.CounterResult;
import java.util.List;
import java.util.Optional;
import org.springframework.stereotype.Component;

/**
 * What shops want to pay (订单), by WeChat and Alipay as at the counter.
 *
 * <p>Asks {@link io.meterhub.people.Rights} for SELL at the account's shop: pages of a shop, which nobody of the staff acts on, look for themselves
 * whether the account is the shop's, and call this as the hub.
 */
@Component
public class Orders {

    /** The ways that orders can be paid now, by the platforms that are set up. */
    public List<Way> ways() {
        throw new UnsupportedOperationException();
    }

    /**
     * Makes an order, durably, and opens it at its platform. Where the platform gave no answer the order comes back CREATED and without
     * a cashier; it is opened by itself as soon as the platform answers, and asking again with the same key asks at once.
     *
     * @throws PaymentRefused if it is not allowed, or the platform said for certain that it does not open it (field {@code way})
     */
    public Order open(OrderWish wish) {
        throw new UnsupportedOperationException();
    }

    public Optional<Order> find(Channel channel, String number) {
        throw new UnsupportedOperationException();
    }

    /** An order as its payer follows it, up to "power is back". Asks for no right: who knows the number may look. */
    public Optional<Progress> progress(Channel channel, String number) {
        throw new UnsupportedOperationException();
    }

    /** The payer came back from the cashier: the platform is asked now, not when its turn comes. At most once in five seconds. */
    public void hurry(Channel channel, String number) {
        throw new UnsupportedOperationException();
    }

    /** The newest orders of an account first, those before the given one. */
    public List<Order> of(int accountId, Long before, int limit) {
        throw new UnsupportedOperationException();
    }

    /** All that came for an order, the first first. */
    public List<Payment> payments(long orderId) {
        throw new UnsupportedOperationException();
    }

    /** A sale at the counter, in cash or by transfer: an order that is paid and credited at once. Same key, same answer. */
    public CounterResult sell(CounterRequest sale) {
        throw new UnsupportedOperationException();
    }
}
