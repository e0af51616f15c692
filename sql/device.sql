-- Messages of devices: what follows from each (Table 3, N39, N62, responses).

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

-- ---- which update a message is of ----

-- The time that a message says, or ours: nothing happens later than in an hour,
-- nor is anything kept that is older than what is known of updates.
create or replace function believed_time(p_at timestamptz, p_now timestamptz)
    returns timestamptz language sql stable
    return case when p_at between p_now - interval '14 days'
            - (select greatest(delivered, at_hub, at_hub_esme)
                from tracking_setting)
            and p_now + interval '1 hour'
        then p_at else p_now end;

-- The updates of these devices that a CSP was given, or may have been (a try
-- that is under way, or that nobody answered).
-- absent: says the CSP, its image did not come to the hub. created: when its job
-- was made, to the microsecond, as what we do has it.
-- Times are whole seconds, as what hubs and devices say has no other (GBCS).
create or replace function handed_updates(p_device_ids macaddr8[])
    returns table (device_id macaddr8, request_no bigint, chf_id macaddr8,
        version bytea, from_version bytea, made timestamptz,
        reached timestamptz, hub_time timestamptz, absent boolean,
        created timestamptz)
    language plpgsql stable as $$
begin
    return query
    select d.device_id, u.request_no, u.chf_id,
        r.firmware_version::bytea, u.from_version,
        date_trunc('second', j.created),
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
    join csp_job j on j.job_no = u.job_no and (j.leased_until is not null
        or j.state in ('handed_over', 'given_up'))
    join service_request r on r.request_no = u.request_no;
end $$;

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
    for c in
        select distinct a.device_id, a.firmware_version, a.chf_id
        from contested_alert a where a.device_id = any (p_device_ids)
        order by a.device_id
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

-- ---- what messages say ----

-- 8F8A and 8F89 from hubs. They name no request: one is of an update of its
-- device with its firmware version that was handed to a CSP for that hub before
-- the hub said so. A hub that neither holds the device nor held it when a job
-- was made has no say.
create or replace function take_transfer_alerts(
    p_messages device_message[], p_now timestamptz, p_timeout interval)
    returns device_message_end[] language plpgsql as $$
declare
    events tracking_event[];
    unknown device_message[];
    contested device_message[];
    said_at timestamptz[];
    told integer[];
    ends device_message_end[];
begin
    with candidate as materialized (
        select m.ordinal, u.request_no, u.made, min(u.made) over (
                partition by m.ordinal) as first_made, m.at
        from unnest(p_messages) as m
        join handed_updates(array(
                select distinct device_id from unnest(p_messages))) u
            on u.device_id = m.device_id and u.chf_id = m.originator
            and u.version = m.version
    ), believed as (
        select *, case when at between first_made - interval '1 hour'
                and p_now + interval '1 hour' then at else p_now end as said
        from candidate
    ), counted as (
        select ordinal, min(said) as said, count(*) as updates,
            min(request_no) as request_no
        from believed group by ordinal
        having min(made) - interval '1 hour' <= min(said)
            or min(made) > p_now
    ), judged as materialized (
        select m, c.request_no, c.updates, c.said,
            s.chf_id is not distinct from m.originator
            or exists (select from tracking t where t.device_id = m.device_id
                and t.chf_id = m.originator) as hub_counts,
            s.device_id is not null as known
        from unnest(p_messages) as m
        left join counted c on c.ordinal = m.ordinal
        left join smi_device s on c.ordinal is null
            and s.device_id = m.device_id
    ), recorded as (
        insert into contested_alert (device_id, firmware_version, chf_id, at,
            event, device_alert_code, result, taken)
        select (m).device_id, (m).version, (m).originator, said, (m).event,
            (m).alert_code, (m).result, p_now
        from judged where updates > 1
        on conflict do nothing
    )
    select array_agg(row((m).ordinal, (m).event, (m).device_id, request_no,
                null, (m).originator, (m).version, (m).at, (m).alert_code,
                (m).result)::tracking_event) filter (where updates = 1),
        array_agg(m order by (m).ordinal) filter (where updates > 1),
        array_agg(said order by (m).ordinal) filter (where updates > 1),
        array_agg(m) filter (where updates is null and hub_counts),
        array_agg(message_end((m).ordinal, case
                when updates is null and not known
                    then 'no update of this device is known'
                when updates is null and not hub_counts
                    then 'the hub neither holds the device nor held it when '
                        || 'its job was made' end, true, request_no))
            filter (where updates = 1
                or updates is null and not hub_counts)
    into events, contested, said_at, unknown, ends from judged;

    ends := coalesce(ends, '{}');
    if events is not null then
        perform apply_events(events, p_now, p_timeout);
    end if;
    if contested is not null then
        perform settle_contested_of(array(
            select device_id from unnest(contested)), p_now, p_timeout);
        ends := ends || array(
            select message_end(m.ordinal, null, true, c.request_no)
            from (select *, row_number() over () as n
                from unnest(contested)) m
            join unnest(said_at) with ordinality as s (at, n) using (n)
            join contested_alert c on c.device_id = m.device_id
                and c.firmware_version = m.version
                and c.chf_id = m.originator and c.at = s.at
                and c.event = m.event);
    end if;
    if unknown is not null then
        told := tell_unattributed(unknown, p_now);
        ends := ends || array(
            select message_end(m.ordinal, case when m.ordinal <> all (told)
                then 'no update of this device is known' end, true, null)
            from unnest(unknown) as m);
    end if;
    return ends;
