/**
 * From a believed reading to money: tariffs (电价), charge lines, accounts (预付费账户) and the double-entry ledger.
 *
 * <p>Owns the tables tariff*, rerating*, calendar_day, tier_use, account*, charge_line, journal*, entry and receipt; for what is taken besides (公摊,
 * 物业费) sharing_*, shared_line, property_fee*, fee_*, grid_bill, give_back* and meter_parent. Promises that debits equal
 * credits, that a reading is charged once, and that credit = posted ledger balance - charge lines not yet posted. Money is exact; it is
 * rounded to fen only where it leaves the hub. It tells {@link io.meterhub.billing.CreditWatch} when credit runs out or returns,
 * {@link io.meterhub.billing.FeeWatch} when a property fee is overdue or paid.
 */
@ApplicationModule(allowedDependencies = {"metering", "people", "runtime", "site"})
package io.meterhub.billing;

import org.springframework.modulith.ApplicationModule;
