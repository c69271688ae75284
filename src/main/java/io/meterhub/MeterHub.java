package io.meterhub;

import io.meterhub.billing.LedgerVerification;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** The hub: one process that reads meters, bills the readings and holds supply where the ledger says it should be. */
@SpringBootApplication
public class MeterHub {

    public static void main(String[] args) {
        if (LedgerVerification.isAsked(args)) {
            System.exit(LedgerVerification.run(System.out, args));
        }
        SpringApplication.run(MeterHub.class, args);
    }
}
