-- The lists of the screens, in pages: p_after is where the page before ended.

-- ---- requests ----

-- At most p_scan requests from p_after down. What the caller's filters leave of
-- them may be less than a page, or nothing: then the next page goes on.
create or replace function scan_requests(
    p_sender macaddr8, p_state text, p_from timestamptz, p_to timestamptz,
    p_after bigint, p_scan integer)
    returns setof service_request
    language plpgsql stable
    set plan_cache_mode = force_custom_plan
as $$
declare
    low bigint := 0;
    high bigint := coalesce(p_after, 9223372036854775807);
begin
    -- request_no goes with the time of arrival, to a minute
    if p_from is not null then
        select coalesce(min(request_no), high) into low from (
            select request_no from service_request
            where received >= p_from - interval '1 minute'
            order by received limit 100) x;
    end if;
    if p_to is not null then
        select least(high, coalesce(max(request_no), 0) + 1) into high from (
            select request_no from service_request
            where received < p_to + interval '1 minute'
            order by received desc limit 100) x;
    end if;
    if p_state = 'in-progress' then
        -- from one request with live devices to the next
        return query
        with recursive live (request_no) as (
            (select l.request_no from tracking_live l
                where l.request_no < high and l.request_no >= low
                order by l.request_no desc limit 1)
            union all
            select (select l.request_no from tracking_live l
                where l.request_no < x.request_no and l.request_no >= low
                order by l.request_no desc limit 1)
            from live x where x.request_no is not null)
        select r.* from (select request_no from live
            where request_no is not null limit p_scan) x
        join service_request r on r.request_no = x.request_no
        where p_sender is null or r.originator = p_sender
        order by r.request_no desc;
        return;
    end if;
    return query
    select r.* from service_request r
    where r.request_no < high and r.request_no >= low
        and (p_sender is null or r.originator = p_sender)
    order by r.request_no desc limit p_scan;
end $$;

create or replace function request_list(
    p_viewer macaddr8, p_user macaddr8, p_state text, p_variant text,
    p_from timestamptz, p_to timestamptz, p_device macaddr8, p_version bytea,
    p_originator macaddr8, p_target macaddr8, p_counter numeric,
    p_after bigint, p_most integer, p_now timestamptz) returns json
    language plpgsql stable
    set plan_cache_mode = force_custom_plan
as $$
declare
    scan constant integer := 20000;
    seen bigint[];
    found_nos bigint[];
    looked integer;
    lowest bigint;
begin
    -- a device or a whole RequestID is looked up, the rest is filtered
    if p_device is not null then
        seen := array(select t.request_no from tracking t
            where t.device_id = p_device);
    elsif p_target is not null then
        seen := array(select r.request_no from service_request r
            where r.originator = p_originator and r.target = p_target
                and r.counter = p_counter);
    end if;
    with candidate as materialized (
        select r.* from service_request r
        where seen is not null and r.request_no = any (seen)
            and r.request_no < coalesce(p_after, 9223372036854775807)
            and (p_viewer is null or r.originator = p_viewer)
        union all
        select * from scan_requests(coalesce(p_viewer, p_user), p_state,
            p_from, p_to, p_after,
            case when coalesce(p_state, p_variant) is null
                and coalesce(p_from, p_to) is null and p_version is null
                and p_counter is null and p_user is null
                then p_most else scan end)
        where seen is null
    ), wanted as (
        select c.request_no from candidate c
        where (p_viewer is null or c.originator = p_viewer)
            and (p_user is null or c.originator = p_user)
            and (p_variant is null or c.service_reference_variant = p_variant)
            and (p_from is null or c.received >= p_from)
            and (p_to is null or c.received < p_to)
            and (p_version is null or c.firmware_version = p_version)
            and (p_target is not null or p_counter is null
                or c.counter = p_counter)
            and (p_state is null or p_state = case
                when p_state in ('in-progress', 'finished')
                    then request_state(c, p_now)
                else answer_state(c) end)
        order by c.request_no desc limit p_most
    )
    select array(select request_no from wanted order by request_no desc),
        count(*), min(request_no)
    into found_nos, looked, lowest from candidate;
    return json_build_object(
        'items', (select coalesce(json_agg(request_summary(r, p_now)
                order by r.request_no desc), '[]')
            from service_request r where r.request_no = any (found_nos)),
        'next', case when cardinality(found_nos) = p_most
                then found_nos[p_most]::text
            when looked >= scan then lowest::text end);
end $$;

-- ---- the devices of a request ----

create or replace function list_request_devices(
    p_request_no bigint, p_status processing_status, p_reason text,
    p_csp text, p_after macaddr8, p_most integer, p_now timestamptz)
    returns table (device_id macaddr8, device_type text, status text,
        in_progress boolean, reason_code text, last_updated timestamptz,
        release_due timestamptz, chf_id macaddr8, csp text)
    language plpgsql stable
    set plan_cache_mode = force_custom_plan
