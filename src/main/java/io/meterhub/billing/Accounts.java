package io.meterhub.billing;

import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** The shops' accounts and what is written in them. */
@Component
public class Accounts {

    Accounts() {
    }

    /** A site's accounts in the order of their numbers, closed ones last. */
    public List<Account> of(int siteId) {
        throw new UnsupportedOperationException();
    }

    public Optional<Account> account(int id) {
        throw new UnsupportedOperationException();
    }

    /** The meters whose consumption the account pays now. */
    public List<Integer> meters(int accountId) {
        throw new UnsupportedOperationException();
    }

    /** The newest entries first, those before the given journal; {@code beforeJournalId} null: from the newest. */
    public List<LedgerLine> lines(int accountId, Long beforeJournalId, int limit) {
        throw new UnsupportedOperationException();
    }

    /** What the account was charged on the days from {@code first} to {@code last}, both included. */
    public List<ChargeLine> charges(int accountId, LocalDate first, LocalDate last) {
        throw new UnsupportedOperationException();
    }

    /** The newest sales first. */
    public List<Receipt> sales(int accountId, int limit) {
        throw new UnsupportedOperationException();
    }
}
