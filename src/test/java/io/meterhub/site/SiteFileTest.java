package io.meterhub.site;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.meterhub.site.Heading.Tab;
import io.meterhub.site.SiteSheet.Problem;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.apache.poi.poifs.crypt.EncryptionInfo;
import org.apache.poi.poifs.crypt.EncryptionMode;
import org.apache.poi.poifs.crypt.Encryptor;
import org.apache.poi.poifs.filesystem.POIFSFileSystem;
import org.apache.poi.ss.usermodel.Row;
import org.apache.poi.ss.usermodel.Sheet;
import org.apache.poi.ss.usermodel.Workbook;
import org.apache.poi.ss.usermodel.WorkbookFactory;
import org.junit.jupiter.api.Test;

class SiteFileTest {

    private final SiteSheet mall = Malls.small("small", 15_000);

    @Test
    void xlsxIsReadAsItWasMeant() throws IOException {
        assertThat(read(SiteBook.of(mall).xlsx())).isEqualTo(mall);
    }

    @Test
    void xlsIsReadAsItWasMeant() throws IOException {
        assertThat(read(SiteBook.of(mall).xls())).isEqualTo(mall);
    }

    @Test
    void headingsInEitherLanguageAnyOrderAndAnyCaseAndBlankRowsAreTheSame() throws IOException {
        Random random = new Random(7);
        byte[] file = changed(SiteBook.of(mall).xls(), workbook -> {
            for (Tab tab : Tab.values()) {
                Sheet from = workbook.getSheet(tab.both());
                List<Integer> order = new java.util.ArrayList<>(java.util.stream.IntStream.range(0, tab.headings().size()).boxed().toList());
                Collections.shuffle(order, random);
                Sheet to = workbook.createSheet(tab.ordinal() % 2 == 0 ? tab.chinese : tab.english.toUpperCase());
                for (Row row : from) {
                    // a blank row after the headings, with an empty cell in it
                    Row copy = to.createRow(row.getRowNum() == 0 ? 0 : row.getRowNum() + 1);
                    to.createRow(1).createCell(3).setCellValue("  ");
                    for (int column = 0; column < order.size(); column++) {
                        var cell = row.getCell(order.get(column));
                        Heading heading = tab.headings().get(order.get(column));
                        if (row.getRowNum() == 0) {
                            copy.createCell(column).setCellValue(random.nextBoolean() ? heading.chinese : " " + heading.english.toUpperCase());
                        } else if (cell != null) {
                            // numbers as texts
                            copy.createCell(column).setCellValue(new org.apache.poi.ss.usermodel.DataFormatter().formatCellValue(cell));
                        }
                    }
                }
                workbook.removeSheetAt(workbook.getSheetIndex(from));
            }
        });
        SiteSheet read = read(file);
        assertThat(SiteBook.of(read)).isEqualTo(SiteBook.of(mall));
        assertThat(read.meters().get(0).row()).isEqualTo(3);
    }

    @Test
    void numbersStayExact() throws IOException {
        SiteBook book = SiteBook.of(mall).set(Heading.METER_OPENING, 2, 10_000_000d).set(Heading.METER_OPENING, 3, 0.1 + 0.2)
                .set(Heading.METER_OPENING, 4, 123_456_789_012.125).set(Heading.SHOP_PHONE, 2, 13_800_000_001d)
                .set(Heading.METER_CODE, 6, 1001d);
        SiteSheet read = read(book.xlsx());
        assertThat(read.meters()).extracting(meter -> String.valueOf(meter.openingReading()))
                .startsWith("10000000.000", "0.300", "123456789012.125");
        assertThat(read.shops().get(0).phone()).isEqualTo("13800000001");
        assertThat(read.meters().get(4).code()).isEqualTo("1001");
    }

    @Test
    void aFormulaCountsWithTheValueItWasSavedWith() throws IOException {
        byte[] file = changed(SiteBook.of(mall).xlsx(), workbook -> {
            cell(workbook, Heading.METER_RATING, 2).setCellFormula("20*6+0.5");
            workbook.getCreationHelper().createFormulaEvaluator().evaluateAll();
        });
        assertThat(read(file).meters().get(0).rating()).isEqualByComparingTo("120.5");
    }

