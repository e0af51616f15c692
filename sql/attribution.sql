-- Which update of its device a message is of, if of any (docs/architecture.md,
-- Tracking).

-- Nothing is kept of updates that were made before this.
create or replace function oldest_time(p_now timestamptz)
    returns timestamptz language sql stable
    return p_now - interval '14 days'
        - (select greatest(delivered, at_hub, at_hub_esme)
            from tracking_setting);

-- The time that a message says, or ours: nothing happens later than in an hour,
-- and who says older than what is known of updates has a wrong clock, if its
-- counter is its newest (take_counters()).
create or replace function believed_time(p_at timestamptz, p_now timestamptz)
    returns timestamptz language sql stable
    return case when p_at between oldest_time(p_now)
            and p_now + interval '1 hour'
        then p_at else p_now end;

-- The updates of these devices that a CSP was given, or may have been.
-- absent: says the CSP, its image did not come to the hub. created: when its job
-- was made, to the microsecond, as what we do has it.
-- Times are whole seconds, as what hubs and devices say has no other (GBCS).
create or replace function handed_updates(p_device_ids macaddr8[])
    returns table (device_id macaddr8, request_no bigint, chf_id macaddr8,
        version bytea, from_version bytea, made timestamptz,
        reached timestamptz, hub_time timestamptz, absent boolean,
        created timestamptz)
    language plpgsql stable as $$
declare
    doubted constant timestamptz := doubted_since();
begin
    return query
    select d.device_id, u.request_no, u.chf_id,
        r.firmware_version::bytea, u.from_version,
        least(date_trunc('second', j.created), doubted),
        case u.delivery_status when 'SUCCESSFUL_CH_TRANSFER'
            then date_trunc('second', u.delivery_time) end, u.hub_time,
        coalesce(u.delivery_status = 'FAILED_CH_TRANSFER'
            or u.report_status = 'REJECTED_BY_CSP', false), j.created
    from unnest(p_device_ids) as d (device_id)
    cross join lateral (
        select l.request_no, l.chf_id, l.job_no, l.from_version,
            l.report_status, l.delivery_status, l.delivery_time, l.hub_time
        from tracking_live l where l.device_id = d.device_id
        union all
        select h.request_no, h.chf_id, h.job_no, h.from_version,
            h.report_status, h.delivery_status, h.delivery_time, h.hub_time
        from tracking_history h where h.device_id = d.device_id) u
    join csp_job j on j.job_no = u.job_no and j.posted is not null
    join service_request r on r.request_no = u.request_no;
end $$;

-- Had an update been made when its device says that something happened? So says
-- our clock, or one that was set back since (p_made is later than now). Ours may
-- be ahead of the others by up to an hour: then their word counts, that the
-- image was at the hub by that time.
create or replace function was_made_by(
    p_at timestamptz, p_made timestamptz, p_reached timestamptz,
    p_hub_time timestamptz, p_now timestamptz) returns boolean
    language sql stable
    return p_made <= p_at or p_made > p_now
        or p_made - interval '1 hour' <= p_at
            and coalesce(least(p_reached, p_hub_time) <= p_at, false);

-- Of updates, the newest first, and when their images came to the hub, the one
-- whose image was discarded then. Another's image came just then: it is the
-- newest that was there, else, if that other came in the same minute, one that
-- it is not known of. No image came: the one before the newest, if the newest
-- has not come; else the newest.
create or replace function replaced_update(
    p_numbers bigint[], p_reached timestamptz[], p_at timestamptz)
    returns bigint language plpgsql immutable as $$
declare
    came bigint;
    away interval;
begin
    select u.no, greatest(u.reached - p_at, p_at - u.reached) as far
    into came, away
    from unnest(p_numbers, p_reached) as u (no, reached)
    where u.reached between p_at - interval '1 hour'
        and p_at + interval '1 hour'
    order by far, u.no desc limit 1;
    return coalesce((
        select u.no from unnest(p_numbers, p_reached) as u (no, reached)
        where u.no <> came and (u.reached is not null
            or away <= interval '1 minute')
        order by u.reached is null, u.no desc limit 1), came,
        case when p_reached[1] is null then p_numbers[2] end, p_numbers[1]);
end $$;

-- Of the updates that the alert may be of, and of which no earlier alert was: a
-- discard (8F89, 1) is the one's that was replaced; any other the newest's of
-- those that had come to the hub, else the newest's.
create or replace function contested_update(
    a contested_alert, p_spent bigint[]) returns bigint
    language plpgsql stable as $$
