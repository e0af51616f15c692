-- RSAT_004, the Firmware Activations Service Request Report (§4.11).

-- What the device said of an activation, as MMC names it: the outcome of a
-- future dated one, else the response; null: nothing.
create or replace function activation_result(p_result smallint) returns text
    language sql immutable parallel safe
    return coalesce((array['success', 'noImageHeld', 'hashMismatch',
        'activationFailure'])[p_result + 1], 'code ' || p_result);

-- What is known of a command, as activation_result() and activation_end() take
-- it: the word of the device that a cancelled one was taken counts no more.
create or replace function activation_said(c device_command) returns smallint
    language sql immutable parallel safe
    return coalesce(c.outcome_result,
        case when c.state <> 'cancelled' then c.response_result end);

-- How it counts. What the device says of itself stands above whether a
-- response came in time.
create or replace function activation_end(
    p_state command_state, p_result smallint) returns text
    language sql immutable parallel safe
    return case when p_result = 0 then 'answered'
        when p_result is not null then 'failed'
        when p_state in ('failed', 'no_answer') then 'failed'
        when p_state in ('answered', 'cancelled') then p_state::text
        else 'under way' end;

-- Activate Firmware commands by the time of their Service Request.
create or replace function list_activations(
    p_viewer macaddr8, p_type device_type, p_from timestamptz,
    p_to timestamptz, p_after bigint, p_most integer)
    returns table (command_no bigint, request_id text, sender macaddr8,
        sender_name text, device_id macaddr8, device_type text,
        requested timestamptz, execution_time timestamptz, state text,
        ended timestamptz, executed timestamptz, result text,
        outcome_seen timestamptz)
    language plpgsql stable as $$
begin
    return query
    select c.command_no, request_id_text(r.originator, r.target, r.counter),
        r.originator, user_name(r.originator), c.device_id,
        c.device_type::text, c.created, c.execution_time, c.state::text,
        c.ended, case c.outcome_result when 0 then c.outcome_seen end,
        case when command_cancels(c.payload)
                and coalesce(activation_said(c), 0) = 0
            then case c.state when 'answered' then 'cancellation' end
            else activation_result(activation_said(c)) end,
        c.outcome_seen
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

-- A cancellation is no activation: it is in the list alone.
create or replace function activation_counts(
    p_viewer macaddr8, p_type device_type, p_from timestamptz,
    p_to timestamptz)
    returns table (period text, device_type text, requested bigint,
        answered bigint, failed bigint, cancelled bigint, under_way bigint,
        future_dated bigint, succeeded bigint)
    language plpgsql stable as $$
begin
    return query
    select to_char(c.created at time zone 'UTC', 'YYYY-MM-DD'),
        c.device_type::text, count(*),
        count(*) filter (where e.counts_as = 'answered'),
        count(*) filter (where e.counts_as = 'failed'),
        count(*) filter (where e.counts_as = 'cancelled'),
        count(*) filter (where e.counts_as = 'under way'),
        count(*) filter (where c.future_dated),
        count(*) filter (where activation_said(c) = 0)
    from device_command c
    cross join lateral (select activation_end(c.state,
        activation_said(c)) as counts_as) e
    where c.message_code = 18 and not command_cancels(c.payload)
        and c.created >= p_from and c.created < p_to
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
                'underWay', s.under_way, 'futureDated', s.future_dated,
                'succeeded', s.succeeded)),
                '[]')
            from activation_counts(p_viewer, p_type, p_from, p_to) s
            where p_after is null),
        'items', coalesce(json_agg(json_build_object(
            'requestId', request_id, 'sender', eui64_text(sender),
            'senderName', sender_name, 'deviceId', eui64_text(device_id),
            'deviceType', device_type, 'requested', instant_text(requested),
            'executionTime', instant_text(execution_time), 'state', state,
            'ended', instant_text(ended), 'executed', instant_text(executed),
            'result', result, 'outcomeSeen', instant_text(outcome_seen))
            order by requested, command_no), '[]'),
        'next', case when count(*) = p_most then (array_agg(command_no
            order by requested desc, command_no desc))[1]::text end)
    from list_activations(p_viewer, p_type, p_from, p_to, p_after, p_most);
end;

-- ---- with results, by User and device type ----

