package io.meterhub.payment;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.LocalTime;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings {@code meterhub.payment.reconciliation}.
 *
 * @param wechatDue        when, on the next day, the platform's bill is there; in the platforms' own time, Asia/Shanghai
 * @param cutOff           what was paid so near to midnight may stand in the other day's bill
 * @param lateAfter        a bill that is not there so long after it is due is an alarm
 * @param openAtMost       so is a day that is open for so long
 * @param wechatFeePercent what the platform keeps of a payment as agreed; left out: fees are not judged. Another one is for days compared from then on
 */
@ConfigurationProperties("meterhub.payment.reconciliation")
record ReconciliationSettings(@DefaultValue("10:00") LocalTime wechatDue, @DefaultValue("09:00") LocalTime alipayDue,
                              @DefaultValue("10m") Duration cutOff, @DefaultValue("6h") Duration lateAfter, @DefaultValue("2d") Duration openAtMost,
                              BigDecimal wechatFeePercent, BigDecimal alipayFeePercent) {

    ReconciliationSettings {
        if (cutOff.isNegative() || cutOff.compareTo(Duration.ofHours(2)) > 0) {
            throw new IllegalArgumentException("meterhub.payment.reconciliation.cut-off must be 0s to 2h, not " + cutOff);
        }
        if (lateAfter.isNegative() || openAtMost.isNegative()) {
            throw new IllegalArgumentException("meterhub.payment.reconciliation.late-after and open-at-most must not be below 0");
        }
        percent("wechat", wechatFeePercent);
        percent("alipay", alipayFeePercent);
    }

    private static void percent(String channel, BigDecimal percent) {
        if (percent != null && (percent.signum() < 0 || percent.compareTo(BigDecimal.TEN) > 0)) {
            throw new IllegalArgumentException("meterhub.payment.reconciliation." + channel + "-fee-percent must be 0 to 10, not " + percent);
        }
    }

    LocalTime due(Channel channel) {
        return switch (channel) {
            case WECHAT -> wechatDue;
            case ALIPAY -> alipayDue;
            case CASH, TRANSFER -> throw new IllegalArgumentException(channel + " has no bills");
        };
    }

    Comparison.Terms terms(Channel channel) {
        return terms(switch (channel) {
            case WECHAT -> wechatFeePercent;
            case ALIPAY -> alipayFeePercent;
            case CASH, TRANSFER -> throw new IllegalArgumentException(channel + " has no bills");
        });
    }

    /** @param feePercent null: fees are not judged */
    Comparison.Terms terms(BigDecimal feePercent) {
        return new Comparison.Terms(cutOff, feePercent);
    }
}
