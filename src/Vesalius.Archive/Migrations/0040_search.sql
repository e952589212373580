-- A day in a text field; null where it is none.
create function archive_day(value text) returns date language plpgsql immutable parallel safe as $$
begin
    return case when value ~ '^\d{4}-\d{2}-\d{2}$' then value::date end;
exception when others then
    return null;
end $$;
-- Names of custom variables by project and type, so that searches can offer them without a look at every object.
create table archive_custom_variable (
    project_id text not null references archive_project (id) on delete cascade,
    xsi_type text not null,
    name text not null,
    primary key (project_id, xsi_type, name)
);
create function archive_note_custom_variables() returns trigger language plpgsql as $$
begin
    insert into archive_custom_variable (project_id, xsi_type, name)
        select distinct new.project_id, case tg_argv[0] when '' then to_jsonb(new) ->> 'xsi_type' else tg_argv[0] end, substring(k from '^fields/field\[name=([^\]]*)\]')
        from jsonb_object_keys(new.fields) k where k like 'fields/field[name=%' and substring(k from '^fields/field\[name=([^\]]*)\]') is not null
        on conflict do nothing;
    return null;
end $$;
create trigger archive_subject_variables after insert or update of fields, project_id on archive_subject
    for each row when (new.fields::text like '%"fields/field[name=%') execute function archive_note_custom_variables('xnat:subjectData');
create trigger archive_experiment_variables after insert or update of fields, project_id on archive_experiment
    for each row when (new.fields::text like '%"fields/field[name=%') execute function archive_note_custom_variables('');
insert into archive_custom_variable (project_id, xsi_type, name)
    select distinct s.project_id, 'xnat:subjectData', substring(k from '^fields/field\[name=([^\]]*)\]')
    from archive_subject s, jsonb_object_keys(s.fields) k where k like 'fields/field[name=%' and substring(k from '^fields/field\[name=([^\]]*)\]') is not null
    union select e.project_id, e.xsi_type, substring(k from '^fields/field\[name=([^\]]*)\]')
    from archive_experiment e, jsonb_object_keys(e.fields) k where k like 'fields/field[name=%' and substring(k from '^fields/field\[name=([^\]]*)\]') is not null;
-- A search that somebody keeps: its document, and who may use it beside its owner.
create table archive_search (
    id text primary key,
    owner text not null,
    -- Project that it belongs to: everybody who may read there may use it.
    project_id text references archive_project (id) on delete cascade,
    root_type text not null,
    brief_description text not null default '',
    description text not null default '',
    secure boolean not null default false,
    document text not null,
    created timestamptz not null default now(),
    modified timestamptz not null default now()
);
create index archive_search_owner on archive_search (owner);
create index archive_search_project on archive_search (project_id) where project_id is not null;
create table archive_search_user (
    search_id text not null references archive_search (id) on delete cascade,
    login text not null,
    primary key (search_id, login)
);
create index archive_search_user_login on archive_search_user (login);
create table archive_search_group (
    search_id text not null references archive_search (id) on delete cascade,
    group_id text not null,
    primary key (search_id, group_id)
);
create index archive_search_group_group on archive_search_group (group_id);
-- A result as it was: rows do not change, and pages of it stay where they are, whatever is added to the archive.
create table archive_search_snapshot (
    id text primary key,
    login text not null,
    -- The saved search that it is a result of; empty: none.
    search_id text not null,
    title text not null,
    root_type text not null,
    columns jsonb not null,
    -- What its owner might read then; who has lost something of it has lost the snapshot.
    readable jsonb not null,
    total bigint not null,
    created timestamptz not null,
    last_access timestamptz not null
);
create index archive_search_snapshot_login on archive_search_snapshot (login, created);
create table archive_search_snapshot_row (
    snapshot_id text not null references archive_search_snapshot (id) on delete cascade,
    place bigint not null,
    key text not null,
    cells text[] not null,
    primary key (snapshot_id, place)
);
