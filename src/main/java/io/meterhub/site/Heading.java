package io.meterhub.site;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A heading of the site's spreadsheet and what may stand under it: the reader matches by it and complains in its words,
 * the template is drawn from it. {@code allowed} ends the sentence "allowed is ...".
 */
enum Heading {

    SITE_CODE(Tab.SITE, "code", "编号", true, "1 to 32 of the letters A-Z a-z, digits, _ and -", "1 至 32 位英文字母、数字、_ 或 -"),
    SITE_NAME(Tab.SITE, "name", "名称", true, "a text of at most 100 characters", "不超过 100 个字符"),
    SITE_ZONE(Tab.SITE, "time zone", "时区", false,
            "a time zone such as Asia/Shanghai, which is taken when empty", "时区，例如 Asia/Shanghai；不填即为 Asia/Shanghai"),

    GATEWAY_CODE(Tab.GATEWAYS, "code", "编号", true, Texts.CODE, Texts.CODE_ZH),
    GATEWAY_NAME(Tab.GATEWAYS, "name", "名称", true, "a text of at most 100 characters", "不超过 100 个字符"),
    GATEWAY_SHAFT(Tab.GATEWAYS, "shaft", "竖井", true, "a text of at most 32 characters", "不超过 32 个字符"),
    GATEWAY_HOST(Tab.GATEWAYS, "host", "地址", true, "a host name or an IP address", "主机名或 IP 地址"),
    GATEWAY_PORT(Tab.GATEWAYS, "port", "端口", true, "a whole number from 1 to 65535", "1 至 65535 的整数"),
    GATEWAY_FRAMING(Tab.GATEWAYS, "framing", "报文格式", true, "TCP (Modbus TCP) or RTU (RTU frames over the socket)",
            "TCP(Modbus TCP)或 RTU(套接字上的 RTU 帧)"),
    GATEWAY_BAUD(Tab.GATEWAYS, "baud", "波特率", false,
            "1200, 2400, 4800, 9600, 19200, 38400, 57600 or 115200; 9600 is taken when empty",
            "1200、2400、4800、9600、19200、38400、57600 或 115200；不填即为 9600"),

    SHOP_CODE(Tab.SHOPS, "code", "编号", true, Texts.CODE, Texts.CODE_ZH),
    SHOP_NAME(Tab.SHOPS, "name", "名称", true, "a text of at most 100 characters", "不超过 100 个字符"),
    SHOP_FLOOR(Tab.SHOPS, "floor", "楼层", true, "a text of at most 32 characters", "不超过 32 个字符"),
    SHOP_SHAFT(Tab.SHOPS, "shaft", "竖井", true, "a text of at most 32 characters", "不超过 32 个字符"),
    SHOP_AREA(Tab.SHOPS, "area m2", "面积 m2", false, "a number above 0 with at most 2 decimals, or nothing",
            "大于 0、最多 2 位小数，可不填"),
    SHOP_GROUP(Tab.SHOPS, "group", "分组", false, "a text of at most 32 characters, or nothing", "不超过 32 个字符，可不填"),
    SHOP_TENANT(Tab.SHOPS, "tenant", "租户", false, "a text of at most 100 characters, or nothing", "不超过 100 个字符，可不填"),
    SHOP_PHONE(Tab.SHOPS, "phone", "电话", false,
            "3 to 32 digits, blanks and + - ( ) for a shop that has a tenant, or nothing",
            "3 至 32 位数字、空格或 + - ( )，须同时填写租户；可不填"),
    SHOP_ELECTRICITY_TARIFF(Tab.SHOPS, "electricity tariff", "电价", false,
            "the code of a tariff; needed where the shop has an electricity meter", "电价编号；有电表的商铺必填"),
    SHOP_WATER_TARIFF(Tab.SHOPS, "water tariff", "水价", false,
            "the code of a tariff; needed where the shop has a water meter", "水价编号；有水表的商铺必填"),
    SHOP_ELECTRICITY_OPENING(Tab.SHOPS, "electricity opening credit", "电费期初余额", false,
            "yuan from 0 to 99999999.99 with at most 2 decimals for a shop with an electricity meter, or nothing",
            "0 至 99999999.99 元，最多 2 位小数，商铺须有电表；可不填"),
    SHOP_WATER_OPENING(Tab.SHOPS, "water opening credit", "水费期初余额", false,
            "yuan from 0 to 99999999.99 with at most 2 decimals for a shop with a water meter, or nothing",
            "0 至 99999999.99 元，最多 2 位小数，商铺须有水表；可不填"),
    SHOP_WARN_1(Tab.SHOPS, "warning 1", "一级预警", false,
            "yuan from 0 to 99999999.99 with at most 2 decimals, not below warning 2; both warnings or none",
            "0 至 99999999.99 元，最多 2 位小数，不低于二级预警；两级同时填写或都不填"),
    SHOP_WARN_2(Tab.SHOPS, "warning 2", "二级预警", false,
            "yuan from 0 to 99999999.99 with at most 2 decimals, not above warning 1; both warnings or none",
            "0 至 99999999.99 元，最多 2 位小数，不高于一级预警；两级同时填写或都不填"),

