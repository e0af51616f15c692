-- Firmware Distribution Progress Tracking (§3.2.2): the only writer of a
-- status, release by timeout, reset.

-- What the configuration says that functions need, written only when it is
-- another than here.
create or replace function set_tracking_setting(
    p_at_hub interval, p_at_hub_esme interval, p_delivered interval,
    p_delivered_blocks boolean, p_retention interval, p_n39_recipients text,
    p_n59_collect interval, p_hub_wait interval, p_one_update_per text)
    returns void language sql
begin atomic
    update tracking_setting s set at_hub = p_at_hub,
        at_hub_esme = p_at_hub_esme, delivered = p_delivered,
        delivered_blocks = p_delivered_blocks, retention = p_retention,
        n39_recipients = p_n39_recipients, n59_collect = p_n59_collect,
        hub_wait = p_hub_wait, one_update_per = p_one_update_per
    where (s.at_hub, s.at_hub_esme, s.delivered, s.delivered_blocks,
            s.retention, s.n39_recipients, s.n59_collect, s.hub_wait,
            s.one_update_per)
        is distinct from (p_at_hub, p_at_hub_esme, p_delivered,
            p_delivered_blocks, p_retention, p_n39_recipients, p_n59_collect,
            p_hub_wait, p_one_update_per);
end;

-- How long nothing may be heard of a device before it is released. p_timeout:
-- [tracking] timeout, for what is on its way to the hub.
create or replace function tracking_window(
    s tracking_setting, p_type device_type, p_status processing_status,
    p_timeout interval) returns interval language sql immutable
    return case p_status
        when 'SUCCESSFUL_HAN_TRANSFER' then s.delivered
        when 'SUCCESSFUL_CH_TRANSFER' then
            case p_type when 'ESME' then s.at_hub_esme else s.at_hub end
        else p_timeout end;

-- Is it a good end of the distribution, though the device has not said that it
-- runs the firmware? A PPMID activates by itself; the others when they are told.
create or replace function is_delivered(
    p_type device_type, p_status processing_status) returns boolean
    language sql immutable parallel safe
    return p_status = 'SUCCESSFUL_HAN_TRANSFER' and p_type <> 'PPMID';

-- Moves the named devices' updates out of tracking_live once their time is up,
-- which is not said while the clock is in doubt (that of one which waits for its
-- CSP is up when its job is silent: until then the job is handed over, refused
-- or given up, and each of these tells); for a claim also those that were
-- delivered, unless these block. A statement
-- of its own before the claim: what one statement releases, the same statement
-- cannot claim.
create or replace function release_expired(
    p_device_ids macaddr8[], p_claim boolean, p_now timestamptz)
    returns bigint language plpgsql as $$
declare
    delivered_too constant boolean := p_claim
        and (select not delivered_blocks from tracking_setting);
    total bigint;
begin
    with due as materialized (
        select device_id from tracking_live
        where device_id = any (p_device_ids)
            and (release_due <= p_now and clock_sound()
                and (status <> 'AWAITING_CSP' or (select j.silent is not null
                    from csp_job j where j.job_no = tracking_live.job_no))
            or delivered_too and status = 'SUCCESSFUL_HAN_TRANSFER')
        order by device_id for update)
    , released as (
        delete from tracking_live l using due d
        where l.device_id = d.device_id
        returning l.*)
    , moved as (
        insert into tracking_history (device_id, chf_id, request_no, job_no,
            last_updated, released, status, device_type, csp,
            responsible_supplier_ids, from_version, report_status,
            delivery_status, delivery_time, hub_status, hub_time,
            device_status, device_time, stored_time)
        select device_id, chf_id, request_no, job_no, last_updated, p_now,
            status, device_type, csp, responsible_supplier_ids, from_version,
            report_status, delivery_status, delivery_time, hub_status,
            hub_time, device_status, device_time, stored_time
        from released
        returning 1)
    , audited as (
        insert into sat_entry (at, kind, request_no, device_id, csp, code)
        select p_now, 'released', request_no, device_id, csp, status
        from released)
    select count(*) into total from moved;
    return total;
end $$;

create or replace function write_transitions(p_wanted transition[])
    returns void language plpgsql as $$
begin
    -- no advisory lock, which who may only read could hold
    lock table transition in share row exclusive mode;
    delete from transition;
    insert into transition select w.* from unnest(p_wanted) w;
end $$;

