create extension if not exists pg_trgm;
-- A number in a text field; null where it is none.
create function archive_number(value text) returns double precision language sql immutable parallel safe as
$$ select case when value ~ '^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?\s*$' then value::double precision end $$;
create index archive_experiment_fields on archive_experiment using gin (fields jsonb_path_ops);
create index archive_experiment_label_words on archive_experiment using gin (label gin_trgm_ops);
create index archive_experiment_date on archive_experiment (date, id);
create index archive_experiment_inserted on archive_experiment (insert_date, id);
create index archive_experiment_label_order on archive_experiment (label, id);
create index archive_experiment_project_date on archive_experiment (project_id, date, id);
create index archive_experiment_project_inserted on archive_experiment (project_id, insert_date, id);
create index archive_experiment_project_id on archive_experiment (project_id, id);
create index archive_experiment_type on archive_experiment (xsi_type, id);
create index archive_experiment_type_date on archive_experiment (xsi_type, date, id);
create index archive_subject_fields on archive_subject using gin (fields jsonb_path_ops);
create index archive_subject_label_words on archive_subject using gin (label gin_trgm_ops);
create index archive_subject_project_id on archive_subject (project_id, id);
create index archive_subject_label_order on archive_subject (label, id);
create index archive_subject_inserted on archive_subject (insert_date, id);
create index archive_scan_fields on archive_scan using gin (fields jsonb_path_ops);
create index archive_scan_type on archive_scan (type);
create index archive_scan_series on archive_scan (series_instance_uid);
