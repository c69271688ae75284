package io.meterhub.tenant;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What the shops' own side goes by.
 *
 * @param codeLife         so long a code opens
 * @param codeTries        how often one may be guessed at
 * @param codesPerPhone    codes that are sent to a phone within an hour
 * @param codesPerAddress  and on behalf of one address
 * @param triesPerAddress  codes that are tried from one address within an hour
 * @param ordersPerShop    orders that are opened for a shop within an hour
 * @param ordersPerAddress and from one address, behind which a whole mall's Wi-Fi may be
 * @param sessionIdle      a session ends after so long without use
 */
@ConfigurationProperties("meterhub.tenant")
record TenantSettings(@DefaultValue("5m") Duration codeLife, @DefaultValue("5") int codeTries, @DefaultValue("5") int codesPerPhone,
                      @DefaultValue("30") int codesPerAddress, @DefaultValue("60") int triesPerAddress,
                      @DefaultValue("30") int ordersPerShop, @DefaultValue("120") int ordersPerAddress,
                      @DefaultValue("30d") Duration sessionIdle) {
}
