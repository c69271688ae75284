package io.meterhub.web;

import io.meterhub.web.DeadLetters.DeadLetter;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** What the hub could not process, for staff to look at, try again or drop. */
@RestController
@RequestMapping("/api/v1/dead-letters")
@Tag(name = "Dead letters")
class DeadLettersApi {

    private static final String ID = "[0-9a-fA-F-]{36}";

    private final DeadLetters deadLetters;

    DeadLettersApi(DeadLetters deadLetters) {
        this.deadLetters = deadLetters;
    }

    @GetMapping
    @Operation(summary = "Messages that failed too often and were set aside, the oldest first", description = "While there is one, the health is"
            + " DEGRADED. The newest 1000 are kept.")
    List<DeadLetter> waiting(@RequestParam(defaultValue = "20") @Min(1) @Max(100) int limit) {
        return deadLetters.oldest(limit);
    }

    @PostMapping("/{id}/retry")
    @Operation(summary = "Sends it to its queue again", description = "Readings that were billed meanwhile are not billed twice. Answers the message.")
    DeadLetter retry(@PathVariable @Pattern(regexp = ID, message = "{valid.listed_id}") String id,
                     Operator operator) {
        try {
            return deadLetters.retry(id, operator.name()).orElseThrow(() -> Refusal.notFound("dead letter", id));
        } catch (IllegalStateException e) {
            throw new Refusal(HttpStatus.UNPROCESSABLE_ENTITY, "The message cannot be tried again: " + e.getMessage() + ".", List.of());
        }
    }

    @DeleteMapping("/{id}")
    @Operation(summary = "Drops it for good", description = "Answers the message as it was.")
    DeadLetter drop(@PathVariable @Pattern(regexp = ID, message = "{valid.listed_id}") String id,
                    Operator operator,
                    @RequestParam @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
        return deadLetters.drop(id, operator.name(), why).orElseThrow(() -> Refusal.notFound("dead letter", id));
    }
}
