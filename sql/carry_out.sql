-- Orders are carried out: each locks what it writes at once (lock_steered()).

-- Locks all that an order may write of these requests, and of others in their
-- jobs, in the order of all: what no CSP has been heard of, and its jobs. Returns
-- all those requests. A job that was made meanwhile is not locked.
create or replace function lock_steered(p_request_nos bigint[]) returns bigint[]
    language plpgsql as $$
declare
    numbers bigint[];
begin
    perform from csp_job j
    where j.job_no = any (job_nos_of(p_request_nos))
        and j.state in ('waiting', 'handed_over')
    order by j.job_no for update;
    numbers := array(
        select unnest(p_request_nos)
        union
        select unnest(job_requests(j)) from csp_job j
        where j.job_no = any (job_nos_of(p_request_nos))
            and j.state = 'waiting' and j.requests > 1);
    perform from distribution d where d.request_no = any (numbers)
    order by d.request_no, d.csp, d.device_type for update;
    perform from tracking_live l
    where l.request_no = any (numbers) and l.status = 'AWAITING_CSP'
    order by l.device_id for update;
    return numbers;
end $$;

create or replace function steering_audit(
    o steering, p_code text, p_person text, p_why text, p_now timestamptz)
    returns void language sql
begin atomic
    insert into sat_entry (at, kind, request_no, csp, person, code, detail)
    values (p_now, 'steering', o.request_no, o.csp, p_person, p_code,
        o.order_no || ', ' || steering_scope(o) || ': ' || p_why);
end;

create or replace function carry_out_hold(
    o steering, p_now timestamptz) returns steering
    language plpgsql as $$
declare
    numbers constant bigint[] := steering_requests(o, false);
begin
    update steering s set state = 'active' where s.order_no = o.order_no;
    -- a request is steered from now on, by the plan that it begins with, too
    perform plan_requests(array(select distinct d.request_no
        from distribution d
        where d.request_no = any (numbers) and not d.steered), p_now);
    perform unmake_concerned(o, numbers, lock_steered(numbers), p_now);
    perform refresh_ready(numbers, p_now);
    if steering_chooses(o) then
        select count(*) into o.devices from tracking_live l
        where l.request_no = any (numbers) and l.held is not null
            and steering_chosen(o, l.device_id);
    else
        select coalesce(sum(d.unassigned), 0) into o.devices
        from distribution d join service_request r using (request_no)
        where d.request_no = any (numbers) and d.held is not null
            and steering_concerns(o, r, d.csp, d.device_type);
    end if;
    if o.request_no is not null or o.device_ids is not null then
        select count(*) into o.under_way from steering_devices(o, numbers)
        where job_no is not null;
    end if;
    return o;
end $$;

-- Holds end: what waited goes on, and the time that it waited is not counted
-- against what a CSP may have heard of; what another one holds as well waits
-- for that one from when it was made. Returns how many devices may go.
create or replace function end_holds(
    p_order_nos bigint[], p_person text, p_now timestamptz) returns bigint
    language plpgsql as $$
declare
    since timestamptz;
    numbers bigint[];
begin
    perform from steering s where s.order_no = any (p_order_nos)
    order by s.order_no for update;
    update steering s set state = 'done', ended = p_now, ended_by = p_person
    where s.order_no = any (p_order_nos);
    since := (select min(s.made) from steering s
        where s.order_no = any (p_order_nos));
    numbers := array(
        select d.request_no from distribution d
        where d.held = any (p_order_nos)
        union
        select l.request_no from tracking_live l
        where l.held = any (p_order_nos));
    update csp_job j set created = j.created + k.held
    from (
        select c.job_no, least(p_now, (select min(o.made)
                from steering o, service_request r
                where o.state = 'active' and not steering_chooses(o)
                    and r.request_no = any (job_requests(c))
                    and steering_concerns(o, r, c.csp, c.device_type)))
            - since as held
        from csp_job c
        where c.job_no = any (job_nos_of(numbers)) and c.state = 'waiting'
            and c.created <= since
        order by c.job_no for update of c) k
    where j.job_no = k.job_no and k.held > '0';
    perform refresh_ready(numbers, p_now);
    return (select coalesce(sum(d.ready), 0) from distribution d
        where d.request_no = any (numbers));
