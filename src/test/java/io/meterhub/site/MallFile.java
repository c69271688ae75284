package io.meterhub.site;

import io.meterhub.site.SiteSheet.GatewayRow;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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

    public static SiteSheet withShops(SiteSheet sheet, UnaryOperator<SiteSheet.ShopRow> shop) {
        return new SiteSheet(sheet.site(), sheet.gateways(), sheet.shops().stream().map(shop).toList(), sheet.meters());
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