    @Test
    void aDateOrAnErrorInACellIsNamed() {
        byte[] file = changed(SiteBook.of(mall).xlsx(), workbook -> {
            var style = workbook.createCellStyle();
            style.setDataFormat((short) 14);
            cell(workbook, Heading.SHOP_CODE, 3).setCellValue(java.time.LocalDate.of(2026, 5, 1));
            cell(workbook, Heading.SHOP_CODE, 3).setCellStyle(style);
            cell(workbook, Heading.METER_RATING, 4).setCellErrorValue((byte) 7);
        });
        assertThat(problems(file)).extracting(Problem::sheet, Problem::row, Problem::column)
                .contains(org.assertj.core.groups.Tuple.tuple("shops", 3, "code"), org.assertj.core.groups.Tuple.tuple("meters", 4, "rating"));
        assertThat(problems(file)).anySatisfy(problem -> assertThat(problem.message()).contains("holds a date"))
                .anySatisfy(problem -> assertThat(problem.message()).contains("#DIV/0!"));
    }

    @Test
    void everyProblemIsReportedNotOnlyTheFirst() {
        SiteBook book = SiteBook.of(mall)
                .set(Heading.GATEWAY_PORT, 3, 15_000)
                .set(Heading.SHOP_CODE, 4, "A-102")
                .set(Heading.METER_GATEWAY, 2, "GW-X")
                .set(Heading.METER_UNIT_ID, 4, 10)
                .set(Heading.METER_SHOP, 6, "C-1")
                .set(Heading.METER_KIND, 5, "gas");
        assertThat(problems(book.xlsx())).extracting(Problem::sheet, Problem::row, Problem::column).contains(
                org.assertj.core.groups.Tuple.tuple("gateways", 3, "port"), org.assertj.core.groups.Tuple.tuple("shops", 4, "code"),
                org.assertj.core.groups.Tuple.tuple("meters", 2, "gateway"), org.assertj.core.groups.Tuple.tuple("meters", 4, "unit id"),
                org.assertj.core.groups.Tuple.tuple("meters", 6, "shop"), org.assertj.core.groups.Tuple.tuple("meters", 5, "kind"));
    }

    @Test
    void whatShopsMustHaveIsSaidAtTheShop() {
        SiteBook book = SiteBook.of(mall);
        book.rows().get(Tab.SHOPS).get(0).remove(Heading.SHOP_ELECTRICITY_TARIFF);
        book.rows().get(Tab.SHOPS).get(0).remove(Heading.SHOP_TENANT);
        book.rows().get(Tab.SHOPS).get(1).put(Heading.SHOP_WATER_OPENING, "5");
        book.rows().get(Tab.SHOPS).get(1).remove(Heading.SHOP_WARN_2);
        book.rows().get(Tab.SHOPS).get(2).put(Heading.SHOP_WARN_2, "60");
        assertThat(problems(book.xls())).extracting(problem -> problem.row() + " " + problem.column()).containsExactly(
                "2 electricity tariff", "2 phone", "3 water opening credit", "3 warning 2", "4 warning 1");
    }

    @Test
    void sheetsAndHeadingsThatAreUnknownMissingOrThereTwiceAreNamed() {
        byte[] file = changed(SiteBook.of(mall).xlsx(), workbook -> {
            workbook.removeSheetAt(workbook.getSheetIndex(Tab.GATEWAYS.both()));
            workbook.createSheet("Sheet1");
            workbook.createSheet("Meters 2").createRow(0).createCell(0).setCellValue("code");
            cell(workbook, Heading.METER_RATING, 1).setCellValue("power");
            cell(workbook, Heading.METER_OPENING, 1).setCellValue("unit id");
        });
        assertThat(problems(file)).extracting(Problem::toString)
                .anyMatch(text -> text.startsWith("sheet Meters 2, no such sheet is known; allowed are site"))
                .anyMatch(text -> text.startsWith("sheet gateways, the sheet is missing"))
                .anyMatch(text -> text.startsWith("sheet meters, row 1, column power: no such heading is known; allowed are code 编号"))
                .anyMatch(text -> text.startsWith("sheet meters, row 1, column unit id: the heading is there twice"))
                .anyMatch(text -> text.startsWith("sheet meters, row 1, column rating: the heading is missing"))
                .noneMatch(text -> text.contains("Sheet1"));
    }

