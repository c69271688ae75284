package io.meterhub.people;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What signing in goes by.
 *
 * @param firstKey       an API key with all rights that is there from the first start on, for automation; empty: none
 * @param resetPassword  whose password is made a one-time one at this start and printed; empty: nobody's
 * @param sessionIdle    a session ends after so long without a person doing anything
 * @param sessionLongest and after so long in any case
 */
@ConfigurationProperties("meterhub.people")
record PeopleSettings(@DefaultValue("") String firstKey, @DefaultValue("") String resetPassword, @DefaultValue("12h") Duration sessionIdle,
                      @DefaultValue("24h") Duration sessionLongest) {
}
