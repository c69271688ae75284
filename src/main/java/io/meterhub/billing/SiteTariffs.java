package io.meterhub.billing;

import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import java.nio.file.Path;
import java.util.Optional;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;

/** Gives the tariffs of the file {@code meterhub.billing.tariffs} to every site: at the start, and to a new one at its import. */
@Component
class SiteTariffs {

    private final Tariffs tariffs;
    private final Optional<TariffFile> file;

    SiteTariffs(Tariffs tariffs, Sites sites, @Value("${meterhub.billing.tariffs:}") String path) {
        this.tariffs = tariffs;
        this.file = path.isBlank() ? Optional.empty() : Optional.of(TariffFile.read(Path.of(path.strip())));
        sites.sites().forEach(this::giveTo);
    }

    Optional<TariffFile> file() {
        return file;
    }

    /** @throws TariffFileRefused if the file would change a version that the site has */
    void giveTo(Site site) {
        file.ifPresent(tariffFile -> {
            for (TariffFile.Version version : tariffFile.versions()) {
                TariffResult result = tariffs.put(site.id(), version.code(), version.name(), version.energyKind(),
                        version.effectiveFrom(), version.rule(), "hub", tariffFile.path().toString());
                if (result instanceof TariffResult.Refused refused) {
                    throw TariffFile.refused(tariffFile.path(), version, "site " + site.code() + ": " + refused.field() + ": "
                            + refused.why(), null);
                }
            }
        });
    }
}
