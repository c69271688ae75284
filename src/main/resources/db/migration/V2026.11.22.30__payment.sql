-- Room: payment. What shops pay by themselves: orders, the payments that came for them, what is given back. Amounts are yuan to the fen.

-- How a site deals with payments; a site without a row has what PayTerms has.
create table pay_terms (
    site_id            int primary key references site,
    -- money that arrives for an order that was closed, and that of a second payment of one order
    late               text not null check (late in ('CREDIT', 'GIVE_BACK')),
    second             text not null check (second in ('CREDIT', 'GIVE_BACK')),
    -- what is above needs a second person before it is given back
    approve_above_yuan numeric(12, 2) not null check (approve_above_yuan >= 0),
    order_minutes      int not null check (order_minutes between 2 and 120),
    least_yuan         numeric(12, 2) not null check (least_yuan > 0),
    most_yuan          numeric(12, 2) not null check (most_yuan >= least_yuan)
);

create table pay_order (
    id              bigint generated always as identity primary key,
    site_id         int  not null references site,
    account_id      int  not null references account,
    channel         text not null check (channel in ('WECHAT', 'ALIPAY', 'CASH', 'TRANSFER')),
    way             text not null,
    -- what the platform knows it by
    number          text not null check (number ~ '^[0-9A-Z]{6,32}$'),
    -- the opener's own name for it, once per site; the same again with another content is refused
    idempotency_key text not null check (length(idempotency_key) between 1 and 100),
    amount_yuan     numeric(12, 2) not null check (amount_yuan > 0),
    subject         text not null,
    -- to whom and through which app it is to be paid (mchid and appid, seller_id and app_id); null at the counter
    merchant        text,
    app             text,
    who             text not null,
    payer           text,
    address         text,
    return_to       text,
    state           text not null check (state in ('CREATED', 'PAYING', 'PAID', 'CREDITED', 'CLOSED', 'LATE_PAID', 'REFUNDING', 'REFUNDED',
                                                   'SUSPENSE')),
    -- what the platform answered when it was opened there: code, address, parameters
    cashier         jsonb,
    -- how often that was asked to open it
    asks            int not null default 0,
    opened_at       timestamptz not null,
    expires_at      timestamptz not null check (expires_at >= opened_at),
    -- of its last step, see pay_step
    steps           int not null default 0,
    -- when it is looked at by itself; null: nothing is open
    next_look_at    timestamptz,
    -- looks in a row that changed nothing, and which the platform did not answer
    looks           int not null default 0,
    unanswered      int not null default 0,
    -- when its payer last asked for a look, and when it will be its turn all the same
    hurried_at      timestamptz,
    turn_at         timestamptz,
    -- who is just looking at it, and until when nobody else does
    worker          uuid,
    held_until      timestamptz,
    unique (channel, number),
    unique (site_id, idempotency_key),
    check ((worker is null) = (held_until is null)),
    check ((channel in ('WECHAT', 'ALIPAY')) or (merchant is null and app is null and next_look_at is null))
) with (fillfactor = 60);
create index on pay_order (account_id, id);
create index on pay_order (site_id, id);
create index on pay_order (channel, opened_at);
create index pay_order_due on pay_order (channel, next_look_at) where next_look_at is not null;

-- What happened to an order, in its order.
create table pay_step (
    order_id   bigint not null references pay_order,
    seq        int    not null check (seq >= 1),
    at         timestamptz not null,
    -- null: it was made
    from_state text,
    to_state   text   not null,
    -- in dotted words, such as opened, paid.notice, paid.query, closed.time-out
    cause      text   not null,
    who        text   not null,
    detail     jsonb  not null default '{}',
    primary key (order_id, seq)
);
create trigger append_only before update or delete on pay_step for each row execute function refuse_change();
create trigger no_truncate before truncate on pay_step execute function refuse_change();

