-- Objects in quarantine know their session, and are in one place only: what a project's script failed on leaves its session (R10).
alter table prearchive_quarantine
    add column kind text not null default 'script',
    add column session_id bigint references prearchive_session (id) on delete set null,
    add column experiment_id text references archive_experiment (id) on delete set null,
    -- Keyed hash of the Study Instance UID as it came.
    add column study_key bytea,
    -- Sealed: what is needed to take the object in again.
    add column origin bytea,
    add column attempts int not null default 1,
    add column last_attempt timestamptz not null default now();
create index prearchive_quarantine_session on prearchive_quarantine (session_id);
create index prearchive_quarantine_experiment on prearchive_quarantine (experiment_id);
create index prearchive_quarantine_study on prearchive_quarantine (study_key);
create index prearchive_quarantine_project on prearchive_quarantine (project_id, received);
