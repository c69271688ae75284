package io.meterhub.payment;

import io.meterhub.payment.Platform.BillKind;
import io.meterhub.payment.ReconciledItem.Resolution;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;

/**
 * How far the reconciliation of a channel's day is, the day being the platform's (Asia/Shanghai), and what came of it.
 *
 * @param counts     how many rows are of each kind, those that are none any more left out
 * @param open       how many wait for a decision
 * @param suspended  how many were kept aside by a decision and wait for a further one
 * @param theirs     what the bill comes to
 * @param ours       what the hub has of the same rows
 * @param funds      what the fund-flow bill comes to; null: there is none yet
 * @param bank       what came at the bank; null: nobody has said yet
 * @param bills      all files, the newest first
 * @param problems   why a bill is not there, or not believed
 * @param nextLookAt when the platform is asked again; null: not by itself
 * @param failure    why it could not be compared the last time; null: it could
 */
public record ReconciledDay(long id, Channel channel, LocalDate day, State state, List<Count> counts, int open, int suspended, Sums theirs, Sums ours,
                            Funds funds, Bank bank, List<Bill> bills, List<BillProblem> problems, Instant nextLookAt, Instant comparedAt,
                            Instant closedAt, String failure) {

    public enum State {
        /** The platform has not made its bill yet, or did not answer. */
        WAITING,
        /** The bill cannot be read. */
        REFUSED,
        /** Compared; somebody has to decide. */
        OPEN,
        /** Nothing is open. */
        CLOSED
    }

    public record Count(Difference difference, int rows) {
    }

    /** @param feeYuan null where it is not known */
    public record Sums(int payments, BigDecimal paidYuan, int refunds, BigDecimal backYuan, BigDecimal feeYuan) {

        static final Sums NOTHING = new Sums(0, BigDecimal.ZERO, 0, BigDecimal.ZERO, BigDecimal.ZERO);

        /** What is left of it. */
        public BigDecimal netYuan() {
            return paidYuan.subtract(backYuan).subtract(feeYuan == null ? BigDecimal.ZERO : feeYuan);
        }
    }

    /**
     * @param drawnYuan what the platform paid to the bank on that day, for whichever days
     * @param netYuan   what the day left at the platform for the bank
     * @param restYuan  what of it the trade bill does not explain, neither as the hub's nor as another system's; null: there is no trade bill yet
     */
    public record Funds(int lines, BigDecimal inYuan, BigDecimal outYuan, BigDecimal feeYuan, BigDecimal otherYuan, BigDecimal drawnYuan,
                        BigDecimal netYuan, BigDecimal restYuan) {
    }

    /**
     * @param gapYuan by how much it is more than the day left at the platform; 0: it agrees
     * @param booked  it agrees, what no trade bill explains was decided about, and neither has changed since
     * @param rest    what was decided about that; null: there was nothing
     */
    public record Bank(BigDecimal yuan, BigDecimal gapYuan, boolean booked, Resolution rest, String who, String why, Instant at) {
    }

    /** @param inForce compared by; others came before it or cannot be read */
    public record Bill(long id, BillKind kind, String name, String sha256, int bytes, Instant fetchedAt, boolean inForce) {
    }
}
