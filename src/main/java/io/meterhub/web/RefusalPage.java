package io.meterhub.web;

import io.meterhub.people.People;
import io.meterhub.people.Right;
import io.meterhub.people.Role;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.springframework.boot.web.servlet.error.ErrorController;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.RequestMapping;

/**
 * What was refused, as a page in the language of whoever reads it: which right is missing, who has it and who can give it. The API, and
 * what a page asks for in parts, are answered with problem+json instead.
 */
@Controller
class RefusalPage implements ErrorController {

    private static final String MISSING = "meterhub.refused.right";
    private static final String SAID = "meterhub.refused.key";
    private static final List<String> NO_PAGES = List.of("/api/", "/demo/", "/actuator/", "/v3/");
    /** Of others the page knows no more than their number. */
    private static final Set<Integer> EXPLAINED = Set.of(400, 403, 404, 500);

    private final People people;

    RefusalPage(People people) {
        this.people = people;
    }

    /** Whether a browser asks for a whole page. */
    static boolean wanted(HttpServletRequest request) {
        String accepted = request.getHeader(HttpHeaders.ACCEPT);
        return accepted != null && accepted.contains(MediaType.TEXT_HTML_VALUE) && request.getHeader("HX-Request") == null
                && NO_PAGES.stream().noneMatch(request.getServletPath()::startsWith);
    }

    /**
     * Ends the request with the page.
     *
     * @param key of what there is to say; null where the request has it in {@link RefusedActs#WHY}, or nothing is known
     */
    static void show(HttpServletRequest request, HttpServletResponse response, HttpStatusCode status, String key) {
        request.setAttribute(SAID, key);
        try {
            response.sendError(status.value());
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }

    /** Notes the right that whoever asks has not. */
    static void missing(HttpServletRequest request, Right right) {
        request.setAttribute(MISSING, right);
    }

    @RequestMapping(path = "/error", produces = MediaType.TEXT_HTML_VALUE)
    String page(HttpServletRequest request, Model model) {
        // those of the page that was asked for are none of this one's
        request.removeAttribute(org.springframework.web.servlet.View.PATH_VARIABLES);
        int status = status(request);
        if ((request.getAttribute(RequestDispatcher.ERROR_REQUEST_URI) + "/").startsWith(TenantEntrance.HOME + "/")) {
            model.addAttribute("key", status == 404 ? "my.gone" : "my.failed");
            return "my-gone";
        }
        model.addAttribute("status", status);
        model.addAttribute("heading", "refusal.title." + (EXPLAINED.contains(status) ? status : "other"));
        model.addAttribute("key", request.getAttribute(SAID));
        // what there is not, and what failed, is said in general
        model.addAttribute("why", status == 404 ? null : request.getAttribute(RefusedActs.WHY));
        if (request.getAttribute(MISSING) instanceof Right right) {
            model.addAttribute("right", right);
            model.addAttribute("roles", Arrays.stream(Role.values()).filter(role -> role.rights().contains(right)).toList());
            model.addAttribute("givers", people.administrators());
        }
        return "refusal";
    }

    /** What the container itself refuses of the API. */
    @RequestMapping("/error")
    ResponseEntity<ProblemDetail> problem(HttpServletRequest request) {
        return ResponseEntity.status(status(request)).contentType(MediaType.APPLICATION_PROBLEM_JSON).body(ProblemDetail.forStatus(status(request)));
    }

    /** Asked for by nobody's mistake, it is no page. */
    private static int status(HttpServletRequest request) {
        return request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE) instanceof Integer status ? status : HttpStatus.NOT_FOUND.value();
    }
}
