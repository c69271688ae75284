package io.meterhub.metering;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.spi.annotations.Component;
import org.apache.camel.support.CamelContextHelper;
import org.apache.camel.support.DefaultComponent;

/**
 * The Camel component {@code modbus}: rounds, reads and writes on the gateways that the hub knows, through the one lane of
 * each. Its endpoints are told of in {@link ModbusEndpoint}.
 */
@Component("modbus")
public class ModbusComponent extends DefaultComponent {

    private Lanes lanes;
    private ObjectMapper json;

    @Override
    protected void doInit() throws Exception {
        super.doInit();
        lanes = CamelContextHelper.mandatoryFindSingleByType(getCamelContext(), Lanes.class);
        json = CamelContextHelper.mandatoryFindSingleByType(getCamelContext(), ObjectMapper.class);
    }

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        ModbusEndpoint endpoint = new ModbusEndpoint(uri, this, ModbusEndpoint.Operation.of(remaining));
        setProperties(endpoint, parameters);
        return endpoint;
    }

    Lanes lanes() {
        return lanes;
    }

    ObjectMapper json() {
        return json;
    }
}
