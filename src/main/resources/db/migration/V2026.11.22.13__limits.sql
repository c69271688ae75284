-- Room: supply. What holds for a shop's supply of electricity by itself: power limit, forbidden load, schedule.

-- A rule is read and written whole, never searched in: its JSON is what REST shows.
create table shop_rule (
    shop_id  int not null references shop,
    kind     text not null check (kind in ('POWER_LIMIT', 'FORBIDDEN_LOAD', 'SCHEDULE')),
    rule     jsonb not null,
    primary key (shop_id, kind)
);

-- Meters that draw more than their limit right now and have not been cut for it. Most have no row.
create table overload (
    meter_id     int primary key references meter,
    begun_at     timestamptz not null,
    last_at      timestamptz not null,
    over_millis  bigint not null check (over_millis >= 0)
) with (fillfactor = 50);

-- how often a meter was cut within a day
create index on supply_reason (meter_id, kind, since);
