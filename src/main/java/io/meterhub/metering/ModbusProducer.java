package io.meterhub.metering;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.camel.AsyncCallback;
import org.apache.camel.CamelExchangeException;
import org.apache.camel.Exchange;
import org.apache.camel.InvalidPayloadException;
import org.apache.camel.Message;
import org.apache.camel.support.DefaultAsyncProducer;

/** Hands work to the lane of its gateway; the route goes on where the lane's thread is. */
class ModbusProducer extends DefaultAsyncProducer {

    private final ModbusEndpoint endpoint;
    private final ModbusComponent component;

    ModbusProducer(ModbusEndpoint endpoint, ModbusComponent component) {
        super(endpoint);
        this.endpoint = endpoint;
        this.component = component;
    }

    /** The body of a round's message. */
    record Job(Integer gateway, Collection<Integer> meters) {
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        try {
            return switch (endpoint.getOperation()) {
                case ROUND -> round(exchange, callback);
                case READ -> now(callback, () -> read(exchange));
                case WRITE -> now(callback, () -> write(exchange));
            };
        } catch (Exception e) {
            exchange.setException(e);
            callback.done(true);
            return true;
        }
    }

    private interface Transaction {

        void run() throws Exception;
    }

    private static boolean now(AsyncCallback callback, Transaction transaction) throws Exception {
        transaction.run();
        callback.done(true);
        return true;
    }

    private boolean round(Exchange exchange, AsyncCallback callback) throws CamelExchangeException {
        Job job = job(exchange);
        Optional<Lane> lane = component.lanes().lane(job.gateway());
        boolean urgent = isUrgent();
        boolean taken = lane.isPresent() && lane.get().run(urgent, () -> {
            try {
                exchange.getMessage().setBody(component.lanes().round(lane.get(), Optional.ofNullable(job.meters()), urgent,
                        () -> !endpoint.getCamelContext().isRunAllowed() || endpoint.getCamelContext().isStopping()));
            } catch (RuntimeException e) {
                exchange.setException(e);
            }
            callback.done(false);
        });
        if (!taken) {
            exchange.getMessage().setBody(List.of());
            callback.done(true);
        }
        return !taken;
    }

    private Job job(Exchange exchange) throws CamelExchangeException {
        Message message = exchange.getMessage();
        Integer gateway = message.getHeader(ModbusEndpoint.GATEWAY, endpoint.getGateway(), Integer.class);
        if (gateway != null) {
            return new Job(gateway, null);
        }
        try {
            Job job = message.getBody() instanceof Map<?, ?> map ? component.json().convertValue(map, Job.class)
                    : component.json().readValue(message.getMandatoryBody(String.class), Job.class);
            if (job.gateway() == null) {
                throw new CamelExchangeException("The job of modbus:round names no gateway", exchange);
            }
            return job;
        } catch (JsonProcessingException | IllegalArgumentException e) {
            throw new CamelExchangeException("The body of modbus:round must be a job such as {\"gateway\": 3}", exchange, e);
        }
    }

    private void read(Exchange exchange) throws CamelExchangeException {
        int unitId = unitId(exchange);
        int register = register(exchange);
        try {
            int[] words = lane(exchange).read(unitId, register, endpoint.getCount(), isUrgent());
            exchange.getMessage().setBody(IntStream.of(words).boxed().toList());
        } catch (BusFailure e) {
            throw failed("read", unitId, register, exchange, e);
        }
    }

    private void write(Exchange exchange) throws CamelExchangeException, InvalidPayloadException {
        int unitId = unitId(exchange);
        int register = register(exchange);
        List<?> body = exchange.getMessage().getMandatoryBody(List.class);
        int[] words = body.stream().mapToInt(word -> {
            int value = exchange.getContext().getTypeConverter().convertTo(Integer.class, word);
            if (value < 0 || value > 0xFFFF) {
                throw new IllegalArgumentException("A word must be 0 to 65535, not " + value);
            }
            return value;
        }).toArray();
        try {
            lane(exchange).write(unitId, register, words, isUrgent());
        } catch (BusFailure e) {
            throw failed("write", unitId, register, exchange, e);
        }
    }

    private static CamelExchangeException failed(String what, int unitId, int register, Exchange exchange, BusFailure e) {
        return new CamelExchangeException("modbus:%s of unit id %d, register %04X gave nothing: %s (%s)"
                .formatted(what, unitId, register, e.getMessage(), e.kind()), exchange, e);
    }

    private boolean isUrgent() {
        return endpoint.getPriority() == ModbusEndpoint.Priority.POKE;
    }

    private Lane lane(Exchange exchange) throws CamelExchangeException {
        int gateway = required(exchange, ModbusEndpoint.GATEWAY, "gateway", endpoint.getGateway(), Integer.class);
        return component.lanes().lane(gateway).orElseThrow(
                () -> new CamelExchangeException("There is no enabled gateway with id " + gateway, exchange));
    }

    private int unitId(Exchange exchange) throws CamelExchangeException {
        int unitId = required(exchange, ModbusEndpoint.UNIT_ID, "unitId", endpoint.getUnitId(), Integer.class);
        if (unitId < 1 || unitId > 247) {
            throw new CamelExchangeException("unitId must be 1 to 247, not " + unitId, exchange);
        }
        return unitId;
    }

    private int register(Exchange exchange) throws CamelExchangeException {
        String register = required(exchange, ModbusEndpoint.REGISTER, "register", endpoint.getRegister(), String.class);
        if (!register.matches("[0-9A-Fa-f]{4}")) {
            throw new CamelExchangeException("register must be four hexadecimal digits, not " + register, exchange);
        }
        return Integer.parseInt(register, 16);
    }

    private static <T> T required(Exchange exchange, String header, String parameter, T fallback, Class<T> type)
            throws CamelExchangeException {
        T value = exchange.getMessage().getHeader(header, fallback, type);
        if (value == null) {
            throw new CamelExchangeException("Neither the parameter " + parameter + " nor the header " + header + " is set", exchange);
        }
        return value;
    }
}
