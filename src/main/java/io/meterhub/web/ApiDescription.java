package io.meterhub.web;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.PathItem;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.info.License;
import io.swagger.v3.oas.models.media.ArraySchema;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.IntegerSchema;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.ObjectSchema;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.media.StringSchema;
import io.swagger.v3.oas.models.parameters.HeaderParameter;
import io.swagger.v3.oas.models.parameters.RequestBody;
import io.swagger.v3.oas.models.responses.ApiResponse;
import io.swagger.v3.oas.models.security.SecurityRequirement;
import io.swagger.v3.oas.models.security.SecurityScheme;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.springdoc.core.customizers.OpenApiCustomizer;
import org.springdoc.core.customizers.OperationCustomizer;
import org.springdoc.core.utils.SpringDocUtils;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.converter.HttpMessageConverter;
import org.springframework.http.converter.json.MappingJackson2HttpMessageConverter;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** How the API speaks: strict JSON in, exact decimals out, and its own description at /v3/api-docs. */
@Configuration(proxyBeanMethods = false)
class ApiDescription implements WebMvcConfigurer {

    static {
        SpringDocUtils.getConfig().addRequestWrapperToIgnore(Operator.class);
    }

    /** Only for HTTP: what travels between hubs of two versions stays tolerant. */
    @Override
    public void extendMessageConverters(List<HttpMessageConverter<?>> converters) {
        for (HttpMessageConverter<?> converter : converters) {
            if (converter instanceof MappingJackson2HttpMessageConverter jackson) {
                ObjectMapper strict = jackson.getObjectMapper().copy()
                        .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, DeserializationFeature.FAIL_ON_TRAILING_TOKENS,
                                DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES, DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
                        .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
                        .enable(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN);
                jackson.setObjectMapper(strict);
            }
        }
    }

    @Bean
    OpenAPI api() {
        return new OpenAPI()
                .components(new Components().addSecuritySchemes("key", new SecurityScheme().type(SecurityScheme.Type.HTTP).scheme("bearer")))
                .addSecurityItem(new SecurityRequirement().addList("key"))
                .info(new Info().title("MeterHub").version("v1").license(new License().name("Apache-2.0")).description("""
                        Prepaid electricity and water in shopping malls: what the meters say, what the accounts hold, and supply.

                        **Numbers.** Energy is kWh, water m3, power kW, flow m3/h, money yuan. All are JSON numbers with all their
                        digits, never in exponent form: read them as decimals, not as binary floating point. Credit is exact and not
                        rounded to fen; amounts of a sale have at most two decimals.

                        **Times** are instants in UTC (ISO 8601, ending in Z); in requests any offset may be given, but it must be
                        given. Days (`siteDay`) are the site's, in the site's zone (`GET /api/v1/sites`).

                        **Who calls** is a machine by its key, `Authorization: Bearer mh_...`, or a page of the hub by its session. A key has
                        rights by name, at all sites or at some; what it may not see is not there for it.

                        **Changes** by a machine name the person it acts for in the header `X-Operator`: 1 to 64 characters, beyond ASCII
                        as UTF-8, plain or percent-encoded. The audit log has both, key/person. Bodies are JSON or, for files, multipart; an
                        unknown property is refused.

                        **Lists** take `limit` and answer `next`; given as `after` it continues the list.

                        **Errors** are `application/problem+json` (RFC 9457), with `errors` naming each field and what is allowed.
                        What the rules of supply and of the counter refuse is said in the language of Accept-Language, English or Chinese;
                        the names of the fields stay.
                        400: the request cannot be read or breaks this description. 401: no session and no valid key. 403: without the
                        right to it, or a page of another site asked. 404: there is no such thing, or not for the caller. 422: understood,
                        and refused by the rules. The same request again meets the same answer.
                        """));
    }

    @Bean
    OperationCustomizer operators() {
        return (operation, handler) -> Arrays.stream(handler.getMethodParameters()).noneMatch(parameter -> parameter.getParameterType() == Operator.class)
                ? operation : operation.addParametersItem(new HeaderParameter().name(Operator.HEADER).required(false).schema(new StringSchema())
                        .description("Needed from a machine: for whom it acts. Refused from a person, who is known"));
    }

    @Bean
    OpenApiCustomizer problemResponses() {
        return api -> {
            api.getComponents().addSchemas("Problem", problem());
            api.getPaths().values().forEach(path -> path.readOperations().forEach(ApiDescription::addProblem));
        };
    }

    /** One method serves all acts at the counter; each is described by itself, with what it takes. */
    @Bean
    OpenApiCustomizer counterActs() {
        return api -> {
            Operation all = api.getPaths().remove("/api/v1" + LedgerApi.ACTS).getPost();
            Map<?, ?> fields = api.getComponents().getSchemas().remove("CounterOrder").getProperties();
            AccountAct.atTheCounter().forEach(act -> {
                ObjectSchema body = new ObjectSchema();
                act.fields().forEach(field -> body.addProperty(field.name(), (Schema<?>) fields.get(field.name())));
                body.setRequired(act.fields().stream().filter(AccountAct.Field::needed).map(AccountAct.Field::name).toList());
                api.getPaths().computeIfAbsent("/api/v1" + LedgerApi.ACTS.replace("{act}", act.path()), path -> new PathItem())
                        .post(new Operation().tags(all.getTags()).summary(act.summary()).description(act.description()).operationId(act.path())
                                .parameters(all.getParameters().stream().filter(parameter -> !parameter.getName().equals("act")).toList())
                                .requestBody(new RequestBody().required(true).content(new Content().addMediaType("application/json",
                                        new MediaType().schema(body))))
                                .responses(all.getResponses()));
            });
        };
    }

    private static Schema<?> problem() {
        return new ObjectSchema()
                .addProperty("type", new StringSchema()).addProperty("title", new StringSchema())
                .addProperty("status", new IntegerSchema()).addProperty("detail", new StringSchema().description("For people"))
                .addProperty("instance", new StringSchema())
                .addProperty("errors", new ArraySchema().items(new ObjectSchema().addProperty("field", new StringSchema())
                        .addProperty("message", new StringSchema().description("What is wrong, and what is allowed"))));
    }

    private static void addProblem(Operation operation) {
        operation.getResponses().addApiResponse("default", new ApiResponse().description("Not done; the problem").content(
                new Content().addMediaType("application/problem+json",
                        new MediaType().schema(new Schema<>().$ref("#/components/schemas/Problem")))));
    }
}
