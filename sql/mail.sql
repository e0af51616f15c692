-- E-mail to people: who wishes to hear of what, what there is to tell, and the
-- outbox.

-- May the account be told of the request? As on the screens: a supplier of its
-- own, the DCC's readers of all (seen_request()); an administrator sees none.
create or replace function hears_of(a account, r service_request)
    returns boolean language sql immutable
    return a.active and a.mail is not null and case a.role
        when 'supplier' then r.originator = a.supplier_id
        else a.role <> 'administrator' end;

-- And of alarms? They are for the DCC's people who look at everybody's requests.
create or replace function hears_of_alarms(a account)
    returns boolean language sql immutable
    return a.active and a.mail is not null
        and a.role in ('service_desk', 'auditor');

-- ---- wishes ----
create or replace function notices_of(
    p_name text, out mail text, out wishes text[])
    language sql stable
begin atomic
    select a.mail, array(select w.kind::text from notice_wish w
        where w.account = a.name order by w.kind)
    from account a where a.name = p_name;
end;

-- Update requests from p_since on are watched, and those that were held until
-- then.
create or replace function watch_requests(p_since timestamptz)
    returns void language sql
begin atomic
    insert into notice_request (request_no)
    select r.request_no
    from (select request_no from service_request
            where image_id is not null and received >= p_since
        union
        select request_no from held_request where ended >= p_since) x
    join service_request r using (request_no)
    where r.accepted > 0 and not exists (select from notice_request n
        where n.request_no = r.request_no)
    on conflict do nothing;
end;

create or replace function notices_since(
    p_timeout interval, p_now timestamptz) returns timestamptz
    language sql immutable
    return p_now - p_timeout - interval '1 day';
comment on function notices_since(interval, timestamptz) is
    'Requests received before are not seen anew';

-- What is finished when the first person begins to wish is told to nobody.
create or replace function pass_over_requests(
    p_timeout interval, p_now timestamptz) returns void
    language plpgsql as $$
begin
    perform watch_requests(notices_since(p_timeout, p_now));
    update notice_request n set ended = true
    from service_request r
    where not n.ended and r.request_no = n.request_no
        and request_state(r, p_now) = 'finished';
end $$;

-- Null leaves the address or the wishes as they are; an empty address ends
-- both. Named outcomes: done, unknown, not_an_address, no_address (there are
-- wishes), not_a_reader (an administrator sees no request), not_staff (a
-- supplier sees no alarm).
create or replace function set_notices(
    p_name text, p_mail text, p_wishes text[], p_timeout interval,
    p_person text, p_now timestamptz) returns text
    language plpgsql as $$
declare
    a account;
    wishes text[];
begin
    select * into a from account where name = p_name for no key update;
    if not found then
        return 'unknown';
    elsif p_mail <> '' and not is_mail_address(p_mail) then
        return 'not_an_address';
    end if;
    a.mail := nullif(coalesce(p_mail, a.mail), '');
    wishes := coalesce(p_wishes, case p_mail when '' then '{}'
        else (notices_of(p_name)).wishes end);
    if wishes <> '{}' and a.mail is null then
        return 'no_address';
    elsif wishes <> '{}' and a.role = 'administrator' then
        return 'not_a_reader';
    elsif 'alarm' = any (wishes) and a.role = 'supplier' then
        return 'not_staff';
    end if;
    if wishes <> '{}' and not exists (select from notice_wish) then
        perform pass_over_requests(p_timeout, p_now);
    end if;
    update account set mail = a.mail where name = p_name;
    delete from notice_wish where account = p_name;
    insert into notice_wish
    select p_name, w::notice_kind from unnest(wishes) w
    on conflict do nothing;
    perform person_did(p_person, 'e-mail set', format('%s: %s, %s', p_name,
        coalesce(a.mail, 'no address'), coalesce(nullif(
            array_to_string((notices_of(p_name)).wishes, ' '), ''),
            'no wishes')), p_now);
    return 'done';
