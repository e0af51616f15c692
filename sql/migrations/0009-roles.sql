-- Who may do what in the database: see functions-99-roles.sql.

create table sat_guard (
    keep interval
);
comment on table sat_guard is
    'One row that only the owner may change: however fotad is configured, and '
    'whatever became of it, it cannot drop younger days of the Service Audit '
    'Trail';
comment on column sat_guard.keep is
    'by PostgreSQL''s clock, for fotad''s is not believed here; null: no guard';
insert into sat_guard values ('2555 days');
create unique index sat_guard_one on sat_guard ((true));
