-- Which messages of devices have an effect at all: what is not genuine, foreign
-- or brought again has none (docs/security.md).

-- What came of a message: p_unknown says why nothing followed from it, and null
-- that something did. What nobody asked for and nobody can check was not found
-- genuine.
create or replace function message_end(
    p_ordinal integer, p_unknown text, p_checked boolean, p_request_no bigint)
    returns device_message_end language sql immutable
begin atomic
    select row(p_ordinal, case when p_unknown is null then 'done'
            when p_checked then 'unknown' else 'unverified' end, p_unknown,
        p_request_no)::device_message_end;
end;

-- Alerts found genuine take their counters, each once and for ever: a device
-- counts up, but its messages overtake each other by weeks, so of each device
-- and recipient replay_window has the counters that were taken, and below
-- which none is. Answers those whose counter was taken before, or is below, or
-- that are older than all that is known of updates and not the device's newest
-- either: its clock is not wrong. Waits for a session that has an alert of the
-- same device in hand: first for those that have a window, then for those that
-- another makes just now, each in order.
create or replace function take_counters(
    p_messages device_message[], p_now timestamptz)
    returns device_message_end[] language plpgsql as $$
declare
    most constant integer := 256; -- ranges of a window
    oldest constant timestamptz := oldest_time(p_now);
    refused device_message_end[];
    wide replay_window[];
    beaten device_message[];
begin
    perform from (select distinct originator, recipient
        from unnest(p_messages)) as m
    join replay_window w using (originator, recipient)
    order by w.originator, w.recipient for update of w;

    with judged as materialized (
        select m as message, m.ordinal, m.originator, m.recipient, m.counter,
            w.seen is null as first, case
            when m.counter < w.low then 'its counter is below the '
                || most || ' ranges that were heard last'
            when w.seen @> m.counter or row_number() over (
                partition by m.originator, m.recipient, m.counter
                order by m.ordinal) > 1
                then 'duplicate: its counter was heard before'
            when m.at < oldest and m.counter < upper(w.seen)
                then 'it is older than what is known of updates'
            end as detail
        from unnest(p_messages) as m
        left join replay_window w on w.originator = m.originator
            and w.recipient = m.recipient
    ), fresh as materialized (
        select originator, recipient, first,
            range_agg(numrange(counter, counter + 1)) as seen
        from judged where detail is null
        group by originator, recipient, first
    ), made as (
        insert into replay_window (originator, recipient, seen)
        select originator, recipient, seen from fresh where first
        order by originator, recipient
        on conflict do nothing
        returning *
    ), widened as (
        update replay_window w set seen = w.seen + f.seen
        from fresh f where not f.first and w.originator = f.originator
            and w.recipient = f.recipient
        returning w.*
    )
    select array_agg(row(ordinal, 'unknown', detail, null)
            ::device_message_end) filter (where detail is not null),
        (select array_agg(x::replay_window)
        from (select * from widened union all select * from made) x
        where pg_column_size(x.seen) > 1024
            and (select count(*) from unnest(x.seen)) > most),
        array_agg(message) filter (where first and detail is null
            and (originator, recipient)
                not in (select originator, recipient from made))
    into refused, wide, beaten
    from judged;
    if wide is not null then
        perform narrow_windows(wide, most);
    end if;
    return coalesce(refused, '{}') || case when beaten is not null
        then take_counters(beaten, p_now) end;
end $$;

-- Leaves the highest ranges; what is below them counts as heard.
create or replace function narrow_windows(
    p_windows replay_window[], p_most integer) returns void
    language plpgsql as $$
begin
    update replay_window w set low = n.low, seen = n.seen
    from (
        select x.originator, x.recipient, lower(range_agg(k.r)) as low,
            range_agg(k.r) as seen
        from unnest(p_windows) as x
        cross join lateral (select r from unnest(x.seen) as r
            order by r desc limit p_most) k
        group by x.originator, x.recipient) n
    where w.originator = n.originator and w.recipient = n.recipient;
