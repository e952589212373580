-- Catalogs are written after the rows that they describe; this says which have yet to be.
alter table archive_resource add column catalog_stale boolean not null default false;
create index archive_resource_stale on archive_resource (id) where catalog_stale;
alter table archive_file add column description text not null default '';
-- Last change of the file's bytes; the row's insertion where it was never changed.
alter table archive_file add column modified timestamptz;
