package io.meterhub;

import java.time.Clock;
import java.time.Duration;
import org.springframework.boot.SpringApplication;
import org.springframework.context.support.GenericApplicationContext;

/** The hub with a clock that is ahead, as if it had been off for that long: {@code -Dahead=P2DT3H}. */
final class HubAhead {

    private HubAhead() {
    }

    public static void main(String[] args) {
        Clock clock = Clock.offset(Clock.systemUTC(), Duration.parse(System.getProperty("ahead")));
        SpringApplication hub = new SpringApplication(MeterHub.class);
        hub.addInitializers(context -> ((GenericApplicationContext) context)
                .registerBean("clockAhead", Clock.class, () -> clock, bean -> bean.setPrimary(true)));
        hub.run(args);
    }
}
