-- Room: payment. The platforms' bills of each day, and what came of comparing them with the hub's payments and refunds.

-- A platform's file as it came, for good; empty: the platform says that there was nothing on that day. Another file for the same day is kept
-- beside the first.
create table pay_bill (
    id          bigint generated always as identity primary key,
    channel     text  not null check (channel in ('WECHAT', 'ALIPAY')),
    kind        text  not null check (kind in ('TRADE', 'FUNDS')),
    day         date  not null,
    name        text  not null,
    sha256      bytea not null,
    file        bytea not null,
    fetched_at  timestamptz not null,
    unique (channel, kind, day, sha256),
    check (sha256 = sha256(file))
);
create trigger append_only before update or delete on pay_bill for each row execute function refuse_change();
create trigger no_truncate before truncate on pay_bill execute function refuse_change();

-- The lines of a trade bill in the hub's terms: fen, a refund as a line of its own.
create table pay_bill_line (
    bill_id         bigint not null references pay_bill,
    line            int    not null,
    kind            text   not null check (kind in ('PAYMENT', 'REFUND')),
    -- by which both sides know it: of a payment the transaction, of a refund that and the hub's refund number
    key             text   not null,
    transaction_id  text   not null,
    order_number    text   not null,
    refund_number   text,
    fen             bigint not null,
    -- what the platform keeps; below 0: gives back
    fee_yuan        numeric(14, 5) not null,
    state           text   not null check (state in ('DONE', 'WORKING', 'FAILED')),
    at              timestamptz not null,
    -- why it cannot be the hub's: another currency, no amount, no refund number; null: it can
    odd             jsonb,
    primary key (bill_id, line),
    check (fen > 0 or fen = 0 and odd is not null)
);
create index on pay_bill_line (key, kind);
create trigger append_only before update or delete on pay_bill_line for each row execute function refuse_change();
create trigger no_truncate before truncate on pay_bill_line execute function refuse_change();

-- A channel's day. WAITING for the bill; REFUSED: the bill cannot be read; OPEN: compared, somebody has to decide; CLOSED: nothing is open.
create table pay_reconciliation (
    id              bigint generated always as identity primary key,
    channel         text not null check (channel in ('WECHAT', 'ALIPAY')),
    day             date not null,
    state           text not null default 'WAITING' check (state in ('WAITING', 'REFUSED', 'OPEN', 'CLOSED')),
    -- the bills that it was compared by; null: none yet
    trade_bill_id   bigint references pay_bill,
    funds_bill_id   bigint references pay_bill,
    -- what the fund-flow bill comes to
    funds           jsonb,
    -- why a bill is not there yet, or is refused
    problems        jsonb not null default '[]',
    tries           int  not null default 0,
    -- when it is looked at by itself; null: no more
    next_look_at    timestamptz,
    compared_at     timestamptz,
    -- the agreed fee by which it was judged first, and is from then on; null: fees are not judged
    fee_percent     numeric,
    -- what the lines and the rows come to, as ReconciledDay has it
    sums            jsonb,
    -- since when it is OPEN
    opened_at       timestamptz,
    closed_at       timestamptz,
    -- why it could not be compared the last time; null: it could
    failure         text,
    -- what came at the bank for the day, as staff say
    bank_yuan       numeric(14, 2),
    bank_who        text,
    bank_why        text,
    bank_at         timestamptz,
    -- what of the fund flow the trade bill did not explain then, and what becomes of it; null: there was nothing
    bank_rest_yuan  numeric(14, 5),
    bank_rest       text check (bank_rest in ('SUSPENSE', 'ACCEPT', 'NOT_OURS')),
    -- who is just fetching, and until when nobody else does
    worker          uuid,
    held_until      timestamptz,
    unique (channel, day),
    check ((worker is null) = (held_until is null)),
    check ((state = 'CLOSED') = (closed_at is not null)),
    check ((state = 'OPEN') = (opened_at is not null)),
    check (num_nulls(bank_yuan, bank_who, bank_why, bank_at, bank_rest_yuan) in (0, 5)),
    check (bank_rest is null or bank_rest_yuan is not null)
);
create index pay_reconciliation_due on pay_reconciliation (next_look_at) where next_look_at is not null;
create index on pay_reconciliation (trade_bill_id) where trade_bill_id is not null;

-- By which a day finds what the hub has of it.
create index on pay_payment (channel, order_number);
create index on pay_refund (channel, finished_at) where finished_at is not null;