end $$;

-- ---- what there is to tell ----

-- Of the devices that a request went on with: those that came to an end, and
-- those of them that failed. A reset is a person's doing and counts as
-- neither.
create or replace function failed_devices(
    p_tally device_tally[], out settled bigint, out failed bigint)
    language sql stable
begin atomic
    select coalesce(sum(devices) filter (where outcome <> 'inProgress'
            or status = 'SUCCESSFUL_HAN_TRANSFER'), 0),
        coalesce(sum(devices) filter (where outcome = 'failed'), 0)
    from (select status, devices, device_outcome(status, live, device_type)
            as outcome
        from unnest(p_tally)
        where status not in ('REJECTED_BY_DSP', 'RESET_BY_DCC')) x;
end;

-- A few devices that fail early are no share yet.
create or replace function share_is_passed(
    p_tally device_tally[], p_share integer) returns boolean
    language sql stable
begin atomic
    select failed >= 10 and 100 * failed > p_share * settled
    from failed_devices(p_tally);
end;

create or replace function notice_subject(
    p_kind notice_kind, r service_request) returns text
    language sql immutable
    return 'Firmware request ' || request_id_text(r.originator, r.target,
        r.counter) || case p_kind::text
            when 'request_finished' then ' has finished'
            when 'failure_share' then ': many devices fail'
            when 'quarantine' then ' is held'
            when 'csp_silent' then ': a CSP does not report'
            else ' is held or stopped' end;

create or replace function notice_reason(
    p_kind notice_kind, r service_request, p_tally device_tally[],
    p_share integer) returns text
    language sql stable
begin atomic
    select case p_kind
        when 'request_finished' then format('This request has finished: no '
            'device of it is in progress any more. %s of its devices went '
            'on, %s of them failed.', r.accepted, failed)
        when 'failure_share' then format('%s of the %s devices of this '
            'request that have come to an end failed. That is more than %s %%.',
            failed, settled, p_share)
        when 'quarantine' then 'Anomaly detection holds this request. Nothing '
            'is done with it until the DCC Service Desk releases or rejects it.'
        else 'A CSP took a job of this request and has not reported on it in '
            'time. Its devices are released. The DCC Service Desk asks the CSP '
            'what became of them; a report that still comes is taken.' end
    from failed_devices(p_tally);
end;

create or replace function tally_text(p_tally device_tally[]) returns text
    language sql stable
begin atomic
    select E'\n' || string_agg(lpad(devices::text, 8) || '  ' || status
        || case when late then ' (not heard of any more)' else '' end, E'\n'
        order by devices desc, status)
    from (select status,
            device_stage(status, live, device_type) = 'timedOut' as late,
            sum(devices) as devices
        from unnest(p_tally) group by 1, 2) x;
end;

-- p_screens: where the pages are; empty: there is no link.
create or replace function notice_body(
    p_reason text, a account, r service_request, p_tally device_tally[],
    p_screens text) returns text
    language sql stable
begin atomic
    select concat_ws(E'\n', p_reason, '',
        'Request   ' || id,
        'Sender    ' || coalesce(user_name(r.originator),
            eui64_text(r.originator)),
        'Service   ' || r.service_reference_variant || coalesce(
            ', firmware version '
                || firmware_version_text(r.firmware_version), ''),
        'Received  ' || instant_text(r.received),
        tally_text(p_tally), E'\n' || base || '/requests/' || id,
        E'\n-- \nAccount ' || a.name || ' asked to be told of this.',
        'To end it: ' || base || '/mail')
    from (select request_id_text(r.originator, r.target, r.counter) as id,
        nullif(p_screens, '') || case a.role when 'service_desk'
            then '/ssmi' else '/ssi' end as base) x;
end;

