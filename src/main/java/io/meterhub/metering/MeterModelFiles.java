package io.meterhub.metering;

import io.meterhub.metering.MeterModel.ClockPart;
import io.meterhub.metering.MeterModel.Field;
import io.meterhub.metering.MeterModel.Operation;
import io.meterhub.metering.MeterModel.Parameter;
import io.meterhub.metering.MeterModel.Procedure;
import io.meterhub.metering.MeterModel.Quantity;
import io.meterhub.metering.MeterModel.ReadBack;
import io.meterhub.metering.MeterModel.Records;
import io.meterhub.metering.MeterModel.RelayStatus;
import io.meterhub.metering.MeterModel.Rule;
import io.meterhub.metering.MeterModel.Type;
import io.meterhub.metering.MeterModel.Value;
import io.meterhub.site.EnergyKind;
import java.io.IOException;
import java.io.Reader;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.nodes.Node;

/** Reads model files; what they may say is told in {@code config/meters/README.md}. */
class MeterModelFiles {

    private static final Set<String> MODEL = fields("model", "extends", "title", "maker", "source", "energy", "unit-ids",
            "digits", "max-gap", "quantities", "relay", "operations", "parameters", "records", "holds");
    private static final Set<String> QUANTITY = fields("register", "type", "word-order", "factor", "unit", "ct", "range",
            "read");
    private static final Set<String> RELAY = fields("register", "mask", "on", "off", "trips");
    private static final Set<String> TRIPS = fields(Stream.of(Trip.values()).map(ModelNode::written).toArray(String[]::new));
    private static final Set<String> OPERATION = fields("write", "read-back", "within", "unit");
    private static final Set<String> WRITE = fields("register", "words", "fields");
    private static final Set<String> FIELD = fields("value", "type", "word-order", "factor", "bytes");
    private static final Set<String> READ_BACK = fields("register", "expect");
    private static final Set<String> PARAMETER = fields("register", "type", "word-order", "factor", "unit", "ct", "range",
            "entries", "fields", "writable");
    private static final Set<String> RECORDS = fields("register", "count", "step", "fields");
    private static final Set<String> ITEM = fields("name", "type", "word-order", "factor", "unit", "ct", "range");
    /** The kinds of records that a meter may keep. */
    private static final Set<String> RECORD_KINDS = fields("months", "purchases");
    private static final Set<String> ENERGY_UNITS = Set.of("kWh");
    private static final Set<String> WATER_UNITS = Set.of("m3");
    private static final int MOST_WRITTEN = 123;

    private final Map<String, Map<String, ModelNode>> sections = new TreeMap<>();
    private final Map<String, MeterModel> models = new TreeMap<>();
    // quantities of all files by model, with the place to name when something is wrong with one
    private final Map<String, Map<String, ModelNode>> quantityPlaces = new LinkedHashMap<>();

    static Map<String, MeterModel> read(List<Path> folders) {
        return new MeterModelFiles().readAll(folders);
    }

    private Map<String, MeterModel> readAll(List<Path> folders) {
        for (Path folder : folders) {
            try (Stream<Path> files = Files.list(folder)) {
                files.filter(file -> file.toString().endsWith(".yaml")).sorted().forEach(this::compose);
            } catch (IOException e) {
                throw new BadMeterModel("The folder of meter models " + folder
                        + " cannot be read (" + e + "): set meterhub.metering.models to folders that are there.");
            }
        }
        sections.keySet().forEach(name -> resolve(name, new LinkedHashSet<>()));
        return Collections.unmodifiableMap(models);
    }

    private void compose(Path file) {
        try (Reader reader = Files.newBufferedReader(file)) {
            Node root = new Yaml(new LoaderOptions()).compose(reader);
            if (root == null) {
                throw new BadMeterModel(file + ", line 1: the file is empty; it must describe a meter model");
            }
            Map<String, ModelNode> fields = new ModelNode(file, root, "a model file").section(MODEL);
            if (!fields.containsKey("model")) {
                throw new ModelNode(file, root, "").bad("the field model is missing: the model's name");
            }
            ModelNode name = fields.get("model");
            ModelNode other = sections.containsKey(name.text()) ? sections.get(name.text()).get("model") : null;
            if (other != null) {
                throw name.bad("the model " + name.text() + " is described already in " + other.file());
            }
            sections.put(name.text(), fields);
        } catch (MarkedYAMLException e) {
            throw new BadMeterModel("%s, line %d: this is not YAML: %s".formatted(file,
                    e.getProblemMark() == null ? 1 : e.getProblemMark().getLine() + 1, e.getProblem()));
        } catch (IOException e) {
            throw new BadMeterModel(file + " cannot be read (" + e + ").");
        }
    }