end $$;

-- What the CSPs have, or may have heard of, of a request that is stopped: it is
-- not posted again, and taken back where a CSP can (p_recall).
create or replace function stop_jobs(
    o steering, p_request_nos bigint[], p_recall text[], p_now timestamptz)
    returns void language plpgsql as $$
declare
    numbers constant bigint[] := array(
        select j.job_no from csp_job j
        where j.job_no = any (job_nos_of(p_request_nos))
            and j.state in ('waiting', 'handed_over')
            and exists (select from service_request r
                where r.request_no = any (job_requests(j))
                    and steering_concerns(o, r, j.csp, j.device_type))
            -- of one with others' devices these go on
            and not exists (select from tracking_live l
                where l.request_no = any (job_requests(j))
                    and l.job_no = j.job_no
                    and not (l.request_no = any (p_request_nos)
                        and steering_chosen(o, l.device_id)))
        order by j.job_no for update of j skip locked);
begin
    -- silent, if the CSP does not have it
    update csp_job j set state = 'handed_over', ended = p_now,
        last_error = 'stopped'
    where j.job_no = any (numbers) and j.state = 'waiting'
        and (j.leased_until is null or j.leased_until <= p_now);
    perform recall_jobs(numbers, p_recall, case when o.by_sender
        then 'stopped_by_sender' else 'stopped_by_dcc' end, p_now);
end $$;

-- What waits of these requests, after some of it has ended. The caller has locked
-- their distributions.
create or replace function recount_waiting(
    p_request_nos bigint[], p_now timestamptz) returns void
    language plpgsql as $$
begin
    update distribution d set unassigned = x.devices, steered = false,
        ready = least(d.ready, x.devices)
    from (select d.request_no, d.csp, d.device_type, (select count(*)
            from tracking_live l where l.request_no = d.request_no
                and l.csp = d.csp and l.device_type = d.device_type
                and l.job_no is null) as devices
        from distribution d where d.request_no = any (p_request_nos)) x
    where d.request_no = x.request_no and d.csp = x.csp
        and d.device_type = x.device_type;
    perform refresh_ready(p_request_nos, p_now);
end $$;

-- Devices that no CSP can have heard of end; the others go on.
create or replace function carry_out_stop(
    o steering, p_recall text[], p_now timestamptz, p_timeout interval)
    returns steering language plpgsql as $$
declare
    numbers constant bigint[] := steering_requests(o, true);
    ending constant text := case when o.by_sender
        then 'STOPPED_BY_SENDER' else 'STOPPED_BY_DCC' end;
    ids macaddr8[];
begin
    perform unmake_concerned(o, numbers, lock_steered(numbers), p_now);
    perform stop_jobs(o, numbers, p_recall, p_now);
    ids := array(select device_id from steering_devices(o, numbers));
    -- what waits here is locked; the others go on
    update tracking_live l set held = null
    where l.device_id = any (ids) and l.request_no = any (numbers)
        and l.held is not null;
    select count(*) filter (where l.job_no is null),
        count(*) filter (where l.job_no is not null)
    into o.devices, o.under_way from tracking_live l
    where l.device_id = any (ids) and l.request_no = any (numbers);
    perform apply_events(array(
        select row((row_number() over (order by l.device_id))::integer,
            lower(ending), l.device_id, l.request_no, ending, l.chf_id, null,
            null, null, null)::tracking_event
        from tracking_live l
        where l.device_id = any (ids) and l.request_no = any (numbers)
            and l.job_no is null), p_now, p_timeout);
    perform recount_waiting(numbers, p_now);
    if not steering_chooses(o) and o.csp is null and o.device_type is null then
        update service_request r set stopped = o.order_no
        where r.request_no = any (numbers) and r.stopped is null;
    end if;
    perform tell_collected(numbers, p_now);
    return o;
