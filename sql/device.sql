-- Messages of devices: what follows from each (Table 3, N39, N62, responses).

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
        select m.*, u.request_no, u.version as update_version, u.from_version,
            u.made, max(u.made) over (partition by m.ordinal) as last_made
        from message m
        left join handed_updates(array(
                select distinct device_id from unnest(p_messages))) u
            on u.device_id = m.device_id
            and was_made_by(m.said, u.made, u.reached, u.hub_time, p_now)
    ), chosen as (
        -- not joined with the messages once more: of so few rows as are
        -- expected each would be held against each
        select distinct on (ordinal) c.*,
            case when fits then request_no end as of_request,
            fits and update_version = version as activated
        from (select x.*, (update_version = version
                or from_version = version and made = last_made) is true as fits
            from candidate x) c
        order by ordinal, fits desc, update_version = version desc,
            request_no desc
    ), judged as materialized (
        select c.ordinal, c.event, c.device_id, c.version, c.at, c.said,
            c.alert_code, c.of_request as request_no, c.activated,
            s.chf_id as home_chf_id, case
            when s.device_id is null
                then 'the device is not in the Smart Metering Inventory'
            when s.device_type <> 'PPMID'
                then 'the device is no PPMID' end as unknown
        from chosen c
        left join smi_device s on s.device_id = c.device_id
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
-- E21 said only that nothing had come in time. One that only the User can check
-- is passed on, and all that follows is that nobody says E21.
create or replace function take_responses(
    p_messages device_message[], p_now timestamptz, p_timeout interval)
    returns device_message_end[] language plpgsql as $$
declare
    messages told_message[];
    reports version_heard[];
    failed bigint[];
    ends device_message_end[];
begin
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
        where j.unknown is null and j.checked and c.command_no = j.command_no
    ), passed_on as (
        update device_command c set response_due = null,
            passed_on = coalesce(c.passed_on, p_now)
        from (select distinct command_no from judged
            where unknown is null and not checked) j
        where c.command_no = j.command_no
    )
    select array_agg(user_message(ordinal, user_id, 'ResponseMessage',
                request_no, originator, p_csp => csp,
                p_message_id => message_id)) filter (where unknown is null),
        array_agg(row(ordinal, originator, version,
                case when read then user_id end, request_no, false, p_now)
            ::version_heard)
            filter (where unknown is null and checked
                and version is not null),
        array_agg(distinct request_no) filter (where unknown is null
            and checked and not read and result <> 0),
        array_agg(message_end(ordinal, unknown, checked, request_no))
    into messages, reports, failed, ends
    from judged;

    if messages is not null then
        perform tell(messages, p_now);
    end if;
    perform cancel_activations(p_messages, p_now);
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

-- ---- a batch of them ----

-- Locks all that messages may write of: the commands that they answer, or that a
-- cancellation ends, and the updates of their devices.
create or replace function lock_for_messages(p_messages device_message[])
    returns void language plpgsql as $$
declare
    ids constant macaddr8[] := array(select distinct device_id
        from unnest(p_messages) where kind <> 'alert');
begin
    if exists (select from unnest(p_messages)
            where kind in ('response', 'outcome')) then
        perform from device_command where command_no = any (array(
            select c.command_no from unnest(p_messages) as m
            join device_command c on c.originator = m.recipient
                and c.device_id = m.originator
                and (c.counter in (m.counter, m.command_counter)
                    or m.code = 18 and c.message_code = 18)
            where m.kind in ('response', 'outcome')))
        order by command_no for update;
    end if;
    if ids <> '{}' then
        perform lock_updates(ids);
    end if;
end $$;

-- A batch of messages that the caller's transaction has locked: everything that
-- follows from them, in sets. Arrays go together. p_verdicts: good (signature
-- or MAC checked), unchecked (only the User can), or what becomes of it at
-- once: unverified, unknown. Empty texts, negative numbers and the time 0 stand
-- for null. p_regions and p_region_csps go together.
create or replace function take_device_messages(
    p_csps text[], p_message_ids text[], p_verdicts text[], p_details text[],
    p_kinds text[], p_events text[], p_device_ids macaddr8[],
    p_alert_codes integer[], p_results integer[], p_versions bigint[],
    p_times timestamptz[], p_command_counters numeric[],
    p_parties macaddr8[], p_party_counters numeric[], p_regions csp_region[],
    p_region_csps text[], p_now timestamptz, p_timeout interval)
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
                n.party_counter, g.chf_id)::device_message as m, n.verdict,
            n.detail
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

    ends := ends || refuse_messages(good, p_regions, p_region_csps, p_now);
    perform learn_waiting_versions(1000, p_now)
    where exists (select from version_waiting);
    good := array(select m from unnest(good) as m
        where m.ordinal not in (select ordinal from unnest(ends)));
    perform lock_for_messages(good);
    foreach of_kind in array
            array['transfer', 'ppmid', 'outcome', 'response', 'alert'] loop
        select array_agg(m order by m.ordinal) into batch
        from unnest(good) as m
        where m.kind = of_kind;
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

-- A message that cannot be taken goes to the end of the queue, unless another
-- has taken it meanwhile.
create or replace function put_back_message(
    p_csp text, p_message_id text, p_reason text, p_now timestamptz)
    returns void language sql
begin atomic
    update gbcs_message g set detail = p_reason,
        received = greatest(p_now, (select max(received) from gbcs_message
            where state = 'waiting')) + interval '1 microsecond'
    where g.csp = p_csp and g.message_id = p_message_id
        and g.state = 'waiting';
end;

-- Messages that were left unverified for want of a certificate: looked at again
-- by retry_messages().
create or replace function await_certificates(
    p_csps text[], p_message_ids text[]) returns void language plpgsql as $$
begin
    update gbcs_message g set wants_certificate = true
    from unnest(p_csps, p_message_ids) as w (csp, message_id)
    where g.csp = w.csp and g.message_id = w.message_id
        and g.state = 'unverified';
end $$;
