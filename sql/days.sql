-- Tables kept by days, or by weeks: partitions are made and dropped with the
-- rights of the owner, for these tables and no others.

create or replace function check_kept_by_days(p_table regclass) returns void
    language plpgsql stable as $$
begin
    if p_table <> all (array['tracking_history', 'sat_entry', 'sat_request']
            ::regclass[]) then
        raise exception '% is not kept by days', p_table;
    end if;
end $$;

-- The partitions of a table but the one for the rest.
create or replace function partitions_of(p_table regclass)
    returns table (name name, low timestamptz, high timestamptz)
    language sql stable
begin atomic
    select c.relname, b.bounds[1]::timestamptz, b.bounds[2]::timestamptz
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    cross join lateral (select regexp_match(
        pg_get_expr(c.relpartbound, c.oid),
        'FROM \(''([^'']+)''\) TO \(''([^'']+)''\)') as bounds) b
    where i.inhparent = p_table and b.bounds is not null;
end;

-- The partitions of a table that have rows of which the condition holds; p_low
-- to p_high: of these times alone, and that for the rest. Each is looked at and
-- let go (an aborted subtransaction does so): the locks of seven years of days do
-- not fit into the server's memory at once.
create or replace function parts_with(
    p_table regclass, p_condition text, p_low timestamptz default '-infinity',
    p_high timestamptz default 'infinity') returns name[]
    language plpgsql as $$
declare
    part name;
    has boolean;
    found name[] := '{}';
begin
    for part in
        select p.name from partitions_of(p_table) p
        where p.high > p_low and p.low <= p_high
        union all select p_table || '_rest'
    loop
        begin
            execute format('select exists (select from %I where %s)', part,
                p_condition) into has;
            raise sqlstate 'FD000';
        exception when sqlstate 'FD000' then
            found := found || case when has then part end;
        end;
    end loop;
    return array_remove(found, null);
end $$;

-- The time of the partition that a day is to be in: what is looked up by device
-- is kept by weeks, for each partition is a look-up. A part of it that another
-- partition has is left out.
create or replace function partition_time(
    p_table regclass, p_day date, out low timestamptz, out high timestamptz)
    language sql stable
begin atomic
    with whole as (
        select w.first::timestamptz as low,
            (w.first + w.days)::timestamptz as high
        from (select case p_table when 'tracking_history'::regclass
                then date_trunc('week', p_day::timestamp)::date
                else p_day end as first,
            case p_table when 'tracking_history'::regclass
                then 7 else 1 end as days) w
    )
    select greatest(w.low, (select max(p.high) from partitions_of(p_table) p
            where p.high <= p_day::timestamptz)),
        least(w.high, (select min(p.low) from partitions_of(p_table) p
            where p.low > p_day::timestamptz))
    from whole w;
end;

-- Columns that tell the day of a table kept by days.
create or replace function day_column(p_table regclass) returns name
    language sql stable
    return (select a.attname from pg_partitioned_table t
        join pg_attribute a on a.attrelid = t.partrelid
            and a.attnum = t.partattrs[0]
        where t.partrelid = p_table);

-- Who calls make_day() may name any day by a clock of its own; sat_guard says
-- how far from PostgreSQL's clock it is believed.
create or replace function day_is_believed(p_day date) returns boolean
    language sql stable
    return (select ahead is null or p_day::timestamp
            between now() - ahead and now() + ahead from sat_guard);

-- Makes the partition that a day is in. Rows of that time that came before
-- it was made lie in the partition for the rest and are moved; if they are many,
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
    rest name := p_table || '_rest';
    day name;
    low timestamptz;
    high timestamptz;
    of_day text;
    misplaced integer;
    reader text;
begin
    perform check_kept_by_days(p_table);
    if not day_is_believed(p_day) then
        return 'left';
    end if;
    if exists (select from partitions_of(p_table) p
            where p.low <= p_day and p.high > p_day) then
        return 'there';
    end if;
    select t.low, t.high into low, high from partition_time(p_table, p_day) t;
    day := p_table || to_char(low, '_YYYYMMDD');
    of_day := format('%1$I >= %2$L and %1$I < %3$L', day_column(p_table),
        low, high);
    execute format('select count(*) from (select from %I where %s limit %s) x',
        rest, of_day, p_most_moved + 1) into misplaced;
    if misplaced > p_most_moved then
        return 'left';
    end if;
    -- a row may come while we look: lock, then move
    execute format('lock table only %s in share update exclusive mode',
        p_table);
    if exists (select from partitions_of(p_table) p
            where p.low <= p_day and p.high > p_day) then
        return 'there'; -- another made it while we waited
    end if;
    execute format('lock table %I in access exclusive mode', rest);
    execute format('create table %I (like %s including defaults'
        ' including constraints including indexes including storage'
        ' including compression)%s', day, p_table, case
            -- a request and its answer, both compressed, are in one row
            when p_table = 'sat_request'::regclass
            then ' with (toast_tuple_target = 2400)' else '' end);
    -- who reads the table may read a day of it by itself
    for reader in select a.grantee::regrole::text from pg_class c,
            aclexplode(c.relacl) a where c.oid = p_table
            and a.privilege_type = 'SELECT' and a.grantee <> c.relowner loop
        execute format('grant select on %I to %s', day, reader);
    end loop;
    -- it has no key, and may be published (logical replication)
    execute format('alter table %I replica identity full', day);
    execute format('with moved as (delete from %I where %s returning *)'
        ' insert into %I select * from moved', rest, of_day, day);
    if p_table <> 'tracking_history'::regclass then
        execute format('create trigger sat_append_only before update or delete'
            ' or truncate on %I for each statement'
            ' execute function sat_append_only()', day);
    end if;
    execute format('alter table %s attach partition %I for values from (%L)'
        ' to (%L)', p_table, day, low, high);
    return 'made';
exception when lock_not_available or deadlock_detected then
    return 'busy';
end $$;

-- May a partition that ended before p_before by fotad's clock be dropped? An
-- empty one; and one of the history of which nothing is kept any more, whatever
-- its days are. What the audit trail loses drop_trail() seals.
create or replace function day_is_over(
    p_table regclass, p_day name, p_ended boolean, p_keep interval)
    returns boolean language plpgsql stable as $$
declare
    has boolean;
    keeps boolean;
begin
    execute format('select exists (select from %I)', p_day) into has;
    if not has or p_table <> 'tracking_history'::regclass then
        return p_ended and not has;
    end if;
    execute format('select exists (select from %I where inserted >= $1)',
        p_day) into keeps using kept_from(p_keep);
    return not keeps;
end $$;

-- Drops the oldest partition if nothing in it is kept. Outcomes: dropped, busy,
-- none.
create or replace function drop_day(
    p_table regclass, p_keep interval, p_now timestamptz)
    returns text language plpgsql security definer
    set search_path = public, pg_temp
    set lock_timeout = '200ms'
    set timezone = 'UTC'
as $$
declare
    day record;
begin
    perform check_kept_by_days(p_table);
    select p.name, p.high <= p_now - p_keep as ended into day
    from partitions_of(p_table) p order by p.low limit 1;
    if not found or not day_is_over(p_table, day.name, day.ended, p_keep) then
        return 'none';
    end if;
    execute format('lock table %I in access exclusive mode', day.name);
    if not day_is_over(p_table, day.name, day.ended, p_keep) then
        return 'none'; -- a row came meanwhile
    end if;
    execute format('drop table %I', day.name);
    return 'dropped';
exception
    when lock_not_available or deadlock_detected then
        return 'busy';
    when undefined_table then
        return 'busy'; -- another fotad was at it
end $$;
