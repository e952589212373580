create table prearchive_session (
    id bigint generated always as identity primary key,
    -- Null: Unassigned.
    project_id text,
    timestamp_folder text not null,
    folder text not null,
    subject text not null,
    label text not null,
    study_instance_uid text not null,
    status text not null default 'RECEIVING',
    uploaded timestamptz not null default now(),
    last_modified timestamptz not null default now(),
    scan_date date,
    scan_time time,
    auto_archive boolean,
    prevent_anonymisation boolean not null default false,
    prevent_auto_commit boolean not null default false,
    source text not null default '',
    visit text not null default '',
    protocol text not null default '',
    timezone text not null default '',
    xsi_type text,
    failed_count int not null default 0
);
create unique index prearchive_session_place on prearchive_session (coalesce(project_id, ''), timestamp_folder, folder);
create index prearchive_session_study on prearchive_session (study_instance_uid);
create index prearchive_session_idle on prearchive_session (last_modified) where status = 'RECEIVING';
create table prearchive_object (
    session_id bigint not null references prearchive_session (id) on delete cascade,
    sop_instance_uid text not null,
    sop_class_uid text not null,
    series_instance_uid text not null,
    scan_id text not null,
    resource text not null,
    file_name text not null,
    instance_number int,
    size bigint not null,
    sha256 text not null,
    received timestamptz not null default now(),
    duplicates int not null default 0,
    primary key (session_id, sop_instance_uid)
);
-- The same SOP instance with other bytes: kept beside the first under another name, never lost.
create table prearchive_conflict (
    id bigint generated always as identity primary key,
    session_id bigint not null references prearchive_session (id) on delete cascade,
    sop_instance_uid text not null,
    path text not null,
    size bigint not null,
    sha256 text not null,
    received timestamptz not null default now(),
    unique (session_id, sop_instance_uid, sha256)
);
create table prearchive_log (
    id bigint generated always as identity primary key,
    session_id bigint not null references prearchive_session (id) on delete cascade,
    at timestamptz not null default now(),
    entry text not null
);
create index prearchive_log_session on prearchive_log (session_id, id);
create table prearchive_quarantine (
    id uuid primary key,
    received timestamptz not null default now(),
    project_id text,
    scope text not null,
    script_number bigint,
    line int,
    position int,
    statement text not null,
    reason text not null,
    size bigint not null,
    receiver text not null
);
-- Scripts and other configuration with their history: tool anon, dicom, ...
create table prearchive_configuration (
    id bigint generated always as identity primary key,
    tool text not null,
    path text not null,
    -- Null: site.
    project_id text,
    version int not null,
    contents text not null,
    enabled boolean not null,
    create_user text not null,
    create_date timestamptz not null default now(),
    reason text not null default ''
);
create index prearchive_configuration_place on prearchive_configuration (tool, path, coalesce(project_id, ''), version desc);
create table prearchive_counter (
    name text primary key,
    value bigint not null default 0
);
