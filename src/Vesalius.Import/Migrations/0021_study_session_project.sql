-- So that the end of a project finds its studies. Studies without a project, or from before, go when their time is over.
alter table import_study_session add column project_id text;
