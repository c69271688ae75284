-- Room: tenant. The shops' own side: signing in by a code to the phone, and the stickers in the mall that lead to paying.

-- How people write a number is theirs; it is the same phone by its digits, with or without the country's code.
create function phone_digits(phone text) returns text immutable strict parallel safe language sql
return (select case when d.digits ~ '^(0086|86)1[0-9]{10}$' then right(d.digits, 11) else nullif(d.digits, '') end
        from (select regexp_replace(phone, '[^0-9]', '', 'g') as digits) d);
create index customer_phone on customer (phone_digits(phone));

-- The one code that opens for a phone now. Of a number that nobody has there is one as well, which nobody knows.
create table tenant_code (
    phone       text primary key,
    hash        text not null,
    expires_at  timestamptz not null,
    -- each counts before it is looked at
    tries       int not null default 0
);

-- Which phone is signed in where. Of the cookie only the hash is kept.
create table tenant_session (
    hash        bytea primary key,
    phone       text not null,
    created_at  timestamptz not null,
    seen_at     timestamptz not null,
    address     text not null,
    agent       text not null
);
create index on tenant_session (seen_at);

-- How often something was done in the hour that began then.
create table hourly_use (
    subject     text primary key,
    since       timestamptz not null,
    uses        int not null
);

-- What a sticker's address ends with. It hangs where everybody passes: whoever has it may pay for the shop, and sees no more.
create table sticker (
    token       text primary key default left(replace(gen_random_uuid()::text, '-', ''), 12),
    shop_id     int unique references shop,
    meter_id    int unique references meter,
    check (num_nonnulls(shop_id, meter_id) = 1)
);