    @Test
    void aSecondSiteIsRefused() {
        SiteBook book = SiteBook.of(mall);
        book.rows().get(Tab.SITE).add(book.rows().get(Tab.SITE).get(0));
        assertThat(problems(book.xlsx())).singleElement().asString().startsWith("sheet site, row 3, column code: there is a second site");
    }

    @Test
    void whatIsNoSpreadsheetHasOneProblem() throws IOException {
        assertThat(problems("code,name\n1,2\n".getBytes())).singleElement().asString().contains("cannot be read as a spreadsheet");
        assertThat(problems(new byte[0])).singleElement().asString().contains("allowed is an XLS or XLSX file");
        byte[] cut = SiteBook.of(mall).xlsx();
        assertThat(problems(java.util.Arrays.copyOf(cut, cut.length / 2))).singleElement().asString().contains("cannot be read");
        assertThat(problems(encrypted(SiteBook.of(mall).xlsx()))).singleElement().asString().contains("is protected by a password");
        assertThat(problems(new byte[Grid.MOST_BYTES + 1])).singleElement().asString().contains("is larger than 10 MB");
        assertThat(problems(bomb(SiteBook.of(mall).xlsx()))).singleElement().asString().contains("cannot be read");
        SiteFileRefused missing = catchThrowableOfType(SiteFileRefused.class, () -> SiteFile.read(Path.of("no-such.xlsx")));
        assertThat(missing.problems()).singleElement().asString().contains("cannot be opened");
    }

    /** Any one cell broken in any way: its sheet, row and column are named. */
    @Property(tries = 150)
    void anyBrokenCellIsNamed(@ForAll("brokenCells") Broken broken, @ForAll boolean xls) {
        SiteBook book = SiteBook.of(mall).set(broken.heading, broken.row, broken.value);
        assertThat(problems(xls ? book.xls() : book.xlsx()))
                .extracting(problem -> problem.sheet() + " " + problem.row() + " " + problem.column())
                .contains(broken.heading.tab.english + " " + broken.row + " " + broken.heading.english);
    }

    record Broken(Heading heading, int row, Object value) {
    }

    @Provide
    Arbitrary<Broken> brokenCells() {
        Map<Tab, Integer> sizes = Map.of(Tab.SITE, 1, Tab.GATEWAYS, 2, Tab.SHOPS, 3, Tab.METERS, 5);
        return Arbitraries.of(Heading.values()).flatMap(heading -> Arbitraries.integers().between(2, sizes.get(heading.tab) + 1)
                .flatMap(row -> broken(heading).map(value -> new Broken(heading, row, value))));
    }

    private static Arbitrary<Object> broken(Heading heading) {
        List<Object> values = switch (heading) {
            case SITE_NAME, GATEWAY_NAME, SHOP_NAME, SHOP_TENANT, METER_NAME, METER_MODEL -> List.of("x".repeat(101), "two\nlines");
            case GATEWAY_SHAFT, SHOP_FLOOR, SHOP_SHAFT, SHOP_GROUP -> List.of("x".repeat(33), "two\nlines");
            case SITE_ZONE -> List.of("Peking", "+08", 8);
            case SHOP_PHONE -> List.of("call me", 12);
            case GATEWAY_HOST -> List.of("a host", "http://10.0.0.1", "-");
            case GATEWAY_PORT, METER_UNIT_ID, METER_CT_RATIO, GATEWAY_BAUD -> List.of(0, 1_000_000, -1, 1.5, "one", "1e2", "0x10");
            case SHOP_AREA, METER_RATING -> List.of(0, -1, 1e9, 0.00001, "much", "1,5", "1e2", "NaN", "1".repeat(200));
            case METER_OPENING, SHOP_ELECTRICITY_OPENING, SHOP_WATER_OPENING, SHOP_WARN_1, SHOP_WARN_2 ->
                    List.of(-1, 1e15, 1.00001, "much", "1,5", "1e2", "NaN");
            default -> List.of("a b", "x".repeat(33), "!", "-x/");
        };
        return Arbitraries.of(values);
    }

