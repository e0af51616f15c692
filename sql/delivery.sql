-- Messages to Users: written in the transaction of what caused them, then sent
-- lane by lane, a lane for each User.

-- A message to one User that the transition table does not know of, for tell().
-- p_device_type to p_originator_counter: what a message of that code says;
-- p_csp and p_message_id name the gbcs_message whose octets it passes on.
create or replace function user_message(
    p_ordinal integer, p_user_id macaddr8, p_code text, p_request_no bigint,
    p_device_id macaddr8 default null, p_response_code text default null,
    p_device_type device_type default null, p_version bytea default null,
    p_other_version bytea default null, p_device_alert_code integer default null,
    p_originator_counter numeric default null, p_csp text default null,
    p_message_id text default null, p_event_ref bigint default null,
    p_payload bytea default null) returns told_message
    language sql immutable
    return row(p_ordinal, null, p_device_id, p_request_no, null, p_version,
        null, p_device_alert_code, null, p_code, 'user', null, p_device_type,
        p_user_id, p_response_code, p_other_version, p_originator_counter,
        p_csp, p_message_id, p_event_ref, p_payload)::told_message;

-- No number of these is used twice: alert_counter's are in ResponseIDs, the
-- MACs of the ACB's messages rely on acb_counter's, and a held request's is its
-- QuarantineEventRef. They go on from their first and the time since 1970 at
-- least: nobody takes a million a second, nor holds a request every second.
-- meanwhile: what others take until they are set.
create or replace function counters_by_time()
    returns table (name text, each_second integer, meanwhile integer)
    language sql immutable as $$ values
    ('alert_counter', 1000000, 1000000),
    ('acb_counter', 1000000, 1000000),
    ('held_request_hold_no_seq', 1, 60)
$$;

-- A database that was restored counts from where its copy was made, so whenever
-- a fotad starts, or finds itself on another cluster or timeline (sql/past.sql),
-- these are beyond all numbers used before. The server's clock must not have
-- been set back meanwhile.
create or replace function advance_counters() returns void
    language plpgsql security definer
    set search_path = public, pg_temp
as $$
declare
    sequence record;
    last bigint;
    by_time bigint;
begin
    -- one at a time, by a lock that a reader cannot hold
    perform from tracking_setting for update;
    for sequence in
        select s.seqrelid::regclass as name, s.seqmin as first, c.each_second,
            c.meanwhile
        from counters_by_time() c
        join pg_sequence s on s.seqrelid = c.name::regclass
    loop
        execute format('select last_value from %s', sequence.name) into last;
        by_time := sequence.first + (extract(epoch from clock_timestamp())
            * sequence.each_second)::bigint;
        -- others count on meanwhile
        if by_time > last + sequence.meanwhile then
            perform setval(sequence.name, by_time);
        end if;
    end loop;
end $$;

-- The only writer of messages to Users, in the transaction of what caused them:
-- DCC Alerts for events, as the transition table has it, and what user_message()
-- made. A list for others than the sender waits for the other jobs of its
-- request (tell_collected()).
create or replace function tell(p_told told_message[], p_now timestamptz)
    returns void language plpgsql as $$
