-- active: in use; quarantine: waits for somebody to look; locked: refuses changes; obsolete: superseded, refuses changes.
alter table archive_project add column status text not null default 'active' check (status in ('active', 'quarantine', 'locked', 'obsolete'));
alter table archive_subject add column status text not null default 'active' check (status in ('active', 'quarantine', 'locked', 'obsolete'));
alter table archive_experiment add column status text not null default 'active' check (status in ('active', 'quarantine', 'locked', 'obsolete'));
-- Fields by their schema path below the type, for example PI/institution or fields/field[name=cohort]/field.
alter table archive_project add column fields jsonb not null default '{}';
alter table archive_project add column current_arc text not null default 'arc001';
-- Custom fields (/xapi/custom-fields): any JSON by name.
alter table archive_project add column custom_fields jsonb not null default '{}';
alter table archive_subject add column custom_fields jsonb not null default '{}';
alter table archive_experiment add column custom_fields jsonb not null default '{}';
alter table archive_scan add column custom_fields jsonb not null default '{}';
-- Investigators as people that projects refer to.
create table archive_investigator (
    id bigint generated always as identity primary key,
    title text not null default '',
    first_name text not null,
    last_name text not null,
    institution text not null default '',
    department text not null default '',
    email text not null default '',
    phone text not null default '',
    unique (first_name, last_name)
);
create table archive_project_investigator (
    project_id text not null references archive_project (id) on delete cascade,
    investigator_id bigint not null references archive_investigator (id) on delete cascade,
    is_primary boolean not null default false,
    place int not null default 0,
    primary key (project_id, investigator_id)
);
create unique index archive_project_primary_investigator on archive_project_investigator (project_id) where is_primary;
insert into archive_investigator (first_name, last_name)
    select distinct pi_firstname, pi_lastname from archive_project where pi_firstname <> '' or pi_lastname <> '';
insert into archive_project_investigator (project_id, investigator_id, is_primary)
    select p.id, i.id, true from archive_project p join archive_investigator i on i.first_name = p.pi_firstname and i.last_name = p.pi_lastname;
alter table archive_project drop column pi_firstname, drop column pi_lastname;
-- Who changed which object when, and which of its fields. Outlives the object: no foreign key.
create table archive_change (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    login text not null,
    object_type text not null,
    object_id text not null,
    project_id text not null,
    event text not null,
    event_type text not null default '',
    reason text not null default '',
    comment text not null default '',
    fields jsonb not null default '[]'
);
create index archive_change_object on archive_change (object_type, object_id, id);
create index archive_change_project on archive_change (project_id, id);
-- A folder that is about to be renamed together with its rows; the transaction that changes the rows removes this one.
-- What is found here at start was not committed, so the folder goes back.
create table archive_folder_move (
    id uuid primary key,
    source text not null,
    target text not null,
    at timestamptz not null default now()
);
-- Demographics are an element of their own in the schema.
update archive_subject set fields = (
    select coalesce(jsonb_object_agg(case when f.key ~ '/' or f.key in ('group', 'src') then f.key else 'demographics/' || f.key end, f.value), '{}')
    from jsonb_each(fields) f) where fields <> '{}';
