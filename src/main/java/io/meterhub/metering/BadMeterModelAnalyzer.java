package io.meterhub.metering;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Prints the sentence of a {@link BadMeterModel} instead of a stack trace; the exit code is 1. */
class BadMeterModelAnalyzer extends AbstractFailureAnalyzer<BadMeterModel> {

    @Override
    protected FailureAnalysis analyze(Throwable root, BadMeterModel bad) {
        return new FailureAnalysis(bad.getMessage(), null, bad);
    }
}