    @Test
    void aMeterReadByHandHasNeitherGatewayNorUnitIdAndMayHaveNoModel() throws IOException {
        SiteSheet read = SiteFile.read(new ByteArrayInputStream(SiteBook.of(mall).set(Heading.METER_GATEWAY, 3, "").set(Heading.METER_UNIT_ID, 3, "")
                .set(Heading.METER_MODEL, 3, "").set(Heading.METER_GATEWAY, 4, "").set(Heading.METER_UNIT_ID, 4, "").xlsx()), "mall.xlsx");
        assertThat(read.meters().subList(1, 3)).allMatch(SiteSheet.MeterRow::byHand).extracting(SiteSheet.MeterRow::model)
                .containsExactly(null, "acrel-ddsy1352");
        assertThat(problems(SiteBook.of(mall).set(Heading.METER_GATEWAY, 3, "").set(Heading.METER_UNIT_ID, 4, "").set(Heading.METER_MODEL, 5, "").xlsx()))
                .extracting(Problem::toString).satisfiesExactly(
                        gateway -> assertThat(gateway).startsWith("sheet meters, row 3, column gateway: is empty, and there is a unit id; allowed is"),
                        unitId -> assertThat(unitId).startsWith("sheet meters, row 4, column unit id: is empty, and there is a gateway; allowed is"),
                        model -> assertThat(model).startsWith("sheet meters, row 5, column model: is empty, and there is a gateway; allowed is"));
    }

    @Test
    void theTemplateReadsAsAnEmptySiteAndIsTheOneInConfig() throws IOException {
        assertThat(problems(SiteFile.template())).extracting(Problem::toString).singleElement().asString()
                .contains("there is no site");
        Path kept = Path.of("config/site-template.xlsx");
        assertThat(texts(SiteFile.template())).as("write it anew: see SiteTemplateWriter").isEqualTo(texts(Files.readAllBytes(kept)));
    }

    private static List<Map<Integer, Map<Integer, Grid.Content>>> texts(byte[] file) {
        try {
            return Grid.read(file).stream().map(Grid::rows).toList();
        } catch (Grid.Unreadable e) {
            throw new AssertionError(e);
        }
    }

    private static SiteSheet read(byte[] file) throws IOException {
        return SiteFile.read(new ByteArrayInputStream(file), "test");
    }

    private static List<Problem> problems(byte[] file) {
        SiteFileRefused refused = catchThrowableOfType(SiteFileRefused.class, () -> read(file));
        assertThat(refused).isNotNull();
        refused.problems().forEach(problem -> assertThat(problem.message()).matches("(?s).*(allowed|needed) (is|are).*"));
        return refused.problems();
    }

    private static org.apache.poi.ss.usermodel.Cell cell(Workbook workbook, Heading heading, int row) {
        return workbook.getSheet(heading.tab.both()).getRow(row - 1)
                .getCell(heading.tab.headings().indexOf(heading), Row.MissingCellPolicy.CREATE_NULL_AS_BLANK);
    }

    private static byte[] changed(byte[] file, java.util.function.Consumer<Workbook> change) {
        try (Workbook workbook = WorkbookFactory.create(new ByteArrayInputStream(file));
             ByteArrayOutputStream out = new ByteArrayOutputStream()) {
            change.accept(workbook);
            workbook.write(out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static byte[] encrypted(byte[] file) {
        try (POIFSFileSystem outer = new POIFSFileSystem(); ByteArrayOutputStream out = new ByteArrayOutputStream()) {
            Encryptor encryptor = new EncryptionInfo(EncryptionMode.agile).getEncryptor();
            encryptor.confirmPassword("secret");
            try (OutputStream inner = encryptor.getDataStream(outer)) {
                inner.write(file);
            }
            outer.writeFilesystem(out);
            return out.toByteArray();
        } catch (IOException | java.security.GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The same workbook with a sheet that unpacks to 200 MB of blanks. */
    private static byte[] bomb(byte[] file) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(file)); ZipOutputStream zip = new ZipOutputStream(out)) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                zip.putNextEntry(new ZipEntry(entry.getName()));
                byte[] content = in.readAllBytes();
                if (entry.getName().equals("xl/worksheets/sheet2.xml")) {
                    byte[] blanks = new byte[1 << 20];
                    java.util.Arrays.fill(blanks, (byte) ' ');
                    int head = new String(content, java.nio.charset.StandardCharsets.UTF_8).indexOf("<sheetData>");
                    zip.write(content, 0, head);
                    for (int i = 0; i < 200; i++) {
                        zip.write(blanks);
                    }
                    zip.write(content, head, content.length - head);
                } else {
                    zip.write(content);
                }
                zip.closeEntry();
            }
        }
        return out.toByteArray();
    }
}
