package io.meterhub.people;

import io.meterhub.runtime.StartRefused;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * Lets somebody in: the first start makes one administrator, whose one-time password is printed once, on the console and in no log. For
 * automation a first key may be given; there is no default one.
 */
@Component
class FirstStart implements SmartLifecycle {

    private static final int SHORTEST_KEY = 40;

    private final People people;
    private final ApiKeys keys;
    private final PeopleSettings settings;
    private boolean running;

    FirstStart(People people, ApiKeys keys, PeopleSettings settings) {
        this.people = people;
        this.keys = keys;
        this.settings = settings;
    }

    @Override
    public void start() {
        running = true;
        people.first("admin").ifPresent(password -> print("admin", password));
        if (!settings.resetPassword().isBlank()) {
            String name = settings.resetPassword().strip();
            print(name, people.resetByOwner(name).orElseThrow(() -> new StartRefused("meterhub.people.reset-password names " + name
                    + ", but there is no such person.")));
        }
        if (!settings.firstKey().isBlank()) {
            String key = settings.firstKey().strip();
            if (!key.startsWith(ApiKeys.PREFIX) || key.length() < SHORTEST_KEY) {
                throw new StartRefused("meterhub.people.first-key must begin with " + ApiKeys.PREFIX + " and have at least " + SHORTEST_KEY
                        + " characters, for instance " + ApiKeys.PREFIX + "$(openssl rand -hex 32).");
            }
            keys.first(key);
        }
    }

    /** Not by the log, which may be kept for long and by others. */
    private static void print(String name, String password) {
        System.out.printf("%n    Sign in as %s with the one-time password  %s%n    It is shown this once, and has to be changed then.%n%n",
                name, password);
    }

    @Override
    public void stop() {
        running = false;
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Before the web server and the routes, which start last. */
    @Override
    public int getPhase() {
        return 0;
    }
}
