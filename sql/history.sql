-- The Service Audit Trail as people look into it: of a device, hub, request, User
-- or person over all its days, and a device's state at any moment of it.

-- ---- in the background ----

-- Lists the days of sealed entries, of about p_most at a time, and forgets days
-- that retention dropped. Returns up to which entry it listed; 0: nothing to do
-- now. With the owner's rights, for nobody else writes the mark.
create or replace function sat_list_days(p_most integer) returns bigint
    language plpgsql security definer
    set search_path = public, pg_temp
    set timezone = 'UTC'
as $$
declare
    mark sat_mark;
    up_to bigint;
    part name;
    oldest constant date := (select min(low)::date
        from partitions_of('sat_entry'));
begin
    select * into mark from sat_mark for update skip locked;
    if not found then
        return 0;
    end if;
    select max(last_no) into up_to
    from (select last_no, sum(entries) over (order by seal_no) as together,
            row_number() over (order by seal_no) as n
        from (select * from sat_seal
            where last_no > mark.listed and first_no <= last_no
            order by last_no limit 1000) x) s
    where together <= p_most or n = 1;
    delete from sat_device_day where day < oldest;
    delete from sat_request_day where day < oldest;
    if up_to is null then
        return 0;
    end if;
    foreach part in array parts_with('sat_entry', format(
            'entry_no between %s and %s', mark.listed + 1, up_to)) loop
        execute format('insert into sat_device_day'
            ' select distinct device_id, at::date from %I'
            ' where entry_no between $1 and $2 and device_id is not null'
            ' order by 1, 2 on conflict do nothing', part)
        using mark.listed + 1, up_to;
        execute format('insert into sat_request_day'
            ' select distinct request_no, at::date from %I'
            ' where entry_no between $1 and $2 and request_no is not null'
            ' order by 1, 2 on conflict do nothing', part)
        using mark.listed + 1, up_to;
    end loop;
    update sat_mark set listed = up_to;
    return up_to;
end $$;

-- Indexes by device and request over a day of the trail that is over, so that
-- who writes the trail does not pay for them. Outcomes: made, busy, none.
create or replace function sat_index_day(p_now timestamptz) returns text
    language plpgsql security definer
    set search_path = public, pg_temp
    set lock_timeout = '200ms'
    set client_min_messages = 'warning'
as $$
declare
    day name;
begin
    select p.name into day from partitions_of('sat_entry') p
    where p.high <= p_now - interval '1 hour'
        and to_regclass(p.name || '_of_device') is null
    order by p.low desc limit 1;
    if day is null then
        return 'none';
    end if;
    execute format('create index %I on %I (device_id, entry_no)'
        ' where device_id is not null', day || '_of_device', day);
    execute format('create index %I on %I (request_no, entry_no)'
        ' where request_no is not null', day || '_of_request', day);
    return 'made';
exception when lock_not_available or deadlock_detected then
    return 'busy';
end $$;

-- ---- found again ----

-- The parts of the trail in which entries of these devices, or of a request, may
-- be: the days that are listed, those that are not listed yet, and the rest. By
-- their names (make_day()): to read the bounds of 2,555 days takes longer than
-- all else.
create or replace function sat_parts_of(
    p_device_ids macaddr8[], p_request_no bigint, p_from timestamptz,
    p_to timestamptz) returns setof name language sql stable
    set timezone = 'UTC'
as $$
    with unlisted (since, until) as (
        select least(now(), (select min(s.earliest) from sat_seal s
                where s.last_no > m.listed)) - interval '1 day',
            greatest(now(), (select max(s.latest) from (select latest
                from sat_seal order by seal_no desc limit 10) s))
                + interval '11 days'
        from sat_mark m
    ), wanted (day) as (
        select d.day from sat_device_day d
        where d.device_id = any (p_device_ids)
        union
        select r.day from sat_request_day r where r.request_no = p_request_no
        union
        select g::date from unlisted, generate_series(since::date::timestamp,
            until::date::timestamp, interval '1 day') g
    )
    select c.relname
    from (select day from wanted
        where day >= coalesce(p_from::date, '-infinity')
            and day <= coalesce(p_to::date, 'infinity')
        order by day) w
    join pg_class c on c.relname = 'sat_entry_' || to_char(w.day, 'YYYYMMDD')
        and c.relnamespace = 'public'::regnamespace
    union all
    select 'sat_entry_rest'
$$;

-- Entries of a device, of a hub with the devices behind it now, of a request, of
-- a User, of a person: those of which all holds that is given; the earliest
-- p_most after p_after at least. What is of a device or a request is in its days
-- alone. Anything else is looked for in the whole of a time, day by day when
-- that has more days than a statement may lock.
create or replace function trail_entries(
    p_device_id macaddr8, p_hub_id macaddr8, p_request_no bigint,
    p_user_id macaddr8, p_person text, p_viewer macaddr8,
    p_from timestamptz, p_to timestamptz, p_after bigint, p_most integer)
    returns setof sat_entry language plpgsql stable
    set plan_cache_mode = force_custom_plan -- of its days alone
