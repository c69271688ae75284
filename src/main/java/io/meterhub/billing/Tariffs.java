package io.meterhub.billing;

import io.meterhub.site.EnergyKind;
import java.time.LocalDate;
import java.util.List;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** The price plans of the sites and who has which. */
@Component
public class Tariffs {

    Tariffs() {
    }

    /** A site's tariffs in the order of their codes. */
    public List<Tariff> of(int siteId) {
        throw new UnsupportedOperationException();
    }

    /** Adds a version, and the tariff itself when the code is new. A version that is there is never changed. */
    @Transactional
    public TariffResult put(int siteId, String code, String name, EnergyKind energyKind, LocalDate effectiveFrom,
                            TariffRule rule, String who, String why) {
        throw new UnsupportedOperationException();
    }
}
