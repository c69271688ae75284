package io.meterhub.site;

import io.meterhub.site.SiteSheet.GatewayRow;
import io.meterhub.site.SiteSheet.MeterRow;
import io.meterhub.site.SiteSheet.ShopRow;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Makes config/demo/reference-mall.xlsx, and config/site-template.xlsx beside it: five shafts with a gateway each, 300 shops
 * on six floors, 300 electricity and 30 water meters of shops, 50 of public areas. Names, tenants and telephone numbers are
 * made up. The same at each run:
 * {@code mvn -q test-compile exec:java -Dexec.classpathScope=test -Dexec.mainClass=io.meterhub.site.ReferenceMall}
 */
final class ReferenceMall {

    private static final String SHAFTS = "ABCDE";
    private static final List<String> FLOORS = List.of("B1", "1F", "2F", "3F", "4F", "5F");
    private static final int SHOPS_ON_A_FLOOR_OF_A_SHAFT = 10;

    /** What a shop sells: its words, what the load data go by, whether it has water. */
    private record Trade(String group, String chinese, String english, boolean large, boolean water) {
    }

    private static Trade trade(String group, String words) {
        return trade(group, words, false, false);
    }

    private static Trade trade(String group, String words, boolean large, boolean water) {
        int blank = words.indexOf(' ');
        return new Trade(group, words.substring(0, blank), words.substring(blank + 1), large, water);
    }

    // ten a floor; ten of the sixty of a shaft are large and have three phases
    private static final Map<String, List<Trade>> TRADES = Map.of(
            "B1", List.of(trade("supermarket", "生鲜超市 Fresh Supermarket", true, false),
                    trade("food", "美食广场 Food Court", true, true),
                    trade("bakery", "面包房 Bakery"), trade("food", "奶茶 Milk Tea"), trade("convenience", "便利店 Convenience Store"),
                    trade("food", "小吃 Snacks"), trade("retail", "水果店 Fruit"), trade("food", "卤味 Braised Food"),
                    trade("convenience", "药店 24h Pharmacy"), trade("beauty", "洗衣 Laundry")),
            "1F", List.of(trade("fashion", "旗舰服饰 Flagship Fashion", true, false),
                    trade("retail", "数码体验店 Digital Store"),
                    trade("beauty", "美妆 Cosmetics"), trade("retail", "珠宝 Jewellery"), trade("retail", "腕表 Watches"),
                    trade("food", "咖啡 Coffee"), trade("office", "银行网点 Bank Branch"), trade("fashion", "女鞋 Shoes"),
                    trade("retail", "眼镜 Optics"), trade("retail", "花店 Flowers")),
            "2F", List.of(trade("fashion", "女装 Ladies' Wear", true, false),
                    trade("fashion", "内衣 Lingerie"), trade("fashion", "少淑装 Young Fashion"), trade("fashion", "丝巾 Scarves"),
                    trade("beauty", "美甲 Nail Studio"), trade("retail", "箱包 Bags"), trade("fashion", "羊绒 Cashmere"),
                    trade("food", "甜品 Desserts"), trade("retail", "家纺 Home Textiles"), trade("retail", "茶叶 Tea")),
            "3F", List.of(trade("fashion", "运动城 Sports City", true, false),
                    trade("fashion", "男装 Men's Wear"), trade("fashion", "休闲装 Casual Wear"), trade("fashion", "户外 Outdoor"),
                    trade("fashion", "皮具 Leather"), trade("retail", "书店 Books"), trade("retail", "文具 Stationery"),
                    trade("retail", "电器 Appliances"), trade("fashion", "帽子 Hats"), trade("food", "果汁 Juice")),
            "4F", List.of(trade("leisure", "儿童乐园 Children's Park", true, false),
                    trade("fashion", "童装 Children's Wear"), trade("retail", "玩具 Toys"), trade("office", "美术培训 Art School"),
                    trade("office", "英语培训 Language School"), trade("salon", "美发 Hair Salon", false, true),
                    trade("beauty", "美容 Beauty Salon", false, true), trade("office", "口腔诊所 Dental Clinic"),
                    trade("retail", "母婴 Baby Goods"), trade("leisure", "陶艺 Pottery")),
            "5F", List.of(trade("restaurant", "火锅 Hotpot", true, true), trade("restaurant", "烤肉 Barbecue", true, true),
                    trade("restaurant", "酸汤鱼 Sour-Soup Fish", true, true), trade("leisure", "影城 Cinema", true, false),
                    trade("restaurant", "川菜 Sichuan Kitchen"), trade("restaurant", "面馆 Noodles"),
                    trade("restaurant", "寿司 Sushi"), trade("leisure", "桌游 Board Games"), trade("leisure", "健身 Fitness"),
                    trade("restaurant", "粥铺 Porridge")));

