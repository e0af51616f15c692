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
-- them: the first is its status.
create or replace function device_updates(
    p_device_id macaddr8, p_viewer macaddr8, p_most integer)
    returns table (device_id macaddr8, chf_id macaddr8, request_no bigint,
        job_no bigint, last_updated timestamptz, release_due timestamptz,
        released timestamptz, status processing_status,
        device_type device_type, csp text, reason_code text)
    language sql stable
begin atomic
    select t.* from tracking t
    join service_request r on r.request_no = t.request_no
    where t.device_id = p_device_id
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
