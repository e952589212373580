-- What the site's script did with an object at arrival, without values: the same few sets of changes for most objects, so each is kept once.
create table prearchive_site_change (
    id bigint generated always as identity primary key,
    fingerprint bytea not null unique,
    changes text not null
);
alter table prearchive_object add column site_changes bigint;
