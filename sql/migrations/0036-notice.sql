-- A notice says the same at every try, whatever the clock does, and is told once.

alter table notice add since timestamptz;
comment on column notice.since is
    'it is given up that much later than this, and not than made: a clock went '
    'back that had made it; null: none did';
comment on column notice.made is 'its Date, and a part of its Message-ID';

-- What was there before counts as inserted at 0.
do $$
declare
    of_table text;
begin
    foreach of_table in array array['notice', 'notice_request'] loop
        execute format('alter table %I add inserted bigint not null default 0',
            of_table);
        execute format('alter table %I alter inserted set default '
            'pg_sequence_last_value(''running_second'')', of_table);
        execute format('comment on column %I.inserted is %L', of_table,
            'running_second at that time; 0: or before');
    end loop;
end $$;
