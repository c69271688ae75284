-- Room: billing. Prices, what was used, and the money: exact decimals throughout, rounded only where money leaves the hub.

-- for keys in which a time must not overlap another; trusted, so that the owner of the database may make it
create extension if not exists btree_gist;

create table tariff (
    id           int generated always as identity primary key,
    site_id      int  not null references site,
    code         text not null,
    name         text not null,
    energy_kind  text not null check (energy_kind in ('ELECTRICITY', 'WATER')),
    unique (site_id, code)
);

-- The rule is the tariff file's version as it was read: prices by band and tier in their parts, the calendar, what floats.
create table tariff_version (
    id              int generated always as identity primary key,
    tariff_id       int  not null references tariff,
    effective_from  date not null,
    -- a mistake is mended by a further version from the same day: the last one holds
    revision        smallint not null default 1 check (revision >= 1),
    rule            jsonb not null,
    unique (tariff_id, effective_from, revision)
);
create trigger append_only before update or delete on tariff_version for each row execute function refuse_change();
create trigger no_truncate before truncate on tariff_version execute function refuse_change();

-- For one meter, for a group of shops, or (both null) for the site; the nearest counts.
create table tariff_assignment (
    id          int generated always as identity primary key,
    site_id     int  not null references site,
    energy_kind text not null check (energy_kind in ('ELECTRICITY', 'WATER')),
    tariff_id   int  not null references tariff,
    meter_id    int references meter,
    shop_group  text,
    valid_from  date not null,
    valid_to    date check (valid_to > valid_from),
    check (num_nonnulls(meter_id, shop_group) <= 1),
    -- on any day one tariff at most for the same meter, group or site
    constraint tariff_assignment_once exclude using gist (site_id with =, energy_kind with =, coalesce(meter_id, 0) with =,
        coalesce(shop_group, '') with =, daterange(valid_from, valid_to) with &&)
);
create index on tariff_assignment (meter_id) where meter_id is not null;
create index on tariff_assignment (site_id, energy_kind) where meter_id is null;

create sequence account_number;

-- Credit shown = posted_yuan - open_yuan. Hot row: every charge and every sale touches it.
create table account (
    id              int generated always as identity primary key,
    site_id         int  not null references site,
    number          text not null default (10000 + nextval('account_number'))::text,
    customer_id     int references customer,
    shop_id         int  not null references shop,
    kind            text not null check (kind in ('ELECTRICITY', 'WATER', 'PROPERTY_FEE')),
    -- sum of the account's ledger entries in CUSTOMER (credit - debit)
    posted_yuan     numeric(24, 12) not null default 0,
    -- sum of its charge lines that no journal holds yet (amount - posted)
    open_yuan       numeric(24, 12) not null default 0,
    warn1_yuan      numeric(12, 2) not null default 50,
    warn2_yuan      numeric(12, 2) not null default 20,
    -- the same levels in days left; none: in yuan
    warn1_days      numeric(5, 1) check (warn1_days >= 0),
    warn2_days      numeric(5, 1) check (warn2_days >= 0),
    -- the levels in days, in yuan at the present pace; none: the levels in yuan hold
    level1_yuan     numeric(14, 2),
    level2_yuan     numeric(14, 2),
    -- set for this account; else the levels follow those of the shop's group
    own_levels      boolean not null default false,
    -- the deepest level that was told and not left since
    warned          text not null default 'NONE' check (warned in ('NONE', 'LOW_CREDIT_1', 'LOW_CREDIT_2', 'ARREARS')),
    overdraft_yuan  numeric(12, 2) not null default 0 check (overdraft_yuan >= 0),
    -- emergency credit that was taken; ends with the next top-up
    emergency_yuan  numeric(12, 2) not null default 0 check (emergency_yuan >= 0),
    -- how much of it may be taken; none: what the site allows
    emergency_allowed_yuan numeric(12, 2) check (emergency_allowed_yuan >= 0),
    -- sums of its entries in DEPOSIT (credit - debit) and DEBT (debit - credit)
    deposit_yuan    numeric(24, 12) not null default 0 check (deposit_yuan >= 0),
    debt_yuan       numeric(24, 12) not null default 0 check (debt_yuan >= 0),
    -- what of each sale goes to the debt
    debt_share_percent numeric(5, 2) not null default 0 check (debt_share_percent between 0 and 100),
    -- none: prepared ahead, charged for nothing
    opened_at       timestamptz default now(),
    closed_at       timestamptz,
    state           text not null generated always as (case when closed_at is not null then 'CLOSED'
                        when opened_at is not null then 'OPEN' else 'PREPARED' end) stored,
    -- the meters that a prepared account is to serve; none: all of its kind in the shop that nobody pays for when it opens
    planned_meters  int[],
    -- from which day the years of tiers are counted where the tariff says so; none: from the day of opening
    contract_date   date,
    unique (site_id, number),
    check (warn1_yuan >= warn2_yuan),
    check (warn1_days >= warn2_days)
) with (fillfactor = 50);
-- a shop may pay for each meter from an account of its own, but for its property fee from one
create unique index account_open on account (shop_id) where kind = 'PROPERTY_FEE' and closed_at is null and opened_at is not null;
create index on account (shop_id);
create index on account (customer_id) where customer_id is not null;

