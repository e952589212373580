-- True while objects of the study are expected: what arrives gets this request's labels.
alter table qr_request add column route_open boolean not null default false;
create unique index qr_request_route on qr_request (study_hash) where route_open;
-- The request that this one completes, because the PACS got more.
alter table qr_request add column growth_of bigint;
