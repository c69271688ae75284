package io.meterhub.site;

import io.meterhub.runtime.StartRefused;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * Takes the file that the setting {@code meterhub.site.import} names before the first route polls and the first page is
 * served. A file that is refused stops the start.
 */
@Component
class ImportAtStart implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(ImportAtStart.class);

    private final SiteImport imports;
    private final String file;
    private boolean running;

    ImportAtStart(SiteImport imports, @Value("${meterhub.site.import:}") String file) {
        this.imports = imports;
        this.file = file.strip();
    }

    @Override
    public void start() {
        running = true;
        if (file.isEmpty()) {
            return;
        }
        ImportResult result = imports.load(Path.of(file), "hub");
        if (result instanceof ImportResult.Refused refused) {
            throw new StartRefused(new SiteFileRefused(file, refused.problems()).getMessage()
                    + "\nMend the cells and start again, or start without a site file (meterhub.site.import empty).");
        }
        ImportResult.Imported taken = (ImportResult.Imported) result;
        log.info("Site {} from {}: gateways {}, shops {}, meters {}", taken.site().code(), file, words(taken.gateways()),
                words(taken.shops()), words(taken.meters()));
        if (taken.beginWithoutCredit() > 0) {
            log.warn("Begins without credit: {} accounts. Their shops are switched off once their meters are read; sell to them"
                    + " first, or set KEEP_ON", taken.beginWithoutCredit());
        }
        if (!taken.inOtherNames().isEmpty()) {
            log.warn("Open accounts in another name than {} has: their shops neither see nor pay into them before they are moved to the new tenant (POST"
                    + " /api/v1/accounts/{{id}}/move) or the file has the former name or phone: {}", file, taken.inOtherNames().stream()
                    .map(account -> "shop " + account.shop() + " account " + account.account()).collect(Collectors.joining(", ")));
        }
        if (!taken.missing().isEmpty()) {
            log.warn("In the hub and not in {}, left as it is: {}", file, taken.missing().stream()
                    .map(missing -> missing.sheet() + " " + missing.code()).collect(Collectors.joining(", ")));
        }
    }

    private static String words(ImportResult.Counts counts) {
        return "%d new, %d changed, %d as before".formatted(counts.added(), counts.updated(), counts.unchanged());
    }

    @Override
    public void stop() {
        running = false;
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Before the web server and the routes, which start last. */
    @Override
    public int getPhase() {
        return 0;
    }
}
