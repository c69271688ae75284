package io.meterhub.web;

import io.meterhub.site.Decimals;
import jakarta.servlet.http.HttpServletResponse;
import java.math.BigDecimal;
import java.util.Optional;
import java.util.regex.Pattern;

/** What people type into forms. */
final class Forms {

    private static final int MOST_DIGITS = 9;
    /** A comma stands between thousands, never for the point: 12,50 is nothing that can be guessed. */
    private static final Pattern THOUSANDS = Pattern.compile("\\d{1,3}(,\\d{3})+(\\.\\d+)?");

    private Forms() {
    }

    /** Yuan from 0 up, at most two decimals; with commas between the thousands or without. */
    static Optional<BigDecimal> yuan(String text) {
        try {
            String typed = text == null ? "" : text.strip();
            BigDecimal yuan = new BigDecimal(THOUSANDS.matcher(typed).matches() ? typed.replace(",", "") : typed);
            return yuan.signum() >= 0 && Decimals.fit(yuan, MOST_DIGITS, 2)
                    ? Optional.of(yuan.setScale(2)) : Optional.empty();
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** Yuan above 0, at most two decimals. */
    static Optional<BigDecimal> amount(String text) {
        return yuan(text).filter(yuan -> yuan.signum() > 0);
    }

    /** Shows the top of the page: there stands what is asked, or what was done. */
    static void fromTheTop(HttpServletResponse response) {
        response.setHeader("HX-Reswap", "outerHTML show:window:top");
    }

    /** Null where nothing was typed. */
    static String text(String typed) {
        return typed == null || typed.isBlank() ? null : typed.strip();
    }
}
