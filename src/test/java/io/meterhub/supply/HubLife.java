package io.meterhub.supply;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.meterhub.billing.AccountWatch;
import io.meterhub.billing.Billing;
import io.meterhub.billing.Counter;
import io.meterhub.billing.CreditWatch;
import io.meterhub.billing.FeeWatch;
import io.meterhub.billing.LedgerCheck;
import io.meterhub.billing.PurchaseWatch;
import io.meterhub.metering.LoadWatch;
import io.meterhub.metering.MeterModels;
import io.meterhub.metering.SteppedLanes;
import io.meterhub.metering.SupplyControl;
import io.meterhub.metering.WholeReadings;
import io.meterhub.site.Sites;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.Socket;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.apache.camel.ProducerTemplate;
import org.springframework.beans.factory.support.AbstractBeanDefinition;
import org.springframework.boot.convert.ApplicationConversionService;
import org.springframework.context.Lifecycle;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.ClassPathScanningCandidateComponentProvider;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.ResourceBundleMessageSource;
import org.springframework.core.type.filter.AnnotationTypeFilter;
import org.springframework.core.type.filter.AssignableTypeFilter;
import org.springframework.http.converter.json.Jackson2ObjectMapperBuilder;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * A hub from its start to its end: the components of the rooms, wired by Spring as in the hub, on a database shared with
 * another hub. What it remembers by itself is gone with it. It dies when whoever counts its points says so: at any statement, before or after
 * any commit, before or after any request to a meter.
 */
final class HubLife implements AutoCloseable {

