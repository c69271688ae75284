package io.meterhub.web;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import io.meterhub.billing.AccountRefused;
import io.meterhub.billing.FeeRefused;
import io.meterhub.metering.ParameterRefused;
import io.meterhub.operation.OperationRefused;
import io.meterhub.payment.PaymentRefused;
import io.meterhub.people.Forbidden;
import io.meterhub.people.PeopleRefused;
import io.meterhub.site.Texts;
import io.meterhub.supply.SupplyRefused;
import jakarta.servlet.http.HttpServletRequest;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.UUID;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.TypeMismatchException;
import org.springframework.core.MethodParameter;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.validation.FieldError;
import org.springframework.validation.method.ParameterErrors;
import org.springframework.web.bind.MethodArgumentNotValidException;
import org.springframework.web.bind.MissingRequestHeaderException;
import org.springframework.web.bind.MissingServletRequestParameterException;
import org.springframework.web.bind.ServletRequestBindingException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.method.annotation.HandlerMethodValidationException;
import org.springframework.web.method.annotation.MethodArgumentTypeMismatchException;
import org.springframework.web.multipart.support.MissingServletRequestPartException;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;

/** Every error as problem+json (RFC 9457), {@code errors} names each field and says what is allowed; or, to a browser, as a page. */
@RestControllerAdvice
class Problems extends ResponseEntityExceptionHandler {

    private static final Logger log = LoggerFactory.getLogger(Problems.class);

    private final Texts texts;

    Problems(Texts texts) {
        this.texts = texts;
    }

    /** One thing that is wrong with a request. */
    record FieldProblem(String field, String message) {
    }

    /** A request that cannot be carried out as asked; ends as problem+json. */
    static final class Refusal extends RuntimeException {

        private final HttpStatus status;
        private final transient List<?> errors;

        Refusal(HttpStatus status, String message, List<?> errors) {
            super(message);
            this.status = status;
            this.errors = errors;
        }

        static Refusal notFound(String what, Object id) {
            return new Refusal(HttpStatus.NOT_FOUND, "There is no " + what + " " + id + ".", List.of());
        }

        static Refusal field(HttpStatus status, String field, String message) {
            return fields(status, List.of(new FieldProblem(field, message)));
        }

        static Refusal fields(HttpStatus status, List<FieldProblem> errors) {
            return new Refusal(status, detail(errors), errors);
        }
    }

    private static String detail(List<FieldProblem> errors) {
        return errors.stream().map(error -> error.field() + ": " + error.message()).collect(Collectors.joining("; "));
    }

    @ExceptionHandler
    ResponseEntity<ProblemDetail> refused(Refusal refusal) {
        return answer(refusal.status, refusal.getMessage(), refusal.errors);
    }

    @ExceptionHandler
    ResponseEntity<ProblemDetail> refused(Forbidden refusal) {
        refusal.right().ifPresent(right -> RefusalPage.missing(current().getRequest(), right));
        return answer(HttpStatus.FORBIDDEN, refusal.getMessage(), List.of());
    }

    @ExceptionHandler
    ResponseEntity<ProblemDetail> refused(PeopleRefused refusal) {
        return answer(HttpStatus.UNPROCESSABLE_ENTITY, refusal.getMessage(),
                List.of(new FieldProblem(refusal.field(), refusal.getMessage())));
    }

    @ExceptionHandler
    ResponseEntity<ProblemDetail> refused(AccountRefused refusal) {
        return answer(HttpStatus.UNPROCESSABLE_ENTITY, refusal.getMessage(),
                List.of(new FieldProblem(refusal.field(), refusal.getMessage())));
    }

    @ExceptionHandler
    ResponseEntity<ProblemDetail> refused(SupplyRefused refusal) {
        return answer(HttpStatus.UNPROCESSABLE_ENTITY, refusal.getMessage(),
                List.of(new FieldProblem(refusal.field(), refusal.getMessage())));
    }

    @ExceptionHandler
    ResponseEntity<ProblemDetail> refused(PaymentRefused refusal) {
        return answer(HttpStatus.UNPROCESSABLE_ENTITY, refusal.getMessage(),
                List.of(new FieldProblem(refusal.field(), refusal.getMessage())));
    }

