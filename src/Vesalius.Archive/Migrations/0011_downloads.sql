-- What somebody asked to download: chosen once, fetched later by the same user.
create table archive_download (
    id text primary key,
    login text not null,
    created timestamptz not null default now(),
    request jsonb not null
);
create index archive_download_created on archive_download (created);