    private static final MeterModels MODELS = SteppedLanes.models("config/meters", "config/demo/meters");
    private static Class<?>[] parts = allParts();
    static final ObjectMapper JSON = Jackson2ObjectMapperBuilder.json()
            .featuresToDisable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS, SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS).build();

    /** It is no more: nothing may catch this and go on. */
    static final class Died extends Error {

        final int hub;

        Died(int hub) {
            super("hub " + hub + " died", null, false, false);
            this.hub = hub;
        }
    }

    /** What the hub meets outside of itself. */
    interface Outside {

        Instant now();

        /** Goes on steadily, over the hub's whole life. */
        long nanos();

        void pass(long nanos);

        Socket socket(int hub);

        /** A message to a route. */
        void sent(String route, Object body);

        /** A point at which it may die: throws if it does. */
        void point(int hub);

        /** A point at which others may do something. */
        void between(int hub, boolean inTransaction);
    }

    @Configuration(proxyBeanMethods = false)
    @EnableTransactionManagement(proxyTargetClass = true)
    static class Transactions {
    }

    private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
    private final Map<Class<?>, Object> found = new ConcurrentHashMap<>();
    private final int number;
    private final AtomicInteger open = new AtomicInteger();
    private volatile Outside outside;
    private volatile boolean started;

    HubLife(int number, DataSource database, Outside outside) {
        this.number = number;
        this.outside = outside;
        Clock clock = new HubClock();
        DataSource own = new DelegatingDataSource(database) {
            @Override
            public Connection getConnection() throws SQLException {
                between();
                return watched(super.getConnection());
            }
        };
        context.getBeanFactory().setConversionService(ApplicationConversionService.getSharedInstance());
        context.registerBean("messageSource", ResourceBundleMessageSource.class, () -> {
            ResourceBundleMessageSource texts = new ResourceBundleMessageSource();
            texts.setBasename("messages");
            texts.setDefaultEncoding("UTF-8");
            texts.setFallbackToSystemLocale(false);
            return texts;
        });
        context.registerBean(DataSource.class, () -> own);
        context.registerBean(JdbcClient.class, () -> JdbcClient.create(own));
        JdbcTransactionManager transactions = new JdbcTransactionManager(own);
        context.registerBean(JdbcTransactionManager.class, () -> transactions);
        context.registerBean(TransactionTemplate.class, () -> new TransactionTemplate(transactions));
        context.registerBean(ObjectMapper.class, () -> JSON);
        context.registerBean(MeterRegistry.class, SimpleMeterRegistry::new);
        context.registerBean(Clock.class, () -> clock);
        context.registerBean(MeterModels.class, () -> MODELS);
        context.registerBean(ProducerTemplate.class, this::routes);
        context.registerBean(SteppedLanes.class, () -> new SteppedLanes(bean(Sites.class), MODELS, bean(SupplyControl.class), clock,
                context.getBeanProvider(WholeReadings.class), bean(MeterRegistry.class), () -> this.outside.socket(number), () -> this.outside.nanos(), nanos -> this.outside.pass(nanos), this::between));
        context.register(Transactions.class);
        context.register(parts);
        for (String name : context.getBeanDefinitionNames()) {
            ((AbstractBeanDefinition) context.getBeanDefinition(name)).setLazyInit(true);
        }
        context.refresh();
        for (Class<?> part : List.of(SteppedLanes.class, Billing.class, Counter.class, Supply.class, Turns.class, CreditLoop.class,
                MeterCredits.class, Schedules.class, MassCuts.class, ShopRules.class, LedgerCheck.class)) {
            context.getBean(part);
        }
        for (Class<?> watch : List.of(AccountWatch.class, CreditWatch.class, FeeWatch.class, LoadWatch.class, PurchaseWatch.class, WholeReadings.class)) {
            context.getBeanProvider(watch).stream().toList();
        }
        // the next one need not look at what this one did not use
        parts = Stream.of(parts).filter(part -> Stream.of(context.getBeanNamesForType(part, true, false))
                .anyMatch(context.getBeanFactory()::containsSingleton)).toArray(Class<?>[]::new);
        started = true;
    }

    private final class HubClock extends Clock {

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Instant instant() {
            return outside.now();
        }
    }

    /** Goes on with other things around it. */
    void meets(Outside other) {
        outside = other;
    }

    private static Class<?>[] allParts() {
        ClassPathScanningCandidateComponentProvider scan = new ClassPathScanningCandidateComponentProvider(false);
        scan.addIncludeFilter(new AnnotationTypeFilter(Component.class));
        scan.addExcludeFilter(new AnnotationTypeFilter(Configuration.class));
        // what starts by itself: that is for whoever calls it here
        scan.addExcludeFilter(new AssignableTypeFilter(Lifecycle.class));
        Set<String> played = Set.of("Lanes", "MeterModels", "ModbusComponent");
        List<Class<?>> parts = new ArrayList<>();
        for (String room : List.of("site", "people", "metering", "billing", "supply")) {
            scan.findCandidateComponents("io.meterhub." + room).forEach(found -> {
                String name = found.getBeanClassName();
                if (!played.contains(name.substring(name.lastIndexOf('.') + 1))) {
                    parts.add(loaded(name));
                }
            });
        }
        return parts.toArray(Class<?>[]::new);
    }

    private static Class<?> loaded(String name) {
        try {
            return Class.forName(name);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    <T> T bean(Class<T> type) {
        return type.cast(found.computeIfAbsent(type, each -> context.getBean(each)));
    }

    private ProducerTemplate routes() {
        return (ProducerTemplate) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {ProducerTemplate.class}, (proxy, method, arguments) -> {
            if (method.getName().equals("sendBody") && arguments.length == 2) {
                outside.sent((String) arguments[0], arguments[1]);
                return null;
            }
            return switch (method.getName()) {
                case "hashCode" -> System.identityHashCode(proxy);
                case "equals" -> proxy == arguments[0];
                case "toString" -> "routes";
                case "close", "stop" -> null;
                default -> throw new UnsupportedOperationException(method.toString());
            };
        });
    }

    private void between() {
        if (started) {
            outside.point(number);
            outside.between(number, open.get() > 0);
        }
    }

    private void point() {
        if (started) {
            outside.point(number);
        }
    }

    private Connection watched(Connection connection) {
        boolean[] transaction = new boolean[1];
        BiConsumer<String, Object[]> before = (method, arguments) -> {
            switch (method) {
                case "prepareStatement", "commit" -> point();
                case "setAutoCommit" -> {
                    if (transaction[0] == (boolean) arguments[0]) {
                        transaction[0] = !transaction[0];
                        open.addAndGet(transaction[0] ? 1 : -1);
                    }
                }
                case "close" -> {
                    if (transaction[0]) {
                        transaction[0] = false;
                        open.decrementAndGet();
                    }
                }
                default -> { }
            }
        };
        return (Connection) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, arguments) -> {
            before.accept(method.getName(), arguments);
            try {
                Object result = method.invoke(connection, arguments);
                if (method.getName().equals("commit")) {
                    point();
                }
                return result;
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        });
    }

    @Override
    public void close() {
        started = false;
        context.close();
    }
}
