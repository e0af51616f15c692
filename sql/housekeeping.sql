-- Release by timeout and the cleaning of old records (requirement C4, §4.8).
-- All of it goes in small steps, each a transaction of its own, that skip what
-- others hold; several fotad may be at it at once.

-- Is it time? True for one of those that ask in an interval. A clock that was
-- set back does not stop it; one that is a little behind another is none.
create or replace function housekeeping_due(
    p_now timestamptz, p_interval interval) returns boolean
    language sql
begin atomic
    with taken as (
        update housekeeping set due = p_now + p_interval
        where due <= p_now or due > p_now + 2 * p_interval
        returning 1)
    select exists (select from taken);
end;

-- Releases devices whose time is up in `p_blocks` blocks of tracking_live from
-- `p_block` on, at most p_most. There is no index to find them by: release_due
-- moves with every change of status, which an index would make dearer than
-- this reading through the table is. What still waits for its CSP goes on.
create or replace function release_slice(
    p_block bigint, p_blocks integer, p_most integer, p_now timestamptz,
    out released bigint, out blocks bigint)
    language plpgsql as $$
declare
    ids macaddr8[];
begin
    blocks := pg_relation_size('tracking_live')
        / current_setting('block_size')::integer;
    select array_agg(device_id) into ids from (
        select device_id from tracking_live
        where ctid >= format('(%s,0)', p_block)::tid
            and ctid < format('(%s,0)', p_block + p_blocks)::tid
            and release_due <= p_now
        order by device_id limit p_most
        for update skip locked) due;
    released := coalesce(release_expired(ids, false, p_now), 0);
    if released < cardinality(ids) and clock_sound() then
        update tracking_live set release_due = p_now + interval '1 day'
        where device_id = any (ids) and release_due <= p_now
            and status = 'AWAITING_CSP';
    end if;
end $$;

-- ---- sign-ins ----

create or replace function clean_sign_ins(
    p_lock_out interval, p_idle interval, p_now timestamptz, p_most integer)
    returns bigint language plpgsql as $$
declare
    gone bigint;
    more bigint;
begin
    delete from session where token = any (array(
        select token from session
        where expires <= p_now or seen <= p_now - p_idle limit p_most
        for update skip locked));
    get diagnostics gone = row_count;
    delete from sign_in_failure where ctid = any (array(
        select ctid from sign_in_failure
        where last_failure <= p_now - p_lock_out limit p_most
        for update skip locked));
    get diagnostics more = row_count;
    perform tell_sign_in_tries(null, null, p_now - interval '10 minutes',
        p_now);
    return greatest(gone, more);
end $$;

-- ---- plans ----

-- Analyzes the tables that have grown much since they were analyzed last, so
-- that sessions plan anew. Autovacuum comes by once a minute; a request of
-- 50,000 devices makes an empty table a large one within a second.
create or replace function analyze_grown() returns integer
    language plpgsql security definer
    set search_path = public, pg_temp
as $$
declare
    grown regclass;
    done integer := 0;
begin
    for grown in
        select c.oid from pg_class c
        where c.oid = any (array['tracking_live', 'service_request',
                'distribution', 'csp_job', 'csp_recall', 'csp_message', 'gbcs_message',
                'device_command', 'alert', 'replay_window']::regclass[])
            and pg_stat_get_live_tuples(c.oid)
                > 1000 + 4 * greatest(c.reltuples, 0)
    loop
        execute format('analyze (skip_locked) %s', grown);
        done := done + 1;
    end loop;
    return done;
end $$;
