-- What a database needs beside others in its cluster, and in its owner's hands.

-- ---- days ----

alter table sat_guard add ahead interval default '10 days';
comment on column sat_guard.ahead is
    'days further from PostgreSQL''s clock than this are not made, whatever '
    'fotad''s clock says; null: any';

-- ---- seals ----

alter table sat_mark add marked timestamptz not null default now();
comment on column sat_mark.marked is 'when it was set, by PostgreSQL''s clock';
drop function if exists sat_set_mark(bigint);

-- ---- logical replication ----

-- What is published must say which row it was: by its primary key, else whole.
do $$
declare
    of_table regclass;
begin
    for of_table in
        select c.oid from pg_class c
        where c.relnamespace = 'public'::regnamespace
            and c.relkind in ('r', 'p') and c.relreplident = 'd'
            and not exists (select from pg_index i
                where i.indrelid = c.oid and i.indisprimary)
    loop
        execute format('alter table %s replica identity full', of_table);
    end loop;
end $$;