create table account_meter (
    account_id  int not null references account,
    meter_id    int not null references meter,
    valid_from  timestamptz not null,
    valid_to    timestamptz,
    -- what the counter showed when the account took the meter over and when it let go; none where it had not been read
    start_total numeric(18, 3),
    end_total   numeric(18, 3),
    -- what was used before is not this account's, not even where it is read later; none: what is read later is all its own
    charged_from timestamptz,
    -- the last reading that this account paid for; none while it pays, or where the meter had not been read
    charged_to  timestamptz,
    primary key (account_id, meter_id, valid_from),
    check (valid_to > valid_from)
);
create unique index account_meter_open on account_meter (meter_id) where valid_to is null;

-- What a meter used on one site day under one tariff version, in one band and tier. Grows with each reading until the
-- day closes; what the ledger already holds of it is posted_yuan.
create table charge_line (
    account_id          int  not null references account,
    meter_id            int  not null references meter,
    site_day            date not null,
    tariff_version_id   int  not null references tariff_version,
    band                text not null check (band in ('SINGLE', 'SHARP', 'PEAK', 'FLAT', 'VALLEY', 'DEEP_VALLEY')),
    tier                smallint not null default 1 check (tier >= 1),
    price               numeric(12, 6)  not null check (price >= 0),
    quantity            numeric(18, 6)  not null check (quantity >= 0),
    -- the part of quantity that was put into this band in proportion to time, for want of band registers
    estimated_quantity  numeric(18, 6)  not null default 0,
    amount              numeric(24, 12) not null,
    posted_yuan         numeric(24, 12) not null default 0,
    -- posted_yuan is behind amount; a column of its own, because it stays the same from reading to reading: an index on the
    -- amounts themselves would take the updates out of the page (HOT)
    unposted            boolean not null default true,
    primary key (account_id, meter_id, site_day, tariff_version_id, band, tier),
    check (amount = quantity * price),
    check (estimated_quantity between 0 and quantity)
) with (fillfactor = 50);
create index charge_line_open on charge_line (site_day, account_id) where unposted;

-- How often an account's day was posted: once, and again for what came late.
create table charge_day (
    account_id  int  not null references account,
    site_day    date not null,
    postings    int  not null default 1,
    -- after how many of them its lines were last charged anew: the next one corrects
    rerated     int  not null default 0,
    primary key (account_id, site_day)
);

create table journal (
    id        bigint generated always as identity primary key,
    site_id   int  not null references site,
    key       text not null,
    cause     text not null check (cause in ('OPENING', 'SALE', 'CHARGE_DAY', 'REVERSAL', 'GIFT', 'DEPOSIT', 'REFUND', 'TRANSFER',
                                              'WRITE_OFF', 'DEBT', 'FEE_RUN', 'SHARE', 'CORRECTION', 'GIVE_BACK', 'CLEARING')),
    at        timestamptz not null,
    site_day  date not null,
    who       text not null,
    why       text not null,
    -- the journal that this one takes back; none is taken back twice
    reverses  bigint unique references journal,
    unique (site_id, key)
);

-- The chart of accounts. A customer's account is a debt of the company: credit gives, debit takes.
create table gl (
    name     text primary key,
    kind     text not null check (kind in ('ASSET', 'LIABILITY', 'INCOME', 'EXPENSE', 'EQUITY')),
    meaning  text not null
);
insert into gl (name, kind, meaning) values
    ('CUSTOMER', 'LIABILITY', 'Prepaid credit of the shops, by account'),
    ('DEPOSIT', 'LIABILITY', 'Deposits taken from the shops, by account'),
    ('DEBT', 'ASSET', 'Arrears that the shops pay back in parts, by account'),
    ('CASH', 'ASSET', 'Cash taken at the counter'),
    ('TRANSFER', 'ASSET', 'Bank transfers taken at the counter'),
    ('OPENING', 'EQUITY', 'Credit brought in from before the hub'),
    ('REVENUE_ELECTRICITY', 'INCOME', 'Electricity used'),
    ('REVENUE_WATER', 'INCOME', 'Water used'),
    ('REVENUE_PROPERTY_FEE', 'INCOME', 'Property fees'),
    ('REVENUE_SHARED', 'INCOME', 'Public areas'' consumption shared out to the shops'),
    ('GIFT', 'EXPENSE', 'Credit given away'),
    ('WRITE_OFF', 'EXPENSE', 'What is owed and will not be paid'),
    ('GIVE_BACK', 'EXPENSE', 'Energy paid above the grid''s bill and given back'),
    ('WECHAT', 'ASSET', 'Paid by WeChat, until the platform pays it out'),
    ('ALIPAY', 'ASSET', 'Paid by Alipay, until the platform pays it out'),
    ('SUSPENSE', 'LIABILITY', 'Payments that came and are nobody''s yet'),
    ('GIVING_BACK', 'LIABILITY', 'Refunds asked of a platform and not done yet'),
    ('PLATFORM_FEE', 'EXPENSE', 'What the platforms keep for themselves'),
    ('BANK', 'ASSET', 'Paid out by the platforms to the bank');

