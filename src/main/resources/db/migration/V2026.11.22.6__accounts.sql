-- Room: billing. What people have to be told about money: warnings and alarms, each once, written by the transaction that causes it.

create table money_event (
    id          bigint generated always as identity primary key,
    at          timestamptz not null,
    site_id     int  not null references site,
    account_id  int references account,
    meter_id    int references meter,
    kind        text not null check (kind ~ '^[A-Z][A-Z0-9_]{1,63}$'),
    detail      jsonb not null default '{}'
);
create index on money_event (site_id, id);
create index on money_event (account_id, id) where account_id is not null;
create index on money_event (meter_id, id) where meter_id is not null;
create trigger append_only before update or delete on money_event for each row execute function refuse_change();
create trigger no_truncate before truncate on money_event execute function refuse_change();

-- The warning levels of a group of shops, for its accounts that have none of their own.
create table group_level (
    site_id     int  not null references site,
    shop_group  text not null,
    warn1_yuan  numeric(12, 2) not null,
    warn2_yuan  numeric(12, 2) not null,
    warn1_days  numeric(5, 1) check (warn1_days >= 0),
    warn2_days  numeric(5, 1) check (warn2_days >= 0),
    primary key (site_id, shop_group),
    check (warn1_yuan >= warn2_yuan),
    check (warn1_days >= warn2_days)
);

-- Room: metering. Where a counter went elsewhere without having counted it: another meter on the wall or another CT ratio
-- (opening - closing), a
-- register that overflowed (- its range), a lower value that a person believed. start + used + jumps = end.
create table counter_jump (
    meter_id  int not null references meter,
    at        timestamptz not null,
    jump      numeric(18, 3) not null,
    primary key (meter_id, at)
);
