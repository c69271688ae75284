package io.meterhub.payment;

import io.meterhub.payment.RefusedNotices.Reason;
import jakarta.servlet.http.HttpServletRequest;
import org.apache.camel.component.platform.http.springboot.SpringBootPlatformHttpConsumer;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.task.TaskRejectedException;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** Answers notices that nobody is free to take, before any route has seen them: they come again, by the platform's schedule. */
@RestControllerAdvice(assignableTypes = SpringBootPlatformHttpConsumer.class)
@Order(Ordered.HIGHEST_PRECEDENCE)
class FullDoor {

    private final RefusedNotices refused;

    FullDoor(RefusedNotices refused) {
        this.refused = refused;
    }

    @ExceptionHandler
    ResponseEntity<String> full(TaskRejectedException none, HttpServletRequest request) {
        NoticeSize.channel(request).ifPresent(channel -> refused.count(channel, Reason.BUSY, "more came than can be taken in time"));
        return ResponseEntity.status(HttpStatus.SERVICE_UNAVAILABLE).contentType(MediaType.APPLICATION_JSON)
                .body("{\"code\": \"FAIL\", \"message\": \"It could not be taken now.\"}");
    }
}
