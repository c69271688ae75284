package io.meterhub.payment;

import io.meterhub.payment.PayTerms.Rule;
import io.meterhub.payment.Payment.Odd;
import io.meterhub.payment.Platform.Paid;
import io.meterhub.payment.Platform.Payee;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** What is to become of a payment: what came compared with what was ordered, and the site's rules. */
record Judgement(Verdict verdict, List<Odd> odd) {

    private static final Set<Odd> WRONG = EnumSet.of(Odd.UNKNOWN_ORDER, Odd.AMOUNT, Odd.CURRENCY, Odd.MERCHANT, Odd.APP, Odd.RETURNED_THERE);
    private static final Set<Odd> NOT_OURS = EnumSet.of(Odd.CURRENCY, Odd.MERCHANT);

    enum Verdict { CREDIT, GIVE_BACK, SUSPEND }

    /**
     * @param order null: the hub knows none with its number
     * @param first nothing that was as ordered came for the order before
     * @param ours  to whom payments of the channel go, where the order does not say it; empty: not known
     */
    static Judgement of(Paid paid, Order order, boolean first, Set<Payee> ours, PayTerms terms) {
        List<Odd> odd = new ArrayList<>();
        if (order == null) {
            odd.add(Odd.UNKNOWN_ORDER);
        } else if (order.amountYuan().compareTo(paid.amountYuan()) != 0) {
            odd.add(Odd.AMOUNT);
        }
        if (!"CNY".equals(paid.currency())) {
            odd.add(Odd.CURRENCY);
        }
        Set<Payee> payees = order == null ? ours : Set.of(order.payee());
        if (payees.stream().noneMatch(payee -> payee.merchant().equals(paid.merchant()))) {
            odd.add(Odd.MERCHANT);
        } else if (payees.stream().noneMatch(payee -> payee.equals(new Payee(paid.merchant(), paid.app())))) {
            odd.add(Odd.APP);
        }
        if (paid.givenBack()) {
            odd.add(Odd.RETURNED_THERE);
        }
        if (order != null && (order.state() == OrderState.CLOSED || first && !order.state().isOpen())) {
            odd.add(Odd.LATE);
        } else if (!first) {
            odd.add(Odd.SECOND);
        }
        if (!isAsOrdered(odd)) {
            return new Judgement(Verdict.SUSPEND, odd);
        }
        Rule rule = odd.contains(Odd.LATE) ? terms.late() : odd.contains(Odd.SECOND) ? terms.second() : Rule.CREDIT;
        return new Judgement(rule == Rule.CREDIT ? Verdict.CREDIT : Verdict.GIVE_BACK, odd);
    }

    /** Whether the payment is what was ordered, in time or not, the first or not. */
    static boolean isAsOrdered(List<Odd> odd) {
        return odd.stream().noneMatch(WRONG::contains);
    }

    /** Whether the money is the hub's to book: it came in yuan and to its merchant. */
    static boolean isOurs(List<Odd> odd) {
        return odd.stream().noneMatch(NOT_OURS::contains);
    }
}
