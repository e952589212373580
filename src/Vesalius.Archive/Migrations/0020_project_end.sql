-- Ends of projects, kept for good. While one is under way, work says what is being removed; it goes when all of it is gone.
create table archive_project_end (
    id uuid primary key,
    project_id text not null,
    started timestamptz not null,
    finished timestamptz,
    login text not null,
    address text not null,
    reason text not null,
    keeps_files boolean not null,
    state text not null check (state in ('running', 'incomplete', 'complete')),
    work jsonb,
    -- The report as it was hashed, byte for byte; the audit trail holds the hash.
    report text,
    sha256 text
);
create unique index archive_project_end_open on archive_project_end (project_id) where state <> 'complete';
