-- Pages of one type in some projects, by date: what tables of sessions ask for.
create index archive_experiment_project_type_date on archive_experiment (project_id, xsi_type, date, id);