begin
    with told as materialized (
        select t.*, r.originator as sender,
            coalesce(t.firmware_version, r.firmware_version) as version
        from unnest(p_told) as t
        left join service_request r on r.request_no = t.request_no
            and t.recipients not in ('user', 'user list')
    ), other_list as (
        select supplier, alert, event, request_no, device_type, version,
            array_agg(device_id order by device_id) as device_ids,
            min(ordinal) as ordinal
        from told, unnest(suppliers) as supplier
        where recipients = 'other suppliers list' and supplier <> sender
        group by supplier, alert, event, request_no, device_type, version
    ), collected as (
        insert into collected_alert (request_no, user_id, code, event,
            device_type, firmware_version, device_ids, since)
        select request_no, supplier, alert, event, device_type, version,
            device_ids, p_now
        from other_list
        where (select n59_collect from tracking_setting) > interval '0'
        order by ordinal
    ), message (user_id, code, event, request_no, device_id, chf_id, device_ids,
            device_type, version, event_time, device_alert_code, result,
            response_code, other_version, originator_counter, event_ref,
            payload, ordinal) as (
        select sender, alert, event, request_no, device_id, chf_id,
            null::macaddr8[], device_type, version, event_time,
            device_alert_code, result, null, null::bytea, null::numeric,
            null::bigint, null::bytea, ordinal
        from told where recipients = 'sender'
        union all
        select supplier, alert, event, request_no, device_id, chf_id, null,
            device_type, version, event_time, device_alert_code, result, null,
            null, null, null, null, ordinal
        from told t, lateral (
            select unnest(h.supplier_ids) from smi_device s
            join smi_home h on h.chf_id = s.chf_id
            where s.device_id = t.device_id
                and ((select n39_recipients from tracking_setting)
                        <> 'recorded'
                    or t.suppliers is null)
            union
            select unnest(t.suppliers)
            where (select n39_recipients from tracking_setting)
                <> 'current') as x (supplier)
        where recipients = 'all suppliers'
        union all
        select sender, alert, event, request_no, null, null,
            array_agg(device_id order by device_id), null, null, null, null,
            null, null, null, null, null, null, min(ordinal)
        from told where recipients = 'sender list'
        group by sender, alert, event, request_no
        union all
        select supplier, alert, event, request_no, null, null, device_ids,
            device_type, version, null, null, null, null, null, null, null,
            null, ordinal
        from other_list
        where (select n59_collect from tracking_setting) = interval '0'
        union all
        select user_id, alert, event, request_no, null, null,
            array_agg(device_id order by device_id), device_type,
            firmware_version, null, null, null, null, null, null, null, null,
            min(ordinal)
        from told where recipients = 'user list'
        group by user_id, alert, event, request_no, device_type,
            firmware_version
        union all
        select user_id, alert, event, request_no, device_id, t.chf_id, null,
            device_type, firmware_version, event_time, device_alert_code,
            result, response_code, other_version, originator_counter, event_ref,
            coalesce(t.payload, g.payload), ordinal
        from told t
        left join gbcs_message g on g.csp = t.csp
            and g.message_id = t.message_id
        where recipients = 'user'
    ), written as (
        insert into alert (user_id, created, code, event, request_no,
            device_id, chf_id, device_ids, device_type, firmware_version,
            event_time, device_alert_code, result, response_code,
            other_version, originator_counter, quarantine_event_ref, payload)
        select user_id, p_now, code, event, request_no, device_id, chf_id,
            device_ids, device_type, version, event_time, device_alert_code,
            result, response_code, other_version, originator_counter,
            event_ref, payload
        from message order by ordinal, user_id
        returning alert_no, user_id, code, response_code, request_no,
            device_id, device_ids, originator_counter
    ), lane as (
        -- looked up first: a conflict would wait for the lane's own turn
        insert into alert_lane (user_id)
        select distinct w.user_id from written w
        where not exists (
            select from alert_lane l where l.user_id = w.user_id)
        order by w.user_id
        on conflict do nothing
    ), listed as (
        -- one entry per device that could not be identified (§3.2.2)
        insert into sat_entry (at, kind, request_no, device_id, party, code)
        select p_now, 'alert device', request_no, d, user_id, code
        from written, unnest(device_ids) as d where code = 'N19'
    )
    insert into sat_entry (at, kind, request_no, device_id, party, code,
        detail)
    select p_now, 'alert', request_no, device_id, user_id,
        coalesce(response_code, code), 'counter ' || alert_no
        || coalesce(', devices ' || cardinality(device_ids), '')
        || coalesce(', of the device ' || originator_counter, '')
    from written;
end $$;

-- Lists that waited for the other jobs of their request: of these requests, or
-- of all when p_request_nos is null, those whose jobs are all reported (or will
-- never be), or that waited long enough. One list for each User. Returns how
-- many waited.
create or replace function tell_collected(
    p_request_nos bigint[], p_now timestamptz) returns bigint
    language plpgsql as $$
