package io.meterhub.supply;

import static io.meterhub.supply.PurchaseCount.Finding.AHEAD;
import static io.meterhub.supply.PurchaseCount.Finding.BEHIND;
import static io.meterhub.supply.PurchaseCount.Finding.HAS_IT;
import static io.meterhub.supply.PurchaseCount.Finding.LEVEL;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class PurchaseCountTest {

    @Test
    void theCountIsLookedAtTheNearerWayRound() {
        PurchaseCount level = new PurchaseCount(65530, 5, false);
        assertThat(level.of(5)).isEqualTo(65535);
        assertThat(level.of(6)).isZero();
        assertThat(level.compare(65535)).isEqualTo(LEVEL);
        assertThat(level.compare(0)).as("one more, over the edge").isEqualTo(AHEAD);
        assertThat(new PurchaseCount(65530, 5, true).compare(0)).isEqualTo(HAS_IT);
        assertThat(new PurchaseCount(65530, 5, true).compare(1)).isEqualTo(AHEAD);
        assertThat(new PurchaseCount(65530, 6, false).compare(65535)).as("one less, over the edge").isEqualTo(BEHIND);
        assertThat(new PurchaseCount(0, 7, false).compare(0)).as("another meter").isEqualTo(BEHIND);
    }

    @Property
    void theBaseMakesTheMeterShowWhatItShows(@ForAll @IntRange(max = 65535) int shown, @ForAll @IntRange(max = 1_000_000) int number) {
        PurchaseCount count = new PurchaseCount(PurchaseCount.base(shown, number), number, false);
        assertThat(count.compare(shown)).isEqualTo(LEVEL);
        assertThat(count.of(number + 1)).isEqualTo((shown + 1) % 65536);
    }

    /** What may happen to a sale on its way, in any order and number. */
    enum Event { SALE, TAKEN_BACK, WRITTEN, REQUEST_LOST, REPLY_LOST, CRASH_BEFORE, CRASH_AFTER }

    /** The meter and the ledger's book of it, as the loop goes by them: numbered before it is written, confirmed by the count alone. */
    private static class Book {

        final int base;
        final List<Integer> waiting = new ArrayList<>();
        Integer writing;
        long confirmed;
        long confirmedYuan;
        int shown;
        long credit;

        Book(int base) {
            this.base = base;
            this.shown = base;
        }

        void advance(Event how) {
            while (true) {
                PurchaseCount count = new PurchaseCount(base, confirmed, writing != null);
                PurchaseCount.Finding finding = count.compare(shown);
                assertThat(finding).isIn(LEVEL, HAS_IT);
                if (finding == HAS_IT) {
                    confirmed++;
                    confirmedYuan += writing;
                    writing = null;
                } else if (writing == null && waiting.isEmpty()) {
                    return;
                } else {
                    if (writing == null) {
                        writing = waiting.remove(0);
                    }
                    if (how == Event.CRASH_BEFORE || how == Event.REQUEST_LOST) {
                        return;
                    }
                    write(writing, new PurchaseCount(base, confirmed, true).of(confirmed + 1));
                    if (how == Event.CRASH_AFTER || how == Event.REPLY_LOST) {
                        return;
                    }
                }
            }
        }

        /** As a meter does: any other count than the next changes nothing. */
        private void write(int yuan, int count) {
            if (count == (shown + 1) % PurchaseCount.COUNTS) {
                shown = count;
                credit += yuan;
            }
        }
    }

    @Property(tries = 2000)
    void theMeterHasEachPurchaseOnceWhateverIsLost(@ForAll @IntRange(min = 65500, max = 65535) int base,
                                                   @ForAll @Size(max = 120) List<Event> events) {
        Book book = new Book(base);
        long sold = 0;
        int yuan = 0;
        for (Event event : events) {
            if (event == Event.SALE) {
                // each amount is another, so that one written for another shows
                book.waiting.add(++yuan);
                sold += yuan;
            } else if (event == Event.TAKEN_BACK) {
                if (!book.waiting.isEmpty()) {
                    sold -= book.waiting.remove(book.waiting.size() - 1);
                }
            } else {
                book.advance(event);
            }
            assertThat(book.credit).isBetween(book.confirmedYuan, sold);
        }
        book.advance(Event.WRITTEN);
        assertThat(book.credit).isEqualTo(sold).isEqualTo(book.confirmedYuan);
        assertThat(book.shown).isEqualTo((int) ((base + book.confirmed) % 65536));
    }
}
