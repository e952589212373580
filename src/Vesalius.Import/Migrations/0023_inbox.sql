-- A folder of the inbox that an administrator wants imported. How far it is is told by the job with the same key.
create table import_inbox (
    id bigint primary key,
    username text not null,
    project_id text,
    -- Below the inbox. Folders may be named after patients, so what names anything goes as soon as the import is complete.
    path text,
    parameters jsonb,
    cleanup boolean not null,
    -- Progress queue that the client named.
    queue text,
    created timestamptz not null,
    files int not null default 0,
    read int not null default 0,
    skipped int not null default 0,
    stored int not null default 0,
    quarantined int not null default 0,
    rejected int not null default 0,
    refused int not null default 0,
    -- The last file that was dealt with, and files that are still to be deleted: where a later run goes on.
    reached text,
    deleting text[] not null default '{}',
    is_read boolean not null default false,
    sessions bigint[] not null default '{}'
);
create index import_inbox_username on import_inbox (username, id);
create index import_inbox_project on import_inbox (project_id) where project_id is not null;