as $$
declare
    ids constant macaddr8[] := case when p_device_id is not null
        then array[p_device_id] when p_hub_id is not null
        then p_hub_id || array(select device_id from smi_device
            where chf_id = p_hub_id and device_id <> p_hub_id) end;
    condition constant text := concat_ws(' and ', 'true',
        case when ids is not null
            then format('device_id = any (%L)', ids) end,
        case when p_request_no is not null
            then format('request_no = %s', p_request_no) end,
        case when p_user_id is not null
            then format('party = %L', p_user_id) end,
        case when p_person is not null
            then format('person = %L', p_person) end,
        case when p_viewer is not null
            then format('(party is null or party = %L)', p_viewer) end);
    part name;
begin
    if ids is not null or p_request_no is not null then
        for part in select * from sat_parts_of(ids, p_request_no, p_from, p_to)
        loop
            return query select * from sat_part_found(part, condition,
                coalesce(p_from, '-infinity'), coalesce(p_to, 'infinity'));
        end loop;
    elsif p_to - p_from <= interval '93 days' then
        return query select * from sat_entry s
        where s.at >= p_from and s.at < p_to
            and (p_after is null or s.entry_no > p_after)
            and (p_user_id is null or s.party = p_user_id)
            and (p_person is null or s.person = p_person)
            and (p_viewer is null or s.party is null or s.party = p_viewer)
        order by s.entry_no limit p_most;
    else
        return query select * from sat_found(condition, p_from, p_to);
    end if;
end $$;

-- The messageId in an entry about a message of a device, which ends with what
-- became of it.
create or replace function sat_message_id(p_detail text) returns text
    language sql immutable
    return substring(p_detail from 'messageId (.*?)'
        '(?:, (?:unknown|unverified)(?:: .*)?)?$');

-- What a message that an entry is about says, while it is kept; null: it is not.
-- A supplier reads what devices said to it.
create or replace function history_message(e sat_entry, p_viewer macaddr8)
    returns json language sql stable as $$
    select json_strip_nulls(json_build_object('code', code, 'event', event,
        'responseCode', response_code, 'hub', eui64_text(chf_id),
        'device', eui64_text(device_id),
        'devices', (select json_agg(eui64_text(d)) from unnest(device_ids) d),
        'deviceType', device_type,
        'version', firmware_version_text(firmware_version),
        'otherVersion', firmware_version_text(other_version),
        'time', instant_text(event_time), 'deviceAlertCode', device_alert_code,
        'result', result, 'payload', encode(payload, 'hex')))
    from (select code, event, response_code, chf_id, device_id, device_ids,
            device_type, firmware_version, other_version, event_time,
            device_alert_code, result, payload
        from alert where e.kind in ('alert', 'alert again', 'given_up')
            and alert_no = substring(e.detail
                from 'counter ([0-9]+)')::bigint
        union all
        select code, event, response_code, chf_id, device_id, device_ids,
            device_type, firmware_version, other_version, event_time,
            device_alert_code, result, payload
        from alert_confirmed where e.kind = 'delivered'
            and user_id = e.party and number = substring(e.detail
                from ', number ([0-9]+)')::bigint) m
    union all
    select json_build_object('code', e.code, 'payload', encode(payload, 'hex'))
    from (select * from (
            select recipient, received, 0 as message_no, payload
            from gbcs_message
            where csp = e.csp and message_id = sat_message_id(e.detail)
            union all
            select recipient, received, message_no, payload from sat_message
            where csp = e.csp and message_id = sat_message_id(e.detail)) x
        order by received <= e.at desc, received desc, message_no desc
        limit 1) m
    where e.kind like 'device\_%'
        and (p_viewer is null or recipient = p_viewer)
    limit 1
$$;

-- ---- the state at a moment ----

-- What a device's updates were at a moment, by the trail alone, the newest
-- request first: a request waits for its CSP until anything else is heard of
-- its device.
create or replace function history_states(
    p_device_id macaddr8, p_at timestamptz)
    returns table (request_no bigint, request_id text, received timestamptz,
        status processing_status, reason text, since timestamptz,
        released timestamptz)
    language sql stable as $$
    with entry as materialized (
        select e.* from trail_entries(p_device_id, null, null, null, null,
            null, null, null, null, null) e
        where e.request_no is not null
            and e.kind in ('status', 'told', 'released')
            and e.code is not null
    ), request as (
        select distinct x.request_no from (
            select request_no from entry
            union all
            select l.request_no from tracking_live l
            where l.device_id = p_device_id) x
    )
    select r.request_no, request_id_text(r.originator, r.target, r.counter),
        r.received, coalesce(last.code::processing_status, 'AWAITING_CSP'),
        substring(moved.detail from '^\S+ ([A-Z][A-Z0-9_]*)'),
        coalesce(moved.at, r.received), freed.at
    from request q join service_request r on r.request_no = q.request_no
    left join lateral (select e.code from entry e
        where e.request_no = q.request_no and e.at <= p_at
        order by e.entry_no desc limit 1) last on true
    left join lateral (select e.at, e.detail from entry e
        where e.request_no = q.request_no and e.at <= p_at
            and e.kind = 'status'
        order by e.entry_no desc limit 1) moved on true
    left join lateral (select e.at from entry e
        where e.request_no = q.request_no and e.at <= p_at
            and e.kind = 'released'
        order by e.entry_no desc limit 1) freed on true
    where r.received <= p_at
    order by r.received desc, r.request_no desc
