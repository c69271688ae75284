package io.meterhub.people;

import static io.meterhub.people.Right.*;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * What a person is at a place: a set of rights. In rising order: a lock-out (挂牌上锁) is lifted by the same or a higher role
 * only. A machine has no role; its key names its rights.
 */
public enum Role {
    VIEWER(EnumSet.of(VIEW)),
    /** A tenant who sublets: sees and switches its own sub-tenants. */
    LANDLORD(EnumSet.of(VIEW, SWITCH)),
    FINANCE(EnumSet.of(VIEW, VIEW_BOOKS, SELL, GIFT, REFUND, REVERSE, TRANSFER, WRITE_OFF, MAKE_DEBT, LEND, OPEN_ACCOUNT, CLOSE_ACCOUNT,
            SET_WARNINGS, RECONCILE, GIVE_BACK, DECIDE_SUSPENSE, ENTER_READING, ACKNOWLEDGE)),
    ELECTRICIAN(EnumSet.of(VIEW, ACKNOWLEDGE, SWITCH, LIFT_LOCK_OUT, KEEP_ON, DECIDE_MASS_CUT, FAULTS, READ_NOW, WRITE_METER, ENTER_READING,
            ACCEPT_READING, REPLACE_METER)),
    MANAGER(EnumSet.complementOf(EnumSet.of(REPAIR_BALANCE, DEAD_LETTERS, METRICS, MANAGE_PEOPLE, PLAY_MALL))),
    ADMINISTRATOR(EnumSet.allOf(Right.class));

    private final Set<Right> rights;

    Role(Set<Right> rights) {
        this.rights = Collections.unmodifiableSet(rights);
    }

    public Set<Right> rights() {
        return rights;
    }
}
