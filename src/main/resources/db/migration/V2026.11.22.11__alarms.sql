-- Room: site. What is wrong now and what was: one open row a kind and subject, raised and cleared by the transaction that found it.

create table alarm (
    id              bigint generated always as identity primary key,
    site_id         int  not null references site,
    kind            text not null check (kind ~ '^[A-Z][A-Z0-9_]{1,63}$'),
    subject         text not null check (subject in ('METER', 'GATEWAY', 'SHOP', 'SITE')),
    -- of the meter, gateway, shop or site
    subject_id      int  not null,
    since           timestamptz not null,
    cleared_at      timestamptz,
    detail          jsonb not null default '{}',
    -- the wider alarm that explains this one, while both are open: a meter's within its bus's
    under_id        bigint references alarm,
    acknowledged_by  text,
    acknowledged_at  timestamptz,
    acknowledged_why text,
    check (cleared_at >= since),
    check ((acknowledged_at is null) = (acknowledged_by is null)),
    check ((acknowledged_at is null) = (acknowledged_why is null))
);
create unique index alarm_open on alarm (kind, subject_id) where cleared_at is null;
create index on alarm (site_id, id);
create index on alarm (subject, subject_id, id);
create index on alarm (under_id) where under_id is not null and cleared_at is null;

-- An open alarm gets details, is acknowledged and cleared; nothing of one that was cleared is ever changed.
create function keep_alarm() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.cleared_at is not null
       or (new.id, new.site_id, new.kind, new.subject, new.subject_id, new.since)
           is distinct from (old.id, old.site_id, old.kind, old.subject, old.subject_id, old.since) then
        raise exception 'an alarm that was raised stays as it was' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger kept before update or delete on alarm for each row execute function keep_alarm();
create trigger no_truncate before truncate on alarm execute function refuse_change();
