-- Patients who opted out: keyed hashes of their identifiers, never the identifiers (R8).
create table import_opt_out (
    hash bytea primary key,
    added timestamptz not null default now(),
    added_by text not null
);
-- Objects that were not wanted, counted per day.
create table import_refusal (
    day date not null,
    reason text not null,
    door text not null,
    project_id text not null,
    count bigint not null default 0,
    last timestamptz not null default now(),
    primary key (day, reason, door, project_id)
);
-- Where a study belongs, said before it comes.
create table import_study_routing (
    study_instance_uid text primary key,
    project_id text not null,
    subject text,
    session text,
    created timestamptz not null default now(),
    created_by text not null
);
-- The session that a study was given, so that what comes later joins it.
create table import_study_session (
    study_instance_uid text primary key,
    session text not null,
    last timestamptz not null default now()
);
create index import_study_session_last on import_study_session (last);
