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

-- 8F8A and 8F89 from hubs. They name no request: one moves the live update
-- only if its firmware version is that update's. Otherwise it is told, not
-- moved: to the sender of the device's latest update with that version, else
-- of its latest. A hub that neither holds the device nor held it when the job
-- was made has no say.
create or replace function take_transfer_alerts(
    p_messages device_message[], p_now timestamptz, p_timeout interval)
    returns device_message_end[] language plpgsql as $$
declare
    moved tracking_event[];
    told told_message[];
    ends device_message_end[];
begin
    with found as (
        select m.*, coalesce(l.request_no, o.request_no) as request_no,
            l.request_no is not null as moves,
            m.originator = s.chf_id
                or m.originator = coalesce(l.chf_id, o.chf_id) as hub_counts
        from unnest(p_messages) as m
        left join smi_device s on s.device_id = m.device_id
        left join (tracking_live l
                join service_request r on r.request_no = l.request_no)
            on l.device_id = m.device_id and r.firmware_version = m.version
        left join lateral (
            select u.request_no, u.chf_id from device_update u
            where l.request_no is null and u.device_id = m.device_id
            order by u.firmware_version is not distinct from m.version desc,
                u.request_no desc
            limit 1) o on true
    ), judged as materialized (
        select f.*, case
            when f.request_no is null
                then 'no update of this device is known'
            when f.hub_counts is not true
                then 'the hub neither holds the device nor held it when its '
                    || 'job was made' end as unknown
        from found f
    ), audited as (
        insert into sat_entry (at, kind, request_no, device_id, detail)
        select p_now, 'told', request_no, device_id,
            concat_ws(' ', event, alert_code::text, 'result ' || result)
        from judged where unknown is null and not moves
    )
    select array_agg(row(j.ordinal, j.event, j.device_id, j.request_no, null,
                j.originator, j.version, j.at, j.alert_code, j.result)
            ::tracking_event) filter (where unknown is null and moves),
        array_agg(row(j.ordinal, j.event, j.device_id, j.request_no,
                j.originator, j.version, j.at, j.alert_code, j.result,
                t.alert, t.recipients, null, null, null, null, null, null,
                null, null, null, null)::told_message) filter (where unknown is null and not moves),
        array_agg(message_end(j.ordinal, unknown, true, j.request_no))
    into moved, told, ends
    from judged j join transition t on t.event = j.event;

    if moved is not null then
        perform apply_events(moved, p_now, p_timeout);
    end if;
    if told is not null then
        perform tell(told, p_now);
    end if;
    return ends;
end $$;

-- 8F8B: ends the PPMID's live update whatever its version (a firmware may come
-- in two images, of which the first changes no version). All Responsible
-- Suppliers of the moment are told, also when there is no update.
create or replace function take_ppmid_alerts(
    p_messages device_message[], p_now timestamptz, p_timeout interval)
    returns device_message_end[] language plpgsql as $$
declare
    events tracking_event[];
    reports version_report[];
    ends device_message_end[];
begin
    with judged as (
        select m.*, s.chf_id, coalesce(l.request_no, o.request_no)
                as request_no, case
            when s.device_id is null
                then 'the device is not in the Smart Metering Inventory'
            when s.device_type <> 'PPMID'
                then 'the device is no PPMID' end as unknown
        from unnest(p_messages) as m
        left join smi_device s on s.device_id = m.device_id
        left join tracking_live l on l.device_id = m.device_id
        left join lateral (
            select u.request_no from device_update u
            where l.device_id is null and u.device_id = m.device_id
            order by u.firmware_version is not distinct from m.version desc,
                u.request_no desc
            limit 1) o on true
    )
    select array_agg(row(ordinal, event, device_id, request_no, null, chf_id,
                version, at, alert_code,
                case event when 'device_activated' then 1 else 0 end)
            ::tracking_event) filter (where unknown is null),
        array_agg(row(ordinal, device_id, version, null, null, true)
            ::version_report)
            filter (where unknown is null and event = 'device_activated'),
        array_agg(message_end(ordinal, unknown, true, request_no))
    into events, reports, ends
    from judged;

    if events is not null then
        perform apply_events(events, p_now, p_timeout);
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
    reports version_report[];
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
                request_no, false)::version_report),
        array_agg(m) filter (where command_no is null),
        coalesce(array_agg(message_end((m).ordinal, null, true, request_no))
            filter (where command_no is not null), '{}')
    into messages, reports, others, ends
    from found;

    if messages is not null then
        perform tell(messages, p_now);
    end if;
    perform learn_versions(reports, p_now, p_timeout);
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
    reports version_report[];
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
                case when read then user_id end, request_no, false)
            ::version_report)
            filter (where unknown is null and version is not null),
        array_agg(message_end(ordinal, unknown, checked, request_no))
    into messages, reports, ends
    from judged;

    if messages is not null then
        perform tell(messages, p_now);
    end if;
    perform learn_versions(reports, p_now, p_timeout);
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