end $$;

-- Jobs of one request that were just being posted when it was stopped, and are to
-- be posted again. True: there were.
create or replace function stop_again(p_now timestamptz, p_timeout interval)
    returns boolean language plpgsql as $$
declare
    o steering;
    one record;
begin
    for one in select distinct r.request_no, r.stopped as order_no
        from csp_job j
        join service_request r on r.request_no = any (job_requests(j))
        where j.state = 'waiting' and is_stopped(j)
            and (j.leased_until is null or j.leased_until <= p_now)
        order by r.request_no limit 1
    loop
        select * into strict o from steering s
        where s.order_no = one.order_no;
        o.request_no := one.request_no;
        perform carry_out_stop(o, '{}', p_now, p_timeout);
        return true;
    end loop;
    return false;
end $$;

-- Every update that is in progress ends, whoever has it: as that of one device
-- does (reset_device()).
create or replace function carry_out_reset(
    o steering, p_most bigint, p_now timestamptz, p_timeout interval)
    returns steering language plpgsql as $$
declare
    ids macaddr8[];
    numbers bigint[];
    waiting bigint[];
begin
    select array_agg(device_id), array_agg(distinct request_no)
    into ids, waiting
    from (select device_id, request_no
        from steering_devices(o, steering_requests(o, true))
        limit p_most + 1) x;
    o.devices := coalesce(cardinality(ids), 0);
    if o.devices > p_most then
        return o;
    end if;
    perform from distribution d where d.request_no = any (waiting)
    order by d.request_no, d.csp, d.device_type for update;
    -- refresh_ready() may lock all that wait of these requests, too
    perform from tracking_live l
    where l.device_id = any (ids)
        or l.request_no = any (waiting) and l.job_no is null
    order by l.device_id for update;
    -- what comes into their places meanwhile is not meant, nor locked
    select array_agg(device_id), array_agg(request_no) into ids, numbers
    from (select l.device_id, l.request_no from tracking_live l
        where l.device_id = any (ids) order by l.device_id for update) x;
    perform release_expired(ids, false, p_now);
    update tracking_live l set held = null
    from unnest(ids, numbers) as k (device_id, request_no)
    where l.device_id = k.device_id and l.request_no = k.request_no
        and l.held is not null;
    select count(*), count(*) filter (where l.job_no is not null)
    into o.devices, o.under_way from tracking_live l
    join unnest(ids, numbers) as k (device_id, request_no)
        using (device_id, request_no);
    insert into sat_entry (at, kind, request_no, device_id, person, code,
        detail)
    select p_now, 'reset', l.request_no, l.device_id,
        coalesce(o.decided_by, o.person), 'RESET_BY_DCC', o.reason
    from tracking_live l
    join unnest(ids, numbers) as k (device_id, request_no)
        using (device_id, request_no) order by l.device_id;
    perform apply_events(array(
        select row((row_number() over (order by l.device_id))::integer,
            'reset', l.device_id, l.request_no, null, null, null, p_now, null,
            null)::tracking_event
        from tracking_live l
        join unnest(ids, numbers) as k (device_id, request_no)
            using (device_id, request_no)), p_now, p_timeout);
    perform recount_waiting(waiting, p_now);
    return o;
end $$;

-- The holds that a release is of: in force, of just the same. A sender ends its
-- own alone.
create or replace function holds_released(o steering) returns setof steering
    language sql stable
begin atomic
    select h.* from steering h
    where h.verb = 'hold' and h.state = 'active'
        and (h.request_no, h.image_hash, h.csp, h.device_type,
                h.manufacturer_id, h.model_id, h.hardware_version,
                h.device_ids)
            is not distinct from (o.request_no, o.image_hash, o.csp,
                o.device_type, o.manufacturer_id, o.model_id,
                o.hardware_version, o.device_ids)
        and (not o.by_sender or h.by_sender and h.originator = o.originator)
        and (o.by_sender or o.originator is null or h.originator = o.originator)
    order by h.order_no;
