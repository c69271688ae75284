package io.meterhub.web;

import io.meterhub.payment.Channel;
import io.meterhub.payment.Way;
import java.util.List;
import java.util.Locale;

/** In what a payer looks at the pages, which decides how the platforms' cashiers are reached from there. By what it says that it is. */
enum PayersBrowser {

    /** WeChat's own: there is no other way out of it than WeChat's own. */
    WECHAT(Way.WECHAT_JSAPI),
    /** Alipay's own. */
    ALIPAY(Way.ALIPAY_WAP),
    /** Any other of a phone: both apps are on it. */
    PHONE(Way.WECHAT_H5, Way.ALIPAY_WAP),
    /** Without the apps: codes to be scanned by a phone. */
    DESKTOP(Way.WECHAT_NATIVE, Way.ALIPAY_QR);

    private final List<Way> ways;

    PayersBrowser(Way... ways) {
        this.ways = List.of(ways);
    }

    static PayersBrowser of(String userAgent) {
        String agent = userAgent == null ? "" : userAgent.toLowerCase(Locale.ROOT);
        if (agent.contains("micromessenger")) {
            return WECHAT;
        }
        if (agent.contains("alipayclient")) {
            return ALIPAY;
        }
        return agent.contains("mobile") || agent.contains("android") || agent.contains("iphone") ? PHONE : DESKTOP;
    }

    /** Whether it is this platform's own. */
    boolean belongsTo(Channel channel) {
        return switch (channel) {
            case WECHAT -> this == WECHAT;
            case ALIPAY -> this == ALIPAY;
            case CASH, TRANSFER -> false;
        };
    }

    /** How it gets to a cashier, as far as the platforms that are set up offer it. */
    List<Way> ways(List<Way> offered) {
        return ways.stream().filter(offered::contains).toList();
    }
}
