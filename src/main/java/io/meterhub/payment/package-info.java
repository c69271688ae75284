/**
 * Unattended sale: orders (订单) that shops pay by WeChat (微信支付) or Alipay (支付宝), at the counter in cash or by transfer; refunds (退款), and
 * the comparison with the platforms' bills (对账).
 *
 * <p>Owns the tables pay_*. Promises that each successful payment of a platform is credited once, given back or kept in suspense (挂账) where
 * staff see it, that no answer is never taken for a failure, and that what was given back never exceeds what was paid.
 */
@ApplicationModule(allowedDependencies = {"supply", "billing", "people", "runtime", "site"})
package io.meterhub.payment;

import org.springframework.modulith.ApplicationModule;
