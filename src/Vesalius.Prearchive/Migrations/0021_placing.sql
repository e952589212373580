-- Files that an archiving is about to put in place, by path below the archive folder: its transaction removes the row again,
-- so that a row which is there at start names files that nobody knows.
create table prearchive_placing (
    id uuid primary key,
    paths text[] not null,
    at timestamptz not null default now()
);
-- What has to happen to archived files once an archiving is committed, and not before: a file gives way to the one that lies beside it
-- under a name of its own, or goes. Repeated until done.
create table prearchive_file_step (
    id bigint generated always as identity primary key,
    resource_id bigint not null,
    path text not null,
    beside text,
    sha256 text
);
