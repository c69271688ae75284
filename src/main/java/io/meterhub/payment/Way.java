package io.meterhub.payment;

/** How the payer gets to the platform's cashier. */
public enum Way {

    /** In WeChat's own browser; needs the payer's openid. */
    WECHAT_JSAPI(Channel.WECHAT),
    /** A code to scan with WeChat. */
    WECHAT_NATIVE(Channel.WECHAT),
    /** From another browser of a phone to WeChat; needs the payer's address. */
    WECHAT_H5(Channel.WECHAT),
    /** A code to scan with Alipay (precreate). */
    ALIPAY_QR(Channel.ALIPAY),
    /** From a phone's browser to Alipay (wap.pay). */
    ALIPAY_WAP(Channel.ALIPAY),
    /** On a desktop (page.pay). */
    ALIPAY_PAGE(Channel.ALIPAY),
    COUNTER_CASH(Channel.CASH),
    COUNTER_TRANSFER(Channel.TRANSFER);

    private final Channel channel;

    Way(Channel channel) {
        this.channel = channel;
    }

    public Channel channel() {
        return channel;
    }
}
