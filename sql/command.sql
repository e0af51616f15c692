-- Commands to devices (11.2, 11.3): judged, stored, leased, answered or ended.

-- May this User send this service to this device now, and how? Names the
-- condition: '' when it may. Requirement M4 and the tables command_* are
-- the rules; p_execution is null for at once and for a cancellation. p_regions
-- and p_csps go together.
create or replace function judge_device(
    p_variant text, p_user_id macaddr8, p_device_id macaddr8,
    p_execution timestamptz, p_latest timestamptz, p_hcalcs_either boolean,
    p_regions csp_region[], p_csps text[], p_now timestamptz,
    out condition text, out device_type text, out chf_id macaddr8,
    out csp text, out message_code integer, out user_originates boolean,
    out gbcs_version text)
    language plpgsql stable as $$
begin
    select
        case
            when s.device_id is null then 'device_unknown'
            when t.device_type is null or s.smets_version <> 'SMETS2'
                then 'device_type'
            when not exists (select from command_device_status a
                where a.service_reference_variant = p_variant
                    and a.device_status = s.device_status)
                then 'device_status'
            when role.known is null then 'not_responsible'
            when p_execution < p_now or p_execution > p_latest
                then 'execution_time'
            when served.csp is null then 'device_not_served'
            else ''
        end,
        s.device_type::text, s.chf_id, served.csp, t.message_code,
        t.user_originates and role.known,
        coalesce(gbcs_version_text(coalesce(s.gbcs_version, h.gbcs_version)),
            '')
    into condition, device_type, chf_id, csp, message_code, user_originates,
        gbcs_version
    from (values (p_device_id)) as asked (device_id)
    left join smi_device s on s.device_id = asked.device_id
    left join smi_home h on h.chf_id = s.chf_id
    left join command_device_type t on t.device_type = s.device_type
        and t.service_reference_variant = p_variant
    cross join lateral (values (
        p_csps[array_position(p_regions, h.csp_region)])) as served (csp)
    cross join lateral (
        select bool_or(x.known_remote_party) as known
        from service_user u
        join command_role x on x.role = any (u.roles)
        join service_role e on e.role = x.role
            and e.service_reference_variant = p_variant
        where u.user_id = p_user_id
            and case x.relation
                when 'any' then true
                when 'export_supplier' then s.export_supplier_id = p_user_id
                when 'network_operator'
                    then s.network_operator_id = p_user_id
                when 'registered_agent'
                    then s.registered_agent_id = p_user_id
                when 'supplier' then case t.supplier
                    when 'own' then p_user_id = case s.device_type
                        when 'ESME' then s.import_supplier_id
                        when 'GSME' then s.gas_supplier_id end
                    when 'either' then p_user_id = any (h.supplier_ids)
                    when 'import' then p_user_id = any (h.import_supplier_ids)
                        or p_hcalcs_either and s.device_type = 'HCALCS'
                            and p_user_id = any (h.gas_supplier_ids)
                    end
            end) as role;
end $$;

-- The Pre-Command that a Transform of this RequestID returned; null: none.
create or replace function find_pre_command(
    p_originator macaddr8, p_target macaddr8, p_counter numeric)
    returns bytea language sql stable
    return (select p.payload from service_request r
        join pre_command p on p.request_no = r.request_no
        where r.originator = p_originator and r.counter = p_counter
            and r.stage = 1 and r.used and r.target = p_target);

create or replace function store_pre_command(
    p_request_no bigint, p_payload bytea) returns void language sql
begin atomic
    insert into pre_command values (p_request_no, p_payload);
end;

-- A command as it will go out; p_sent false: only returned to the User. Held
-- while p_execution is in the future and the device is not to hold it.
create or replace function store_command(
    p_request_no bigint, p_device_id macaddr8, p_device_type device_type,
    p_chf_id macaddr8, p_csp text, p_originator macaddr8, p_counter numeric,
    p_message_code integer, p_sent boolean, p_execution timestamptz,
    p_device_holds boolean, p_payload bytea, p_now timestamptz)
    returns void language sql
