-- The pages of requests and of one request, as the JSON they get. p_viewer: see
-- screen_device.sql.

create or replace function request_tally(
    p_request_no bigint, p_since timestamptz, p_now timestamptz)
    returns device_tally[]
    language plpgsql stable as $$
begin
    return array(
        select row(status, live, csp, device_type, null,
            count(*), count(*) filter (
                where status = 'SUCCESSFUL_HAN_TRANSFER'
                    and last_updated > p_since))::device_tally
        from (select *, is_live(status, job_no, release_due, p_now) as live
            from tracking_live where request_no = p_request_no) l
        group by status, live, csp, device_type
        union all
        select row(status, false, csp, device_type, reason_code, count(*),
            count(*) filter (
                where (not in_progress(status)
                    or status = 'SUCCESSFUL_HAN_TRANSFER')
                    -- not what comes after it was distributed
                    and least(last_updated, released) > p_since))::device_tally
        from tracking_history where request_no = p_request_no
        group by status, csp, device_type, reason_code);
end $$;

create or replace function expected_end(
    p_remaining bigint, p_per_hour numeric, p_now timestamptz) returns text
    language sql immutable
    return case when p_remaining > 0 and p_per_hour > 0 then instant_text(p_now
        + least(p_remaining / p_per_hour, 87600) * interval '1 hour') end;

-- Devices whose distribution ends an hour, with a 95 % interval (counts of
-- independent events), and when the rest will be done if it goes on so.
create or replace function request_rate(
    p_settled bigint, p_remaining bigint, p_window interval, p_now timestamptz)
    returns jsonb language sql stable
begin atomic
    select case when p_settled > 0 then jsonb_build_object(
        'devicesPerHour', round(rate, 1), 'low', round(low, 1),
        'high', round(high, 1),
        'windowSeconds', extract(epoch from p_window)::bigint,
        'remaining', p_remaining,
        'expectedEnd', expected_end(p_remaining, rate, p_now),
        'earliest', expected_end(p_remaining, high, p_now),
        'latest', expected_end(p_remaining, low, p_now)) end
    from (select p_settled / hours as rate,
            greatest(0, p_settled - 1.96 * sqrt(p_settled::numeric))
                / hours as low,
            (p_settled + 1.96 * sqrt(p_settled::numeric)) / hours as high
        from (select (greatest(extract(epoch from p_window), 1)
            / 3600)::numeric as hours) x) y;
end;

-- The rate is measured over this.
create or replace function request_window(
    r service_request, p_now timestamptz) returns interval
    language sql immutable
    return least(interval '6 hours', p_now - r.received);

create or replace function count_text(p_count bigint, p_one text)
    returns text language sql immutable parallel safe
    return to_char(p_count, 'FM999,999,999,999,990') || ' ' || p_one
        || case when p_count = 1 then '' else 's' end;

-- Where a request's devices are that are under way, and why they do not move,
-- in a sentence; null: none is.
create or replace function where_text(
    r service_request, p_tally device_tally[], p_now timestamptz)
    returns text language plpgsql stable as $$
declare
    at_stage jsonb;
    words text;
begin
    select jsonb_object_agg(stage, devices) into at_stage
    from (select device_stage(status, live, device_type) as stage,
            sum(devices) as devices
        from unnest(p_tally)
        where live and status <> 'REJECTED_BY_DSP' group by 1) x;
    if (at_stage ->> 'awaitingCsp')::bigint > 0 then
        select w.words into words from list_waits(r.request_no, null, p_now) w
        limit 1;
    end if;
    return nullif(concat_ws('; ',
        count_text((at_stage ->> 'awaitingCsp')::bigint, 'device')
            || ' not with a CSP yet' || coalesce(' (' || words || ')', ''),
        count_text((at_stage ->> 'approved')::bigint, 'device')
            || ' on the way to the Communications Hub',
        count_text((at_stage ->> 'onHub')::bigint, 'device')
            || ' on the hub, waiting to be passed on',
        case when r.service_reference_variant = '11.4' then
            count_text((at_stage ->> 'onHan')::bigint, 'device')
            || ' delivered and not heard to run it yet' end) || '.', '.');
end $$;

