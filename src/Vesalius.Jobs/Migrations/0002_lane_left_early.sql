-- False for a running job that is done with what its lane stands for and only has work of our own left: another may be taken in its place.
alter table jobs_job add column occupies boolean not null default true;
