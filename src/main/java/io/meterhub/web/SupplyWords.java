package io.meterhub.web;

import io.meterhub.billing.Standings.Standing;
import io.meterhub.site.Texts;
import io.meterhub.supply.Facts;
import io.meterhub.supply.Supply;
import io.meterhub.supply.SupplyChange;
import io.meterhub.supply.Wanted;
import io.meterhub.web.Equipment.MeterNow;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.springframework.stereotype.Component;

/** Why supply was cut or restored, in words. */
@Component
class SupplyWords {

    private static final DateTimeFormatter MINUTE = DateTimeFormatter.ofPattern("MM-dd HH:mm");
    private static final DateTimeFormatter SECOND = DateTimeFormatter.ofPattern("MM-dd HH:mm:ss");

    private final Supply supply;
    private final Texts texts;

    SupplyWords(Supply supply, Texts texts) {
        this.supply = supply;
        this.texts = texts;
    }

    /** @param lines what led to it, and what came of it */
    record Told(Instant at, String meter, Wanted to, List<String> lines) {
    }

    /** What happened to these meters, the newest first. */
    List<Told> of(List<MeterNow> meters, ZoneId zone, int most) {
        return meters.stream().flatMap(meter -> supply.history(meter.id(), null, most).stream()
                        .map(change -> new Told(change.at(), meter.code(), change.facts().to(), lines(change, zone))))
                .sorted(Comparator.comparing(Told::at).reversed()).limit(most).toList();
    }

    private List<String> lines(SupplyChange change, ZoneId zone) {
        Facts facts = change.facts();
        List<String> lines = new ArrayList<>();
        if (facts.to() == Wanted.ON) {
            change.ended().forEach(said -> lines.add(said("why.ended", said)));
        }
        change.reasons().forEach(said -> lines.add(said(facts.because().contains(said.kind()) ? "why.reason" : "why.beside", said)));
        if (facts.accounts() != null) {
            facts.accounts().forEach(account -> lines.addAll(money(account, zone)));
        }
        if (facts.dueSince() != null) {
            lines.add(texts.of("why.due", at(facts.dueSince(), zone, MINUTE)));
        }
        if (facts.noticeMinutes() != null) {
            lines.add(texts.of("why.notice", facts.noticeMinutes().toString()));
        }
        if (facts.hours() != null) {
            lines.add(texts.of("why.hours", Texts.word("day." + facts.day()), facts.hours()));
        }
        if (facts.confirmed() != null) {
            lines.add(texts.of("why.confirmed", facts.confirmed().decidedBy(), at(facts.confirmed().decidedAt(), zone, MINUTE),
                    facts.confirmed().why()));
        }
        if (change.confirmedAt() != null) {
            lines.add(texts.of("why.seen", at(change.confirmedAt(), zone, SECOND), Texts.word("details.basis." + change.basis()),
                    change.readBack()));
        } else if (change.failure() != null) {
            lines.add(texts.of("why.failed", change.failure()));
        }
        return lines;
    }

    private String said(String key, SupplyChange.Said said) {
        return texts.of(key, Texts.word("reason." + said.kind()), said.why(), person(said.who()));
    }

    private Object person(String who) {
        return who.equals("hub") || who.equals("meter") ? Texts.word("who." + who) : who;
    }

    private List<String> money(Standing account, ZoneId zone) {
        List<String> lines = new ArrayList<>();
        lines.add(texts.of("why.account", account.account(), Amounts.yuan(account.creditYuan()), Amounts.yuan(account.limitYuan().negate()),
                Amounts.plain(account.warn1Yuan()), Amounts.plain(account.warn2Yuan())));
        if (account.lastChargeDay() != null) {
            lines.add(texts.of("why.charge", account.lastChargeDay().toString(), Amounts.plain(account.lastChargeQuantity()),
                    Amounts.yuan(account.lastChargeYuan())));
        }
        if (account.lastReceipt() != null) {
            lines.add(texts.of("why.receipt", account.lastReceipt(), Texts.word("desk.kind." + account.lastReceiptKind()),
                    Amounts.yuan(account.lastReceiptYuan()), at(account.lastReceiptAt(), zone, MINUTE)));
        }
        if (account.feeMonth() != null) {
            lines.add(texts.of("why.fee", account.feeMonth().toString().substring(0, 7)));
        }
        return lines;
    }

    private static String at(Instant instant, ZoneId zone, DateTimeFormatter format) {
        return format.format(instant.atZone(zone));
    }
}