-- A payment that came, of whatever order: each of a platform's transactions once.
create table pay_payment (
    id              bigint generated always as identity primary key,
    -- null: the hub knows no such order
    order_id        bigint references pay_order,
    site_id         int  not null references site,
    channel         text not null check (channel in ('WECHAT', 'ALIPAY', 'CASH', 'TRANSFER')),
    transaction_id  text not null,
    order_number    text not null,
    amount_yuan     numeric(12, 2) not null check (amount_yuan > 0),
    currency        text not null,
    merchant        text,
    app             text,
    payer           text,
    paid_at         timestamptz not null,
    -- how it became known: notice, query, bill, counter
    source          text not null,
    came_at         timestamptz not null,
    -- PAID: is about to be credited; SUSPENSE: staff decide; GIVEN_BACK: never credited; ACCEPTED: staff say that nothing is to be done
    state           text not null check (state in ('PAID', 'CREDITED', 'SUSPENSE', 'GIVEN_BACK', 'ACCEPTED')),
    -- why it was not simply credited: LATE, SECOND, UNKNOWN_ORDER, AMOUNT, CURRENCY, MERCHANT, APP, RETURNED_THERE, REFUSED
    odd             text[] not null default '{}',
    -- the account that got it
    account_id      int references account,
    receipt         text,
    -- what put it into SUSPENSE in the ledger; null: it never was there, or is no money of the hub
    suspense_journal_id bigint references journal,
    -- of its refunds, those that failed or were declined left out; kept by the trigger of pay_refund
    back_yuan       numeric(12, 2) not null default 0 check (back_yuan between 0 and amount_yuan),
    unique (channel, transaction_id),
    check ((state = 'CREDITED') = (receipt is not null))
) with (fillfactor = 70);
create index on pay_payment (order_id) where order_id is not null;
create index on pay_payment (channel, paid_at);
-- by these people look for one
create index on pay_payment (order_number);
create index on pay_payment (receipt) where receipt is not null;
create index pay_payment_suspense on pay_payment (site_id) where state = 'SUSPENSE';

create table pay_refund (
    id              bigint generated always as identity primary key,
    payment_id      bigint not null references pay_payment,
    site_id         int  not null references site,
    channel         text not null check (channel in ('WECHAT', 'ALIPAY', 'CASH', 'TRANSFER')),
    -- what the platform knows it by, the same through all repeats
    number          text not null check (number ~ '^[0-9A-Z]{6,32}$'),
    idempotency_key text not null check (length(idempotency_key) between 1 and 100),
    amount_yuan     numeric(12, 2) not null check (amount_yuan > 0),
    -- where the money lies that is given back
    source          text not null check (source in ('CREDIT', 'SUSPENSE')),
    why             text not null,
    -- ASKED: waits for a second person; RESERVED: taken in the ledger, the platform is asked until it says; DONE; REFUSED by the platform, given
    -- back in the ledger; DECLINED by a person
    state           text not null check (state in ('ASKED', 'RESERVED', 'DONE', 'REFUSED', 'DECLINED')),
    asked_by        text not null,
    -- who that really was: signed in, or a key that names whom it acts for; neither: the hub, by the site's rules
    asked_by_person int references person,
    asked_by_key    int references api_key,
    asked_at        timestamptz not null,
    -- the second person has signed in: a key vouches for nobody
    decided_by      text,
    decided_by_person int references person,
    decided_at      timestamptz,
    decided_why     text,
    -- of what the ledger reserved: a receipt where it came from credit, a journal in any case
    receipt         text,
    journal_id      bigint unique references journal,
    -- the platform was told of it at least once
    sent_at         timestamptz,
    platform_id     text,
    finished_at     timestamptz,
    failure         text,
    next_look_at    timestamptz,
    looks           int not null default 0,
    unanswered      int not null default 0,
    worker          uuid,
    held_until      timestamptz,
    unique (channel, number),
    unique (site_id, idempotency_key),
    check ((worker is null) = (held_until is null)),
    check (num_nonnulls(asked_by_person, asked_by_key) <= 1),
    check (num_nonnulls(decided_by, decided_by_person, decided_at) in (0, 3)),
    -- two persons, not one
    check (decided_by <> asked_by and (asked_by_person is null or decided_by_person <> asked_by_person)),
    check ((state in ('RESERVED', 'DONE', 'REFUSED')) = (journal_id is not null)),
    check ((state in ('DONE', 'REFUSED')) = (finished_at is not null)),
    check (next_look_at is null or state = 'RESERVED')
) with (fillfactor = 60);
create index on pay_refund (payment_id);
create index pay_refund_due on pay_refund (channel, next_look_at) where next_look_at is not null;
create index pay_refund_asked on pay_refund (site_id) where state = 'ASKED';
create index pay_refund_refused on pay_refund (site_id, finished_at) where state = 'REFUSED';

