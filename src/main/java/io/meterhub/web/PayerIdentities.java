package io.meterhub.web;

import io.meterhub.payment.PayerIdentity;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.Optional;
import org.springframework.http.HttpHeaders;
import org.springframework.stereotype.Component;

/** Which platform can say who somebody is, in the browser that asks. */
@Component
class PayerIdentities {

    private final List<PayerIdentity> platforms;

    PayerIdentities(List<PayerIdentity> platforms) {
        this.platforms = platforms;
    }

    /** Empty in every browser that is no platform's own, and where the platform is not set up for it. */
    Optional<PayerIdentity> of(HttpServletRequest request) {
        PayersBrowser browser = PayersBrowser.of(request.getHeader(HttpHeaders.USER_AGENT));
        return platforms.stream().filter(PayerIdentity::isSetUp).filter(platform -> browser.belongsTo(platform.channel())).findFirst();
    }
}
