-- What Users and CSPs were to be told, and what they confirmed, from the audit
-- trail; messages told again.

-- ---- Users ----

-- The messages that a User was told in a time, each with its confirmation,
-- whenever that came: number, of those that the User confirmed; state:
-- confirmed, waiting, given-up, or lost, which is none of these; never-told: it
-- was confirmed, and nothing says that it was told.
create or replace function ledger_lines(
    p_user_id macaddr8, p_acb_id macaddr8, p_since timestamptz,
    p_until timestamptz)
    returns table (number bigint, response_id text, code text,
        request_id text, device_id macaddr8, told timestamptz,
        confirmed timestamptz, state text, alert_no bigint)
    language sql stable as $$
    with entry as materialized (
        select e.*, substring(detail from 'counter ([0-9]+)')::bigint
                as alert_no,
            substring(detail from ', number ([0-9]+)')::bigint as number,
            kind <> 'delivered' as tells
        from sat_found(format('party = %L and kind in (''alert'','
            ' ''alert again'', ''delivered'')', p_user_id), p_since, null) e
    ), told as materialized (
        -- a message that is told again is told once more
        select *, count(*) filter (where tells) over (
            partition by alert_no order by entry_no) as telling
        from entry
    ), line as (
        select alert_no, telling, max(request_no) as request_no,
            max(device_id::text)::macaddr8 as device_id,
            min(at) filter (where tells) as told,
            min(at) filter (where not tells) as confirmed,
            min(number) as number,
            max(code) filter (where tells) as told_code,
            max(code) filter (where not tells) as code,
            max(substring(detail from ', of the device ([0-9]+)'))::numeric
                as originator_counter,
            telling = max(telling) over (partition by alert_no) as is_last
        from told group by alert_no, telling
    )
    select l.number,
        -- by names: a later release may have added columns
        response_id_text(jsonb_populate_record(null::alert,
                jsonb_build_object('alert_no', l.alert_no,
                    'user_id', p_user_id, 'created', l.told,
                    'code', coalesce(l.code, a.code, l.told_code),
                    'device_id', l.device_id, 'originator_counter',
                    coalesce(l.originator_counter, a.originator_counter))),
            r, p_acb_id),
        case when l.told_code is null or l.told_code = l.code then l.code
            else coalesce(l.code || ' ', '') || l.told_code end,
        request_id_text(r.originator, r.target, r.counter), l.device_id,
        l.told, l.confirmed,
        case when l.told is null then 'never-told'
            when l.confirmed is not null then 'confirmed'
            when a.state is null or not l.is_last then 'lost'
            when a.state = 'given_up' then 'given-up'
            else 'waiting' end,
        l.alert_no
    from line l
    left join alert a on a.alert_no = l.alert_no and l.is_last
    left join service_request r on r.request_no = l.request_no
    where l.told < p_until or l.told is null and (p_since is null
            or l.alert_no >= (select min(m.alert_no) from line m
                where m.told is not null))
        and l.confirmed < p_until
    order by coalesce(l.told, l.confirmed), l.alert_no, l.telling
$$;

-- Its sums by code and request.
create or replace function ledger_sums(
    p_user_id macaddr8, p_acb_id macaddr8, p_since timestamptz,
    p_until timestamptz)
    returns table (code text, request_id text, told bigint, confirmed bigint,
        waiting bigint, given_up bigint, different bigint)
    language sql stable as $$
    select code, request_id, count(told),
        count(*) filter (where state = 'confirmed'),
        count(*) filter (where state = 'waiting'),
        count(*) filter (where state = 'given-up'),
        count(*) filter (where state in ('lost', 'never-told'))
    from ledger_lines(p_user_id, p_acb_id, p_since, p_until)
    group by code, request_id
    order by min(coalesce(told, confirmed)), code, request_id
$$;

-- What is not as it must be, in words; none: all that was told is confirmed, or
-- is still being told, and no number is missing.
create or replace function ledger_differences(
    p_user_id macaddr8, p_acb_id macaddr8, p_since timestamptz,
    p_until timestamptz)
    returns table (difference text, response_id text, code text,
        request_id text, device_id macaddr8, told timestamptz)
    language sql stable as $$
    with line as materialized (
        select * from ledger_lines(p_user_id, p_acb_id, p_since, p_until)
    ), number as (
        -- of all confirmations since, whenever their messages were told
        select substring(detail from ', number ([0-9]+)')::bigint as number
        from sat_found(format('party = %L and kind = ''delivered''',
            p_user_id), p_since, null)
    ), edge as (
        select number, lag(number) over (order by number) as before
        from (select number from number
            union all
            -- the first of all, where that is looked at
            select 0 where p_since is null
            union all
            select numbered + 1 from alert_lane where user_id = p_user_id
                and (p_since is null or exists (select from number))) n
        where number is not null
    )
    select case state
            when 'lost' then 'told, not confirmed, and not being told'
            else 'confirmed, and never told' end,
        response_id, code, request_id, device_id, coalesce(told, confirmed)
    from line where state in ('lost', 'never-told')
    union all
    select case when number = before then 'number ' || number
                || ' was given twice'
            when number = before + 2 then 'number ' || before + 1
                || ' is missing'
            else 'numbers ' || before + 1 || ' to ' || number - 1
                || ' are missing' end,
        null, null, null, null, null
    from edge where number <> before + 1
