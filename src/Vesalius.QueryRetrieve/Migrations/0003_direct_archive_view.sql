-- What FLIP reads of sessions on their way straight to the archive. One that fails leaves it for the prearchive, and its request is then FAILED in the history.
create view xhbm_direct_archive_session as
    select id, (uploaded at time zone 'UTC')::timestamp as created, folder as folder_name, label as name, status, project_id as project,
        (last_modified at time zone 'UTC')::timestamp as timestamp
    from prearchive_session where direct_archive and project_id is not null;
