-- Series may be chosen by what they are called, too; which they are the PACS says when it is asked.
alter table qr_request add column series_descriptions text[] not null default '{}';
