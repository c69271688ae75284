/**
 * The virtual mall: gateways and meters that speak real Modbus on loopback sockets, at the pace of an RS485 bus, with
 * relays that stop consumption and faults that can be switched on. It is the demo, the commissioning aid and the test bed.
 *
 * <p>Owns a state file in the data folder, so that counters survive a crash as those of real meters do. Knows nothing of
 * the hub but the site's spreadsheet: its registers are its own reading of the makers' manuals, not the hub's model files.
 *
 * <p>Beside it payment platforms are played, by what they document: they sign with keys of their own, look at the hub's signatures, repeat
 * what nobody took, make bills, and have a cashier page. And there are the customers' phones, for what is sent to them.
 */
@ApplicationModule(allowedDependencies = {"tenant", "runtime", "site"})
package io.meterhub.simulator;

import org.springframework.modulith.ApplicationModule;