    private static final List<String> BRANDS = List.of("蜀香 Shuxiang", "云顶 Yunding", "锦绣 Jinxiu", "百味 Baiwei", "青禾 Qinghe",
            "木兰 Mulan", "星河 Xinghe", "远山 Yuanshan", "月光 Yueguang", "江南 Jiangnan", "黔味 Qianwei", "剑江 Jianjiang", "花溪 Huaxi",
            "乐活 Lehuo", "晨曦 Chenxi", "一品 Yipin", "三和 Sanhe", "春晓 Chunxiao", "夏荷 Xiahe", "秋实 Qiushi", "冬雪 Dongxue",
            "南山 Nanshan", "北辰 Beichen", "东篱 Dongli", "西岭 Xiling", "清泉 Qingquan", "明月 Mingyue", "紫云 Ziyun", "白鹭 Bailu",
            "红叶 Hongye", "绿野 Luye", "金谷 Jingu", "银杏 Yinxing", "竹林 Zhulin", "梅园 Meiyuan", "兰亭 Lanting", "松风 Songfeng");
    private static final List<String> SURNAMES = List.of("王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱",
            "高", "林", "何", "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧");

    /**
     * Yuan of shops that are open round the clock: five that run out within minutes and four that pass a warning, whenever
     * the mall is started.
     */
    private static final Map<String, String> NEARLY_THERE = Map.of("A-B05", "0.04", "B-B05", "0.04", "C-B09", "0.05",
            "D-B01", "0.18", "E-B09", "0.08", "A-B09", "50.05", "B-B09", "20.06", "C-B05", "50.06", "D-B05", "20.04");

    private final List<ShopRow> shops = new ArrayList<>();
    private final List<MeterRow> meters = new ArrayList<>();

    public static void main(String[] args) throws IOException {
        Path config = Path.of("config");
        Files.createDirectories(config.resolve("demo"));
        Files.write(config.resolve("site-template.xlsx"), SiteFile.template());
        Files.write(config.resolve("demo/reference-mall.xlsx"), SiteBook.of(sheet()).xlsx());
    }

    static SiteSheet sheet() {
        return new ReferenceMall().build();
    }

    private SiteSheet build() {
        List<GatewayRow> gateways = new ArrayList<>();
        for (int s = 0; s < SHAFTS.length(); s++) {
            String shaft = SHAFTS.substring(s, s + 1);
            gateways.add(new GatewayRow(s + 2, "GW-" + shaft, shaft + " 井采集箱 Shaft " + shaft, shaft, "127.0.0.1", 15_021 + s,
                    s % 2 == 0 ? Gateway.Framing.TCP : Gateway.Framing.RTU, 9_600));
            bus(s, shaft);
        }
        return new SiteSheet(new SiteSheet.SiteRow(2, "reference-mall", "示范商场 Reference Mall", "Asia/Shanghai"),
                gateways, shops, meters);
    }