    private MeterModel resolve(String name, Set<String> children) {
        if (models.containsKey(name)) {
            return models.get(name);
        }
        Map<String, ModelNode> fields = sections.get(name);
        children.add(name);
        MeterModel parent = null;
        if (fields.containsKey("extends")) {
            ModelNode link = fields.get("extends");
            if (!sections.containsKey(link.text())) {
                throw link.bad("extends names the model %s, which no file describes; there are %s"
                        .formatted(link.text(), String.join(", ", sections.keySet())));
            }
            if (children.contains(link.text())) {
                throw link.bad("the model %s extends itself by way of %s".formatted(name, link.text()));
            }
            parent = resolve(link.text(), children);
        }
        MeterModel model = model(name, fields, parent);
        models.put(name, model);
        return model;
    }

    private MeterModel model(String name, Map<String, ModelNode> fields, MeterModel parent) {
        ModelNode place = fields.get("model");
        List<Quantity> quantities = quantities(name, fields, parent);
        EnergyKind kind = inherited(fields, "energy", parent, MeterModel::energyKind, place, node -> node.word(EnergyKind.class));
        checkTotal(quantities, kind, place);
        Optional<RelayStatus> relay = fields.containsKey("relay")
                ? Optional.of(relay(fields.get("relay"), quantities))
                : parent == null ? Optional.empty() : parent.relay();
        quantities.stream().filter(quantity -> quantity.seldom() && relay.isPresent() && quantity.register() == relay.get().register()).findFirst()
                .ifPresent(quantity -> {
                    throw quantityPlaces.get(name).get(quantity.name()).bad(quantity.name() + " shows the relay: it must be read always");
                });
        Map<Operation, Procedure> procedures = new EnumMap<>(Operation.class);
        if (parent != null) {
            procedures.putAll(parent.procedures());
        }
        if (fields.containsKey("operations")) {
            fields.get("operations").entries().forEach((called, node) -> procedures.put(
                    operation(called, node), procedure(operation(called, node), node, quantities, relay)));
        }
        checkFreeing(fields, relay, procedures);
        return new MeterModel(name,
                inherited(fields, "title", parent, MeterModel::title, place, ModelNode::text),
                inherited(fields, "maker", parent, MeterModel::maker, place, ModelNode::text),
                inherited(fields, "source", parent, MeterModel::source, place, ModelNode::text),
                kind,
                fields.containsKey("unit-ids") ? fields.get("unit-ids").integer(1, 16) : parent == null ? 1 : parent.unitIds(),
                fields.containsKey("digits") ? Integer.valueOf(fields.get("digits").integer(4, 10))
                        : parent == null ? null : parent.digits(),
                fields.containsKey("max-gap") ? fields.get("max-gap").integer(0, ReadPlan.MOST_REGISTERS - 2)
                        : parent == null ? ReadPlan.MOST_REGISTERS - 2 : parent.maxGap(),
                quantities, relay, Collections.unmodifiableMap(procedures), parameters(fields, parent), records(fields, parent),
                holds(fields, parent));
    }

    /** What a meter that was left to itself opens for has to be seen, and what it opened for itself has to be left to it. */
    private static void checkFreeing(Map<String, ModelNode> fields, Optional<RelayStatus> relay, Map<Operation, Procedure> procedures) {
        boolean tells = relay.filter(status -> !status.trips().isEmpty()).isPresent();
        boolean frees = procedures.containsKey(Operation.SWITCH_FREE);
        boolean switches = procedures.containsKey(Operation.SWITCH_OFF) || procedures.containsKey(Operation.SWITCH_ON);
        if (frees && !tells) {
            throw fields.getOrDefault("relay", fields.getOrDefault("operations", fields.get("model")))
                    .bad("the model has switch-free, so its relay must have trips: which of the meter's own controls keeps it open then");
        }
        if (tells && switches && !frees) {
            throw fields.getOrDefault("operations", fields.getOrDefault("relay", fields.get("model")))
                    .bad("the model's relay has trips and it can be switched, so operations must have switch-free: how it is left to its own controls");
        }
    }

