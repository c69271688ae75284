package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class InOrderTest {

    @Test
    void basementsComeFirstAndTheTenthFloorAfterTheSecond() {
        assertThat(List.of("10F", "2F", "B1", "1F", "B2", "roof").stream().sorted(InOrder.FLOORS).toList())
                .containsExactly("B2", "B1", "1F", "2F", "10F", "roof");
        assertThat(List.of("2楼", "地下1层", "1楼").stream().sorted(InOrder.FLOORS).toList()).containsExactly("地下1层", "1楼", "2楼");
    }

    @Test
    void shaftsAreSortedByTheirNumbers() {
        assertThat(List.of("Shaft 10", "Shaft 9", "Shaft 1").stream().sorted(InOrder.NATURAL).toList())
                .containsExactly("Shaft 1", "Shaft 9", "Shaft 10");
    }
}
