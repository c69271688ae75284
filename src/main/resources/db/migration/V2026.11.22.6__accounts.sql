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
