-- Sign-ins that have gone to an OpenID Connect provider and have not come back; each is used once.
create table access_openid_state (
    state_hash bytea primary key,
    provider text not null,
    nonce text not null,
    verifier text not null,
    created timestamptz not null default now()
);
