-- Requests that waited when their project was ended. They are over and name nobody, but FLIP looks for them afterwards and takes them out of the queue itself (flip-client §12).
create table qr_ended_request (
    id bigint primary key,
    username text not null,
    project_id text not null,
    created timestamptz not null,
    ended timestamptz not null
);
create index qr_ended_request_project on qr_ended_request (project_id);
create or replace view xhbm_queued_pacs_request as
    select r.id, (r.created at time zone 'UTC')::timestamp as created, coalesce(r.accession_number, '') as accession_number, qr_queue_status(j.state, j.phase) as status,
        r.project_id as xnat_project, (j.changed at time zone 'UTC')::timestamp as timestamp
    from qr_request r join jobs_job j on j.id = r.id where j.state <> 'ended'
    union all
    select id, (created at time zone 'UTC')::timestamp, '', 'QUEUED', project_id, (ended at time zone 'UTC')::timestamp from qr_ended_request;
