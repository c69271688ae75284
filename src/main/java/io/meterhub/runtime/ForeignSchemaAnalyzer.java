package io.meterhub.runtime;

import org.flywaydb.core.api.exception.FlywayValidateException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** A database whose schema this version of the hub did not make. */
class ForeignSchemaAnalyzer extends AbstractFailureAnalyzer<FlywayValidateException> {

    @Override
    protected FailureAnalysis analyze(Throwable root, FlywayValidateException failure) {
        return new FailureAnalysis("The database was made by another version of the hub than this one: start that version, or"
                + " give this one a data folder (meterhub.data-dir) or database of its own.",
                failure.getMessage().lines().map(String::strip).filter(line -> !line.isEmpty()).limit(3)
                        .collect(java.util.stream.Collectors.joining(" ", "Flyway says: ", "")), failure);
    }
}
