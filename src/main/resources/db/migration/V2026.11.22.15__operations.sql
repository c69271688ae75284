-- Jobs on meters (操作任务): one operation on one or many meters. An item is one meter of a job.
create table operation_job (
    id           bigint generated always as identity primary key,
    site_id      integer     not null references site,
    kind         text        not null check (kind in ('READ_NOW', 'SET_CLOCK', 'READ_PARAMETERS', 'WRITE_PARAMETERS', 'READ_RECORDS',
                                                      'SWITCH_OFF', 'SWITCH_ON')),
    -- what is read or written
    detail       jsonb       not null,
    -- of how many meters
    items        integer     not null check (items > 0),
    -- the job whose failures this one tries again
    again_of     bigint references operation_job,
    who          text        not null,
    why          text,
    -- in which the hub speaks to who asked
    language     text        not null,
    created_at   timestamptz not null,
    cancelled_at timestamptz,
    cancelled_by text,
    check ((cancelled_at is null) = (cancelled_by is null))
);
create index on operation_job (site_id, id desc);

create table operation_item (
    job_id      bigint      not null references operation_job,
    meter_id    integer     not null references meter,
    gateway_id  integer     not null references gateway,
    -- the order on the gateway
    place       integer     not null,
    state       text        not null default 'WAITING'
                check (state in ('WAITING', 'WORKING', 'DONE', 'REFUSED', 'UNREACHABLE', 'UNKNOWN', 'CANCELLED')),
    -- how often it was taken up; more than once: whoever had it before did not see it to its end
    tries       integer     not null default 0,
    -- the running hub that works on it, as long as it says so
    worker      uuid,
    held_until  timestamptz,
    started_at  timestamptz,
    ended_at    timestamptz,
    -- what a meter that is to be written held before this job wrote anything
    before      jsonb,
    -- a key of the message bundles and its words
    why         jsonb,
    -- what was read, in the order of the meter's model
    result      json,
    primary key (job_id, meter_id),
    check ((state = 'WORKING') = (worker is not null and held_until is not null)),
    check ((state in ('WAITING', 'WORKING')) = (ended_at is null))
) with (fillfactor = 80);
create index on operation_item (gateway_id, job_id, place) where state in ('WAITING', 'WORKING');