as $$
begin
    return query
    select t.device_id, t.device_type::text, t.status::text,
        t.released is null and t.release_due > p_now, t.reason_code,
        t.last_updated, t.release_due, t.chf_id, t.csp
    from tracking t
    where t.request_no = p_request_no
        and (p_after is null
            or t.device_id & 'ffffffffffffffff'::macaddr8 > p_after)
        and (p_status is null or t.status = p_status)
        and (p_reason is null or t.reason_code = p_reason)
        and (p_csp is null or t.csp = p_csp)
    -- by an expression that no index has: the rows are had by request_no and
    -- sorted, never by walking all devices in their order
    order by t.device_id & 'ffffffffffffffff'::macaddr8 limit p_most;
end $$;

create or replace function request_device_page(
    p_request_no bigint, p_status processing_status, p_reason text,
    p_csp text, p_after macaddr8, p_most integer, p_now timestamptz)
    returns json language sql stable
begin atomic
    select json_build_object('items', coalesce(json_agg(json_build_object(
            'deviceId', eui64_text(device_id), 'deviceType', device_type,
            'status', status, 'inProgress', in_progress,
            'reasonCode', reason_code,
            'lastUpdated', instant_text(last_updated),
            'releaseDue', instant_text(release_due),
            'commsHubId', eui64_text(chf_id), 'csp', csp)
            order by device_id), '[]'),
        'next', case when count(*) = p_most
            then max(eui64_text(device_id)) end)
    from list_request_devices(p_request_no, p_status, p_reason, p_csp, p_after,
        p_most, p_now);
end;

-- ---- RSAT_004 (section 4.11) ----

-- Activate Firmware commands by the time of their Service Request.
create or replace function list_activations(
    p_viewer macaddr8, p_type device_type, p_from timestamptz,
    p_to timestamptz, p_after bigint, p_most integer)
    returns table (command_no bigint, request_id text, sender macaddr8,
        sender_name text, device_id macaddr8, device_type text,
        requested timestamptz, execution_time timestamptz, state text,
        ended timestamptz, executed timestamptz)
    language plpgsql stable
    set plan_cache_mode = force_custom_plan
as $$
begin
    return query
    select c.command_no, request_id_text(r.originator, r.target, r.counter),
        r.originator, user_name(r.originator), c.device_id,
        c.device_type::text, c.created, c.execution_time, c.state::text,
        c.ended, c.outcome_seen
    from device_command c
    join service_request r on r.request_no = c.request_no
    where c.message_code = 18 and c.created >= p_from and c.created < p_to
        and (p_type is null or c.device_type = p_type)
        and (p_viewer is null or r.originator = p_viewer)
        and (p_after is null or (c.created, c.command_no) > (
            (select l.created from device_command l
                where l.command_no = p_after),
            p_after))
    order by c.created, c.command_no limit p_most;
end $$;

create or replace function activation_counts(
    p_viewer macaddr8, p_type device_type, p_from timestamptz,
    p_to timestamptz)
    returns table (period text, device_type text, requested bigint,
        answered bigint, failed bigint, cancelled bigint, under_way bigint,
        future_dated bigint)
    language plpgsql stable
    set plan_cache_mode = force_custom_plan
as $$
begin
    return query
    select to_char(c.created at time zone 'UTC', 'YYYY-MM-DD'),
        c.device_type::text, count(*),
        count(*) filter (where c.state = 'answered'),
        count(*) filter (where c.state in ('failed', 'no_answer')),
        count(*) filter (where c.state = 'cancelled'),
        count(*) filter (where c.state in ('held', 'waiting', 'sent',
            'local')),
        count(*) filter (where c.future_dated)
    from device_command c
    where c.message_code = 18 and c.created >= p_from and c.created < p_to
        and (p_type is null or c.device_type = p_type)
        and (p_viewer is null or exists (select from service_request r
            where r.request_no = c.request_no and r.originator = p_viewer))
    group by 1, c.device_type order by 1, c.device_type;
end $$;

create or replace function activation_report(
    p_viewer macaddr8, p_type device_type, p_from timestamptz,
    p_to timestamptz, p_after bigint, p_most integer) returns json
    language sql stable
begin atomic
    select json_build_object('from', instant_text(p_from),
        'to', instant_text(p_to),
        'summary', (select coalesce(json_agg(json_build_object(
                'period', s.period, 'deviceType', s.device_type,
                'requested', s.requested, 'answered', s.answered,
                'failed', s.failed, 'cancelled', s.cancelled,
                'underWay', s.under_way, 'futureDated', s.future_dated)),
                '[]')
            from activation_counts(p_viewer, p_type, p_from, p_to) s
            where p_after is null),
        'items', coalesce(json_agg(json_build_object(
            'requestId', request_id, 'sender', eui64_text(sender),
            'senderName', sender_name, 'deviceId', eui64_text(device_id),
            'deviceType', device_type, 'requested', instant_text(requested),
            'executionTime', instant_text(execution_time), 'state', state,
            'ended', instant_text(ended), 'executed', instant_text(executed))
            order by requested, command_no), '[]'),
        'next', case when count(*) = p_most then (array_agg(command_no
            order by requested desc, command_no desc))[1]::text end)
    from list_activations(p_viewer, p_type, p_from, p_to, p_after, p_most);
