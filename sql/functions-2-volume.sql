-- Anomaly detection: counting, holding, and what is decided.

-- ---- counting ----

-- Devices in a threshold's period, looked up whole.
create or replace function volume_since(
    p_user_id macaddr8, p_variant text, p_from timestamptz, p_to timestamptz)
    returns bigint language plpgsql stable as $$
begin
    if p_user_id = all_users() then
        return (select coalesce(sum(devices), 0) from request_volume
            where service_reference_variant = p_variant
                and at > p_from and at <= p_to);
    end if;
    return (select coalesce(sum(devices), 0) from request_volume
        where user_id = p_user_id and service_reference_variant = p_variant
            and at > p_from and at <= p_to);
end $$;

-- Brings the count of a threshold, whose row the caller has locked, to the
-- period that ends now: only what left the period since the latest count is
-- looked up. A clock that was set back does not put it wrong.
create or replace function slide_count(
    inout t volume_threshold, p_now timestamptz)
    language plpgsql as $$
declare
    begins constant timestamptz :=
        p_now - make_interval(secs => t.period_seconds);
begin
    if t.counted_from is null or p_now <= t.counted_from then
        t.counted := volume_since(t.user_id, t.service_reference_variant,
            begins, 'infinity');
        t.counted_from := begins;
    elsif begins > t.counted_from then
        t.counted := t.counted - volume_since(t.user_id,
            t.service_reference_variant, t.counted_from, begins);
        t.counted_from := begins;
    end if;
end $$;

create or replace function held_of(p_user_id macaddr8) returns bigint
    language sql stable
    return (select count(*) from held_request h
        join service_request r using (request_no)
        where h.state = 'held' and r.originator = p_user_id);
comment on function held_of(macaddr8) is 'Requests of a User that are held';

-- Counts a request and says whether it may go on. The rows of its thresholds,
-- the User's own and then that of all Users, are locked for this alone: the
-- caller commits at once, before it takes any device. So of two requests at
-- once, by whichever fotad, the second sees the first; and nobody waits for
-- more than this. It need not wait for the disk either: the transaction that
-- gives the request its effect comes later in the log.
--
-- p_enforce false: a request that was released; it is counted whatever the
-- levels say, in the transaction of its effect.
--
-- breach: '' when it may go on (it is counted then), else the threshold that
-- it exceeds, the User's own first, with that threshold's numbers; a request
-- that is held is not counted. 'full' when p_most_held of its sender are held
-- already, for each is kept whole. warned: thresholds whose warning level the
-- volume came to exceed by this request. A RequestID that was used already
-- may go on uncounted, to be told so; one that was counted and did not come to
-- an end is not counted again.
create or replace function count_volume(
    p_user_id macaddr8, p_counter numeric, p_stage smallint,
    p_content bytea, p_variant text, p_devices integer, p_enforce boolean,
    p_most_held integer, p_now timestamptz,
    out breach text, out warned text[], out volume bigint,
    out quarantine integer, out period_seconds integer)
    language plpgsql as $$
declare
    t volume_threshold;
    watching volume_threshold[];
begin
    breach := '';
    warned := '{}';
    if p_enforce then
        perform set_config('synchronous_commit', 'off', true);
        if exists (select from service_request r
                where r.originator = p_user_id and r.counter = p_counter
                    and r.stage = p_stage and r.used) then
            return;
        end if;
    end if;
    for t in
        select * from volume_threshold v
        where v.user_id in (p_user_id, all_users())
            and v.service_reference_variant = p_variant
        order by v.user_id desc for update
    loop
        t := slide_count(t, p_now);
        watching := watching || t;
    end loop;
    if watching is null or exists (select from request_volume r
            where r.user_id = p_user_id and r.counter = p_counter
                and r.stage = p_stage and r.content = p_content) then
        return;
    end if;
    foreach t in array watching loop
        if p_enforce and t.counted + p_devices > t.quarantine then
            breach := case when held_of(p_user_id) >= p_most_held then 'full'
                when t.user_id = all_users() then 'dcc' else 'user' end;
            volume := t.counted + p_devices;
            quarantine := t.quarantine;
            period_seconds := t.period_seconds;
            return;
        end if;
    end loop;
    insert into request_volume values (p_user_id, p_counter, p_stage,
        p_content, p_variant, p_now, p_devices);
    foreach t in array watching loop
        warned := warned || add_to_count(t, p_user_id, p_devices, p_now);
    end loop;
end $$;

-- Returns the threshold's name if its warning level is exceeded by this.
create or replace function add_to_count(
    t volume_threshold, p_user_id macaddr8, p_devices integer,
    p_now timestamptz) returns text[]
    language plpgsql as $$
declare
    after constant bigint := t.counted + p_devices;
    warns constant boolean := coalesce(
        t.counted <= t.warning and after > t.warning, false);
begin
    update volume_threshold v set counted = after,
        counted_from = t.counted_from,
        last_warned = case when warns then p_now else v.last_warned end
    where v.user_id = t.user_id
        and v.service_reference_variant = t.service_reference_variant;
    if not warns then
        return '{}';
    end if;
    insert into sat_entry (at, kind, party, code, detail)
    values (p_now, 'warning', p_user_id,
        case t.user_id when all_users() then 'dcc' else 'user' end,
        format('%s: %s devices in %s s, warning level %s',
            t.service_reference_variant, after, t.period_seconds, t.warning));
    return array[case t.user_id when all_users() then 'dcc' else 'user' end];
end $$;

-- ---- holding ----

-- A message to the sender of a held request.
create or replace function tell_sender(
    p_request_no bigint, p_code text, p_response_code text,
    p_event_ref bigint, p_payload bytea, p_now timestamptz)
    returns void language sql
