package io.meterhub.web;

import io.meterhub.tenant.OwnShops.Day;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Consumption by day as bars, drawn on the server: a phone on a slow line loads no library for it.
 *
 * @param top  what the picture's upper edge stands for, a round number
 * @param bars each in units of the picture, which is {@link #WIDTH} wide and {@link #HEIGHT} high
 */
record DayChart(BigDecimal top, List<Bar> bars) {

    static final int WIDTH = 300;
    static final int HEIGHT = 100;
    private static final double GAP = 0.25;
    private static final List<BigDecimal> ROUND = Stream.of("1", "1.5", "2", "3", "4", "5", "6", "8", "10").map(BigDecimal::new).toList();

    record Bar(LocalDate date, BigDecimal quantity, BigDecimal yuan, String x, String y, String width, String height) {
    }

    static DayChart of(List<Day> days) {
        BigDecimal top = round(days.stream().map(Day::quantity).max(BigDecimal::compareTo).orElse(BigDecimal.ZERO));
        double step = (double) WIDTH / days.size();
        List<Bar> bars = new ArrayList<>();
        for (int i = 0; i < days.size(); i++) {
            Day day = days.get(i);
            double height = day.quantity().doubleValue() / top.doubleValue() * HEIGHT;
            bars.add(new Bar(day.date(), day.quantity(), day.yuan(), number(step * (i + GAP / 2)), number(HEIGHT - height), number(step * (1 - GAP)),
                    number(height)));
        }
        return new DayChart(top, bars);
    }

    /** The next of 1, 1.5, 2 ... 8, 10, 15 ... that is not below; 1 for nothing. */
    private static BigDecimal round(BigDecimal most) {
        if (most.signum() <= 0) {
            return BigDecimal.ONE;
        }
        BigDecimal power = BigDecimal.ONE.scaleByPowerOfTen(most.precision() - most.scale() - 1);
        return ROUND.stream().map(power::multiply).filter(round -> round.compareTo(most) >= 0).findFirst().orElseThrow();
    }

    private static String number(double units) {
        return BigDecimal.valueOf(units).setScale(1, RoundingMode.HALF_UP).toPlainString();
    }
}
