-- Room: supply. What meters are to hold so that they keep to rules by themselves (表内参数): written, read back, looked at again every day.

create table meter_hold (
    meter_id     int primary key references meter,
    -- the parameters by name
    wanted       jsonb not null,
    -- of each rule whether the meter or the hub does it, and why
    findings     jsonb not null,
    -- the rules that are left to the meter; it does them only from verified_at on
    rules        text[] not null,
    changed_at   timestamptz not null,
    -- when it was last seen to hold all of it; null: not since that last changed, or it was found to differ
    verified_at  timestamptz,
    -- somebody has reason to think that it holds something else by now
    look         boolean not null default false,
    -- a person lifted what the meter opened for: its load control is to begin anew
    reset_at     timestamptz,
    -- its load control counts its trips from then on; null: nobody knows
    counted_from timestamptz,
    attempts     int not null default 0,
    next_try_at  timestamptz,
    -- a key of the message bundles and its words: why the last try came to nothing
    failure      jsonb,
    -- who is just writing to it, and until when nobody else does
    worker       uuid,
    held_until   timestamptz,
    check ((worker is null) = (held_until is null))
) with (fillfactor = 70);
