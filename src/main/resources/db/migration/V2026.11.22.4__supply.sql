-- Room: supply. Who is on, who is off and why. Wanted follows from the reasons; seen comes from the meter.

-- A reason for being off (or, KEEP_ON and PROTECTED, for staying on). Power comes back when none is left. Ended, never deleted.
create table supply_reason (
    id         bigint generated always as identity primary key,
    meter_id   int  not null references meter,
    kind       text not null check (kind in ('ARREARS', 'PROPERTY_FEE', 'OVERLOAD', 'FORBIDDEN_LOAD', 'SCHEDULE',
                   'MANUAL_OFF', 'FAULT', 'CLOSED_ACCOUNT', 'KEEP_ON', 'PROTECTED')),
    since      timestamptz not null,
    until      timestamptz,
    who        text not null,
    -- which role a person had there then: whoever lifts a lock-out has no lower one; null: none, or no person
    role       text check (role in ('VIEWER', 'LANDLORD', 'FINANCE', 'ELECTRICIAN', 'MANAGER', 'ADMINISTRATOR')),
    why        text not null,
    ended_at   timestamptz,
    ended_by   text,
    ended_why  text,
    check ((ended_at is null) = (ended_by is null)),
    -- who is kept on is kept on until a time; a lock-out is lifted by a person, never by the clock
    check (kind <> 'KEEP_ON' or until is not null),
    check (kind <> 'MANUAL_OFF' or until is null)
);
create unique index supply_reason_active on supply_reason (meter_id, kind) where ended_at is null;
create index supply_reason_until on supply_reason (until) where ended_at is null and until is not null;

-- The control loop's memory of a meter's relay or valve.
create table meter_supply (
    meter_id      int primary key references meter,
    -- AS_IS: protected and unsafe at once, the hub neither cuts nor closes
    wanted        text not null default 'ON' check (wanted in ('ON', 'OFF', 'AS_IS')),
    seen          text not null default 'UNKNOWN' check (seen in ('ON', 'OFF', 'UNKNOWN')),
    -- how it is known: the meter's own status register, or judged by power and the counter, or only that a command was taken
    seen_basis    text check (seen_basis in ('REGISTER', 'JUDGED', 'COMMAND')),
    -- since when it is seen so; how fresh that is, the meter's last reading says
    seen_at       timestamptz,
    -- the last command that the hub itself gave, whether the meter took it, and whether it was seen to hold
    commanded     text check (commanded in ('ON', 'OFF')),
    commanded_at  timestamptz,
    acknowledged_at timestamptz,
    confirmed_at  timestamptz,
    -- commands given since the wish last changed or was fulfilled
    attempts      int not null default 0,
    next_try_at   timestamptz,
    -- an alarm: the wish could not be fulfilled; trying goes on
    failure       text,
    -- the hub may close it: it opened it itself, or a person lifted the lock-out since it was last seen on
    may_close     boolean not null default false,
    -- the counter at the first reading after the last command, where no status register tells: a higher one shows flow
    mark_total    numeric(18, 3),
    -- to be seen as wanted is not enough: the hub has to force it against the meter's own controls
    firm          boolean not null default false,
    -- what the hub has forced it to, as far as that is certain
    forced        text check (forced in ('OPEN', 'CLOSED', 'NOTHING')),
    -- the control of its own that the meter was found opened by
    tripped       text check (tripped in ('OVERLOAD', 'FORBIDDEN_LOAD', 'SCHEDULE', 'NO_CREDIT')),
    -- since when it is owed and nothing keeps it on: the notice runs from here
    due_since     timestamptz,
    -- since when what is owed cuts it; null while notice, hours, a person or a step are waited for
    cut_at        timestamptz,
    -- for which of what is owed: each has its own notice
    cut_for       text[],
    -- what a change of the wish still waits for, since when and until when; until is null where nobody knows
    waits         text check (waits in ('NOTICE', 'HOURS', 'PERSON', 'STEP')),
    waits_since   timestamptz,
    waits_until   timestamptz,
    check (cut_at is null or due_since is not null),
    check ((waits is null) = (waits_since is null))
) with (fillfactor = 50);
create index on meter_supply (waits_until) where waits is not null;
create index on meter_supply (due_since) where due_since is not null;

-- What happened to a meter's supply, told in order. Nothing in it is ever changed.
create table supply_event (
    id        bigint generated always as identity primary key,
    at        timestamptz not null,
    meter_id  int  not null references meter,
    kind      text not null check (kind in ('REASON_SET', 'REASON_ENDED', 'COMMANDED', 'CONFIRMED', 'FAILED', 'SEEN',
                  'WAITS', 'TURNED')),
    detail    jsonb not null,
    who       text not null
);
create index on supply_event (meter_id, id);
create trigger append_only before update or delete on supply_event for each row execute function refuse_change();
create trigger no_truncate before truncate on supply_event execute function refuse_change();
