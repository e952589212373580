-- What an import says of itself to the one who started it.
create table import_progress (
    id bigint generated always as identity primary key,
    login text not null,
    key text not null,
    status text not null,
    message text not null,
    terminal boolean not null,
    at timestamptz not null default now()
);
create index import_progress_key on import_progress (login, key, id);
create index import_progress_at on import_progress (at);
