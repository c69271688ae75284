-- Room: operation. By whose rights each part of a job is done when its turn comes; neither: by the hub's.
alter table operation_job
    add person_id integer references person,
    add key_id integer references api_key,
    add check (person_id is null or key_id is null);
