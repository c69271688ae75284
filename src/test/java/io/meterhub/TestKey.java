package io.meterhub;

/**
 * The key by which tests and programs call a hub that is given it as its first: it may do all, everywhere. What is done by it is done
 * by {@code first-key/}, followed by whom X-Operator names.
 */
public final class TestKey {

    /** As in application-test.yaml. */
    public static final String SECRET = "mh_the-key-of-the-tests-0123456789-0123456789";
    public static final String BEARER = "Bearer " + SECRET;

    private TestKey() {
    }

    /** Who did what somebody is said to want. */
    public static String by(String person) {
        return "first-key/" + person;
    }
}
