-- Devices that are later than 99 of 100 were in their stage (duration_known), or,
-- where too little is known, than their window, at whose end most are released:
-- why, what will happen by itself and when, and what a person can do. p_viewer: see screen_device.sql.
-- p_timeout: [tracking] timeout.

-- "3 days", "5 hours": as long as a person says it.
create or replace function span_words(p_took interval) returns text
    language sql immutable
    return (select case when n >= 172800 then n / 86400 || ' days'
            when n >= 7200 then n / 3600 || ' hours'
            when n >= 120 then n / 60 || ' minutes'
            else 'a moment' end
        from (select extract(epoch from p_took)::bigint as n) x);

-- After a number of devices.
create or replace function stage_words(p_stage text) returns text
    language sql immutable
    return case p_stage
        when 'turn' then 'not taken by it'
        when 'report' then 'taken and not reported on'
        when 'way' then 'on the way to their hubs'
        when 'hub' then 'at their hubs'
        when 'device' then 'not activated' end;

-- Where an update is: the stage, and since when, as duration_known counts it. Null:
-- nothing is waited for, or somebody has decided that it waits (held, a plan, a
-- hub whose memory has another image).
create or replace function stage_of(
    l tracking_live, j csp_job, d distribution)
    returns table (span update_span, since timestamptz)
    language sql stable
begin atomic
    select x.span, case x.span
        when 'turn' then coalesce(j.created,
            greatest(d.since, l.last_updated))
        when 'report' then j.ended
        when 'way' then coalesce(j.ended, l.last_updated)
        when 'hub' then coalesce(l.delivery_time, l.last_updated)
        when 'device' then coalesce(l.hub_time, l.last_updated) end
    from (select case
            when l.status = 'AWAITING_CSP' then
                case when j.state = 'handed_over' then 'report'::update_span
                    when j.state = 'waiting' or j.job_no is null
                        and d.ready = d.unassigned then 'turn' end
            when l.status = 'APPROVED_FOR_DISTRIBUTION' then 'way'
            when l.status = 'SUCCESSFUL_CH_TRANSFER' then 'hub'
            when l.status = 'SUCCESSFUL_HAN_TRANSFER'
                and l.device_type = 'PPMID' then 'device' end as span) x;
end;

-- When it is stuck, by what is known: null, nothing is.
create or replace function late_after(
    p_csp text, p_type device_type, p_span update_span, p_device_id macaddr8)
    returns interval language sql stable
begin atomic
    select p99 from duration_known
    where csp = p_csp and device_type = p_type and span = p_span
        and hour = -1 and model in ('', (select model_text(s.manufacturer_id, s.model_id,
                null) from smi_device s where s.device_id = p_device_id))
    order by model desc limit 1;
end;

-- All that are late, without words. First those that may be, by the least of
-- what is known; then each by its model.
create or replace function find_stuck(
    p_viewer macaddr8, p_csp text, p_device macaddr8, p_timeout interval,
    p_now timestamptz)
    returns table (device_id macaddr8, request_no bigint, job_no bigint,
        span update_span, since timestamptz, late_since timestamptz)
    language plpgsql stable as $$
begin
    return query
    with least_limit as materialized (
        select s.csp, s.device_type, s.span, min(s.p99) as p99
        from duration_known s group by 1, 2, 3
    ), waiting as (
        select l.device_id, l.request_no, l.job_no, l.csp, l.device_type,
            l.release_due, g.span, g.since,
            case when g.span in ('turn', 'report') then g.since + p_timeout
                else l.release_due end as window_ends
        from tracking_live l
        left join csp_job j on j.job_no = l.job_no
        left join distribution d on l.job_no is null
            and (d.request_no, d.csp, d.device_type)
                = (l.request_no, l.csp, l.device_type) and d.unassigned > 0
        cross join lateral stage_of(l, j, d) g
        where g.span is not null and l.held is null and not l.hub_waits
            and is_live(l.status, l.job_no, l.release_due, p_now)
            and (p_device is null or l.device_id = p_device)
            and (p_csp is null or l.csp = p_csp)
            and (p_viewer is null or exists (select from service_request r
                where r.request_no = l.request_no
                    and r.originator = p_viewer))
    ), candidate as materialized (
        select w.* from waiting w
        left join least_limit m using (csp, device_type, span)
        where p_now > least(w.since + m.p99, w.window_ends)
    )
    select c.device_id, c.request_no, c.job_no, c.span, c.since, x.late
    from candidate c
    cross join lateral (select least(c.since + late_after(c.csp,
        c.device_type, c.span, c.device_id), c.window_ends) as late) x
    where p_now > x.late;
end $$;

-- Why, what comes by itself, and what to do.
create or replace function stuck_words(
    p_span update_span, l tracking_live, j csp_job, p_since timestamptz,
    p_timeout interval, p_now timestamptz,
    out why text, out comes text, out at timestamptz, out advice text)
    language plpgsql stable as $$
declare
    csp constant text := 'CSP ' || l.csp;
    job constant text := 'job ' || j.job_id;
    ago constant text := span_words(p_now - p_since);
    hub constant text := 'Communications Hub ' || eui64_text(l.chf_id);
    again constant text := 'A reset frees the device for another request.';