begin atomic
    with written as (
        insert into alert (user_id, created, code, response_code, request_no,
            quarantine_event_ref, payload)
        select originator, p_now, p_code, p_response_code, p_request_no,
            p_event_ref, p_payload
        from service_request where request_no = p_request_no
        returning alert_no, user_id
    ), lane as (
        insert into alert_lane (user_id) select user_id from written
        on conflict do nothing
    )
    insert into sat_entry (at, kind, request_no, party, code, detail)
    select p_now, 'alert', p_request_no, user_id,
        coalesce(p_response_code, p_code), 'counter ' || alert_no
    from written;
end;

-- Keeps a request and tells its sender. Returns the QuarantineEventRef.
create or replace function hold_request(
    p_request_no bigint, p_breach text, p_devices integer, p_volume bigint,
    p_quarantine integer, p_period_seconds integer, p_body bytea,
    p_now timestamptz) returns bigint
    language plpgsql as $$
declare
    number bigint;
begin
    insert into held_request (request_no, breach, devices, volume, quarantine,
        period_seconds, held, body)
    values (p_request_no, p_breach, p_devices, p_volume, p_quarantine,
        p_period_seconds, p_now, p_body)
    returning hold_no into number;
    insert into sat_entry (at, kind, request_no, party, code, detail)
    select p_now, 'quarantine', p_request_no, originator, 'held',
        format('%s: %s devices come to %s in %s s, level %s (%s)', number,
            p_devices, p_volume, p_period_seconds, p_quarantine, p_breach)
    from service_request where request_no = p_request_no;
    perform tell_sender(p_request_no, b.alert, null, number, null, p_now)
    from threshold_breach b where b.breach = p_breach;
    return number;
end $$;

-- ---- deciding ----

-- The Service Desk, or with p_person null fotad, decides on a held request.
-- Named outcomes: released (it goes on soon), rejected, unknown, decided (it
-- was before). The sender of a rejected one is told at once.
create or replace function decide_hold(
    p_hold_no bigint, p_release boolean, p_person text, p_reason text,
    p_now timestamptz, out outcome text, out request_id text)
    language plpgsql as $$
declare
    h held_request;
    r service_request;
    code text;
begin
    select * into h from held_request where hold_no = p_hold_no for update;
    if not found then
        outcome := 'unknown';
        return;
    end if;
    select * into strict r from service_request
    where request_no = h.request_no;
    request_id := request_id_text(r.originator, r.target, r.counter);
    if h.state <> 'held' then
        outcome := 'decided';
        return;
    end if;
    outcome := case when p_release then 'released' else 'rejected' end;
    update held_request set state = outcome::hold_state, decided = p_now,
        person = p_person, reason = p_reason,
        ended = case when not p_release then p_now end
    where hold_no = p_hold_no;
    insert into sat_entry (at, kind, request_no, party, person, code, detail)
    values (p_now, 'quarantine', h.request_no, r.originator, p_person, outcome,
        p_hold_no || ': ' || p_reason);
    if p_release then
        return;
    end if;
    select response_code into strict code from response_code
    where condition = 'quarantine_rejected'
        and service_reference_variant in ('', r.service_reference_variant)
    order by service_reference_variant desc limit 1;
    update service_request set condition = 'quarantine_rejected',
        response_code = code
    where request_no = h.request_no;
    perform tell_sender(h.request_no, 'ResponseMessage', code, null, null,
        p_now);
end $$;

-- What a fotad does about held requests at every look: those that nobody
-- decided on are rejected. Returns how many are held still.
create or replace function review_holds(
    p_most_held interval, p_now timestamptz, out held bigint,
    out rejected bigint)
    language plpgsql as $$
declare
    number bigint;
begin
    rejected := 0;
    for number in
        select h.hold_no from held_request h
        where h.state = 'held' and h.held <= p_now - p_most_held
        order by h.hold_no limit 100 for update skip locked
    loop
        perform decide_hold(number, false, null,
            'nobody decided within ' || p_most_held, p_now);
        rejected := rejected + 1;
    end loop;
    select count(*) into held from held_request h where h.state = 'held';
end $$;

-- ---- going on ----

-- One released request to go on with, for the transaction of its effect.
create or replace function take_released(
    p_now timestamptz, out hold_no bigint, out request_no bigint,
    out service text, out body bytea)
    returns setof record language sql
begin atomic
    select h.hold_no, h.request_no, r.service, h.body
    from held_request h join service_request r using (request_no)
    where h.state = 'released' and h.ended is null and h.next_try <= p_now
    order by h.next_try, h.hold_no limit 1
    for update of h skip locked;
end;

-- It has gone through: its sender gets the answer, unless that is null. The
-- same request again still gets the octets that were answered first (A3).
-- p_counts: listed, accepted, and refused by the lists of type refusal.
create or replace function end_release(
    p_hold_no bigint, p_request_no bigint, p_condition text,
    p_response_code text, p_answer bytea, p_counts integer[],
    p_now timestamptz)
    returns void language sql
begin atomic
    update held_request set ended = p_now where hold_no = p_hold_no;
    update service_request set condition = p_condition,
        response_code = p_response_code, listed = p_counts[1],
        accepted = p_counts[2], invalid = p_counts[3],
        not_commissioned = p_counts[4], not_applicable = p_counts[5],
        in_progress = p_counts[6], gbcs_version = p_counts[7]
    where request_no = p_request_no;
    select tell_sender(p_request_no, 'ServiceResponse', p_response_code, null,
        p_answer, p_now)
    where p_answer is not null;
end;

create or replace function put_release_off(
    p_hold_no bigint, p_next_try timestamptz) returns void
    language sql
begin atomic
    update held_request set next_try = p_next_try
    where hold_no = p_hold_no and ended is null;
end;
