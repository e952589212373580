-- What a quick search looks at: one text of each object, so that one index answers words that are spread over its fields.
create function archive_subject_words(id text, label text, fields jsonb) returns text language sql immutable parallel safe as
$$ select lower(id || ' ' || label || ' ' || coalesce(fields ->> 'group', '')) $$;
create function archive_experiment_words(id text, label text, uid text, fields jsonb) returns text language sql immutable parallel safe as
$$ select lower(id || ' ' || label || ' ' || coalesce(uid, '') || ' ' || coalesce(fields ->> 'dcmAccessionNumber', '') || ' ' || coalesce(fields ->> 'dcmPatientId', '')) $$;
create index archive_subject_words on archive_subject using gin (archive_subject_words(id, label, fields) gin_trgm_ops);
create index archive_experiment_words on archive_experiment using gin (archive_experiment_words(id, label, study_instance_uid, fields) gin_trgm_ops);
create index archive_subject_share_words on archive_subject_share using gin (lower(label) gin_trgm_ops);
create index archive_experiment_share_words on archive_experiment_share using gin (lower(label) gin_trgm_ops);
