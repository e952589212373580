-- Where a session went that was archived meanwhile is found by the job that archived it.
create index access_workflow_job on access_workflow ((fields ->> 'jobID')) where fields ->> 'jobID' is not null;
