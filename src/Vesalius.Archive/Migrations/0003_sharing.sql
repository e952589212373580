-- An object in projects that do not own it, each with its label there.
create table archive_subject_share (
    subject_id text not null references archive_subject (id) on delete cascade,
    project_id text not null references archive_project (id) on delete cascade,
    label text not null,
    insert_date timestamptz not null default now(),
    insert_user text not null,
    primary key (subject_id, project_id),
    unique (project_id, label)
);
create table archive_experiment_share (
    experiment_id text not null references archive_experiment (id) on delete cascade,
    project_id text not null references archive_project (id) on delete cascade,
    label text not null,
    insert_date timestamptz not null default now(),
    insert_user text not null,
    primary key (experiment_id, project_id),
    unique (project_id, label)
);
-- Scans follow their session; a row here shares one scan of a session that is not shared as a whole.
create table archive_scan_share (
    scan_key bigint not null references archive_scan (key) on delete cascade,
    project_id text not null references archive_project (id) on delete cascade,
    insert_date timestamptz not null default now(),
    insert_user text not null,
    primary key (scan_key, project_id)
);
create index archive_scan_share_project on archive_scan_share (project_id);
-- A label names one object of a project, whether the project owns it or only shows it. Two tables need a trigger for that.
create function archive_label_is_free() returns trigger language plpgsql as $$
declare
    taken boolean;
begin
    perform pg_advisory_xact_lock(hashtextextended(tg_argv[0] || new.project_id || ' ' || new.label, 0));
    execute format('select exists (select 1 from %I where project_id = $1 and label = $2)', tg_argv[0]) into taken using new.project_id, new.label;
    if taken then
        raise exception 'label taken' using errcode = 'unique_violation';
    end if;
    return new;
end $$;
create trigger archive_subject_label before insert or update of project_id, label on archive_subject
    for each row execute function archive_label_is_free('archive_subject_share');
create trigger archive_subject_share_label before insert or update of project_id, label on archive_subject_share
    for each row execute function archive_label_is_free('archive_subject');
create trigger archive_experiment_label before insert or update of project_id, label on archive_experiment
    for each row execute function archive_label_is_free('archive_experiment_share');
create trigger archive_experiment_share_label before insert or update of project_id, label on archive_experiment_share
    for each row execute function archive_label_is_free('archive_experiment');
