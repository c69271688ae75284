package io.meterhub.site;

import static io.meterhub.site.Heading.*;

import io.meterhub.site.Heading.Tab;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apache.poi.ss.usermodel.CellStyle;
import org.apache.poi.ss.usermodel.DataValidation;
import org.apache.poi.ss.usermodel.DataValidationConstraint;
import org.apache.poi.ss.usermodel.DataValidationConstraint.OperatorType;
import org.apache.poi.ss.usermodel.DataValidationHelper;
import org.apache.poi.ss.usermodel.FillPatternType;
import org.apache.poi.ss.usermodel.Font;
import org.apache.poi.ss.usermodel.IndexedColors;
import org.apache.poi.ss.usermodel.Row;
import org.apache.poi.ss.usermodel.Sheet;
import org.apache.poi.ss.usermodel.VerticalAlignment;
import org.apache.poi.ss.usermodel.Workbook;
import org.apache.poi.ss.util.CellRangeAddressList;
import org.apache.poi.xssf.usermodel.XSSFWorkbook;

/** The empty spreadsheet to fill in: headings, what is allowed under each, and a first sheet of words in both languages. */
final class SiteTemplate {

    private static final String NOTES = "notes";
    private static final String NOTES_CHINESE = "说明";
    private static final int LAST_ROW = 20_000;
    private static final Set<Heading> NUMBERS = EnumSet.of(GATEWAY_PORT, GATEWAY_BAUD, SHOP_AREA, SHOP_ELECTRICITY_OPENING,
            SHOP_WATER_OPENING, SHOP_WARN_1, SHOP_WARN_2, METER_UNIT_ID, METER_CT_RATIO, METER_RATING, METER_OPENING);

    private SiteTemplate() {
    }

    /** Whether a sheet holds words for people, which the reader passes over. */
    static boolean isNotes(String sheet) {
        String name = sheet.strip().toLowerCase(Locale.ROOT);
        return List.of(NOTES, NOTES_CHINESE, NOTES + " " + NOTES_CHINESE).contains(name);
    }

    /** The sheets with their headings in row 1 and nothing under them. */
    static Workbook workbook() {
        Workbook workbook = new XSSFWorkbook();
        notes(workbook);
        for (Tab tab : Tab.values()) {
            Sheet sheet = workbook.createSheet(tab.both());
            Row headings = sheet.createRow(0);
            headings.setHeightInPoints(32);
            for (Heading heading : tab.headings()) {
                int column = headings.getPhysicalNumberOfCells();
                headings.createCell(column).setCellValue(heading.both());
                headings.getCell(column).setCellStyle(headingStyle(workbook, heading.required));
                sheet.setColumnWidth(column, 256 * Math.max(14, Math.min(26, heading.both().length() + 4)));
                if (!NUMBERS.contains(heading)) {
                    // or a spreadsheet program makes a date of the shop 5-1
                    sheet.setDefaultColumnStyle(column, textStyle(workbook));
                }
                sheet.addValidationData(validation(sheet, heading, column));
            }
            sheet.createFreezePane(1, 1);
        }
        workbook.setActiveSheet(0);
        return workbook;
    }

    private static void notes(Workbook workbook) {
        Sheet sheet = workbook.createSheet(NOTES + " " + NOTES_CHINESE);
        CellStyle wrapped = workbook.createCellStyle();
        wrapped.setWrapText(true);
        wrapped.setVerticalAlignment(VerticalAlignment.TOP);
        List<String> words = List.of(
                "One row each: the site, its gateways, its shops, its meters. Columns may stand in any order, headings in either language.",
                "每行一项：项目、网关、商铺、表计。列的顺序不限，列名用中文或英文均可。",
                "An import is all or nothing: every problem is named by sheet, row and column, and nothing is taken until there is none.",
                "导入要么全部生效，要么全不生效：每个问题都会指出表、行、列；有问题时不导入任何内容。",
                "The same file again changes nothing; a changed file updates what changed. What is not in the file is never removed.",
                "重复导入同一文件不会有任何变化；修改后再导入只更新变化的部分；文件中没有的内容不会被删除。",
                "A meter without communication has neither gateway nor unit id: people read it, and its readings are entered by form or sheet.",
                "无通信的表计不填网关和通信地址：人工抄表，读数由页面或表格录入。");
        for (String text : words) {
            sheet.createRow(sheet.getPhysicalNumberOfRows()).createCell(0).setCellValue(text);
        }
        Row titles = sheet.createRow(words.size() + 1);
        List<String> columns = List.of("sheet 表", "column 列", "needed 必填", "allowed", "填写要求");
        List<Integer> widths = List.of(18, 34, 14, 70, 70);
        for (int i = 0; i < columns.size(); i++) {
            titles.createCell(i).setCellValue(columns.get(i));
            titles.getCell(i).setCellStyle(headingStyle(workbook, true));
            sheet.setColumnWidth(i, 256 * widths.get(i));
        }
        for (Heading heading : Heading.values()) {
            Row row = sheet.createRow(sheet.getLastRowNum() + 1);
            List<String> cells = List.of(heading.tab.both(), heading.both(), heading.required ? "yes 是" : "no 否",
                    heading.allowed, heading.allowedChinese);
            for (int i = 0; i < cells.size(); i++) {
                row.createCell(i).setCellValue(cells.get(i));
                row.getCell(i).setCellStyle(wrapped);
            }
        }
    }

