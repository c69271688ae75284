package io.meterhub.tenant;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What the shops' own side goes by.
 *
 * @param codeLife         so long a code opens
 * @param codeTries        how often one may be guessed at
 * @param codesPerPhone    codes for a phone within an hour, on behalf of all browsers together in which it never signed in
 * @param codesPerAsker    of these on behalf of one address, and as many for each browser in which it did
 * @param codesPerAddress  codes for whatever phones on behalf of one address
 * @param ordersPerShop    orders that are opened for a shop within an hour
 * @param ordersPerAddress and by those who scan from one address, behind which a whole mall's Wi-Fi may be
 * @param identitiesPerAddress so often within an hour a platform is asked who somebody is, on behalf of one address
 * @param sessionIdle      a session ends after so long without use
 */
@ConfigurationProperties("meterhub.tenant")
record TenantSettings(@DefaultValue("5m") Duration codeLife, @DefaultValue("5") int codeTries, @DefaultValue("12") int codesPerPhone,
                      @DefaultValue("4") int codesPerAsker, @DefaultValue("30") int codesPerAddress,
                      @DefaultValue("30") int ordersPerShop, @DefaultValue("120") int ordersPerAddress,
                      @DefaultValue("300") int identitiesPerAddress, @DefaultValue("30d") Duration sessionIdle) {
}
