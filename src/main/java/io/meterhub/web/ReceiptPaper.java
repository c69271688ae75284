package io.meterhub.web;

import io.meterhub.billing.Receipt;
import io.meterhub.site.Site;
import io.meterhub.site.Texts;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.springframework.stereotype.Component;

/** Sets a receipt out for its paper. */
@Component
class ReceiptPaper {

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");

    private final Texts texts;

    ReceiptPaper(Texts texts) {
        this.texts = texts;
    }

    /** A receipt in both languages. Times on it are the site's. */
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
        return new Paper(receipt, side(site, receipt, Locale.ENGLISH), side(site, receipt, Locale.SIMPLIFIED_CHINESE));
    }

    private Side side(Site site, Receipt receipt, Locale language) {
        List<Line> lines = new ArrayList<>();
        line(lines, language, "number", receipt.number());
        line(lines, language, "site", site.name());
        line(lines, language, "time", TIME.format(receipt.at().atZone(site.zone())));
        line(lines, language, "account", receipt.accountNumber());
        line(lines, language, "other", receipt.otherAccountNumber());
        line(lines, language, "reverses", receipt.reversedNumber());
        line(lines, language, "amount", "¥ " + receipt.amountYuan().toPlainString());
        line(lines, language, "capitals", receipt.amountCapitals());
        if (receipt.toDebtYuan().signum() > 0) {
            line(lines, language, "to_credit", "¥ " + receipt.amountYuan().subtract(receipt.toDebtYuan()).toPlainString());
            line(lines, language, "to_debt", "¥ " + receipt.toDebtYuan().toPlainString());
        }
        line(lines, language, "method", receipt.method() == null ? null : texts.in(language, "word." + receipt.method()));
        line(lines, language, "note", receipt.note());
        line(lines, language, "who", receipt.who());
        return new Side(texts.in(language, "receipt.title." + receipt.kind()), lines);
    }

    private void line(List<Line> lines, Locale language, String label, String value) {
        if (value != null && !value.isBlank()) {
            lines.add(new Line(texts.in(language, "receipt." + label), value));
        }
    }
}