    private static DataValidation validation(Sheet sheet, Heading heading, int column) {
        DataValidationHelper helper = sheet.getDataValidationHelper();
        DataValidationConstraint constraint = switch (heading) {
            case GATEWAY_FRAMING -> helper.createExplicitListConstraint(new String[] {"TCP", "RTU"});
            case GATEWAY_BAUD -> helper.createExplicitListConstraint(
                    new String[] {"1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200"});
            case METER_KIND -> helper.createExplicitListConstraint(new String[] {"ELECTRICITY", "WATER", "电", "水"});
            case METER_GATEWAY -> helper.createFormulaListConstraint(codesOf(Tab.GATEWAYS));
            case METER_SHOP -> helper.createFormulaListConstraint(codesOf(Tab.SHOPS));
            case GATEWAY_PORT -> helper.createIntegerConstraint(OperatorType.BETWEEN, "1", "65535");
            case METER_UNIT_ID -> helper.createIntegerConstraint(OperatorType.BETWEEN, "1", "247");
            case METER_CT_RATIO -> helper.createIntegerConstraint(OperatorType.BETWEEN, "1", "10000");
            case SHOP_AREA, METER_RATING -> helper.createDecimalConstraint(OperatorType.GREATER_THAN, "0", null);
            case SHOP_ELECTRICITY_OPENING, SHOP_WATER_OPENING, SHOP_WARN_1, SHOP_WARN_2, METER_OPENING ->
                    helper.createDecimalConstraint(OperatorType.GREATER_OR_EQUAL, "0", null);
            default -> helper.createTextLengthConstraint(OperatorType.BETWEEN, "1", "100");
        };
        DataValidation validation = helper.createValidation(constraint,
                new CellRangeAddressList(1, LAST_ROW, column, column));
        // a list's own wrong entries are the import's to name; everything else is stopped at once
        validation.setShowErrorBox(heading != METER_GATEWAY && heading != METER_SHOP);
        validation.createErrorBox(heading.both(), shortened(heading.allowed + "\n" + heading.allowedChinese, 225));
        validation.setShowPromptBox(true);
        validation.createPromptBox(heading.both(), shortened(heading.allowed + "\n" + heading.allowedChinese, 255));
        return validation;
    }

    private static String codesOf(Tab tab) {
        return "'" + tab.both() + "'!$A$2:$A$" + LAST_ROW;
    }

    private static String shortened(String text, int longest) {
        return text.length() <= longest ? text : text.substring(0, longest);
    }

    private static CellStyle headingStyle(Workbook workbook, boolean needed) {
        CellStyle style = workbook.createCellStyle();
        Font font = workbook.createFont();
        font.setBold(true);
        font.setColor(needed ? IndexedColors.WHITE.getIndex() : IndexedColors.BLACK.getIndex());
        style.setFont(font);
        style.setFillPattern(FillPatternType.SOLID_FOREGROUND);
        style.setFillForegroundColor(needed ? IndexedColors.TEAL.getIndex() : IndexedColors.GREY_25_PERCENT.getIndex());
        style.setWrapText(true);
        style.setVerticalAlignment(VerticalAlignment.CENTER);
        return style;
    }

    private static CellStyle textStyle(Workbook workbook) {
        CellStyle style = workbook.createCellStyle();
        style.setDataFormat(workbook.createDataFormat().getFormat("@"));
        return style;
    }
}
