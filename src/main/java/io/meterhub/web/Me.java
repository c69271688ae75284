package io.meterhub.web;

import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Place;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ModelAttribute;

/** What every page's head needs to know of whoever looks at it. */
@ControllerAdvice(annotations = Controller.class)
class Me {

    private final Rights rights;

    Me(Rights rights) {
        this.rights = rights;
    }

    record Seen(String name, boolean managesPeople, boolean readsAudit) {
    }

    /** Null on the page to sign in on. */
    @ModelAttribute("me")
    Seen me() {
        return rights.actor().map(actor -> new Seen(actor.name(), rights.may(Right.MANAGE_PEOPLE, Place.hub()),
                !rights.reach(Right.AUDIT).isNowhere())).orElse(null);
    }
}
