package io.meterhub.web;

import io.meterhub.billing.CounterResult;
import io.meterhub.billing.Receipt;
import io.meterhub.site.Texts;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.media.Schema;
import java.math.BigDecimal;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;

/** Says what came of an act at the counter, the same for all of them. */
@Component
class BookedAnswers {

    private final Texts texts;

    BookedAnswers(Texts texts) {
        this.texts = texts;
    }

    @Schema(name = "Booked")
    record Booked(Receipt receipt, @Schema(description = "The account's credit right after it, exact") BigDecimal creditAfterYuan) {
    }

    ResponseEntity<Booked> answer(CounterResult result) {
        if (result instanceof CounterResult.KeyReused) {
            throw Refusal.field(HttpStatus.UNPROCESSABLE_ENTITY, "Idempotency-Key", texts.of("refused.key_reused"));
        }
        if (result instanceof CounterResult.Refused refused) {
            throw Refusal.field(HttpStatus.UNPROCESSABLE_ENTITY, refused.field(), refused.why());
        }
        CounterResult.Booked booked = (CounterResult.Booked) result;
        ResponseEntity.BodyBuilder answer = booked.replayed() ? ResponseEntity.ok().header("Idempotent-Replayed", "true")
                : ResponseEntity.status(HttpStatus.CREATED);
        return answer.body(new Booked(booked.receipt(), booked.creditAfterYuan()));
    }
}
