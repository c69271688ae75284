package io.meterhub.site;

/**
 * Where something is done.
 *
 * @param siteId    null for an act on the hub as a whole
 * @param shopId    null where it concerns no single shop
 * @param gatewayId of a meter; else null
 */
public record Place(Integer siteId, Integer shopId, Integer gatewayId) {

    private static final Place HUB = new Place(null, null, null);

    public static Place hub() {
        return HUB;
    }

    public static Place site(int siteId) {
        return new Place(siteId, null, null);
    }

    public static Place shop(int siteId, int shopId) {
        return new Place(siteId, shopId, null);
    }

    public static Place of(Meter meter) {
        return new Place(meter.siteId(), meter.shopId(), meter.gatewayId());
    }
}