$$;

-- The page of it; p_after is for the list alone.
create or replace function ledger_page(
    p_user_id macaddr8, p_acb_id macaddr8, p_since timestamptz,
    p_until timestamptz, p_after bigint, p_most integer) returns json
    language sql stable as $$
    with sum as materialized (
        select * from ledger_sums(p_user_id, p_acb_id, p_since, p_until)
    ), different as materialized (
        select * from ledger_differences(p_user_id, p_acb_id, p_since, p_until)
    )
    select json_build_object('userId', eui64_text(p_user_id),
        'userName', user_name(p_user_id), 'from', instant_text(p_since),
        'to', instant_text(p_until),
        'told', coalesce((select sum(told) from sum), 0),
        'confirmed', coalesce((select sum(confirmed) from sum), 0),
        'waiting', coalesce((select sum(waiting) from sum), 0),
        'givenUp', coalesce((select sum(given_up) from sum), 0),
        'lastNumber', (select numbered from alert_lane
            where user_id = p_user_id),
        'replayableFrom', (select min(number) from alert_confirmed
            where user_id = p_user_id),
        'differences', (select count(*) from different),
        'different', coalesce((select json_agg(json_build_object(
                'difference', difference, 'responseId', response_id,
                'code', code, 'requestId', request_id,
                'deviceId', eui64_text(device_id), 'told', instant_text(told)))
            from (select * from different limit p_most) d), '[]'),
        'items', coalesce((select json_agg(json_build_object('code', code,
                'requestId', request_id, 'told', told, 'confirmed', confirmed,
                'waiting', waiting, 'givenUp', given_up,
                'differences', different))
            from (select * from sum limit p_most) s), '[]'), 'next', null)
$$;

-- A User's own list against it: ResponseIDs, with codes or ''. says: who has it
-- not.
create or replace function ledger_check(
    p_user_id macaddr8, p_acb_id macaddr8, p_since timestamptz,
    p_until timestamptz, p_response_ids text[], p_codes text[])
    returns table (missing text, response_id text, code text,
        request_id text, device_id macaddr8, told timestamptz)
    language sql stable as $$
    with ours as materialized (
        select * from ledger_lines(p_user_id, p_acb_id, p_since, p_until)
    ), theirs as (
        select distinct upper(id) as response_id, nullif(upper(code), '')
            as code
        from unnest(p_response_ids, p_codes) as t (id, code)
    )
    select 'they have it not', o.response_id, o.code, o.request_id,
        o.device_id, o.told
    from ours o
    where o.state = 'confirmed' and not exists (select from theirs t
        where t.response_id = upper(o.response_id)
            and (t.code is null
                or t.code = any (string_to_array(upper(o.code), ' '))))
    union all
    select 'we have it not', t.response_id, t.code, null, null, null
    from theirs t
    where not exists (select from ours o
        where upper(o.response_id) = t.response_id
            and (t.code is null
                or t.code = any (string_to_array(upper(o.code), ' '))))
$$;

-- Has messages told again that the User confirmed under the numbers from
-- p_number on, as they were: to its address, with the same ResponseIDs. Those
-- that are being told again already are left. Returns how many; first_kept: the
-- first number that there still is. With the owner's rights, for nobody else
-- writes a message's own number.
create or replace function replay_messages(
    p_user_id macaddr8, p_number bigint, p_person text, p_reason text,
    p_now timestamptz, out messages bigint, out first_kept bigint)
    language plpgsql security definer
    set search_path = public, pg_temp
