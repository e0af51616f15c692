do $$ begin
    create type tracking_event as (
        ordinal           integer,
        event             text,
        device_id         macaddr8,
        request_no        bigint,
        reason            text,
        chf_id            macaddr8,
        firmware_version  bytea,
        event_time        timestamptz,
        device_alert_code integer,
        result            integer);
    comment on type tracking_event is
        'What was heard of a device: transition.event, for the update of '
        'request_no; the rest goes into the alert';
exception when duplicate_object then null;
end $$;

-- Table 3 as the program has it; see src/tracking/transition.def.
create or replace function set_transitions(
    p_events text[], p_from text[], p_to processing_status[],
    p_alerts text[], p_recipients text[]) returns void
    language plpgsql as $$
begin
    -- several programs may start at once
    perform pg_advisory_xact_lock(7046003);
    delete from transition;
    insert into transition
    select event, position, string_to_array(from_status, ' ')
            ::processing_status[], to_status, nullif(alert, ''), recipients
    from unnest(p_events, p_from, p_to, p_alerts, p_recipients)
        with ordinality as t (event, from_status, to_status, alert,
            recipients, position);
end $$;

-- One event of each device: the moves, what is told, and the audit trail.
create or replace function apply_once(
    p_events tracking_event[], p_now timestamptz, p_timeout interval)
    returns void language plpgsql
    set plan_cache_mode = force_generic_plan
    set jit = off
    set work_mem = '64MB'
    set enable_seqscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
as $$
declare
    told tracking_told[];
begin
    with matched as materialized (
        select e.*, t.to_status, t.recipients,
            case t.alert when 'reason'
                then coalesce(c.alert, (select o.alert from csp_reason o
                    where o.reason = 'OTHER'))
                else t.alert end as alert,
            -- released is released, whether its row was moved away yet or
            -- not; but nothing was published of one that awaits the CSP
            (l.status = any (t.from_status)
                and (l.release_due > p_now or l.status = 'AWAITING_CSP'))
                is true as moves,
            l.responsible_supplier_ids as suppliers, l.device_type
        from unnest(p_events) as e
        join transition t on t.event = e.event
        left join csp_reason c on c.reason = e.reason
        left join tracking_live l on l.device_id = e.device_id
            and l.request_no = e.request_no
    ), kept as (
        update tracking_live l set status = m.to_status,
            last_updated = p_now, release_due = p_now + p_timeout
        from matched m
        where m.moves and in_progress(m.to_status)
            and l.device_id = m.device_id
    ), ended as (
        delete from tracking_live l using matched m
        where m.moves and not in_progress(m.to_status)
            and l.device_id = m.device_id
        returning l.device_id, l.chf_id, l.request_no, l.job_no, m.to_status,
            l.device_type, l.csp, m.reason, l.responsible_supplier_ids
    ), history as (
        insert into tracking_history (device_id, chf_id, request_no, job_no,
            last_updated, released, status, device_type, csp, reason_code,
            responsible_supplier_ids)
        select device_id, chf_id, request_no, job_no, p_now, p_now, to_status,
            device_type, csp, reason, responsible_supplier_ids
        from ended
    ), audited as (
        insert into sat_entry (at, kind, request_no, device_id, code, detail)
        select p_now, case when moves then 'status' else 'told' end,
            request_no, device_id, to_status,
            concat_ws(' ', event, reason, device_alert_code::text,
                'result ' || result)
        from matched
    )
    select array_agg(row(m.ordinal, m.event, m.device_id, m.request_no,
        m.chf_id, m.firmware_version, m.event_time, m.device_alert_code,
        m.result, m.alert, m.recipients, m.suppliers, m.device_type)
        ::tracking_told)
    into told from matched m where m.recipients <> 'none';

    if told is not null then
        perform tell(told, p_now);
    end if;
end $$;

-- The only writer of a device's status. Events of one device are applied in
-- the order of their ordinals.
create or replace function apply_events(
    p_events tracking_event[], p_now timestamptz, p_timeout interval)
    returns void language plpgsql
    set enable_seqscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
as $$
declare
    most integer;
    batch tracking_event[];
begin
    -- two batches take their devices in the same order
    perform from tracking_live
    where device_id = any (select device_id from unnest(p_events))
    order by device_id for update;

    select max(n) into most from (
        select count(*) as n from unnest(p_events) group by device_id) x;
    if most = 1 then
        perform apply_once(p_events, p_now, p_timeout);
        return;
    end if;
    for turn in 1 .. coalesce(most, 0) loop
        select array_agg(e) into batch from (
            select e, row_number() over (partition by (e).device_id
                order by (e).ordinal) as n
            from unnest(p_events) as e) x
        where n = turn;
        perform apply_once(batch, p_now, p_timeout);
    end loop;
end $$;