-- A line of the bill and what the hub has of it, or one of them alone, as it was compared last.
create table pay_match (
    id                 bigint generated always as identity primary key,
    reconciliation_id  bigint not null references pay_reconciliation,
    kind               text   not null check (kind in ('PAYMENT', 'REFUND')),
    key                text   not null,
    -- of the same key in the bill; and how often it was decided upon before
    occurrence         int    not null,
    round              int    not null,
    difference         text   not null check (difference in ('AGREED', 'CUT_OFF', 'ONLY_THERE', 'ONLY_HERE', 'AMOUNT', 'STATE', 'TWICE',
                                                             'REFUND', 'FEE', 'DAY')),
    -- how much more the platform has of the hub's money than the books say; below 0: less
    gap_yuan           numeric(14, 5) not null,
    bill_id            bigint,
    line               int,
    payment_id         bigint references pay_payment,
    refund_id          bigint references pay_refund,
    order_number       text   not null,
    our_yuan           numeric(12, 2),
    our_state          text,
    our_at             timestamptz,
    -- whose it is as far as the hub knows, or as was decided
    site_id            int references site,
    account_id         int references account,
    -- SETTLED: nothing to decide; GONE: was to be decided, and is no difference any more
    state              text   not null check (state in ('SETTLED', 'OPEN', 'RESOLVED', 'GONE')),
    resolution         text check (resolution in ('CREDIT', 'REFUND', 'SUSPENSE', 'ACCEPT', 'NOT_OURS')),
    resolved_by        text,
    resolved_at        timestamptz,
    resolved_why       text,
    -- what was booked for it, and by how much of the gap; none where no money moves
    journal_id         bigint references journal,
    booked_yuan        numeric(14, 5) not null default 0,
    -- by how much of the gap the decision put money into suspense; the other way round: took it out again
    suspended_yuan     numeric(14, 5) not null default 0,
    unique (reconciliation_id, kind, key, occurrence, round),
    foreign key (bill_id, line) references pay_bill_line,
    check ((state = 'RESOLVED') = (num_nulls(resolution, resolved_by, resolved_at, resolved_why) = 0)),
    check (num_nulls(resolution, resolved_by, resolved_at, resolved_why) in (0, 4)),
    check (state <> 'OPEN' or difference not in ('AGREED', 'CUT_OFF'))
);
create index pay_match_open on pay_match (reconciliation_id) where state = 'OPEN';
create index pay_match_suspended on pay_match (reconciliation_id) where suspended_yuan <> 0;
create index pay_match_not_ours on pay_match (reconciliation_id, key) where resolution = 'NOT_OURS';

-- What was decided stays as it was decided.
create function keep_pay_match() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.state = 'RESOLVED' then
        raise exception 'what was decided stays as it was' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger kept before update or delete on pay_match for each row execute function keep_pay_match();
create trigger no_truncate before truncate on pay_match execute function refuse_change();

-- Fees as they were booked for a site, up to now.
create table pay_day_fee (
    reconciliation_id  bigint not null references pay_reconciliation,
    site_id            int    not null references site,
    seq                int    not null,
    yuan               numeric(14, 5) not null check (yuan <> 0),
    journal_id         bigint not null unique references journal,
    primary key (reconciliation_id, site_id, seq)
);
create trigger append_only before update or delete on pay_day_fee for each row execute function refuse_change();
create trigger no_truncate before truncate on pay_day_fee execute function refuse_change();

-- What was booked as come to the bank for a site, up to now; below 0: taken back, as the bill was corrected.
create table pay_day_bank (
    reconciliation_id  bigint not null references pay_reconciliation,
    site_id            int    not null references site,
    seq                int    not null,
    yuan               numeric(14, 5) not null check (yuan <> 0),
    journal_id         bigint not null unique references journal,
    primary key (reconciliation_id, site_id, seq)
);
create trigger append_only before update or delete on pay_day_bank for each row execute function refuse_change();
create trigger no_truncate before truncate on pay_day_bank execute function refuse_change();

-- What was booked of what came to the bank and no trade bill explains, up to now, in the books of the first site.
create table pay_day_rest (
    reconciliation_id  bigint not null references pay_reconciliation,
    seq                int    not null,
    rest               text   not null check (rest in ('SUSPENSE', 'ACCEPT')),
    yuan               numeric(14, 5) not null check (yuan <> 0),
    journal_id         bigint not null unique references journal,
    primary key (reconciliation_id, seq)
);
create trigger append_only before update or delete on pay_day_rest for each row execute function refuse_change();
create trigger no_truncate before truncate on pay_day_rest execute function refuse_change();

-- What changed here after it may have been billed: the days that have it are compared anew, also those that are closed and no longer asked for. It names
-- no day and no row, so that whoever adds one waits for nobody.
create table pay_look_anew (
    id       bigint generated always as identity primary key,
    channel  text not null,
    key      text not null
);
create function look_anew_at_payment() returns trigger language plpgsql as $$
begin
    insert into pay_look_anew (channel, key) values (new.channel, new.transaction_id);
    return null;
end $$;
create trigger look_anew_at_unknown after insert on pay_payment for each row when (new.order_id is null) execute function look_anew_at_payment();
create trigger look_anew after update of state on pay_payment for each row when (old.state = 'SUSPENSE' and new.state <> 'SUSPENSE')
    execute function look_anew_at_payment();
create function look_anew_at_refund() returns trigger language plpgsql as $$
begin
    insert into pay_look_anew (channel, key)
    select new.channel, transaction_id || '/' || new.number from pay_payment where id = new.payment_id;
    return null;
end $$;
create trigger look_anew after update of state on pay_refund for each row when (old.state = 'RESERVED' and new.state = 'REFUSED')
    execute function look_anew_at_refund();

insert into gl (name, kind, meaning) values
    ('DIFFERENCE', 'EXPENSE', 'Differences from the platforms'' bills that staff accepted');