    @ExceptionHandler
    ResponseEntity<ProblemDetail> refused(FeeRefused refusal) {
        return answer(HttpStatus.UNPROCESSABLE_ENTITY, refusal.field() + ": " + refusal.getMessage(),
                List.of(new FieldProblem(refusal.field(), refusal.getMessage())));
    }

    @ExceptionHandler
    ResponseEntity<ProblemDetail> refused(OperationRefused refusal) {
        return answer(HttpStatus.UNPROCESSABLE_ENTITY, refusal.getMessage(),
                List.of(new FieldProblem(refusal.field(), refusal.getMessage())));
    }

    @ExceptionHandler
    ResponseEntity<ProblemDetail> refused(ParameterRefused refusal) {
        return answer(HttpStatus.UNPROCESSABLE_ENTITY, refusal.getMessage(),
                List.of(new FieldProblem("values." + refusal.field(), refusal.getMessage())));
    }

    /** SQL states 22...: a value that the database cannot hold, such as a text with a NUL in it. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> refused(DataIntegrityViolationException e) {
        return e.getRootCause() instanceof SQLException cause && cause.getSQLState().startsWith("22")
                ? answer(HttpStatus.UNPROCESSABLE_ENTITY, "A value of the request cannot be kept: " + cause.getMessage(), List.of())
                : failed(e);
    }

    @ExceptionHandler
    ResponseEntity<ProblemDetail> failed(Exception fault) {
        String reference = UUID.randomUUID().toString();
        log.error("A request failed, reference {}", reference, fault);
        return answer(HttpStatus.INTERNAL_SERVER_ERROR, "The hub failed at this request; its log says more under "
                + reference + ".", List.of());
    }

    static ResponseEntity<ProblemDetail> answer(HttpStatusCode status, String detail, List<?> errors) {
        if (asPage(status, detail)) {
            return null;
        }
        return ResponseEntity.status(status).contentType(MediaType.APPLICATION_PROBLEM_JSON).body(problem(status, detail, errors));
    }

    /** Notes why, and answers with the page where one is wanted. */
    private static boolean asPage(HttpStatusCode status, String detail) {
        HttpServletRequest request = current().getRequest();
        request.setAttribute(RefusedActs.WHY, detail);
        if (!RefusalPage.wanted(request)) {
            return false;
        }
        RefusalPage.show(request, current().getResponse(), status, null);
        return true;
    }

    private static ServletRequestAttributes current() {
        return (ServletRequestAttributes) RequestContextHolder.currentRequestAttributes();
    }

    @Override
    protected ResponseEntity<Object> handleExceptionInternal(Exception e, Object body, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        return asPage(status, body instanceof ProblemDetail problem ? problem.getDetail() : null) ? null
                : super.handleExceptionInternal(e, body, headers, status, request);
    }

    private static ProblemDetail problem(HttpStatusCode status, String detail, List<?> errors) {
        ProblemDetail problem = ProblemDetail.forStatusAndDetail(status, detail);
        if (!errors.isEmpty()) {
            problem.setProperty("errors", errors);
        }
        return problem;
    }

    @Override
    protected ResponseEntity<Object> handleMethodArgumentNotValid(MethodArgumentNotValidException e, HttpHeaders headers,
                                                                  HttpStatusCode status, WebRequest request) {
        return bad(e, e.getFieldErrors().stream().map(Problems::problem).toList(), headers, request);
    }

    private static FieldProblem problem(FieldError error) {
        return new FieldProblem(error.getField(), error.getDefaultMessage());
    }

    @Override
    protected ResponseEntity<Object> handleHandlerMethodValidationException(HandlerMethodValidationException e,
                                                                            HttpHeaders headers, HttpStatusCode status,
                                                                            WebRequest request) {
        List<FieldProblem> errors = e.getParameterValidationResults().stream().flatMap(result -> result instanceof ParameterErrors body
                ? body.getFieldErrors().stream().map(Problems::problem)
                : result.getResolvableErrors().stream().map(error -> new FieldProblem(
                        name(result.getMethodParameter()), error.getDefaultMessage()))).toList();
        return bad(e, errors, headers, request);
    }

    private static String name(MethodParameter parameter) {
        RequestHeader header = parameter.getParameterAnnotation(RequestHeader.class);
        return header != null ? header.value() : parameter.getParameterName();
    }

