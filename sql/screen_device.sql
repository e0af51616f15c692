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

-- ---- one device ----

-- The updates of a device that the viewer may see, as device_status() picks
-- them: the first is its status. What we refused is no update: its sender sees
-- it in its request.
create or replace function device_updates(
    p_device_id macaddr8, p_viewer macaddr8, p_most integer)
    returns table (device_id macaddr8, chf_id macaddr8, request_no bigint,
        job_no bigint, last_updated timestamptz, release_due timestamptz,
        released timestamptz, status processing_status,
        device_type device_type, csp text, reason_code text)
    language sql stable
begin atomic
    select t.device_id, t.chf_id, t.request_no, t.job_no, t.last_updated,
        t.release_due, t.released, t.status, t.device_type, t.csp,
        t.reason_code
    from tracking t
    join service_request r on r.request_no = t.request_no
    where t.device_id = p_device_id and t.status <> 'REJECTED_BY_DSP'
        and (p_viewer is null or r.originator = p_viewer
            or is_responsible(p_viewer, p_device_id))
    order by t.released is null desc, t.last_updated desc, t.request_no desc
    limit p_most;
end;

-- How far the update of a device came: one row per stage. What the audit trail
-- says it reached, and what it is at now.
create or replace function device_stages(
    p_update tracking, p_received timestamptz, p_in_progress boolean)
    returns table (n integer, stage text, state text, at timestamptz,
        status processing_status)
    language sql stable
begin atomic
    with stage (n, stage, done, failed) as (values
        (1, 'request', null::processing_status,
            '{REJECTED_BY_DSP}'::processing_status[]),
        (2, 'job', null, '{}'),
        (3, 'csp', 'APPROVED_FOR_DISTRIBUTION', '{REJECTED_BY_CSP}'),
        (4, 'hub', 'SUCCESSFUL_CH_TRANSFER', '{FAILED_CH_TRANSFER}'),
        (5, 'han', 'SUCCESSFUL_HAN_TRANSFER',
            '{FAILED_HAN_TRANSFER,HAN_DISCARDED,HAN_REJECTED_HW_MISMATCH}'),
        (6, 'device', 'FIRMWARE_ACTIVATED', '{ACTIVATION_FAILED}')
    ), event as (
        select min(at) as at, code::processing_status as status
        from sat_entry
        where device_id = p_update.device_id and kind = 'status'
            and request_no = p_update.request_no
            and at between p_received - interval '1 hour'
                and p_update.last_updated
        group by code
        union
        select p_update.last_updated, p_update.status
    ), reached (n, state, at, status) as (
        select 1, 'done', p_received, null::processing_status
        where p_update.status <> 'REJECTED_BY_DSP'
        union all
        select 2, case j.state when 'handed_over' then 'done'
            else 'failed' end, j.ended, null
        from csp_job j
        where j.job_no = p_update.job_no
            and j.state in ('handed_over', 'refused', 'given_up')
        union all
        select s.n, case when e.status = s.done then 'done'
            else 'failed' end, min(e.at), e.status
        from event e join stage s
            on e.status = s.done or e.status = any (s.failed)
        group by 1, 2, 4
    ), latest as (
        select max(n) as n, bool_or(state = 'failed') as failed from reached
    )
    select s.n, s.stage, coalesce(r.state, case
            when s.n < l.n then 'skipped'
            when s.n > l.n + 1 or l.failed then 'pending'
            when p_in_progress then 'current'
            else 'stopped' end), r.at, r.status
    from stage s cross join latest l
    left join reached r on r.n = s.n
    order by s.n;
end;

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
                where device_id = u.device_id and state = 'sent') c
            join service_request q on q.request_no = c.request_no
            where p_viewer is null or q.originator = p_viewer
            order by c.command_no limit 1),
        'messages', (select json_build_object(
                'count', count(*) filter (where m.about),
                'oldest', instant_text(min(m.created) filter (where m.about)),
                'nextTry', instant_text(nullif(min(greatest(m.next_try,
                        l.next_try)) filter (where m.about
                            and m.state = 'waiting'), '-infinity')),
                'lastError', (array_agg(coalesce(m.last_error, l.last_error)
                        order by m.alert_no) filter (where m.about and
                            coalesce(m.last_error, l.last_error)
                                is not null))[1],
                'all', count(*) < most)
            from (select *, device_id = u.device_id
                    or request_no = u.request_no
                        and u.device_id = any (device_ids) as about
                from alert where p_viewer is null or user_id = p_viewer
                limit most) m
            left join alert_lane l on l.user_id = m.user_id));
end $$;

create or replace function device_screen(
    p_device_id macaddr8, p_viewer macaddr8, p_may_reset boolean,
    p_now timestamptz) returns json
    language plpgsql stable as $$
declare
    u tracking;
    r service_request;
    live boolean;
begin
    select * into u from device_updates(p_device_id, p_viewer, 1);
    if not found then
        return null;
    end if;
    select * into strict r from service_request
    where request_no = u.request_no;
    live := u.released is null and u.release_due > p_now;
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
        'timeline', (select json_agg(json_build_object('stage', s.stage,
                'state', s.state, 'at', instant_text(s.at),
                'status', s.status, 'reasonCode',
                case s.state when 'failed' then u.reason_code end)
                order by s.n)
            from device_stages(u, r.received, live) s),
        'next', (select coalesce(json_agg(json_build_object('event', t.event,
                'toStatus', t.to_status, 'alert', t.alert,
                'recipients', t.recipients) order by t.position), '[]')
            from transition t where live and u.status = any (t.from_status)),
        'trail', (select coalesce(json_agg(json_build_object(
                'at', instant_text(e.at), 'kind', e.kind, 'code', e.code,
                'detail', case when e.kind <> 'reset' or p_viewer is null
                    then concat_ws(': ', e.person, e.detail) end)
                order by e.at, e.entry_no), '[]')
            from (select * from sat_entry
                where device_id = u.device_id and request_no = u.request_no
                    and kind in ('status', 'told', 'notification', 'reset',
                        'released')
                    and at between r.received - interval '1 hour' and p_now
                order by at desc limit 200) e),
        'earlier', (select coalesce(json_agg(json_build_object(
                'requestId', request_id_text(q.originator, q.target,
                    q.counter),
                'sender', eui64_text(q.originator), 'status', e.status,
                'firmwareVersion', firmware_version_text(q.firmware_version),
                'reasonCode', e.reason_code,
                'lastUpdated', instant_text(e.last_updated),
                'released', instant_text(e.released))
                order by e.last_updated desc, e.request_no desc), '[]')
            from device_updates(p_device_id, p_viewer, 21) e
            join service_request q on q.request_no = e.request_no
            where e.request_no <> u.request_no));
end $$;
