-- Groups that a project's owner makes beside owners, members and collaborators; their rights are per data type.
create table access_group (
    group_id text primary key,
    number bigint generated always as identity (start with 1000),
    project_id text not null references access_project (project_id) on delete cascade,
    display_name text not null,
    tag text not null default '',
    created timestamptz not null default now()
);
create unique index access_group_name on access_group (project_id, lower(display_name));
create table access_group_right (
    group_id text not null references access_group (group_id) on delete cascade,
    data_type text not null,
    can_read boolean not null,
    can_edit boolean not null,
    can_delete boolean not null,
    primary key (group_id, data_type)
);
-- A user has one place in a project: one of the three roles or one custom group.
alter table access_member drop constraint access_member_role_check;
alter table access_member add column group_id text references access_group (group_id) on delete cascade;
alter table access_member add constraint access_member_place check (
    (role in ('owner', 'member', 'collaborator') and group_id is null) or (role = 'custom' and group_id is not null));
create index access_member_group on access_member (group_id) where group_id is not null;
