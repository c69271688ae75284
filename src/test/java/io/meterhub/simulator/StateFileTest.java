package io.meterhub.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.runtime.StartRefused;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateFileTest {

    @TempDir
    Path folder;

    @Test
    void whatWasWrittenIsThereForTheNext() {
        Path file = folder.resolve("mall/meters.state");
        write(StateFile.open(file, List.of("A", "B")), "B", 42);
        assertThat(read(StateFile.open(file, List.of("A", "B")), "B")).isEqualTo(42);
    }

    @Test
    void aChangedSheetFindsItsMetersAgain() throws IOException {
        Path file = folder.resolve("meters.state");
        StateFile first = StateFile.open(file, List.of("A", "B", "C"));
        write(first, "A", 1);
        write(first, "B", 2);
        write(first, "C", 3);
        StateFile second = StateFile.open(file, List.of("D", "C"));
        write(second, "D", 4);
        assertThat(read(second, "C")).isEqualTo(3);
        StateFile third = StateFile.open(file, List.of("D", "C", "B", "A"));
        assertThat(List.of(read(third, "A"), read(third, "B"), read(third, "C"), read(third, "D"))).containsExactly(1L, 2L, 3L, 4L);
        long size = Files.size(file);
        StateFile.open(file, List.of("D", "C", "B", "A"));
        assertThat(Files.size(file)).as("it grows for new meters only").isEqualTo(size);
    }

    @Test
    void aMeterThatNeverCountedIsNew() {
        assertThat(StateFile.open(folder.resolve("s"), List.of("A")).read(64, new long[StateFile.CELLS])).isFalse();
    }

    @Test
    void anotherFileIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("letter.txt"), "Dear sir, ".repeat(500));
        assertThatThrownBy(() -> StateFile.open(file, List.of("A"))).isInstanceOf(StartRefused.class).hasMessageContaining("letter.txt");
    }

    private static void write(StateFile state, String code, long value) {
        long[] cells = new long[StateFile.CELLS];
        cells[7] = value;
        state.write(state.slot(code), cells);
    }

    private static long read(StateFile state, String code) {
        long[] cells = new long[StateFile.CELLS];
        assertThat(state.read(state.slot(code), cells)).isTrue();
        return cells[7];
    }
}