-- The members that the live events of a request are made of.
create or replace function progress_of(
    r service_request, p_tally device_tally[], p_now timestamptz)
    returns jsonb language plpgsql stable as $$
declare
    answer jsonb;
begin
    with tally as materialized (
        select * from unnest(p_tally)
    ), stage as (
        select device_stage(status, live, device_type) as stage,
            sum(devices) as devices
        from tally where status <> 'REJECTED_BY_DSP' group by 1
    ), total as (
        select sum(settled)::bigint as settled, (sum(devices) filter (
            where live and status <= 'SUCCESSFUL_CH_TRANSFER'))::bigint
            as remaining
        from tally where status <> 'REJECTED_BY_DSP'
    )
    select jsonb_build_object(
        'requestId', request_id_text(r.originator, r.target, r.counter),
        'state', request_state(r, p_now),
        'statuses', (select coalesce(jsonb_object_agg(status, devices), '{}')
            from (select status, sum(devices) as devices from tally
                group by status) x),
        'stages', (select jsonb_agg(jsonb_build_object('stage', n.stage,
                'devices', case n.stage when 'refused'
                    then r.listed - r.accepted
                    else coalesce(s.devices, 0) end) order by n.position)
            from unnest(array['awaitingCsp', 'approved', 'onHub', 'onHan',
                'activated', 'failed', 'reset', 'stopped', 'timedOut',
                'refused'])
                with ordinality as n (stage, position)
            left join stage s using (stage)),
        'alerts', request_alerts(r),
        'where', where_text(r, p_tally, p_now),
        'rate', (select request_rate(settled, coalesce(remaining, 0),
            request_window(r, p_now), p_now) from total))
    into answer;
    return answer;
end $$;

create or replace function request_progress(
    r service_request, p_now timestamptz) returns jsonb
    language sql stable
    return progress_of(r, request_tally(r.request_no,
        p_now - request_window(r, p_now), p_now), p_now);

-- Messages to Users about a request.
create or replace function request_alerts(r service_request) returns jsonb
    language sql stable
begin atomic
    select jsonb_build_object('sent', coalesce(sum(c.sent), 0),
        'confirmed', coalesce(sum(c.confirmed), 0),
        'givenUp', (select count(*) from alert a
            where a.request_no = r.request_no and a.state = 'given_up'))
    from alert_count c where c.request_no = r.request_no;
end;

create or replace function request_summary(
    r service_request, p_now timestamptz) returns jsonb
    language sql stable
    return jsonb_build_object(
        'requestId', request_id_text(r.originator, r.target, r.counter),
        'serviceReferenceVariant', r.service_reference_variant,
        'sender', eui64_text(r.originator),
        'senderName', user_name(r.originator),
        'received', instant_text(r.received),
        'responseCode', r.response_code, 'state', request_state(r, p_now),
        'devices', jsonb_build_object('listed', r.listed,
            'accepted', r.accepted, 'refused', jsonb_build_object(
                'invalid', r.invalid, 'notCommissioned', r.not_commissioned,
                'notApplicable', r.not_applicable,
                'invalidGbcsVersion', r.gbcs_version,
                'otherRequestInProgress', r.in_progress)),
        'firmwareVersion', firmware_version_text(r.firmware_version),
        'imageHash', upper(encode(r.manufacturer_image_hash, 'hex')));

-- How far a request is, for a row of a list.
create or replace function request_brief(
    r service_request, p_now timestamptz) returns jsonb
    language plpgsql stable as $$
declare
    tally device_tally[] := request_tally(r.request_no,
        p_now - request_window(r, p_now), p_now);
    answer jsonb;
begin
    select jsonb_build_object('progress', jsonb_build_object(
        'inProgress', coalesce(sum(devices) filter (
            where outcome = 'inProgress'), 0),
        'succeeded', coalesce(sum(devices) filter (
            where outcome = 'succeeded'), 0),
        'failed', coalesce(sum(devices) filter (where outcome = 'failed'), 0),
        'expectedEnd', request_rate(sum(settled)::bigint,
            (sum(devices) filter (where live
                and status <= 'SUCCESSFUL_CH_TRANSFER'))::bigint,
            request_window(r, p_now), p_now) -> 'expectedEnd',
        'p50', (select instant_text(f.p50) from last_forecast(r.request_no) f),
        'p90', (select instant_text(f.p90) from last_forecast(r.request_no) f)))
    into answer
    from (select *, device_outcome(status, live, device_type) as outcome
        from unnest(tally)) t
    where status <> 'REJECTED_BY_DSP';
    return answer;