end $$;

-- 8F8B: what a PPMID says of itself. With the firmware version of an update
-- that a CSP was given it is of the newest such update. With the version that
-- the PPMID ran when its newest update came: a firmware may come in two images,
-- of which the first changes no version (Appendix B); or it could not activate
-- the image. Any other is a local update. The Responsible Suppliers are told in
-- any case, and the inventory learns what runs.
create or replace function take_ppmid_alerts(
    p_messages device_message[], p_now timestamptz, p_timeout interval)
    returns device_message_end[] language plpgsql as $$
declare
    events tracking_event[];
    told told_message[];
    reports version_heard[];
    ends device_message_end[];
begin
    with message as materialized (
        select m.*, believed_time(m.at, p_now) as said
        from unnest(p_messages) as m
    ), candidate as materialized (
        select m.ordinal, u.request_no, u.version, u.from_version, u.made,
            m.version as said_version, m.said
        from message m
        join handed_updates(array(
                select distinct device_id from unnest(p_messages))) u
            on u.device_id = m.device_id
            -- made later than now: our clock was set back
            and (u.made <= m.said or u.made > p_now)
    ), chosen as (
        select distinct on (ordinal) ordinal, request_no,
            version = said_version as activated
        from (select c.*, max(made) over (partition by c.ordinal) as last_made
            from candidate c) x
        where version = said_version
            or from_version = said_version and made = last_made
        order by ordinal, version = said_version desc, request_no desc
    ), judged as materialized (
        select m.*, c.request_no, coalesce(c.activated, false) as activated,
            s.chf_id as home_chf_id, case
            when s.device_id is null
                then 'the device is not in the Smart Metering Inventory'
            when s.device_type <> 'PPMID'
                then 'the device is no PPMID' end as unknown
        from message m
        left join smi_device s on s.device_id = m.device_id
        left join chosen c on c.ordinal = m.ordinal
    ), audited as (
        insert into sat_entry (at, kind, device_id, detail)
        select p_now, 'told', device_id, concat_ws(' ', event,
            alert_code::text, 'version ' || firmware_version_text(version),
            'of no update that is known')
        from judged where unknown is null and request_no is null
    )
    select array_agg(row(ordinal, case when event = 'device_activated'
                    and not activated then 'device_stored' else event end,
                device_id, request_no, null, home_chf_id, version, at,
                alert_code, case event when 'device_activated' then 1 else 0
                end)::tracking_event)
            filter (where unknown is null and request_no is not null),
        array_agg(row(ordinal, event, device_id, null, home_chf_id, version,
                said, alert_code, case event when 'device_activated' then 1
                else 0 end, 'N39', 'all suppliers', null, 'PPMID', null, null,
                null, null, null, null, null, null)::told_message)
            filter (where unknown is null and request_no is null),
        array_agg(row(ordinal, device_id, version, null, null, true, said)
            ::version_heard)
            filter (where unknown is null and event = 'device_activated'),
        array_agg(message_end(ordinal, unknown, true, request_no))
    into events, told, reports, ends
    from judged;

    if events is not null then
        perform apply_events(events, p_now, p_timeout);
    end if;
    if told is not null then
        perform tell(told, p_now);
    end if;
    perform learn_versions(reports, p_now, p_timeout);
    return ends;
