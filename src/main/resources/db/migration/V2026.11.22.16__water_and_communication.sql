-- Who can be reached and since when, what the meters' clocks show, and what water does that it should not.

-- Room: metering. When a hub asked its meters: between two rows nobody did, so that nothing is known of who could be reached.
-- When meters and gateways could not be reached while somebody asked, the alarms METER_LOST and GATEWAY_LOST say.
create table watch (
    id     bigint generated always as identity primary key,
    since  timestamptz not null,
    until  timestamptz not null,
    check (until >= since)
);
create index on watch (until);