    private static Set<Rule> holds(Map<String, ModelNode> fields, MeterModel parent) {
        if (!fields.containsKey("holds")) {
            return parent == null ? Set.of() : parent.holds();
        }
        Set<Rule> holds = EnumSet.noneOf(Rule.class);
        fields.get("holds").list().forEach(node -> holds.add(node.word(Rule.class)));
        return Collections.unmodifiableSet(holds);
    }

    private static Map<String, Parameter> parameters(Map<String, ModelNode> fields, MeterModel parent) {
        Map<String, Parameter> parameters = new LinkedHashMap<>(parent == null ? Map.of() : parent.parameters());
        if (fields.containsKey("parameters")) {
            Map<String, ModelNode> own = fields.get("parameters").entries();
            own.forEach((name, node) -> parameters.put(name, parameter(name, node)));
            own.forEach((name, node) -> {
                Parameter one = parameters.get(name);
                parameters.values().stream().filter(other -> other != one && other.register() < one.end() && one.register() < other.end())
                        .findFirst().ifPresent(other -> {
                            throw node.bad("%s (from %04X) overlaps %s (from %04X)".formatted(name, one.register(), other.name(),
                                    other.register()));
                        });
            });
        }
        return Collections.unmodifiableMap(parameters);
    }

    private static Parameter parameter(String name, ModelNode node) {
        Map<String, ModelNode> fields = node.section(PARAMETER);
        if (fields.containsKey("type") == fields.containsKey("fields")) {
            throw node.bad(name + " must have either a type, for one number, or fields, for a table");
        }
        Layout layout = fields.containsKey("type") ? new Layout(List.of(item(Layout.VALUE, node, fields, false)), 1)
                : layout(fields.get("fields"), fields.containsKey("entries") ? fields.get("entries").integer(1, 100) : 1);
        return new Parameter(name, fitting(node, fields, layout, 1), layout,
                fields.containsKey("writable") && fields.get("writable").yesNo());
    }

    private static Map<String, Records> records(Map<String, ModelNode> fields, MeterModel parent) {
        Map<String, Records> records = new LinkedHashMap<>(parent == null ? Map.of() : parent.records());
        if (fields.containsKey("records")) {
            fields.get("records").section(RECORD_KINDS).forEach((kind, node) -> records.put(kind, records(node)));
        }
        return Collections.unmodifiableMap(records);
    }

    private static Records records(ModelNode node) {
        Map<String, ModelNode> fields = node.section(RECORDS);
        Layout layout = layout(required(node, fields, "fields"), 1);
        int count = required(node, fields, "count").integer(1, 1000);
        int step = fields.containsKey("step") ? fields.get("step").integer(1, ReadPlan.MOST_REGISTERS) : layout.words();
        return new Records(fitting(node, fields, layout, (count - 1) * step + 1), count, step, layout);
    }

    /** The first register of a block that one request can carry, and that ends at FFFF, wherever it begins. */
    private static int fitting(ModelNode node, Map<String, ModelNode> fields, Layout layout, int beginnings) {
        int register = required(node, fields, "register").hex();
        if (layout.words() > MOST_WRITTEN || register + beginnings - 1 + layout.words() > 0x10000) {
            throw node.bad("%s has %d registers; one request carries at most %d, up to FFFF".formatted(node.called(), layout.words(),
                    MOST_WRITTEN));
        }
        return register;
    }

    private static Layout layout(ModelNode list, int entries) {
        List<Layout.Item> items = new ArrayList<>();
        for (ModelNode node : list.list()) {
            Map<String, ModelNode> fields = node.section(ITEM);
            String name = required(node, fields, "name").text();
            if (items.stream().anyMatch(item -> item.name().equals(name))) {
                throw node.bad("the name " + name + " stands twice in fields");
            }
            items.add(item(name, node, fields, true));
        }
        if (items.isEmpty()) {
            throw list.bad("fields must name at least one field");
        }
        return new Layout(List.copyOf(items), entries);
    }

