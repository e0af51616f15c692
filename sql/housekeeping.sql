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
-- this reading through the table is.
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
end $$;

-- ---- rows ----

-- Identifiers of reports and notifications, and messages of devices: without
-- effect once the update they speak of is not on record any more.
create or replace function clean_messages(
    p_before timestamptz, p_most integer) returns bigint
    language plpgsql as $$
declare
    gone bigint;
    more bigint;
begin
    delete from csp_message where ctid = any (array(
        select ctid from csp_message where received < p_before
        limit p_most for update skip locked));
    get diagnostics gone = row_count;
    delete from gbcs_message where ctid = any (array(
        select ctid from gbcs_message
        where received < p_before and state <> 'waiting'
        limit p_most for update skip locked));
    get diagnostics more = row_count;
    delete from contested_alert where taken < p_before;
    return greatest(gone, more);
end $$;

-- The octets of old answers. The row stays: a RequestID is used for ever. The
-- same request after this finds its RequestID used, without its answer.
create or replace function clean_answers(
    p_before timestamptz, p_most integer) returns bigint
    language plpgsql as $$
declare
    clean_until timestamptz := (select answers_until from housekeeping);
    gone bigint;
begin
    update service_request set response = null
    where request_no = any (array(
        select request_no from service_request
        where received >= clean_until and received < p_before
            and response is not null
        order by received limit p_most for update skip locked));
    get diagnostics gone = row_count;
    -- not over what others have locked
    if gone = 0 and not exists (select from service_request
            where received >= clean_until and received < p_before
                and response is not null) then
        update housekeeping set answers_until = greatest(p_before, clean_until);
    end if;
    return gone;
end $$;

-- Jobs whose devices are not on record any more.
create or replace function clean_jobs(p_before timestamptz, p_most integer)
    returns bigint language plpgsql as $$
declare
    gone bigint;
begin
    delete from csp_job where job_no = any (array(
        select job_no from csp_job j
        where ended < p_before and not exists (select from tracking t
            where t.request_no = j.request_no)
        order by ended limit p_most for update skip locked));
    get diagnostics gone = row_count;
    return gone;
end $$;

create or replace function image_wanted(p_image_id bytea, p_before timestamptz)
    returns boolean language sql stable
begin atomic
    select exists (select from service_request
            where image_id = p_image_id and received >= p_before)
        or exists (select from service_request r
            join csp_job j on j.request_no = r.request_no
            where r.image_id = p_image_id and j.state = 'waiting')
        or exists (select from service_request r
            join distribution d on d.request_no = r.request_no
            where r.image_id = p_image_id and d.unassigned > 0);
end;

-- Images that no request since p_before wants and no job waits for. Locked
-- first and looked at again, for a request that finds its image stored holds
-- a lock on it (take_updates).
create or replace function clean_images(p_before timestamptz, p_most integer)
    returns bigint language plpgsql as $$
declare
    ids bytea[];
    gone bigint;
begin
    select array_agg(image_id) into ids from (
        select image_id from firmware_image i
        where not image_wanted(image_id, p_before)
        limit p_most for update skip locked) x;
    ids := array(select id from unnest(ids) id
        where not image_wanted(id, p_before));
    delete from csp_image where image_id = any (ids);
    delete from firmware_image where image_id = any (ids);
    get diagnostics gone = row_count;
    return gone;
end $$;

create or replace function clean_sign_ins(
    p_lock_out interval, p_idle interval, p_now timestamptz, p_most integer)
    returns bigint language plpgsql as $$
declare
    gone bigint;
    more bigint;
begin
    delete from session where token = any (array(
        select token from session
        where expires <= p_now or seen <= p_now - p_idle limit p_most));
    get diagnostics gone = row_count;
    perform tell_sign_in_tries(null, null, p_now - interval '10 minutes',
        p_now);
    delete from sign_in_failure where ctid = any (array(
        select ctid from sign_in_failure
        where last_failure <= p_now - p_lock_out limit p_most));
    get diagnostics more = row_count;
    return greatest(gone, more);
end $$;

-- Counts of messages of requests that came before; request_no goes with time.
create or replace function clean_alert_counts(
    p_before timestamptz, p_most integer) returns bigint
    language plpgsql as $$
declare
    low constant bigint := (select request_no from service_request
        where received >= p_before order by received limit 1);
    gone bigint;
begin
    delete from alert_count where ctid = any (array(
        select ctid from alert_count where request_no < low
        order by request_no limit p_most for update skip locked));
    get diagnostics gone = row_count;
    return gone;
end $$;

-- ---- a clock that was set back ----

-- Is the last seal of the audit trail of a time after p_time?
create or replace function trail_is_ahead(p_time timestamptz) returns boolean
    language sql stable
    return coalesce((select sealed > p_time from sat_seal
        order by seal_no desc limit 1), false);

-- Leases and pauses that end later than any that begins now: by a clock that
-- ran ahead, or before it was set back. A command held for its execution time
-- is none of them.
create or replace function cut_pauses(
    p_now timestamptz, p_lease_end timestamptz, p_user_retry timestamptz,
    p_csp_retry timestamptz) returns void
    language plpgsql as $$
begin
    update alert_lane set leased_until = null
    where leased_until > p_lease_end;
    update alert_lane set next_try = p_now
    where next_try > p_user_retry;
    update alert set next_try = p_user_retry
    where state = 'waiting' and tries > 0 and next_try > p_user_retry;
    update csp_job set leased_until = null
    where state = 'waiting' and leased_until > p_lease_end;
    update csp_job set next_try = p_csp_retry
    where state = 'waiting' and next_try > p_csp_retry;
    update device_command set leased_until = null
    where state = 'waiting' and leased_until > p_lease_end;
    update device_command set next_try = p_csp_retry
    where state = 'waiting' and tries > 0 and next_try > p_csp_retry;
end $$;

-- What requests asked for, once no threshold counts it any more.
create or replace function clean_volumes(
    p_before timestamptz, p_most integer) returns bigint
    language plpgsql as $$
declare
    gone bigint;
begin
    delete from request_volume where ctid = any (array(
        select ctid from request_volume v
        where at < p_before and not exists (select from volume_threshold t
            where t.user_id in (v.user_id, all_users())
                and t.service_reference_variant = v.service_reference_variant
                and coalesce(t.counted_from, '-infinity') < v.at)
        limit p_most for update skip locked));
    get diagnostics gone = row_count;
    return gone;
end $$;

-- The octets of requests that were held. The row stays: it says who decided.
create or replace function clean_holds(
    p_before timestamptz, p_most integer) returns bigint
    language plpgsql as $$
declare
    gone bigint;
begin
    update held_request set body = null where hold_no = any (array(
        select hold_no from held_request
        where ended < p_before and body is not null
        order by hold_no limit p_most for update skip locked));
    get diagnostics gone = row_count;
    return gone;
end $$;

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
                'distribution', 'csp_job', 'csp_message', 'gbcs_message',
                'device_command', 'alert', 'replay_window']::regclass[])
            and pg_stat_get_live_tuples(c.oid)
                > 1000 + 4 * greatest(c.reltuples, 0)
    loop
        execute format('analyze (skip_locked) %s', grown);
        done := done + 1;
    end loop;
    return done;
end $$;
