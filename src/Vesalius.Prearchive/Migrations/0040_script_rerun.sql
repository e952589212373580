-- Sessions that are getting other labels with the project's script run over them again: stays until files and header fields follow, so that a crash does not leave it half way.
create table prearchive_script_rerun (
    experiment_id text primary key references archive_experiment (id) on delete cascade,
    project_id text not null,
    subject_label text not null,
    label text not null,
    login text not null,
    reason text not null,
    -- True once the files are replaced; the header fields follow.
    placed boolean not null default false,
    at timestamptz not null default now()
);