declare
    waited constant timestamptz := p_now
        - (select n59_collect from tracking_setting);
    wanted constant bigint[] := coalesce(p_request_nos,
        array(select distinct request_no from collected_alert));
    told told_message[];
    number bigint;
begin
    -- two that report on the last jobs of a request see each other
    perform from service_request where request_no = any (wanted)
    order by request_no for no key update;
    -- next to always there is nothing
    if not exists (select from collected_alert) then
        return 0;
    end if;
    with due as materialized (
        select c.request_no from collected_alert c
        where c.request_no = any (wanted)
        group by c.request_no
        having min(c.since) <= waited
            or not exists (select from distribution d
                where d.request_no = c.request_no and d.unassigned > 0)
            and not exists (select from jobs_of_request(c.request_no) j
                where j.reported is null and j.silent is null
                    and j.state in ('waiting', 'handed_over'))
        order by c.request_no
    ), gone as (
        delete from collected_alert c
        where c.request_no in (select request_no from due)
        returning *
    )
    select count(distinct alert_no), array_agg(row(alert_no, event, d,
            request_no, null, firmware_version, null, null, null, code,
            'user list', null, device_type, user_id, null, null, null, null,
            null, null, null)::told_message)
    into number, told from gone, unnest(device_ids) as d;
    if told is not null then
        perform tell(told, p_now);
    end if;
    return number;
end $$;

-- Takes lanes of Users with something due, for one worker. A lane whose User
-- is gone or has no address is taken too: the worker says so in it.
-- p_except: lanes that this process has in hand, whatever the time says.
create or replace function lane_leases(
    p_except macaddr8[], p_now timestamptz, p_until timestamptz,
    p_most integer)
    returns table (user_id macaddr8, lease_number bigint, registered boolean,
        receive_url text, duis_version text, tries integer)
    language plpgsql as $$
#variable_conflict use_column
begin
    return query
    with chosen as (
        select l.user_id from alert_lane l
        where l.next_try <= p_now
            and (l.leased_until is null or l.leased_until <= p_now)
            and l.user_id <> all (p_except)
            -- not "exists", which may become a look at all that wait
            and (select true from alert a
                where a.user_id = l.user_id and a.state = 'waiting'
                    and a.next_try <= p_now limit 1)
        order by l.next_try, l.user_id limit p_most
        for update of l skip locked
    ), leased as (
        update alert_lane l set leased_until = p_until,
            lease_number = l.lease_number + 1
        from chosen c where l.user_id = c.user_id
        returning l.user_id, l.lease_number, l.tries)
    select l.user_id, l.lease_number, u.user_id is not null, u.receive_url,
        u.duis_version, l.tries
    from leased l left join service_user u on u.user_id = l.user_id;
end $$;

-- The earlier messages that a message waits for and that are not taken in their
-- order any more: they were tried, or put behind such a one. About the same
-- device, or lists of its request; until they are confirmed or given up. Those
-- that are taken in their order come before it anyhow. It becomes part of the
-- statements that ask it, so plans.sql does not name it.
create or replace function alerts_before(
    p_user_id macaddr8, p_alert_no bigint, p_device_id macaddr8,
    p_request_no bigint)
    returns table (alert_no bigint, code text, device_id macaddr8,
        next_try timestamptz, last_error text)
    language sql stable
begin atomic
    select alert_no, code, device_id, next_try, last_error from alert
    where user_id = p_user_id and device_id = p_device_id
        and alert_no < p_alert_no and state = 'waiting'
        and next_try > '-infinity'
    union all
    select alert_no, code, device_id, next_try, last_error from alert
    where user_id = p_user_id and request_no = p_request_no
        and device_id is null and alert_no < p_alert_no
        and state = 'waiting' and next_try > '-infinity';
end;

