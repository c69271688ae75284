package io.meterhub.simulator;

import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The virtual mall as a person breaks and mends it while it runs. Only there where the mall is. */
@RestController
@ConditionalOnProperty("meterhub.simulator.enabled")
@RequestMapping("/demo/v1")
@Tag(name = "Virtual mall", description = "What the virtual meters truly count, and the faults they can be given. Demo only.")
class MallController {

    private static final String KINDS = Stream.of(FaultKind.values()).map(FaultKind::name).collect(Collectors.joining(", "));

    private final VirtualMall mall;

    MallController(VirtualMall mall) {
        this.mall = mall;
    }

    /** The body that switches a fault on; what is left out has the kind's usual value. */
    @Schema(name = "Fault")
    record FaultRequest(
            @Schema(requiredMode = Schema.RequiredMode.REQUIRED, example = "SILENT",
                    description = "SILENT, SLOW, LATE, GARBAGE, BAD_CRC (a wrong protocol identifier on Modbus TCP), EXCEPTION,"
                            + " WRONG_UNIT, REPLY_LOST (writes only), CUT; at a meter also SET_BACK, OVERFLOW, SWAPPED, STUCK, SLIPPING, LEAK")
            String kind,
            @Schema(example = "{\"delayMillis\": 500, \"times\": 1}",
                    description = "delayMillis (SLOW, LATE; 0 to 60000); code (EXCEPTION; 1 to 11); amount in kWh or m3 (SET_BACK: by"
                            + " how much; OVERFLOW: how far below the register's end; SWAPPED: the new counter; LEAK: kW or m3/h); times (how many"
                            + " requests it spoils; 0: until it is taken back)")
            Map<String, BigDecimal> options) {
    }

    /** The body that sets a meter's load. */
    record LoadRequest(@Schema(description = "0 to 1000; the mall's own factor comes on top", example = "5") Double factor) {
    }

    /** The body that makes a meter's clock wrong. */
    record ClockRequest(@Schema(description = "how far it goes before the time, negative: behind", example = "-90") int offsetSeconds,
                        @Schema(description = "how fast it goes wrong from then on, millionths", example = "40") int ppm) {
    }

    @GetMapping("/gateways")
    @Operation(summary = "All gateways, with their connections and faults")
    List<GatewayTruth> gateways() {
        return mall.gateways();
    }

    @GetMapping("/meters")
    @Operation(summary = "All meters, or those of one gateway, as they truly are")
    List<MeterTruth> meters(@RequestParam(required = false) String gateway) {
        if (gateway == null) {
            return mall.meters();
        }
        mall.gateway(gateway);
        return mall.meters().stream().filter(meter -> meter.gateway().equals(gateway)).toList();
    }

    @GetMapping("/meters/{code}")
    @Operation(summary = "One meter as it truly is")
    MeterTruth meter(@PathVariable String code) {
        return mall.meter(code);
    }

    @PutMapping("/meters/{code}/fault")
    @Operation(summary = "Switches a fault on at a meter, in place of the one that was on")
    MeterTruth fault(@PathVariable String code, @RequestBody FaultRequest request) {
        mall.fault(code, fault(request));
        return mall.meter(code);
    }

    @DeleteMapping("/meters/{code}/fault")
    @Operation(summary = "Takes a meter's fault back")
    MeterTruth clearFault(@PathVariable String code) {
        mall.clearFault(code);
        return mall.meter(code);
    }

    @PutMapping("/gateways/{code}/fault")
    @Operation(summary = "Switches a fault on at a gateway, for all its meters")
    GatewayTruth gatewayFault(@PathVariable String code, @RequestBody FaultRequest request) {
        mall.gatewayFault(code, fault(request));
        return mall.gateway(code);
    }

    @DeleteMapping("/gateways/{code}/fault")
    @Operation(summary = "Takes a gateway's fault back")
    GatewayTruth clearGatewayFault(@PathVariable String code) {
        mall.clearGatewayFault(code);
        return mall.gateway(code);
    }

    @PutMapping("/meters/{code}/load-factor")
    @Operation(summary = "Multiplies a meter's load from now on")
    MeterTruth loadFactor(@PathVariable String code, @RequestBody LoadRequest request) {
        if (request.factor() == null) {
            throw new IllegalArgumentException("The field factor is missing: a number from 0 to 1000.");
        }
        mall.loadFactor(code, request.factor());
        return mall.meter(code);
    }

    @PutMapping("/meters/{code}/clock")
    @Operation(summary = "Puts a meter's clock off, and lets it drift from now on")
    MeterTruth clock(@PathVariable String code, @RequestBody ClockRequest request) {
        mall.clock(code, Duration.ofSeconds(request.offsetSeconds()), request.ppm());
        return mall.meter(code);
    }

    @PutMapping("/meters/{code}/power-factor")
    @Operation(summary = "Gives a meter's load this power factor from now on; 0: as usual")
    MeterTruth powerFactor(@PathVariable String code, @RequestBody LoadRequest request) {
        if (request.factor() == null) {
            throw new IllegalArgumentException("The field factor is missing: a number from 0 to 1.");
        }
        mall.powerFactor(code, request.factor());
        return mall.meter(code);
    }

    private static Fault fault(FaultRequest request) {
        Fault fault = Fault.of(kind(request.kind()));
        if (request.options() == null) {
            return fault;
        }
        for (Map.Entry<String, BigDecimal> option : request.options().entrySet()) {
            fault = switch (option.getKey()) {
                case "delayMillis" -> fault.delay(Duration.ofMillis(whole(option, 60_000)));
                case "code" -> fault.code(whole(option, 11));
                case "amount" -> fault.amount(option.getValue());
                case "times" -> fault.times(whole(option, 1_000_000));
                default -> throw new IllegalArgumentException("There is no option " + option.getKey()
                        + ": delayMillis, code, amount and times are allowed.");
            };
        }
        return fault;
    }

    private static int whole(Map.Entry<String, BigDecimal> option, int most) {
        BigDecimal value = option.getValue();
        if (value == null || value.signum() < 0 || value.compareTo(BigDecimal.valueOf(most)) > 0
                || value.stripTrailingZeros().scale() > 0) {
            throw new IllegalArgumentException("The option " + option.getKey() + " must be a whole number from 0 to " + most + ".");
        }
        return value.intValue();
    }

    private static FaultKind kind(String word) {
        String name = String.valueOf(word).toUpperCase(Locale.ROOT).replace('-', '_');
        return Arrays.stream(FaultKind.values()).filter(kind -> kind.name().equals(name)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("The field kind must be one of " + KINDS + "."));
    }

    @ExceptionHandler
    ProblemDetail unknown(NoSuchElementException e) {
        return ProblemDetail.forStatusAndDetail(HttpStatus.NOT_FOUND, e.getMessage());
    }

    @ExceptionHandler
    ProblemDetail notAllowed(IllegalArgumentException e) {
        return ProblemDetail.forStatusAndDetail(HttpStatus.BAD_REQUEST, e.getMessage());
    }

    @ExceptionHandler
    ProblemDetail unreadable(HttpMessageNotReadableException e) {
        return ProblemDetail.forStatusAndDetail(HttpStatus.BAD_REQUEST, "The body must be JSON: {\"kind\": one of " + KINDS
                + ", \"options\": {\"delayMillis\", \"code\", \"amount\", \"times\"}} for a fault, {\"factor\": 0 to 1000} for a load.");
    }
}
