-- Tables kept by days. Days are made and dropped with the rights of the owner,
-- for these tables and no others.

create or replace function check_kept_by_days(p_table regclass) returns void
    language plpgsql stable as $$
begin
    if p_table not in ('tracking_history'::regclass, 'sat_entry'::regclass) then
        raise exception '% is not kept by days', p_table;
    end if;
end $$;

-- No day of the Service Audit Trail that sat_guard keeps.
create or replace function guarded(p_table regclass, p_before timestamptz)
    returns timestamptz language sql stable
    return case when p_table = 'sat_entry'::regclass
        then (select least(p_before, now() - keep) from sat_guard)
        else p_before end;

-- Columns that tell the day of a table kept by days.
create or replace function day_column(p_table regclass) returns name
    language sql stable
    return (select a.attname from pg_partitioned_table t
        join pg_attribute a on a.attrelid = t.partrelid
            and a.attnum = t.partattrs[0]
        where t.partrelid = p_table);

-- Makes the partition of a day. Rows of that day that were written before it
-- was made lie in the partition for the rest and are moved; if they are many,
-- the day stays there (cleaned row by row later), so that nobody waits for it.
-- Nobody waits for the locks either: `busy` then, and it is tried again.
create or replace function make_day(
    p_table regclass, p_day date, p_most_moved integer) returns text
    language plpgsql security definer
    set search_path = public, pg_temp
    set lock_timeout = '200ms'
    set timezone = 'UTC'
    set client_min_messages = 'warning'
as $$
declare
    day name := p_table || to_char(p_day, '_YYYYMMDD');
    rest name := p_table || '_rest';
    of_day text := format('%1$I >= %2$L and %1$I < %3$L', day_column(p_table),
        p_day::timestamptz, (p_day + 1)::timestamptz);
    misplaced integer;
begin
    perform check_kept_by_days(p_table);
    if to_regclass(day) is not null then
        return 'there';
    end if;
    execute format('select count(*) from (select from %I where %s limit %s) x',
        rest, of_day, p_most_moved + 1) into misplaced;
    if misplaced > p_most_moved then
        return 'left';
    end if;
    -- a row may come while we look: lock, then move
    execute format('lock table only %s in share update exclusive mode',
        p_table);
    if to_regclass(day) is not null then
        return 'there'; -- another made it while we waited
    end if;
    execute format('lock table %I in access exclusive mode', rest);
    execute format('create table %I (like %s including defaults'
        ' including constraints including indexes including storage)', day,
        p_table);
    execute format('with moved as (delete from %I where %s returning *)'
        ' insert into %I select * from moved', rest, of_day, day);
    if p_table = 'sat_entry'::regclass then
        execute format('create trigger sat_append_only before update or delete'
            ' or truncate on %I for each statement'
            ' execute function sat_append_only()', day);
    end if;
    execute format('alter table %s attach partition %I for values from (%L)'
        ' to (%L)', p_table, day, p_day::timestamptz,
        (p_day + 1)::timestamptz);
    return 'made';
exception when lock_not_available or deadlock_detected then
    return 'busy';
end $$;

-- Drops the oldest day that ended before p_before. Named outcomes: dropped,
-- busy, none.
create or replace function drop_day(p_table regclass, p_before timestamptz)
    returns text language plpgsql security definer
    set search_path = public, pg_temp
    set lock_timeout = '200ms'
    set timezone = 'UTC'
as $$
declare
    day name;
    last timestamptz := guarded(p_table, p_before);
begin
    perform check_kept_by_days(p_table);
    select c.relname into day
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = p_table and c.relname ~ '_[0-9]{8}$'
        and right(c.relname, 8)::date + 1 <= last
    order by c.relname limit 1;
    if not found then
        return 'none';
    end if;
    execute format('drop table if exists %I', day);
    return 'dropped';
exception when lock_not_available or deadlock_detected then
    return 'busy';
end $$;

-- Removes old rows from the partition for the rest, at most p_most.
create or replace function clean_rest(
    p_table regclass, p_before timestamptz, p_most integer) returns bigint
    language plpgsql security definer
    set search_path = public, pg_temp
as $$
declare
    gone bigint;
begin
    perform check_kept_by_days(p_table);
    execute format('delete from %I where ctid = any (array(select ctid'
        ' from %1$I where %I < %L limit %s for update skip locked))',
        p_table || '_rest', day_column(p_table), guarded(p_table, p_before),
        p_most);
    get diagnostics gone = row_count;
    return gone;
end $$;
