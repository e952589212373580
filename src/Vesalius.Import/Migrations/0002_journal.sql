-- The last record of the intake's journal that has been carried out; moves on in the transaction that inserts the rows.
create table import_journal (
    only_one boolean primary key default true check (only_one),
    applied_through bigint not null
);
insert into import_journal (applied_through) values (0);
