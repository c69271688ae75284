package io.meterhub.billing;

import io.meterhub.runtime.StartRefused;

/** A tariff file that cannot be used, or that would change a version that is there: the hub does not start with it. */
class TariffFileRefused extends StartRefused {

    TariffFileRefused(String message, Throwable cause) {
        super(message, cause);
    }
}
