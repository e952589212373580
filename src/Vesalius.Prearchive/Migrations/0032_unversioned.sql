-- A configuration that took the place of the one before it.
alter table prearchive_configuration add column unversioned boolean not null default false;