end $$;

-- Of messages those that their CSP may not bring: neither is the device's hub
-- in its regions, nor has it or had it a job or a command of the device. A
-- device that the inventory does not have is nobody's; what is not checked
-- either is foreign then.
create or replace function foreign_messages(
    p_messages device_message[], p_regions csp_region[],
    p_region_csps text[]) returns integer[]
    language plpgsql stable as $$
declare
    away device_message[];
begin
    select array_agg(m) into away
    from unnest(p_messages) as m
    left join smi_device s on s.device_id = m.originator
    left join smi_home h on h.chf_id = s.chf_id
    where case when s.device_id is null then not m.checked
        else p_region_csps[array_position(p_regions, h.csp_region)]
            is distinct from m.csp end;
    -- seldom: it opens every partition
    if away is null then
        return '{}';
    end if;
    return array(
        select m.ordinal from unnest(away) as m
        where not exists (select from tracking t
                where t.device_id = m.device_id and t.csp = m.csp
                    and t.job_no is not null
                    and m.originator in (m.device_id, t.chf_id))
            and not exists (select from device_command c
                where c.originator = m.recipient and c.csp = m.csp
                    and c.device_id = m.originator
                    and c.counter in (m.counter, m.command_counter)));
end $$;

-- Answers that did not come from where their command went: its CSP and hub, or,
-- if they are checked, the hub that the device has now.
create or replace function stray_responses(p_messages device_message[])
    returns integer[] language plpgsql stable as $$
begin
    return array(
        select m.ordinal
        from unnest(p_messages) as m
        join device_command c on c.originator = m.recipient
            and c.device_id = m.originator and c.counter = m.counter
        where m.kind = 'response' and (c.csp, c.chf_id) <> (m.csp, m.chf_id)
            and not (m.checked and exists (select from smi_device s
                where s.device_id = m.originator and s.chf_id = m.chf_id)));
end $$;

-- The one gate: a message that comes through may have effects, another has
-- none. What is not checked comes through only to be passed on to the User who
-- can, changes nothing, and takes no counter from the genuine one. Answers what
-- became of those that do not come through.
create or replace function refuse_messages(
    p_messages device_message[], p_regions csp_region[],
    p_region_csps text[], p_now timestamptz) returns device_message_end[]
    language plpgsql as $$
declare
    strange constant integer[] := foreign_messages(p_messages, p_regions,
        p_region_csps);
    stray constant integer[] := stray_responses(p_messages);
    twice constant integer[] := array(
        select ordinal from (
            select m.ordinal, row_number() over (partition by m.originator,
                m.recipient, m.counter order by m.ordinal) as n
            from unnest(p_messages) as m where m.checked and m.cra = 2) x
        where n > 1);
    ends device_message_end[];
    alerts device_message[];
begin
    select coalesce(array_agg(row((m).ordinal,
                case when (m).checked and not is_strange then 'unknown'
                    else 'unverified' end, detail, null)::device_message_end)
            filter (where detail is not null), '{}'),
        array_agg(m) filter (where detail is null and (m).checked
            and (m).cra = 3)
    into ends, alerts
    from (
        select m, f.n is not null as is_strange, case
            when f.n is not null then 'its device is at no hub of this CSP'
            when not m.checked and m.kind not in ('response', 'alert')
                then 'neither signature nor MAC was checked'
            when s.n is not null then 'it did not come from the CSP and the '
                'hub that its command went to'
            when t.n is not null
                then 'duplicate: its counter was heard before' end as detail
        from unnest(p_messages) as m
        left join unnest(strange) as f (n) on f.n = m.ordinal
        left join unnest(stray) as s (n) on s.n = m.ordinal
        left join unnest(twice) as t (n) on t.n = m.ordinal) judged;
    return ends || case when alerts is not null
        then take_counters(alerts, p_now) end;
end $$;
