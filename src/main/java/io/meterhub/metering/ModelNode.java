package io.meterhub.metering;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** A place in a model file: what stands there, and the words for what is wrong with it. */
record ModelNode(Path file, Node node, String called) {

    BadMeterModel bad(String reason) {
        return new BadMeterModel("%s, line %d: %s".formatted(file, node.getStartMark().getLine() + 1, reason));
    }

    /** The entries of a mapping, none but the allowed ones. */
    Map<String, ModelNode> section(Set<String> allowed) {
        Map<String, ModelNode> entries = entries();
        entries.forEach((key, value) -> {
            if (!allowed.contains(key)) {
                throw value.bad("%s has no field %s; there are %s".formatted(called, key, String.join(", ", allowed)));
            }
        });
        return entries;
    }

    Map<String, ModelNode> entries() {
        if (!(node instanceof MappingNode mapping)) {
            throw bad(called + " must be a section of fields");
        }
        Map<String, ModelNode> entries = new LinkedHashMap<>();
        for (NodeTuple tuple : mapping.getValue()) {
            String key = new ModelNode(file, tuple.getKeyNode(), "a field's name").text();
            if (entries.put(key, new ModelNode(file, tuple.getValueNode(), key)) != null) {
                throw new ModelNode(file, tuple.getKeyNode(), key).bad(key + " stands twice in " + called);
            }
        }
        return entries;
    }

    boolean isText() {
        return node instanceof ScalarNode;
    }

    boolean isSection() {
        return node instanceof MappingNode;
    }

    List<ModelNode> list() {
        if (!(node instanceof SequenceNode sequence)) {
            throw bad(called + " must be a list in square brackets");
        }
        List<ModelNode> items = new ArrayList<>();
        sequence.getValue().forEach(item -> items.add(new ModelNode(file, item, "an item of " + called)));
        return items;
    }

    String text() {
        if (!(node instanceof ScalarNode scalar) || scalar.getValue().isBlank()) {
            throw bad(called + " must be a word or a number");
        }
        return scalar.getValue().strip();
    }

    /** Four hexadecimal digits as the manuals print them. */
    int hex() {
        if (!text().matches("[0-9A-Fa-f]{4}")) {
            throw bad("%s must be four hexadecimal digits such as 030A, not %s".formatted(called, text()));
        }
        return Integer.parseInt(text(), 16);
    }

    int integer(int least, int most) {
        try {
            int value = Integer.parseInt(text());
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException notANumber) {
            // said below
        }
        throw bad("%s must be a whole number from %d to %d, not %s".formatted(called, least, most, text()));
    }

    BigDecimal decimal() {
        try {
            return new BigDecimal(text());
        } catch (NumberFormatException notANumber) {
            throw bad("%s must be a decimal number such as 0.01, not %s".formatted(called, text()));
        }
    }

    BigDecimal positive() {
        BigDecimal value = decimal();
        if (value.signum() <= 0) {
            throw bad("%s must be above 0, not %s".formatted(called, text()));
        }
        return value;
    }

    boolean yesNo() {
        return switch (text()) {
            case "yes" -> true;
            case "no" -> false;
            default -> throw bad("%s must be yes or no, not %s".formatted(called, text()));
        };
    }

    Duration seconds() {
        if (!text().matches("[0-9]{1,3} s")) {
            throw bad("%s must be whole seconds such as 3 s, not %s".formatted(called, text()));
        }
        return Duration.ofSeconds(Integer.parseInt(text().replace(" s", "")));
    }

    /** A word of an enum, written in small letters with hyphens, or exactly as it is called. */
    <E extends Enum<E>> E word(Class<E> type) {
        Optional<E> value = Arrays.stream(type.getEnumConstants())
                .filter(e -> written(e).equals(text()) || e.name().equals(text())).findFirst();
        return value.orElseThrow(() -> bad("%s must be one of %s, not %s".formatted(called,
                String.join(", ", Arrays.stream(type.getEnumConstants()).map(ModelNode::written).toList()), text())));
    }

    /** A type that fills registers. */
    MeterModel.Type registers() {
        if (text().equals(MeterModel.Type.U8.name())) {
            throw bad(called + " must be one of U16, I16, U32, I32; a byte (U8) can only stand in the fields of a table");
        }
        return word(MeterModel.Type.class);
    }

    static String written(Enum<?> value) {
        return value instanceof MeterModel.Type ? value.name() : value.name().toLowerCase().replace('_', '-');
    }
}
