package io.meterhub.web;

import io.meterhub.site.Alarm;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Texts;
import io.meterhub.web.AlarmList.AlarmNow;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Size;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** What is wrong now, and what was. */
@RestController
@RequestMapping("/api/v1/alarms")
@Tag(name = "Alarms")
class AlarmsApi {

    private final AlarmList list;
    private final Texts texts;

    AlarmsApi(AlarmList list, Texts texts) {
        this.list = list;
        this.texts = texts;
    }

    record Acknowledgement(@NotBlank(message = "{valid.alarm_note}") @Size(max = 500, message = "{valid.characters}")
                           String why) {
    }

    @GetMapping
    @Operation(summary = "Alarms, the newest first", description = "One open alarm a kind and subject, with the time since; an alarm with an underId is"
            + " explained by that wider one. open=false: those that were cleared. next, given as before, goes further back.")
    Part<AlarmNow> list(@RequestParam(required = false) Integer site, @RequestParam(required = false) Boolean open,
                     @RequestParam(required = false) AlarmKind kind, @RequestParam(required = false) AlarmKind.Subject subject,
                     @RequestParam(required = false) Integer subjectId, @RequestParam(required = false) Long before,
                     @RequestParam(defaultValue = "200") @Min(1) @Max(1000) int limit) {
        return Part.of(list.list(new Alarms.Choice(site, null, open, kind, subject, subjectId, before), limit + 1), limit, now -> now.alarm().id());
    }

    @GetMapping("/{id}")
    @Operation(summary = "One alarm")
    AlarmNow alarm(@PathVariable long id) {
        return list.list(Alarms.Choice.of(id), 1).stream().findFirst().orElseThrow(() -> Refusal.notFound("alarm", id));
    }

    @PostMapping(path = "/{id}/acknowledge", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "A person takes notice of an open alarm, once", description = "It stays open until what is wrong is over.")
    AlarmNow acknowledge(@PathVariable long id, Operator operator, @Valid @RequestBody Acknowledgement said) {
        Alarm before = alarm(id).alarm();
        if (!list.acknowledge(before, operator.name(), said.why().strip())) {
            Alarm now = alarm(id).alarm();
            throw Refusal.field(HttpStatus.UNPROCESSABLE_ENTITY, "id", now.open()
                    ? texts.of("alarm.acknowledged_already", now.acknowledgedBy()) : texts.of("alarm.is_over", before.code()));
        }
        return alarm(id);
    }
}