$$;

-- The newest of them as JSON; null: nothing was known of it then.
create or replace function history_state_page(
    p_device_id macaddr8, p_at timestamptz) returns json
    language sql stable as $$
    select json_build_object('deviceId', eui64_text(p_device_id),
        'at', instant_text(p_at), 'requestId', s.request_id,
        'status', s.status, 'reason', s.reason, 'since', instant_text(s.since),
        'released', instant_text(s.released),
        'inProgress', s.released is null and in_progress(s.status))
    from history_states(p_device_id, p_at) s limit 1
$$;

-- ---- as people read it ----

-- From the entry after p_after on; p_at: what was known then. p_viewer: a
-- supplier, who is told of its own messages, and not who of the DCC did what.
create or replace function list_trail(
    p_device_id macaddr8, p_hub_id macaddr8, p_request_no bigint,
    p_user_id macaddr8, p_person text, p_viewer macaddr8,
    p_from timestamptz, p_to timestamptz, p_at timestamptz,
    p_after bigint, p_most integer)
    returns table (entry_no bigint, at timestamptz, kind text,
        request_id text, device_id macaddr8, party macaddr8, party_name text,
        csp text, person text, code text, detail text, message text)
    language sql stable as $$
    select e.entry_no, e.at, e.kind, (select request_id_text(r.originator,
            r.target, r.counter) from service_request r
            where r.request_no = e.request_no),
        e.device_id, e.party, user_name(e.party), e.csp,
        case when p_viewer is null then e.person
            when e.person is not null then 'the DCC' end,
        e.code, e.detail, history_message(e, p_viewer)::text
    from (select * from trail_entries(p_device_id, p_hub_id, p_request_no,
            p_user_id, p_person, p_viewer, p_from,
            least(p_to, p_at + interval '1 microsecond'), p_after, p_most) t
        where t.entry_no > coalesce(p_after, 0)
        order by t.entry_no limit p_most) e
    order by e.entry_no
$$;

create or replace function trail_page(
    p_device_id macaddr8, p_hub_id macaddr8, p_request_no bigint,
    p_user_id macaddr8, p_person text, p_viewer macaddr8,
    p_from timestamptz, p_to timestamptz, p_at timestamptz,
    p_after bigint, p_most integer) returns json
    language sql stable as $$
    select json_build_object('from', instant_text(p_from),
        'to', instant_text(p_to), 'at', instant_text(p_at),
        'state', case when p_at is not null
            then history_state_page(p_device_id, p_at) end,
        'items', coalesce(json_agg(json_build_object(
            'entry', t.entry_no::text, 'at', instant_text(t.at),
            'kind', t.kind, 'requestId', t.request_id,
            'deviceId', eui64_text(t.device_id),
            'userId', eui64_text(t.party), 'userName', t.party_name,
            'csp', t.csp, 'person', t.person, 'code', t.code,
            'detail', t.detail, 'message', t.message::json)
            order by t.entry_no), '[]'),
        'next', case when count(*) = p_most then max(t.entry_no)::text end)
    from list_trail(p_device_id, p_hub_id, p_request_no, p_user_id, p_person,
        p_viewer, p_from, p_to, p_at, p_after, p_most) t
$$;

-- May a supplier see it: a device that it is responsible for, a request of its
-- own, itself; each of these that is asked for, and not what a person of the DCC
-- did.
create or replace function history_is_shown(
    p_viewer macaddr8, p_device_id macaddr8, p_hub_id macaddr8,
    p_request_no bigint, p_user_id macaddr8, p_person text) returns boolean
    language sql stable as $$
    select p_viewer is null
        or num_nonnulls(p_device_id, p_request_no, p_user_id) > 0
        and num_nonnulls(p_hub_id, p_person) = 0
        and (p_device_id is null or is_responsible(p_viewer, p_device_id))
        and (p_request_no is null or exists (select from service_request
            where request_no = p_request_no and originator = p_viewer))
        and (p_user_id is null or p_user_id = p_viewer)
$$;