begin atomic
    with stored as (
        insert into device_command (request_no, device_id, device_type,
            chf_id, csp, originator, counter, message_code, state,
            execution_time, future_dated, created, next_try, payload)
        values (p_request_no, p_device_id, p_device_type, p_chf_id, p_csp,
            p_originator, p_counter, p_message_code,
            case when not p_sent then 'local'::command_state
                when not p_device_holds and p_execution > p_now then 'held'
                else 'waiting' end,
            p_execution, p_device_holds, p_now,
            case when p_device_holds then p_now
                else greatest(p_execution, p_now) end,
            p_payload)
        returning command_no, state)
    insert into sat_entry (at, kind, request_no, device_id, csp, code, detail)
    select p_now, 'command', p_request_no, p_device_id, p_csp, state,
        'command ' || command_no
    from stored;
end;

-- The Manufacturer Image Hash in a command that activates firmware (CS06), as
-- it goes out: MACed, so that its place is fixed; null: it is no such command.
create or replace function command_image_hash(p_payload bytea) returns bytea
    language sql immutable parallel safe
    return case when substring(p_payload from 46 for 2) = '\x0012'
            and substring(p_payload from 51 for 2) = '\x0420'
        then substring(p_payload from 53 for 32) end;

-- Does a command end the activation that its device holds (CS06 at the time
-- 99991231235959Z), rather than activate?
create or replace function command_cancels(p_payload bytea) returns boolean
    language sql immutable parallel safe
    return command_image_hash(p_payload) is not null
        and position('99991231235959Z'::bytea in substring(p_payload from 85))
            > 0;

-- Activations that a User's cancellation ended, by the devices of these
-- messages: the device holds one at a time and has taken the cancellation, in
-- whatever order its responses came. What it says later that it did stands
-- beside it.
create or replace function cancel_activations(
    p_messages device_message[], p_now timestamptz) returns void
    language plpgsql as $$
begin
    with cancelled as (
        update device_command c set state = 'cancelled', ended = p_now
        from (select distinct recipient, originator
            from unnest(p_messages) where code = 18) m
        where c.originator = m.recipient and c.device_id = m.originator
            and c.message_code = 18 and c.future_dated
            and c.state = 'answered' and c.outcome_seen is null
            and (select true from device_command k
                where k.originator = c.originator
                    and k.device_id = c.device_id and k.message_code = 18
                    and k.state = 'answered'
                    and coalesce(k.response_result, 0) = 0
                    and k.created >= c.created and k.command_no > c.command_no
                    and command_cancels(k.payload) limit 1)
        returning c.*
    )
    insert into sat_entry (at, kind, request_no, device_id, csp, code, detail)
    select p_now, 'command', request_no, device_id, csp, 'cancelled',
        'command ' || command_no
    from cancelled;
end $$;

-- Takes commands of a CSP that are due, for one worker. A command goes to the
-- hub that its device has now, for it may have been held for weeks; when that
-- is another CSP's, it is left to that one ('' when no CSP has its region: it
-- ends as overdue). What the CSP may have heard of (heard) gets another name
-- with another hub. What is held for its time waits while the clock is in doubt.
-- p_regions and p_csps go together.
-- began: from when on it could be sent. (It is asked for each second: a function
-- in SQL would be planned each time.)
create or replace function command_leases(
    p_csp text, p_regions csp_region[], p_csps text[], p_now timestamptz,
    p_until timestamptz, p_too_late timestamptz, p_most integer)
    returns table (
        command_no bigint, lease_number bigint, command_id text,
        chf_id macaddr8, device_id macaddr8, payload bytea, heard integer,
        tries integer, began timestamptz)
    language plpgsql as $$
