package io.meterhub.people;

/** What may be done, each operation by its own name. {@link Role} says who may by default; docs/people.md shows both as a table. */
public enum Right {
    /** Look at everything: board, equipment, readings, accounts, receipts, statements, events. */
    VIEW,
    /** Verify the ledger, compare balances, see what came to a site through payment platforms and what goes back. */
    VIEW_BOOKS,
    /** Read the audit log. */
    AUDIT,
    /** Take notice of an alarm. */
    ACKNOWLEDGE,

    /** Sell credit, take a deposit. */
    SELL,
    /** Give credit away. */
    GIFT,
    /** Pay credit or a deposit back. */
    REFUND,
    /** Take a wrong sale or gift back. */
    REVERSE,
    /** Move credit to another account. */
    TRANSFER,
    /** Write off what will not be paid. */
    WRITE_OFF,
    /** Make arrears a debt that is paid back in parts. */
    MAKE_DEBT,
    /** Lend a shop the emergency credit that it is allowed. */
    LEND,
    /** Set overdraft limits and how much emergency credit is allowed. */
    SET_CREDIT_TERMS,
    /** Take a difference between a balance and its journals away. */
    REPAIR_BALANCE,
    /** Prepare and open accounts; with CLOSE_ACCOUNT also move them to the next tenant. */
    OPEN_ACCOUNT,
    CLOSE_ACCOUNT,
    /** Set at which credit a shop is warned. */
    SET_WARNINGS,
    /** Compare the payment platforms' bills with the hub's payments, and decide about differences; at every site, as the merchant is the hub's. */
    RECONCILE,

    /** Tariffs, which holds for what, calendar days, also of the past. */
    CHANGE_PRICES,
    /** Sharing groups of public areas, and which meter hangs behind which. */
    SHARING,
    /** Property fees. */
    FEES,
    /** Enter the grid's bills, and give back what tenants paid above them. */
    GIVE_BACK,

    /** Let a refund above the site's limit go back through its payment platform, or decline it; not one's own. */
    APPROVE_REFUND,
    /** Decide what becomes of payments in suspense. */
    DECIDE_SUSPENSE,
    /** Set how long orders can be paid, how much they may be, what becomes of late and second payments, and whether shops get a message. */
    SET_PAY_TERMS,

    /** Lock supply out by hand, and lift one's own lock-out. */
    SWITCH,
    /** Lift the lock-out of somebody else, whose role is not higher. */
    LIFT_LOCK_OUT,
    /** Keep supply on until a time although money is owed. */
    KEEP_ON,
    /** Protect a meter from every cut, and end that. */
    PROTECT,
    /** Set when supply is cut for what is owed, how many shops at once, and what is a mass cut. */
    SET_SUPPLY_TERMS,
    /** Let a mass cut through, or dismiss it: but for those who may have caused it. */
    DECIDE_MASS_CUT,
    /** Set and end OVERLOAD, FORBIDDEN_LOAD and FAULT by hand. */
    FAULTS,

    /** Ask meters out of turn: what they show, their parameters and records. */
    READ_NOW,
    /** Write meters' parameters, set their clocks. */
    WRITE_METER,
    /** Set whether a meter keeps credit itself, and decide about a count or a drift that cannot be. */
    METER_CREDIT,
    /** Enter readings that no meter sent. */
    ENTER_READING,
    /** Decide that a doubted value is true. */
    ACCEPT_READING,
    /** State that a meter, or its current transformer, was changed on the wall. */
    REPLACE_METER,
    /** Set whether lost meters are estimated. */
    SET_ESTIMATES,
    /** Set what a site wants watched about its water and its meters' clocks. */
    SET_WATCHING,
    /** Set a shop's power limit, what is a forbidden load there, and its schedule. */
    SET_SUPPLY_RULES,

    /** Import a site's spreadsheet. */
    IMPORT_SITE,
    /** Look at messages that were set aside, try them again, drop them. */
    DEAD_LETTERS,
    /** Read the hub's metrics. */
    METRICS,
    /** People, their roles, the keys of machines. */
    MANAGE_PEOPLE,
    /** Look into the virtual mall, break and mend it. */
    PLAY_MALL
}