end $$;

-- 8F66 and 8F67: what became of a future dated 11.3. One of a command that is
-- not ours is passed on like any other Device Alert.
create or replace function take_outcome_alerts(
    p_messages device_message[], p_now timestamptz, p_timeout interval)
    returns device_message_end[] language plpgsql as $$
declare
    messages told_message[];
    reports version_heard[];
    failed bigint[];
    others device_message[];
    ends device_message_end[];
begin
    with found as materialized (
        select m, c.command_no, c.request_no, r.originator as user_id
        from unnest(p_messages) as m
        left join (device_command c
                join service_request r on r.request_no = c.request_no)
            on c.originator = m.recipient and c.device_id = m.originator
                and c.counter = m.command_counter
    ), seen as (
        -- no E21 from now on, though its response may still come
        update device_command c set response_due = null,
            outcome_seen = coalesce(c.outcome_seen, p_now),
            outcome_result = coalesce(c.outcome_result, f.result)
        from (
            select distinct on (command_no) command_no, (m).result
            from found where command_no is not null
            order by command_no, (m).ordinal) f
        where c.command_no = f.command_no
    )
    select array_agg(user_message((m).ordinal, user_id,
                'FutureDatedDeviceAlertMessage', request_no, (m).originator,
                p_device_alert_code => (m).alert_code, p_csp => (m).csp,
                p_message_id => (m).message_id))
            filter (where command_no is not null),
        -- what it runs tells, not whether it says that it succeeded
        array_agg(row((m).ordinal, (m).originator, (m).version, null,
                request_no, false, believed_time((m).at, p_now))
            ::version_heard),
        array_agg(distinct request_no) filter (where (m).result <> 0),
        array_agg(m) filter (where command_no is null),
        coalesce(array_agg(message_end((m).ordinal, null, true, request_no))
            filter (where command_no is not null), '{}')
    into messages, reports, failed, others, ends
    from found;

    if messages is not null then
        perform tell(messages, p_now);
    end if;
    if failed is not null then
        perform commands_failed(failed, p_now, p_timeout);
    end if;
    perform learn_versions(reports, p_now, p_timeout);
    perform note_without_effect(reports, p_now);
    if others is not null then
        ends := ends || take_user_alerts(others, p_now);
    end if;
    return ends;
end $$;

-- Responses to 11.2 and 11.3: found by device, originator and counter of the
-- command. A late one is passed on too, for it is what the device says; E20 or
-- E21 said only that nothing had come in time.
create or replace function take_responses(
    p_messages device_message[], p_now timestamptz, p_timeout interval)
    returns device_message_end[] language plpgsql as $$
declare
    messages told_message[];
    reports version_heard[];
    failed bigint[];
    ends device_message_end[];
begin
    perform from device_command c
    join unnest(p_messages) as m on c.originator = m.recipient
        and c.device_id = m.originator and c.counter = m.counter
    order by c.command_no for update of c;

    with judged as materialized (
        select m.*, c.command_no, r.request_no, r.originator as user_id,
            r.service_reference_variant = '11.2' as read, case
            when c.command_no is null then 'no command waits for it'
            when c.message_code <> m.code
                then 'the command it answers is of another use case'
            when c.originator <> r.originator
                and (m.party, m.party_counter)
                    is distinct from (r.originator, r.counter)
                then 'its supplementary fields are not those of the request'
            when c.state = 'answered'
                then 'the command was answered before'
            when c.state not in ('waiting', 'sent', 'failed', 'no_answer')
                then 'the command it answers was not sent'
            end as unknown
        from unnest(p_messages) as m
        left join (device_command c
                join service_request r on r.request_no = c.request_no)
            on c.originator = m.recipient and c.device_id = m.originator
                and c.counter = m.counter
    ), answered as (
        update device_command c set state = 'answered', ended = p_now,
            leased_until = null, response_due = null,
            response_result = j.result
        from judged j
        where j.unknown is null and c.command_no = j.command_no
    )
    select array_agg(user_message(ordinal, user_id, 'ResponseMessage',
                request_no, originator, p_csp => csp,
                p_message_id => message_id)) filter (where unknown is null),
        array_agg(row(ordinal, originator, version,
                case when read then user_id end, request_no, false, p_now)
            ::version_heard)
            filter (where unknown is null and version is not null),
        array_agg(distinct request_no) filter (where unknown is null
            and not read and result <> 0),
        array_agg(message_end(ordinal, unknown, checked, request_no))
    into messages, reports, failed, ends
    from judged;

    if messages is not null then
        perform tell(messages, p_now);
    end if;
    if failed is not null then
        perform commands_failed(failed, p_now, p_timeout);
    end if;
    perform learn_versions(reports, p_now, p_timeout);
    perform note_without_effect(reports, p_now);
    return ends;
