-- Steering: updates that are under way are held, released, stopped and reset, by
-- people and by fotad itself. What waits for its CSP is what can be held;
-- distribution.ready says how much of it may go.

-- ---- what an order concerns ----

create or replace function steering_concerns(
    o steering, r service_request, p_csp text, p_type device_type)
    returns boolean language sql immutable
    return (o.request_no is null or o.request_no = r.request_no)
        and (o.originator is null or o.originator = r.originator)
        and (o.image_hash is null or o.image_hash = r.manufacturer_image_hash)
        and (o.csp is null or o.csp = p_csp)
        and (o.device_type is null or o.device_type = p_type);

-- Does it choose among the devices of one request, CSP and device type?
create or replace function steering_chooses(o steering) returns boolean
    language sql immutable
    return o.manufacturer_id is not null or o.device_ids is not null;

create or replace function steering_chosen(o steering, p_device_id macaddr8)
    returns boolean language sql stable
    return (o.device_ids is null or p_device_id = any (o.device_ids))
        and (o.manufacturer_id is null or exists (select from smi_device s
            where s.device_id = p_device_id
                and s.manufacturer_id = o.manufacturer_id
                and s.model_id = o.model_id
                and (o.hardware_version is null
                    or s.hardware_version = o.hardware_version)));

-- Requests with devices that it concerns and that wait here, perhaps in a job;
-- p_live: or that a CSP has.
create or replace function steering_requests(o steering, p_live boolean)
    returns bigint[] language plpgsql stable as $$
begin
    if o.request_no is not null then
        return array[o.request_no];
    elsif o.device_ids is not null then
        return array(select distinct l.request_no from tracking_live l
            where l.device_id = any (o.device_ids));
    elsif not p_live then
        return array(select d.request_no from distribution d
            join service_request r using (request_no)
            where d.unassigned > 0 and (o.csp is null or d.csp = o.csp)
                and steering_concerns(o, r, d.csp, d.device_type)
            union
            select r.request_no from csp_job j
            join service_request r on r.request_no = any (job_requests(j))
            where j.state = 'waiting' and (o.csp is null or j.csp = o.csp)
                and steering_concerns(o, r, j.csp, j.device_type));
    end if;
    -- from one request with live devices to the next
    return array(
        with recursive live (request_no) as (
            (select l.request_no from tracking_live l
                order by l.request_no limit 1)
            union all
            select (select l.request_no from tracking_live l
                where l.request_no > x.request_no
                order by l.request_no limit 1)
            from live x where x.request_no is not null)
        select l.request_no from live l
        join service_request r using (request_no)
        join distribution d using (request_no)
        where steering_concerns(o, r, d.csp, d.device_type)
        group by 1);
end $$;

create or replace function steering_devices(o steering, p_request_nos bigint[])
    returns setof tracking_live language sql stable
begin atomic
    select l.* from tracking_live l
    join service_request r on r.request_no = l.request_no
    where l.request_no = any (p_request_nos)
        and steering_concerns(o, r, l.csp, l.device_type)
        and steering_chosen(o, l.device_id);
end;

create or replace function model_text(
    p_manufacturer_id integer, p_model_id integer, p_hardware_version integer)
    returns text language sql immutable
    return hexadecimal(p_manufacturer_id, 2) || ':'
        || hexadecimal(p_model_id, 2)
        || coalesce(':' || hexadecimal(p_hardware_version, 1), '');

create or replace function steering_scope(o steering) returns text
    language sql stable
    return concat_ws(', ',
        (select 'request ' || request_id_text(r.originator, r.target, r.counter)
            from service_request r where r.request_no = o.request_no),
        'image ' || upper(encode(o.image_hash, 'hex')),
        'model ' || model_text(o.manufacturer_id, o.model_id,
            o.hardware_version),
        'device type ' || o.device_type,
        'CSP ' || o.csp,
        cardinality(o.device_ids) || case cardinality(o.device_ids)
            when 1 then ' device' else ' devices' end,
        'User ' || eui64_text(o.originator));
comment on function steering_scope(steering) is
    'What an order concerns, for people';

-- ---- what may go ----

-- How much of what waits of these requests may go now, by the holds in force and
-- their plans.
create or replace function refresh_ready(p_request_nos bigint[]) returns void
    language plpgsql as $$