    private static Layout.Item item(String name, ModelNode node, Map<String, ModelNode> fields, boolean packed) {
        ModelNode written = required(node, fields, "type");
        Type type = packed ? written.word(Type.class) : written.registers();
        BigDecimal factor = fields.containsKey("factor") ? fields.get("factor").positive() : BigDecimal.ONE;
        String unit = fields.containsKey("unit") ? fields.get("unit").text() : "";
        Layout.Item item = new Layout.Item(name, type, lowWordFirst(fields), factor, unit, byCt(fields));
        List<BigDecimal> range = range(fields);
        if (range.isEmpty()) {
            return item;
        }
        if (range.get(0).compareTo(item.least()) < 0 || range.get(1).compareTo(item.most()) > 0) {
            throw fields.get("range").bad("range goes beyond what %s with the factor %s can hold: %s to %s".formatted(type,
                    factor.toPlainString(), item.least().toPlainString(), item.most().toPlainString()));
        }
        return new Layout.Item(name, type, item.lowWordFirst(), factor, unit, item.byCt(), range.get(0), range.get(1));
    }

    private static boolean byCt(Map<String, ModelNode> fields) {
        return fields.containsKey("ct") && fields.get("ct").yesNo();
    }

    /** The least and the most, or nothing. */
    private static List<BigDecimal> range(Map<String, ModelNode> fields) {
        if (!fields.containsKey("range")) {
            return List.of();
        }
        List<ModelNode> range = fields.get("range").list();
        if (range.size() != 2 || range.get(0).decimal().compareTo(range.get(1).decimal()) > 0) {
            throw fields.get("range").bad("range must be the least and the most of what can be, such as [0, 500]");
        }
        return List.of(range.get(0).decimal(), range.get(1).decimal());
    }

    private static <T> T inherited(Map<String, ModelNode> fields, String key, MeterModel parent,
                                   java.util.function.Function<MeterModel, T> ofParent, ModelNode place,
                                   java.util.function.Function<ModelNode, T> own) {
        if (fields.containsKey(key)) {
            return own.apply(fields.get(key));
        }
        if (parent == null) {
            throw place.bad("the field " + key + " is missing");
        }
        return ofParent.apply(parent);
    }

    private List<Quantity> quantities(String model, Map<String, ModelNode> fields, MeterModel parent) {
        Map<String, Quantity> byName = new LinkedHashMap<>();
        Map<String, ModelNode> places = new LinkedHashMap<>();
        if (parent != null) {
            parent.quantities().forEach(quantity -> byName.put(quantity.name(), quantity));
            places.putAll(quantityPlaces.get(parent.name()));
        }
        if (fields.containsKey("quantities")) {
            fields.get("quantities").entries().forEach((name, node) -> {
                byName.put(name, quantity(name, node));
                places.put(name, node);
            });
        }
        if (byName.isEmpty()) {
            throw fields.get("model").bad("the field quantities is missing");
        }
        quantityPlaces.put(model, places);
        List<Quantity> sorted = byName.values().stream().sorted(Comparator.comparing(Quantity::register)).toList();
        for (int i = 1; i < sorted.size(); i++) {
            Quantity before = sorted.get(i - 1);
            Quantity now = sorted.get(i);
            if (now.register() < before.end()) {
                // whichever of the two is this file's own is the one to mend
                ModelNode own = fields.get("model").file().equals(places.get(now.name()).file())
                        ? places.get(now.name()) : places.get(before.name());
                throw own.bad("%s (%s) overlaps %s (%s)".formatted(now.name(), span(now), before.name(), span(before)));
            }
        }
        return sorted;
    }

    private static String span(Quantity quantity) {
        return quantity.type().words == 1 ? "%04X".formatted(quantity.register())
                : "%04X-%04X".formatted(quantity.register(), quantity.end() - 1);
    }

    private static Quantity quantity(String name, ModelNode node) {
        Map<String, ModelNode> fields = node.section(QUANTITY);
        int register = required(node, fields, "register").hex();
        Type type = required(node, fields, "type").registers();
        if (register + type.words > 0x10000) {
            throw node.bad(name + " goes beyond register FFFF");
        }
        List<BigDecimal> range = range(fields);
        return new Quantity(name, register, type, lowWordFirst(fields),
                fields.containsKey("factor") ? fields.get("factor").positive() : BigDecimal.ONE,
                fields.containsKey("unit") ? fields.get("unit").text() : "",
                byCt(fields), range.isEmpty() ? null : range.get(0),
                range.isEmpty() ? null : range.get(1), seldom(name, fields));
    }

