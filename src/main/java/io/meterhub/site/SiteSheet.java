package io.meterhub.site;

import java.math.BigDecimal;
import java.util.List;

/**
 * A site's spreadsheet as it was read: every cell typed, nothing looked up yet. {@code row} is the row number a person
 * sees in the spreadsheet (the heading is row 1).
 */
public record SiteSheet(SiteRow site, List<GatewayRow> gateways, List<ShopRow> shops, List<MeterRow> meters) {

    /** Code, name and time zone of the site. */
    public record SiteRow(int row, String code, String name, String zone) {
    }

    /** A row of the sheet "gateways". */
    public record GatewayRow(int row, String code, String name, String shaft, String host, int port,
                             Gateway.Framing framing, int baud) {
    }

    /**
     * A row of the sheet "shops". Tariffs are codes and may be null where the shop has no such meter; opening credits are
     * yuan with at most two decimals, null for none; warning levels are yuan, null for the site's default.
     */
    public record ShopRow(int row, String code, String name, String floor, String shaft, BigDecimal areaM2, String group,
                          String tenant, String phone, String electricityTariff, String waterTariff,
                          BigDecimal electricityOpeningYuan, BigDecimal waterOpeningYuan,
                          BigDecimal warn1Yuan, BigDecimal warn2Yuan) {
    }

    /**
     * A row of the sheet "meters". {@code shop} is null for a public area's meter, which has {@code name} to go by; {@code gateway}
     * and {@code unitId} are null for a meter that is read by hand, and then {@code model} may be.
     */
    public record MeterRow(int row, String code, String name, String gateway, Integer unitId, String model,
                           EnergyKind energyKind, String shop, int ctRatio, BigDecimal rating, BigDecimal openingReading) {

        public boolean byHand() {
            return gateway == null && unitId == null;
        }
    }

    /**
     * What is wrong with one cell: {@code column} is the heading; {@code message} says what is allowed. Where it is not
     * about a cell, column and sheet are empty and row is 0.
     */
    public record Problem(String sheet, int row, String column, String message) {

        @Override
        public String toString() {
            return (sheet.isEmpty() ? "" : "sheet " + sheet + ", ") + (row == 0 ? "" : "row " + row + ", ")
                    + (column.isEmpty() ? "" : "column " + column + ": ") + message;
        }
    }
}
