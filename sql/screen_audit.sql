-- What the Service Audit Trail has of the messages about a device, for people.

-- The number of the message that an entry of the trail is about.
create or replace function sat_message(p_detail text) returns bigint
    language sql immutable
    return substring(p_detail from '^counter ([0-9]+)')::bigint;

-- When it was confirmed, by the trail; null: not that it says. Nearly always
-- soon, so that is looked at first.
create or replace function message_confirmed(
    p_alert_no bigint, p_party macaddr8, p_sent timestamptz)
    returns timestamptz language plpgsql stable
    set plan_cache_mode = force_custom_plan -- of its days alone
as $$
declare
    within interval;
    found_at timestamptz;
begin
    foreach within in array array[interval '10 minutes', interval '8 days'] loop
        select e.at into found_at from sat_entry e
        where e.at between p_sent and p_sent + within
            and e.kind = 'delivered' and e.party = p_party
            and sat_message(e.detail) = p_alert_no;
        exit when found_at is not null;
    end loop;
    return found_at;
end $$;

-- The messages about a device's update: those about it alone were written when
-- its status changed; a list (N59) after the report on its job goes to the
-- Responsible Suppliers, and has it among others.
create or replace function sent_about(u tracking, p_received timestamptz)
    returns table (at timestamptz, party macaddr8, code text, alert_no bigint,
        list boolean)
    language plpgsql stable
    set plan_cache_mode = force_custom_plan -- of its days alone
as $$
declare
    times timestamptz[];
    reported timestamptz;
begin
    select array_agg(distinct e.at), min(e.at) filter (
        where e.detail like 'csp\_%' and e.kind = 'status')
    into times, reported
    from sat_entry e
    where e.device_id = u.device_id and e.request_no = u.request_no
        and e.kind in ('status', 'told', 'notification', 'reset', 'released')
        and e.at >= p_received - interval '1 hour';
    return query
    select e.at, e.party, e.code, sat_message(e.detail), false
    from sat_entry e
    where e.at = any (times) and e.kind = 'alert'
        and e.request_no = u.request_no and e.device_id = u.device_id
    union all
    select e.at, e.party, e.code, sat_message(e.detail), true
    from sat_entry e
    where e.at between reported and reported + interval '1 minute'
            + (select n59_collect from tracking_setting)
        and e.kind = 'alert' and e.request_no = u.request_no
        and e.device_id is null and e.code = 'N59'
        and is_responsible(e.party, u.device_id);
end $$;

-- p_viewer: see screen_device.sql; a supplier is told of its own messages.
create or replace function device_messages(
    p_device_id macaddr8, p_viewer macaddr8, p_now timestamptz) returns json
    language plpgsql stable as $$
declare
    u tracking;
    received timestamptz;
begin
    select * into u from device_updates(p_device_id, p_viewer, p_now, 1);
    if not found then
        return null;
    end if;
    select r.received into strict received from service_request r
    where r.request_no = u.request_no;
    return (select json_build_object('items', coalesce(json_agg(
            json_build_object('code', m.code, 'userId', eui64_text(m.party),
                'userName', user_name(m.party), 'list', m.list,
                'written', instant_text(m.at),
                'state', case when a.state is null then 'confirmed'
                    else a.state::text end,
                'confirmed', case when a.state is null then instant_text(
                    message_confirmed(m.alert_no, m.party, m.at)) end,
                'tries', a.tries, 'nextTry', instant_text(w.until),
                'lastError', w.why) order by m.at, m.alert_no), '[]'))
        from (select * from sent_about(u, received) s
            where p_viewer is null or s.party = p_viewer
            order by s.at desc limit 50) m
        left join alert a on a.alert_no = m.alert_no
        left join alert_lane l on l.user_id = a.user_id
        left join lateral (select x.why, x.until from alert_waits(a, l) x
            where a.alert_no is not null) w on true);
end $$;

-- How the CSP of a device is, for people: busy since, and the hold on it.
create or replace function csp_state(
    p_csp text, p_viewer macaddr8, p_now timestamptz) returns json
    language sql stable
begin atomic
    select json_build_object('busySince', instant_text(min(j.created)),
        'nextTry', instant_text(min(j.next_try)),
        'lastError', case when p_viewer is null
            then (array_agg(j.last_error order by j.next_try))[1] end,
        'took', (select instant_text(max(t.ended)) from csp_job t
            where t.csp = p_csp and t.state = 'handed_over'
                and t.ended > p_now - interval '1 day'),
        'held', (select instant_text(min(o.made)) from steering o
            where o.verb = 'hold' and o.state = 'active' and o.csp = p_csp
                and num_nonnulls(o.request_no, o.originator, o.image_hash,
                    o.manufacturer_id, o.device_ids) = 0))
    from csp_job j
    where j.csp = p_csp and j.state = 'waiting' and j.tries > 0
        and j.last_error is not null;
end;