as $$
begin
    perform from alert_lane where user_id = p_user_id for update;
    select min(number) into first_kept from alert_confirmed
    where user_id = p_user_id;
    with chosen as (
        select distinct on (alert_no) * from alert_confirmed c
        where user_id = p_user_id and number >= p_number
        order by alert_no, number desc
    ), again as (
        insert into alert (alert_no, user_id, created, code, event,
            response_code, request_no, device_id, chf_id, device_ids,
            device_type, firmware_version, other_version, event_time,
            device_alert_code, result, originator_counter,
            quarantine_event_ref, payload, retried)
        select alert_no, user_id, created, code, event, response_code,
            request_no, device_id, chf_id, device_ids, device_type,
            firmware_version, other_version, event_time, device_alert_code,
            result, originator_counter, quarantine_event_ref, payload, p_now
        from chosen order by alert_no
        on conflict do nothing
        returning alert_no, user_id, request_no, device_id, code,
            response_code, originator_counter
    ), told as (
        insert into sat_entry (at, kind, request_no, device_id, party, code,
            detail)
        select p_now, 'alert again', request_no, device_id, user_id,
            coalesce(response_code, code), 'counter ' || alert_no
            || coalesce(', of the device ' || originator_counter, '')
        from again order by alert_no
    ), woken as (
        update alert_lane set next_try = '-infinity'
        where user_id = p_user_id and exists (select from again)
    )
    select count(*) into messages from again;
    if messages > 0 then
        insert into sat_entry (at, kind, person, party, code, detail)
        values (p_now, 'person', p_person, p_user_id, 'replay',
            messages || ' messages since number ' || p_number
            || coalesce(': ' || nullif(p_reason, ''), ''));
    end if;
end $$;

-- ---- CSPs ----

-- The jobs that CSPs took in a time, as far as jobs are kept: which were
-- reported, whose devices the CSPs said to be delivered, and which are overdue:
-- taken longer than p_timeout ago, not reported, and nobody has been told so.
create or replace function ledger_csps(
    p_since timestamptz, p_until timestamptz, p_timeout interval,
    p_now timestamptz)
    returns table (csp text, taken bigint, reported bigint, silent bigint,
        waiting bigint, overdue bigint, devices bigint, rejected bigint,
        delivered bigint, failed bigint, unheard bigint)
    language sql stable
begin atomic
    with job as materialized (
        select j.*, j.reported is null and j.silent is null as waits
        from csp_job j
        where j.state = 'handed_over' and j.ended >= p_since
            and j.ended < p_until
    ), device as (
        select t.job_no, count(*) as devices,
            count(*) filter (where t.report_status = 'REJECTED_BY_CSP')
                as rejected,
            count(*) filter (where t.delivery_status = 'SUCCESSFUL_CH_TRANSFER'
                or t.hub_status is not null or t.device_status is not null)
                as delivered,
            count(*) filter (where t.delivery_status <> 'SUCCESSFUL_CH_TRANSFER'
                and t.hub_status is null and t.device_status is null)
                as failed
        from tracking t where t.job_no in (select job_no from job)
        group by t.job_no
    )
    select j.csp, count(*), count(j.reported),
        count(*) filter (where j.silent is not null and j.reported is null),
        count(*) filter (where j.waits),
        count(*) filter (where j.waits and j.ended < p_now - p_timeout),
        sum(j.devices), coalesce(sum(d.rejected), 0),
        coalesce(sum(d.delivered), 0), coalesce(sum(d.failed), 0),
        sum(j.devices) - coalesce(sum(d.rejected + d.delivered + d.failed), 0)
    from job j left join device d on d.job_no = j.job_no
    group by j.csp order by j.csp;
end;

-- The same lines as a list, to go on from: place counts them.
create or replace function list_ledger(
    p_user_id macaddr8, p_acb_id macaddr8, p_since timestamptz,
    p_until timestamptz, p_after bigint, p_most integer)
    returns table (place bigint, number bigint, response_id text, code text,
        request_id text, device_id macaddr8, told timestamptz,
        confirmed timestamptz, state text)
    language sql stable as $$
    select * from (
        select row_number() over () as place, l.number, l.response_id, l.code,
            l.request_id, l.device_id, l.told, l.confirmed, l.state
        from ledger_lines(p_user_id, p_acb_id, p_since, p_until) l) x
    where place > coalesce(p_after, 0)
    order by place limit p_most
$$;

create or replace function ledger_csp_page(
    p_since timestamptz, p_until timestamptz, p_timeout interval,
    p_now timestamptz) returns json
    language sql stable as $$
    select json_build_object('from', instant_text(p_since),
        'to', instant_text(p_until), 'items', coalesce(json_agg(
            json_build_object('csp', csp, 'taken', taken,
                'reported', reported, 'silent', silent, 'waiting', waiting,
                'overdue', overdue, 'devices', devices, 'rejected', rejected,
                'delivered', delivered, 'failed', failed, 'unheard', unheard)
            order by csp), '[]'), 'next', null)
    from ledger_csps(p_since, p_until, p_timeout, p_now)
$$;
