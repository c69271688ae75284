package io.meterhub.site;

import static io.meterhub.site.Heading.*;

import io.meterhub.site.Heading.Tab;
import io.meterhub.site.SiteSheet.GatewayRow;
import io.meterhub.site.SiteSheet.MeterRow;
import io.meterhub.site.SiteSheet.Problem;
import io.meterhub.site.SiteSheet.ShopRow;
import io.meterhub.site.SiteSheet.SiteRow;
import java.math.BigDecimal;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** From texts to typed rows, with a problem for everything that is not allowed. */
final class SheetReader {

    private static final Pattern SITE_CODE_FORM = Pattern.compile("[A-Za-z0-9_-]{1,32}");
    private static final Pattern CODE_FORM = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N}._-]{0,31}");
    private static final Pattern HOST_FORM = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,39}");
    private static final Pattern PHONE_FORM = Pattern.compile("[0-9 +()-]{3,32}");
    private static final Pattern NUMBER_FORM = Pattern.compile("[0-9]{1,15}(\\.[0-9]{1,12})?");
    private static final Set<String> BAUDS = Set.of("1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200");
    private static final BigDecimal MOST_YUAN = new BigDecimal("99999999.99");
    private static final int MOST_ROWS = 50_000;

    private final List<Problem> problems = new ArrayList<>();
    private final Map<Tab, Table> tables = new EnumMap<>(Tab.class);

    SheetReader(List<Grid> grids) {
        for (Grid grid : grids) {
            Tab tab = Stream.of(Tab.values()).filter(t -> t.matches(grid.name())).findFirst().orElse(null);
            if (tab == null) {
                if (!grid.rows().isEmpty() && !SiteTemplate.isNotes(grid.name())) {
                    problems.add(new Problem(grid.name(), 0, "", "no such sheet is known; allowed are site 项目,"
                            + " gateways 网关, shops 商铺, meters 表计 and, for your own words, notes 说明"));
                }
            } else if (tables.containsKey(tab)) {
                problems.add(new Problem(grid.name(), 0, "", "the sheet is there twice; allowed is one"));
            } else {
                tables.put(tab, new Table(tab, grid));
            }
        }
        for (Tab tab : Tab.values()) {
            if (!tables.containsKey(tab)) {
                problems.add(new Problem(tab.english, 0, "", "the sheet is missing; needed is one with the name "
                        + tab.english + " or " + tab.chinese));
                tables.put(tab, new Table(tab, new Grid(tab.english, Map.of())));
            }
        }
    }

    static SiteFileRefused refused(String fileName, String problem) {
        return new SiteFileRefused(fileName, List.of(new Problem("", 0, "", "the file " + problem)));
    }

    SiteSheet sheet(String fileName) {
        List<SiteRow> sites = tables.get(Tab.SITE).rows(row -> new SiteRow(row.number, row.matching(SITE_CODE, SITE_CODE_FORM),
                row.text(SITE_NAME, 100), row.zone()));
        List<GatewayRow> gateways = tables.get(Tab.GATEWAYS).rows(row -> new GatewayRow(row.number,
                row.matching(GATEWAY_CODE, CODE_FORM), row.text(GATEWAY_NAME, 100), row.text(GATEWAY_SHAFT, 32),
                row.matching(GATEWAY_HOST, HOST_FORM), row.whole(GATEWAY_PORT, 1, 65_535, 0),
                row.oneOf(GATEWAY_FRAMING, Map.of("TCP", Gateway.Framing.TCP, "RTU", Gateway.Framing.RTU)),
                row.baud()));
        List<ShopRow> shops = tables.get(Tab.SHOPS).rows(row -> new ShopRow(row.number,
                row.matching(SHOP_CODE, CODE_FORM), row.text(SHOP_NAME, 100), row.text(SHOP_FLOOR, 32),
                row.text(SHOP_SHAFT, 32), row.above0(SHOP_AREA, 2, new BigDecimal("99999999")), row.text(SHOP_GROUP, 32),
                row.text(SHOP_TENANT, 100), row.matching(SHOP_PHONE, PHONE_FORM),
                row.matching(SHOP_ELECTRICITY_TARIFF, CODE_FORM), row.matching(SHOP_WATER_TARIFF, CODE_FORM),
                row.decimal(SHOP_ELECTRICITY_OPENING, 2, MOST_YUAN), row.decimal(SHOP_WATER_OPENING, 2, MOST_YUAN),
                row.decimal(SHOP_WARN_1, 2, MOST_YUAN), row.decimal(SHOP_WARN_2, 2, MOST_YUAN)));
        Map<String, String> shopNames = shops.stream().filter(shop -> shop.code() != null && shop.name() != null)
                .collect(Collectors.toMap(ShopRow::code, ShopRow::name, (first, second) -> first));
        List<MeterRow> meters = tables.get(Tab.METERS).rows(row -> row.meter(shopNames));

        if (sites.size() != 1 && tables.get(Tab.SITE).usable()) {
            problems.add(new Problem(Tab.SITE.english, sites.isEmpty() ? 2 : sites.get(1).row(), SITE_CODE.english,
                    sites.isEmpty() ? "there is no site; needed is one row" : "there is a second site; allowed is one"));
        }
        once(gateways, GATEWAY_CODE, GatewayRow::row, GatewayRow::code);
        once(gateways, GATEWAY_PORT, GatewayRow::row, gateway -> gateway.host() == null || gateway.port() == 0 ? null
                : gateway.host() + ":" + gateway.port());
        once(shops, SHOP_CODE, ShopRow::row, ShopRow::code);
        once(meters, METER_CODE, MeterRow::row, MeterRow::code);
        once(meters, METER_UNIT_ID, MeterRow::row, meter -> meter.gateway() == null || meter.unitId() == null ? null
                : meter.unitId() + " on " + meter.gateway());
        references(meters, METER_GATEWAY, MeterRow::gateway, gateways.stream().map(GatewayRow::code).toList());
        references(meters, METER_SHOP, MeterRow::shop, shops.stream().map(ShopRow::code).toList());
        shops.forEach(shop -> check(shop, meters));

        if (!problems.isEmpty()) {
            List<String> order = Stream.of(Tab.values()).map(tab -> tab.english).toList();
            problems.sort(Comparator.comparingInt((Problem problem) -> order.indexOf(problem.sheet()))
                    .thenComparingInt(Problem::row));
            throw new SiteFileRefused(fileName, problems);
        }
        return new SiteSheet(sites.get(0), gateways, shops, meters);
    }

    private <R> void once(List<R> rows, Heading heading, Function<R, Integer> number, Function<R, String> key) {
        Map<String, Integer> first = new HashMap<>();
        for (R row : rows) {
            String value = key.apply(row);
            Integer earlier = value == null ? null : first.putIfAbsent(value, number.apply(row));
            if (earlier != null) {
                problem(heading, number.apply(row), quoted(value) + " stands in row " + earlier + " already");
            }
        }
    }

    private void references(List<MeterRow> meters, Heading heading, Function<MeterRow, String> code, List<String> known) {
        Set<String> codes = known.stream().filter(c -> c != null).collect(Collectors.toSet());
        for (MeterRow meter : meters) {
            if (code.apply(meter) != null && !codes.contains(code.apply(meter))) {
                problem(heading, meter.row(), quoted(code.apply(meter)) + " is not there");
            }
        }
    }

    private void check(ShopRow shop, List<MeterRow> meters) {
        Set<EnergyKind> kinds = meters.stream()
                .filter(meter -> shop.code() != null && shop.code().equals(meter.shop()) && meter.energyKind() != null)
                .map(MeterRow::energyKind).collect(Collectors.toSet());
        check(shop, SHOP_ELECTRICITY_TARIFF, shop.electricityTariff(), SHOP_ELECTRICITY_OPENING,
                shop.electricityOpeningYuan(), kinds.contains(EnergyKind.ELECTRICITY));
        check(shop, SHOP_WATER_TARIFF, shop.waterTariff(), SHOP_WATER_OPENING,
                shop.waterOpeningYuan(), kinds.contains(EnergyKind.WATER));
        if (shop.phone() != null && shop.tenant() == null) {
            problem(SHOP_PHONE, shop.row(), "there is no tenant whose phone it could be");
        }
        if ((shop.warn1Yuan() == null) != (shop.warn2Yuan() == null)) {
            problem(shop.warn1Yuan() == null ? SHOP_WARN_1 : SHOP_WARN_2, shop.row(), "only the other warning is there");
        } else if (shop.warn1Yuan() != null && shop.warn1Yuan().compareTo(shop.warn2Yuan()) < 0) {
            problem(SHOP_WARN_1, shop.row(), shop.warn1Yuan() + " is below warning 2");
        }
    }

    private void check(ShopRow shop, Heading tariff, String tariffCode, Heading opening, BigDecimal yuan, boolean metered) {
        if (metered && tariffCode == null) {
            problem(tariff, shop.row(), "is empty");
        }
        if (!metered && yuan != null) {
            problem(opening, shop.row(), "the shop has no such meter");
        }
    }

    private void problem(Heading heading, int row, String wrong) {
        problems.add(new Problem(heading.tab.english, row, heading.english, wrong + "; allowed is " + heading.allowed));
    }

    private static String quoted(String text) {
        return "\"" + (text.length() > 40 ? text.substring(0, 40) + "..." : text) + "\"";
    }

    /** A sheet with its headings found. */
    private final class Table {

        private final Map<Heading, Integer> columns = new EnumMap<>(Heading.class);
        private final Grid grid;
        private final int headingRow;

        Table(Tab tab, Grid grid) {
            this.grid = grid;
            this.headingRow = grid.rows().keySet().stream().findFirst().orElse(1);
            List<Heading> headings = tab.headings();
            grid.rows().getOrDefault(headingRow, Map.of()).forEach((column, content) -> {
                String text = content.text() == null ? "" : content.text();
                Heading heading = headings.stream().filter(h -> h.matches(text)).findFirst().orElse(null);
                if (heading == null) {
                    problems.add(new Problem(tab.english, headingRow, text, "no such heading is known; allowed are "
                            + headings.stream().map(Heading::both).collect(Collectors.joining(", "))));
                } else if (columns.putIfAbsent(heading, column) != null) {
                    problems.add(new Problem(tab.english, headingRow, text, "the heading is there twice; allowed is one"));
                }
            });
            if (usable() && grid.rows().size() > MOST_ROWS) {
                problems.add(new Problem(tab.english, MOST_ROWS, "", "the sheet has more than " + MOST_ROWS + " rows"));
            }
            headings.stream().filter(heading -> heading.required && usable() && !columns.containsKey(heading))
                    .forEach(heading -> problems.add(new Problem(tab.english, headingRow, heading.english,
                            "the heading is missing; needed is a column " + heading.english + " or " + heading.chinese)));
            if (grid.rows().isEmpty()) {
                problems.add(new Problem(tab.english, 1, "", "the sheet is empty; needed is a row of headings"));
            }
        }

        boolean usable() {
            return !grid.rows().isEmpty();
        }

        <R> List<R> rows(Function<Cells, R> typed) {
            return grid.rows().entrySet().stream().filter(row -> row.getKey() != headingRow).limit(MOST_ROWS)
                    .map(row -> typed.apply(new Cells(row.getKey(), row.getValue(), columns))).toList();
        }
    }

    /** A row's cells. What is wrong with one is noted and answered with null, or 0 for a number that cannot be null. */
    private final class Cells {

        private final int number;
        private final Map<Integer, Grid.Content> cells;
        private final Map<Heading, Integer> columns;

        Cells(int number, Map<Integer, Grid.Content> cells, Map<Heading, Integer> columns) {
            this.number = number;
            this.cells = cells;
            this.columns = columns;
        }

        private String raw(Heading heading) {
            Integer column = columns.get(heading);
            Grid.Content content = column == null ? null : cells.get(column);
            if (content == null) {
                if (heading.required && column != null) {
                    problem(heading, number, "is empty");
                }
                return null;
            }
            if (content.unreadable() != null) {
                problem(heading, number, content.unreadable());
            }
            return content.text();
        }

        String text(Heading heading, int longest) {
            String text = raw(heading);
            if (text != null && (text.length() > longest || text.chars().anyMatch(Character::isISOControl))) {
                problem(heading, number, quoted(text) + " is too long or has line breaks");
                return null;
            }
            return text;
        }

        String matching(Heading heading, Pattern form) {
            String text = raw(heading);
            if (text != null && !form.matcher(text).matches()) {
                problem(heading, number, quoted(text));
                return null;
            }
            return text;
        }

        <T> T oneOf(Heading heading, Map<String, T> values) {
            String text = raw(heading);
            T value = text == null ? null : values.get(text.toUpperCase(Locale.ROOT));
            if (text != null && value == null) {
                problem(heading, number, quoted(text));
            }
            return value;
        }

        /** A number from 0 to {@code most}, exact as it stands. */
        BigDecimal decimal(Heading heading, int decimals, BigDecimal most) {
            String text = raw(heading);
            if (text == null) {
                return null;
            }
            BigDecimal value = NUMBER_FORM.matcher(text).matches() ? new BigDecimal(text) : null;
            if (value == null || value.compareTo(most) > 0 || value.stripTrailingZeros().scale() > decimals) {
                problem(heading, number, quoted(text));
                return null;
            }
            return value.setScale(decimals);
        }

        BigDecimal above0(Heading heading, int decimals, BigDecimal most) {
            BigDecimal value = decimal(heading, decimals, most);
            if (value != null && value.signum() == 0) {
                problem(heading, number, "\"0\"");
                return null;
            }
            return value;
        }

        int whole(Heading heading, int least, int most, int otherwise) {
            String text = raw(heading);
            if (text == null) {
                return otherwise;
            }
            BigDecimal value = NUMBER_FORM.matcher(text).matches() ? new BigDecimal(text).stripTrailingZeros() : null;
            if (value == null || value.scale() > 0 || value.compareTo(BigDecimal.valueOf(least)) < 0
                    || value.compareTo(BigDecimal.valueOf(most)) > 0) {
                problem(heading, number, quoted(text));
                return 0;
            }
            return value.intValueExact();
        }

        int baud() {
            int baud = whole(GATEWAY_BAUD, 1_200, 115_200, 9_600);
            if (baud != 0 && !BAUDS.contains(Integer.toString(baud))) {
                problem(GATEWAY_BAUD, number, quoted(Integer.toString(baud)));
            }
            return baud;
        }

        String zone() {
            String zone = raw(SITE_ZONE);
            if (zone == null) {
                return "Asia/Shanghai";
            }
            if (!ZoneId.getAvailableZoneIds().contains(zone)) {
                problem(SITE_ZONE, number, quoted(zone));
            }
            return zone;
        }

        private boolean isGiven(Heading heading) {
            return columns.containsKey(heading) && cells.containsKey(columns.get(heading));
        }

        MeterRow meter(Map<String, String> shopNames) {
            String code = matching(METER_CODE, CODE_FORM);
            String name = text(METER_NAME, 100);
            String shop = matching(METER_SHOP, CODE_FORM);
            if (name == null && !isGiven(METER_SHOP)) {
                problem(METER_NAME, number, "is empty");
            }
            if (isGiven(METER_GATEWAY) != isGiven(METER_UNIT_ID)) {
                boolean gateway = isGiven(METER_GATEWAY);
                problem(gateway ? METER_UNIT_ID : METER_GATEWAY, number, "is empty, and there is a "
                        + (gateway ? METER_GATEWAY : METER_UNIT_ID).english);
            } else if (isGiven(METER_GATEWAY) && !isGiven(METER_MODEL)) {
                problem(METER_MODEL, number, "is empty, and there is a gateway");
            }
            int unitId = whole(METER_UNIT_ID, 1, 247, 0);
            return new MeterRow(number, code, name != null ? name : shopNames.get(shop),
                    matching(METER_GATEWAY, CODE_FORM), unitId == 0 ? null : unitId, text(METER_MODEL, 64),
                    oneOf(METER_KIND, Map.of("ELECTRICITY", EnergyKind.ELECTRICITY, "WATER", EnergyKind.WATER,
                            "电", EnergyKind.ELECTRICITY, "水", EnergyKind.WATER)),
                    shop, whole(METER_CT_RATIO, 1, 10_000, 1),
                    above0(METER_RATING, 3, new BigDecimal("9999999")),
                    decimal(METER_OPENING, 3, new BigDecimal("999999999999")));
        }
    }
}
