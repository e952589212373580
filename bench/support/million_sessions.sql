-- A large archive without files: projects, subjects, sessions with scans. Triggers and references are left out while it is made (replica role).
-- Variables: sessions, projects.
set session_replication_role = replica;
set synchronous_commit = off;
-- Indexes are built once over all rows: row by row takes several times as long.
set maintenance_work_mem = '1GB';
create temporary table given_index as
    select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition from pg_index i
    where i.indrelid in ('archive_subject'::regclass, 'archive_experiment'::regclass, 'archive_scan'::regclass) and not exists (select 1 from pg_constraint c where c.conindid = i.indexrelid);
select 'drop index ' || name from given_index \gexec
insert into archive_project (id, secondary_id, name, description, insert_user)
    select 'BENCH' || p, 'B' || p, 'Benchmark project ' || p, 'Generated', 'admin' from generate_series(1, :projects) p;
insert into access_project (project_id, accessibility) select 'BENCH' || p, 'private' from generate_series(1, :projects) p;
insert into archive_subject (id, project_id, label, fields, insert_date, insert_user)
    select 'BEN_S' || lpad(s::text, 7, '0'), 'BENCH' || (1 + s % :projects), 'SUB' || substr(md5(s::text), 1, 10),
        jsonb_build_object('demographics/gender', case s % 2 when 0 then 'male' else 'female' end, 'demographics/yob', (1930 + s % 80)::text),
        timestamptz '2015-01-01' + s * interval '17 minutes', 'admin'
    from generate_series(1, :sessions / 4) s;
insert into archive_experiment (id, project_id, subject_id, label, xsi_type, date, time, study_instance_uid, fields, insert_date, insert_user)
    select 'BEN_E' || lpad(e::text, 7, '0'), 'BENCH' || (1 + (1 + e / 4) % :projects), 'BEN_S' || lpad((1 + e / 4)::text, 7, '0'),
        'SES' || substr(md5((e * 7)::text), 1, 12), (array['xnat:mrSessionData', 'xnat:ctSessionData', 'xnat:petSessionData', 'xnat:mrSessionData'])[1 + e % 4],
        date '2010-01-01' + (e * 37 % 5800)::int, time '07:00' + (e % 36000) * interval '1 second', '2.25.' || e,
        jsonb_build_object('scanner', (array['PRISMA', 'SIGNA', 'ACHIEVA', 'SKYRA', 'DISCOVERY'])[1 + e % 5], 'modality', (array['MR', 'CT', 'PT', 'MR'])[1 + e % 4],
            'fieldStrength', (array['1.5', '3.0'])[1 + e % 2], 'dcmAccessionNumber', 'ACC' || (e * 13), 'operator', 'OP' || (e % 50)),
        timestamptz '2015-01-01' + e * interval '4 minutes', 'admin'
    from generate_series(0, :sessions - 1) e;
insert into archive_scan (experiment_id, id, xsi_type, type, series_description, modality, series_instance_uid, frames, insert_user)
    select 'BEN_E' || lpad(e::text, 7, '0'), s::text, 'xnat:mrScanData', (array['T1', 'T2', 'FLAIR', 'DWI'])[1 + (e + s) % 4], 'sag ' || (array['t1', 't2', 'flair', 'dwi'])[1 + (e + s) % 4],
        'MR', '2.25.' || e || '.' || s, 176, 'admin'
    from generate_series(0, :sessions - 1) e, generate_series(1, 2) s;
select definition from given_index order by name \gexec
set session_replication_role = origin;
vacuum analyze archive_project, archive_subject, archive_experiment, archive_scan, access_project;
