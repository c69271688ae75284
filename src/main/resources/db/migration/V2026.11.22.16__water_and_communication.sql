-- Who can be reached and since when, what the meters' clocks show, and what water does that it should not.

-- Room: metering. When a hub asked its meters: between two rows nobody did, so that nothing is known of who could be reached.
-- When meters and gateways could not be reached while somebody asked, the alarms METER_LOST and GATEWAY_LOST say.
create table watch (
    id     bigint generated always as identity primary key,
    since  timestamptz not null,
    until  timestamptz not null,
    check (until >= since)
);
create index on watch (until);

-- Room: metering. When a site's meter clocks are looked at, and what is done about them. No row: from 03:10 on, an alarm above 60 s,
-- none is set by the hub itself.
create table clock_setting (
    site_id            int primary key references site,
    -- looked at once a day within two hours from this time of day
    look_from          time not null default '03:10',
    alarm_seconds      int  not null default 60 check (alarm_seconds between 5 and 86400),
    -- a clock that is wrong by so much is set by the hub; null: only people set clocks
    set_above_seconds  int check (set_above_seconds between 5 and 86400)
);

-- What a clock showed when it was looked at, and what became of it. Kept.
create table clock_look (
    id             bigint generated always as identity primary key,
    meter_id       int not null references meter,
    at             timestamptz not null,
    -- how far it was before the hub's; null: no sensible answer
    drift_seconds  numeric(12, 3),
    -- OK, SET (and read back), SET_FAILED, TOO_FAR (only a person may set it), EDGE (too near an edge of rate bands), NO_ANSWER
    result         text not null check (result in ('OK', 'SET', 'SET_FAILED', 'TOO_FAR', 'EDGE', 'WRONG', 'NO_ANSWER')),
    why            text
);
create index on clock_look (meter_id, at);
create trigger append_only before update or delete on clock_look for each row execute function refuse_change();
create trigger no_truncate before truncate on clock_look execute function refuse_change();

-- Room: supply. What a site wants watched about its water. No row: leaks after 3 nights from 02:00 to 04:00, no exercise of valves.
create table water_setting (
    site_id           int primary key references site,
    night_from        time not null default '02:00',
    night_to          time not null default '04:00' check (night_to <> night_from),
    leak_nights       int  not null default 3 check (leak_nights between 1 and 31),
    -- within this time of day the valves are shut and opened again; null: they are not exercised
    exercise_from     time,
    exercise_to       time check ((exercise_to is null) = (exercise_from is null) and exercise_to <> exercise_from),
    exercise_days     int  not null default 30 check (exercise_days between 1 and 365)
);

-- A valve that is shut, and what its counter did since: water that flows on through a shut valve is an alarm.
create table shut_valve (
    meter_id    int primary key references meter,
    shut_at     timestamptz not null,
    -- the first reading after it must have been shut, and the last one
    base_at     timestamptz,
    base_total  numeric(18, 3),
    last_at     timestamptz,
    last_total  numeric(18, 3),
    -- in how many readings the counter had gone on, and when last
    moved       int not null default 0,
    moved_at    timestamptz,
    stuck       boolean not null default false
);

-- The least that flowed through a water meter in a night. Nights with too few readings say nothing: null.
create table water_night (
    meter_id    int  not null references meter,
    night       date not null,
    least_flow  numeric(12, 3),
    readings    int  not null,
    primary key (meter_id, night)
);

-- Each exercise of a valve: shut and opened again, so that it does not grow stiff.
create table valve_exercise (
    id           bigint generated always as identity primary key,
    meter_id     int not null references meter,
    started_at   timestamptz not null,
    shut_at      timestamptz,
    reopened_at  timestamptz,
    result       text not null default 'RUNNING' check (result in ('RUNNING', 'DONE', 'DID_NOT_SHUT', 'DID_NOT_OPEN', 'NO_ANSWER')),
    why          text
);
create unique index valve_exercise_running on valve_exercise (meter_id) where result = 'RUNNING';
create index on valve_exercise (meter_id, started_at);