end;

-- ---- CSPs ----

-- p_names and p_regions go together: the regions of each, with commas.
create or replace function csp_list(
    p_names text[], p_regions text[], p_now timestamptz) returns json
    language sql stable
begin atomic
    with hour as (
        select date_trunc('hour', p_now) - n * interval '1 hour' as hour
        from generate_series(0, 23) n
    ), through as (
        select csp, date_trunc('hour', ended) as hour, count(*) as jobs,
            sum(devices) as devices
        from csp_job
        where ended >= date_trunc('hour', p_now) - interval '23 hours'
            and state = 'handed_over'
        group by 1, 2
    ), live as materialized (
        select csp, count(*) filter (where status = 'AWAITING_CSP') as waiting,
            count(*) filter (where status <> 'AWAITING_CSP') as under_way
        from tracking_live where release_due > p_now group by csp
    ), busy as (
        select csp, min(created) as since, min(next_try) as next_try,
            (array_agg(last_error order by next_try))[1] as last_error
        from csp_job
        where state = 'waiting' and tries > 0 and last_error is not null
        group by csp
    )
    select json_build_object('items', json_agg(json_build_object(
        'csp', c.name, 'regions', regexp_split_to_array(c.regions, '\s*,\s*'),
        'up', b.csp is null, 'busySince', instant_text(b.since),
        'nextTry', instant_text(b.next_try), 'lastError', b.last_error,
        'jobs', json_build_object(
            'waiting', (select count(*) from csp_job j
                where j.csp = c.name and j.state = 'waiting'),
            'handedOver', (select count(*) from csp_job j
                where j.csp = c.name and j.state = 'handed_over'
                    and j.reported is null
                    and j.ended > p_now - interval '7 days')),
        'devices', json_build_object('waiting', coalesce(l.waiting, 0),
            'underWay', coalesce(l.under_way, 0)),
        'throughput', (select json_agg(json_build_object(
                'hour', instant_text(h.hour), 'jobs', coalesce(t.jobs, 0),
                'devices', coalesce(t.devices, 0)) order by h.hour)
            from hour h
            left join through t on t.hour = h.hour and t.csp = c.name))
        order by c.name))
    from unnest(p_names, p_regions) as c (name, regions)
    left join live l on l.csp = c.name
    left join busy b on b.csp = c.name;
end;

-- ---- messages that Users have not confirmed ----

create or replace function undelivered_page(
    p_viewer macaddr8, p_user macaddr8, p_state alert_state, p_after bigint,
    p_most integer) returns json
    language plpgsql stable
    set plan_cache_mode = force_custom_plan
as $$
declare
    answer json;
begin
    select json_build_object('items', coalesce(json_agg(json_build_object(
            'alertId', a.alert_no::text, 'userId', eui64_text(a.user_id),
            'userName', user_name(a.user_id), 'code', a.code,
            'state', a.state,
            'requestId', request_id_text(r.originator, r.target, r.counter),
            'deviceId', eui64_text(a.device_id),
            'devices', coalesce(cardinality(a.device_ids),
                (a.device_id is not null)::integer),
            'created', instant_text(a.created), 'tries', a.tries,
            'nextTry', case a.state when 'waiting'
                then instant_text(a.next_try) end,
            'lastError', a.last_error) order by a.alert_no), '[]'),
        'next', case when count(*) = p_most then max(a.alert_no)::text end)
    into answer
    from (select * from alert
        where tries > 0 and (p_after is null or alert_no > p_after)
            and (p_viewer is null or user_id = p_viewer)
            and (p_user is null or user_id = p_user)
            and (p_state is null or state = p_state)
        order by alert_no limit p_most) a
    left join service_request r on r.request_no = a.request_no;
    return answer;
end $$;

-- ---- accounts ----

-- One row for each account, or for the one that is named.
create or replace function account_screens(
    p_name text, p_lock_out interval, p_most integer, p_now timestamptz)
    returns setof json language sql stable
begin atomic
    select json_build_object('name', name, 'role', role,
        'supplierId', eui64_text(supplier_id), 'active', active,
        'hasPassword', has_password, 'tokens', tokens,
        'created', instant_text(created),
        'lastSignIn', instant_text(last_sign_in),
        'lockedUntil', instant_text(locked_until))
    from list_accounts(p_name, p_lock_out, p_most, p_now);
end;
