create table access_invitation (
    id bigint generated always as identity primary key,
    project_id text not null references access_project (project_id) on delete cascade,
    group_id text not null,
    email text not null,
    created timestamptz not null default now(),
    created_by text not null,
    decided timestamptz,
    accepted boolean
);
create index access_invitation_project on access_invitation (project_id) where decided is null;
create index access_invitation_email on access_invitation (lower(email));
create table access_favorite (
    user_id bigint not null references access_user (id) on delete cascade,
    project_id text not null references access_project (project_id) on delete cascade,
    primary key (user_id, project_id)
);
-- Preferences of parts of the server (notifications and others) that are no site settings.
create table access_preference (
    tool text not null,
    name text not null,
    value jsonb not null,
    modified timestamptz not null default now(),
    modified_by text not null,
    primary key (tool, name)
);
-- Mail that has not left yet; a row goes when the mail server has taken it.
create table access_mail (
    id bigint generated always as identity primary key,
    recipient text not null,
    subject text not null,
    body text not null,
    created timestamptz not null default now(),
    attempts int not null default 0,
    next_attempt timestamptz not null default now()
);
create table access_workflow (
    id bigint generated always as identity primary key,
    -- The object that it works on, as XNAT's wrk:workflowData/ID.
    object_id text not null,
    external_id text not null default '',
    data_type text not null default '',
    pipeline_name text not null,
    launch_time text not null,
    status text not null,
    fields jsonb not null default '{}',
    create_user text not null,
    created timestamptz not null default now(),
    modified timestamptz not null default now(),
    constraint access_workflow_key unique (object_id, launch_time, pipeline_name)
);
create index access_workflow_external on access_workflow (external_id, id);