end $$;

-- The models of a request's devices. Nearly always the image is for one model
-- of each device type, and then the CPL alone knows it; otherwise every device
-- is looked up.
create or replace function request_models(
    r service_request, p_tally device_tally[], p_now timestamptz)
    returns table (device_type device_type, manufacturer_id integer,
        model_id integer, hardware_version integer, outcome text,
        devices bigint)
    language plpgsql stable as $$
begin
    if (select max(n) from (
            select count(distinct (e.manufacturer_id::integer,
                e.model_id::integer, e.hardware_version::integer)) as n
            from cpl_entry e
            where e.manufacturer_image_hash = r.manufacturer_image_hash
            group by e.device_type) x) = 1 then
        return query
        select t.device_type, e.manufacturer_id::integer, e.model_id::integer,
            e.hardware_version::integer, device_outcome(t.status, t.live,
                t.device_type), t.devices
        from unnest(p_tally) t
        join (select distinct c.device_type, c.manufacturer_id, c.model_id,
                c.hardware_version from cpl_entry c
            where c.manufacturer_image_hash = r.manufacturer_image_hash) e
            on e.device_type = t.device_type
        where t.status <> 'REJECTED_BY_DSP';
        return;
    end if;
    return query
    select t.device_type, s.manufacturer_id::integer, s.model_id::integer,
        s.hardware_version::integer, device_outcome(t.status,
            t.released is null
                and is_live(t.status, t.job_no, t.release_due, p_now),
            t.device_type),
        count(*)
    from tracking t
    left join smi_device s on s.device_id = t.device_id
    where t.request_no = r.request_no and t.status <> 'REJECTED_BY_DSP'
    group by 1, 2, 3, 4, 5;
end $$;

-- How its devices came to their ends: counts at 49 moments from when it came
-- until it ended, or until now. An update ended for its request when it was
-- released or last heard of, whichever was first: what is heard later moves its
-- record, not the day of its distribution.
create or replace function request_curve(
    r service_request, p_tally device_tally[], p_now timestamptz)
    returns jsonb language plpgsql stable as $$
declare
    steps constant integer := 48;
    all_devices bigint;
    under_way boolean;
    until timestamptz := p_now;
    bounds timestamptz[];
    answer jsonb;
begin
    select sum(devices), bool_or(device_outcome(status, live, device_type)
        = 'inProgress')
    into all_devices, under_way
    from unnest(p_tally) where status <> 'REJECTED_BY_DSP';
    if all_devices is null then
        return '[]';
    end if;
    if not under_way then
        select max(least(h.last_updated, h.released)) into until
        from tracking h
        where h.request_no = r.request_no and h.status <> 'REJECTED_BY_DSP';
    end if;
    until := greatest(until, r.received + interval '1 second');
    bounds := array(select r.received + n * (until - r.received) / steps
        from generate_series(0, steps) n order by n);
    with part as (
        -- what came of them is asked of each kind, not of each device
        select p.step, sum(devices) filter (where p.outcome = 'succeeded')
                as succeeded,
            sum(devices) filter (where p.outcome = 'failed') as failed,
            sum(devices) filter (where p.outcome in ('reset', 'stopped'))
                as taken_back
        from (select d.step, d.devices, device_outcome(d.status, d.live,
                    d.device_type) as outcome
            from (select least(steps, width_bucket(
                        least(t.last_updated, t.released), bounds)) as step,
                    t.status, t.device_type, t.released is null and is_live(
                        t.status, t.job_no, t.release_due, p_now) as live,
                    count(*) as devices
                from tracking t
                where t.request_no = r.request_no
                    and t.status <> 'REJECTED_BY_DSP'
                group by 1, 2, 3, 4) d) p
        group by p.step
    ), total as (
        select n as step, coalesce(sum(succeeded) over w, 0) as succeeded,
            coalesce(sum(failed) over w, 0) as failed,
            coalesce(sum(taken_back) over w, 0) as taken_back
        from generate_series(0, steps) n left join part on part.step = n
        window w as (order by n)
    )
    select jsonb_agg(jsonb_build_object(
        'at', instant_text(bounds[t.step + 1]),
        'succeeded', t.succeeded, 'failed', t.failed,
        'takenBack', t.taken_back,
        'inProgress', all_devices - t.succeeded - t.failed - t.taken_back)
        order by t.step)
    into answer from total t;
    return answer;
