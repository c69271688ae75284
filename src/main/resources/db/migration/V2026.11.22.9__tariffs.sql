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

-- Of which tiers that an account's meters use up together something was taken back by a true-up: they are charged anew.
create table tier_recount (
    account_id    int  not null references account,
    period        text not null check (period in ('MONTH', 'YEAR')),
    period_start  date not null,
    primary key (account_id, period, period_start)
);

-- A change of prices dated in the past, confirmed after a preview. Its accounts are charged anew one by one, each in a
-- transaction of its own: what is not done yet is done at the next start, or by the next day close. Done when each of them is
-- charged anew or set aside.
create table rerating (
    id        int generated always as identity primary key,
    site_id   int  not null references site,
    change    jsonb not null,
    token     text not null,
    -- the site's day of the preview: what the days before it come to is what was confirmed
    day       date not null,
    who       text not null,
    why       text not null,
    at        timestamptz not null,
    done_at   timestamptz
);
create unique index rerating_running on rerating (site_id) where done_at is null;

create table rerating_account (
    rerating_id      int not null references rerating,
    account_id       int not null references account,
    -- what the confirmed preview said, and what it came to: readings may have arrived in between
    preview_yuan     numeric(24, 12) not null,
    -- of that, the days before the preview's
    past_yuan        numeric(24, 12) not null,
    -- the preview found days of which nothing tells when was used what was used
    untold           boolean not null,
    difference_yuan  numeric(24, 12),
    done_at          timestamptz,
    failure          text,
    -- left as it was, for other changes to go on, until somebody tries again
    set_aside_at     timestamptz,
    set_aside_by     text,
    set_aside_why    text,
    primary key (rerating_id, account_id),
    check ((done_at is null) = (difference_yuan is null)),
    check (num_nonnulls(set_aside_at, set_aside_by, set_aside_why) in (0, 3))
);
create index on rerating_account (account_id) where done_at is null;

create table rerating_meter (
    rerating_id  int not null,
    account_id   int not null,
    meter_id     int not null references meter,
    days         date[] not null,
    primary key (rerating_id, account_id, meter_id),
    foreign key (rerating_id, account_id) references rerating_account
);
