package io.meterhub.site;

import java.util.Map;
import java.util.Set;

/**
 * Where somebody has a right. What is asked of one place is asked by {@link #covers}; rows of a list are told apart by a condition
 * in the query itself: {@link #sql} with {@link #parameters}.
 *
 * @param sites    all of them
 * @param shops    single shops, of whatever site
 * @param gateways with all meters on them
 * @param partly   sites of which any part is within
 */
public record Reach(boolean everywhere, Set<Integer> sites, Set<Integer> shops, Set<Integer> gateways, Set<Integer> partly) {

    public static final Reach EVERYWHERE = new Reach(true, Set.of(), Set.of(), Set.of(), Set.of());

    public boolean covers(Place place) {
        return everywhere || place.siteId() != null && sites.contains(place.siteId())
                || place.shopId() != null && shops.contains(place.shopId())
                || place.gatewayId() != null && gateways.contains(place.gatewayId());
    }

    public boolean isNowhere() {
        return !everywhere && partly.isEmpty();
    }

    /** Whether anything of the site is within. */
    public boolean touches(int siteId) {
        return everywhere || partly.contains(siteId);
    }

    /**
     * The condition of a row to be within.
     *
     * @param site    its column
     * @param shop    its column, or null where there is none
     * @param gateway its column, or null where there is none
     */
    public static String sql(String site, String shop, String gateway) {
        return " (:everywhere or " + site + " = any(:reachedSites)" + (shop == null ? "" : " or " + shop + " = any(:reachedShops)")
                + (gateway == null ? "" : " or " + gateway + " = any(:reachedGateways)") + ") ";
    }

    /** What {@link #sql} names. */
    public Map<String, Object> parameters() {
        return Map.of("everywhere", everywhere, "reachedSites", sites.toArray(Integer[]::new), "reachedShops", shops.toArray(Integer[]::new),
                "reachedGateways", gateways.toArray(Integer[]::new));
    }
}
