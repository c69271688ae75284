-- Room: supply. Credit that a meter keeps itself (表内金额): the purchases that must be in it, each once.

create table meter_credit (
    meter_id     int primary key references meter,
    -- HUB: the ledger alone holds the credit; METER: what the account buys is handed to the meter as well
    mode         text not null check (mode in ('HUB', 'METER')),
    account_id   int not null references account,
    -- the meter must show (base + number of the last purchase in it) mod 65536
    base         int not null check (base between 0 and 65535),
    since        timestamptz not null,
    -- comparisons with the ledger begin with the first reading after this
    compared_from timestamptz not null,
    -- a count that cannot be: nothing more is written to the meter before a person has decided
    stopped_at   timestamptz,
    stopped_count int check (stopped_count between 0 and 65535),
    attempts     int not null default 0,
    next_try_at  timestamptz,
    -- a key of the message bundles and its words: why the last try came to nothing
    failure      jsonb,
    -- who is just writing to it, and until when nobody else does
    worker       uuid,
    held_until   timestamptz,
    check ((stopped_at is null) = (stopped_count is null)),
    check ((worker is null) = (held_until is null))
) with (fillfactor = 70);
create unique index meter_credit_account on meter_credit (account_id) where mode = 'METER';

create table meter_purchase (
    id           bigint generated always as identity primary key,
    meter_id     int not null references meter_credit,
    -- given when it is about to be written, so that one taken back before leaves no gap; the count is (base + number) mod 65536
    number       bigint check (number >= 1),
    amount_yuan  numeric(12, 2) not null check (amount_yuan > 0),
    -- what booked it; none: what the ledger held when the meter began to keep credit
    journal_id   bigint unique references journal,
    -- WRITING: may be in the meter, its count says; WITHDRAWN: never written; ABANDONED: nobody asked any more whether it was
    state        text not null default 'WAITING' check (state in ('WAITING', 'WRITING', 'CONFIRMED', 'WITHDRAWN', 'ABANDONED')),
    made_at      timestamptz not null,
    written_at   timestamptz,
    confirmed_at timestamptz,
    unique (meter_id, number),
    check ((number is null) = (state in ('WAITING', 'WITHDRAWN'))),
    check ((state = 'CONFIRMED') = (confirmed_at is not null))
);
create unique index meter_purchase_writing on meter_purchase (meter_id) where state = 'WRITING';
create index on meter_purchase (meter_id, id);
create index meter_purchase_open on meter_purchase (meter_id) where state in ('WAITING', 'WRITING');

-- A meter's own credit against the ledger at one of its readings. The parts add up to the drift.
create table meter_credit_check (
    meter_id         int not null references meter_credit,
    read_at          timestamptz not null,
    meter_yuan       numeric(14, 2) not null,
    ledger_yuan      numeric(24, 12) not null,
    -- purchases made for it, and those that its count says it had
    sold_yuan        numeric(14, 2) not null,
    in_meter_yuan    numeric(14, 2) not null,
    charged_yuan     numeric(24, 12) not null,
    -- what the meter's prices make of what it counted, added up over the comparisons since these began
    cost_yuan        numeric(24, 12) not null,
    -- by band, or the whole; the prices hold until the next comparison, null for a band without
    counted          numeric(18, 3)[] not null,
    prices           numeric(12, 6)[] not null,
    drift_yuan       numeric(24, 12) not null,
    opening_yuan     numeric(24, 12) not null,
    under_way_yuan   numeric(24, 12) not null,
    prices_yuan      numeric(24, 12) not null,
    bookings_yuan    numeric(24, 12) not null,
    unexplained_yuan numeric(24, 12) not null,
    primary key (meter_id, read_at),
    check (cardinality(counted) = cardinality(prices)),
    check (drift_yuan = opening_yuan + under_way_yuan + prices_yuan + bookings_yuan + unexplained_yuan),
    check (drift_yuan = meter_yuan - ledger_yuan)
);
create trigger append_only before update or delete on meter_credit_check for each row execute function refuse_change();

create table meter_credit_limit (
    site_id           int primary key references site,
    -- what of a drift may be unexplained without an alarm; 1 yuan where nothing is set
    unexplained_yuan  numeric(12, 2) not null check (unexplained_yuan >= 0)
);
