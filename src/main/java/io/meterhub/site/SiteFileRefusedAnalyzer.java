package io.meterhub.site;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Lists what is wrong with the site file instead of a stack trace; the exit code is 1. */
class SiteFileRefusedAnalyzer extends AbstractFailureAnalyzer<SiteFileRefused> {

    @Override
    protected FailureAnalysis analyze(Throwable root, SiteFileRefused refused) {
        return new FailureAnalysis(refused.getMessage(),
                "Mend the cells and start again, or start without a site file (meterhub.site.import empty).", refused);
    }
}
