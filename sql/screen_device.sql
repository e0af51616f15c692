-- The page of a device, as the JSON it gets (schemas/ssi-openapi.json). Read
-- only, so that a replica can answer. p_viewer: the supplier that looks, who
-- gets what it is responsible for; null: sees all.

-- Seconds: everything committed longer ago than this is in what this server
-- shows. Both times are of servers, so this alone asks for the server's time.
create or replace function data_age() returns double precision
    language sql stable
    return case when pg_is_in_recovery() then greatest(0, extract(epoch
        from clock_timestamp() - coalesce(pg_last_xact_replay_timestamp(),
            (select checkpoint_time from pg_control_checkpoint()))))
        else 0 end;

-- ---- what a status means ----

-- The one rule of what a status means for people: device_outcome() goes by it,
-- and so do the bar, the failures and the e-mail. A meter or HCALCS that has
-- the firmware has all that a request for it was to do: it waits for nothing,
-- so it cannot be late. A PPMID activates by itself, and is waited for.
create or replace function device_stage(
    status processing_status, live boolean, type device_type) returns text
    language sql stable parallel safe
    return case
        when status = 'SUCCESSFUL_HAN_TRANSFER' and type <> 'PPMID'
            then 'onHan'
        when status::text = 'STORED_ON_DEVICE' then 'onHan'
        when in_progress(status) and not live then 'timedOut'
        when status = 'AWAITING_CSP' then 'awaitingCsp'
        when status = 'APPROVED_FOR_DISTRIBUTION' then 'approved'
        when status = 'SUCCESSFUL_CH_TRANSFER' then 'onHub'
        when status = 'SUCCESSFUL_HAN_TRANSFER' then 'onHan'
        when status = 'FIRMWARE_ACTIVATED' then 'activated'
        when status = 'RESET_BY_DCC' then 'reset'
        when status::text like 'STOPPED_BY%' then 'stopped'
        when status = 'REJECTED_BY_DSP' then 'refused'
        else 'failed' end;
comment on function device_stage(processing_status, boolean, device_type) is
    'The piece of the progress bar that a device is in';

create or replace function device_outcome(
    status processing_status, live boolean, type device_type) returns text
    language sql stable parallel safe
    return case device_stage(status, live, type)
        when 'awaitingCsp' then 'inProgress'
        when 'approved' then 'inProgress'
        when 'onHub' then 'inProgress'
        when 'onHan' then case when type = 'PPMID'
            and status = 'SUCCESSFUL_HAN_TRANSFER' then 'inProgress'
            else 'succeeded' end
        when 'activated' then 'succeeded'
        when 'reset' then 'reset'
        when 'stopped' then 'stopped'
        else 'failed' end;
comment on function device_outcome(processing_status, boolean, device_type) is
    'inProgress, succeeded, failed, or reset and stopped, which count as none of '
    'them';

