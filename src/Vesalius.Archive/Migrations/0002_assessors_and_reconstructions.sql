-- An assessor of an image session is an experiment with a session. Its subject is always that of its session.
alter table archive_experiment add column session_id text references archive_experiment (id) on delete cascade;
create index archive_experiment_session on archive_experiment (session_id) where session_id is not null;
create table archive_reconstruction (
    key bigint generated always as identity primary key,
    experiment_id text not null references archive_experiment (id) on delete cascade,
    id text not null,
    xsi_type text not null default 'xnat:reconstructedImageData',
    type text not null default '',
    base_scan_type text not null default '',
    fields jsonb not null default '{}',
    insert_date timestamptz not null default now(),
    insert_user text not null,
    last_modified timestamptz not null default now(),
    unique (experiment_id, id)
);
-- Resources of reconstructions; those of assessors and reconstructions are what they were made from (in) or what they are (out).
alter table archive_resource add column reconstruction_key bigint references archive_reconstruction (key) on delete cascade;
alter table archive_resource add column side text not null default '' check (side in ('', 'in', 'out'));
alter table archive_resource add column fields jsonb not null default '{}';
alter table archive_resource drop constraint archive_resource_check;
alter table archive_resource add constraint archive_resource_parent
    check (num_nonnulls(project_id, subject_id, experiment_id, scan_key, reconstruction_key) = 1);
drop index archive_resource_experiment;
create unique index archive_resource_experiment on archive_resource (experiment_id, side, label) where experiment_id is not null;
create unique index archive_resource_reconstruction on archive_resource (reconstruction_key, side, label) where reconstruction_key is not null;
