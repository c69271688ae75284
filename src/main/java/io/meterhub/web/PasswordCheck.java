package io.meterhub.web;

import io.meterhub.people.SignIn;
import io.meterhub.people.SignedIn;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.LockedException;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.stereotype.Component;

/** Lets Spring Security's form ask the room people. */
@Component
class PasswordCheck implements AuthenticationProvider {

    private final SignIn signIn;

    PasswordCheck(SignIn signIn) {
        this.signIn = signIn;
    }

    /** What the form says besides name and password. */
    record From(String address, String code, String browser) {
    }

    static final class TooManyFailures extends LockedException {

        private final long minutes;

        TooManyFailures(long minutes) {
            super("locked");
            this.minutes = minutes;
        }

        long minutes() {
            return minutes;
        }
    }

    @Override
    public Authentication authenticate(Authentication asked) {
        From from = (From) asked.getDetails();
        SignIn.Outcome outcome = signIn.attempt(asked.getName(), String.valueOf(asked.getCredentials()), from.code(), from.address(),
                from.browser());
        if (outcome instanceof SignIn.Locked locked) {
            throw new TooManyFailures(locked.minutes());
        }
        if (outcome instanceof SignIn.Accepted accepted) {
            SignedIn in = new SignedIn(accepted.actor());
            // for its cookie, see Credentials
            in.setDetails(accepted.browser());
            return in;
        }
        throw new BadCredentialsException("wrong");
    }

    @Override
    public boolean supports(Class<?> kind) {
        return kind == UsernamePasswordAuthenticationToken.class;
    }
}
