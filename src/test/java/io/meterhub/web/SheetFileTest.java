package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SheetFileTest {

    private static String csv(String cell) {
        return new String(SheetFile.csv(Stream.of(List.of(cell))), StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"=1+1", "+1", "@SUM(A1)", "-1+cmd", "-", "\t=1", "\r=1", "-1\n=1"})
    void whatASpreadsheetWouldTakeForAFormulaIsText(String cell) {
        assertThat(csv(cell)).isEqualTo("\uFEFF\"'" + cell + "\"\r\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "-0.05", "12.50", "a=b", ""})
    void numbersAndOtherTextStayAsTheyAre(String cell) {
        assertThat(csv(cell)).isEqualTo("\uFEFF\"" + cell + "\"\r\n");
    }
}
