-- Room: site. What stands where: gateways, meters, shops and the customers who rent them.

create table site (
    id         int generated always as identity primary key,
    code       text not null unique check (code ~ '^[A-Za-z0-9_-]{1,32}$'),
    name       text not null,
    zone       text not null default 'Asia/Shanghai'
);

create table gateway (
    id         int generated always as identity primary key,
    site_id    int  not null references site,
    code       text not null,
    name       text not null,
    shaft      text not null,
    host       text not null,
    port       int  not null check (port between 1 and 65535),
    framing    text not null check (framing in ('TCP', 'RTU')),
    baud       int  not null check (baud between 1200 and 115200),
    enabled    boolean not null default true,
    unique (site_id, code),
    unique (host, port) deferrable
);

-- How people write a number is theirs; it is the same phone by its digits, with or without the country's code.
create function phone_digits(phone text) returns text immutable strict parallel safe language sql
return (select case when d.digits ~ '^(0086|86)1[0-9]{10}$' then right(d.digits, 11) else nullif(d.digits, '') end
        from (select regexp_replace(phone, '[^0-9]', '', 'g') as digits) d);

-- A tenant whose name or phone is written anew is the same one. But a mobile phone alone is a person's: behind any other number, the mall's own
-- or a stand-in, may be anybody.
create function same_tenant(name text, phone text, other_name text, other_phone text) returns boolean immutable parallel safe language sql
return name = other_name or coalesce(phone_digits(phone) = phone_digits(other_phone) and phone_digits(phone) ~ '^1[0-9]{10}$', false);

create table customer (
    id         int generated always as identity primary key,
    site_id    int  not null references site,
    name       text not null,
    phone      text,
    unique nulls not distinct (site_id, name, phone)
);
create index customer_phone on customer (phone_digits(phone));

create table shop (
    id          int generated always as identity primary key,
    site_id     int  not null references site,
    code        text not null,
    name        text not null,
    floor       text not null,
    shaft       text not null,
    area_m2     numeric(10, 2) check (area_m2 > 0),
    shop_group  text,
    customer_id int references customer,
    enabled     boolean not null default true,
    unique (site_id, code)
);

-- A meter hangs on one gateway's bus under its unit id, or on none: then people read it. With a shop it is that shop's; without, a
-- public area's.
create table meter (
    id              int generated always as identity primary key,
    site_id         int  not null references site,
    gateway_id      int  references gateway,
    shop_id         int references shop,
    code            text not null,
    name            text not null,
    -- none: a meter that is read by hand, of no model that the hub knows
    model           text,
    energy_kind     text not null check (energy_kind in ('ELECTRICITY', 'WATER')),
    unit_id         int  check (unit_id between 1 and 247),
    ct_ratio        int  not null default 1 check (ct_ratio between 1 and 10000),
    -- the most that can flow in an hour, kW or m3/h, after the CT ratio: what is beyond it cannot be true
    rating          numeric(10, 3) not null check (rating > 0),
    -- what the counter showed when the meter was handed over, kWh or m3 after the CT ratio; none: the first reading is
    opening_reading numeric(18, 3) check (opening_reading >= 0),
    enabled         boolean not null default true,
    unique (site_id, code),
    -- looked at when a statement ends: two meters can change their unit ids for each other's
    unique (gateway_id, unit_id) deferrable,
    check ((gateway_id is null) = (unit_id is null)),
    check (gateway_id is null or model is not null)
);
create index on meter (shop_id);

-- Every change of money, supply, tariff or equipment: who did what to what, and why. Nothing in it is ever changed.
create table audit_log (
    id       bigint generated always as identity primary key,
    -- none: an act on the hub as a whole
    site_id  int references site,
    at       timestamptz not null default now(),
    who      text  not null,
    what     text  not null,
    subject  text  not null,
    before   jsonb,
    after    jsonb,
    why      text
);
create index on audit_log (site_id, id);
-- how an account was closed is shown again
create index audit_log_closed on audit_log (site_id, subject) where what = 'account.closed';

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;

create trigger append_only before update or delete on audit_log for each row execute function refuse_change();
create trigger no_truncate before truncate on audit_log execute function refuse_change();
