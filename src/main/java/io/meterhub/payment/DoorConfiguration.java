package io.meterhub.payment;

import java.util.UUID;
import org.apache.camel.component.servlet.CamelHttpTransportServlet;
import org.apache.camel.component.servlet.ServletComponent;
import org.apache.camel.spi.ComponentCustomizer;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;

/** What stands before the doors of all channels. */
@Configuration(proxyBeanMethods = false)
class DoorConfiguration {

    /** Where the routes of notices begin. Camel finds it by its name, which is to be no other hub's of the same Java machine. */
    @Bean
    ServletRegistrationBean<CamelHttpTransportServlet> notices() {
        ServletRegistrationBean<CamelHttpTransportServlet> servlet = new ServletRegistrationBean<>(new CamelHttpTransportServlet(), NoticeSize.PATH + "*");
        servlet.setName("notices-" + UUID.randomUUID());
        servlet.setLoadOnStartup(0);
        return servlet;
    }

    @Bean
    ComponentCustomizer routesOfNotices(ServletRegistrationBean<CamelHttpTransportServlet> notices) {
        return ComponentCustomizer.builder(ServletComponent.class).build((name, component) -> component.setServletName(notices.getServletName()));
    }

    @Bean
    FilterRegistrationBean<NoticeSize> noticeSize(RefusedNotices refused, ServletRegistrationBean<CamelHttpTransportServlet> notices) {
        FilterRegistrationBean<NoticeSize> filter = new FilterRegistrationBean<>(new NoticeSize(refused, notices.getServletName()));
        filter.addUrlPatterns(NoticeSize.PATH + "*");
        // before anything that may want to know a request's fields
        filter.setOrder(Ordered.HIGHEST_PRECEDENCE + 20);
        return filter;
    }
}
