package io.meterhub.billing;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Prints the sentence of a {@link TariffFileRefused} instead of a stack trace; the exit code is 1. */
class TariffFileRefusedAnalyzer extends AbstractFailureAnalyzer<TariffFileRefused> {

    @Override
    protected FailureAnalysis analyze(Throwable root, TariffFileRefused refused) {
        return new FailureAnalysis(refused.getMessage(), null, refused);
    }
}