-- What the record of the update that a command activates says, though the
-- command was not answered, or not so: the device runs that firmware since, or
-- said that it could not. Null: nothing.
create or replace function activation_truth(c device_command) returns text
    language plpgsql stable as $$
begin
    return (select case t.device_status
            when 'FIRMWARE_ACTIVATED' then 'executed'
            when 'ACTIVATION_FAILED' then 'failed' end
        from tracking t
        join service_request r on r.request_no = t.request_no
        where t.device_id = c.device_id
            and t.device_status in ('FIRMWARE_ACTIVATED', 'ACTIVATION_FAILED')
            and t.device_time >= coalesce(c.execution_time, c.created)
                - interval '1 hour'
            and r.manufacturer_image_hash = command_image_hash(c.payload)
        order by t.device_time desc limit 1);
end $$;

-- How a command counts there: by what is true of it (that, or its own word:
-- 'executed'), else by what became of it.
create or replace function activation_counts_as(
    p_state command_state, p_said smallint, p_truth text) returns text
    language sql immutable parallel safe
    return case
        when p_truth = 'executed' then 'executed'
        when p_said is not null or p_truth = 'failed' then 'failed'
        when p_state = 'cancelled' then 'cancelled'
        when p_state in ('failed', 'no_answer', 'answered') then 'not answered'
        else 'under way' end;

-- Activate Firmware commands of a time: sent, and what the device made of them.
-- Its own word counts first, then the record of its update, whenever it came.
create or replace function activation_results(
    p_viewer macaddr8, p_from timestamptz, p_to timestamptz)
    returns table (user_id macaddr8, user_name text, device_type text,
        sent bigint, executed bigint, failed bigint, not_answered bigint,
        cancelled bigint, under_way bigint, corrected bigint, share numeric,
        low numeric, high numeric, results text)
    language plpgsql stable as $$
begin
    return query
    with command as materialized (
        select r.originator, c.device_type::text as type, c.state,
            activation_said(c) as said, case
                when activation_said(c) = 0 then 'executed'
                else activation_truth(c) end as truth
        from device_command c
        join service_request r on r.request_no = c.request_no
        where c.message_code = 18 and not command_cancels(c.payload)
            and c.state <> 'local'
            and c.created >= p_from and c.created < p_to
            and (p_viewer is null or r.originator = p_viewer)
    ), judged as (
        select *, activation_counts_as(state, said, truth) as counts_as
        from command
    ), word as (
        select originator, type, string_agg(result || ' ' || n, ', '
            order by n desc, result) as results
        from (select j.originator, j.type, activation_result(j.said) as result,
                count(*) as n
            from judged j where j.said is not null group by 1, 2, 3) x
        group by originator, type
    ), total as (
        select j.originator, j.type, count(*) as sent,
            count(*) filter (where counts_as = 'executed') as executed,
            count(*) filter (where counts_as = 'failed') as failed,
            count(*) filter (where counts_as = 'not answered') as silent,
            count(*) filter (where counts_as = 'cancelled') as cancelled,
            count(*) filter (where counts_as = 'under way') as under_way,
            count(*) filter (where truth is not null
                and said is distinct from 0) as corrected
        from judged j group by 1, 2
    )
    select t.originator, user_name(t.originator), t.type, t.sent, t.executed,
        t.failed, t.silent, t.cancelled, t.under_way, t.corrected,
        round(t.executed::numeric
            / nullif(t.executed + t.failed + t.silent, 0), 6), w.low, w.high,
        coalesce(d.results, '')
    from total t
    cross join lateral wilson(t.executed,
        t.executed + t.failed + t.silent) w
    left join word d on d.originator = t.originator and d.type = t.type
    order by 2, 1, 3;
end $$;

create or replace function activation_result_report(
    p_viewer macaddr8, p_from timestamptz, p_to timestamptz) returns json
    language sql stable
begin atomic
    select json_build_object('from', instant_text(p_from),
        'to', instant_text(p_to), 'items', coalesce(json_agg(
            json_build_object('user', eui64_text(user_id),
                'userName', user_name, 'deviceType', device_type,
                'sent', sent, 'executed', executed, 'failed', failed,
                'notAnswered', not_answered, 'cancelled', cancelled,
                'underWay', under_way, 'corrected', corrected,
                'share', share, 'low', low, 'high', high,
                'results', results)), '[]'))
    from activation_results(p_viewer, p_from, p_to);
end;