begin
    at := l.release_due;
    comes := 'It is released from tracking, and may be in another request; '
        'what is heard of it later still counts.';
    case p_span
    when 'turn' then
        why := case when j.job_no is null
            then format('It has waited for its turn for %s%s', ago, ': '
                || (select waits_text(p.waits, p.csp, p_now) from csp_pace p
                    where p.csp = l.csp))
            else format('%s has not taken %s for %s%s', csp, job, ago,
            case when j.tries > 0 then format(': tried %s times, last answer: '
                '%s', j.tries, coalesce(j.last_error, 'none')) else '' end)
            end;
        at := greatest(j.next_try, p_now);
        comes := case when j.job_no is null
            then format('It goes when %s has room.', csp)
            else format('%s is offered the job again, until [csp %s] '
                'busy_give_up.', csp, l.csp) end;
        advice := format('Ask %s whether it takes jobs. Stop the request if '
            'it is not to wait.', csp);
    when 'report' then
        why := format('%s took %s %s ago and never reported', csp, job, ago);
        at := p_since + p_timeout;
        comes := 'Its devices are released as CSP_SILENT, and their sender is '
            'told (N21).';
        advice := format('Ask %s what became of the job. %s', csp, again);
    when 'way' then
        why := format('%s took %s %s ago and has not said that the image is at '
            '%s', csp, job, ago, hub);
        advice := format('Ask %s whether the hub can be reached. %s', csp,
            again);
    when 'hub' then
        why := format('%s has had the image for %s and has not said that the '
            'device has it', hub, ago);
        advice := format('See whether the device is on its home area network: '
            'its supplier can read its version (11.2). %s', again);
    when 'device' then
        why := format('The PPMID has had the image for %s and has not said '
            'that it runs it', ago);
        advice := 'Its supplier can read its version (11.2): the answer moves '
            'the record. ' || again;
    end case;
end $$;

-- Oldest first. p_after: key of the row before.
create or replace function list_stuck(
    p_viewer macaddr8, p_csp text, p_device macaddr8, p_timeout interval,
    p_now timestamptz, p_after text, p_most integer)
    returns table (key text, device_id macaddr8, device_type text, csp text,
        stage text, since timestamptz, late_since timestamptz,
        request_id text, sender macaddr8, job_id text, why text, comes text,
        comes_at timestamptz, advice text)
    language plpgsql stable as $$
begin
    return query
    select f.key, f.device_id, l.device_type::text, l.csp, f.span::text,
        f.since, f.late_since,
        request_id_text(r.originator, r.target, r.counter), r.originator,
        j.job_id::text, w.why, w.comes, w.at, w.advice
    from (select x.*, to_char(x.since at time zone 'UTC',
                'YYYYMMDDHH24MISSUS') || '.' || eui64_text(x.device_id) as key
            from find_stuck(p_viewer, p_csp, p_device, p_timeout, p_now) x) f
    join tracking_live l on l.device_id = f.device_id
    join service_request r on r.request_no = f.request_no
    left join csp_job j on j.job_no = f.job_no
    cross join lateral stuck_words(f.span, l, j, f.since, p_timeout, p_now) w
    where p_after is null or f.key > p_after
    order by f.key limit p_most;
end $$;

-- How many, by CSP and stage.
create or replace function stuck_counts(
    p_viewer macaddr8, p_timeout interval, p_now timestamptz)
    returns table (csp text, device_type text, stage text, devices bigint,
        since timestamptz)
    language plpgsql stable as $$
begin
    return query
    select l.csp, l.device_type::text, f.span::text, count(*), min(f.since)
    from find_stuck(p_viewer, null, null, p_timeout, p_now) f
    join tracking_live l on l.device_id = f.device_id
    group by l.csp, l.device_type, f.span order by l.csp, f.span,
        l.device_type;
end $$;

create or replace function stuck_page(
    p_viewer macaddr8, p_csp text, p_device macaddr8, p_timeout interval,
    p_now timestamptz, p_after text, p_most integer) returns json
    language plpgsql stable as $$
declare
    answer json;
begin
    select json_build_object('items', coalesce(json_agg(json_build_object(
            'deviceId', eui64_text(s.device_id), 'deviceType', s.device_type,
            'csp', s.csp, 'stage', s.stage, 'since', instant_text(s.since),
            'lateSince', instant_text(s.late_since),
            'requestId', s.request_id, 'sender', eui64_text(s.sender),
            'jobId', s.job_id, 'why', s.why, 'comes', s.comes,
            'comesAt', instant_text(s.comes_at), 'advice', s.advice)
            order by s.key), '[]'),
        'next', case when count(*) = p_most then max(s.key) end,
        'counts', case when coalesce(p_after, p_device::text) is null then (
            select coalesce(json_agg(json_build_object('csp', c.csp,
                'deviceType', c.device_type, 'stage', c.stage,
                'devices', c.devices, 'since', instant_text(c.since))), '[]')
            from stuck_counts(p_viewer, p_timeout, p_now) c) end)
    into answer
    from list_stuck(p_viewer, p_csp, p_device, p_timeout, p_now, p_after,
        p_most) s;
    return answer;
end $$;

-- Of one device; null: it is not stuck.
create or replace function stuck_device(
    p_viewer macaddr8, p_device macaddr8, p_timeout interval,
    p_now timestamptz) returns json language sql stable
    return stuck_page(p_viewer, null, p_device, p_timeout, p_now, null, 1)
        -> 'items' -> 0;