    /**
     * A shaft's shops and meters. The cabinets of the ADF400L stand first, as their numbers are 1, 37, 73 ...: three unit
     * ids for each user with three phases, then one for each with a single phase. The others follow from 101, water from 201.
     */
    private void bus(int shaftNumber, String shaft) {
        int threePhase = 1;
        int singlePhase = 43;
        int ddsy = 101;
        int water = 201;
        int small = 0;
        for (String floor : FLOORS) {
            for (int i = 0; i < SHOPS_ON_A_FLOOR_OF_A_SHAFT; i++) {
                Trade trade = TRADES.get(floor).get(i);
                int number = shops.size();
                String code = shaft + "-" + (floor.equals("B1") ? "B" : floor.substring(0, 1)) + "%02d".formatted(i + 1);
                shops.add(shop(number, code, floor, shaft, trade));
                if (trade.large) {
                    // the cinemas and food courts are behind current transformers
                    int ct = trade.group.equals("leisure") && floor.equals("5F") ? 40 : trade.group.equals("food") ? 20 : 1;
                    meter("E-" + code, null, shaft, threePhase, "demo-adf400l-3p", code, ct, ct == 1 ? "30" : ct == 20 ? "66" : "132");
                    threePhase += 3;
                } else if (small++ % 5 % 2 == 1) {
                    meter("E-" + code, null, shaft, singlePhase++, "demo-adf400l-1p", code, 1, "13.2");
                } else {
                    meter("E-" + code, null, shaft, ddsy++, "acrel-ddsy1352", code, 1, i % 3 == 0 ? "8.8" : "13.2");
                }
                if (trade.water) {
                    meter("W-" + code, null, shaft, water++, "generic-water-valve", code, 1, "4");
                }
            }
        }
        for (String floor : FLOORS) {
            meter("P-" + shaft + "-" + floor, shaft + " 区 " + floor + " 走廊照明 Corridor lighting", shaft, ddsy++, "acrel-ddsy1352",
                    null, 1, "8.8");
        }
        List<String> machines = List.of("客梯 Lift", "自动扶梯 Escalator", shaftNumber == 0 ? "消防泵 Fire pump" : "新风机组 Ventilation",
                shaftNumber == 4 ? "停车场照明 Car park lighting" : "货梯 Goods lift");
        for (int i = 0; i < machines.size(); i++) {
            meter("P-" + shaft + "-M" + (i + 1), shaft + " 区 " + machines.get(i), shaft, threePhase, "demo-adf400l-3p", null, 1, "30");
            threePhase += 3;
        }
    }

    private ShopRow shop(int number, String code, String floor, String shaft, Trade trade) {
        String[] brand = BRANDS.get(number * 11 % BRANDS.size()).split(" ");
        String name = brand[0] + trade.chinese + " " + brand[1] + " " + trade.english;
        String tenant = SURNAMES.get(number * 7 % SURNAMES.size()) + (number % 3 == 0 ? "女士" : "先生");
        BigDecimal area = BigDecimal.valueOf((trade.large ? 24_000 : 3_200) + number * 617L % (trade.large ? 60_000 : 9_000), 2);
        boolean low = number % 20 == 13;
        BigDecimal credit = NEARLY_THERE.containsKey(code) ? new BigDecimal(NEARLY_THERE.get(code))
                : low ? BigDecimal.valueOf((trade.large ? 8_000 : 900) + number * 131L % (trade.large ? 19_000 : 3_600), 2)
                : BigDecimal.valueOf((trade.large ? 120_000 : 20_000) + number * 7_919L % (trade.large ? 700_000 : 180_000), 2);
        return new ShopRow(number + 2, code, name, floor, shaft, area, trade.group, tenant, "138-0000-%04d".formatted(number + 1),
                trade.large || number % 4 == 0 ? "shop-tou" : "shop-single", trade.water ? "water-single" : null,
                credit, trade.water ? BigDecimal.valueOf(5_000 + number * 3_571L % 40_000, 2) : null,
                trade.large ? new BigDecimal("300.00") : null, trade.large ? new BigDecimal("100.00") : null);
    }

    private void meter(String code, String name, String shaft, int unitId, String model, String shop, int ct, String rating) {
        int number = meters.size();
        boolean water = model.startsWith("generic-water");
        // as the register shows it, so after the CT ratio a multiple of it
        BigDecimal opening = water ? BigDecimal.valueOf(20_000 + number * 48_271L % 900_000, 3)
                : BigDecimal.valueOf(40_000 + number * 48_271L % 3_000_000, 2).multiply(BigDecimal.valueOf(ct));
        String shownName = name != null ? name : shops.get(shops.size() - 1).name();
        meters.add(new MeterRow(number + 2, code, shownName, "GW-" + shaft, unitId, model,
                water ? EnergyKind.WATER : EnergyKind.ELECTRICITY, shop, ct, new BigDecimal(rating).setScale(3), opening.setScale(3)));
    }
}