begin
    perform from distribution d where d.request_no = any (p_request_nos)
    order by d.request_no, d.csp, d.device_type for update;
    if exists (select from steering o where o.state = 'active'
            and steering_chooses(o))
        or exists (select from tracking_live l
            where l.request_no = any (p_request_nos) and l.held is not null)
    then
        perform from tracking_live l
        where l.request_no = any (p_request_nos) and l.job_no is null
        order by l.device_id for update;
        update tracking_live l set held = h.order_no
        from (select w.device_id, min(o.order_no) as order_no
            from tracking_live w
            join service_request r using (request_no)
            left join steering o on o.state = 'active' and steering_chooses(o)
                and steering_concerns(o, r, w.csp, w.device_type)
                and steering_chosen(o, w.device_id)
            where w.request_no = any (p_request_nos) and w.job_no is null
                and w.status = 'AWAITING_CSP'
            group by 1) h
        where l.device_id = h.device_id
            and l.held is distinct from h.order_no;
    end if;
    update distribution d set steered = true, held = x.hold, ready = case
            when x.hold is not null or p.closed then 0
            when p.request_no is null then x.free
            else greatest(0, least(x.free, p.allowed - x.gone - x.before))
            end
    from (select *, sum(free) over groups - free as before,
            sum(devices - unassigned) over (partition by request_no) as gone
        from (select d.*, h.order_no as hold, case when h.order_no is null
                then greatest(0, d.unassigned - (select count(*)
                    from tracking_live l
                    where l.request_no = d.request_no and l.csp = d.csp
                        and l.device_type = d.device_type
                        and l.held is not null)) else 0 end as free
            from distribution d join service_request r using (request_no)
            left join lateral (select min(o.order_no) as order_no
                from steering o
                where o.state = 'active' and not steering_chooses(o)
                    and steering_concerns(o, r, d.csp, d.device_type)) h
                on true
            where d.request_no = any (p_request_nos)) f
        window groups as (partition by request_no order by csp, device_type))
        x
    left join request_plan p on p.request_no = x.request_no
    where d.request_no = x.request_no and d.csp = x.csp
        and d.device_type = x.device_type;
end $$;

-- Takes jobs back that no CSP can have heard of: their devices wait again. The
-- caller has locked them.
create or replace function unmake_jobs(p_job_nos bigint[], p_now timestamptz)
    returns void language plpgsql as $$
declare
    numbers constant bigint[] := array(
        select distinct unnest(job_requests(j)) from csp_job j
        where j.job_no = any (p_job_nos));
begin
    update csp_job set state = 'empty', ended = p_now, leased_until = null,
        last_error = 'taken back'
    where job_no = any (p_job_nos);
    perform from distribution d where d.request_no = any (numbers)
    order by d.request_no, d.csp, d.device_type for update;
    perform from tracking_live l where l.request_no = any (numbers)
        and l.job_no = any (p_job_nos) order by l.device_id for update;
    with freed as (
        update tracking_live l set job_no = null
        where l.request_no = any (numbers) and l.job_no = any (p_job_nos)
            and l.status = 'AWAITING_CSP'
        returning l.request_no, l.csp, l.device_type
    )
    update distribution d set unassigned = d.unassigned + f.devices,
        steered = false
    from (select request_no, csp, device_type, count(*) as devices
        from freed group by 1, 2, 3) f
    where d.request_no = f.request_no and d.csp = f.csp
        and d.device_type = f.device_type;
    insert into sat_entry (at, kind, request_no, csp, code, detail)
    select p_now, 'job', n.request_no, csp, 'taken back', 'job ' || job_no
    from csp_job j, unnest(job_requests(j)) as n (request_no)
    where job_no = any (p_job_nos) order by job_no, n.request_no;
    -- of these, requests that nobody has ordered anything of
    if exists (select from csp_job
            where job_no = any (p_job_nos) and requests > 1) then
        perform refresh_ready(numbers);
    end if;
end $$;

-- Jobs of what an order concerns that have not been posted, or whose every post
-- was answered with no: those that are of p_locked alone, and that nobody has just
-- made or taken.
create or replace function unmake_concerned(
    o steering, p_request_nos bigint[], p_locked bigint[], p_now timestamptz)
    returns void language plpgsql as $$
begin
    perform unmake_jobs(array(
        select j.job_no from csp_job j
        where j.job_no = any (job_nos_of(p_request_nos))
            and j.state = 'waiting' and j.posted is null
            and (j.leased_until is null or j.leased_until <= p_now)
            and job_requests(j) <@ p_locked
            and exists (select from service_request r
                where r.request_no = any (p_request_nos)
                    and r.request_no = any (job_requests(j))
                    and steering_concerns(o, r, j.csp, j.device_type))
            and (not steering_chooses(o) or exists (
                select from tracking_live l
                where l.request_no = any (p_request_nos)
                    and l.job_no = j.job_no
                    and steering_chosen(o, l.device_id)))
        order by j.job_no for update of j skip locked), p_now);
end $$;

