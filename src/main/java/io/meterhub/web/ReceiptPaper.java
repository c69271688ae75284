package io.meterhub.web;

import io.meterhub.billing.Account;
import io.meterhub.billing.CapitalNumerals;
import io.meterhub.billing.Receipt;
import io.meterhub.billing.Settlement;
import io.meterhub.billing.Settlement.FinalReading;
import io.meterhub.site.Site;
import io.meterhub.site.Texts;
import io.swagger.v3.oas.annotations.media.Schema;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.springframework.stereotype.Component;

/** Sets receipts and settlements out for their paper, and for the question that comes before them. */
@Component
class ReceiptPaper {

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");

    private final Texts texts;

    ReceiptPaper(Texts texts) {
        this.texts = texts;
    }

    /** A receipt, or a settlement without one, in both languages; their lines are the same. Times on it are the site's. */
    @Schema(name = "ReceiptPaper")
    record Paper(Receipt receipt, Side english, Side chinese) {
    }

    /** A receipt in one language. */
    @Schema(name = "ReceiptSide")
    record Side(String title, List<Line> lines) {
    }

    @Schema(name = "ReceiptLine")
    record Line(String label, String value) {
    }

    Paper of(Site site, Receipt receipt) {
        return paper(receipt, language -> {
            Lines lines = new Lines(language);
            lines.add("number", receipt.number());
            head(lines, site, receipt.at());
            what(lines, receipt);
            return new Side(texts.in(language, "receipt.title." + receipt.kind()), lines.all);
        });
    }

    /** For whoever paid, who may be anybody: neither the account nor its debt nor what staff wrote. */
    Paper ofPayer(Site site, String shop, Receipt receipt) {
        return paper(receipt, language -> {
            Lines lines = new Lines(language);
            lines.add("number", receipt.number());
            head(lines, site, receipt.at());
            lines.add("shop", shop);
            lines.add("amount", fen(receipt.amountYuan()));
            lines.add("capitals", receipt.amountCapitals());
            lines.word("method", receipt.method());
            return new Side(texts.in(language, "receipt.title." + receipt.kind()), lines.all);
        });
    }

    Paper of(Site site, Settlement settlement) {
        return paper(null, language -> {
            Lines lines = new Lines(language);
            head(lines, site, settlement.closedAt());
            what(lines, site, settlement);
            return new Side(texts.in(language, "receipt.title.SETTLEMENT"), lines.all);
        });
    }

    private static Paper paper(Receipt receipt, Function<Locale, Side> side) {
        return new Paper(receipt, side.apply(Locale.ENGLISH), side.apply(Locale.SIMPLIFIED_CHINESE));
    }

    /** What a receipt would say, in one language. */
    List<Line> lines(Receipt receipt, Locale language) {
        Lines lines = new Lines(language);
        what(lines, receipt);
        return lines.all;
    }

    /** How an account would be settled, in one language. */
    List<Line> lines(Site site, Settlement settlement, Locale language) {
        Lines lines = new Lines(language);
        what(lines, site, settlement);
        return lines.all;
    }

    /** What would be done to an account that moves no money, in one language; {@code label} null: without a value. */
    List<Line> lines(Account account, Locale language, String label, String value, String why, String who) {
        Lines lines = new Lines(language);
        lines.add("account", account.number());
        if (label != null) {
            lines.add(label, value);
        }
        lines.add("note", why);
        lines.add("who", who);
        return lines.all;
    }

    private static void head(Lines lines, Site site, Instant at) {
        lines.add("site", site.name());
        lines.add("time", TIME.format(at.atZone(site.zone())));
    }

    private static void what(Lines lines, Receipt receipt) {
        lines.add("account", receipt.accountNumber());
        lines.add("other", receipt.otherAccountNumber());
        lines.add("reverses", receipt.reversedNumber());
        lines.add("amount", fen(receipt.amountYuan()));
        lines.add("capitals", receipt.amountCapitals());
        if (receipt.toDebtYuan().signum() > 0) {
            lines.add("to_credit", fen(receipt.amountYuan().subtract(receipt.toDebtYuan())));
            lines.add("to_debt", fen(receipt.toDebtYuan()));
        }
        lines.word("method", receipt.method());
        lines.add("note", receipt.note());
        lines.add("who", receipt.who());
    }

    private static void what(Lines lines, Site site, Settlement settlement) {
        lines.add("account", settlement.accountNumber());
        for (FinalReading meter : settlement.meters()) {
            lines.add("final_reading", meter.total() == null ? "–" : Amounts.plain(meter.total()) + (meter.readAt() == null ? ""
                    : " (" + TIME.format(meter.readAt().atZone(site.zone())) + ")"), meter.meter());
        }
        Settlement.Figures figures = settlement.figures();
        lines.add("credit", "¥ " + Amounts.plain(figures.creditYuan()));
        lines.above0("deposit", figures.depositYuan());
        lines.above0("old_debt", figures.oldDebtYuan());
        lines.add("refund", fen(figures.refundYuan()));
        lines.add("capitals", figures.refundYuan().signum() > 0 ? CapitalNumerals.of(figures.refundYuan()) : null);
        lines.word("method", settlement.method());
        lines.above0("owed", figures.debtYuan());
        lines.add("rounded", figures.roundedYuan().signum() == 0 ? null : "¥ " + Amounts.plain(figures.roundedYuan()));
    }

    private static String fen(BigDecimal yuan) {
        return "¥ " + yuan.setScale(2).toPlainString();
    }

    /** Lines in one language, those without a value left out. */
    private final class Lines {

        private final Locale language;
        private final List<Line> all = new ArrayList<>();

        private Lines(Locale language) {
            this.language = language;
        }

        private void add(String label, String value, Object... words) {
            if (value != null && !value.isBlank()) {
                all.add(new Line(texts.in(language, "receipt." + label, words), value));
            }
        }

        private void word(String label, Enum<?> word) {
            add(label, word == null ? null : texts.in(language, "word." + word));
        }

        private void above0(String label, BigDecimal yuan) {
            add(label, yuan.signum() > 0 ? "¥ " + Amounts.plain(yuan) : null);
        }
    }
}
