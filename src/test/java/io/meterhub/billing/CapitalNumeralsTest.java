package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigDecimal;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CapitalNumeralsTest {

    private static final Map<Character, Long> PLACES = Map.of('拾', 10L, '佰', 100L, '仟', 1000L);

    @ParameterizedTest
    @CsvSource({"0, 零圆整", "0.01, 壹分", "0.10, 壹角整", "0.12, 壹角贰分", "0.5, 伍角整", "1, 壹圆整", "1.00, 壹圆整", "10, 壹拾圆整", "11, 壹拾壹圆整",
            "20, 贰拾圆整", "100, 壹佰圆整", "101, 壹佰零壹圆整", "110, 壹佰壹拾圆整", "1001, 壹仟零壹圆整", "1010, 壹仟零壹拾圆整", "1100, 壹仟壹佰圆整",
            "1409.50, 壹仟肆佰零玖圆伍角整", "6007.14, 陆仟零柒圆壹角肆分", "1680.32, 壹仟陆佰捌拾圆叁角贰分", "16409.02, 壹万陆仟肆佰零玖圆零贰分",
            "325.04, 叁佰贰拾伍圆零肆分", "107000.53, 壹拾万柒仟圆伍角叁分", "10000, 壹万圆整", "10001, 壹万零壹圆整", "10010, 壹万零壹拾圆整",
            "10100, 壹万零壹佰圆整", "11000, 壹万壹仟圆整", "100000, 壹拾万圆整", "100001, 壹拾万零壹圆整", "1000000, 壹佰万圆整", "10000000, 壹仟万圆整",
            "10010001, 壹仟零壹万零壹圆整", "20050300, 贰仟零伍万零叁佰圆整", "100000000, 壹亿圆整", "100000001, 壹亿零壹圆整", "100010000, 壹亿零壹万圆整",
            "100100000, 壹亿零壹拾万圆整", "110000000, 壹亿壹仟万圆整", "1000000000, 壹拾亿圆整", "1001000000, 壹拾亿零壹佰万圆整",
            "1234567890.98, 壹拾贰亿叁仟肆佰伍拾陆万柒仟捌佰玖拾圆玖角捌分", "1000000000000, 壹万亿圆整", "1000100000000, 壹万零壹亿圆整",
            "9999999999999999.99, 玖仟玖佰玖拾玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖圆玖角玖分", "1E+2, 壹佰圆整"})
    void anAmountAsAReceiptShowsIt(BigDecimal yuan, String capitals) {
        assertThat(CapitalNumerals.of(yuan)).isEqualTo(capitals);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-0.01", "-1", "0.001", "1.005", "10000000000000000"})
    void whatNoReceiptShowsIsRefused(BigDecimal yuan) {
        assertThatIllegalArgumentException().isThrownBy(() -> CapitalNumerals.of(yuan)).withMessageContaining(yuan.toPlainString());
    }

    @Property(tries = 1000)
    void capitalNumeralsReadBackToTheAmount(@ForAll("amounts") BigDecimal yuan) {
        String capitals = CapitalNumerals.of(yuan);
        assertThat(read(capitals)).as(capitals).isEqualByComparingTo(yuan);
        assertThat(capitals).doesNotContain("零零", "零万", "零亿", "零拾", "零佰", "零仟", "零角");
    }

    /** Of all sizes, with zeros where they hurt. */
    @Provide
    Arbitrary<BigDecimal> amounts() {
        Arbitrary<Integer> digit = Arbitraries.frequencyOf(Tuple.of(3, Arbitraries.just(0)),
                Tuple.of(2, Arbitraries.integers().between(1, 9)));
        return digit.list().ofMinSize(1).ofMaxSize(18).map(digits -> {
            StringBuilder text = new StringBuilder();
            digits.forEach(text::append);
            return new BigDecimal(text.toString()).movePointLeft(2);
        });
    }

    private static BigDecimal read(String capitals) {
        String text = capitals.replace("整", "");
        int end = text.indexOf('圆');
        BigDecimal yuan = end < 0 ? BigDecimal.ZERO : BigDecimal.valueOf(integer(text.substring(0, end)));
        long fen = 0;
        long digit = 0;
        for (char c : text.substring(end + 1).toCharArray()) {
            switch (c) {
                case '角' -> fen += digit * 10;
                case '分' -> fen += digit;
                default -> digit = "零壹贰叁肆伍陆柒捌玖".indexOf(c);
            }
        }
        return yuan.add(BigDecimal.valueOf(fen, 2));
    }

    private static long integer(String text) {
        int yi = text.lastIndexOf('亿');
        if (yi >= 0) {
            return integer(text.substring(0, yi)) * 100_000_000 + integer(text.substring(yi + 1));
        }
        int wan = text.indexOf('万');
        if (wan >= 0) {
            return integer(text.substring(0, wan)) * 10_000 + integer(text.substring(wan + 1));
        }
        long value = 0;
        long digit = 0;
        for (char c : text.toCharArray()) {
            if (PLACES.containsKey(c)) {
                value += digit * PLACES.get(c);
                digit = 0;
            } else {
                digit = "零壹贰叁肆伍陆柒捌玖".indexOf(c);
            }
        }
        return value + digit;
    }
}
