package io.meterhub.web;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.operation.JobItem;
import io.meterhub.site.Texts;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.stereotype.Component;

/** What came of a job, a row a meter, in the language of the request and the site's time. */
@Component
class OperationReport {

    private static final List<String> HEADINGS = List.of("meter", "shop", "gateway", "model", "state", "why", "ended", "result_heading");
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");

    private final Texts texts;

    OperationReport(Texts texts) {
        this.texts = texts;
    }

    byte[] csv(List<JobItem> items, ZoneId zone) {
        return SheetFile.csv(rows(items, zone));
    }

    byte[] xlsx(List<JobItem> items, ZoneId zone) {
        return SheetFile.xlsx(rows(items, zone));
    }

    private Stream<List<String>> rows(List<JobItem> items, ZoneId zone) {
        return Stream.concat(Stream.of(HEADINGS.stream().map(heading -> texts.of("operation." + heading)).toList()),
                items.stream().map(item -> List.of(item.meter(), item.shop() == null ? "" : item.shop(), item.gateway(), item.model(),
                        texts.of("item." + item.state()), item.why() == null ? "" : item.why().in(texts),
                        item.endedAt() == null ? "" : TIME.format(item.endedAt().atZone(zone)), words(item.result()))));
    }

    /** What was read, as a person reads it: {@code price-flat 0.8, alarm-amount-1 10}; tables and records one after the other. */
    String words(JsonNode result) {
        if (result == null || result.isNull()) {
            return "";
        }
        if (result.isArray()) {
            return stream(result).map(this::words).collect(Collectors.joining("; "));
        }
        if (!result.isObject()) {
            return result.isNumber() ? Amounts.plain(result.decimalValue()) : result.asText();
        }
        return result.properties().stream().filter(field -> !field.getValue().isNull())
                .map(field -> called(field.getKey()) + (field.getValue().isContainerNode() ? ": " : " ") + words(field.getValue()))
                .collect(Collectors.joining(", "));
    }

    private String called(String key) {
        return texts.orElse("operation.result." + key, texts.orElse("live." + key, key));
    }

    private static Stream<JsonNode> stream(JsonNode list) {
        return java.util.stream.StreamSupport.stream(list.spliterator(), false);
    }
}
