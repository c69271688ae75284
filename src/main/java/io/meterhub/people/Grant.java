package io.meterhub.people;

import java.util.Set;

/**
 * Rights at a place.
 *
 * @param role   null for a machine's
 * @param siteId null: at all sites, those to come too
 * @param shaft  a building (楼栋), as the site's sheet calls the shaft that supplies it: its shops and the gateways in it; else null
 * @param shopId a single shop; else null
 */
public record Grant(Role role, Set<Right> rights, Integer siteId, String shaft, Integer shopId) {
}
