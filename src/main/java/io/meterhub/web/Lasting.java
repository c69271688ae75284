package io.meterhub.web;

import java.time.Duration;

/** How long something lasts, as people say it: in the largest unit of which there are two or more. For the templates. */
final class Lasting {

    static final Lasting WORDS = new Lasting();

    private Lasting() {
    }

    /** The message key of the unit. */
    public String key(Duration time) {
        return time.toHours() >= 48 ? "lasting.days" : time.toMinutes() >= 120 ? "lasting.hours" : time.toSeconds() >= 120 ? "lasting.minutes"
                : "lasting.seconds";
    }

    public long count(Duration time) {
        return time.toHours() >= 48 ? time.toDays() : time.toMinutes() >= 120 ? time.toHours() : time.toSeconds() >= 120 ? time.toMinutes()
                : time.toSeconds();
    }

    public Duration seconds(long seconds) {
        return Duration.ofSeconds(seconds);
    }
}
