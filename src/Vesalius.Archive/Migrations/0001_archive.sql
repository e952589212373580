-- IDs of projects are never used twice, not even after deletion.
create table archive_project_id (
    id_lower text primary key,
    reserved_at timestamptz not null default now()
);
create table archive_project (
    id text primary key,
    secondary_id text not null,
    name text not null,
    description text not null default '',
    keywords text not null default '',
    pi_firstname text not null default '',
    pi_lastname text not null default '',
    aliases text[] not null default '{}',
    prearchive_code int not null default 4,
    quarantine_code int not null default 0,
    insert_date timestamptz not null default now(),
    insert_user text not null,
    last_modified timestamptz not null default now()
);
create sequence archive_subject_number;
create sequence archive_experiment_number;
create table archive_subject (
    id text primary key,
    project_id text not null references archive_project (id) on delete cascade,
    label text not null,
    fields jsonb not null default '{}',
    insert_date timestamptz not null default now(),
    insert_user text not null,
    last_modified timestamptz not null default now(),
    unique (project_id, label)
);
create table archive_experiment (
    id text primary key,
    project_id text not null references archive_project (id) on delete cascade,
    subject_id text not null references archive_subject (id) on delete cascade,
    label text not null,
    xsi_type text not null,
    date date,
    time time,
    study_instance_uid text,
    -- Other fields by their schema path below the type, for example scanner/manufacturer.
    fields jsonb not null default '{}',
    insert_date timestamptz not null default now(),
    insert_user text not null,
    last_modified timestamptz not null default now(),
    unique (project_id, label)
);
create index archive_experiment_subject on archive_experiment (subject_id);
create index archive_experiment_study on archive_experiment (study_instance_uid);
create table archive_scan (
    key bigint generated always as identity primary key,
    experiment_id text not null references archive_experiment (id) on delete cascade,
    id text not null,
    xsi_type text not null,
    series_instance_uid text,
    type text not null default '',
    series_description text not null default '',
    quality text not null default 'usable',
    modality text not null default '',
    note text not null default '',
    frames int,
    fields jsonb not null default '{}',
    insert_date timestamptz not null default now(),
    insert_user text not null,
    last_modified timestamptz not null default now(),
    unique (experiment_id, id)
);
create table archive_resource (
    id bigint generated always as identity primary key,
    project_id text references archive_project (id) on delete cascade,
    subject_id text references archive_subject (id) on delete cascade,
    experiment_id text references archive_experiment (id) on delete cascade,
    scan_key bigint references archive_scan (key) on delete cascade,
    label text not null,
    format text not null default '',
    content text not null default '',
    description text not null default '',
    tags text not null default '',
    insert_user text not null,
    insert_date timestamptz not null default now(),
    check (num_nonnulls(project_id, subject_id, experiment_id, scan_key) = 1)
);
create unique index archive_resource_project on archive_resource (project_id, label) where project_id is not null;
create unique index archive_resource_subject on archive_resource (subject_id, label) where subject_id is not null;
create unique index archive_resource_experiment on archive_resource (experiment_id, label) where experiment_id is not null;
create unique index archive_resource_scan on archive_resource (scan_key, label) where scan_key is not null;
create table archive_file (
    resource_id bigint not null references archive_resource (id) on delete cascade,
    path text not null,
    size bigint not null,
    md5 text not null,
    sha256 text not null,
    sop_instance_uid text,
    instance_number int,
    format text not null default '',
    content text not null default '',
    tags text not null default '',
    insert_user text not null,
    insert_date timestamptz not null default now(),
    primary key (resource_id, path)
);
create index archive_file_instance on archive_file (sop_instance_uid) where sop_instance_uid is not null;
