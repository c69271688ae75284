package io.meterhub.simulator;

import io.meterhub.tenant.Sms;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.util.HtmlUtils;

/** The phones of the virtual mall's customers: what was sent to them is looked at here. For demonstration; nothing is sent to anybody. */
@RestController
@ConditionalOnProperty("meterhub.simulator.phones")
class VirtualPhones implements Sms {

    private static final int KEPT = 200;
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss").withZone(ZoneId.of("Asia/Shanghai"));

    private final Clock clock;
    private final Deque<Message> messages = new ArrayDeque<>();
    private final Set<String> off = new HashSet<>();

    VirtualPhones(Clock clock) {
        this.clock = clock;
    }

    record Message(Instant at, String phone, String text) {
    }

    @Override
    public synchronized void send(String phone, String text) {
        if (off.contains(phone)) {
            throw new IllegalStateException("The phone is off");
        }
        messages.addFirst(new Message(clock.instant(), phone, text));
        if (messages.size() > KEPT) {
            messages.removeLast();
        }
    }

    /** What came to a phone, the newest first. */
    @GetMapping("/demo/v1/phones/{phone}")
    synchronized List<Message> of(@PathVariable String phone) {
        return messages.stream().filter(message -> message.phone().equals(phone)).toList();
    }

    /** Nothing can be sent to it until it is on again. */
    @PutMapping("/demo/v1/phones/{phone}/off")
    synchronized void switchOff(@PathVariable String phone) {
        off.add(phone);
    }

    @DeleteMapping("/demo/v1/phones/{phone}/off")
    synchronized void switchOn(@PathVariable String phone) {
        off.remove(phone);
    }

    @GetMapping(path = "/demo/phones", produces = MediaType.TEXT_HTML_VALUE)
    synchronized String page() {
        String rows = messages.stream().map(message -> "<tr><td>%s</td><td>%s</td><td>%s</td></tr>".formatted(TIME.format(message.at()),
                HtmlUtils.htmlEscape(message.phone(), "UTF-8"), HtmlUtils.htmlEscape(message.text(), "UTF-8"))).collect(Collectors.joining("\n"));
        return """
                <!doctype html>
                <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
                <title>Phones 手机</title></head><body><h1>Phones 手机</h1>
                <p>What was sent to the phones of the virtual mall, the newest first; nothing left this machine. 模拟短信</p>
                <table>%s</table></body></html>
                """.formatted(rows);
    }
}
