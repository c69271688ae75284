package io.meterhub.billing;

/** How money changes hands: at the counter as cash or by bank transfer, or through a payment platform. */
public enum PayMethod {
    CASH, TRANSFER,
    /** 微信支付. */
    WECHAT,
    /** 支付宝. */
    ALIPAY;

    public boolean atCounter() {
        return this == CASH || this == TRANSFER;
    }
}
