package io.meterhub.payment;

/** By what an order is paid. The first two are platforms, each behind a {@link Platform}; the others are the counter's. */
public enum Channel {

    /** 微信支付, API v3. */
    WECHAT,
    /** 支付宝. */
    ALIPAY,
    /** 现金. */
    CASH,
    /** 银行转账. */
    TRANSFER;

    public boolean isPlatform() {
        return switch (this) {
            case WECHAT, ALIPAY -> true;
            case CASH, TRANSFER -> false;
        };
    }
}