end $$;

-- The row that a RequestID stands for; none when the viewer may not see it.
create or replace function seen_request(
    p_originator macaddr8, p_target macaddr8, p_counter numeric,
    p_viewer macaddr8) returns setof service_request
    language sql stable
begin atomic
    select * from service_request
    where request_no = find_request(p_originator, p_target, p_counter)
        and (p_viewer is null or originator = p_viewer);
end;

create or replace function sum_of(p_devices bigint, p_wanted boolean)
    returns bigint language sql immutable parallel safe
    return case when p_wanted then p_devices else 0 end;

create or replace function request_screen(
    r service_request, p_viewer macaddr8, p_now timestamptz)
    returns jsonb language plpgsql stable as $$
declare
    tally device_tally[] := request_tally(r.request_no,
        p_now - request_window(r, p_now), p_now);
begin
    return request_summary(r, p_now) || progress_of(r, tally, p_now)
        || jsonb_build_object(
        'ended', case when request_state(r, p_now) in ('finished', 'stopped')
            then (select instant_text(max(least(h.last_updated, h.released)))
                from tracking_history h
                where h.request_no = r.request_no
                    and h.status <> 'REJECTED_BY_DSP') end,
        'curve', request_curve(r, tally, p_now),
        'forecast', request_forecast_json(r, p_viewer, p_now),
        'holds', request_holds(r, p_viewer),
        'plan', request_plan_json(r, p_now),
        'guard', request_guard(r.request_no),
        'waits', (select coalesce(jsonb_agg(jsonb_build_object('csp', csp,
                'deviceType', device_type, 'code', code, 'words', words,
                'devices', devices)), '[]')
            from list_waits(r.request_no, null, p_now)),
        'steering', steering_json(p_viewer, null, null, r.request_no, null,
            50),
        'failures', (select coalesce(jsonb_agg(jsonb_build_object(
                'status', status, 'reasonCode', reason_code,
                'devices', devices) order by devices desc, status), '[]')
            from (select status, reason_code, sum(devices) as devices
                from unnest(tally)
                where device_stage(status, live, device_type)
                    in ('failed', 'reset', 'stopped', 'timedOut', 'refused')
                group by 1, 2) x),
        'byCsp', (select coalesce(jsonb_agg(jsonb_build_object('csp', csp,
                'devices', n, 'inProgress', in_progress,
                'succeeded', succeeded, 'failed', failed) order by csp), '[]')
            from (select csp, sum(devices) as n,
                    sum(sum_of(devices, outcome = 'inProgress'))
                        as in_progress,
                    sum(sum_of(devices, outcome = 'succeeded')) as succeeded,
                    sum(sum_of(devices, outcome = 'failed')) as failed
                from (select *, device_outcome(status, live, device_type)
                        as outcome
                    from unnest(tally)) t
                where csp is not null and status <> 'REJECTED_BY_DSP'
                group by csp) x),
        'byModel', (select coalesce(jsonb_agg(jsonb_build_object(
                'deviceType', device_type,
                'manufacturerId', hexadecimal(manufacturer_id, 2),
                'modelId', hexadecimal(model_id, 2),
                'hardwareVersion', hexadecimal(hardware_version, 1),
                'devices', n, 'inProgress', in_progress,
                'succeeded', succeeded, 'failed', failed)
                order by n desc, manufacturer_id, model_id), '[]')
            from (select device_type, manufacturer_id, model_id,
                    hardware_version, sum(devices) as n,
                    sum(sum_of(devices, outcome = 'inProgress'))
                        as in_progress,
                    sum(sum_of(devices, outcome = 'succeeded')) as succeeded,
                    sum(sum_of(devices, outcome = 'failed')) as failed
                from request_models(r, tally, p_now)
                group by 1, 2, 3, 4) x),
        'jobs', (select coalesce(jsonb_agg(jsonb_build_object(
                'jobId', j.job_id, 'csp', j.csp, 'deviceType', j.device_type,
                'devices', j.devices, 'requests', j.requests,
                'state', j.state,
                'created', instant_text(j.created), 'tries', j.tries,
                'nextTry', case j.state when 'waiting'
                    then instant_text(j.next_try) end,
                'lastError', j.last_error, 'ended', instant_text(j.ended),
                'reported', instant_text(j.reported),
                'contradicted', instant_text(j.contradicted),
                'silent', instant_text(j.silent)) order by j.job_no), '[]')
            from (select * from jobs_of_request(r.request_no)
                order by job_no limit 200) j));
