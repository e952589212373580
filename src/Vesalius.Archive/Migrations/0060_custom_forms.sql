-- Forms whose answers are custom fields: an object keeps them below the form's uuid.
create table archive_custom_form (
    id bigint generated always as identity primary key,
    uuid uuid not null unique,
    data_type text not null,
    contents jsonb not null,
    display_order int not null default 0,
    created timestamptz not null default now(),
    created_by text not null,
    modified timestamptz not null default now()
);
-- Where a form is used: without a project at the whole site.
create table archive_custom_form_place (
    id bigint generated always as identity primary key,
    form_id bigint not null references archive_custom_form (id) on delete cascade,
    project_id text references archive_project (id) on delete cascade,
    status text not null default 'enabled' check (status in ('enabled', 'disabled', 'optedout')),
    constraint archive_custom_form_place_once unique nulls not distinct (form_id, project_id)
);
create index archive_custom_form_place_project on archive_custom_form_place (project_id);
