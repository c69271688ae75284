package io.meterhub.metering;

import io.meterhub.metering.Availability.Span;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.AlarmKind.Subject;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * When meters and gateways could be reached, from the alarms of their being lost and the times in which a hub asked. A meter is lost
 * while its gateway is.
 */
@Component
@Transactional(readOnly = true)
public class Availabilities {

    private final JdbcClient jdbc;
    private final Clock clock;

    Availabilities(JdbcClient jdbc, Clock clock) {
        this.jdbc = jdbc;
        this.clock = clock;
    }

    private record Outage(AlarmKind kind, int subjectId, Instant since, Instant until) {

        Span span() {
            return new Span(since, until);
        }
    }

    /**
     * A meter or gateway of a site.
     *
     * @param gatewayId a gateway's own, or of the one that a meter hangs on; null for a meter that is read by hand
     */
    public record Device(Subject subject, int id, String code, String name, Integer gatewayId, Integer shopId) {

        private boolean suffers(Outage outage) {
            return outage.kind == AlarmKind.GATEWAY_LOST ? gatewayId != null && outage.subjectId == gatewayId
                    : subject == Subject.METER && outage.subjectId == id;
        }
    }

    public record DeviceAvailability(Device device, Availability availability) {
    }

    /** The enabled gateways and metered meters of a site: gateways first, each by code. */
    public List<Device> devices(int siteId) {
        return jdbc.sql("""
                select 'GATEWAY' as subject, id, code, name, id as gateway_id, null::int as shop_id from gateway
                where site_id = :site and enabled
                union all
                select 'METER', m.id, m.code, m.name, m.gateway_id, m.shop_id from meter m join gateway g on g.id = m.gateway_id
                where m.site_id = :site and m.enabled and g.enabled order by subject, code""")
                .param("site", siteId).query(Device.class).list();
    }

    /** A device in each of these times, in the order of the times. */
    public List<Availability> of(Device device, List<Span> windows) {
        Span whole = new Span(windows.get(0).from(), windows.get(windows.size() - 1).to());
        List<Span> watched = watched(whole);
        List<Span> outages = outages(device, whole);
        return windows.stream().map(window -> Availability.of(window, watched, outages)).toList();
    }

    /** When it could not be reached, the latest first; an outage that lasts ends now. */
    public List<Span> outages(Device device, Span window) {
        return find(Stream.of(device.gatewayId, device.id).filter(Objects::nonNull).toList(), window).stream().filter(device::suffers).map(Outage::span).toList();
    }

    /** All devices of a site in a time. */
    public List<DeviceAvailability> ofSite(int siteId, Span window) {
        List<Span> watched = watched(window);
        List<Device> devices = devices(siteId);
        List<Outage> outages = find(devices.stream().map(Device::id).toList(), window);
        Map<AlarmKind, Map<Integer, List<Span>>> bySubject = outages.stream().collect(Collectors.groupingBy(Outage::kind,
                Collectors.groupingBy(Outage::subjectId, Collectors.mapping(Outage::span, Collectors.toList()))));
        return devices.stream().map(device -> new DeviceAvailability(device, Availability.of(window, watched, Stream.concat(
                spans(bySubject, AlarmKind.GATEWAY_LOST, device.gatewayId),
                device.subject == Subject.METER ? spans(bySubject, AlarmKind.METER_LOST, device.id) : Stream.empty()).toList()))).toList();
    }

    private static Stream<Span> spans(Map<AlarmKind, Map<Integer, List<Span>>> all, AlarmKind kind, Integer subject) {
        return all.getOrDefault(kind, Map.of()).getOrDefault(subject, List.of()).stream();
    }

    private List<Outage> find(Collection<Integer> subjects, Span window) {
        return jdbc.sql("""
                select kind, subject_id, since, coalesce(cleared_at, greatest(since, :now)) as until from alarm
                where kind in ('METER_LOST', 'GATEWAY_LOST') and subject in ('METER', 'GATEWAY') and subject_id = any(:subjects)
                  and since < :to and (cleared_at is null or cleared_at > :from) order by since desc""")
                .param("now", clock.instant().atOffset(ZoneOffset.UTC)).param("subjects", subjects.toArray(Integer[]::new))
                .param("from", window.from().atOffset(ZoneOffset.UTC)).param("to", window.to().atOffset(ZoneOffset.UTC))
                .query(Outage.class).list();
    }

    private List<Span> watched(Span window) {
        return jdbc.sql("select since as \"from\", until as \"to\" from watch where since < :to and until > :from")
                .param("from", window.from().atOffset(ZoneOffset.UTC)).param("to", window.to().atOffset(ZoneOffset.UTC))
                .query(Span.class).list();
    }
}
