package io.meterhub.metering;

import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultEndpoint;

/**
 * Reads and writes meters over Modbus TCP or RTU over TCP, one transaction at a time on each gateway's bus.
 *
 * <ul>
 * <li>{@code modbus:round} takes a job as its body, {@code {"gateway": 3}} or {@code {"gateway": 3, "meters": [17, 18]}}
 * (JSON or a map), and answers an iterator of {@link Slice}s that reads as it is read: split it, streaming. When
 * two rounds of a gateway wait already, a third answers an empty list.
 * <li>{@code modbus:read} answers a list of words, 0 to 65535.
 * <li>{@code modbus:write} writes its body, a list of words; it does not repeat what fails.
 * </ul>
 *
 * The headers {@value #GATEWAY}, {@value #UNIT_ID} and {@value #REGISTER} outrank the parameters of the same name.
 */
@UriEndpoint(firstVersion = "0.1.0", scheme = "modbus", title = "Modbus", syntax = "modbus:operation", producerOnly = true,
        category = {Category.IOT}, headersClass = ModbusEndpoint.class)
public class ModbusEndpoint extends DefaultEndpoint {

    @Metadata(label = "producer", description = "Id of the gateway", javaType = "Integer")
    public static final String GATEWAY = "CamelModbusGateway";
    @Metadata(label = "producer", description = "Unit id of the meter on the gateway's bus", javaType = "Integer")
    public static final String UNIT_ID = "CamelModbusUnitId";
    @Metadata(label = "producer", description = "First register, four hexadecimal digits", javaType = "String")
    public static final String REGISTER = "CamelModbusRegister";

    /** What an endpoint does. */
    public enum Operation {
        ROUND, READ, WRITE;

        static Operation of(String path) {
            return switch (path) {
                case "round" -> ROUND;
                case "read" -> READ;
                case "write" -> WRITE;
                default -> throw new IllegalArgumentException("modbus:" + path + " is not known; there are modbus:round,"
                        + " modbus:read and modbus:write");
            };
        }
    }

    /** Whose turn it is on the bus. */
    public enum Priority { POLL, POKE }

    @UriPath(description = "What to do: round, read or write")
    @Metadata(required = true)
    private final Operation operation;
    @UriParam(defaultValue = "POLL", description = "POKE goes ahead of POLL: it waits for one transaction, never for a round")
    private Priority priority = Priority.POLL;
    @UriParam(description = "Id of the gateway; a round takes it from its job")
    private Integer gateway;
    @UriParam(description = "Unit id of the meter, 1 to 247, for read and write")
    private Integer unitId;
    @UriParam(description = "First register, four hexadecimal digits, for read and write")
    private String register;
    @UriParam(defaultValue = "1", description = "How many registers read takes, 1 to 125")
    private int count = 1;

    ModbusEndpoint(String uri, ModbusComponent component, Operation operation) {
        super(uri, component);
        this.operation = operation;
    }

    @Override
    public Producer createProducer() {
        return new ModbusProducer(this, (ModbusComponent) getComponent());
    }

    @Override
    public Consumer createConsumer(Processor processor) {
        throw new UnsupportedOperationException("modbus is asked, it does not start anything: use it in a to, after a quartz tick");
    }

    public Operation getOperation() {
        return operation;
    }

    public Priority getPriority() {
        return priority;
    }

    public void setPriority(Priority priority) {
        this.priority = priority;
    }

    public Integer getGateway() {
        return gateway;
    }

    public void setGateway(Integer gateway) {
        this.gateway = gateway;
    }

    public Integer getUnitId() {
        return unitId;
    }

    public void setUnitId(Integer unitId) {
        this.unitId = unitId;
    }

    public String getRegister() {
        return register;
    }

    public void setRegister(String register) {
        this.register = register;
    }

    public int getCount() {
        return count;
    }

    /** @throws IllegalArgumentException unless 1 to 125 */
    public void setCount(int count) {
        if (count < 1 || count > ReadPlan.MOST_REGISTERS) {
            throw new IllegalArgumentException("count must be 1 to " + ReadPlan.MOST_REGISTERS + ", not " + count);
        }
        this.count = count;
    }
}
