-- What the locks of rows show while sessions work: whoever waits for a row holds
-- those whose xmax is its transaction. A pair against lock_order() is kept with
-- the name of what did it.

create table contradiction (doing text, holds text, waits_for text,
    primary key (doing, holds, waits_for));
create table met (doing text, with_whom text, relation text, n bigint,
    primary key (doing, with_whom, relation));

create function table_of(p_relation oid) returns name language sql stable
    return (select relname from pg_class where oid = coalesce(
        (select inhparent from pg_inherits where inhrelid = p_relation),
        p_relation));
create function key_of(p_relation oid, p_alias text) returns text
    language sql stable
    return (select string_agg(format('%I.%I', p_alias, a.attname), ', '
            order by array_position(i.indkey::smallint[], a.attnum))
        from pg_index i join pg_attribute a on a.attrelid = i.indrelid
            and a.attnum = any (i.indkey)
        where i.indrelid = p_relation and i.indisprimary);

-- Who waits for a row now, and for which.
create view waiting as
select a.pid, a.backend_xid as xid, substring(a.query from 'act_\w+|bad_\w+')
        as doing, l.waitstart, t.relation, t.page, t.tuple
from pg_stat_activity a
join pg_locks l on l.pid = a.pid and not l.granted
join pg_locks t on t.pid = a.pid and t.locktype = 'tuple'
where a.datname = current_database() and l.waitstart is not null
    and a.backend_xid is not null;

-- Of service_request foreign keys lock rows too, for whom nobody waits.
create extension pgrowlocks;
create function is_held(p_table name, p_xid xid) returns boolean
    language plpgsql as $$
declare
    held boolean;
begin
    if p_table = 'service_request' then
        return exists (select from pgrowlocks('service_request')
            where locker = p_xid and modes <> '{"For Key Share"}');
    end if;
    execute format('select exists (select from %I where xmax = $1)', p_table)
        using p_xid into held;
    return held;
end $$;

create function observe_one(w waiting) returns void language plpgsql as $$
declare
    o record;
    any_held boolean;
    wrong text[] := '{}';
    place_waited constant integer := (select place from lock_order()
        where name = table_of(w.relation));
begin
    if place_waited is null then
        wrong := array['(a table that lock_order() has not)'];
    end if;
    for o in select * from lock_order() where place > place_waited loop
        wrong := wrong || case when is_held(o.name, w.xid)
            then o.name::text end;
    end loop;
    -- in one table by its key; of smi_device see learn_running()
    if key_of(w.relation, 'h') is not null
            and w.relation <> 'smi_device'::regclass then
        execute format('select exists (select from %1$s h, %1$s w'
            ' where h.xmax = $1 and w.ctid = $2 and (%2$s) > (%3$s))',
            w.relation::regclass, key_of(w.relation, 'h'),
            key_of(w.relation, 'w'))
        using w.xid, format('(%s,%s)', w.page, w.tuple)::tid into any_held;
        wrong := wrong || case when any_held
            then 'a later row of the same' end;
    end if;
    -- only if it did not go on meanwhile
    if not exists (select from pg_locks l
            where l.pid = w.pid and l.waitstart = w.waitstart) then
        return;
    end if;
    insert into contradiction
    select w.doing, held, table_of(w.relation) from unnest(wrong) held
    where held is not null
    on conflict do nothing;
    insert into met
    select distinct w.doing, coalesce(substring(b.query from 'act_\w+'), '?'),
        table_of(w.relation), 1
    from pg_stat_activity b where b.pid = any (pg_blocking_pids(w.pid))
    on conflict (doing, with_whom, relation) do update set n = met.n + 1;
end $$;

create function observe() returns bigint language plpgsql as $$
declare
    w waiting;
    n bigint := 0;
begin
    for w in select * from waiting loop
        perform observe_one(w);
        n := n + 1;
    end loop;
    return n;
end $$;
