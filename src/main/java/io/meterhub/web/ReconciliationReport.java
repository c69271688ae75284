package io.meterhub.web;

import io.meterhub.payment.BillProblem;
import io.meterhub.payment.ReconciledItem;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.stereotype.Component;

/** What came of a day's reconciliation, a row a payment or refund, in the language of the request and the platforms' time. */
@Component
class ReconciliationReport {

    /** In which the platforms' days and times are. */
    static final ZoneId ZONE = ZoneId.of("Asia/Shanghai");

    private static final List<String> HEADINGS = List.of("kind", "order", "key", "difference", "state", "theirs", "their_at", "ours", "our_at", "gap",
            "fee", "account", "shop", "resolution", "who", "why", "journal");
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(ZONE);

    private final Texts texts;

    ReconciliationReport(Texts texts) {
        this.texts = texts;
    }

    Stream<List<String>> rows(List<ReconciledItem> items) {
        return Stream.concat(Stream.of(HEADINGS.stream().map(heading -> texts.of("reconciliation." + heading)).toList()),
                items.stream().map(item -> List.of(texts.of("reconciliation.kind." + item.kind()), item.orderNumber(), item.key(),
                        texts.of("difference." + item.difference()), texts.of("reconciled." + item.state()), yuan(item.theirYuan()), time(item.theirAt()),
                        yuan(item.ourYuan()), time(item.ourAt()), yuan(item.gapYuan()), yuan(item.feeYuan()), text(item.account()), text(item.shop()),
                        item.resolution() == null ? "" : texts.of("resolution." + item.resolution()), text(item.resolvedBy()),
                        text(item.resolvedWhy()), item.journalId() == null ? "" : item.journalId().toString())));
    }

    List<String> words(List<BillProblem> problems) {
        return problems.stream().map(problem -> problem.in(texts)).toList();
    }

    private static String yuan(BigDecimal yuan) {
        return yuan == null ? "" : (yuan.stripTrailingZeros().scale() < 2 ? yuan.setScale(2) : yuan.stripTrailingZeros()).toPlainString();
    }

    private static String time(Instant at) {
        return at == null ? "" : TIME.format(at);
    }

    private static String text(String text) {
        return text == null ? "" : text;
    }
}