#variable_conflict use_column
begin
    return query
    with chosen as (
        select c.command_no, coalesce(s.chf_id, c.chf_id) as chf_id,
            case when h.csp_region is null or p_regions is null then c.csp
                else coalesce(p_csps[array_position(p_regions, h.csp_region)],
                    '') end as csp, c.posted::integer as heard,
            case when c.posted and s.chf_id <> c.chf_id
                then gen_random_uuid() else c.command_id end as command_id
        from device_command c
        left join smi_device s on s.device_id = c.device_id
        left join smi_home h on h.chf_id = s.chf_id
        where c.csp = p_csp and c.state in ('held', 'waiting')
            and (c.state = 'waiting' or clock_sound())
            and c.next_try <= p_now
            and (c.leased_until is null or c.leased_until <= p_now)
            and (c.tries > 0 or c.posted
                or greatest(c.execution_time, c.created) >= p_too_late)
        order by c.next_try, c.command_no limit p_most
        for update of c skip locked
    ), moved as (
        update device_command c set csp = n.csp, chf_id = n.chf_id,
            command_id = n.command_id, leased_until = null
        from chosen n where c.command_no = n.command_no and n.csp <> p_csp
        returning c.*
    ), told as (
        insert into sat_entry (at, kind, request_no, device_id, csp, code,
            detail)
        select p_now, 'command', request_no, device_id, csp, state,
            'command ' || command_no || ': its device left ' || p_csp
        from moved
    ), leased as (
        update device_command c set leased_until = p_until,
            lease_number = c.lease_number + 1, posted = true,
            state = 'waiting', chf_id = n.chf_id, command_id = n.command_id
        from chosen n where c.command_no = n.command_no and n.csp = p_csp
        returning c.*, n.heard)
    select command_no, lease_number, command_id::text, chf_id, device_id,
        payload, heard, tries, case when future_dated then created
            else greatest(execution_time, created) end
    from leased order by next_try, command_no;
end $$;

-- The CSP has taken them, as leased. One that was answered in the meantime
-- stays so.
create or replace function commands_sent(
    p_command_nos bigint[], p_lease_numbers bigint[],
    p_response_due timestamptz, p_now timestamptz)
    returns void language plpgsql as $$
begin
    with mine as materialized (
        select c.command_no from device_command c
        join unnest(p_command_nos, p_lease_numbers)
            as l (command_no, lease_number) using (command_no, lease_number)
        where c.state = 'waiting'
        order by c.command_no for update of c
    ), sent as (
        update device_command c set state = 'sent', tries = tries + 1,
            leased_until = null, last_error = null,
            response_due = case when passed_on is null
                then p_response_due end
        from mine m where c.command_no = m.command_no
        returning c.*)
    insert into sat_entry (at, kind, request_no, device_id, csp, code, detail)
    select p_now, 'command', request_no, device_id, csp, state,
        'command ' || command_no
    from sent order by command_no;
end $$;

-- Counts once, however often it is said: only while that lease lasts. Next try
-- '-infinity': it was not begun. p_heard: 0 if the CSP cannot have heard of it.
create or replace function commands_again(
    p_command_nos bigint[], p_lease_numbers bigint[],
    p_next_tries timestamptz[], p_errors text[], p_heard integer[])
    returns void language plpgsql as $$
begin
    with mine as materialized (
        select c.command_no, a.next_try, a.error, a.heard
        from unnest(p_command_nos, p_lease_numbers, p_next_tries, p_errors,
            p_heard) as a (command_no, lease_number, next_try, error, heard)
        join device_command c on c.command_no = a.command_no
            and c.state = 'waiting' and c.lease_number = a.lease_number
            and c.leased_until is not null
        order by c.command_no for update of c
    )
    update device_command c set leased_until = null, posted = a.heard <> 0,
        tries = c.tries + case a.next_try when '-infinity' then 0 else 1 end,
        next_try = case a.next_try when '-infinity' then c.next_try
            else a.next_try end,
        last_error = case a.next_try when '-infinity' then c.last_error
            else a.error end
    from mine a where c.command_no = a.command_no;
end $$;

-- Leased commands that the CSP refused, or that are given up.
create or replace function commands_given_up(
    p_command_nos bigint[], p_lease_numbers bigint[], p_errors text[],
    p_now timestamptz) returns integer
    language plpgsql as $$
declare
    mine bigint[];
    errors text[];
