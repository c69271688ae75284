package io.meterhub.web;

import io.meterhub.payment.Reconciliations;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Place;
import java.util.function.IntPredicate;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ModelAttribute;

/** What every page's head needs to know of whoever looks at it. */
@ControllerAdvice(annotations = Controller.class)
class Me {

    private final Rights rights;
    private final View view;
    private final Reconciliations reconciliations;

    Me(Rights rights, View view, Reconciliations reconciliations) {
        this.rights = rights;
        this.view = view;
        this.reconciliations = reconciliations;
    }

    /** @param whole whether all of a site may be seen, by its id */
    record Seen(String name, boolean managesPeople, boolean readsAudit, boolean reconciles, IntPredicate whole) {
    }

    /** Null on the page to sign in on. */
    @ModelAttribute("me")
    Seen me() {
        return rights.actor().map(actor -> new Seen(actor.name(), rights.may(Right.MANAGE_PEOPLE, Place.hub()),
                !rights.reach(Right.AUDIT).isNowhere(), reconciliations.may(), view::sees)).orElse(null);
    }
}
