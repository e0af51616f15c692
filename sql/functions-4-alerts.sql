do $$ begin
    create type tracking_told as (
        ordinal           integer,
        event             text,
        device_id         macaddr8,
        request_no        bigint,
        chf_id            macaddr8,
        firmware_version  bytea,
        event_time        timestamptz,
        device_alert_code integer,
        result            integer,
        alert             text,
        recipients        text,
        suppliers         macaddr8[],
        device_type       device_type);
    comment on type tracking_told is
        'An event with what the transition table says of telling it';
exception when duplicate_object then null;
end $$;

-- Writes the DCC Alerts for events, in the transaction of the change. What a
-- released device needs comes from its history.
create or replace function tell(p_told tracking_told[], p_now timestamptz)
    returns void language plpgsql
    set plan_cache_mode = force_generic_plan
    set jit = off
as $$
begin
    with told as materialized (
        select t.ordinal, t.event, t.device_id, t.request_no, t.event_time,
            t.device_alert_code, t.result, t.alert, t.recipients,
            r.originator as sender,
            coalesce(t.firmware_version, r.firmware_version) as version,
            coalesce(t.device_type, h.device_type) as device_type,
            coalesce(t.suppliers, h.responsible_supplier_ids) as suppliers,
            coalesce(t.chf_id, h.chf_id) as chf_id
        from unnest(p_told) as t
        join service_request r on r.request_no = t.request_no
        left join lateral (
            select device_type, responsible_supplier_ids, chf_id
            from tracking_history
            where device_id = t.device_id and request_no = t.request_no
                and t.device_type is null
            order by last_updated desc limit 1) h on true
    ), message as (
        select sender as user_id, alert, event, request_no, device_id, chf_id,
            null::macaddr8[] as device_ids, device_type, version, event_time,
            device_alert_code, result, ordinal
        from told where recipients = 'sender'
        union all
        select supplier, alert, event, request_no, device_id, chf_id,
            null, device_type, version, event_time, device_alert_code, result,
            ordinal
        from told, lateral (
            select unnest(h.supplier_ids) from smi_device s
            join smi_home h on h.chf_id = s.chf_id
            where s.device_id = told.device_id) as now (supplier)
        where recipients = 'all suppliers'
        union all
        select sender, alert, event, request_no, null, null,
            array_agg(device_id order by device_id), null, null, null, null,
            null, min(ordinal)
        from told where recipients = 'sender list'
        group by sender, alert, event, request_no
        union all
        select supplier, alert, event, request_no, null, null,
            array_agg(device_id order by device_id), device_type, version,
            null, null, null, min(ordinal)
        from told, unnest(suppliers) as supplier
        where recipients = 'other suppliers list' and supplier <> sender
        group by supplier, alert, event, request_no, device_type, version
    ), written as (
        insert into alert (user_id, created, code, event, request_no,
            device_id, chf_id, device_ids, device_type, firmware_version,
            event_time, device_alert_code, result, next_try)
        select user_id, p_now, alert, event, request_no, device_id, chf_id,
            device_ids, device_type, version, event_time, device_alert_code,
            result, p_now
        from message order by ordinal
        returning alert_no, user_id, code, request_no, device_id, device_ids
    ), lane as (
        insert into alert_lane (user_id)
        select distinct user_id from written order by user_id
        on conflict do nothing
    ), listed as (
        -- one entry per device that could not be identified (section 3.2.2)
        insert into sat_entry (at, kind, request_no, device_id, party, code)
        select p_now, 'alert device', request_no, d, user_id, code
        from written, unnest(device_ids) as d where code = 'N19'
    )
    insert into sat_entry (at, kind, request_no, device_id, party, code,
        detail)
    select p_now, 'alert', request_no, device_id, user_id, code,
        'counter ' || alert_no
        || coalesce(', devices ' || cardinality(device_ids), '')
    from written;
end $$;

-- Takes the lane of a User with something to send, for one worker.
create or replace function lease_lane(
    p_now timestamptz, p_until timestamptz,
    out user_id macaddr8, out receive_url text, out duis_version text,
    out tries integer)
    language plpgsql as $$
