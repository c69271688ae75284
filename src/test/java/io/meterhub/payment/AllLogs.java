package io.meterhub.payment;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/** While it is open everything that anybody has to say is heard, down to the bytes on the wire. */
final class AllLogs implements AutoCloseable {

    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    private final Level before = root.getLevel();
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final AppenderBase<ILoggingEvent> ear = new AppenderBase<>() {

        @Override
        protected void append(ILoggingEvent event) {
            lines.add(event.getFormattedMessage() + (event.getThrowableProxy() == null ? "" : ThrowableProxyUtil.asString(event.getThrowableProxy())));
        }
    };
    private final List<ch.qos.logback.core.Appender<ILoggingEvent>> others = new CopyOnWriteArrayList<>();

    AllLogs() {
        root.iteratorForAppenders().forEachRemaining(others::add);
        others.forEach(root::detachAppender);
        ear.start();
        root.addAppender(ear);
        root.setLevel(Level.ALL);
    }

    List<String> lines() {
        return lines;
    }

    /** What of these settings nobody is to read: of keys a line from their midst. */
    static List<String> secrets(Map<String, Object> settings) {
        return settings.entrySet().stream().filter(each -> each.getKey().endsWith("private-key") || each.getKey().endsWith("api-key")
                || each.getKey().endsWith("secret")).map(each -> String.valueOf(each.getValue()).lines().filter(line -> !line.startsWith("-----")).toList())
                .map(lines -> lines.get(lines.size() / 2)).toList();
    }

    @Override
    public void close() {
        root.setLevel(before);
        root.detachAppender(ear);
        others.forEach(root::addAppender);
    }
}
