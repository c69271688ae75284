-- Room: supply. When a cut may happen, how many at once, and which cuts wait for a second person.

-- The terms of a site; a site without a row has the defaults of SupplyTerms.
create table supply_terms (
    site_id            int primary key references site,
    -- the hours in which supply may be cut for what is owed, by kind of day: 08:00-12:00, 13:30-18:00; empty: never that day
    workday_hours      text not null,
    weekend_hours      text not null,
    holiday_hours      text not null,
    -- null: a hot day has the hours of what it is besides
    temperature_hours  text,
    -- from becoming due to the cut
    notice_minutes     int not null check (notice_minutes between 0 and 10080),
    -- so many shops of a site, or of a gateway, are cut or restored within a step; 0: any number
    step_shops         int not null check (step_shops between 0 and 1000),
    step_seconds       numeric(6, 1) not null check (step_seconds between 0.1 and 600),
    step_per           text not null check (step_per in ('SITE', 'GATEWAY')),
    -- more shops than these, due within so many minutes, wait for a person; 0: never
    mass_shops         int not null check (mass_shops between 0 and 100000),
    mass_minutes       int not null check (mass_minutes between 1 and 10080)
);

-- When the last shops were cut or restored, as many as count: what comes next follows from it, whichever hub does it.
create table supply_step (
    site_id     int not null references site,
    -- 0: those of the whole site
    gateway_id  int not null,
    turned      timestamptz[] not null,
    primary key (site_id, gateway_id)
);

-- So many shops became due for a cut within so short a time that it may be a mistake: nobody of them is cut before a person says so.
create table mass_cut (
    id          bigint generated always as identity primary key,
    site_id     int not null references site,
    -- who became due from then on is held
    since       timestamptz not null,
    opened_at   timestamptz not null,
    decided_at  timestamptz,
    -- GONE: nobody of them is due any more
    decision    text check (decision in ('CONFIRMED', 'DISMISSED', 'GONE')),
    decided_by  text,
    why         text,
    check ((decided_at is null) = (decision is null) and (decided_at is null) = (decided_by is null))
);
create unique index mass_cut_open on mass_cut (site_id) where decided_at is null;
create index on mass_cut (site_id, decided_at);