    METER_CODE(Tab.METERS, "code", "编号", true, Texts.CODE, Texts.CODE_ZH),
    METER_NAME(Tab.METERS, "name", "名称", false,
            "a text of at most 100 characters; needed where there is no shop, whose name is taken otherwise",
            "不超过 100 个字符；公共区域表计必填，商铺表计不填即取商铺名称"),
    METER_GATEWAY(Tab.METERS, "gateway", "网关", false,
            "the code of a row of the sheet gateways; nothing, with no unit id either, for a meter that is read by hand",
            "“网关”表中的编号；人工抄表的表计与通信地址都不填"),
    METER_UNIT_ID(Tab.METERS, "unit id", "通信地址", false,
            "a whole number from 1 to 247, once on a gateway; nothing, with no gateway either, for a meter that is read by hand",
            "1 至 247 的整数，同一网关下不重复；人工抄表的表计与网关都不填"),
    METER_MODEL(Tab.METERS, "model", "型号", false,
            "the name of a model file in config/meters; a meter that is read by hand may have none",
            "config/meters 中的型号名称；人工抄表的表计可不填"),
    METER_KIND(Tab.METERS, "kind", "类别", true, "ELECTRICITY or WATER", "ELECTRICITY、WATER、电 或 水"),
    METER_SHOP(Tab.METERS, "shop", "商铺", false,
            "the code of a row of the sheet shops, or nothing for a public area", "“商铺”表中的编号；公共区域不填"),
    METER_CT_RATIO(Tab.METERS, "ct ratio", "互感器变比", false, "a whole number from 1 to 10000; 1 is taken when empty",
            "1 至 10000 的整数；不填即为 1"),
    METER_RATING(Tab.METERS, "rating", "额定值", true,
            "a number above 0 and at most 9999999 with at most 3 decimals: the most that can flow in an hour, kW or m3/h after the ct ratio",
            "大于 0、不超过 9999999、最多 3 位小数：每小时最大用量，kW 或 m3/h，按变比折算后"),
    METER_OPENING(Tab.METERS, "opening reading", "期初读数", false,
            "a number from 0 to 999999999999 with at most 3 decimals, kWh or m3 after the ct ratio; empty: the first reading counts",
            "0 至 999999999999、最多 3 位小数，kWh 或 m3，按变比折算后；不填即以首次抄表为准");

    /** A sheet of the spreadsheet. */
    enum Tab {
        SITE("site", "项目"), GATEWAYS("gateways", "网关"), SHOPS("shops", "商铺"), METERS("meters", "表计");

        final String english;
        final String chinese;

        Tab(String english, String chinese) {
            this.english = english;
            this.chinese = chinese;
        }

        boolean matches(String name) {
            return Heading.matches(name, english, chinese);
        }

        String both() {
            return english + " " + chinese;
        }

        List<Heading> headings() {
            return Arrays.stream(Heading.values()).filter(heading -> heading.tab == this).toList();
        }
    }

    private static final class Texts {
        static final String CODE = "1 to 32 letters, digits, . _ and -, beginning with a letter or digit, once in the sheet";
        static final String CODE_ZH = "1 至 32 位文字、数字、. _ 或 -，以文字或数字开头，表内不重复";
    }

    final Tab tab;
    final String english;
    final String chinese;
    final boolean required;
    final String allowed;
    final String allowedChinese;

    Heading(Tab tab, String english, String chinese, boolean required, String allowed, String allowedChinese) {
        this.tab = tab;
        this.english = english;
        this.chinese = chinese;
        this.required = required;
        this.allowed = allowed;
        this.allowedChinese = allowedChinese;
    }

    boolean matches(String text) {
        return matches(text, english, chinese);
    }

    /** The template shows both names in one cell; either alone does as well. */
    String both() {
        return english + " " + chinese;
    }

    private static boolean matches(String text, String english, String chinese) {
        String given = text.strip().replaceAll("\\s+", " ").toLowerCase(Locale.ROOT);
        return given.equals(english) || given.equals(chinese.toLowerCase(Locale.ROOT))
                || given.equals(english + " " + chinese.toLowerCase(Locale.ROOT));
    }
}
