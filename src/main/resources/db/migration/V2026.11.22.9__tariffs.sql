-- Room: billing. What tariffs by kind of day and by tier need to know.

-- Days that are not what the day of the week says. TEMPERATURE is a mark besides.
create table calendar_day (
    site_id  int  not null references site,
    day      date not null,
    kind     text not null check (kind in ('HOLIDAY', 'WORKDAY', 'TEMPERATURE')),
    primary key (site_id, day, kind)
);
create unique index calendar_day_one_kind on calendar_day (site_id, day) where kind <> 'TEMPERATURE';
create trigger touch_billing after insert or update or delete on calendar_day
    for each statement execute function touch_billing_revision();

-- How much of a tier period is used; meter_id 0 stands for all meters of the account. Kept for tariffs with tiers only,
-- from the first use under such a tariff on: what a meter counted before is no part of it.
create table tier_use (
    account_id    int  not null references account,
    meter_id      int  not null,
    period        text not null check (period in ('MONTH', 'YEAR')),
    period_start  date not null,
    quantity      numeric(18, 6) not null check (quantity >= 0),
    primary key (account_id, meter_id, period, period_start)
) with (fillfactor = 50);