end;

-- Why a hold of fotad's own may not end yet; null: it may.
create or replace function hold_stands(h steering) returns text
    language sql stable
    return case
        when h.cause = 'image_not_active' and not exists (
            select from cpl_entry e where e.status = 'Active'
                and e.manufacturer_image_hash = h.image_hash)
            then 'not_active'
        when h.cause = 'user_suspended' and exists (
            select from service_user u where u.user_id = h.originator
                and u.status = 'suspended')
            then 'suspended' end;

-- p_refused: why nothing was released; null: it was.
create or replace function carry_out_release(
    o steering, p_now timestamptz, out refused text, out devices bigint)
    language plpgsql as $$
declare
    numbers bigint[];
begin
    select case when count(*) = 0 then 'not_held' else min(hold_stands(r)) end,
        array_agg(r.order_no)
    into refused, numbers from holds_released(o) r;
    devices := case when refused is null then end_holds(numbers,
        coalesce(o.decided_by, o.person), p_now) else 0 end;
end $$;

-- An order ends here, without effect, in a named outcome.
create or replace function steering_refuses(p_outcome text) returns void
    language plpgsql as $$
begin
    raise sqlstate 'FOTAD' using message = p_outcome;
end $$;

create or replace function is_held_so(o steering) returns boolean
    language sql stable
    return exists (select from steering h
        where h.verb = 'hold' and h.state = 'active'
            and h.order_no <> o.order_no
            and (h.originator, h.request_no, h.image_hash, h.csp,
                    h.device_type, h.manufacturer_id, h.model_id,
                    h.hardware_version, h.device_ids)
                is not distinct from (o.originator, o.request_no,
                    o.image_hash, o.csp, o.device_type, o.manufacturer_id,
                    o.model_id, o.hardware_version, o.device_ids));

-- Carries an order out, writes in it what came of it, and tells the audit trail.
-- What it cannot be is a named outcome of steer().
create or replace function carry_out(
    p_order_no bigint, p_recall text[], p_now timestamptz, p_timeout interval)
    returns steering language plpgsql as $$
declare
    o steering;
    most constant bigint := 50000;
    refused text;
begin
    select * into strict o from steering s where s.order_no = p_order_no;
    if o.verb = 'hold' then
        if is_held_so(o) then
            perform steering_refuses('held');
        end if;
        o := carry_out_hold(o, p_now);
    elsif o.verb = 'stop' then
        if exists (select from service_request r
            where r.request_no = o.request_no and r.stopped is not null) then
            perform steering_refuses('stopped');
        end if;
        o := carry_out_stop(o, p_recall, p_now, p_timeout);
    elsif o.verb = 'reset' then
        o := carry_out_reset(o, most, p_now, p_timeout);
        if o.devices > most then
            perform steering_refuses('too_many');
        end if;
    else
        select c.refused, c.devices into refused, o.devices
        from carry_out_release(o, p_now) c;
        if refused is not null then
            perform steering_refuses(refused);
        end if;
    end if;
    -- what is to come may be held, too
    if o.devices + o.under_way = 0 and (o.verb in ('stop', 'reset')
        or o.verb = 'hold' and (o.request_no is not null
            or o.device_ids is not null)) then
        perform steering_refuses('nothing');
    end if;
    update steering s set devices = o.devices, under_way = o.under_way,
        state = case o.verb when 'hold' then 'active'::steering_state
            else 'done' end,
        ended = case when o.verb <> 'hold' then p_now end
    where s.order_no = o.order_no
    returning * into o;
    perform steering_audit(o, o.verb::text, coalesce(o.decided_by, o.person),
        concat_ws('; ', o.reason, o.decision, o.devices || ' devices',
            o.under_way || ' with a CSP'), p_now);
    return o;
end $$;
