alter table access_user add column password_changed timestamptz not null default now();
-- A password that somebody else chose and that must be changed at the first sign-in.
alter table access_user add column must_change_password boolean not null default false;
create table access_password_history (
    user_id bigint not null references access_user (id) on delete cascade,
    password_hash text not null,
    replaced timestamptz not null default now()
);
create index access_password_history_user on access_password_history (user_id, replaced);
alter table access_session add column address text not null default '';
create index access_session_user on access_session (user_id, last_used);
create table access_token (
    id bigint generated always as identity primary key,
    alias text not null,
    -- Secrets are long and random: a plain hash of them tells nothing.
    secret_hash bytea not null,
    user_id bigint not null references access_user (id) on delete cascade,
    issued_by bigint references access_user (id) on delete set null,
    single_use boolean not null,
    created timestamptz not null default now(),
    expires timestamptz not null,
    constraint access_token_alias unique (alias)
);
create index access_token_user on access_token (user_id);
create table access_training (
    id bigint generated always as identity primary key,
    user_id bigint not null references access_user (id) on delete cascade,
    course text not null,
    completed date not null,
    score numeric not null,
    pass_mark numeric not null,
    expires date not null,
    recorded_by text not null,
    recorded timestamptz not null default now()
);
create index access_training_user on access_training (user_id, expires);
