/**
 * The shops' own side (商户自助): a customer (商户) signs in by a code to the phone, sees what is the shop's own, and tops up with nobody on
 * duty; whoever scans a sticker (充值贴纸) may pay for its shop without signing in. A message to the phone tells of what was paid.
 *
 * <p>Owns the tables tenant_*, hourly_use and sticker. Promises that a customer sees the open accounts of the own shops and
 * nothing else, that a stranger sees of a shop its name alone, and that nobody learns which phones are known. A customer is no
 * person of the staff and has none of their rights: in every other room it may do nothing.
 */
@ApplicationModule(allowedDependencies = {"payment", "supply", "billing", "people", "runtime", "site"})
package io.meterhub.tenant;

import org.springframework.modulith.ApplicationModule;