end $$;

-- The lists of the screens, in pages: p_after is where the page before ended.

-- ---- requests ----

-- At most p_scan requests from p_after down, of that sender. What the caller's
-- filters leave of them may be less than a page, or nothing: then the next page
-- goes on, so nothing is filtered here after it was counted.
create or replace function scan_requests(
    p_sender macaddr8, p_state text, p_from timestamptz, p_to timestamptz,
    p_after bigint, p_scan integer)
    returns setof service_request
    language plpgsql stable as $$
declare
    low bigint := 0;
    high bigint := coalesce(p_after, 9223372036854775807);
begin
    -- request_no goes with the time of arrival, to an hour: a request has its
    -- number when its devices are its own
    if p_from is not null then
        select coalesce(min(request_no), high) into low from (
            (select request_no from service_request
                where received >= p_from - interval '1 hour'
                order by received limit 1)
            union all
            select request_no from service_request
            where received between p_from and p_from + interval '1 hour') x;
    end if;
    if p_to is not null then
        select least(high, coalesce(max(request_no), 0) + 1) into high from (
            (select request_no from service_request
                where received < p_to order by received desc limit 1)
            union all
            select request_no from service_request
            where received >= p_to - interval '1 hour' and received < p_to) x;
    end if;
    -- a sender's own are looked at one by one: others' may be many more
    if p_state in ('in-progress', 'held') and p_sender is null then
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
    p_after bigint, p_most integer, p_now timestamptz, p_progress boolean)
    returns json
    language plpgsql stable as $$
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
                when p_state in ('in-progress', 'held', 'stopped',
                        'finished')
                    then request_state(c, p_now)
                else answer_state(c) end)
        order by c.request_no desc limit p_most
    )
    select array(select request_no from wanted order by request_no desc),
        count(*), min(request_no)
    into found_nos, looked, lowest from candidate;
    return json_build_object(
        'items', (select coalesce(json_agg(request_summary(r, p_now)
                || case when p_progress then request_brief(r, p_now)
                    else '{}' end
                order by r.request_no desc), '[]')
            from service_request r where r.request_no = any (found_nos)),
        'next', case when cardinality(found_nos) = p_most
                then found_nos[p_most]::text
            when looked >= scan then lowest::text end);
end $$;

-- ---- the devices of a request ----

-- What a list of them is in the order of: a text by which the rows sort in "C",
-- those of the same text by Device ID. null: by Device ID alone.
create or replace function device_sort_key(
    p_sort text, p_status processing_status, p_reason text,
    p_updated timestamptz) returns text
    language sql stable parallel safe
    return case p_sort when 'status' then p_status::text
        when 'reason' then coalesce(p_reason, '')
        when 'updated' then
            to_char(p_updated at time zone 'UTC', 'YYYYMMDDHH24MISSUS') end;

-- Which they are, in that order. p_outcome: as device_outcome(); p_model: as
-- model_text(); p_sort: see device_sort_key(), with a '-' before it the other
-- way round. p_after: the row_key where the page before ended. p_most null: all.
create or replace function find_request_devices(
    p_request_no bigint, p_status processing_status, p_reason text,
    p_csp text, p_outcome text, p_device macaddr8, p_model text,
    p_sort text, p_after text, p_most integer, p_now timestamptz)
    returns table (device_id macaddr8, sort_key text)
    language plpgsql stable as $$
