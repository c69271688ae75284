package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.metering.MeterModel.Operation;
import io.meterhub.site.EnergyKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class MeterModelsTest {

    private static final String GOOD = """
            model: m
            title: A meter
            maker: Somebody
            source: its manual, page 7
            energy: electricity
            quantities:
              total: {register: 0000, type: U32, factor: 0.01, unit: kWh}
              power: {register: 0002, type: I16, factor: 0.001, unit: kW}
              state: {register: 0003, type: U16}
            """;

    @TempDir
    Path folder;

    @Test
    void theModelsThatComeWithTheHubCanBeRead() {
        MeterModels models = new MeterModels(List.of(Path.of("config/meters"), Path.of("config/demo/meters")));
        assertThat(models.all()).extracting(MeterModel::name).containsExactly("acrel-adf400l-1p", "acrel-adf400l-3p",
                "acrel-ddsy1352", "demo-adf400l-1p", "demo-adf400l-3p", "generic-water-valve");
        assertThat(models.model("acrel-adf400l-3p").unitIds()).isEqualTo(3);
        assertThat(models.model("generic-water-valve").energyKind()).isEqualTo(EnergyKind.WATER);
        assertThat(models.model("acrel-ddsy1352").wrapsAt()).isEqualByComparingTo("42949672.96");
    }

    @Test
    void whatIsNotPublishedIsNotAvailable() {
        MeterModels models = new MeterModels(List.of(Path.of("config/meters"), Path.of("config/demo/meters")));
        assertThat(models.model("acrel-adf400l-1p").can(Operation.SWITCH_OFF)).isFalse();
        assertThat(models.model("demo-adf400l-1p").can(Operation.SWITCH_OFF)).isTrue();
        assertThat(models.model("demo-adf400l-1p").can(Operation.CREDIT)).isTrue();
        assertThat(models.model("acrel-ddsy1352").can(Operation.CREDIT)).isFalse();
    }

    @Test
    void digitsSayWhereTheTotalStartsAgain() throws IOException {
        Files.writeString(folder.resolve("m.yaml"), GOOD + "digits: 8\n");
        assertThat(new MeterModels(List.of(folder)).model("m").wrapsAt()).isEqualByComparingTo("1000000");
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                Arguments.of(GOOD.replace("0002, type: I16", "0001, type: I16"), 8, "power (0001) overlaps total (0000-0001)"),
                Arguments.of(GOOD.replace("U32", "U64"), 7, "type must be one of U8, U16, I16, U32, I32, not U64"),
                Arguments.of(GOOD.replace("factor: 0.01", "scale: 0.01"), 7, "total has no field scale; there are register, type"),
                Arguments.of(GOOD.replace("0002", "2"), 8, "register must be four hexadecimal digits such as 030A, not 2"),
                Arguments.of(GOOD.replace("0.001", "-1"), 8, "factor must be above 0, not -1"),
                Arguments.of(GOOD.replace("title: A meter\n", ""), 1, "the field title is missing"),
                Arguments.of(GOOD.replace("total:", "energy:"), 1, "the quantity total is missing"),
                Arguments.of(GOOD.replace("unit: kWh", "unit: Wh"), 1, "the quantity total must be in kWh, not Wh"),
                Arguments.of(GOOD.replace("power:", "total:"), 8, "total stands twice in quantities"),
                Arguments.of(GOOD.replace("electricity", "gas"), 5, "energy must be one of electricity, water, not gas"),
                Arguments.of(GOOD + "extends: nobody\n", 10, "extends names the model nobody, which no file describes"),
                Arguments.of(GOOD + "extends: m\n", 10, "the model m extends itself"),
                Arguments.of(GOOD + "colour: red\n", 10, "a model file has no field colour"),
                Arguments.of(GOOD + "max-gap: 130\n", 10, "max-gap must be a whole number from 0 to 123, not 130"),
                Arguments.of(GOOD + "title\n", 11, "this is not YAML"),
                Arguments.of(GOOD + "relay: {register: 0009, on: 0000, off: 0001}\n", 10,
                        "register 0009 is none of the model's one-register quantities"),
                Arguments.of(GOOD + "relay: {register: 0003, on: 0001, off: 0001}\n", 10, "on and off must differ"),
                Arguments.of(GOOD.replace("unit: kWh", "unit: kWh, read: seldom"), 7, "total must be read always"),
                Arguments.of(GOOD.replace("unit: kWh", "unit: kWh, read: daily"), 7, "read must be always or seldom, not daily"),
                Arguments.of(GOOD.replace("register: 0003, type: U16", "register: 0003, type: U16, read: seldom")
                        + "relay: {register: 0003, on: 0000, off: 0001}\n", 9, "shows the relay: it must be read always"),
                Arguments.of(GOOD + """
                        operations:
                          switch-off:
                            write: {register: 0801, words: [0100]}
                        """, 12, "switch-off has no read-back"),
                Arguments.of(GOOD + """
                        operations:
                          switch-off:
                            write: {register: 0801, words: [0100]}
                            read-back: relay
                        """, 13, "the model has no section relay"),
                Arguments.of(GOOD + """
                        operations:
                          explode:
                            write: {register: 0801, words: [0100]}
                        """, 12, "there is no operation explode; there are switch-off, switch-on, switch-free, credit, clock"),
                Arguments.of(GOOD + """
                        operations:
                          switch-free:
                            write: {register: 0801, words: [0000]}
                            read-back: written
                        """, 13, "switch-free needs a section relay"),
                Arguments.of(GOOD + "relay: {register: 0003, mask: 0001, on: 0000, off: 0001, trips: {schedule: 0009}}\n", 10,
                        "schedule must name bits outside the mask 0001"),
                Arguments.of(GOOD + """
                        relay: {register: 0003, mask: 0001, on: 0000, off: 0001}
                        operations:
                          switch-off:
                            write: {register: 0801, words: [0100]}
                            read-back: relay
                          switch-free:
                            write: {register: 0801, words: [0000]}
                            read-back: written
                        """, 10, "the model has switch-free, so its relay must have trips"),
                Arguments.of(GOOD + """
                        relay: {register: 0003, mask: 0001, on: 0000, off: 0001, trips: {schedule: 0008}}
                        operations:
                          switch-off:
                            write: {register: 0801, words: [0100]}
                            read-back: relay
                        """, 12, "trips and it can be switched, so operations must have switch-free"),
                Arguments.of(GOOD + "holds: [water]\n", 10, "must be one of power-limit, forbidden-load, schedule, prices, amounts, prepaid-switch"),
                Arguments.of(GOOD + """
                        operations:
                          credit:
                            unit: yuan
                            write: {register: 0801, fields: [{value: amount, type: U32}, {value: count, type: U16}]}
                            read-back: {register: 0900, expect: count}
                        """, 14, "register 0900 is none of the model's one-register quantities"),
                Arguments.of(GOOD.replace("I16", "U8"), 8, "a byte (U8) can only stand in the fields of a table"),
                Arguments.of(GOOD + "parameters:\n  price: {register: 0501}\n", 11, "price must have either a type"),
                Arguments.of(GOOD + "parameters:\n  price: {register: 0501, type: U32}\n  limit: {register: 0502, type: U16}\n", 11,
                        "price (from 0501) overlaps limit (from 0502)"),
                Arguments.of(GOOD + "parameters:\n  price: {register: 0501, type: U16, range: [0, 70000]}\n", 11,
                        "range goes beyond what U16 with the factor 1 can hold: 0 to 65535"),
                Arguments.of(GOOD + "parameters:\n  plan: {register: 0501, entries: 100, fields: [{name: a, type: U32}]}\n", 11,
                        "plan has 200 registers; one request carries at most 123"),
                Arguments.of(GOOD + "records:\n  days: {register: 1A00}\n", 11, "records has no field days; there are months, purchases"),
                Arguments.of(GOOD + "records:\n  months: {register: FFF0, count: 12, step: 2, fields: [{name: a, type: U8}]}\n", 11,
                        "months has 1 registers; one request carries at most 123, up to FFFF"),
                Arguments.of(GOOD + "operations:\n  switch-on:\n    write: {register: 0801, words: ["
                        + "0000, ".repeat(125) + "0000]}\n    read-back: judged\n", 12, "126 registers are written"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void aMistakeIsNamedByFileLineAndReason(String text, int line, String reason) throws IOException {
        Path file = Files.writeString(folder.resolve("m.yaml"), text);
        assertThatThrownBy(() -> new MeterModels(List.of(folder))).isInstanceOf(BadMeterModel.class)
                .hasMessageStartingWith(file + ", line " + line + ": ").hasMessageContaining(reason);
    }

    @Test
    void aMeterThatCannotBeSwitchedMayTellWhatItOpensFor() throws IOException {
        Files.writeString(folder.resolve("m.yaml"), GOOD + "relay: {register: 0003, mask: 0001, on: 0000, off: 0001, trips: {schedule: 0008}}\n");
        assertThat(new MeterModels(List.of(folder)).model("m").relay().orElseThrow().trips()).containsOnlyKeys(Trip.SCHEDULE);
    }

    @Test
    void aNameIsGivenOnce() throws IOException {
        Path first = Files.writeString(folder.resolve("a.yaml"), GOOD);
        Path second = Files.writeString(folder.resolve("b.yaml"), GOOD);
        assertThatThrownBy(() -> new MeterModels(List.of(folder)))
                .hasMessage(second + ", line 1: the model m is described already in " + first);
    }

    @Test
    void aFolderThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> new MeterModels(List.of(folder.resolve("none")))).isInstanceOf(BadMeterModel.class)
                .hasMessageContaining("none").hasMessageContaining("meterhub.metering.models");
    }
}