-- What a leased lane may send at once: its alerts in their order, but of those
-- about one device only the first, and nothing of a request before its lists.
-- What waits for an alert that failed goes behind it in the queue, so that it
-- does not stand before others: a round for each few that are looked at, until
-- enough are found. p_in_hand: alerts that other turns in the lane have, in
-- order (looked up by halves); they count, but are not given.
-- duis_version: what a message is written in: an answer in its request's
-- (request_version), anything else in the User's. mismatch: that version does
-- not have it, so N999 is sent in its place, in the User's.
create or replace function messages_due(
    p_user_id macaddr8, p_in_hand bigint[], p_now timestamptz, p_most integer)
    returns table (
        alert_no bigint, created timestamptz, since timestamptz,
        tries integer, code text, response_code text, originator macaddr8,
        target macaddr8, counter text, service_reference text,
        service_reference_variant text, device_id macaddr8,
        chf_id macaddr8, device_ids macaddr8[], device_type text,
        firmware_version bytea, other_version bytea, event_time timestamptz,
        device_alert_code integer, result smallint,
        originator_counter text, quarantine_event_ref bigint,
        payload bytea, duis_version text, request_version text,
        mismatch boolean)
    language plpgsql as $$
#variable_conflict use_column
declare
    on_version constant text := duis_version_of((select u.duis_version
        from service_user u where u.user_id = p_user_id));
    -- what cannot be said in it
    lacking constant text[] := array(select l.name from duis_lacks l
        where l.version = on_version and l.kind = 'alert_code');
    rounds constant integer := 20;
    looked_at integer := greatest(p_most, 100) + cardinality(p_in_hand);
    -- next to always nothing is out of its order
    any_behind constant boolean := exists (select from alert a
        where a.user_id = p_user_id and a.state = 'waiting'
            and a.next_try > '-infinity');
    chosen bigint[];
    behind integer;
begin
    for round in 1..rounds loop
        with due as materialized (
            select a.alert_no, a.request_no, a.device_id, a.next_try
            from alert a
            where a.user_id = p_user_id and a.state = 'waiting'
                and a.next_try <= p_now
            order by a.next_try, a.alert_no limit looked_at
        ), judged as materialized (
            select d.*, (d.device_id is not null and row_number() over (
                            partition by d.device_id order by d.alert_no) > 1
                    or d.request_no is not null and d.alert_no
                        > min(d.alert_no) filter (where d.device_id is null)
                            over (partition by d.request_no)) is true as later,
                case when any_behind then (
                    select max(e.next_try) from alerts_before(p_user_id,
                        d.alert_no, d.device_id, d.request_no) e) end as behind
            from due d
        ), waiting as materialized (
            select a.alert_no, j.behind
            from judged j join alert a on a.alert_no = j.alert_no
            where j.behind > j.next_try and a.state = 'waiting'
            order by a.alert_no for update of a
        ), put_behind as (
            update alert a set next_try = w.behind
            from waiting w where a.alert_no = w.alert_no
            returning a.alert_no
        ), free as (
            select j.alert_no, j.next_try from judged j
            where not j.later and j.behind is null
                and p_in_hand[width_bucket(j.alert_no, p_in_hand)]
                    is distinct from j.alert_no
            order by j.next_try, j.alert_no limit p_most
        )
        select (select array_agg(f.alert_no order by f.next_try, f.alert_no)
                from free f),
            (select count(*) from put_behind)
        into chosen, behind;
        exit when behind = 0 or cardinality(chosen) >= p_most;
        looked_at := greatest(looked_at, 1000);
    end loop;
    return query
    select a.alert_no, a.created, coalesce(a.retried, a.created), a.tries,
        a.code, coalesce(instead.of_code, a.response_code), r.originator,
        r.target, r.counter::text,
        s.service_reference, s.service_reference_variant, a.device_id,
        a.chf_id, a.device_ids, a.device_type::text,
        a.firmware_version::bytea, a.other_version::bytea, a.event_time,
        a.device_alert_code, a.result, a.originator_counter::text,
        a.quarantine_event_ref, a.payload,
        case when answer.lacks then on_version
            else coalesce(answer.version, on_version) end,
        answer.version, answer.lacks or a.code = any (lacking)
    from unnest(chosen) with ordinality as c (alert_no, place)
    join alert a on a.alert_no = c.alert_no
    left join service_request r on r.request_no = a.request_no
    left join service_reference s
        on s.service_reference_variant = r.service_reference_variant
    cross join lateral (
        select v as version, v is not null and exists (select from duis_lacks l
                where l.version = v and l.kind = 'element'
                    and l.name = a.code) as lacks
        from (select case when a.code like '%Message'
                    and a.code <> 'DeviceAlertMessage' then r.duis_version
                end as v) v) answer
    left join lateral (
        select l.instead as of_code from duis_lacks l
        where a.response_code is not null and l.kind = 'response_code'
            and l.version = coalesce(answer.version, on_version)
            and l.name = a.response_code) instead on true
    order by c.place;
