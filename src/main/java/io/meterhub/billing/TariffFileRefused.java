package io.meterhub.billing;

/** A tariff file that cannot be used, or that would change a version that is there: the hub does not start with it. */
class TariffFileRefused extends RuntimeException {

    TariffFileRefused(String message, Throwable cause) {
        super(message, cause);
    }
}