create table entry (
    journal_id  bigint   not null references journal,
    line        smallint not null,
    gl          text     not null references gl,
    account_id  int references account,
    debit       numeric(24, 12) not null default 0 check (debit >= 0),
    credit      numeric(24, 12) not null default 0 check (credit >= 0),
    primary key (journal_id, line),
    check ((debit = 0) <> (credit = 0)),
    check ((gl in ('CUSTOMER', 'DEPOSIT', 'DEBT')) = (account_id is not null))
);
create index on entry (account_id, gl, journal_id) where account_id is not null;

create trigger append_only before update or delete on journal for each row execute function refuse_change();
create trigger no_truncate before truncate on journal execute function refuse_change();
create trigger append_only before update or delete on entry for each row execute function refuse_change();
create trigger no_truncate before truncate on entry execute function refuse_change();

-- At the commit a journal has its entries, and they balance. An entry is above 0 on one side: those that balance are two at least.
create function check_journal_balanced() returns trigger language plpgsql as $$
declare
    journal bigint;
    off numeric;
begin
    if tg_table_name = 'journal' then
        journal := new.id;
    else
        journal := new.journal_id;
    end if;
    select sum(debit) - sum(credit) into off from entry where journal_id = journal;
    if off is null then
        raise exception 'journal % has no entries', journal using errcode = 'check_violation';
    elsif off <> 0 then
        raise exception 'journal % is out of balance by %', journal, off using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger balanced after insert on journal deferrable initially deferred
    for each row execute function check_journal_balanced();
create constraint trigger balanced after insert on entry deferrable initially deferred
    for each row execute function check_journal_balanced();

-- What was done at the counter, once per caller's key, with what its paper shows. A journal stands behind it, but for emergency
-- credit, which moves no money.
create table receipt (
    id                bigint generated always as identity primary key,
    site_id           int  not null references site,
    idempotency_key   text not null,
    request_hash      text not null,
    number            text not null,
    kind              text not null check (kind in ('SALE', 'GIFT', 'DEPOSIT', 'DEPOSIT_RETURN', 'REFUND', 'REVERSAL', 'TRANSFER',
                                                    'WRITE_OFF', 'DEBT_WRITE_OFF', 'DEBT', 'EMERGENCY')),
    account_id        int  not null references account,
    other_account_id  int references account,
    amount_yuan       numeric(12, 2) not null check (amount_yuan > 0),
    -- the part of a sale that went to the debt, not to the credit
    to_debt_yuan      numeric(12, 2) not null default 0 check (to_debt_yuan between 0 and amount_yuan),
    method            text check (method in ('CASH', 'TRANSFER', 'WECHAT', 'ALIPAY')),
    journal_id        bigint unique references journal,
    reverses          bigint unique references receipt,
    -- the emergency credit that it lent, ended or gave back
    emergency_yuan    numeric(12, 2) not null default 0 check (emergency_yuan >= 0),
    credit_after_yuan numeric(24, 12) not null,
    who               text not null,
    note              text,
    at                timestamptz not null,
    unique (site_id, idempotency_key),
    unique (site_id, number),
    check ((kind = 'TRANSFER') = (other_account_id is not null)),
    check (other_account_id <> account_id),
    check (kind not in ('SALE', 'DEPOSIT', 'DEPOSIT_RETURN', 'REFUND') or method is not null),
    check ((kind = 'REVERSAL') = (reverses is not null)),
    check ((kind = 'EMERGENCY') = (journal_id is null))
);
create index on receipt (account_id, at);
create index on receipt (other_account_id) where other_account_id is not null;
create trigger append_only before update or delete on receipt for each row execute function refuse_change();
create trigger no_truncate before truncate on receipt execute function refuse_change();

-- Receipts are numbered without a gap, from 1 each site day.
create table receipt_counter (
    site_id   int  not null references site,
    site_day  date not null,
    last      int  not null default 1,
    primary key (site_id, site_day)
);

-- Counts every change of what a reading is charged by. Billing keeps the assignments in memory and asks only for this.
create table billing_revision (
    one       boolean primary key default true check (one),
    revision  bigint not null
);
insert into billing_revision (revision) values (1);
-- A sequence gives no number twice, even where the change is taken back: what was read within it is then never taken for
-- what another change made.
create sequence billing_revision_number start 2;

create function touch_billing_revision() returns trigger language plpgsql as $$
begin
    update billing_revision set revision = nextval('billing_revision_number');
    return null;
end $$;
create trigger touch_billing after insert or update or delete on tariff_version
    for each statement execute function touch_billing_revision();
create trigger touch_billing after insert or update or delete on tariff_assignment
    for each statement execute function touch_billing_revision();
create trigger touch_billing after insert or update or delete on account_meter
    for each statement execute function touch_billing_revision();
create trigger touch_billing after update of contract_date on account
    for each statement execute function touch_billing_revision();
create trigger touch_billing after update of zone on site
    for each statement execute function touch_billing_revision();