end $$;

-- Alerts that cannot wait any longer. A lane that does not answer has only one
-- tried at a time; the others fail with it. Most were never tried, and those
-- are in the order of their age: from the front, until none of `most` is old.
-- One that a person had retried stays in that order, and waits anew.
create or replace function give_up_alerts(
    p_user_id macaddr8, p_before timestamptz, p_error text,
    p_now timestamptz) returns integer
    language plpgsql as $$
declare
    most constant integer := 1000;
    passed bigint := 0;
    old integer;
    due bigint[];
    given integer;
    total integer := 0;
begin
    loop
        with first as (
            select alert_no, created, retried from alert
            where user_id = p_user_id and state = 'waiting'
                and next_try = '-infinity' and alert_no > passed
            order by next_try, alert_no limit most
        ), late as (
            select alert_no from first
            where coalesce(retried, created) <= p_before
            union all
            select alert_no from alert
            where passed = 0 and user_id = p_user_id and state = 'waiting'
                and next_try > '-infinity'
                and coalesce(retried, created) <= p_before
        )
        select (select max(alert_no) from first),
            (select count(*) from first where created <= p_before),
            array(select alert_no from late order by alert_no)
        into passed, old, due;
        with mine as materialized (
            select alert_no from alert where alert_no = any (due)
            order by alert_no for update
        ), given_up as (
            update alert a set state = 'given_up', last_error = p_error
            from mine m
            where a.alert_no = m.alert_no and a.state = 'waiting'
                and coalesce(a.retried, a.created) <= p_before
            returning a.*)
        insert into sat_entry (at, kind, request_no, device_id, party, code,
            detail)
        select p_now, 'given_up', request_no, device_id, user_id, code,
            'counter ' || alert_no || ': ' || last_error
        from given_up order by alert_no;
        get diagnostics given = row_count;
        total := total + given;
        exit when old is null or old = 0;
    end loop;
    return total;
end $$;

-- What came of a lane's turn, in one transaction. Confirmed alerts get their
-- numbers and go to alert_confirmed; failed ones are tried again at their time, or
-- given up if that is 'infinity'. p_paused_until is null while the address
-- answers; otherwise the lane rests. p_until is the lane's next lease, or null
-- to give it back; it is not touched if another has leased it since. Said
-- again (its answer was lost), it counts no try a second time. What a person
-- retried meanwhile (p_give_up_before: of what age one is given up) waits anew.
-- p_mismatch: those of the confirmed that were sent as N999, which the User's
-- version of DUIS does not have: they are told.
-- next_lease is the number of the next lease, null when there is none.
create or replace function lane_settled(
    p_user_id macaddr8, p_lease_number bigint, p_until timestamptz,
    p_delivered bigint[], p_failed bigint[], p_next_tries timestamptz[],
    p_errors text[], p_tries integer, p_paused_until timestamptz,
    p_error text, p_give_up_before timestamptz, p_now timestamptz,
    p_mismatch bigint[] default '{}',
    out given_up integer, out next_lease bigint)
    language plpgsql as $$
declare
    leased bigint;
    last_number bigint;
    confirmed integer;