-- Was it heard of after it had been released for another update? A meter or
-- HCALCS is released when its hub has delivered the image, and its activation
-- is not late after that (hubs' clocks are believed to an hour).
create or replace function is_late(t tracking) returns boolean
    language sql stable parallel safe
    return coalesce(t.last_updated > t.released, false)
        and not (t.device_type <> 'PPMID' and t.device_status is not null
            and coalesce(t.hub_status = 'SUCCESSFUL_HAN_TRANSFER'
                and t.hub_time <= t.released + interval '1 hour', false));

-- ---- one device ----

-- Is an update shown? Live ones are; what has ended for as long as [tracking]
-- retention says, though it is kept longer. That of a time to come is of a clock
-- that was wrong, and goes by running time.
create or replace function is_shown(
    p_last_updated timestamptz, p_released timestamptz, p_inserted bigint,
    p_now timestamptz) returns boolean language sql stable
    return p_released is null
        or greatest(p_last_updated, p_released)
            > p_now - (select retention from tracking_setting)
        and (greatest(p_last_updated, p_released) <= p_now + interval '1 hour'
            or p_inserted >= kept_from((select retention
                from tracking_setting)));

-- The updates of a device that the viewer may see, as device_status() picks
-- them: the first is its status. In the order in which they were released, for
-- a late word of an older one does not make it the latest, and a clock that ran
-- ahead neither. What we refused is no update: its sender sees it in its
-- request.
create or replace function device_updates(
    p_device_id macaddr8, p_viewer macaddr8, p_now timestamptz,
    p_most integer) returns setof tracking
    language sql stable
begin atomic
    select t.* from tracking t
    join service_request r on r.request_no = t.request_no
    where t.device_id = p_device_id and t.status <> 'REJECTED_BY_DSP'
        and is_shown(t.last_updated, t.released, t.inserted, p_now)
        and (p_viewer is null or r.originator = p_viewer
            or is_responsible(p_viewer, p_device_id))
    order by t.released is null desc, t.inserted desc, t.released desc,
        t.request_no desc
    limit p_most;
end;

-- What was said of each stage of an update, and by whom. good: that it was
-- reached; null: nothing was said. happened: by the clock of who said it, if
-- that was believed.
create or replace function device_evidence(
    u tracking, j csp_job, p_received timestamptz)
    returns table (n integer, stage text, said_by text,
        status processing_status, happened timestamptz, good boolean)
    language sql stable
begin atomic
    values (1, 'request', 'dsp', null::processing_status, p_received, true),
        (2, 'job', case when j.state = 'given_up' then 'dsp' else 'csp' end,
            null, j.ended, case
            when j.state = 'handed_over' then true
            when j.state in ('refused', 'given_up') then false end),
        (3, 'csp', case u.reason_code when 'NEVER_ANSWERED' then 'dsp'
            else 'csp' end, u.report_status, j.reported,
            u.report_status = 'APPROVED_FOR_DISTRIBUTION'),
        (4, 'hub', 'csp', u.delivery_status, u.delivery_time,
            u.delivery_status = 'SUCCESSFUL_CH_TRANSFER'),
        (5, 'han', 'hub', u.hub_status, u.hub_time,
            u.hub_status = 'SUCCESSFUL_HAN_TRANSFER'),
        (6, 'device', 'device', coalesce(u.device_status, case
                when u.status::text = 'STORED_ON_DEVICE' then u.status end),
            coalesce(u.device_time, case
                when u.status::text = 'STORED_ON_DEVICE'
                    then u.stored_time end),
            case when u.device_status is null
                    and u.status::text = 'STORED_ON_DEVICE' then true
                else u.device_status = 'FIRMWARE_ACTIVATED' end);
end;

-- What was heard of an update, when first, by our clock, and as the stage of
-- which number. before: by a release that did not keep it with the update.
create or replace function device_heard(u tracking, p_received timestamptz)
    returns table (n integer, status processing_status, at timestamptz,
        before boolean)
    language plpgsql stable
    set plan_cache_mode = force_custom_plan -- of its days alone
as $$
begin
    return query
    select array_position(array['', '', 'report', 'delivery', 'hub', 'device'],
            t.said_by), t.to_status, min(e.at), min(e.at) < (
            select applied from migration where name ~ '0013-truth')
    from sat_entry e
    join transition t on t.event = split_part(e.detail, ' ', 1)
    where e.device_id = u.device_id and e.request_no = u.request_no
        and e.kind in ('status', 'told')
        and e.at >= p_received - interval '1 hour'
    group by t.said_by, t.to_status;
end $$;

-- How far the update of a device came: one row per stage. A stage that nothing
-- was said of is skipped when a later one was; concluded: it must have been
-- reached, for the image went on from there.
create or replace function device_stages(
    u tracking, j csp_job, p_received timestamptz, p_in_progress boolean)
    returns table (n integer, stage text, state text, at timestamptz,
        happened timestamptz, said_by text, status processing_status,
        concluded boolean)
    language sql stable
begin atomic
    with heard as materialized (
        select * from device_heard(u, p_received)
    ), evidence as (
        select e.n, e.stage, e.said_by, coalesce(e.status, b.status) as status,
            e.happened, case when b.n is null then e.good
                else in_progress(b.status) or b.status = 'FIRMWARE_ACTIVATED'
                end as good
        from device_evidence(u, j, p_received) e
        left join lateral (
            select * from heard h
            where h.n = e.n and h.before and e.good is null
            order by h.at desc limit 1) b on true
    ), latest as (
        select max(n) filter (where good is not null) as n,
            max(n) filter (where good) as good_n,
            max(n) filter (where good or n = 5 and good is not null) as had_n
        from evidence
    ), judged as (
        select e.*, l.had_n, case
            when e.good and e.status::text = 'STORED_ON_DEVICE' then 'stored'
            when e.good then 'done'
            when not e.good and e.n < l.good_n then 'outweighed'
            when not e.good then 'failed'
            when e.n < l.n then 'skipped'
            when e.n > l.n + 1 or l.n > l.good_n then 'pending'
            when p_in_progress then 'current'
            when device_outcome(u.status, false, u.device_type) = 'succeeded'
                then 'pending'
            else 'stopped' end as state
        from evidence e cross join latest l
    )
    select e.n, e.stage, e.state,
        case e.state when 'stopped' then u.released
            else coalesce(h.at, e.happened) end,
        -- one that was not believed was replaced by ours
        case when e.said_by in ('hub', 'device') or e.stage = 'hub'
            then nullif(e.happened, h.at) end,
        case when e.good is not null then e.said_by
            when e.state <> 'stopped' then null
            when u.status = 'RESET_BY_DCC' then 'dcc' else 'dsp' end,
        case when e.good is not null then e.status end,
        e.state = 'skipped' and e.n < e.had_n
    from judged e
    left join heard h on h.n = e.n and h.status = e.status
    order by e.n;
end;

create or replace function timeline_json(
    u tracking, j csp_job, p_received timestamptz, p_in_progress boolean)
    returns json language sql stable
begin atomic
    select json_agg(json_build_object('stage', s.stage, 'state', s.state,
        'at', instant_text(s.at), 'status', s.status,
        'reasonCode', case s.state when 'failed' then u.reason_code end,
        'by', s.said_by, 'eventTime', instant_text(s.happened),
        'concluded', s.concluded) order by s.n)
    from device_stages(u, j, p_received, p_in_progress) s;
end;

-- How the status is known: who said so and when, and which stages before it
-- were not reported.
create or replace function device_known(u tracking, p_timeline json)
    returns json language sql stable
begin atomic
    select json_build_object('by', case u.status
                when 'RESET_BY_DCC' then 'dcc' else s ->> 'by' end,
        'at', case u.status when 'RESET_BY_DCC'
            then instant_text(u.released) else s ->> 'at' end,
        'eventTime', case when u.status <> 'RESET_BY_DCC'
            then s ->> 'eventTime' end,
        'unreported', (select coalesce(json_agg(x -> 'stage'), '[]')
            from json_array_elements(p_timeline) x
            where x ->> 'state' = 'skipped'))
    from (select 1) one
    left join json_array_elements(p_timeline) s
        on s ->> 'status' = u.status::text
            or u.status = 'AWAITING_CSP' and s ->> 'stage' = 'request'
    limit 1;
end;

-- What was heard of a device that is about no update we know: a local update,
-- or an image that nobody asked for. For its Responsible Suppliers.
create or replace function device_unknown(
    p_device_id macaddr8, p_viewer macaddr8, p_now timestamptz)
    returns json language plpgsql stable
    set plan_cache_mode = force_custom_plan -- of its days alone
as $$
declare
    kept_from constant timestamptz := p_now
        - (select retention from tracking_setting);
    unknown json;
begin
    select coalesce(json_agg(json_build_object('at', instant_text(e.at),
        'kind', e.kind, 'code', e.code, 'detail', e.detail)
        order by e.entry_no desc), '[]')
    into unknown
    from (select * from sat_entry
        where device_id = p_device_id and request_no is null
            and kind = 'told' and at <= p_now
            and at > kept_from
            and (p_viewer is null or is_responsible(p_viewer, p_device_id))
        order by entry_no desc limit 50) e;
    return unknown;
end $$;

-- What the update of a device waits for, as a code and as people say it; null:
-- for nothing.
create or replace function device_waits_for(
    u tracking, j csp_job, p_now timestamptz, out code text, out words text)
    language sql stable
begin atomic
    with wait (code, words) as (values
        ('job', 'a place in a job for the CSP'),
        ('hand_over', 'its job to be handed to the CSP'),
        ('handing_over', 'the CSP''s answer: its job is being handed over'),
        ('csp', 'the CSP to take its job'),
        ('report', 'the CSP''s validation report on its job'),
        ('hub', 'the CSP to deliver the image to the Communications Hub'),
        ('han', 'the Communications Hub to pass the image on to the device'),
        ('activation', 'word that the device runs the firmware'))
    select w.code, w.words from wait w where w.code = case u.status
        when 'AWAITING_CSP' then case
            when j.job_no is null then 'job'
            when j.state <> 'waiting' then 'report'
            when j.leased_until > p_now then 'handing_over'
            when j.tries > 0 then 'csp'
            else 'hand_over' end
        when 'APPROVED_FOR_DISTRIBUTION' then 'hub'
        when 'SUCCESSFUL_CH_TRANSFER' then 'han'
        when 'SUCCESSFUL_HAN_TRANSFER' then 'activation' end;
end;

-- Why it waits: the job it is in, the command that is under way to it, and the
-- messages about it that Users have not confirmed. A supplier is told of a
-- job, a command and messages that are its own.
create or replace function device_waits(
    u tracking, r service_request, p_live boolean, p_viewer macaddr8,
    p_now timestamptz) returns json
    language plpgsql stable as $$
declare
    j csp_job;
    w record;
    is_own boolean := p_viewer is null or p_viewer = r.originator;
    most constant integer := 100000; -- messages looked at
begin
    select * into j from csp_job c where c.job_no = u.job_no;
    select * into w from device_waits_for(u, j, p_now) f where p_live;
    return json_build_object('code', w.code, 'for', w.words,
        'job', case when is_own and j.job_no is not null then
            json_build_object('jobId', j.job_id, 'state', j.state,
                'tries', j.tries, 'nextTry', case j.state when 'waiting'
                    then instant_text(j.next_try) end,
                'leasedUntil', instant_text(j.leased_until),
                'lastError', j.last_error, 'ended', instant_text(j.ended),
                'reported', instant_text(j.reported)) end,
        'cspError', (select c.last_error from csp_job c
            where c.csp = u.csp and c.state = 'waiting' and c.tries > 0
                and c.last_error is not null and p_live
                and u.status = 'AWAITING_CSP' and p_viewer is null
            order by c.next_try desc limit 1),
        'command', (select json_build_object('requestId', request_id_text(
                    q.originator, q.target, q.counter),
                'serviceReferenceVariant', q.service_reference_variant,
                'state', c.state, 'tries', c.tries,
                'executionTime', instant_text(c.execution_time),
                'nextTry', case when c.state <> 'sent'
                    then instant_text(c.next_try) end,
                'leasedUntil', instant_text(c.leased_until),
                'responseDue', instant_text(c.response_due),
                'lastError', c.last_error)
            -- two, for each has an index of its own
            from (select * from device_command
                where device_id = u.device_id and state in ('held', 'waiting')
                union all
                select * from device_command
                where device_id = u.device_id and state = 'sent'
                    and passed_on is null) c
            join service_request q on q.request_no = c.request_no
            where p_viewer is null or q.originator = p_viewer
            order by c.command_no limit 1),
        'messages', (select json_build_object(
                'count', count(*) filter (where m.about),
                'oldest', instant_text(min(m.created) filter (where m.about)),
                'nextTry', instant_text(nullif(min(coalesce(x.until,
                        '-infinity')) filter (where m.about
                            and m.state = 'waiting'), '-infinity')),
                'lastError', (array_agg(x.why order by m.alert_no)
                    filter (where x.why is not null))[1],
                'all', count(*) < most)
            from (select a.*, a as message, device_id = u.device_id
                    or request_no = u.request_no
                        and u.device_id = any (device_ids) as about
                from alert a where p_viewer is null or user_id = p_viewer
                limit most) m
            left join alert_lane l on l.user_id = m.user_id
            left join lateral (select why, until
                from alert_waits(m.message, l) where m.about) x on true));
end $$;

create or replace function device_screen(
    p_device_id macaddr8, p_viewer macaddr8, p_may_reset boolean,
    p_now timestamptz, p_timeout interval) returns json
    language plpgsql stable as $$
declare
    u tracking;
    r service_request;
    j csp_job;
    live boolean;
    timeline json;
begin
    select * into u from device_updates(p_device_id, p_viewer, p_now, 1);
    if not found then
        return null;
    end if;
    select * into strict r from service_request
    where request_no = u.request_no;
    select * into j from csp_job c where c.job_no = u.job_no;
    live := u.released is null
        and is_live(u.status, u.job_no, u.release_due, p_now);
    timeline := timeline_json(u, j, r.received, live);
    return json_build_object('deviceId', eui64_text(u.device_id),
        'deviceType', u.device_type, 'status', u.status, 'inProgress', live,
        'requestId', request_id_text(r.originator, r.target, r.counter),
        'firmwareVersion', firmware_version_text(r.firmware_version),
        'reasonCode', u.reason_code,
        'lastUpdated', instant_text(u.last_updated),
        'releaseDue', instant_text(u.release_due),
        'commsHubId', eui64_text(u.chf_id), 'csp', u.csp,
        'sender', eui64_text(r.originator),
        'senderName', user_name(r.originator),
        'mayReset', p_may_reset and live,
        'waits', device_waits(u, r, live, p_viewer, p_now),
        'late', is_late(u),
        'cspState', case when live and u.csp is not null
            then csp_state(u.csp, p_viewer, p_now) end,
        'stuck', case when live then stuck_device(p_viewer, p_device_id,
            p_timeout, p_now) end,
        'inventory', (select json_build_object('status', s.device_status,
                'statusBefore', s.status_before)
            from smi_device s where s.device_id = p_device_id),
        'known', device_known(u, timeline), 'timeline', timeline,
        'unknown', device_unknown(p_device_id, p_viewer, p_now),
        'next', (select coalesce(json_agg(json_build_object('event', t.event,
                'toStatus', t.to_status, 'alert', t.alert,
                'recipients', t.recipients) order by t.position), '[]')
            from transition t where live and u.status = any (t.from_status)
                and t.to_status is not null),
        'trail', (select coalesce(json_agg(json_build_object(
                'at', instant_text(e.at), 'kind', e.kind, 'code', e.code,
                'detail', case when e.kind <> 'reset' or p_viewer is null
                    then concat_ws(': ', e.person, e.detail) end)
                order by e.entry_no), '[]')
            from (select * from sat_entry
                where device_id = u.device_id and request_no = u.request_no
                    and kind in ('status', 'told', 'notification', 'reset',
                        'released')
                    and at between r.received - interval '1 hour' and p_now
                order by entry_no desc limit 200) e),
        'earlier', (select coalesce(json_agg(json_build_object(
                'requestId', request_id_text(q.originator, q.target,
                    q.counter),
                'sender', eui64_text(q.originator), 'status', e.status,
                'firmwareVersion', firmware_version_text(q.firmware_version),
                'reasonCode', e.reason_code,
                'lastUpdated', instant_text(e.last_updated),
                'released', instant_text(e.released),
                'late', is_late(e))
                order by e.inserted desc, e.released desc,
                    e.request_no desc), '[]')
            from device_updates(p_device_id, p_viewer, p_now, 21) e
            join service_request q on q.request_no = e.request_no
            where e.request_no <> u.request_no));
end $$;