declare
    numbers bigint[];
    reached timestamptz[];
begin
    with candidate as (
        select u.request_no, u.reached, u.made <= a.at as before,
            u.request_no = any (p_spent) as spent, u.absent,
            coalesce(u.reached > a.at, false) as later,
            u.created > a.taken as unborn
        from handed_updates(array[a.device_id]) u
        where u.version = a.firmware_version and u.chf_id = a.chf_id
            and (u.made - interval '1 hour' <= a.at or u.created > a.taken)
    ), fit as (
        select *, rank() over (order by unborn, spent, later, absent,
                not before) as n from candidate
    )
    select array_agg(f.request_no order by f.request_no desc),
        array_agg(f.reached order by f.request_no desc)
    into numbers, reached from fit f where n = 1;
    if (select of_update from transition where event = a.event) = 'replaced'
    then
        return replaced_update(numbers, reached, a.at);
    end if;
    return coalesce((select n from unnest(numbers, reached) as t (n, at)
        where t.at <= a.at order by n desc limit 1), numbers[1]);
end $$;

-- The alerts of one hub on one version for one device, when it had more than
-- one such update: which of them is each alert of? One alert ends an image, so
-- each is of another update, as long as there are any. What was taken for
-- another update before is corrected, and not told again.
create or replace function settle_contested(
    p_device_id macaddr8, p_version bytea, p_chf_id macaddr8,
    p_now timestamptz, p_timeout interval) returns void
    language plpgsql as $$
declare
    a contested_alert;
    chosen bigint;
    spent bigint[];
    freed bigint[] := '{}';
    events tracking_event[];
begin
    -- an alert that came while there was one update is that one's
    select coalesce(array_agg(u.request_no), '{}') into spent
    from handed_updates(array[p_device_id]) u
    where u.version = p_version and u.chf_id = p_chf_id
        and u.hub_time is not null and not exists (
            select from contested_alert c
            where c.device_id = p_device_id and c.request_no = u.request_no);
    for a in
        select * from contested_alert c
        where c.device_id = p_device_id and c.firmware_version = p_version
            and c.chf_id = p_chf_id
        order by c.at, c.taken, c.event for update
    loop
        chosen := contested_update(a, spent);
        spent := spent || chosen;
        continue when chosen = a.request_no;
        freed := freed || a.request_no || chosen;
        update contested_alert c set request_no = chosen
        where c.device_id = a.device_id and c.chf_id = a.chf_id
            and c.firmware_version = a.firmware_version and c.at = a.at
            and c.event = a.event;
    end loop;
    with said as (
        update contested_alert c set told = true
        where c.device_id = p_device_id and c.firmware_version = p_version
            and c.chf_id = p_chf_id and c.request_no = any (freed)
        returning c.*
    ), before as (
        select c.device_id, c.event, c.at, c.told from contested_alert c
        where c.device_id = p_device_id and c.firmware_version = p_version
            and c.chf_id = p_chf_id
    ), event as (
        -- all is taken back before anything is said anew
        select null::timestamptz as at, 'hub_corrected' as event, f as no,
            'corrected' as reason, null::integer as code,
            null::integer as result
        from (select distinct f from unnest(freed) f where f is not null) f
        union all
        select s.at, s.event, s.request_no,
            case when b.told then 'corrected' end, s.device_alert_code,
            s.result
        from said s join before b using (device_id, event, at)
    )
    select array_agg(row((row_number)::integer, event, p_device_id, no,
        reason, p_chf_id, p_version, at, code, result)::tracking_event)
    into events from (select *, row_number() over (order by at nulls first)
        from event) x;
    if events is not null then
        perform apply_events(events, p_now, p_timeout);
    end if;
end $$;

-- What became known of updates at their hubs may tell whose alert an earlier
-- one was.
create or replace function settle_contested_of(
    p_device_ids macaddr8[], p_now timestamptz, p_timeout interval)
    returns void language plpgsql as $$
declare
    c record;
begin
    -- next to always there is nothing
    if not exists (select from contested_alert) then
        return;
    end if;
    -- what another has in hand it settles itself, after this
    for c in
        select distinct x.device_id, x.firmware_version, x.chf_id from (
            select a.* from contested_alert a
            where a.device_id = any (p_device_ids)
            order by a.device_id, a.firmware_version, a.chf_id, a.at, a.event
            for update skip locked) x
        order by x.device_id
    loop
        perform settle_contested(c.device_id, c.firmware_version, c.chf_id,
            p_now, p_timeout);
    end loop;
