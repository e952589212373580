-- Accounts by their name at an outside provider of sign-ins.
create table access_identity (
    provider text not null,
    subject text not null,
    user_id bigint not null references access_user (id) on delete cascade,
    created timestamptz not null default now(),
    last_success timestamptz not null default now(),
    primary key (provider, subject)
);
create index access_identity_user on access_identity (user_id);