-- Requests that have finished, and those of which too many devices fail. One
-- statement, so that a request is not seen to have finished without its
-- notices.
create or replace function make_request_notices(
    p_share integer, p_screens text, p_now timestamptz) returns bigint
    language plpgsql as $$
declare
    number bigint;
begin
    with open as materialized (
        select n.request_no, request_state(r, p_now) = 'finished' as finished
        from notice_request n join service_request r using (request_no)
        where not n.ended
    ), due as materialized (
        select a.name, w.kind, o.request_no
        from open o
        join service_request r using (request_no)
        join notice_wish w on w.kind = 'failure_share'
            or w.kind = 'request_finished' and o.finished
        join account a on a.name = w.account and hears_of(a, r)
        where not exists (select from notice n where n.account = a.name
            and n.kind = w.kind and n.request_no = o.request_no)
    ), counted as materialized (
        select request_no, request_tally(request_no, 'infinity', p_now)
            as tally
        from (select distinct request_no from due) x
    ), made as (
        insert into notice (account, kind, request_no, made, subject, body)
        select d.name, d.kind, d.request_no, p_now,
            notice_subject(d.kind, r), notice_body(notice_reason(d.kind, r,
                c.tally, p_share), a, r, c.tally, p_screens)
        from due d
        join counted c using (request_no)
        join service_request r using (request_no)
        join account a on a.name = d.name
        where d.kind = 'request_finished' or share_is_passed(c.tally, p_share)
        order by d.request_no, d.name, d.kind
        on conflict do nothing
        returning 1
    ), ended as (
        update notice_request n set ended = true
        from open o where o.finished and n.request_no = o.request_no)
    select count(*) into number from made;
    return number;
end $$;

-- Requests that anomaly detection holds. One that was decided on before this
-- looked is not told.
create or replace function make_hold_notices(
    p_screens text, p_since timestamptz, p_now timestamptz)
    returns bigint language plpgsql as $$
declare
    number bigint;
begin
    if not exists (select from notice_wish where kind = 'quarantine') then
        return 0;
    end if;
    with made as (
        insert into notice (account, kind, request_no, made, subject, body)
        select a.name, w.kind, h.request_no, p_now,
            notice_subject(w.kind, r), notice_body(notice_reason(w.kind, r,
                '{}', 0), a, r, '{}', p_screens)
        from held_request h
        join service_request r using (request_no)
        join notice_wish w on w.kind = 'quarantine'
        join account a on a.name = w.account and hears_of(a, r)
        where h.state = 'held' and h.held >= p_since
            and not exists (select from notice n where n.account = a.name
                and n.kind = w.kind and n.request_no = h.request_no)
        order by h.hold_no, a.name
        on conflict do nothing
        returning 1)
    select count(*) into number from made;
    return number;
end $$;

-- Requests of which a CSP took a job and never reported.
create or replace function make_silence_notices(
    p_screens text, p_since timestamptz, p_now timestamptz)
    returns bigint language plpgsql as $$
declare
    number bigint;
begin
    if not exists (select from notice_wish where kind = 'csp_silent') then
        return 0;
    end if;
    with made as (
        insert into notice (account, kind, request_no, made, subject, body)
        select a.name, w.kind, r.request_no, p_now,
            notice_subject(w.kind, r), notice_body(notice_reason(w.kind, r,
                '{}', 0), a, r, request_tally(r.request_no, 'infinity',
                p_now), p_screens)
        from (select distinct request_no from csp_job
            where silent >= p_since) j
        join service_request r using (request_no)
        join notice_wish w on w.kind = 'csp_silent'
        join account a on a.name = w.account and hears_of(a, r)
        where not exists (select from notice n where n.account = a.name
                and n.kind = w.kind and n.request_no = r.request_no)
        order by r.request_no, a.name
        on conflict do nothing
        returning 1)
    select count(*) into number from made;
    return number;
end $$;

-- Requests that an order holds or has stopped.
create or replace function requests_of_order(o steering)
    returns setof service_request language sql stable
