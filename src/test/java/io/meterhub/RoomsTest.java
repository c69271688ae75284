package io.meterhub;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.modulith.core.ApplicationModules;

/** Holds the rooms, what each offers, and the one direction of imports between them; and that no query is left open. */
class RoomsTest {

    @Test
    void importsRunOneWay() {
        ApplicationModules.of(MeterHub.class).verify();
    }

    /** A query's stream that nobody closes keeps its connection from the pool for good, where no transaction ends it. */
    @Test
    void whatIsQueriedIsReadToItsEnd() {
        noClasses().should().callMethod(JdbcClient.MappedQuerySpec.class, "stream")
                .check(new ClassFileImporter().importPackagesOf(MeterHub.class));
    }
}
