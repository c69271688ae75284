package io.meterhub.simulator;

import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** The played payment platforms as a person breaks and mends them, and lets their days go by. Only there where they are. */
@RestController
@ConditionalOnProperty("meterhub.simulator.platforms.enabled")
@RequestMapping("/demo/v1/platforms")
@Tag(name = "Played payment platforms", description = "What can go wrong between hub and platforms. Demo only.")
class PlatformsController {

    private final List<PlayedPlatform> platforms;

    PlatformsController(List<PlayedPlatform> platforms) {
        this.platforms = platforms;
    }

    /** A platform as it is now. */
    record Played(String name, URI cashier, Instant now, List<PayFaults.On> faults) {
    }

    /** The body that switches a fault on. */
    @Schema(name = "PlatformFault")
    record FaultRequest(@Schema(description = "which order; left out: whichever comes") String order,
                        @Schema(description = "how many it spoils; left out or 0: until it is taken back") int times) {
    }

    @GetMapping
    @Operation(summary = "The played platforms, where their cashiers are, and the faults that are on")
    List<Played> all() {
        return platforms.stream().map(PlatformsController::played).toList();
    }

    @PutMapping("/{name}/faults/{fault}")
    @Operation(summary = "Switches a fault on: NOTICE_LOST, NOTICE_LATE, NOTICE_TWICE, NOTICE_FIFTY, NOTICE_EARLY, NOTICE_OUT_OF_ORDER,"
            + " AMOUNT_WRONG, NOTICE_FORGED, NOTICE_REPLAYED, SERIAL_UNKNOWN, SIGNATURE_PROBE, QUERY_TIMES_OUT, QUERY_HANGS, REFUND_UNKNOWN,"
            + " REFUND_ABNORMAL, REFUND_CLOSED, BILL_LATE, BILL_STALLS")
    Played fault(@PathVariable String name, @PathVariable String fault, @RequestBody(required = false) FaultRequest request) {
        PlayedPlatform platform = platform(name);
        platform.faults().set(fault(fault), request == null ? null : request.order(), request == null ? 0 : request.times());
        return played(platform);
    }

    @DeleteMapping("/{name}/faults")
    @Operation(summary = "Takes all faults of a platform back")
    Played mend(@PathVariable String name) {
        PlayedPlatform platform = platform(name);
        platform.faults().clear();
        return played(platform);
    }

    @PostMapping("/{name}/days")
    @Operation(summary = "Lets a day go by at a platform at once, so that it makes the bill of this one")
    Played pass(@PathVariable String name) {
        PlayedPlatform platform = platform(name);
        platform.time().pass(Duration.ofDays(1));
        return played(platform);
    }

    private PlayedPlatform platform(String name) {
        return platforms.stream().filter(platform -> platform.name().equals(name)).findFirst()
                .orElseThrow(() -> new NoSuchElementException("There is no platform " + name + ": "
                        + platforms.stream().map(PlayedPlatform::name).toList() + " are played."));
    }

    private static PayFault fault(String name) {
        return Arrays.stream(PayFault.values()).filter(fault -> fault.name().equals(name)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("The fault must be one of " + Arrays.toString(PayFault.values()) + "."));
    }

    private static Played played(PlayedPlatform platform) {
        return new Played(platform.name(), platform.cashier(), platform.time().now(), platform.faults().all());
    }

    @ExceptionHandler
    ProblemDetail unknown(NoSuchElementException e) {
        return ProblemDetail.forStatusAndDetail(HttpStatus.NOT_FOUND, e.getMessage());
    }

    @ExceptionHandler
    ProblemDetail notAllowed(IllegalArgumentException e) {
        return ProblemDetail.forStatusAndDetail(HttpStatus.BAD_REQUEST, e.getMessage());
    }
}
