package io.meterhub.site;

import io.meterhub.site.SiteSheet.GatewayRow;
import io.meterhub.site.SiteSheet.MeterRow;
import io.meterhub.site.SiteSheet.ShopRow;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.function.UnaryOperator;

/** The reference mall, altered for a program that runs it beside others. */
public final class MallFile {

    private MallFile() {
    }

    public static SiteSheet referenceMall() {
        return SiteFile.read(Path.of("config/demo/reference-mall.xlsx"));
    }

    public static SiteSheet withPorts(SiteSheet sheet, ToIntFunction<String> port) {
        List<GatewayRow> gateways = sheet.gateways().stream().map(row -> new GatewayRow(row.row(), row.code(), row.name(),
                row.shaft(), row.host(), port.applyAsInt(row.code()), row.framing(), row.baud())).toList();
        return new SiteSheet(sheet.site(), gateways, sheet.shops(), sheet.meters());
    }

    public static SiteSheet withShops(SiteSheet sheet, UnaryOperator<ShopRow> shop) {
        return new SiteSheet(sheet.site(), sheet.gateways(), sheet.shops().stream().map(shop).toList(), sheet.meters());
    }

    /**
     * The shops of the reference mall again and again, until there are so many gateways and prepaid meters: codes begin with the
     * gateway's number, and each bus has as many meters as the others, or one more.
     */
    public static SiteSheet grown(int gateways, int meters) {
        SiteSheet mall = referenceMall();
        List<GatewayRow> buses = new ArrayList<>();
        List<ShopRow> shops = new ArrayList<>();
        List<MeterRow> all = new ArrayList<>();
        for (int n = 0; n < gateways; n++) {
            GatewayRow like = mall.gateways().get(n % mall.gateways().size());
            String number = "%03d".formatted(n + 1);
            int most = (int) ((long) meters * (n + 1) / gateways - (long) meters * n / gateways);
            List<MeterRow> bus = mall.meters().stream().filter(row -> like.code().equals(row.gateway()) && row.shop() != null).limit(most).toList();
            if (bus.size() < most) {
                throw new IllegalArgumentException("A bus has at most " + bus.size() + " meters, not " + most);
            }
            buses.add(new GatewayRow(n + 2, number, like.name() + " " + number, number, like.host(), 0, like.framing(), like.baud()));
            for (MeterRow row : bus) {
                all.add(new MeterRow(all.size() + 2, number + "-" + row.code(), null, number, row.unitId(), row.model(), row.energyKind(),
                        number + "-" + row.shop(), row.ctRatio(), row.rating(), row.openingReading()));
            }
            List<String> with = bus.stream().map(MeterRow::shop).toList();
            List<String> withWater = bus.stream().filter(row -> row.energyKind() == EnergyKind.WATER).map(MeterRow::shop).toList();
            for (ShopRow row : mall.shops()) {
                if (with.contains(row.code())) {
                    boolean water = withWater.contains(row.code());
                    shops.add(new ShopRow(shops.size() + 2, number + "-" + row.code(), row.name(), row.floor(), number, row.areaM2(), row.group(),
                            row.tenant(), row.phone(), row.electricityTariff(), water ? row.waterTariff() : null, row.electricityOpeningYuan(),
                            water ? row.waterOpeningYuan() : null, row.warn1Yuan(), row.warn2Yuan()));
                }
            }
        }
        return new SiteSheet(mall.site(), buses, shops, all);
    }

    /** With other opening credits for electricity; an answer of null leaves a shop its own. */
    public static SiteSheet withCredit(SiteSheet sheet, Function<ShopRow, BigDecimal> yuan) {
        return withShops(sheet, shop -> {
            BigDecimal credit = yuan.apply(shop);
            return credit == null ? shop : new ShopRow(shop.row(), shop.code(), shop.name(), shop.floor(), shop.shaft(), shop.areaM2(), shop.group(),
                    shop.tenant(), shop.phone(), shop.electricityTariff(), shop.waterTariff(), credit, shop.waterOpeningYuan(), shop.warn1Yuan(),
                    shop.warn2Yuan());
        });
    }

    /** Writes the sheet as a spreadsheet that the hub imports. */
    public static Path write(SiteSheet sheet, Path file) {
        try {
            Files.createDirectories(file.getParent());
            return Files.write(file, SiteBook.of(sheet).xlsx());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