declare
    sorted_by constant text := ltrim(p_sort, '-');
    down constant boolean := coalesce(p_sort like '-%', false);
    after_key constant text := substr(p_after, 25);
    after_device constant macaddr8 := left(p_after, 23)::macaddr8;
begin
    return query
    select t.device_id, k.key
    from tracking t
    cross join lateral (select device_sort_key(sorted_by, t.status,
        t.reason_code, t.last_updated) collate "C" as key) k
    where t.request_no = p_request_no
        and (p_after is null or case
            when sorted_by is null then
                t.device_id & 'ffffffffffffffff'::macaddr8 > after_device
            when k.key = after_key then t.device_id > after_device
            when down then k.key < after_key
            else k.key > after_key end)
        and (p_status is null or t.status = p_status)
        and (p_reason is null or t.reason_code = p_reason)
        and (p_csp is null or t.csp = p_csp)
        and (p_device is null or t.device_id = p_device)
        and (p_outcome is null or p_outcome = device_outcome(t.status,
            t.released is null
                and is_live(t.status, t.job_no, t.release_due, p_now),
            t.device_type))
        and (p_model is null or exists (select from smi_device s
            where s.device_id = t.device_id and p_model in (
                model_text(s.manufacturer_id, s.model_id,
                    s.hardware_version),
                model_text(s.manufacturer_id, s.model_id, null))))
    -- by expressions that no index has: the rows are had by request_no and
    -- sorted, never by walking all devices in their order
    order by case when down then k.key end desc,
        case when not down then k.key end,
        t.device_id & 'ffffffffffffffff'::macaddr8 limit p_most;
end $$;

-- The same with what is shown of them.
create or replace function list_request_devices(
    p_request_no bigint, p_status processing_status, p_reason text,
    p_csp text, p_outcome text, p_device macaddr8, p_model text,
    p_sort text, p_after text, p_most integer, p_now timestamptz)
    returns table (row_key text, device_id macaddr8, device_type text,
        status text, in_progress boolean, reason_code text,
        last_updated timestamptz, release_due timestamptz, chf_id macaddr8,
        csp text, late boolean)
    language plpgsql stable as $$
begin
    return query
    select concat_ws('/', eui64_text(t.device_id), f.sort_key), t.device_id,
        t.device_type::text, t.status::text,
        t.released is null
            and is_live(t.status, t.job_no, t.release_due, p_now),
        t.reason_code, t.last_updated, t.release_due, t.chf_id, t.csp,
        is_late(t)
    from find_request_devices(p_request_no, p_status, p_reason, p_csp,
            p_outcome, p_device, p_model, p_sort, p_after, p_most, p_now)
        with ordinality as f (device_id, sort_key, place)
    join tracking t on t.request_no = p_request_no
        and t.device_id = f.device_id
    order by f.place;
end $$;

-- 'total': of all pages; with the first of several alone.
create or replace function request_device_page(
    p_request_no bigint, p_status processing_status, p_reason text,
    p_csp text, p_outcome text, p_device macaddr8, p_model text,
    p_sort text, p_after text, p_most integer, p_now timestamptz)
    returns json language plpgsql stable as $$
declare
    answer jsonb;
    total bigint;
begin
    select jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object(
            'deviceId', eui64_text(device_id), 'deviceType', device_type,
            'status', status, 'inProgress', in_progress,
            'reasonCode', reason_code,
            'lastUpdated', instant_text(last_updated),
            'releaseDue', instant_text(release_due),
            'commsHubId', eui64_text(chf_id), 'csp', csp, 'late', late)
            order by place), '[]'),
        'next', case when count(*) = p_most
            then (array_agg(row_key order by place desc))[1] end),
        count(*)
    into answer, total
    from (select l.*, row_number() over () as place
        from list_request_devices(p_request_no, p_status, p_reason, p_csp,
            p_outcome, p_device, p_model, p_sort, p_after, p_most, p_now) l) x;
    if p_after is null and total = p_most then
        select count(*) into total
        from find_request_devices(p_request_no, p_status, p_reason, p_csp,
            p_outcome, p_device, p_model, null, null, null, p_now);
    end if;
    return answer || jsonb_build_object('total',
        case when p_after is null then total end);
end $$;
