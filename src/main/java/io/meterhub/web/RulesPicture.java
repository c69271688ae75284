package io.meterhub.web;

import io.meterhub.site.Texts;
import io.meterhub.supply.RuledDay;
import io.meterhub.supply.RuledDay.Stretch;
import io.meterhub.web.Strip.Bar;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.TextStyle;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.springframework.context.i18n.LocaleContextHolder;
import org.springframework.stereotype.Component;

/** A week under a shop's rules, to be read at a glance: when there is no supply, and how high the limit stands when there is. */
@Component
class RulesPicture {

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm");
    private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("MM-dd");
    /** So that the lowest limit is still seen. */
    private static final double LEAST_HEIGHT = 0.3;

    private final Texts texts;
    private final Clock clock;

    RulesPicture(Texts texts, Clock clock) {
        this.texts = texts;
        this.clock = clock;
    }

    List<Strip> week(List<RuledDay> days, ZoneId zone) {
        BigDecimal most = days.stream().flatMap(day -> day.stretches().stream()).map(Stretch::limitKw).filter(Objects::nonNull)
                .max(BigDecimal::compareTo).orElse(BigDecimal.ONE);
        Instant now = clock.instant();
        return days.stream().map(day -> strip(day, most, now, zone)).toList();
    }

    private Strip strip(RuledDay day, BigDecimal most, Instant now, ZoneId zone) {
        Instant begin = day.stretches().get(0).from();
        Instant end = day.stretches().get(day.stretches().size() - 1).to();
        double length = Duration.between(begin, end).toSeconds();
        List<Bar> bars = new ArrayList<>();
        for (Stretch stretch : day.stretches()) {
            double from = Duration.between(begin, stretch.from()).toSeconds() / length;
            double to = Duration.between(begin, stretch.to()).toSeconds() / length;
            String hours = TIME.format(stretch.from().atZone(zone)) + "–" + (stretch.to().equals(end) ? "24:00" : TIME.format(stretch.to().atZone(zone)));
            if (!stretch.on()) {
                bars.add(Bar.of(from, to, 1, "bar-off", texts.of("rules.off"), hours + " " + texts.of("rules.not_supplied")));
            } else if (stretch.limitKw() == null) {
                bars.add(Bar.of(from, to, 1, "bar-on", null, hours + " " + texts.of("rules.supplied")));
            } else {
                String kw = Amounts.plain(stretch.limitKw());
                double height = LEAST_HEIGHT + (1 - LEAST_HEIGHT) * stretch.limitKw().doubleValue() / most.doubleValue();
                bars.add(Bar.of(from, to, height, "bar-limit", kw, hours + " " + texts.of("rules.at_most", kw)));
            }
        }
        boolean today = !now.isBefore(begin) && now.isBefore(end);
        return new Strip(day.date().getDayOfWeek().getDisplayName(TextStyle.SHORT, LocaleContextHolder.getLocale()) + " " + DAY.format(day.date()),
                texts.of(day.exception() ? "rules.exception" : "day." + day.kind()), bars,
                today ? Strip.percent(Duration.between(begin, now).toSeconds() / length) : null);
    }
}
