-- What a later release may add while this one works on the database: a column
-- with a default and a table. Nothing is taken away (docs/operations.md).
alter table csp_job add column priority smallint not null default 0;
comment on column csp_job.priority is 'of a later release';
alter table alert add column urgent boolean not null default false;
comment on column alert.urgent is 'of a later release';
create table later (name text not null primary key);
comment on table later is 'of a later release';
comment on column later.name is 'what it is';
