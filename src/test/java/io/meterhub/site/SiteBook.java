package io.meterhub.site;

import static io.meterhub.site.Heading.*;

import io.meterhub.site.Heading.Tab;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.poi.hssf.usermodel.HSSFWorkbook;
import org.apache.poi.ss.usermodel.Cell;
import org.apache.poi.ss.usermodel.Row;
import org.apache.poi.ss.usermodel.Sheet;
import org.apache.poi.ss.usermodel.Workbook;

/** A sheet's rows as cells that a test can break, and the way back to a file. The rows of a tab begin at row 2. */
record SiteBook(Map<Tab, List<Map<Heading, Object>>> rows) {

    static SiteBook of(SiteSheet sheet) {
        Map<Tab, List<Map<Heading, Object>>> rows = new EnumMap<>(Tab.class);
        SiteSheet.SiteRow site = sheet.site();
        rows.put(Tab.SITE, list(row(SITE_CODE, site.code(), SITE_NAME, site.name(), SITE_ZONE, site.zone())));
        rows.put(Tab.GATEWAYS, each(sheet.gateways(), g -> row(GATEWAY_CODE, g.code(), GATEWAY_NAME, g.name(),
                GATEWAY_SHAFT, g.shaft(), GATEWAY_HOST, g.host(), GATEWAY_PORT, g.port(), GATEWAY_FRAMING, g.framing().name(),
                GATEWAY_BAUD, g.baud())));
        rows.put(Tab.SHOPS, each(sheet.shops(), s -> row(SHOP_CODE, s.code(), SHOP_NAME, s.name(), SHOP_FLOOR, s.floor(),
                SHOP_SHAFT, s.shaft(), SHOP_AREA, s.areaM2(), SHOP_GROUP, s.group(), SHOP_TENANT, s.tenant(),
                SHOP_PHONE, s.phone(), SHOP_ELECTRICITY_TARIFF, s.electricityTariff(), SHOP_WATER_TARIFF, s.waterTariff(),
                SHOP_ELECTRICITY_OPENING, s.electricityOpeningYuan(), SHOP_WATER_OPENING, s.waterOpeningYuan(),
                SHOP_WARN_1, s.warn1Yuan(), SHOP_WARN_2, s.warn2Yuan())));
        rows.put(Tab.METERS, each(sheet.meters(), m -> row(METER_CODE, m.code(), METER_NAME, m.name(),
                METER_GATEWAY, m.gateway(), METER_UNIT_ID, m.unitId(), METER_MODEL, m.model(),
                METER_KIND, m.energyKind().name(), METER_SHOP, m.shop(), METER_CT_RATIO, m.ctRatio(),
                METER_RATING, m.rating(), METER_OPENING, m.openingReading())));
        return new SiteBook(rows);
    }

    private static <T> List<Map<Heading, Object>> each(List<T> rows, Function<T, Map<Heading, Object>> cells) {
        return new ArrayList<>(rows.stream().map(cells).toList());
    }

    private static <T> List<T> list(T one) {
        return new ArrayList<>(List.of(one));
    }

    private static Map<Heading, Object> row(Object... pairs) {
        Map<Heading, Object> row = new EnumMap<>(Heading.class);
        for (int i = 0; i < pairs.length; i += 2) {
            if (pairs[i + 1] != null) {
                row.put((Heading) pairs[i], pairs[i + 1]);
            }
        }
        return row;
    }

    SiteBook set(Heading heading, int row, Object value) {
        if (value == null) {
            rows.get(heading.tab).get(row - 2).remove(heading);
        } else {
            rows.get(heading.tab).get(row - 2).put(heading, value);
        }
        return this;
    }

    byte[] xlsx() {
        return written(SiteTemplate.workbook());
    }

    byte[] xls() {
        Workbook workbook = new HSSFWorkbook();
        for (Tab tab : Tab.values()) {
            Row headings = workbook.createSheet(tab.both()).createRow(0);
            tab.headings().forEach(heading -> headings.createCell(headings.getPhysicalNumberOfCells())
                    .setCellValue(heading.both()));
        }
        return written(workbook);
    }

    private byte[] written(Workbook workbook) {
        try (workbook; ByteArrayOutputStream out = new ByteArrayOutputStream()) {
            rows.forEach((tab, tabRows) -> {
                Sheet sheet = workbook.getSheet(tab.both());
                for (Map<Heading, Object> cells : tabRows) {
                    Row row = sheet.createRow(sheet.getLastRowNum() + 1);
                    cells.forEach((heading, value) -> write(row.createCell(tab.headings().indexOf(heading)), value));
                }
            });
            workbook.write(out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Cell cell, Object value) {
        if (value instanceof BigDecimal decimal) {
            cell.setCellValue(decimal.doubleValue());
        } else if (value instanceof Number number) {
            cell.setCellValue(number.doubleValue());
        } else {
            cell.setCellValue(value.toString());
        }
    }
}