begin
    given_up := 0;
    select case when l.leased_until is not null then l.lease_number end,
        l.numbered
    into leased, last_number from alert_lane l where l.user_id = p_user_id
    for update;
    if cardinality(p_delivered) > 0 and cardinality(p_failed) > 0 then
        -- at once, in the order in which all take them
        perform from alert where alert_no = any (p_delivered || p_failed)
        order by alert_no for update;
    end if;
    with mine as materialized (
        select alert_no from alert where alert_no = any (p_delivered)
        order by alert_no for update
    ), gone as materialized (
        delete from alert a using mine m where a.alert_no = m.alert_no
        returning a.*
    ), numbered as materialized (
        select g.*, last_number + row_number() over (order by g.alert_no)
            as place
        from gone g
    ), kept as (
        insert into alert_confirmed (user_id, number, alert_no, created, code,
            event, response_code, request_no, device_id, chf_id, device_ids,
            device_type, firmware_version, other_version, event_time,
            device_alert_code, result, originator_counter,
            quarantine_event_ref, payload, confirmed)
        select n.user_id, n.place, n.alert_no, n.created, n.code, n.event,
            n.response_code, n.request_no, n.device_id, n.chf_id,
            n.device_ids, n.device_type, n.firmware_version, n.other_version,
            n.event_time, n.device_alert_code, n.result, n.originator_counter,
            n.quarantine_event_ref, n.payload, p_now
        from numbered n order by n.place)
    insert into sat_entry (at, kind, request_no, device_id, party, code,
        detail)
    select p_now, 'delivered', n.request_no, n.device_id, n.user_id, n.code,
        'counter ' || n.alert_no || ', number ' || n.place
        || case when n.alert_no = any (p_mismatch) then ', as N999' else '' end
    from numbered n order by n.place;
    get diagnostics confirmed = row_count;
    last_number := last_number + confirmed;

    if leased is distinct from p_lease_number then
        update alert_lane l set numbered = last_number
        where l.user_id = p_user_id and confirmed > 0;
        return;
    end if;
    if cardinality(p_failed) > 0 then
        with mine as materialized (
            select a.alert_no, f.error, f.next_try, f.next_try = 'infinity'
                and (a.retried > p_give_up_before) is not true as ends
            from alert a
            join unnest(p_failed, p_next_tries, p_errors)
                as f (alert_no, next_try, error) using (alert_no)
            where a.state = 'waiting'
            order by a.alert_no for update of a
        ), failed as (
            update alert a set tries = a.tries + 1, last_error = m.error,
                next_try = case m.next_try when 'infinity' then a.next_try
                    else m.next_try end,
                state = case when m.ends then 'given_up'::alert_state
                    else 'waiting' end
            from mine m where a.alert_no = m.alert_no
            returning a.*)
        insert into sat_entry (at, kind, request_no, device_id, party, code,
            detail)
        select p_now, 'given_up', request_no, device_id, user_id, code,
            'counter ' || alert_no || ': ' || last_error
        from failed where state = 'given_up';
        get diagnostics given_up = row_count;
    end if;
    if p_paused_until is not null then
        given_up := given_up + give_up_alerts(p_user_id, p_give_up_before,
            p_error, p_now);
    end if;

    update alert_lane set numbered = last_number, leased_until = p_until,
        tries = p_tries, lease_number = lease_number
            + case when p_until is null then 0 else 1 end,
        next_try = coalesce(p_paused_until, '-infinity'),
        last_error = case when p_tries > 0 then coalesce(p_error, last_error)
            end
    where user_id = p_user_id
    returning case when leased_until is not null then lease_number end
    into next_lease;
end $$;

-- A person has undelivered messages tried again at once: those given up, and
-- those that wait for their next try or for one that does. Null: of all Users.
-- Returns how many.
create or replace function retry_undelivered(
    p_user_id macaddr8, p_person text, p_now timestamptz) returns integer
    language plpgsql as $$
declare
    again integer;