    private static boolean seldom(String name, Map<String, ModelNode> fields) {
        if (!fields.containsKey("read")) {
            return false;
        }
        boolean seldom = switch (fields.get("read").text()) {
            case "always" -> false;
            case "seldom" -> true;
            default -> throw fields.get("read").bad("read must be always or seldom, not " + fields.get("read").text());
        };
        if (seldom && (name.equals(MeterModel.TOTAL) || name.equals(MeterModel.POWER))) {
            throw fields.get("read").bad(name + " must be read always: credit and supply go by it");
        }
        return seldom;
    }

    private static boolean lowWordFirst(Map<String, ModelNode> fields) {
        if (!fields.containsKey("word-order")) {
            return false;
        }
        return switch (fields.get("word-order").text()) {
            case "high-first" -> false;
            case "low-first" -> true;
            default -> throw fields.get("word-order").bad("word-order must be high-first or low-first, not "
                    + fields.get("word-order").text());
        };
    }

    private static void checkTotal(List<Quantity> quantities, EnergyKind kind, ModelNode place) {
        Quantity total = quantities.stream().filter(q -> q.name().equals(MeterModel.TOTAL)).findFirst()
                .orElseThrow(() -> place.bad("the quantity total is missing: without it nothing can be charged"));
        Set<String> units = kind == EnergyKind.WATER ? WATER_UNITS : ENERGY_UNITS;
        if (!units.contains(total.unit())) {
            throw place.bad("the quantity total must be in %s, not %s; choose the factor accordingly"
                    .formatted(String.join(" or ", units), total.unit()));
        }
    }

    private static RelayStatus relay(ModelNode node, List<Quantity> quantities) {
        Map<String, ModelNode> fields = node.section(RELAY);
        ModelNode register = required(node, fields, "register");
        known(register, quantities);
        int mask = fields.containsKey("mask") ? fields.get("mask").hex() : 0xFFFF;
        int on = required(node, fields, "on").hex();
        int off = required(node, fields, "off").hex();
        if (on == off || (on & ~mask) != 0 || (off & ~mask) != 0) {
            throw node.bad("on and off must differ and lie within mask");
        }
        return new RelayStatus(register.hex(), mask, on, off, fields.containsKey("trips") ? trips(fields.get("trips"), mask) : Map.of());
    }

    private static Map<Trip, Integer> trips(ModelNode node, int mask) {
        Map<Trip, Integer> trips = new EnumMap<>(Trip.class);
        node.section(TRIPS).forEach((name, bits) -> {
            if (bits.hex() == 0 || (bits.hex() & mask) != 0) {
                throw bits.bad("%s must name bits outside the mask %04X".formatted(name, mask));
            }
            Stream.of(Trip.values()).filter(trip -> ModelNode.written(trip).equals(name)).forEach(trip -> trips.put(trip, bits.hex()));
        });
        return Collections.unmodifiableMap(trips);
    }

    private static Quantity known(ModelNode register, List<Quantity> quantities) {
        int address = register.hex();
        return quantities.stream().filter(q -> q.register() == address && q.type().words == 1).findFirst()
                .orElseThrow(() -> register.bad(
                        "register %04X is none of the model's one-register quantities, so it is never read".formatted(address)));
    }

    private static Operation operation(String called, ModelNode node) {
        for (Operation operation : Operation.values()) {
            if (ModelNode.written(operation).equals(called)) {
                return operation;
            }
        }
        throw node.bad("there is no operation %s; there are %s".formatted(called,
                String.join(", ", Stream.of(Operation.values()).map(ModelNode::written).toList())));
    }

    private static Procedure procedure(Operation operation, ModelNode node, List<Quantity> quantities,
                                       Optional<RelayStatus> relay) {
        Map<String, ModelNode> fields = node.section(OPERATION);
        ModelNode write = required(node, fields, "write");
        Map<String, ModelNode> written = write.section(WRITE);
        int register = required(write, written, "register").hex();
        List<Field> what = written(operation, write, written);
        int words = what.stream().mapToInt(Field::words).sum();
        if (words > MOST_WRITTEN || register + words > 0x10000) {
            throw write.bad("%d registers are written; one write carries at most %d, up to FFFF".formatted(words, MOST_WRITTEN));
        }
        if (!fields.containsKey("read-back")) {
            throw node.bad(ModelNode.written(operation)
                    + " has no read-back: say how one sees that it holds (relay, judged, written, or a register)");
        }
        if (operation == Operation.CREDIT && !fields.containsKey("unit")) {
            throw node.bad("credit must name the unit of its amount: kWh, m3 or yuan");
        }
        return new Procedure(register, what, readBack(operation, fields.get("read-back"), quantities, relay),
                fields.containsKey("within") ? fields.get("within").seconds() : Duration.ofSeconds(2),
                fields.containsKey("unit") ? fields.get("unit").text() : null);
    }