end $$;

-- 8F72, 8F1C and every other alert to a User: passed on, and nothing else.
create or replace function take_user_alerts(
    p_messages device_message[], p_now timestamptz)
    returns device_message_end[] language plpgsql as $$
declare
    messages told_message[];
    ends device_message_end[];
begin
    with judged as (
        select m.*, s.device_type, case
            when u.user_id is null then 'its recipient is no User'
            when s.device_id is null and not m.checked
                then 'the device is not known' end as unknown
        from unnest(p_messages) as m
        left join service_user u on u.user_id = m.recipient
        left join smi_device s on s.device_id = m.originator
    )
    select array_agg(user_message(ordinal, recipient, 'DeviceAlertMessage',
                null, originator, p_device_type => device_type,
                p_device_alert_code => alert_code,
                p_originator_counter => counter, p_csp => csp,
                p_message_id => message_id)) filter (where unknown is null),
        array_agg(message_end(ordinal, unknown, checked, null))
    into messages, ends
    from judged;
    if messages is not null then
        perform tell(messages, p_now);
    end if;
    return ends;
end $$;

-- Those of the messages that came before: the same device, recipient, counter
-- and kind of message, whatever the octets. Waits for a session that has
-- another such message in hand.
create or replace function duplicate_messages(p_messages device_message[])
    returns device_message_end[] language plpgsql as $$
declare
    ends device_message_end[];
begin
    with sibling as materialized (
        select m.ordinal, g.csp, g.message_id, g.state
        from unnest(p_messages) as m
        join gbcs_message g on g.originator = m.originator
            and g.counter = m.counter and g.cra = m.cra
            and g.recipient = m.recipient
            and (g.csp, g.message_id) <> (m.csp, m.message_id)
        order by g.csp, g.message_id
        for update of g
    )
    select array_agg(row(x.ordinal, 'unknown',
        'duplicate of messageId ' || x.message_id, null)::device_message_end)
    into ends from (
        select distinct on (s.ordinal) s.ordinal, s.message_id
        from sibling s
        left join unnest(p_messages) as e on e.csp = s.csp
            and e.message_id = s.message_id
        where s.state in ('done', 'unknown') or e.ordinal < s.ordinal
        order by s.ordinal, e.ordinal nulls first) x;
    return coalesce(ends, '{}');
end $$;

-- A batch of messages that the caller's transaction has locked: everything that
-- follows from them, in sets. Arrays go together. p_verdicts: good (signature
-- or MAC checked), unchecked (only the User can), or what becomes of it at
-- once: unverified, unknown. Empty texts, negative numbers and the time 0 stand
-- for null.
create or replace function take_device_messages(
    p_csps text[], p_message_ids text[], p_verdicts text[], p_details text[],
    p_kinds text[], p_events text[], p_device_ids macaddr8[],
    p_alert_codes integer[], p_results integer[], p_versions bigint[],
    p_times timestamptz[], p_command_counters numeric[],
    p_parties macaddr8[], p_party_counters numeric[], p_now timestamptz,
    p_timeout interval)
    returns table (state text, messages bigint)
    language plpgsql as $$
declare
    all_messages device_message[];
    good device_message[];
    batch device_message[];
    ends device_message_end[];
    of_kind text;