-- Table 3 as the program has it (src/tracking/transition.def), written only when
-- it is another than here, and by the owner alone: with a migration. A start
-- waits for nobody.
create or replace function set_transitions(
    p_events text[], p_said_by text[], p_from text[], p_to text[],
    p_alerts text[], p_recipients text[], p_of text[]) returns void
    language plpgsql as $$
declare
    wanted transition[] := array(
        select row(event, position,
            string_to_array(from_status, ' ')::processing_status[],
            nullif(to_status, '')::processing_status, nullif(alert, ''),
            recipients, said_by, of_update)::transition
        from unnest(p_events, p_said_by, p_from, p_to, p_alerts,
                p_recipients, p_of) with ordinality
            as t (event, said_by, from_status, to_status, alert, recipients,
                of_update, position)
        order by position);
begin
    if wanted = array(select t from transition t order by position) then
        return;
    end if;
    if not has_table_privilege('transition', 'delete') then
        raise insufficient_privilege using message = 'the table of transitions'
            ' is of another version: run fotactl migrate';
    end if;
    perform write_transitions(wanted);
end $$;

-- One event of each device: what it says of its update, what follows from all
-- that was said of it, what is told, and the audit trail. Whoever is nearest to
-- the device outweighs the others, and of what the same said the latest counts,
-- by the time when it happened (success, if that is one), though a device that
-- runs the firmware has activated it: so the order of messages does not matter,
-- nor whether the update was released. Only the first report on a job counts.
create or replace function apply_once(
    p_events tracking_event[], p_now timestamptz, p_timeout interval)
    returns void language plpgsql as $$
declare
    doubted constant timestamptz := doubted_since();
    setting tracking_setting;
    told told_message[];
    late tracking_history[];
