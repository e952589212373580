-- What the request that brought a session said about the experiment that it becomes: fields by path, and its first status.
alter table prearchive_session add column fields jsonb not null default '{}';
alter table prearchive_session add column quarantine boolean not null default false;
-- On its way straight to the archive: shown among direct-archive sessions until it is archived, or fails and turns into an ordinary one.
alter table prearchive_session add column direct_archive boolean not null default false;
