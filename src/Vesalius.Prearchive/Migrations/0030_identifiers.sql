-- What identified the subject in objects as they came: sealed, gone with the session (R14, decision 0022).
create table prearchive_identifier (
    session_id bigint not null references prearchive_session (id) on delete cascade,
    -- Keyed hash of what is sealed.
    fingerprint bytea not null,
    -- Keyed hash of the Study Instance UID as it came.
    study_key bytea not null,
    sealed bytea not null,
    primary key (session_id, fingerprint)
);
create index prearchive_identifier_study on prearchive_identifier (study_key);
-- What de-identification did with a session on its way into the archive, and what later checks found.
create table prearchive_deidentification (
    id bigint generated always as identity primary key,
    experiment_id text not null references archive_experiment (id) on delete cascade,
    at timestamptz not null default now(),
    kind text not null,
    run_by text not null,
    report jsonb not null
);
create index prearchive_deidentification_experiment on prearchive_deidentification (experiment_id, id);