end $$;

-- What hubs say of no update that is known: to the sender of the device's
-- newest update, else to its Responsible Suppliers, without a RequestID.
-- Answers which of them somebody was told.
create or replace function tell_unattributed(
    p_messages device_message[], p_now timestamptz) returns integer[]
    language plpgsql as $$
declare
    told told_message[];
begin
    with reader as materialized (
        select m.*, x.user_id from unnest(p_messages) as m
        cross join lateral (
            select r.originator as user_id from (
                select t.request_no from tracking t
                where t.device_id = m.device_id
                    and t.status <> 'REJECTED_BY_DSP'
                order by t.request_no desc limit 1) u
            join service_request r using (request_no)
            union all
            select unnest(h.supplier_ids) from smi_device s
            join smi_home h on h.chf_id = s.chf_id
            where s.device_id = m.device_id and not exists (
                select from tracking t where t.device_id = m.device_id
                    and t.status <> 'REJECTED_BY_DSP')) x
    ), audited as (
        insert into sat_entry (at, kind, device_id, detail)
        select distinct on (ordinal) p_now, 'told', device_id,
            concat_ws(' ', event, alert_code::text, 'result ' || result,
                'version ' || firmware_version_text(version),
                'of no update that is known')
        from reader
    )
    select array_agg(row(ordinal, event, device_id, null, originator, version,
        at, alert_code, result, 'N62', 'user', null, null, user_id, null, null,
        null, null, null, null, null)::told_message)
    into told from reader;
    if told is not null then
        perform tell(told, p_now);
    end if;
    return array(select distinct t.ordinal from unnest(told) t);
end $$;

-- Activate Firmware commands that failed, by the requests that they are of: the
-- newest update with the image that the command names could not be activated. A
-- device that says that it holds no image (1) says nothing of one that is on its
-- way.
create or replace function commands_failed(
    p_request_nos bigint[], p_now timestamptz, p_timeout interval)
    returns void language plpgsql as $$
declare
    events tracking_event[];
begin
    with command as materialized (
        select c.device_id, command_image_hash(c.payload) as hash,
            coalesce(c.outcome_result, c.response_result) = 1 as no_image
        from device_command c
        where c.request_no = any (p_request_nos) and c.message_code = 18
    )
    select array_agg(row((row_number)::integer, 'command_failed', device_id,
        request_no, null, chf_id, version, null, null, null)::tracking_event)
    into events from (
        select *, row_number() over (order by device_id) from (
            select distinct on (u.device_id) u.*
            from command c
            join handed_updates(array(select device_id from command)) u
                on u.device_id = c.device_id
            join service_request r on r.request_no = u.request_no
                and r.manufacturer_image_hash = c.hash
            where not c.no_image or (select t.hub_status from tracking t
                    where t.device_id = u.device_id
                        and t.request_no = u.request_no)
                = 'SUCCESSFUL_HAN_TRANSFER'
            order by u.device_id, u.request_no desc) u) x;
    if events is not null then
        perform apply_events(events, p_now, p_timeout);
    end if;
end $$;

-- Commands to activate that devices say succeeded while they run another version
-- than that of the image: nothing was activated, and the update's record shows
-- it. A device that has only accepted a command for later is not meant.
create or replace function note_without_effect(
    p_reports version_heard[], p_now timestamptz) returns void
    language plpgsql as $$
begin
    insert into sat_entry (at, kind, request_no, device_id, detail)
    select distinct on (v.device_id) p_now, 'told', u.request_no, v.device_id,
        'the device says that it activated the firmware and still runs '
            || firmware_version_text(v.version)
    from unnest(p_reports) as v
    join device_command c on c.request_no = v.request_no
        and c.message_code = 18 and coalesce(c.outcome_result,
            case when not c.future_dated then c.response_result end) = 0
    join handed_updates(array(select distinct device_id
            from unnest(p_reports))) u on u.device_id = v.device_id
    join service_request r on r.request_no = u.request_no
        and r.manufacturer_image_hash = command_image_hash(c.payload)
    where u.version <> v.version
    order by v.device_id, u.request_no desc;
end $$;