begin
    select * into strict setting from tracking_setting;
    -- "offset 0": what is worked out in one step would be so again wherever the
    -- next ones name it
    with heard as (
        select e.ordinal, e.event, e.device_id, e.request_no,
            nullif(e.reason, 'corrected') as reason,
            e.chf_id as said_chf_id, e.firmware_version, e.event_time,
            e.device_alert_code, e.result, t.to_status, t.said_by,
            e.reason is not distinct from 'corrected' as corrected,
            case e.reason when 'corrected' then 'none' else t.recipients end
                as recipients,
            case t.alert when 'reason'
                then coalesce((select c.alert from csp_reason c
                        where c.reason = e.reason),
                    (select o.alert from csp_reason o
                        where o.reason = 'OTHER'))
                else t.alert end as alert,
            -- a clock that is wrong is not believed
            case when e.event_time between coalesce(
                        least(j.created, doubted) - interval '1 hour',
                        '-infinity')
                    and p_now + interval '1 hour'
                then e.event_time else p_now end as at,
            u.*
        from unnest(p_events) as e
        join transition t on t.event = e.event
        left join lateral (
            select true as live, chf_id, job_no, release_due as released,
                status, device_type, csp, null::text as reason_code,
                responsible_supplier_ids, from_version, report_status,
                delivery_status, delivery_time, hub_status, hub_time,
                device_status, device_time, stored_time
            from tracking_live
            where device_id = e.device_id and request_no = e.request_no
            union all
            select false, chf_id, job_no, released, status, device_type, csp,
                reason_code, responsible_supplier_ids, from_version,
                report_status, delivery_status, delivery_time, hub_status,
                hub_time, device_status, device_time, stored_time
            from tracking_history
            where device_id = e.device_id and request_no = e.request_no
            limit 1) u on true
        left join csp_job j on j.job_no = u.job_no
        offset 0
    ), weighed as (
        select *, case said_by
            when 'report' then report_status is null
                or reason_code = 'NEVER_ANSWERED'
            when 'delivery' then delivery_time is null
                or (at, in_progress(to_status), to_status)
                    > (delivery_time, in_progress(delivery_status),
                        delivery_status)
            when 'hub' then hub_time is null or to_status is null
                or (at, in_progress(to_status), to_status)
                    > (hub_time, in_progress(hub_status), hub_status)
            when 'device' then to_status = 'STORED_ON_DEVICE'
                or device_time is null
                -- what it runs it has activated, whatever failed
                or (to_status = 'FIRMWARE_ACTIVATED', at)
                    > (device_status = 'FIRMWARE_ACTIVATED', device_time)
            when 'dcc' then live and in_progress(status)
            else false end as counts
        from heard offset 0
    ), said as (
        select *,
            case when counts and said_by = 'report' then to_status
                else report_status end as new_report,
            case when counts and said_by = 'delivery' then to_status
                else delivery_status end as new_delivery,
            case when counts and said_by = 'delivery' then at
                else delivery_time end as new_delivery_time,
            case when counts and said_by = 'hub' then to_status
                else hub_status end as new_hub,
            case when counts and said_by = 'hub' then
                    case when to_status is not null then at end
                else hub_time end as new_hub_time,
            case when counts and said_by = 'device'
                    and to_status <> 'STORED_ON_DEVICE' then to_status
                else device_status end as new_device,
            case when counts and said_by = 'device'
                    and to_status <> 'STORED_ON_DEVICE' then at
                else device_time end as new_device_time,
            case when counts and to_status = 'STORED_ON_DEVICE'
                then greatest(at, stored_time)
                else stored_time end as new_stored_time
        from weighed offset 0
    ), judged as (
        select *, case
            when status in ('RESET_BY_DCC', 'REJECTED_BY_DSP') then status
            when counts and said_by = 'dcc' then to_status
            -- what a CSP had after all is what happened
            else coalesce(new_device,
                -- it says so after the image had come as far as its hub
                case when new_stored_time >= date_trunc('second', least(
                        case new_delivery when 'SUCCESSFUL_CH_TRANSFER'
                            then new_delivery_time end,
                        case new_hub when 'SUCCESSFUL_HAN_TRANSFER'
                            then new_hub_time end))
                    then 'STORED_ON_DEVICE'::processing_status end,
                new_hub, new_delivery,
                case when status::text like 'STOPPED_BY%' then status end,
                new_report, 'AWAITING_CSP')
            end as new_status
        from said offset 0
    ), settled as materialized (
        select *, new_status <> status as moves,
            live and (not in_progress(new_status)
                or is_delivered(device_type, new_status)
                and not setting.delivered_blocks) as ends
        from judged
    ), kept as (
        update tracking_live l set status = m.new_status,
            held = case when m.new_status = 'AWAITING_CSP' then l.held end,
            hub_waits = l.hub_waits and m.new_status = 'AWAITING_CSP',
            last_updated = case when m.moves then p_now
                else l.last_updated end,
            release_due = case when m.moves and (l.release_due > p_now
                    or m.status = 'AWAITING_CSP')
                then p_now + tracking_window(setting, m.device_type,
                    m.new_status, p_timeout) else l.release_due end,
            report_status = m.new_report, delivery_status = m.new_delivery,
            delivery_time = m.new_delivery_time, hub_status = m.new_hub,
            hub_time = m.new_hub_time, device_status = m.new_device,
            device_time = m.new_device_time, stored_time = m.new_stored_time
        from settled m
        where m.counts and m.live and not m.ends
            and l.device_id = m.device_id
    ), ended as (
        delete from tracking_live l using settled m
        where m.ends and l.device_id = m.device_id
    ), history as (
        insert into tracking_history (device_id, chf_id, request_no, job_no,
            last_updated, released, status, device_type, csp, reason_code,
            responsible_supplier_ids, from_version, report_status,
            delivery_status, delivery_time, hub_status, hub_time,
            device_status, device_time, stored_time)
        select device_id, chf_id, request_no, job_no, p_now,
            least(p_now, released), new_status, device_type, csp, reason,
            responsible_supplier_ids, from_version, new_report, new_delivery,
            new_delivery_time, new_hub, new_hub_time, new_device,
            new_device_time, new_stored_time
        from settled where ends
    ), audited as (
        insert into sat_entry (at, kind, request_no, device_id, code, detail)
        select p_now, case when moves then 'status' else 'told' end,
            request_no, device_id, coalesce(new_status, to_status),
            concat_ws(' ', event, reason, device_alert_code::text,
                'result ' || result, case when corrected then 'corrected' end,
                case when not live or released <= p_now
                    and status <> 'AWAITING_CSP' then 'late' end,
                case when event_time <> at then 'time not believed: '
                    || instant_text(event_time) end)
        from settled
    )
    -- the version of before is of no update until its image is at the hub
    select array_agg(row(m.ordinal, m.event, m.device_id,
        case when m.to_status is distinct from 'STORED_ON_DEVICE'
            or m.new_status = m.to_status then m.request_no end,
        m.said_chf_id, m.firmware_version,
        case when m.event_time is not null then m.at end,
        m.device_alert_code, m.result, m.alert, m.recipients,
        m.responsible_supplier_ids, m.device_type, null, null, null, null,
        null, null, null, null)::told_message)
            filter (where m.recipients <> 'none'),
        array_agg(row(m.device_id, m.chf_id, m.request_no, m.job_no,
            case when m.moves then p_now end, m.released, m.new_status,
            m.device_type, m.csp,
            case when m.moves then m.reason else m.reason_code end,
            m.responsible_supplier_ids, m.from_version, m.new_report,
            m.new_delivery, m.new_delivery_time, m.new_hub, m.new_hub_time,
            m.new_device, m.new_device_time, m.new_stored_time, null)
                ::tracking_history)
            filter (where m.counts and not m.live)
    into told, late from settled m;

    -- by itself, for it opens every partition and there is seldom one
    if late is not null then
        update tracking_history h set status = m.status,
            last_updated = coalesce(m.last_updated, h.last_updated),
            reason_code = m.reason_code, report_status = m.report_status,
            delivery_status = m.delivery_status,
            delivery_time = m.delivery_time, hub_status = m.hub_status,
            hub_time = m.hub_time, device_status = m.device_status,
            device_time = m.device_time, stored_time = m.stored_time
        from unnest(late) as m
        where h.device_id = m.device_id and h.request_no = m.request_no
            and h.released = m.released;
    end if;
    if told is not null then
        perform tell(told, p_now);
    end if;