begin atomic
    select r.* from service_request r
    where o.verb = 'stop' and r.stopped = o.order_no
        or o.verb = 'hold' and (r.request_no in (
                select d.request_no from distribution d
                where d.held = o.order_no)
            or r.request_no in (
                select l.request_no from tracking_live l
                where l.held = o.order_no));
end;

create or replace function steering_reason(
    o steering, p_requests bigint) returns text
    language sql stable
    return format('%s %s: %s', case
            when o.verb = 'stop' then 'Stopped'
            when o.until is null then 'Held until somebody releases it'
            else 'Held until ' || instant_text(o.until) end,
        case when p_requests > 1 then 'are ' || p_requests || ' requests, '
                || steering_scope(o)
            else 'is this request' end, o.reason)
        || case o.verb when 'stop'
            then E'\n\nWhat no CSP had has ended; the rest goes on.'
            else E'\n\nNothing more of it is handed over to a CSP; what it '
                || 'has goes on.' end;

-- Requests that are held or stopped: one notice of each order.
create or replace function make_steering_notices(
    p_screens text, p_since timestamptz, p_now timestamptz)
    returns bigint language plpgsql as $$
declare
    number bigint;
begin
    if not exists (select from notice_wish where kind = 'steering') then
        return 0;
    end if;
    with concerned as materialized (
        select a.name, o.order_no, min(r.request_no) as request_no,
            count(*) as requests
        from steering o
        cross join lateral requests_of_order(o) r
        join notice_wish w on w.kind = 'steering'
        join account a on a.name = w.account and hears_of(a, r)
        where o.verb in ('hold', 'stop') and o.state in ('active', 'done')
            and coalesce(o.decided, o.made) >= p_since
            and (o.verb = 'stop' or o.state = 'active')
            and not exists (select from notice n where n.account = a.name
                and n.kind = w.kind and n.order_no = o.order_no)
        group by a.name, o.order_no
    ), made as (
        insert into notice (account, kind, request_no, order_no, made, subject,
            body)
        select a.name, 'steering', c.request_no, c.order_no, p_now,
            notice_subject('steering', r), notice_body(steering_reason(o,
                c.requests), a, r, '{}', p_screens)
        from concerned c
        join steering o using (order_no)
        join service_request r on r.request_no = c.request_no
        join account a on a.name = c.name
        order by c.order_no, a.name
        on conflict do nothing
        returning 1)
    select count(*) into number from made;
    return number;
end $$;

-- What is too old to be made again: by the clock, and by running time as well,
-- for a clock that went ahead goes back, and all would be told again.
create or replace function clean_notices(
    p_since timestamptz, p_kept_from bigint)
    returns void language plpgsql as $$
begin
    delete from notice_request where ctid = any (array(
        select n.ctid from notice_request n
        join service_request r on r.request_no = n.request_no
        where n.ended and r.received < p_since and n.inserted < p_kept_from
            and not exists (select from held_request h
                where h.request_no = n.request_no and h.ended >= p_since)
        for update of n skip locked));
    delete from notice where ctid = any (array(
        select n.ctid from notice n
        where n.state <> 'waiting' and n.made < p_since
            and n.inserted < p_kept_from
            and not exists (select from notice_request q
                where q.request_no = n.request_no)
        for update of n skip locked));
end $$;

-- Writes what there is to tell into the outbox; returns how many. Costs one
-- look at an empty table when nobody wishes to hear. While another fotad is at
-- it there is nothing to do. While the clock is in doubt nobody can say that a
-- request has finished.
create or replace function make_notices(
    p_share integer, p_screens text, p_timeout interval, p_now timestamptz)
    returns bigint language plpgsql as $$
declare
    since constant timestamptz := notices_since(p_timeout, p_now);
    number bigint := 0;
