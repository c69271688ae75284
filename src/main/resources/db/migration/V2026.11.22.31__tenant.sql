-- Room: tenant. The shops' own side: signing in by a code to the phone, and the stickers in the mall that lead to paying.

-- The one code that opens now in a browser, known by the hash of its cookie. Of a number that nobody has there is one as well, which nobody knows.
create table tenant_code (
    browser     bytea primary key,
    phone       text not null,
    hash        text not null,
    expires_at  timestamptz not null,
    -- each counts before it is looked at
    tries       int not null default 0
);
create index on tenant_code (expires_at);

-- Browsers in which a phone signed in: what others ask for in its name does not count for them. They open nothing.
create table tenant_browser (
    browser     bytea not null,
    phone       text not null,
    used_at     timestamptz not null,
    primary key (browser, phone)
);
create index on tenant_browser (used_at);

-- Who signs in without a code, as a platform says who it is in its own browser: each person of an app by one phone at most.
create table tenant_identity (
    id          bigint generated always as identity primary key,
    channel     text not null,
    app         text not null,
    -- openid
    subject     text not null,
    phone       text not null,
    tied_at     timestamptz not null,
    unique (channel, app, subject)
);
create index on tenant_identity (phone);

-- Which phone is signed in where. Of the cookie only the hash is kept.
create table tenant_session (
    hash        bytea primary key,
    phone       text not null,
    created_at  timestamptz not null,
    seen_at     timestamptz not null,
    address     text not null,
    agent       text not null,
    -- in which it signed in, as a tag: zh-CN, en
    language    text not null,
    -- by which it was opened, or which was tied in it: it ends with it
    identity_id bigint references tenant_identity on delete cascade
);
create index on tenant_session (seen_at);
create index on tenant_session (phone);
create index on tenant_session (identity_id) where identity_id is not null;

-- How often something was done in the hour that began then.
create table hourly_use (
    subject     text primary key,
    since       timestamptz not null,
    uses        int not null
);
create index on hourly_use (since);

-- What a sticker's address ends with. It hangs where everybody passes: whoever has it may pay for the shop, and sees no more.
create table sticker (
    token       text primary key default left(replace(gen_random_uuid()::text, '-', ''), 12),
    shop_id     int unique references shop,
    meter_id    int unique references meter,
    check (num_nonnulls(shop_id, meter_id) = 1)
);

-- What a site has set about its shops' own side; one without a row tells of payments.
create table tenant_terms (
    site_id     int primary key references site,
    tell        boolean not null
);

-- What shops are told by a message to their phone. It is there as soon as what it tells of, in the same transaction, and once.
create table tenant_message (
    id          bigint generated always as identity primary key,
    -- CREDITED: a pay_payment; GIVEN_BACK: a pay_refund
    about       text not null check (about in ('CREDITED', 'GIVEN_BACK')),
    about_id    bigint not null,
    made_at     timestamptz not null default now(),
    -- when it is to be sent; null: it is over
    next_try_at timestamptz default now(),
    tries       int not null default 0,
    -- SENT; NOBODY to be told; OFF: the site tells nothing; FAILED: the carrier did not take it
    outcome     text check (outcome in ('SENT', 'NOBODY', 'OFF', 'FAILED')),
    unique (about, about_id),
    check ((next_try_at is null) = (outcome is not null))
);
create index tenant_message_due on tenant_message (next_try_at) where next_try_at is not null;

create function tell_tenant() returns trigger language plpgsql as $$
begin
    insert into tenant_message (about, about_id) values (tg_argv[0], new.id) on conflict do nothing;
    return null;
end $$;
create trigger told after update of state on pay_payment for each row
    when (new.state = 'CREDITED' and old.state <> 'CREDITED' and new.channel not in ('CASH', 'TRANSFER')) execute function tell_tenant('CREDITED');
create trigger told after update of state on pay_refund for each row
    when (new.state = 'DONE' and old.state <> 'DONE' and new.channel not in ('CASH', 'TRANSFER')) execute function tell_tenant('GIVEN_BACK');