begin
    select array_agg(c.command_no order by c.command_no),
        array_agg(x.error order by c.command_no)
    into mine, errors
    from unnest(p_command_nos, p_lease_numbers, p_errors)
        as x (command_no, lease_number, error)
    join device_command c on c.command_no = x.command_no
        and c.lease_number = x.lease_number;
    return end_commands(mine, 'waiting', 'failed', errors, p_now);
end $$;

-- Commands that did not reach their device (to 'failed', E20) or that it did
-- not answer (to 'no_answer', E21): their senders hear so.
create or replace function end_commands(
    p_command_nos bigint[], p_from command_state, p_to command_state,
    p_errors text[], p_now timestamptz) returns integer
    language plpgsql as $$
declare
    request_nos bigint[];
begin
    with mine as materialized (
        select c.command_no, e.error
        from unnest(p_command_nos, p_errors) as e (command_no, error)
        join device_command c on c.command_no = e.command_no
            and c.state = p_from
        order by c.command_no for update of c
    ), over as (
        update device_command c set state = p_to, ended = p_now,
            leased_until = null, last_error = coalesce(m.error, c.last_error),
            tries = c.tries + case p_to when 'failed' then 1 else 0 end
        from mine m where c.command_no = m.command_no
        returning c.*
    ), audited as (
        insert into sat_entry (at, kind, request_no, device_id, csp, code,
            detail)
        select p_now, 'command', request_no, device_id, csp, state,
            'command ' || command_no || coalesce(': ' || last_error, '')
        from over order by command_no
    )
    select coalesce(array_agg(request_no), '{}') into request_nos from over;
    perform tell(array(
        select user_message(row_number() over (order by r.request_no)::integer,
            r.originator, 'ResponseMessage', r.request_no, r.target,
            response_code_of(case p_to when 'failed' then 'device_unreachable'
                else 'device_silent' end, r.service_reference_variant))
        from service_request r
        where r.request_no = any (request_nos)), p_now);
    return cardinality(request_nos);
end $$;

-- Ends what is overdue, at most p_most of each: commands without a response in
-- time, commands that should have gone out before p_too_late and of which no CSP
-- has heard, and commands for a CSP that is configured nowhere any more: for an
-- hour neither here nor where another fotad runs, which has none of them in
-- hand. None while the clock is in doubt. Returns how many there were.
create or replace function end_overdue_commands(
    p_csps text[], p_too_late timestamptz, p_most integer, p_now timestamptz)
    returns integer language plpgsql as $$
declare
    silent bigint[];
    late bigint[];
    stranded bigint[];
begin
    if not clock_sound() then
        return 0;
    end if;
    select array_agg(command_no) into silent from (
        select command_no from device_command
        where state = 'sent' and response_due <= p_now
        order by response_due limit p_most
        for update skip locked) x;
    select array_agg(command_no) into late from (
        select command_no from device_command c
        where state in ('held', 'waiting') and csp = any (p_csps)
            and next_try < p_too_late and tries = 0 and not posted
            and greatest(execution_time, created) < p_too_late
            and (leased_until is null or leased_until <= p_now)
        order by next_try limit p_most
        for update skip locked) x;
    select array_agg(command_no) into stranded from (
        select command_no from device_command c
        where state in ('held', 'waiting') and csp <> all (p_csps)
            and next_try <= p_now - interval '1 hour'
            and (leased_until is null or leased_until <= p_now)
            and not exists (select from csp_section s where s.csp = c.csp
                and s.seen > p_now - interval '1 hour')
        order by next_try limit p_most
        for update skip locked) x;
    if silent is null and late is null and stranded is null then
        return 0;
    end if;
    update device_command set state = 'waiting'
    where command_no = any (stranded || late) and state = 'held';
    return end_commands(silent, 'sent', 'no_answer', '{}', p_now)
        + end_commands(late, 'waiting', 'failed',
            array_fill('not sent, for it would have been too late'::text,
                array[coalesce(cardinality(late), 0)]), p_now)
        + end_commands(stranded, 'waiting', 'failed',
            array_fill('no such CSP is configured'::text,
                array[coalesce(cardinality(stranded), 0)]), p_now);
end $$;
