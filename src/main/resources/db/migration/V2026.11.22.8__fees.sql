-- Room: billing. Public areas shared out to the shops, property fees, the guard for resale, and which meter hangs behind which.

-- Meters of public areas whose consumption shops pay together, at a price of its own.
create table sharing_group (
    id           int generated always as identity primary key,
    site_id      int  not null references site,
    code         text not null,
    name         text not null,
    energy_kind  text not null check (energy_kind in ('ELECTRICITY', 'WATER')),
    rule         text not null check (rule in ('FIXED', 'AREA', 'OWN', 'EQUAL')),
    tariff_id    int  not null references tariff,
    -- nothing is shared out of the months before it
    first_month  date not null check (extract(day from first_month) = 1),
    unique (site_id, code)
);

create table sharing_source (
    group_id    int  not null references sharing_group,
    meter_id    int  not null references meter,
    valid_from  date not null,
    valid_to    date check (valid_to > valid_from),
    primary key (group_id, meter_id, valid_from)
);
-- what a meter counts is shared out once
create unique index sharing_source_open on sharing_source (meter_id) where valid_to is null;

create table sharing_member (
    group_id    int  not null references sharing_group,
    shop_id     int  not null references shop,
    -- FIXED: the agreed share; AREA: m2, taken over from the shop when the share was agreed, so that a later measuring changes no
    -- month that is booked
    share       numeric(18, 6) check (share > 0),
    valid_from  date not null,
    valid_to    date check (valid_to > valid_from),
    primary key (group_id, shop_id, valid_from)
);
create unique index sharing_member_open on sharing_member (group_id, shop_id) where valid_to is null;

-- How often a month was shared out: once, and again for what came late. Its row is held while that is done.
create table sharing_month (
    group_id  int  not null references sharing_group,
    month     date not null check (extract(day from month) = 1),
    postings  int  not null default 0,
    -- it was shared out among all; false: up to now only among those who left
    complete  boolean not null default false,
    primary key (group_id, month)
);

-- A shop's part: a line of its own, never within the price of what the shop used itself. What came late is a further posting
-- with the difference, above or below 0.
create table shared_line (
    id                 bigint generated always as identity primary key,
    group_id           int  not null,
    month              date not null,
    posting            int  not null check (posting >= 1),
    shop_id            int  not null references shop,
    -- none: nobody rented the shop, the part is the landlord's
    account_id         int references account,
    basis              text not null check (basis in ('FIXED', 'AREA', 'OWN', 'EQUAL')),
    -- of the group's consumption at this price
    share              numeric(9, 6)   not null,
    tariff_version_id  int  not null references tariff_version,
    band               text not null check (band in ('SINGLE', 'SHARP', 'PEAK', 'FLAT', 'VALLEY', 'DEEP_VALLEY')),
    price              numeric(12, 6)  not null check (price >= 0),
    quantity           numeric(18, 6)  not null check (quantity <> 0),
    amount             numeric(24, 12) not null,
    -- none: the landlord's part, or its account was closed before it came
    journal_id         bigint references journal,
    unique nulls not distinct (group_id, month, posting, shop_id, account_id, tariff_version_id, band, price),
    foreign key (group_id, month) references sharing_month,
    check (amount = quantity * price),
    check (journal_id is null or account_id is not null)
);
create index on shared_line (account_id, month);
create trigger append_only before update or delete on shared_line for each row execute function refuse_change();
create trigger no_truncate before truncate on shared_line execute function refuse_change();

-- On which day of the month a site takes property fees, and how long it waits before it cuts the supply of who did not pay.
create table property_fee_site (
    site_id       int primary key references site,
    day_of_month  int  not null check (day_of_month between 1 and 28),
    notice_days   int  not null check (notice_days between 0 and 365),
    first_month   date not null check (extract(day from first_month) = 1)
);

-- What a shop owes each month, from its entry to the day before valid_to.
create table property_fee (
    id          int generated always as identity primary key,
    shop_id     int  not null references shop,
    basis       text not null check (basis in ('AREA', 'FIXED')),
    -- yuan per m2 and month, or yuan per month
    rate_yuan   numeric(12, 4) not null check (rate_yuan >= 0),
    area_m2     numeric(10, 2) check (area_m2 > 0),
    valid_from  date not null,
    -- the same day: who came left on that day, or the fee was withdrawn before it began
    valid_to    date check (valid_to >= valid_from),
    -- which pays; known from the first charge on, or from the move on that brought its tenant
    account_id  int references account,
    check ((basis = 'AREA') = (area_m2 is not null))
);
create unique index property_fee_open on property_fee (shop_id) where valid_to is null;
create index on property_fee (shop_id);

