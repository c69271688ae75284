/**
 * From the wire to a believed reading: meter models (files), the {@code modbus} component with one lane per gateway,
 * rounds (抄表轮询), readings and their history.
 *
 * <p>Owns the tables meter_state, reading, quarter_hour, quarantine, meter_replacement, watch, clock_look and clock_setting and
 * the queues gateway.poll and meter.readings. Promises one transaction at a time on a bus, that a reading counts once, and that what
 * cannot be true is kept aside with its raw registers. It asks {@link io.meterhub.metering.SupplyControl} what to switch.
 */
@ApplicationModule(allowedDependencies = {"people", "runtime", "site"})
package io.meterhub.metering;

import org.springframework.modulith.ApplicationModule;