begin
    if not exists (select from notice_wish)
            or not pg_try_advisory_xact_lock(advisory_lock('notices')) then
        return 0;
    end if;
    perform watch_requests(since);
    if clock_sound() then
        perform clean_notices(since,
            kept_from(p_timeout + interval '1 day'));
        number := make_request_notices(p_share, p_screens, p_now);
    end if;
    return number + make_hold_notices(p_screens, since, p_now)
        + make_silence_notices(p_screens, since, p_now)
        + make_steering_notices(p_screens, since, p_now);
end $$;

-- ---- the outbox ----

-- Takes up to p_most notices in hand. What its account may not or does not
-- wish to hear any more is removed. A lease or a pause that ends too far ahead
-- is of a clock that was set back.
create or replace function notice_leases(
    p_now timestamptz, p_until timestamptz, p_most integer)
    returns table (notice_no bigint, lease_number bigint, mail text,
        made timestamptz, subject text, body text, tries integer)
    language plpgsql as $$
begin
    delete from notice where ctid = any (array(
        select n.ctid from notice n
        where n.state = 'waiting' and not exists (select from account a
                join notice_wish w on w.account = a.name and w.kind = n.kind
                left join service_request r on r.request_no = n.request_no
                where a.name = n.account and case when n.alarm is null
                    then hears_of(a, r) else hears_of_alarms(a) end)
        for update of n skip locked));
    return query
    update notice n set leased_until = p_until,
        lease_number = n.lease_number + 1
    from account a
    where a.name = n.account and n.notice_no = any (array(
        select d.notice_no from notice d
        where d.state = 'waiting'
            and (d.next_try <= p_now or d.next_try > p_now + interval '2 hours')
            and (d.leased_until is null or d.leased_until <= p_now
                or d.leased_until > p_until + (p_until - p_now))
        order by d.next_try, d.notice_no limit p_most
        for update skip locked))
    returning n.notice_no, n.lease_number, a.mail, n.made, n.subject, n.body,
        n.tries;
end $$;

-- The mail server has it.
create or replace function notice_sent(
    p_notice_no bigint, p_mail text, p_now timestamptz)
    returns void language sql
begin atomic
    with sent as (
        update notice set state = 'sent', tries = tries + 1,
            leased_until = null, last_error = null
        where notice_no = p_notice_no and state <> 'sent' returning *)
    insert into sat_entry (at, kind, request_no, code, detail)
    select p_now, 'mail', request_no, kind::text, account || ' at ' || p_mail
    from sent;
end;

-- p_next_try 'infinity': it is given up. Nothing if another has had it in hand.
create or replace function notice_again(
    p_notice_no bigint, p_lease_number bigint, p_next_try timestamptz,
    p_error text) returns void language sql
begin atomic
    update notice set tries = tries + 1, leased_until = null,
        last_error = p_error, next_try = p_next_try,
        state = case p_next_try when 'infinity' then 'given_up'::notice_state
            else 'waiting' end
    where notice_no = p_notice_no and lease_number = p_lease_number
        and leased_until is not null and state = 'waiting';
end;

-- The server does not answer: what waits since p_before goes too, tried or not.
create or replace function give_up_notices(
    p_before timestamptz, p_error text) returns bigint language sql
begin atomic
    with mine as materialized (
        select notice_no from notice
        where state = 'waiting' and coalesce(since, made) <= p_before
        order by notice_no for update
    ), gone as (
        update notice n set state = 'given_up', leased_until = null,
            last_error = p_error
        from mine m where n.notice_no = m.notice_no returning 1)
    select count(*) from gone;
end;

create or replace function notices_back(
    p_notice_nos bigint[], p_lease_numbers bigint[]) returns void
    language sql
begin atomic
    with mine as materialized (
        select n.notice_no from notice n
        join unnest(p_notice_nos, p_lease_numbers)
            as l (notice_no, lease_number) using (notice_no, lease_number)
        order by n.notice_no for update of n
    )
    update notice n set leased_until = null
    from mine m where n.notice_no = m.notice_no;
end;