-- ---- carrying out ----

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
    perform unmake_concerned(o, numbers, lock_steered(numbers), p_now);
    perform refresh_ready(numbers);
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
-- against what a CSP may have heard of. Returns how many devices may go.
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
    update csp_job j set created = j.created + (p_now - since)
    where j.job_no in (select k.job_no from csp_job k
        where k.job_no = any (job_nos_of(numbers)) and k.state = 'waiting'
            and k.created <= since
        order by k.job_no for update of k);
    perform refresh_ready(numbers);
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
    update distribution d set unassigned = x.devices, steered = false,
        ready = least(d.ready, x.devices)
    from (select d.request_no, d.csp, d.device_type, (select count(*)
            from tracking_live l where l.request_no = d.request_no
                and l.csp = d.csp and l.device_type = d.device_type
                and l.job_no is null) as devices
        from distribution d where d.request_no = any (numbers)) x
    where d.request_no = x.request_no and d.csp = x.csp
        and d.device_type = x.device_type;
    perform refresh_ready(numbers);
    if not steering_chooses(o) and o.csp is null and o.device_type is null then
        update service_request r set stopped = o.order_no
        where r.request_no = any (numbers) and r.stopped is null;
    end if;
    perform tell_collected(numbers, p_now);
    return o;
end $$;

-- Are all its requests? Otherwise it goes on for the others.
create or replace function is_stopped(j csp_job) returns boolean
    language plpgsql stable as $$
begin
    return (select bool_and(r.stopped is not null) from service_request r
        where r.request_no = any (job_requests(j))) is true;
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

-- An order and what comes just then do not see each other: what is not as the
-- orders in force say is made so. Returns of how many requests that was.
create or replace function settle_steering() returns bigint
    language plpgsql as $$
declare
    numbers bigint[];
begin
    if not exists (select from steering) then
        return 0;
    end if;
    numbers := array(
        select d.request_no from distribution d
        join service_request r using (request_no)
        where (d.ready > 0 or d.held is not null)
            and (d.held is distinct from (select min(o.order_no)
                from steering o where o.state = 'active'
                    and not steering_chooses(o)
                    and steering_concerns(o, r, d.csp, d.device_type))
                or d.ready > 0 and exists (select from steering o
                    join tracking_live l on l.request_no = d.request_no
                        and l.csp = d.csp and l.device_type = d.device_type
                    where o.state = 'active' and steering_chooses(o)
                        and steering_concerns(o, r, d.csp, d.device_type)
                        and l.job_no is null and l.held is null
                        and l.status = 'AWAITING_CSP'
                        and steering_chosen(o, l.device_id)))
        union
        select l.request_no from tracking_live l
        where l.held is not null and not exists (select from steering o
            where o.order_no = l.held and o.state = 'active')
        order by 1 limit 1000);
    if numbers <> '{}' then
        perform refresh_ready(numbers);
    end if;
    return cardinality(numbers);
end $$;

-- Every update that is in progress ends, whoever has it: as that of one device
-- does (reset_device()).
create or replace function carry_out_reset(
    o steering, p_most bigint, p_now timestamptz, p_timeout interval)
    returns steering language plpgsql as $$
declare
    ids macaddr8[] := array(
        select device_id from steering_devices(o, steering_requests(o, true))
        limit p_most + 1);
    numbers bigint[];
begin
    o.devices := cardinality(ids);
    if o.devices > p_most then
        return o;
    end if;
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

-- ---- what people order ----

