alter table import_receiver add column tls boolean not null default false;
