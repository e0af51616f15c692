-- Firmware Distribution Progress Tracking (§3.2.2): the only writer of a
-- status, release by timeout, reset.

-- Moves the named devices' updates out of tracking_live once their time is up.
-- A statement of its own before the claim: what one statement releases, the
-- same statement cannot claim.
create or replace function release_expired(
    p_device_ids macaddr8[], p_now timestamptz) returns bigint
    language plpgsql as $$
declare
    total bigint;
begin
    with released as (
        delete from tracking_live
        where device_id = any (p_device_ids) and release_due <= p_now
        returning *)
    , moved as (
        insert into tracking_history (device_id, chf_id, request_no, job_no,
            last_updated, released, status, device_type, csp,
            responsible_supplier_ids)
        select device_id, chf_id, request_no, job_no, last_updated, p_now,
            status, device_type, csp, responsible_supplier_ids
        from released
        returning 1)
    , audited as (
        insert into sat_entry (at, kind, request_no, device_id, csp, code)
        select p_now, 'released', request_no, device_id, csp, status
        from released)
    select count(*) into total from moved;
    return total;
end $$;

-- Table 3 as the program has it (src/tracking/transition.def), written only when
-- it is another than here: a start then waits for nobody.
create or replace function set_transitions(
    p_events text[], p_from text[], p_to processing_status[],
    p_alerts text[], p_recipients text[]) returns void
    language plpgsql as $$
declare
    wanted transition[] := array(
        select row(event, position, string_to_array(from_status, ' '),
            to_status, nullif(alert, ''), recipients)::transition
        from unnest(p_events, p_from, p_to, p_alerts, p_recipients)
            with ordinality as t (event, from_status, to_status, alert,
                recipients, position)
        order by position);
begin
    if wanted = array(select t from transition t order by position) then
        return;
    end if;
    perform pg_advisory_xact_lock(advisory_lock('transitions'));
    delete from transition;
    insert into transition select w.* from unnest(wanted) w;
end $$;

-- One event of each device: the moves, what is told, and the audit trail.
create or replace function apply_once(
    p_events tracking_event[], p_now timestamptz, p_timeout interval)
    returns void language plpgsql as $$
declare
    told told_message[];
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
        m.result, m.alert, m.recipients, m.suppliers, m.device_type,
        null, null, null, null, null, null, null, null)::told_message)
    into told from matched m where m.recipients <> 'none';

    if told is not null then
        perform tell(told, p_now);
    end if;
end $$;

-- The only writer of a device's status. Events of one device are applied in
-- the order of their ordinals.
create or replace function apply_events(
    p_events tracking_event[], p_now timestamptz, p_timeout interval)
    returns void language plpgsql as $$
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

-- What people and scripts are shown of devices and requests.

-- The firmware update status of a device: the live update if there is one,
-- else the latest that ended; what we refused is no update. No row: never
-- tracked.
create or replace function device_status(
    p_device_id macaddr8, p_now timestamptz)
    returns table (
        device_id macaddr8, device_type device_type, status processing_status,
        in_progress boolean, request_id text, firmware_version text,
        reason_code text, last_updated timestamptz, release_due timestamptz,
        chf_id macaddr8, csp text, sender macaddr8)
    language sql stable
begin atomic
    select t.device_id, t.device_type, t.status,
        t.released is null and t.release_due > p_now,
        request_id_text(r.originator, r.target, r.counter),
        firmware_version_text(r.firmware_version), t.reason_code,
        t.last_updated, t.release_due, t.chf_id, t.csp, r.originator
    from tracking t
    left join service_request r on r.request_no = t.request_no
    where t.device_id = p_device_id and t.status <> 'REJECTED_BY_DSP'
    order by t.released is null desc, t.last_updated desc, t.request_no desc
    limit 1;
end;

-- ---- reset (§4.8, requirement C5) ----

-- Named outcomes: reset, not_tracked, not_in_progress. A device that is in no
-- job yet, or in one that was not handed over, is taken out of it: jobs are
-- made and sent from tracking_live.
create or replace function reset_device(
    p_device_id macaddr8, p_person text, p_reason text, p_now timestamptz,
    p_timeout interval, out outcome text, out request_id text)
    language plpgsql as $$
declare
    number bigint;
begin
    perform release_expired(array[p_device_id], p_now);
    select l.request_no into number from tracking_live l
    where l.device_id = p_device_id for update;
    if not found then
        outcome := case when exists (select from tracking_history
                where device_id = p_device_id
                    and status <> 'REJECTED_BY_DSP')
            then 'not_in_progress' else 'not_tracked' end;
        return;
    end if;
    perform apply_events(array[row(1, 'reset', p_device_id, number, null, null,
        null, p_now, null, null)::tracking_event], p_now, p_timeout);
    insert into sat_entry (at, kind, request_no, device_id, person, code,
        detail)
    values (p_now, 'reset', number, p_device_id, p_person, 'RESET_BY_DCC',
        p_reason);
    outcome := 'reset';
    select request_id_text(originator, target, counter) into request_id
    from service_request r where r.request_no = number;
end $$;
