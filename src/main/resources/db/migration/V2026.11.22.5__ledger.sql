-- Room: billing. The chain over the ledger, and the terms of credit that a site sets.

-- What a site allows its accounts beyond their credit, where an account has no amount of its own.
create table site_credit_terms (
    site_id                 int primary key references site,
    emergency_allowed_yuan  numeric(12, 2) not null default 0 check (emergency_allowed_yuan >= 0)
);

-- A site's journals in the order in which they were sealed; hash is SHA-256 over the hash before (32 zero bytes for the first) and
-- the journal's canonical text in UTF-8. docs/ledger.md has the text.
create table journal_seal (
    site_id     int    not null references site,
    seq         bigint not null check (seq >= 1),
    journal_id  bigint not null unique references journal,
    hash        bytea  not null check (octet_length(hash) = 32),
    sealed_at   timestamptz not null default now(),
    primary key (site_id, seq)
);
create trigger append_only before update or delete on journal_seal for each row execute function refuse_change();
create trigger no_truncate before truncate on journal_seal execute function refuse_change();

-- Work that waits, no evidence: a journal that is taken out of it unsealed is found by the check.
create table journal_to_seal (
    site_id     int    not null,
    journal_id  bigint not null,
    primary key (site_id, journal_id)
);

create function queue_journals() returns trigger language plpgsql as $$
begin
    insert into journal_to_seal (site_id, journal_id) select site_id, id from added;
    return null;
end $$;
create trigger to_seal after insert on journal referencing new table as added
    for each statement execute function queue_journals();

create function refuse_entry_in_sealed_journal() returns trigger language plpgsql as $$
begin
    if exists (select from added a join journal_seal s on s.journal_id = a.journal_id) then
        raise exception 'a sealed journal takes no more entries; journal is append-only' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create trigger sealed after insert on entry referencing new table as added
    for each statement execute function refuse_entry_in_sealed_journal();
