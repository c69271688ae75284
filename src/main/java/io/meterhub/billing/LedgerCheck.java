package io.meterhub.billing;

import java.math.BigDecimal;
import java.util.List;
import org.springframework.stereotype.Component;

/** Recounts the books. */
@Component
public class LedgerCheck {

    LedgerCheck() {
    }

    /**
     * Looks at the whole ledger in one snapshot: debits equal credits in every journal, an account's posted balance is the
     * sum of its entries, its open charges are the sum of its lines' amount - posted, each line is quantity x price, and each
     * sale has its journal.
     */
    public Report check() {
        throw new UnsupportedOperationException();
    }

    /** {@code problems} is empty when the books are right; otherwise a sentence each. */
    public record Report(BigDecimal debitsYuan, BigDecimal creditsYuan, long journals, long accounts, long chargeLines,
                         List<String> problems) {

        public boolean holds() {
            return problems.isEmpty();
        }
    }
}
