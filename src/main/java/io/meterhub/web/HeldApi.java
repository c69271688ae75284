package io.meterhub.web;

import io.meterhub.supply.Holds;
import io.meterhub.supply.Holds.Held;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** What is left to meters themselves. */
@RestController
@RequestMapping("/api/v1/meters/{id}/held")
@Tag(name = "Meters")
class HeldApi {

    private final Holds holds;
    private final View view;

    HeldApi(Holds holds, View view) {
        this.holds = holds;
        this.view = view;
    }

    @GetMapping
    @Operation(summary = "Which rules the meter itself keeps to, which the hub does and why, and the parameters that the meter is to hold",
            description = "A rule is the meter's only from verifiedAt on: until then the hub keeps to it.")
    Held held(@PathVariable int id) {
        return holds.show(view.meter(id));
    }

    @PostMapping("/verify")
    @Operation(summary = "Has the meter looked at as soon as may be, and written where it differs", description = "Otherwise that is done once a day.")
    Held verify(@PathVariable int id) {
        holds.verify(view.meter(id));
        return holds.show(id);
    }
}
