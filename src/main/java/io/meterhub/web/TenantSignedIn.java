package io.meterhub.web;

import io.meterhub.tenant.Tenant;
import java.util.List;
import org.springframework.security.authentication.AbstractAuthenticationToken;

/** A customer as Spring Security carries it through a request's thread. No room knows it as anybody with a right. */
final class TenantSignedIn extends AbstractAuthenticationToken {

    private final transient Tenant tenant;

    TenantSignedIn(Tenant tenant) {
        super(List.of());
        this.tenant = tenant;
        setAuthenticated(true);
    }

    @Override
    public Object getCredentials() {
        return null;
    }

    @Override
    public Tenant getPrincipal() {
        return tenant;
    }
}
