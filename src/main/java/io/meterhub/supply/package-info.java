/**
 * Who is on and who is off: reasons (停电原因), wanted and seen state, and the control loop that makes them agree.
 * KEEP_ON is 保电.
 *
 * <p>Owns the tables supply_reason, meter_supply, supply_event, supply_terms, supply_step, mass_cut, shut_valve, water_night,
 * valve_exercise, water_setting, shop_rule, group_rule (限功率, 恶性负载, 时控), overload, meter_hold (表内参数), meter_credit (表内金额), meter_purchase,
 * meter_credit_check and meter_credit_limit, and the queues meter.credit and meter.held. Promises that nobody is off without a reason that can be shown, that the hub closes only
 * what it opened itself, that a command is repeated only after reading back, and that a purchase is in a meter once.
 */
@ApplicationModule(allowedDependencies = {"billing", "metering", "people", "site"})
package io.meterhub.supply;

import org.springframework.modulith.ApplicationModule;
