package io.meterhub.web;

import io.meterhub.people.Actor;
import io.meterhub.people.Rights;
import io.meterhub.site.Texts;
import org.springframework.core.MethodParameter;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.MissingRequestHeaderException;
import org.springframework.web.bind.support.WebDataBinderFactory;
import org.springframework.web.context.request.NativeWebRequest;
import org.springframework.web.method.support.HandlerMethodArgumentResolver;
import org.springframework.web.method.support.ModelAndViewContainer;

/** Gives a handler the one who acts. */
@Component
class OperatorResolver implements HandlerMethodArgumentResolver {

    private final Rights rights;
    private final Texts texts;

    OperatorResolver(Rights rights, Texts texts) {
        this.rights = rights;
        this.texts = texts;
    }

    @Override
    public boolean supportsParameter(MethodParameter parameter) {
        return parameter.getParameterType() == Operator.class;
    }

    @Override
    public Operator resolveArgument(MethodParameter parameter, ModelAndViewContainer container, NativeWebRequest request,
                                    WebDataBinderFactory binders) throws MissingRequestHeaderException {
        String named = request.getHeader(Operator.HEADER);
        Actor actor = rights.actor().orElse(null);
        if (actor == null || actor.machine() && named == null) {
            throw new MissingRequestHeaderException(Operator.HEADER, parameter);
        }
        if (actor.machine()) {
            return Operator.forPerson(actor.name(), named).orElseThrow(() -> refused("problem.operator"));
        }
        if (named != null) {
            throw refused("problem.operator_of_person");
        }
        return new Operator(actor.name());
    }

    private Problems.Refusal refused(String key) {
        return Problems.Refusal.field(HttpStatus.BAD_REQUEST, Operator.HEADER, texts.of(key));
    }
}
