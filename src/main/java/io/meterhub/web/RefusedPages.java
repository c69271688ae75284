package io.meterhub.web;

import io.meterhub.site.Texts;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Map;
import java.util.stream.Collectors;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.ModelAndView;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** What a page says of an act that was refused, for {@link RefusedActs}. */
@Component
class RefusedPages implements HandlerInterceptor, WebMvcConfigurer {

    private final Texts texts;

    RefusedPages(Texts texts) {
        this.texts = texts;
    }

    @Override
    public void addInterceptors(InterceptorRegistry registry) {
        registry.addInterceptor(this);
    }

    @Override
    public void postHandle(HttpServletRequest request, HttpServletResponse response, Object handler, ModelAndView page) {
        if (page == null || response.getStatus() < 400) {
            return;
        }
        if (page.getModel().get("refused") instanceof String said) {
            request.setAttribute(RefusedActs.WHY, said);
        } else if (page.getModel().get("told") instanceof DetailsPage.Told told && !told.done()) {
            request.setAttribute(RefusedActs.WHY, texts.of(told.key(), told.parameters()));
        } else if (page.getModel().get("wrong") instanceof Map<?, ?> wrong) {
            request.setAttribute(RefusedActs.WHY, wrong.entrySet().stream().map(field -> field.getKey() + ": " + field.getValue())
                    .collect(Collectors.joining("; ")));
        }
    }
}