-- What an order concerns comes as the columns of steering; p_originator: the
-- sender itself (p_by_sender), or the User whose requests are meant. p_ask:
-- another person is to decide. Named outcomes: done; asked; and without any
-- effect nothing (no update in progress is so), held (by the same), not_held,
-- not_active and suspended (fotad's own hold stands), stopped (it was before),
-- too_many.
create or replace function steer(
    p_verb text, p_request_no bigint, p_originator macaddr8,
    p_image_hash bytea, p_csp text, p_device_type text,
    p_manufacturer_id integer, p_model_id integer, p_hardware_version integer,
    p_device_ids macaddr8[], p_by_sender boolean, p_person text,
    p_reason text, p_until timestamptz, p_ask boolean, p_recall text[],
    p_now timestamptz, p_timeout interval,
    out outcome text, out order_no bigint, out devices bigint,
    out under_way bigint)
    language plpgsql as $$
declare
    o steering;
begin
    insert into steering (verb, state, request_no, originator, image_hash, csp,
        device_type, manufacturer_id, model_id, hardware_version, device_ids,
        by_sender, person, reason, made, until)
    values (p_verb::steering_verb, 'asked', p_request_no, p_originator,
        p_image_hash, p_csp, p_device_type::device_type, p_manufacturer_id,
        p_model_id, p_hardware_version,
        (select array_agg(d order by d) from (
            select distinct unnest(p_device_ids) as d) x),
        p_by_sender, p_person, p_reason, p_now, p_until)
    returning * into o;
    if p_ask then
        outcome := 'asked';
        perform steering_audit(o, 'asked', p_person,
            concat_ws(': ', o.verb, o.reason), p_now);
    else
        outcome := 'done';
        o := carry_out(o.order_no, p_recall, p_now, p_timeout);
    end if;
    order_no := o.order_no;
    devices := o.devices;
    under_way := o.under_way;
exception when sqlstate 'FOTAD' then
    outcome := sqlerrm;
end $$;

-- The second person decides. Named outcomes: those of steer(); refused; unknown
-- (no such order, or not the viewer's), decided (before), same_person.
create or replace function decide_order(
    p_order_no bigint, p_viewer macaddr8, p_approve boolean, p_person text,
    p_reason text, p_recall text[], p_now timestamptz, p_timeout interval,
    out outcome text, out devices bigint, out under_way bigint)
    language plpgsql as $$
declare
    o steering;
begin
    select * into o from steering s
    where s.order_no = p_order_no
        and (p_viewer is null or s.by_sender and s.originator = p_viewer)
    for update;
    outcome := case when o is null then 'unknown'
        when o.state <> 'asked' then 'decided'
        when o.person = p_person then 'same_person' end;
    if outcome is not null then
        return;
    end if;
    update steering s set decided = p_now, decided_by = p_person,
        decision = p_reason,
        state = case when p_approve then s.state else 'refused' end,
        ended = case when not p_approve then p_now end
    where s.order_no = p_order_no
    returning * into o;
    outcome := case when p_approve then 'done' else 'refused' end;
    if p_approve then
        o := carry_out(p_order_no, p_recall, p_now, p_timeout);
    else
        perform steering_audit(o, 'refused', p_person, p_reason, p_now);
    end if;
    devices := o.devices;
    under_way := o.under_way;
exception when sqlstate 'FOTAD' then
    outcome := sqlerrm;
end $$;

-- ---- what fotad orders itself ----

-- Holds what may not go on of requests that are about to: of one image that is not
-- Active on the CPL any more, or one User who was suspended; the next at the next
-- call. True: it did.
create or replace function hold_by_itself(
    p_request_nos bigint[], p_now timestamptz) returns boolean
    language plpgsql as $$
declare
    o steering;
begin
    if coalesce(p_request_nos, '{}') = '{}' then
        return false;
    end if;
    for o in
        with asked as (
            select distinct r.originator, r.manufacturer_image_hash as hash,
                r.firmware_version as version
            from service_request r where r.request_no = any (p_request_nos)
        ), made as (
            insert into steering (verb, state, cause, image_hash, originator,
                reason, made)
            select 'hold'::steering_verb, 'active'::steering_state,
                'image_not_active'::steering_cause, a.hash, null::macaddr8,
                'the image is not Active on the CPL any more', p_now
            from (select distinct hash, version from asked
                where hash is not null) a
            where not exists (select from cpl_entry e
                where e.manufacturer_image_hash = a.hash
                    and e.status = 'Active' and e.firmware_version = a.version)
                and not exists (select from steering s
                    where s.cause = 'image_not_active' and s.state = 'active'
                        and s.image_hash = a.hash)
            union all
            select 'hold', 'active', 'user_suspended', null, a.originator,
                'the User is suspended', p_now
            from (select distinct originator from asked) a
            join service_user u on u.user_id = a.originator
            where u.status = 'suspended' and not exists (select from steering s
                where s.cause = 'user_suspended' and s.state = 'active'
                    and s.originator = a.originator)
            limit 1
            on conflict do nothing
            returning *
        )
        select * from made
    loop
        perform carry_out(o.order_no, '{}', p_now, null);
        return true;
    end loop;
    return false;
end $$;

-- A hold whose time is over ends, or what nobody decided on is refused. Returns
-- how many, 0 or 1.
create or replace function end_due_orders(p_now timestamptz) returns bigint
    language plpgsql as $$
declare
    o steering;
    ended bigint := 0;
begin
    for o in select * from steering s
        where s.state = 'active' and s.until <= p_now
            or s.state = 'asked' and s.made <= p_now - interval '7 days'
        order by s.order_no limit 1 for update skip locked
    loop
        ended := ended + 1;
        if o.state = 'active' then
            perform end_holds(array[o.order_no], null, p_now);
            perform steering_audit(o, 'release', null, 'its time is over',
                p_now);
        else
            update steering s set state = 'refused', ended = p_now
            where s.order_no = o.order_no;
            perform steering_audit(o, 'refused', null,
                'nobody decided within 7 days', p_now);
        end if;
    end loop;
    return ended;
end $$;
