package io.meterhub.metering;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a parameter of a meter holds, in the units of its model: one number, or the entries of a table, each with its items by
 * name. In JSON it is a number, or a list of objects.
 */
public record ParameterValue(List<Map<String, BigDecimal>> entries) {

    public static ParameterValue of(BigDecimal number) {
        return new ParameterValue(List.of(Map.of(Layout.VALUE, number)));
    }

    public static ParameterValue of(String number) {
        return of(new BigDecimal(number));
    }

    /** @throws IllegalArgumentException when it is neither a number nor a list of objects of numbers */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    public static ParameterValue of(JsonNode json) {
        if (json.isNumber()) {
            return of(json.decimalValue());
        }
        if (!json.isArray()) {
            throw new IllegalArgumentException("a parameter's value must be a number, or a list of entries, not " + json);
        }
        List<Map<String, BigDecimal>> entries = new ArrayList<>();
        json.forEach(entry -> {
            Map<String, BigDecimal> items = new LinkedHashMap<>();
            entry.fields().forEachRemaining(item -> {
                if (!item.getValue().isNumber()) {
                    throw new IllegalArgumentException(item.getKey() + " must be a number, not " + item.getValue());
                }
                items.put(item.getKey(), item.getValue().decimalValue());
            });
            entries.add(items);
        });
        return new ParameterValue(entries);
    }

    /** The number, where it is one. */
    public BigDecimal number() {
        return entries.get(0).get(Layout.VALUE);
    }

    /** Whether both are the same, however many zeros they end with. */
    public boolean isSameAs(ParameterValue other) {
        return plain().equals(other.plain());
    }

    private List<Map<String, BigDecimal>> plain() {
        return entries.stream().map(entry -> entry.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, item -> item.getValue().stripTrailingZeros()))).toList();
    }

    private boolean isNumber() {
        return entries.size() == 1 && entries.get(0).keySet().equals(java.util.Set.of(Layout.VALUE));
    }

    @JsonValue
    Object json() {
        return isNumber() ? number() : entries;
    }
}
