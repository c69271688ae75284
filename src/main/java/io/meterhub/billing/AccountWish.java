package io.meterhub.billing;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;

/** What staff want done with an account. */
public sealed interface AccountWish {

    /** The person who rents; taken by name and phone if known already. */
    record Customer(String name, String phone) {
    }

    /**
     * Prepares an account ahead: it is charged for nothing and switches nothing before it is opened.
     *
     * @param meterIds  the meters it is to serve; null: all of its kind in the shop that nobody pays for when it opens
     */
    record Prepare(int shopId, AccountKind kind, Customer customer, List<Integer> meterIds, BigDecimal overdraftYuan) implements AccountWish {
    }

    /**
     * Closes an account: charges it up to the final readings, gives back what is left, or states what is owed.
     *
     * @param readings what a person read off meters just now, by meter; without, the meter's last accepted reading is its final one if
     *                 it is real, not in doubt and not older than an hour
     * @param method   how a refund is paid
     */
    record Close(int accountId, Map<Integer, BigDecimal> readings, PayMethod method, String why) implements AccountWish {
    }

    /**
     * Closes an account and goes on with one for the next tenant from the same readings, without gap and without overlap.
     *
     * @param prepared the account to open, prepared before; null: one is made for {@code customer}
     */
    record Move(Close close, Integer prepared, Customer customer) implements AccountWish {
    }
}
