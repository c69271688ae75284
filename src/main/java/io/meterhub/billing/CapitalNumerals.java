package io.meterhub.billing;

import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * An amount in Chinese capital numerals (大写金额), as a receipt must show it: 1409.50 is 壹仟肆佰零玖圆伍角整. Of the forms that the
 * rules for vouchers leave open, this writes 整 after 圆 and 角, and no 零 where a place of a thousand or of ten fen is taken.
 */
public final class CapitalNumerals {

    private static final String DIGITS = "零壹贰叁肆伍陆柒捌玖";
    private static final String[] PLACES = {"", "拾", "佰", "仟"};
    private static final long WAN = 10_000;
    private static final long YI = WAN * WAN;
    private static final BigDecimal END = BigDecimal.valueOf(YI * YI);

    private CapitalNumerals() {
    }

    /**
     * @param yuan not below 0, below 10^16, at most two decimals
     * @throws IllegalArgumentException for any other amount: what leaves the hub is rounded before
     */
    public static String of(BigDecimal yuan) {
        if (yuan.signum() < 0 || yuan.compareTo(END) >= 0) {
            throw new IllegalArgumentException("An amount in capital numerals is from 0 to below 10^16 yuan, not " + yuan.toPlainString());
        }
        if (yuan.stripTrailingZeros().scale() > 2) {
            throw new IllegalArgumentException("An amount in capital numerals has at most two decimals, not " + yuan.toPlainString());
        }
        long whole = yuan.setScale(0, RoundingMode.DOWN).longValueExact();
        int fen = yuan.movePointRight(2).remainder(BigDecimal.valueOf(100)).intValueExact();
        String front = whole > 0 ? integer(whole) + "圆" : "";
        if (fen == 0) {
            return (whole > 0 ? front : "零圆") + "整";
        }
        int jiao = fen / 10;
        if (fen % 10 == 0) {
            return front + DIGITS.charAt(jiao) + "角整";
        }
        String tenths = jiao > 0 ? DIGITS.charAt(jiao) + "角" : whole > 0 ? "零" : "";
        return front + tenths + DIGITS.charAt(fen % 10) + "分";
    }

    private static String integer(long value) {
        long rest = value % YI;
        return value < YI ? belowYi(value)
                : belowYi(value / YI) + "亿" + (rest > 0 && rest < YI / 10 ? "零" : "") + belowYi(rest);
    }

    private static String belowYi(long value) {
        int rest = (int) (value % WAN);
        return value < WAN ? belowWan(rest)
                : belowWan((int) (value / WAN)) + "万" + (rest > 0 && rest < WAN / 10 ? "零" : "") + belowWan(rest);
    }

    /** Without a 零 before its first digit; empty for 0. */
    private static String belowWan(int value) {
        StringBuilder text = new StringBuilder();
        boolean gap = false;
        for (int place = 3; place >= 0; place--) {
            int digit = value / (int) Math.pow(10, place) % 10;
            if (digit == 0) {
                gap = true;
            } else {
                text.append(gap && !text.isEmpty() ? "零" : "").append(DIGITS.charAt(digit)).append(PLACES[place]);
                gap = false;
            }
        }
        return text.toString();
    }
}
