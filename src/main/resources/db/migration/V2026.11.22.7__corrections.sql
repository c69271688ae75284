-- Readings that no meter sent, and charges that stand in for what is not known yet.

-- Room: metering. What a person read off a meter, what the hub estimated for one that is lost, what staff put in its place.
-- Kept for good: money was charged on somebody's word. A manual one, which is as real as a meter's own, stands in the table
-- reading as well.
create table entered_reading (
    id          bigint         generated always as identity primary key,
    meter_id    int            not null references meter,
    read_at     timestamptz    not null,
    source      text           not null check (source in ('MANUAL', 'ESTIMATED', 'SUBSTITUTED')),
    -- what the counter showed, or would show; kWh or m3 after the CT ratio
    total       numeric(18, 3) not null check (total >= 0),
    -- what was charged with it, since the reading before
    quantity    numeric(18, 3) not null check (quantity >= 0),
    -- who stood before the meter; none for an estimate
    reader      text,
    entered_at  timestamptz    not null,
    who         text           not null,
    why         text           not null
);
-- what a person brings counts once; an estimate is made again after a substituted value
create unique index entered_reading_once on entered_reading (meter_id, read_at, source) where source <> 'ESTIMATED';
create index on entered_reading (meter_id, read_at);
create trigger append_only before update or delete on entered_reading for each row execute function refuse_change();
create trigger no_truncate before truncate on entered_reading execute function refuse_change();

-- How a site has its meters read. No row: as if both were null.
create table reading_setting (
    site_id               int primary key references site,
    -- a meter that has not answered for so long gets an estimated reading at the end of each day; null: none does
    estimate_after_hours  int check (estimate_after_hours between 1 and 8760),
    -- staff are told of a meter read by hand that was not read for so long; null: as the hub has it
    by_hand_days          int check (by_hand_days between 1 and 366)
);

-- Room: billing. What charge lines hold for want of a real reading, by meter: taken out of them again when one comes.
create table provisional_charge (
    meter_id            int            not null references meter,
    account_id          int            not null references account,
    site_day            date           not null,
    tariff_version_id   int            not null references tariff_version,
    band                text           not null,
    tier                smallint       not null,
    quantity            numeric(18, 6) not null check (quantity > 0),
    primary key (meter_id, account_id, site_day, tariff_version_id, band, tier)
);
