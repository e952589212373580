-- What DICOMweb answers about the files of a resource: made when it is first asked for, gone with the resource, made anew when the fingerprint of its files no longer fits.
create table archive_resource_digest (
    resource_id bigint primary key references archive_resource (id) on delete cascade,
    fingerprint text not null,
    content bytea not null,
    made timestamptz not null default now()
);
alter table archive_resource_digest alter column content set storage external;
-- DICOM series that somebody made of a session's images (SEG, RTSTRUCT, SR …); each is kept as an assessor of the session.
create table archive_derived_series (
    assessor_id text primary key references archive_experiment (id) on delete cascade,
    series_instance_uid text not null,
    modality text not null,
    series_number int,
    description text not null default ''
);
create index archive_derived_series_uid on archive_derived_series (series_instance_uid);
-- False keeps a project out of the site-wide DICOMweb root.
alter table archive_project add column dicomweb_site_wide boolean not null default true;