    @Override
    protected ResponseEntity<Object> handleHttpMessageNotReadable(HttpMessageNotReadableException e, HttpHeaders headers,
                                                                  HttpStatusCode status, WebRequest request) {
        Throwable cause = e.getCause();
        if (cause instanceof UnrecognizedPropertyException unknown) {
            return bad(e, List.of(new FieldProblem(path(unknown), texts.of("problem.unknown",
                    unknown.getKnownPropertyIds().stream().map(Object::toString).sorted().collect(Collectors.joining(", "))))),
                    headers, request);
        }
        if (cause instanceof JsonMappingException mapping && !mapping.getPath().isEmpty()) {
            return bad(e, List.of(new FieldProblem(path(mapping), allowed(mapping))), headers, request);
        }
        String detail = cause instanceof JacksonException json ? texts.of("problem.not_json", json.getOriginalMessage())
                : texts.of("problem.no_body");
        return handleExceptionInternal(e, problem(HttpStatus.BAD_REQUEST, detail, List.of()), headers, HttpStatus.BAD_REQUEST, request);
    }

    private static String path(JsonMappingException e) {
        return e.getPath().stream().map(step -> step.getFieldName() == null ? "[" + step.getIndex() + "]" : step.getFieldName())
                .collect(Collectors.joining(".")).replace(".[", "[");
    }

    private String allowed(JsonMappingException e) {
        if (e instanceof InvalidFormatException format) {
            return texts.of("problem.must_be", allowed(format.getTargetType()), String.valueOf(format.getValue()));
        }
        return e.getOriginalMessage();
    }

    private String allowed(Class<?> type) {
        if (type == null) {
            return texts.of("problem.type.other");
        }
        if (type.isEnum()) {
            return texts.of("problem.type.enum",
                    Arrays.stream(type.getEnumConstants()).map(Object::toString).collect(Collectors.joining(", ")));
        }
        return switch (type.getSimpleName()) {
            case "int", "Integer", "long", "Long" -> texts.of("problem.type.whole");
            case "BigDecimal", "Instant", "LocalDate", "YearMonth", "LocalTime" -> texts.of("problem.type." + type.getSimpleName());
            default -> texts.of("problem.type.named", type.getSimpleName());
        };
    }

    @Override
    protected ResponseEntity<Object> handleTypeMismatch(TypeMismatchException e, HttpHeaders headers, HttpStatusCode status,
                                                        WebRequest request) {
        String field = e instanceof MethodArgumentTypeMismatchException argument ? argument.getName() : e.getPropertyName();
        return bad(e, List.of(new FieldProblem(field, texts.of("problem.must_be", allowed(e.getRequiredType()), String.valueOf(e.getValue())))),
                headers, request);
    }

    @Override
    protected ResponseEntity<Object> handleMissingServletRequestParameter(MissingServletRequestParameterException e,
                                                                          HttpHeaders headers, HttpStatusCode status,
                                                                          WebRequest request) {
        return bad(e, List.of(new FieldProblem(e.getParameterName(), texts.of("valid.needed"))), headers, request);
    }

    @Override
    protected ResponseEntity<Object> handleMissingServletRequestPart(MissingServletRequestPartException e, HttpHeaders headers,
                                                                     HttpStatusCode status, WebRequest request) {
        return bad(e, List.of(new FieldProblem(e.getRequestPartName(), texts.of("problem.part"))), headers, request);
    }

    @Override
    protected ResponseEntity<Object> handleServletRequestBindingException(ServletRequestBindingException e, HttpHeaders headers,
                                                                          HttpStatusCode status, WebRequest request) {
        String field = e instanceof MissingRequestHeaderException header ? header.getHeaderName() : "request";
        return bad(e, List.of(new FieldProblem(field, texts.of("valid.needed"))), headers, request);
    }

    private ResponseEntity<Object> bad(Exception e, List<FieldProblem> errors, HttpHeaders headers, WebRequest request) {
        return handleExceptionInternal(e, problem(HttpStatus.BAD_REQUEST, detail(errors), errors), headers, HttpStatus.BAD_REQUEST, request);
    }

    /** What a query that should find one row found none of. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> missing(NoSuchElementException e) {
        return answer(HttpStatus.NOT_FOUND, e.getMessage(), List.of());
    }
}
