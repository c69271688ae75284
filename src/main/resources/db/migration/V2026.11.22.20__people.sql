-- Room: people. Who may do what, and where; signing in.

-- Who acts is told by the name alone, in the audit log and on receipts: nobody's, person's or key's, is ever another's.
create table actor_name (
    -- in small letters
    name text primary key check (name not in ('hub', 'meter')),
    kind text not null check (kind in ('PERSON', 'KEY')),
    unique (name, kind)
);

create table person (
    id            int generated always as identity primary key,
    -- as the audit log and receipts have it; never changed nor given to another
    name          text not null check (length(name) between 1 and 64 and name !~ '[/[:space:]]'),
    name_lower    text not null unique generated always as (lower(name)) stored,
    kind          text not null generated always as ('PERSON') stored,
    password_hash text not null,
    password_at   timestamptz not null,
    -- given by somebody else: has to be changed before anything is done
    one_time      boolean not null,
    -- the second factor: its secret, the newest 30 seconds of which a code was used, and a secret that is not confirmed yet
    totp_secret   bytea,
    totp_step     bigint not null default 0,
    totp_offered  bytea,
    created_at    timestamptz not null,
    disabled_at   timestamptz,
    -- somebody ended a lock: until then no failures of others keep this person out
    let_in_until  timestamptz,
    foreign key (name_lower, kind) references actor_name (name, kind)
);

-- A role everywhere, at a site, in a building of it (the shaft that supplies it), or for a single shop.
create table person_grant (
    id        int generated always as identity primary key,
    person_id int  not null references person,
    role      text not null check (role in ('VIEWER', 'LANDLORD', 'FINANCE', 'ELECTRICIAN', 'MANAGER', 'ADMINISTRATOR')),
    site_id   int references site,
    shaft     text,
    shop_id   int references shop,
    check (site_id is not null or (shaft is null and shop_id is null)),
    check (shaft is null or shop_id is null),
    -- who sublets has shops, not sites
    check (role <> 'LANDLORD' or shop_id is not null),
    unique nulls not distinct (person_id, role, site_id, shaft, shop_id)
);

-- For who lost the second factor: each once.
create table recovery_code (
    person_id int   not null references person,
    hash      bytea not null,
    used_at   timestamptz,
    primary key (person_id, hash)
);

-- Who is signed in where. In the database, so that hubs share it and a restart ends nobody's work. Of the cookie only the hash is kept.
create table person_session (
    hash       bytea primary key,
    person_id  int  not null references person,
    created_at timestamptz not null,
    -- when the person last did something; not the page that asks for news by itself
    seen_at    timestamptz not null,
    address    text not null,
    agent      text not null
);
create index on person_session (person_id);

-- What a machine calls with. Rights by name, at all sites or at some.
create table api_key (
    id         int generated always as identity primary key,
    name       text not null check (name ~ '^[[:alnum:]][[:alnum:]._-]{0,31}$'),
    name_lower text not null unique generated always as (lower(name)) stored,
    kind       text not null generated always as ('KEY') stored,
    hash       bytea not null unique,
    rights     text[] not null check (cardinality(rights) > 0),
    -- null: all sites
    sites      int[] check (cardinality(sites) > 0),
    created_at timestamptz not null,
    created_by text not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    used_at    timestamptz,
    foreign key (name_lower, kind) references actor_name (name, kind)
);

-- Failures to sign in, by what is guessed at and by where from; see SignIn.
create table sign_in_failure (
    subject      text primary key,
    failures     int not null,
    last_at      timestamptz not null,
    locked_until timestamptz
);

-- From where somebody has signed in, an address or a browser: a lock that others bring about from elsewhere does not hold here.
create table known_place (
    person_id int  not null references person,
    place     text not null,
    at        timestamptz not null,
    primary key (person_id, place)
);
