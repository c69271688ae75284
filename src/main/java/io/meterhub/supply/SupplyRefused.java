package io.meterhub.supply;

/** A person's wish that the rules of supply do not allow. The message says which rule, and what would be allowed. */
public class SupplyRefused extends RuntimeException {

    SupplyRefused(String message) {
        super(message);
    }
}
