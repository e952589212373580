create table migrated (text text); insert into migrated values ('first');
