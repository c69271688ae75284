package io.meterhub.web;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;

/** Numbers as the screen shows them. The API gives them whole. */
final class Amounts {

    private Amounts() {
    }

    /** To the fen, rounded down, so that credit never looks like more than it is: {@code ¥1,234.56}, {@code -¥0.01}. */
    static String yuan(BigDecimal yuan) {
        BigDecimal fen = yuan.setScale(2, RoundingMode.FLOOR);
        return (fen.signum() < 0 ? "-¥" : "¥") + grouped(fen.abs());
    }

    static String kw(BigDecimal kw) {
        return kw.setScale(kw.abs().compareTo(BigDecimal.valueOf(100)) < 0 ? 2 : 1, RoundingMode.HALF_UP).toPlainString();
    }

    static String kwh(BigDecimal kwh) {
        return grouped(kwh.setScale(kwh.compareTo(BigDecimal.valueOf(1000)) < 0 ? 1 : 0, RoundingMode.HALF_UP));
    }

    static String m3(BigDecimal m3) {
        return grouped(m3.setScale(m3.compareTo(BigDecimal.valueOf(100)) < 0 ? 2 : 1, RoundingMode.HALF_UP));
    }

    /** A number with all its digits but no idle zeros. */
    static String plain(BigDecimal number) {
        return number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
    }

    /** How the templates write numbers. */
    static final class Shown {

        public String yuan(BigDecimal yuan) {
            return Amounts.yuan(yuan);
        }

        public String plain(BigDecimal number) {
            return number == null ? "–" : Amounts.plain(number);
        }

        public String used(BigDecimal quantity) {
            return quantity == null ? "–" : Amounts.plain(quantity.setScale(3, RoundingMode.HALF_UP));
        }

        /** With all its digits: {@code -¥9.9215}. */
        public String exact(BigDecimal yuan) {
            return (yuan.signum() < 0 ? "-¥" : "¥") + Amounts.plain(yuan.abs());
        }

        /** To the nearest fen: what a bill comes to. */
        public String fen(BigDecimal yuan) {
            return Amounts.yuan(yuan.setScale(2, RoundingMode.HALF_UP));
        }
    }

    private static String grouped(BigDecimal number) {
        // both languages of the page write 1,234.5
        return String.format(Locale.ROOT, "%,." + number.scale() + "f", number);
    }
}
