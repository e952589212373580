create table access_user (
    id bigint generated always as identity primary key,
    login text not null,
    first_name text not null default '',
    last_name text not null default '',
    email text not null default '',
    password_hash text not null,
    enabled boolean not null default true,
    verified boolean not null default true,
    created timestamptz not null default now(),
    modified timestamptz not null default now(),
    last_login timestamptz,
    failed_logins int not null default 0,
    failed_since timestamptz,
    constraint access_user_login unique (login)
);
create table access_user_role (
    user_id bigint not null references access_user (id) on delete cascade,
    role text not null,
    primary key (user_id, role)
);
-- Site-wide groups (ALL_DATA_ADMIN, ALL_DATA_ACCESS) only; those of projects are rows of access_member.
create table access_user_group (
    user_id bigint not null references access_user (id) on delete cascade,
    group_id text not null,
    primary key (user_id, group_id)
);
create table access_project (
    project_id text primary key,
    accessibility text not null check (accessibility in ('private', 'protected', 'public'))
);
create table access_member (
    project_id text not null references access_project (project_id) on delete cascade,
    user_id bigint not null references access_user (id) on delete cascade,
    role text not null check (role in ('owner', 'member', 'collaborator')),
    primary key (project_id, user_id)
);
create index access_member_user on access_member (user_id);
create table access_session (
    -- Hash of the cookie's value: who reads the table cannot take over a session.
    id_hash bytea primary key,
    user_id bigint not null references access_user (id) on delete cascade,
    csrf_token text not null,
    created timestamptz not null default now(),
    last_used timestamptz not null default now()
);
create table access_setting (
    name text primary key,
    value jsonb not null,
    modified timestamptz not null default now(),
    modified_by text not null
);
create table access_audit (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    login text not null,
    address text not null,
    action text not null,
    object text not null,
    previous_hash bytea not null,
    hash bytea not null
);
