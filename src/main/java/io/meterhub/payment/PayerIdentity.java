package io.meterhub.payment;

import java.net.URI;
import java.util.Optional;

/**
 * Who somebody is in a platform's own browser, asking that person nothing: the browser is sent to the platform and comes back with a code, by which
 * the hub asks, once.
 */
public interface PayerIdentity {

    /** Of which platform. */
    Channel channel();

    boolean isSetUp();

    /** Through which it is asked: to another app the same person is somebody else. */
    String app();

    /** As what the code comes back in the address. */
    String codeParameter();

    /**
     * Where the browser is sent.
     *
     * @param returnTo to where it comes back
     * @param state    comes back with it; letters and digits
     */
    URI ask(URI returnTo, String state);

    /** Whose code it is; empty where the platform does not say, be it that the code was used before. */
    Optional<String> whose(String code);
}
