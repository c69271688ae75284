-- Room: metering. What the meters say: the newest accepted reading of each, the history, and what could not be believed.

-- One hot row a meter, updated by every reading: half of each page is left free so that updates stay in the page (HOT).
create table meter_state (
    meter_id       int primary key references meter,
    -- the last accepted reading
    read_at        timestamptz,
    total          numeric(18, 3),
    -- band registers in the order sharp, peak, flat, valley, deep valley; null where the meter has none
    bands          numeric(18, 3)[],
    -- when they were read, which need not be with the last reading
    bands_at       timestamptz,
    power          numeric(12, 3),
    live           jsonb,
    -- when all of them were read at once last; some come seldom
    live_at        timestamptz,
    -- the counter at the first accepted reading of the site's day: today's consumption is total - day_total
    day            date,
    day_total      numeric(18, 3),
    -- whether it answers
    answered_at    timestamptz,
    failing_since  timestamptz,
    failure        text,
    -- set while it has failed so often that it is asked only now and then: it is lost. About when it is asked again
    next_try_at    timestamptz,
    -- the last reading that could not be believed, while no believable one has come since (see quarantine)
    suspect_at     timestamptz,
    suspect_total  numeric(18, 3),
    -- the last value of another register that answers under the same address in turn with this one, and how many believable
    -- readings have come since: when there are enough the other is gone
    other_at       timestamptz,
    other_total    numeric(18, 3),
    other_quiet    int,
    -- up to when, and up to which value, a lost meter is charged by estimate; what is believed of it stays as it is
    stand_in_at    timestamptz,
    stand_in_total numeric(18, 3),
    -- the CT ratio since it was changed; null: as in meter. Here it is locked: a reading that waits for this row must not go by the old one
    ct_ratio       int
) with (fillfactor = 50);

-- Every accepted or late reading as it came, a partition a day; (meter, time) decides that a reading counts once. Late: a newer
-- one was accepted before it came, so that nothing was counted up to it; null, which takes no room, for the others.
create table reading (
    meter_id  int            not null,
    read_at   timestamptz    not null,
    total     numeric(18, 3) not null,
    bands     numeric(18, 3)[],
    power     numeric(12, 3),
    late      boolean,
    primary key (meter_id, read_at)
) partition by range (read_at);

-- The counter at the last reading within each quarter of an hour, a partition a month.
create table quarter_hour (
    meter_id   int            not null,
    starts_at  timestamptz    not null,
    read_at    timestamptz    not null,
    total      numeric(18, 3) not null,
    primary key (meter_id, starts_at)
) partition by range (starts_at);

-- A time in which a meter's values could not be true: not billed until they return to the believable or a person decides.
create table quarantine (
    id           bigint generated always as identity primary key,
    meter_id     int not null references meter,
    kind         text not null check (kind in ('BACKWARDS', 'JUMP', 'INTERLEAVED')),
    since        timestamptz not null,
    accepted_total  numeric(18, 3) not null,
    first_total  numeric(18, 3) not null,
    last_at      timestamptz not null,
    last_total   numeric(18, 3) not null,
    readings     int  not null default 1,
    raw          text not null,
    ended_at     timestamptz,
    ended_how    text check (ended_how in ('RECOVERED', 'ACCEPTED', 'REPLACED')),
    ended_by     text
);
create unique index quarantine_open on quarantine (meter_id) where ended_at is null;

-- A meter changed on the wall: the old one's closing and the new one's opening value, both kept. Or the meter stays and its current
-- transformers were changed: the same value of its counter times the ratio before, and times the ratio after.
create table meter_replacement (
    id             bigint generated always as identity primary key,
    meter_id       int not null references meter,
    at             timestamptz not null,
    closing_total  numeric(18, 3) not null,
    opening_total  numeric(18, 3) not null,
    ct_before      int check (ct_before between 1 and 10000),
    ct_after       int check (ct_after between 1 and 10000),
    who            text not null,
    why            text not null,
    unique (meter_id, at),
    check ((ct_before is null) = (ct_after is null)),
    check (ct_before <> ct_after and closing_total * ct_after = opening_total * ct_before)
);
create trigger append_only before update or delete on meter_replacement for each row execute function refuse_change();
create trigger no_truncate before truncate on meter_replacement execute function refuse_change();
