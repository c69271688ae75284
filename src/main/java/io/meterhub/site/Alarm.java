package io.meterhub.site;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;

/**
 * Something that is wrong, or was.
 *
 * @param code      of the meter, gateway, shop or site that it befalls
 * @param meterId   where it befalls a meter
 * @param gatewayId where it befalls a gateway, or a meter on one
 * @param shopId    where it befalls a shop, or a meter of one
 * @param clearedAt null while it is open
 * @param detail    the figures that explain it
 * @param underId   the wider alarm that explains this one, such as that of the bus on which a lost meter hangs
 * @param folded    how many open alarms this one explains
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Alarm(long id, int siteId, AlarmKind kind, AlarmKind.Severity severity, AlarmKind.Subject subject, int subjectId,
                    String code, String name, Integer meterId, Integer gatewayId, Integer shopId, Instant since, Instant clearedAt,
                    JsonNode detail, String acknowledgedBy, Instant acknowledgedAt, String acknowledgedWhy, Long underId, int folded) {

    public boolean open() {
        return clearedAt == null;
    }
}
