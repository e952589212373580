-- The trail grows and nothing else: not even the owner of the table changes or removes a row by accident or by a hole elsewhere.
create function access_audit_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'the audit trail is append-only';
end
$$;
create trigger access_audit_append_only before update or delete on access_audit for each row execute function access_audit_refuse();
create trigger access_audit_no_truncate before truncate on access_audit for each statement execute function access_audit_refuse();
create index access_audit_login on access_audit (login, id);
create index access_audit_at on access_audit (at);