begin
    select l.user_id, u.receive_url, u.duis_version, l.tries
    into lease_lane.user_id, lease_lane.receive_url, lease_lane.duis_version,
        lease_lane.tries
    from alert_lane l
    join service_user u on u.user_id = l.user_id
    where l.next_try <= p_now
        and (l.leased_until is null or l.leased_until <= p_now)
        and exists (
            select from alert a
            where a.user_id = l.user_id and a.state = 'waiting'
                and a.next_try <= p_now
                and (a.leased_until is null or a.leased_until <= p_now))
    order by l.next_try, l.user_id
    limit 1
    for update of l skip locked;
    if found then
        update alert_lane l set leased_until = p_until
        where l.user_id = lease_lane.user_id;
    end if;
end $$;

-- The next alerts of a lane. Order per device: an alert waits for earlier ones
-- of the same device, and for earlier lists of the same request.
create or replace function lease_alerts(
    p_user_id macaddr8, p_now timestamptz, p_until timestamptz,
    p_most integer)
    returns table (
        alert_no bigint, created timestamptz, code text, event text,
        request_id text, device_id macaddr8, chf_id macaddr8,
        device_ids macaddr8[], device_type text, firmware_version bytea,
        other_version bytea, event_time timestamptz,
        device_alert_code integer, result smallint, payload bytea,
        tries integer)
    language sql
    set plan_cache_mode = force_generic_plan
begin atomic
    with chosen as (
        select a.alert_no from alert a
        where a.user_id = p_user_id and a.state = 'waiting'
            and a.next_try <= p_now
            and (a.leased_until is null or a.leased_until <= p_now)
            and not exists (
                select from alert e
                where e.user_id = a.user_id and e.device_id = a.device_id
                    and e.alert_no < a.alert_no and e.state = 'waiting')
            and not exists (
                select from alert e
                where e.user_id = a.user_id and e.device_id is null
                    and e.request_no = a.request_no
                    and e.alert_no < a.alert_no and e.state = 'waiting')
        order by a.alert_no limit p_most
        for update skip locked
    ), leased as (
        update alert a set leased_until = p_until
        from chosen c where a.alert_no = c.alert_no
        returning a.*)
    select l.alert_no, l.created, l.code, l.event,
        request_id_text(r.originator, r.target, r.counter), l.device_id,
        l.chf_id, l.device_ids, l.device_type::text, l.firmware_version,
        l.other_version, l.event_time, l.device_alert_code, l.result,
        l.payload, l.tries
    from leased l
    left join service_request r on r.request_no = l.request_no
    order by l.alert_no;
end;

-- Confirmed by the User: the audit trail keeps what the queue forgets.
create or replace function alerts_delivered(
    p_alert_nos bigint[], p_now timestamptz) returns void
    language sql
    set plan_cache_mode = force_generic_plan
begin atomic
    with gone as (
        delete from alert where alert_no = any (p_alert_nos)
        returning alert_no, user_id, request_no, device_id, code)
    insert into sat_entry (at, kind, request_no, device_id, party, code,
        detail)
    select p_now, 'delivered', request_no, device_id, user_id, code,
        'counter ' || alert_no
    from gone;
end;

-- Not confirmed: tried again at its time, or given up and left for a person.
create or replace function alerts_failed(
    p_alert_nos bigint[], p_next_tries timestamptz[], p_errors text[],
    p_now timestamptz, p_give_up interval) returns void
    language sql
begin atomic
    with failed as (
        update alert a set tries = a.tries + 1, leased_until = null,
            last_error = f.error, next_try = f.next_try,
            state = case when f.next_try - a.created > p_give_up
                then 'given_up'::alert_state else 'waiting' end
        from unnest(p_alert_nos, p_next_tries, p_errors)
            as f (alert_no, next_try, error)
        where a.alert_no = f.alert_no
        returning a.*)
    insert into sat_entry (at, kind, request_no, device_id, party, code,
        detail)
    select p_now, 'given_up', request_no, device_id, user_id, code,
        'counter ' || alert_no || ': ' || last_error
    from failed where state = 'given_up';
end;

-- Gives a lane back: p_next_try in the future while its address is not well.
create or replace function release_lane(
    p_user_id macaddr8, p_next_try timestamptz, p_error text) returns void
    language sql
begin atomic
    update alert_lane set leased_until = null,
        next_try = coalesce(p_next_try, '-infinity'),
        tries = case when p_next_try is null then 0 else tries + 1 end,
        last_error = p_error
    where user_id = p_user_id;
end;