begin
    with given as materialized (
        select row(n.ordinal, n.csp, n.message_id, g.originator, g.recipient,
                g.cra, g.code, g.counter, n.kind, n.verdict = 'good',
                nullif(n.event, ''), n.device_id,
                case when n.alert_code >= 0 then n.alert_code end,
                case when n.result >= 0 then n.result end,
                case when n.version >= 0 then
                    decode(lpad(to_hex(n.version), 8, '0'), 'hex') end,
                nullif(n.at, 'epoch'), n.command_counter, n.party,
                n.party_counter)::device_message as m, n.verdict, n.detail
        from unnest(p_csps, p_message_ids, p_verdicts, p_details, p_kinds,
            p_events, p_device_ids, p_alert_codes, p_results, p_versions,
            p_times, p_command_counters, p_parties, p_party_counters)
            with ordinality as n (csp, message_id, verdict, detail, kind,
            event, device_id, alert_code, result, version, at,
            command_counter, party, party_counter, ordinal)
        join gbcs_message g on g.csp = n.csp and g.message_id = n.message_id
            and g.state = 'waiting'
    )
    select array_agg(m),
        array_agg(m) filter (where verdict in ('good', 'unchecked')),
        coalesce(array_agg(row((m).ordinal, verdict, nullif(detail, ''), null)
            ::device_message_end)
            filter (where verdict not in ('good', 'unchecked')), '{}')
    into all_messages, good, ends from given;

    ends := ends || duplicate_messages(good);
    foreach of_kind in array
            array['transfer', 'ppmid', 'outcome', 'response', 'alert'] loop
        select array_agg(m order by m.ordinal) into batch
        from unnest(good) as m
        where m.kind = of_kind
            and m.ordinal not in (select ordinal from unnest(ends));
        continue when batch is null;
        ends := ends || case of_kind
            when 'transfer'
                then take_transfer_alerts(batch, p_now, p_timeout)
            when 'ppmid' then take_ppmid_alerts(batch, p_now, p_timeout)
            when 'outcome' then take_outcome_alerts(batch, p_now, p_timeout)
            when 'response' then take_responses(batch, p_now, p_timeout)
            when 'alert' then take_user_alerts(batch, p_now) end;
    end loop;

    return query
    with ended as materialized (
        select m.*, e.state as end_state, e.detail, e.request_no
        from unnest(all_messages) as m
        join unnest(ends) as e on e.ordinal = m.ordinal
    ), marked as (
        update gbcs_message g set state = e.end_state, detail = e.detail
        from ended e
        where g.csp = e.csp and g.message_id = e.message_id
    ), audited as (
        insert into sat_entry (at, kind, request_no, device_id, csp, code,
            detail)
        select p_now, case cra when 3 then 'device_alert'
                when 2 then 'device_response' else 'device_command' end,
            request_no, device_id, csp,
            upper(lpad(to_hex(coalesce(alert_code, code)), 4, '0')),
            concat_ws(', ', 'response code ' || result,
                'version ' || firmware_version_text(version),
                case when device_id <> originator
                    then 'from ' || eui64_text(originator) end,
                'messageId ' || message_id,
                case when end_state <> 'done'
                    then end_state || coalesce(': ' || detail, '') end)
        from ended order by ordinal
    )
    select e.end_state, count(*) from ended e group by e.end_state;
end $$;

-- The message that cannot be taken goes to the end of the queue.
create or replace function put_back_message(p_reason text, p_now timestamptz)
    returns void language sql
begin atomic
    update gbcs_message g set detail = p_reason,
        received = greatest(p_now, (select max(received) from gbcs_message
            where state = 'waiting')) + interval '1 microsecond'
    from (
        select csp, message_id from gbcs_message where state = 'waiting'
        order by received limit 1 for update skip locked) first
    where g.csp = first.csp and g.message_id = first.message_id;
end;

-- Messages that were left unverified for want of a certificate: looked at again
-- by retry_messages().
create or replace function await_certificates(
    p_csps text[], p_message_ids text[]) returns void language sql
begin atomic
    update gbcs_message g set wants_certificate = true
    from unnest(p_csps, p_message_ids) as w (csp, message_id)
    where g.csp = w.csp and g.message_id = w.message_id
        and g.state = 'unverified';
end;
