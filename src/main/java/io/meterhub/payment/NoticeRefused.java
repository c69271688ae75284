package io.meterhub.payment;

/** A channel's door does not take this notice. What is said here goes to whoever sent it, and holds nothing that he does not know. */
final class NoticeRefused extends RuntimeException {

    private final int status;

    /** @param status 4xx of HTTP, or 5xx where the hub is to blame and the same notice may be taken later */
    NoticeRefused(int status, String why) {
        super(why, null, false, false);
        this.status = status;
    }

    public int getStatus() {
        return status;
    }
}