begin
    perform from alert_lane
    where p_user_id is null or user_id = p_user_id
    order by user_id for update;
    with mine as materialized (
        select alert_no from alert
        where (p_user_id is null or user_id = p_user_id)
            and (state = 'given_up'
                or state = 'waiting' and next_try > '-infinity')
        order by alert_no for update
    ), again as (
        update alert a set state = 'waiting', next_try = '-infinity',
            tries = 0, retried = p_now
        from mine m where a.alert_no = m.alert_no
        returning a.user_id
    ), woken as (
        update alert_lane set next_try = '-infinity'
        where p_user_id is null or user_id = p_user_id
    ), audited as (
        insert into sat_entry (at, kind, person, party, code, detail)
        select p_now, 'person', p_person, user_id, 'retry',
            count(*) || ' messages'
        from again group by user_id)
    select count(*) into again from again;
    return again;
end $$;

-- The ResponseID that a message is sent with: a DCC Alert has one of its own, a
-- device's alert that of the device, and what answers a request the request's.
create or replace function response_id_text(
    a alert, r service_request, p_acb_id macaddr8) returns text
    language sql stable
    return case
        when a.code = 'DeviceAlertMessage' then request_id_text(
            a.device_id, a.user_id, a.originator_counter)
        when a.code ~ '^N[0-9]+$' then request_id_text(
            p_acb_id, a.user_id, a.alert_no)
        else request_id_text(r.target, r.originator, r.counter) end;

-- What a message that is not confirmed waits for, and until when: null and
-- null, if it only has its turn to come. The one place that says so.
create or replace function alert_waits(
    p_alert alert, p_lane alert_lane, out why text, out until timestamptz)
    language sql stable
begin atomic
    select case
            when p_alert.state = 'given_up' or p_alert.tries > 0
                then coalesce(p_alert.last_error, p_lane.last_error)
            when p_lane.tries > 0 then p_lane.last_error
            when p_alert.next_try > '-infinity' then coalesce(
                (select 'waits for the earlier ' || e.code || ', '
                    || e.alert_no || ', about the same '
                    || case when e.device_id is null then 'request'
                        else 'device' end
                    || coalesce(': ' || e.last_error, '')
                from alerts_before(p_alert.user_id, p_alert.alert_no,
                    p_alert.device_id, p_alert.request_no) e
                order by e.alert_no limit 1),
                'what it waited for is done with: it is sent at its next try')
        end,
        case when p_alert.state = 'waiting'
            then nullif(greatest(p_alert.next_try, p_lane.next_try),
                '-infinity') end;
end;

-- How many messages to each User are not confirmed, and since when the oldest
-- waits or waited.
create or replace function messages_undelivered()
    returns table (user_id macaddr8, state alert_state, messages bigint,
        oldest timestamptz)
    language sql stable
begin atomic
    select a.user_id, a.state, count(*), min(a.created)
    from alert a group by a.user_id, a.state;
end;

-- Messages that are not confirmed and wait for more than their turn, or were
-- given up.
create or replace function undelivered(
    p_acb_id macaddr8, p_user_id macaddr8, p_most bigint)
    returns table (
        response_id text, user_id macaddr8, code text, request_id text,
        device_id macaddr8, devices bigint, created timestamptz, state text,
        tries bigint, next_try timestamptz, last_error text)
    language sql stable
begin atomic
    select response_id_text(a.message, r, p_acb_id),
        a.user_id, a.code,
        request_id_text(r.originator, r.target, r.counter), a.device_id,
        cardinality(a.device_ids)::bigint, a.created,
        case a.state when 'given_up' then 'given-up' else 'waiting' end,
        a.tries::bigint, w.until, w.why
    from (select m.*, m as message, l as lane
        from alert m
        join alert_lane l on l.user_id = m.user_id
        where (m.state = 'given_up' or m.next_try > '-infinity'
                or l.tries > 0)
            and (p_user_id is null or m.user_id = p_user_id)
        order by m.user_id, m.alert_no limit p_most) a
    cross join alert_waits(a.message, a.lane) w
    left join service_request r on r.request_no = a.request_no
    order by a.user_id, a.alert_no;
end;
