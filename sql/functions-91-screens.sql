-- What the screens show, as the JSON they get (schemas/ssi-openapi.json). Read
-- only, so that a replica can answer. p_viewer: the supplier that looks, who
-- gets what it is responsible for; null: sees all.

create or replace function instant_text(timestamptz) returns text
    language sql immutable strict parallel safe
    return to_char($1 at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

-- Seconds: everything committed longer ago than this is in what this server
-- shows. Both times are of servers, so this alone asks for the server's time.
create or replace function data_age() returns double precision
    language sql stable
    return case when pg_is_in_recovery() then greatest(0, extract(epoch
        from clock_timestamp() - coalesce(pg_last_xact_replay_timestamp(),
            (select checkpoint_time from pg_control_checkpoint()))))
        else 0 end;

create or replace function user_name(p_user_id macaddr8) returns text
    language sql stable
    return (select name from service_user where user_id = p_user_id);

-- Is this supplier responsible for the device at this moment? An ESME and a
-- GSME have one, the other devices of a home those of its meters.
create or replace function is_responsible(
    p_supplier_id macaddr8, p_device_id macaddr8) returns boolean
    language sql stable
    return coalesce((select case s.device_type
            when 'ESME' then s.import_supplier_id = p_supplier_id
            when 'GSME' then s.gas_supplier_id = p_supplier_id
            else p_supplier_id = any (h.supplier_ids) end
        from smi_device s left join smi_home h on h.chf_id = s.chf_id
        where s.device_id = p_device_id), false);

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
    language plpgsql stable
    set plan_cache_mode = force_custom_plan
as $$
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
    language plpgsql stable
    set plan_cache_mode = force_custom_plan
as $$
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

-- ---- one request ----

do $$ begin
    create type device_tally as (
        status      processing_status,
        live        boolean,
        csp         text,
        device_type device_type,
        reason_code text,
        devices     bigint,
        settled     bigint);
    comment on type device_tally is
        'Devices of a request by all that its page tells apart; settled: those '
        'that came to the end of their distribution lately';
exception when duplicate_object then null;
end $$;

create or replace function request_tally(
    p_request_no bigint, p_since timestamptz, p_now timestamptz)
    returns device_tally[]
    language plpgsql stable
    set plan_cache_mode = force_custom_plan
as $$
begin
    return array(
        select row(status, release_due > p_now, csp, device_type, null,
            count(*), count(*) filter (
                where status = 'SUCCESSFUL_HAN_TRANSFER'
                    and last_updated > p_since))::device_tally
        from tracking_live where request_no = p_request_no
        group by status, release_due > p_now, csp, device_type
        union all
        select row(status, false, csp, device_type, reason_code, count(*),
            count(*) filter (
                where (not in_progress(status)
                    or status = 'SUCCESSFUL_HAN_TRANSFER')
                    and last_updated > p_since))::device_tally
        from tracking_history where request_no = p_request_no
        group by status, csp, device_type, reason_code);
end $$;

create or replace function device_stage(status processing_status, live boolean)
    returns text language sql immutable parallel safe
    return case
        when in_progress(status) and not live then 'timedOut'
        when status = 'AWAITING_CSP' then 'awaitingCsp'
        when status = 'APPROVED_FOR_DISTRIBUTION' then 'approved'
        when status = 'SUCCESSFUL_CH_TRANSFER' then 'onHub'
        when status = 'SUCCESSFUL_HAN_TRANSFER' then 'onHan'
        when status = 'FIRMWARE_ACTIVATED' then 'activated'
        when status = 'RESET_BY_DCC' then 'reset'
        when status = 'REJECTED_BY_DSP' then 'refused'
        else 'failed' end;
comment on function device_stage(processing_status, boolean) is
    'The piece of the progress bar that a device is in';

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
        select device_stage(status, live) as stage, sum(devices) as devices
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
                'activated', 'failed', 'reset', 'timedOut', 'refused'])
                with ordinality as n (stage, position)
            left join stage s using (stage)),
        'alerts', request_alerts(r),
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

create or replace function hexadecimal(p_value integer, p_octets integer)
    returns text language sql immutable strict parallel safe
    return lpad(upper(to_hex(p_value)), 2 * p_octets, '0');

create or replace function outcome_of(status processing_status, live boolean)
    returns text language sql immutable parallel safe
    return case when live then 'inProgress'
        when status in ('FIRMWARE_ACTIVATED', 'SUCCESSFUL_HAN_TRANSFER')
            then 'succeeded'
        else 'failed' end;

-- The models of a request's devices. Nearly always the image is for one model
-- of each device type, and then the CPL alone knows it; otherwise every device
-- is looked up.
create or replace function request_models(
    r service_request, p_tally device_tally[], p_now timestamptz)
    returns table (device_type device_type, manufacturer_id integer,
        model_id integer, hardware_version integer, outcome text,
        devices bigint)
    language plpgsql stable
    set plan_cache_mode = force_custom_plan
as $$
begin
    if (select max(n) from (
            select count(distinct (e.manufacturer_id::integer,
                e.model_id::integer, e.hardware_version::integer)) as n
            from cpl_entry e
            where e.manufacturer_image_hash = r.manufacturer_image_hash
            group by e.device_type) x) = 1 then
        return query
        select t.device_type, e.manufacturer_id::integer, e.model_id::integer,
            e.hardware_version::integer, outcome_of(t.status, t.live),
            t.devices
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
        s.hardware_version::integer, outcome_of(t.status, t.released is null
            and t.release_due > p_now), count(*)
    from tracking t
    left join smi_device s on s.device_id = t.device_id
    where t.request_no = r.request_no and t.status <> 'REJECTED_BY_DSP'
    group by 1, 2, 3, 4, 5;
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

create or replace function request_screen(r service_request, p_now timestamptz)
    returns jsonb language plpgsql stable as $$
declare
    tally device_tally[] := request_tally(r.request_no,
        p_now - request_window(r, p_now), p_now);
begin
    return request_summary(r, p_now) || progress_of(r, tally, p_now)
        || jsonb_build_object(
        'failures', (select coalesce(jsonb_agg(jsonb_build_object(
                'status', status, 'reasonCode', reason_code,
                'devices', devices) order by devices desc, status), '[]')
            from (select status, reason_code, sum(devices) as devices
                from unnest(tally) where device_stage(status, live)
                    in ('failed', 'reset', 'timedOut', 'refused')
                group by 1, 2) x),
        'byCsp', (select coalesce(jsonb_agg(jsonb_build_object('csp', csp,
                'devices', n, 'inProgress', in_progress,
                'succeeded', succeeded, 'failed', failed) order by csp), '[]')
            from (select csp, sum(devices) as n,
                    sum(sum_of(devices, outcome = 'inProgress'))
                        as in_progress,
                    sum(sum_of(devices, outcome = 'succeeded')) as succeeded,
                    sum(sum_of(devices, outcome = 'failed')) as failed
                from (select *, outcome_of(status, live) as outcome
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
                'devices', j.devices, 'state', j.state,
                'created', instant_text(j.created), 'tries', j.tries,
                'nextTry', case j.state when 'waiting'
                    then instant_text(j.next_try) end,
                'lastError', j.last_error, 'ended', instant_text(j.ended),
                'reported', instant_text(j.reported)) order by j.job_no), '[]')
            from (select * from csp_job where request_no = r.request_no
                order by job_no limit 200) j));
end $$;
