package io.meterhub.tenant;

/** By which a text gets to a phone. Where there is none, nobody signs in by a code. */
public interface Sms {

    /**
     * Hands it over to whoever carries it. May take its time.
     *
     * @param phone its digits, of a number of mainland China without the country's code
     */
    void send(String phone, String text);
}
