package io.meterhub.site;

import java.math.BigDecimal;
import java.util.List;

/** A small mall for tests: two gateways, three shops, five meters. */
final class Malls {

    private Malls() {
    }

    static SiteSheet small(String code, int firstPort) {
        return new SiteSheet(
                new SiteSheet.SiteRow(2, code, "小商场 Small mall", "Asia/Shanghai"),
                List.of(new SiteSheet.GatewayRow(2, "GW-A", "A 井", "A", "127.0.0.1", firstPort, Gateway.Framing.TCP, 9600),
                        new SiteSheet.GatewayRow(3, "GW-B", "B 井", "B", "127.0.0.1", firstPort + 1, Gateway.Framing.RTU, 19200)),
                List.of(shop(2, "A-101", "蜀香火锅", "shop-tou", "water-single", "120.50", "30.00"),
                        shop(3, "A-102", "Tea & Co", "shop-single", null, "0.00", null),
                        shop(4, "B-201", "书店", "shop-single", null, null, null)),
                List.of(meter(2, "E-101", "蜀香火锅", "GW-A", 1, "demo-adf400l-3p", EnergyKind.ELECTRICITY, "A-101", 20, "120", "1000.25"),
                        meter(3, "W-101", "蜀香火锅 水", "GW-A", 10, "generic-water-valve", EnergyKind.WATER, "A-101", 1, "6", "12.345"),
                        meter(4, "E-102", "Tea & Co", "GW-A", 11, "acrel-ddsy1352", EnergyKind.ELECTRICITY, "A-102", 1, "13.2", "0"),
                        meter(5, "E-201", "书店", "GW-B", 1, "acrel-ddsy1352", EnergyKind.ELECTRICITY, "B-201", 1, "13.2", null),
                        meter(6, "P-1", "一层照明", "GW-B", 2, "acrel-ddsy1352", EnergyKind.ELECTRICITY, null, 1, "13.2", "7")));
    }

    private static SiteSheet.ShopRow shop(int row, String code, String name, String electricity, String water,
                                          String opening, String waterOpening) {
        return new SiteSheet.ShopRow(row, code, name, "1F", code.substring(0, 1), new BigDecimal("88.50"), "food",
                "租户 " + code, "138-0000-0" + code.substring(2), electricity, water, decimal(opening, 2), decimal(waterOpening, 2),
                new BigDecimal("50.00"), new BigDecimal("20.00"));
    }

    private static SiteSheet.MeterRow meter(int row, String code, String name, String gateway, int unitId, String model,
                                            EnergyKind kind, String shop, int ct, String rating, String opening) {
        return new SiteSheet.MeterRow(row, code, name, gateway, unitId, model, kind, shop, ct, decimal(rating, 3),
                decimal(opening, 3));
    }

    private static BigDecimal decimal(String value, int scale) {
        return value == null ? null : new BigDecimal(value).setScale(scale);
    }
}