-- What a platform says of a payment or refund that contradicts what it said before; once, however often it says it. Staff find out what is true.
create table pay_contradiction (
    id           bigint generated always as identity primary key,
    site_id      int    not null references site,
    payment_id   bigint not null references pay_payment,
    -- which it says is done; null: it is about the payment
    refund_id    bigint references pay_refund,
    -- as it is said now
    order_number text   not null,
    amount_yuan  numeric(12, 2) not null,
    at           timestamptz not null,
    dealt_by     text,
    dealt_at     timestamptz,
    dealt_why    text,
    unique nulls not distinct (payment_id, refund_id, order_number, amount_yuan),
    check (num_nonnulls(dealt_by, dealt_at, dealt_why) in (0, 3))
);
create index pay_contradiction_open on pay_contradiction (site_id) where dealt_at is null;

-- The sum of what is given back of a payment, never more than it was: whoever asks waits for the payment's row here.
create function count_pay_refund() returns trigger language plpgsql as $$
declare
    before numeric := 0;
    after numeric := 0;
begin
    if tg_op = 'UPDATE' and old.state not in ('REFUSED', 'DECLINED') then
        before := old.amount_yuan;
    end if;
    if new.state not in ('REFUSED', 'DECLINED') then
        after := new.amount_yuan;
    end if;
    if before <> after then
        update pay_payment set back_yuan = back_yuan + after - before where id = new.payment_id;
    end if;
    return null;
end $$;
create trigger counted after insert or update on pay_refund for each row execute function count_pay_refund();

-- What was ordered, paid and asked for stays as it was; only what became of it is written on.
create function keep_pay_order() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or (new.site_id, new.account_id, new.channel, new.way, new.number, new.idempotency_key, new.amount_yuan, new.who,
                            new.opened_at)
           is distinct from (old.site_id, old.account_id, old.channel, old.way, old.number, old.idempotency_key, old.amount_yuan, old.who,
                             old.opened_at) then
        raise exception 'an order stays as it was ordered' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger kept before update or delete on pay_order for each row execute function keep_pay_order();

create function keep_pay_payment() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or (new.order_id, new.channel, new.transaction_id, new.order_number, new.amount_yuan, new.currency, new.paid_at)
           is distinct from (old.order_id, old.channel, old.transaction_id, old.order_number, old.amount_yuan, old.currency, old.paid_at)
       -- what came for nobody's order is of the site of the account that gets it
       or new.site_id <> old.site_id and (old.order_id is not null or old.state <> 'SUSPENSE' or new.state <> 'CREDITED')
       or old.state in ('CREDITED', 'GIVEN_BACK', 'ACCEPTED') and new.state <> old.state then
        raise exception 'a payment stays as it came' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger kept before update or delete on pay_payment for each row execute function keep_pay_payment();

create function keep_pay_refund() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.state in ('DONE', 'REFUSED', 'DECLINED')
       or (new.payment_id, new.site_id, new.channel, new.number, new.idempotency_key, new.amount_yuan, new.source, new.asked_by,
           new.asked_by_person, new.asked_by_key)
           is distinct from (old.payment_id, old.site_id, old.channel, old.number, old.idempotency_key, old.amount_yuan, old.source, old.asked_by,
                             old.asked_by_person, old.asked_by_key) then
        raise exception 'a refund stays as it was asked for, and as it ended' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger kept before update or delete on pay_refund for each row execute function keep_pay_refund();

create trigger no_truncate before truncate on pay_order execute function refuse_change();
create trigger no_truncate before truncate on pay_payment execute function refuse_change();
create trigger no_truncate before truncate on pay_refund execute function refuse_change();

create function keep_pay_contradiction() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.dealt_at is not null then
        raise exception 'what was said stays' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger kept before update or delete on pay_contradiction for each row execute function keep_pay_contradiction();
create trigger no_truncate before truncate on pay_contradiction execute function refuse_change();