end $$;

-- What is in progress of a device stands for all its updates.
create or replace function lock_updates_of(p_events tracking_event[])
    returns void language plpgsql as $$
declare
    live bigint;
begin
    if has_waited_for_updates() then
        perform from tracking_live l
        join unnest(p_events) as e on l.device_id = e.device_id
            and l.request_no = e.request_no
        order by l.device_id for update of l nowait;
        get diagnostics live = row_count;
        if live < cardinality(p_events) then
            perform from tracking_history h
            join unnest(p_events) as e on h.device_id = e.device_id
                and h.request_no = e.request_no
            order by h.device_id, h.request_no for update of h nowait;
        end if;
        return;
    end if;
    select count(*) filter (where is_meant) into live from (
        select l.request_no = e.request_no as is_meant
        from tracking_live l
        join unnest(p_events) as e on l.device_id = e.device_id
        order by l.device_id for update of l) x;
    if live < cardinality(p_events) then
        perform from tracking_history h
        join unnest(p_events) as e on h.device_id = e.device_id
            and h.request_no = e.request_no
        order by h.device_id, h.request_no for update of h;
    end if;
    perform wait_for_updates_no_more();
end $$;

-- The only writer of what is known of an update. Events of one device are
-- applied in the order of their ordinals.
create or replace function apply_events(
    p_events tracking_event[], p_now timestamptz, p_timeout interval)
    returns void language plpgsql as $$
declare
    most integer;
    batch tracking_event[];
begin
    perform lock_updates_of(p_events);

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
        t.released is null
            and is_live(t.status, t.job_no, t.release_due, p_now),
        request_id_text(r.originator, r.target, r.counter),
        firmware_version_text(r.firmware_version), t.reason_code,
        t.last_updated, t.release_due, t.chf_id, t.csp, r.originator
    from tracking t
    left join service_request r on r.request_no = t.request_no
    where t.device_id = p_device_id and t.status <> 'REJECTED_BY_DSP'
    order by t.released is null desc, t.inserted desc, t.released desc,
        t.request_no desc
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
    waiting constant bigint[] := array(select l.request_no
        from tracking_live l
        where l.device_id = p_device_id and l.job_no is null);
begin
    perform from distribution d where d.request_no = any (waiting)
    order by d.request_no, d.csp, d.device_type for update;
    if waiting <> '{}' and (exists (select from steering o
            where o.state = 'active') or exists (select from tracking_live l
            where l.request_no = any (waiting) and l.held is not null))
    then
        -- refresh_ready() may lock all that wait: in their order, this one
        -- among them
        perform from tracking_live l
        where l.request_no = any (waiting) and l.job_no is null
        order by l.device_id for update;
    end if;
    perform release_expired(array[p_device_id], false, p_now);
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
    perform recount_waiting(waiting, p_now);
    outcome := 'reset';
    select request_id_text(originator, target, counter) into request_id
    from service_request r where r.request_no = number;
end $$;
