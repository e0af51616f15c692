-- Held requests: held, decided on, released.

create or replace function held_of(p_user_id macaddr8) returns bigint
    language sql stable
    return (select count(*) from held_request h
        join service_request r using (request_no)
        where h.state = 'held' and r.originator = p_user_id);
comment on function held_of(macaddr8) is 'Requests of a User that are held';

-- Keeps a request and tells its sender. Returns the QuarantineEventRef; null:
-- p_most_held of its sender are held already, and nothing was done. Who counts
-- the request looks before (breach_of()), but several may do so at once.
create or replace function hold_request(
    p_request_no bigint, p_breach text, p_devices integer, p_volume bigint,
    p_quarantine integer, p_period_seconds integer, p_body bytea,
    p_most_held integer, p_now timestamptz) returns bigint
    language plpgsql as $$
declare
    number bigint;
begin
    perform pg_advisory_xact_lock(advisory_lock('holds'));
    if held_of((select originator from service_request
            where request_no = p_request_no)) >= p_most_held then
        return null;
    end if;
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
    perform tell(array[user_message(1, r.originator, b.alert, p_request_no,
        p_event_ref => number)], p_now)
    from threshold_breach b, service_request r
    where b.breach = p_breach and r.request_no = p_request_no;
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
    code := response_code_of('quarantine_rejected',
        r.service_reference_variant);
    update service_request set condition = 'quarantine_rejected',
        response_code = code
    where request_no = h.request_no;
    perform tell(array[user_message(1, r.originator, 'ResponseMessage',
        h.request_no, p_response_code => code)], p_now);
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
            and clock_sound()
        order by h.request_no limit 100 for update skip locked
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
    returns setof record language plpgsql as $$
#variable_conflict use_column
begin
    return query
    select h.hold_no, h.request_no, r.service, h.body
    from held_request h join service_request r using (request_no)
    where h.state = 'released' and h.ended is null and h.next_try <= p_now
    order by h.next_try, h.hold_no limit 1
    for update of h skip locked;
end $$;

-- It has gone through: its sender gets the answer, unless that is null. The
-- same request again still gets the octets that were answered first
-- (requirement A3). p_counts: listed, accepted, and refused by the lists of
-- type refusal.
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
    select tell(array[user_message(1, originator, 'ServiceResponse',
        p_request_no, p_response_code => p_response_code,
        p_payload => p_answer)], p_now)
    from service_request
    where request_no = p_request_no and p_answer is not null;
end;

create or replace function put_release_off(
    p_hold_no bigint, p_next_try timestamptz) returns void
    language sql
begin atomic
    update held_request set next_try = p_next_try
    where hold_no = p_hold_no and ended is null;
end;

-- ---- held requests ----
create or replace function list_holds(
    p_viewer macaddr8, p_user macaddr8, p_state hold_state, p_after bigint,
    p_most bigint)
    returns table (hold_no bigint, request_id text, sender macaddr8,
        sender_name text, variant text, breach text, devices integer,
        volume bigint, quarantine integer, period_seconds integer,
        held timestamptz, state text, decided timestamptz, person text,
        reason text, ended timestamptz, response_code text)
    language plpgsql stable as $$
begin
    return query
    select h.hold_no, request_id_text(r.originator, r.target, r.counter),
        r.originator, user_name(r.originator), r.service_reference_variant,
        h.breach, h.devices, h.volume, h.quarantine, h.period_seconds, h.held,
        h.state::text, h.decided, h.person, h.reason, h.ended,
        case when h.ended is not null then r.response_code end
    from held_request h join service_request r using (request_no)
    where (p_after is null or h.hold_no < p_after)
        and (p_state is null or h.state = p_state)
        and (p_viewer is null or r.originator = p_viewer)
        and (p_user is null or r.originator = p_user)
    order by h.hold_no desc limit p_most;
end $$;

create or replace function hold_page(
    p_user macaddr8, p_state hold_state, p_after bigint, p_most integer)
    returns json language sql stable
begin atomic
    select json_build_object('items', coalesce(json_agg(json_build_object(
            'id', hold_no::text, 'requestId', request_id,
            'sender', eui64_text(sender), 'senderName', sender_name,
            'serviceReferenceVariant', variant, 'threshold', breach,
            'devices', devices, 'volume', volume, 'quarantine', quarantine,
            'periodSeconds', period_seconds, 'held', instant_text(held),
            'state', state, 'decided', instant_text(decided),
            'person', person, 'reason', reason,
            'ended', instant_text(ended), 'responseCode', response_code)
            order by hold_no desc), '[]'),
        'next', case when count(*) = p_most then min(hold_no)::text end)
    from list_holds(null, p_user, p_state, p_after, p_most);
end;
