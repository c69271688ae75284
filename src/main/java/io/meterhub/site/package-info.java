/**
 * What stands where: sites, gateways, meters (表计), shops (商铺) and the customers who rent them, read from a spreadsheet.
 *
 * <p>Owns the tables site, gateway, meter, shop, customer, audit_log and alarm. Promises that an import is all or nothing and
 * removes nothing by itself, and that every day, month and band of a site is counted in the site's own time zone.
 * Other rooms take part in an import by {@link io.meterhub.site.ImportParticipant}.
 */
@ApplicationModule(allowedDependencies = "runtime")
package io.meterhub.site;

import org.springframework.modulith.ApplicationModule;