-- A site's month of fees and how far it is.
create table fee_run (
    site_id      int  not null references site,
    month        date not null check (extract(day from month) = 1),
    started_at   timestamptz not null,
    finished_at  timestamptz,
    state        text not null check (state in ('RUNNING', 'DONE', 'INCOMPLETE')),
    total        int  not null default 0,
    done         int  not null default 0,
    failed       int  not null default 0,
    primary key (site_id, month),
    check (done >= 0 and failed >= 0 and done + failed <= total)
);

-- A shop's fee of a month: its row is held while it is charged, and decides that this is done once.
create table fee_month (
    property_fee_id  int  not null references property_fee,
    month            date not null,
    state            text not null default 'OPEN' check (state in ('OPEN', 'DONE', 'FAILED')),
    postings         int  not null default 0,
    -- why it could not be taken, and the words of that, for people to read in their language
    failure          text check (failure in ('ACCOUNT_CLOSED', 'TENANT_LEFT', 'FAULT')),
    failure_words    text[],
    primary key (property_fee_id, month),
    check ((state = 'FAILED') = (failure is not null)),
    check ((failure is null) = (failure_words is null))
);

create table fee_line (
    property_fee_id  int  not null,
    month            date not null,
    posting          int  not null check (posting >= 1),
    account_id       int  not null references account,
    days             int  not null check (days between 0 and 31),
    -- below 0: given back, because the shop left or the fee was lowered for a month that was charged
    amount_yuan      numeric(14, 2) not null check (amount_yuan <> 0),
    journal_id       bigint not null unique references journal,
    primary key (property_fee_id, month, posting),
    foreign key (property_fee_id, month) references fee_month
);
create index on fee_line (account_id, month);
create trigger append_only before update or delete on fee_line for each row execute function refuse_change();
create trigger no_truncate before truncate on fee_line execute function refuse_change();

-- A property-fee account below its limit: since when, when the supply is cut, when it was, and when it was paid.
create table fee_notice (
    id          bigint generated always as identity primary key,
    account_id  int  not null references account,
    since       timestamptz not null,
    cut_on      date not null,
    overdue_at  timestamptz,
    ended_at    timestamptz
);
create unique index fee_notice_open on fee_notice (account_id) where ended_at is null;
create index on fee_notice (cut_on) where ended_at is null and overdue_at is null;

-- What the grid billed the site, as staff entered it.
create table grid_bill (
    site_id      int  not null references site,
    month        date not null check (extract(day from month) = 1),
    energy_kind  text not null check (energy_kind in ('ELECTRICITY', 'WATER')),
    quantity     numeric(18, 3) not null check (quantity >= 0),
    amount_yuan  numeric(14, 2) not null check (amount_yuan >= 0),
    who          text not null,
    at           timestamptz not null,
    primary key (site_id, month, energy_kind)
);

-- What the tenants paid above the grid's bill and were given back, once.
create table give_back (
    site_id      int  not null references site,
    month        date not null,
    energy_kind  text not null check (energy_kind in ('ELECTRICITY', 'WATER')),
    paid_yuan    numeric(24, 12) not null,
    bill_yuan    numeric(14, 2)  not null,
    excess_yuan  numeric(14, 2)  not null check (excess_yuan > 0),
    who          text not null,
    why          text not null,
    at           timestamptz not null,
    primary key (site_id, month, energy_kind),
    foreign key (site_id, month, energy_kind) references grid_bill
);
create trigger append_only before update or delete on give_back for each row execute function refuse_change();
create trigger no_truncate before truncate on give_back execute function refuse_change();

create table give_back_line (
    site_id      int  not null,
    month        date not null,
    energy_kind  text not null,
    account_id   int  not null references account,
    paid_yuan    numeric(24, 12) not null,
    amount_yuan  numeric(14, 2)  not null check (amount_yuan > 0),
    journal_id   bigint not null unique references journal,
    primary key (site_id, month, energy_kind, account_id),
    foreign key (site_id, month, energy_kind) references give_back
);
create trigger append_only before update or delete on give_back_line for each row execute function refuse_change();
create trigger no_truncate before truncate on give_back_line execute function refuse_change();

-- Behind which meter a meter hangs, for the loss between a main meter and the sum of its sub-meters.
create table meter_parent (
    meter_id    int  not null references meter,
    parent_id   int  not null references meter,
    valid_from  date not null,
    valid_to    date check (valid_to > valid_from),
    primary key (meter_id, valid_from),
    check (meter_id <> parent_id)
);
create unique index meter_parent_open on meter_parent (meter_id) where valid_to is null;
create index on meter_parent (parent_id);
