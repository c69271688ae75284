package io.meterhub;

import org.junit.jupiter.api.Test;
import org.springframework.modulith.core.ApplicationModules;

/** Holds the rooms, what each offers, and the one direction of imports between them. */
class RoomsTest {

    @Test
    void importsRunOneWay() {
        ApplicationModules.of(MeterHub.class).verify();
    }
}