    private static List<Field> written(Operation operation, ModelNode write, Map<String, ModelNode> fields) {
        if (fields.containsKey("words") == fields.containsKey("fields")) {
            throw write.bad("write must have either words or fields");
        }
        if (fields.containsKey("words")) {
            if (operation == Operation.CREDIT || operation == Operation.CLOCK) {
                throw write.bad(ModelNode.written(operation) + " cannot be fixed words; name its fields");
            }
            List<Integer> words = fields.get("words").list().stream().map(ModelNode::hex).toList();
            if (words.isEmpty()) {
                throw fields.get("words").bad("words must name at least one word");
            }
            return List.of(new Field.Fixed(words));
        }
        List<Field> parts = new ArrayList<>();
        for (ModelNode item : fields.get("fields").list()) {
            parts.add(field(operation, item));
        }
        if (operation == Operation.CREDIT && !(has(parts, Value.AMOUNT) && has(parts, Value.COUNT))) {
            throw write.bad("credit must write an amount and a count");
        }
        return parts;
    }

    private static boolean has(List<Field> parts, Value value) {
        return parts.stream().anyMatch(part -> part instanceof Field.Number number && number.value() == value);
    }

    private static Field field(Operation operation, ModelNode item) {
        Map<String, ModelNode> fields = item.section(FIELD);
        if (fields.containsKey("bytes") && operation == Operation.CLOCK) {
            List<ModelNode> bytes = fields.get("bytes").list();
            if (bytes.size() != 2) {
                throw item.bad("bytes must name the high and the low byte of one register");
            }
            return new Field.Clock(bytes.get(0).word(ClockPart.class), bytes.get(1).word(ClockPart.class));
        }
        if (operation != Operation.CREDIT) {
            throw item.bad(operation == Operation.CLOCK ? "a field of clock must be bytes"
                    : ModelNode.written(operation) + " writes words, not fields");
        }
        Value value = required(item, fields, "value").word(Value.class);
        return new Field.Number(value, item(ModelNode.written(value), item, fields, false));
    }

    private static ReadBack readBack(Operation operation, ModelNode node, List<Quantity> quantities, Optional<RelayStatus> relay) {
        boolean isSwitch = operation == Operation.SWITCH_OFF || operation == Operation.SWITCH_ON;
        if (node.isSection()) {
            Map<String, ModelNode> fields = node.section(READ_BACK);
            Quantity shown = known(required(node, fields, "register"), quantities);
            if (operation != Operation.CREDIT || !required(node, fields, "expect").text().equals("count")) {
                throw node.bad("a register with expect: count is the read-back of credit; a switch has relay or judged,"
                        + " the clock and switch-free have written");
            }
            return new ReadBack.CountShows(shown);
        }
        String how = node.text();
        if (how.equals("relay") && isSwitch) {
            if (relay.isEmpty()) {
                throw node.bad("read-back is relay, but the model has no section relay that says where its state is read");
            }
            return new ReadBack.RelayShows();
        }
        if (how.equals("judged") && isSwitch) {
            if (quantities.stream().noneMatch(q -> q.name().equals(MeterModel.POWER))) {
                throw node.bad("read-back is judged, but the model has no quantity power to judge by");
            }
            return new ReadBack.Judged();
        }
        if (how.equals("written") && (operation == Operation.CLOCK || operation == Operation.SWITCH_FREE)) {
            if (operation == Operation.SWITCH_FREE && relay.isEmpty()) {
                throw node.bad("switch-free needs a section relay: what the meter's own controls do then has to be seen");
            }
            return new ReadBack.Written();
        }
        throw node.bad("%s cannot be the read-back of %s; a switch has relay or judged, credit has a register with"
                .formatted(how, ModelNode.written(operation)) + " expect: count, the clock and switch-free have written");
    }

    private static ModelNode required(ModelNode section, Map<String, ModelNode> fields, String key) {
        if (!fields.containsKey(key)) {
            throw section.bad("%s lacks the field %s".formatted(section.called(), key));
        }
        return fields.get(key);
    }

    private static Set<String> fields(String... names) {
        return new LinkedHashSet<>(List.of(names));
    }
}
