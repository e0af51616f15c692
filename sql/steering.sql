-- Steering: what orders concern (hold, release, stop, reset), and what follows from
-- those in force. What waits for its CSP is what can be held; distribution.ready
-- says how much of it may go.

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
-- their plans. What could not go before waits from now on.
create or replace function refresh_ready(
    p_request_nos bigint[], p_now timestamptz) returns void
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
            and l.status = 'AWAITING_CSP'
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
    update distribution d set steered = true, held = x.hold, ready = x.may,
        since = case when d.steered and d.ready = 0 and x.may > 0 then p_now
            else d.since end, cells = null, cell_devices = null
    from (select w.*, case
                when w.hold is not null or p.closed then 0
                when p.request_no is null then w.free
                else greatest(0, least(w.free,
                    p.allowed - w.gone - w.before)) end as may
        from (select *, sum(free) over groups - free as before,
                sum(devices - unassigned) over (partition by request_no)
                    as gone
            from (select d.*, h.order_no as hold, case when h.order_no is null
                    then greatest(0, d.unassigned - (select count(*)
                        from tracking_live l
                        where l.request_no = d.request_no and l.csp = d.csp
                            and l.device_type = d.device_type
                            and l.held is not null) - (select count(*)
                        from tracking_live l
                        where l.request_no = d.request_no and l.csp = d.csp
                            and l.device_type = d.device_type
                            and l.hub_waits and l.held is null))
                    else 0 end as free
                from distribution d join service_request r using (request_no)
                left join lateral (select min(o.order_no) as order_no
                    from steering o
                    where o.state = 'active' and not steering_chooses(o)
                        and steering_concerns(o, r, d.csp, d.device_type)) h
                    on true
                where d.request_no = any (p_request_nos)) f
            window groups as (
                partition by request_no order by csp, device_type)) w
        left join request_plan p on p.request_no = w.request_no) x
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
        and l.job_no = any (p_job_nos) and l.status = 'AWAITING_CSP'
    order by l.device_id for update;
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
        perform refresh_ready(numbers, p_now);
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

-- An order and what comes just then do not see each other: what is not as the
-- orders in force say is made so. Returns of how many requests that was.
create or replace function settle_steering(p_now timestamptz) returns bigint
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
        perform refresh_ready(numbers, p_now);
    end if;
    return cardinality(numbers);
end $$;

-- Are all its requests? Otherwise it goes on for the others.
create or replace function is_stopped(j csp_job) returns boolean
    language plpgsql stable as $$
begin
    return (select bool_and(r.stopped is not null) from service_request r
        where r.request_no = any (job_requests(j))) is true;
end $$;
