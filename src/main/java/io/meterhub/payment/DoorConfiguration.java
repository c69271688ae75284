package io.meterhub.payment;

import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;

/** What stands before the doors of all channels. */
@Configuration(proxyBeanMethods = false)
class DoorConfiguration {

    @Bean
    FilterRegistrationBean<NoticeSize> noticeSize(RefusedNotices refused) {
        FilterRegistrationBean<NoticeSize> filter = new FilterRegistrationBean<>(new NoticeSize(refused));
        filter.addUrlPatterns(NoticeSize.PATH + "*");
        // before anything that may want to know a request's fields
        filter.setOrder(Ordered.HIGHEST_PRECEDENCE + 20);
        return filter;
    }
}
