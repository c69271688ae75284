package io.meterhub.site;

/** What can be wrong, how bad that is and what it befalls. Its words stand in the message bundles under {@code alarm.KIND}. */
public enum AlarmKind {

    /** A gateway takes no connection. */
    GATEWAY_LOST(Severity.CRITICAL, Subject.GATEWAY),
    /** Many meters of a bus are lost although its gateway answers: a cable, a terminal, a meter that talks across the others. */
    BUS_TROUBLE(Severity.CRITICAL, Subject.GATEWAY),
    METER_LOST(Severity.WARNING, Subject.METER),
    CLOCK_DRIFT(Severity.NOTICE, Subject.METER),
    /** It does not do what is wanted of it, or cannot. */
    SWITCH_FAILED(Severity.CRITICAL, Subject.METER),
    OPENED_AT_METER(Severity.WARNING, Subject.METER),
    /** Water flows on although the valve is shut. */
    VALVE_STUCK(Severity.CRITICAL, Subject.METER),
    VALVE_EXERCISE_FAILED(Severity.WARNING, Subject.METER),
    LEAK(Severity.WARNING, Subject.METER),
    /** It draws more than its limit, and will be cut for it. */
    OVER_LIMIT(Severity.WARNING, Subject.METER),
    OVERLOAD(Severity.CRITICAL, Subject.METER),
    FORBIDDEN_LOAD(Severity.CRITICAL, Subject.METER),
    /** A control of its own has opened it for what neither the shop's rules nor the ledger say. */
    METER_TRIPPED(Severity.WARNING, Subject.METER),
    /** It would open by itself when its own credit is used up, although the hub alone holds the credit. */
    PREPAID_SWITCH_ON(Severity.WARNING, Subject.METER),
    /** What it is to hold could not be written into it. */
    HELD_FAILED(Severity.WARNING, Subject.METER),
    /** It held something else than was written into it. */
    HELD_DIFFERED(Severity.NOTICE, Subject.METER),
    /** The meter shows more purchases than the ledger knows. */
    COUNT_AHEAD(Severity.CRITICAL, Subject.METER),
    /** The meter shows fewer purchases than it was seen to have: another meter, or one that forgot. */
    COUNT_BEHIND(Severity.CRITICAL, Subject.METER),
    CREDIT_DRIFT(Severity.WARNING, Subject.METER),
    /** Its counter shows what cannot be true. */
    QUARANTINE(Severity.WARNING, Subject.METER),
    /** It has an account but no price, so that it is not recorded. */
    TARIFF_MISSING(Severity.CRITICAL, Subject.METER),
    MASS_CUT_WAITS(Severity.WARNING, Subject.SITE),
    /** Money came that was not as ordered, or that no account takes: staff decide. */
    PAY_SUSPENSE(Severity.CRITICAL, Subject.SITE),
    /** A payment platform says of a payment or a refund what cannot be after what it said before: staff find out where the money is. */
    PAY_CONTRADICTED(Severity.CRITICAL, Subject.SITE),
    /** A payment platform has not answered for minutes about orders or refunds that are open. */
    PAY_UNANSWERED(Severity.WARNING, Subject.SITE),
    /** A refund is taken at the platform and does not arrive: the merchant has to see to it there. */
    PAY_REFUND_STUCK(Severity.WARNING, Subject.SITE),
    /** The hub's clock and a payment platform's are more than five minutes apart: its notices are not believed, queries still are. */
    PAY_CLOCK(Severity.CRITICAL, Subject.SITE),
    /** A certificate or key of a payment channel expires within 30 days. */
    PAY_KEY_EXPIRES(Severity.WARNING, Subject.SITE),
    /** One has expired: the platform may take nothing of this channel any more. */
    PAY_KEY_EXPIRED(Severity.CRITICAL, Subject.SITE),
    /** A payment platform's bill is not there hours after it was due. */
    PAY_BILL_LATE(Severity.WARNING, Subject.SITE),
    /** A payment platform's bill cannot be what it says it is. */
    PAY_BILL_REFUSED(Severity.WARNING, Subject.SITE),
    /** Differences from a payment platform's bill wait for a decision for days. */
    PAY_DAY_OPEN(Severity.WARNING, Subject.SITE),
    /** A day could not be compared with a payment platform's bill. */
    PAY_DAY_FAILED(Severity.CRITICAL, Subject.SITE),
    /** Staff have kept differences from a payment platform's bill in suspense. */
    PAY_DIFFERENCE_KEPT(Severity.NOTICE, Subject.SITE);

    /** In falling order of urgency. */
    public enum Severity { CRITICAL, WARNING, NOTICE }

    /** What an alarm is about; its id is that of the table of this name. */
    public enum Subject { METER, GATEWAY, SHOP, SITE }

    private final Severity severity;
    private final Subject subject;

    AlarmKind(Severity severity, Subject subject) {
        this.severity = severity;
        this.subject = subject;
    }

    public Severity severity() {
        return severity;
    }

    public Subject subject() {
        return subject;
    }
}
