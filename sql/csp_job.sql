-- Jobs for the CSPs: made, leased, handed over, tried again, given up.

-- What was ordered before a request came is applied to it before jobs of it are
-- made. True: something was, which is a transaction of its own, for locks are
-- taken in one order. What may not go is held before its jobs are handed over.
create or replace function before_jobs_of(
    p_request_nos bigint[], p_now timestamptz) returns boolean
    language plpgsql as $$
declare
    new bigint[];
begin
    if not exists (select from steering where state = 'active')
        and not exists (select from plan) then
        return false;
    end if;
    new := array(select distinct d.request_no from distribution d
        where d.request_no = any (p_request_nos) and not d.steered);
    if new = '{}' then
        return false;
    end if;
    perform plan_requests(new, p_now);
    perform refresh_ready(new, p_now);
    return true;
end $$;

-- Puts devices that are in no job into jobs. p_jobs to p_devices are its parts:
-- of which job (from 1), request and device type, how many devices; those of a
-- job have one image and device type. What is not ready any more stays out, and
-- a job of which nothing is left. They are not released before p_keep_until (the
-- end of the long retry and of a CSP's silence after it). p_counts: what the
-- CSP has in flight is counted. p_cells: of each part its radio cell, '' of
-- devices whose cell is not known; null: whichever. A device whose hub has no room
-- for its image waits for that. Returns the jobs.
create or replace function make_jobs(
    p_csp text, p_jobs integer[], p_request_nos bigint[], p_types device_type[],
    p_devices integer[], p_counts boolean, p_now timestamptz,
    p_keep_until timestamptz, p_cells text[] default null) returns bigint[]
    language plpgsql as $$
declare
    result bigint[];
    waiting macaddr8[];
begin
    if before_jobs_of(p_request_nos, p_now) then
        return '{}';
    end if;
    -- by itself, for what follows is to see all that whoever had them wrote
    perform from distribution d
    where d.request_no = any (p_request_nos) and d.csp = p_csp
    order by d.request_no, d.csp, d.device_type for update;

    with part as materialized (
        -- csp: what joins by it is looked up by all of its key
        select p.job, p.request_no, p_csp as csp, p.device_type, p.cell,
            least(p.devices::bigint, greatest(0, d.ready - p.before))
                as devices, p.before
        from (select *, sum(devices) over (partition by request_no, device_type
                order by job, cell) - devices as before
            from unnest(p_jobs, p_request_nos, p_types, p_devices, p_cells)
                as p (job, request_no, device_type, devices, cell)) p
        -- "offset 0": each by its key, though the table looks small
        cross join lateral (
            select k.ready from distribution k
            where k.request_no = p.request_no and k.csp = p_csp
                and k.device_type = p.device_type offset 0) d
    ), member as materialized (
        -- "offset 0": to find them in their order, among those of a large
        -- request, would look as good as by their request
        select p.job, p.request_no, p.device_type, w.device_id
        from part p, lateral (
            select device_id from (
                select device_id from tracking_live l
                where l.request_no = p.request_no and l.csp = p_csp
                    and l.device_type = p.device_type and l.job_no is null
                    and l.held is null and not l.hub_waits
                    and l.status = 'AWAITING_CSP'
                offset 0) l
            order by device_id offset p.before limit p.devices) w
        where p.cell is null
        union all
        select c.* from (select array_agg(job) as jobs,
                array_agg(request_no) as numbers, array_agg(device_type)
                as types, array_agg(cell) as cells, array_agg(devices)
                as devices
            from part having p_cells is not null) x,
            devices_in_cells(p_csp, x.jobs, x.numbers, x.types, x.cells,
                x.devices) c
    ), locked as materialized (
        -- in the order in which all take them
        select m.*, l.chf_id, (select d.image_hash from distribution d
                where d.request_no = m.request_no and d.csp = p_csp
                    and d.device_type = m.device_type) as image_hash
        from member m
        join tracking_live l on l.device_id = m.device_id
            and l.request_no = m.request_no
        where l.job_no is null and l.held is null and not l.hub_waits
            and l.status = 'AWAITING_CSP'
        order by l.device_id for update of l
    ), crowded as materialized (
        select crowded_hubs(array_agg(job), array_agg(device_id),
            array_agg(chf_id), array_agg(device_type), array_agg(image_hash),
            p_now) as device_id
        from locked
    ), placed as materialized (
        select * from locked
        where (device_id in (select device_id from crowded)) is not true
    ), planned as materialized (
        select job, min(request_no) as request_no, device_type,
            count(distinct request_no) as requests, count(*) as devices,
            row_number() over (order by job) as ordinal
        from placed group by job, device_type
    ), made as (
        -- numbered in this order
        insert into csp_job (request_no, csp, device_type, devices, requests,
            in_flight, counted, created, next_try)
        select request_no, p_csp, device_type, devices, requests,
            case when p_counts then devices end,
            case when p_counts then p_now end, p_now, p_now
        from planned order by job
        returning job_no
    ), numbered as materialized (
        select m.job_no, p.job, p.request_no
        from (select job_no, row_number() over (order by job_no) as ordinal
            from made) m
        join planned p using (ordinal)
    ), shared as materialized (
        select n.job_no, n.request_no as first, d.request_no,
            count(*) as devices
        from placed d join numbered n using (job)
        group by 1, 2, 3
    ), gathered as (
        insert into csp_job_gathered (request_no, job_no)
        select request_no, job_no from shared where request_no <> first
        order by request_no, job_no
    ), joined as (
        update tracking_live l set job_no = n.job_no,
            release_due = greatest(l.release_due, p_keep_until)
        from placed d join numbered n using (job)
        where l.device_id = d.device_id
    ), audited as (
        insert into sat_entry (at, kind, request_no, csp, code, detail)
        select p_now, 'job', request_no, p_csp, 'made',
            'job ' || job_no || ', devices ' || devices
        from shared order by job_no, request_no
    ), lowered as (
        -- reset or released devices leave fewer than were counted
        update distribution d set ready = case when x.all_gone then 0
                else greatest(0, d.ready - x.taken - x.waits - x.missed) end,
            unassigned = greatest(0, d.unassigned - case when x.all_gone
                then d.ready - x.waits else x.taken + x.missed end),
            cells = null, cell_devices = null
        -- counted without a join: for what the planner knows there is one row
        from (select request_no, max(csp) as csp, device_type,
                sum(n.waits) as waits, sum(n.taken) as taken,
                sum(n.wanted - n.found) as missed,
                p_cells is null and sum(n.found) < sum(n.wanted) as all_gone
            from (select request_no, csp, device_type, devices as wanted,
                    0 as found, 0 as taken, 0 as waits from part
                union all
                select request_no, null, device_type, 0, 1, 0, 0 from member
                union all
                select request_no, null, device_type, 0, 0, 0, 1 from locked
                union all
                select request_no, null, device_type, 0, 0, 1, -1 from placed)
                n
            group by 1, 3) x
        where d.request_no = x.request_no and d.csp = x.csp
            and d.device_type = x.device_type
    )
    select array_agg(job_no order by job_no),
        (select array_agg(device_id) from crowded)
    into result, waiting from numbered;
    if waiting is not null then
        update tracking_live l set hub_waits = true
        where l.device_id = any (waiting);
    end if;
    if p_cells is not null then
        perform count_job_cells(result);
    end if;
    return coalesce(result, '{}');
end $$;

-- The devices that are in a job now, as it goes out. request_ids: of a job of
-- several requests the RequestID of each device, with spaces between; else ''.
create or replace function job_targets(
    j csp_job, out device_ids macaddr8[], out chf_ids macaddr8[],
    out request_ids text)
    language plpgsql stable as $$
begin
    select array_agg(l.device_id order by l.device_id),
        array_agg(l.chf_id order by l.device_id),
        case j.requests when 1 then '' else string_agg((
            select request_id_text(r.originator, r.target, r.counter)
            from service_request r where r.request_no = l.request_no), ' '
            order by l.device_id) end
    into device_ids, chf_ids, request_ids
    from tracking_live l
    where l.request_no = any (job_requests(j)) and l.job_no = j.job_no
        and l.status = 'AWAITING_CSP';
end $$;

-- A job that the CSP may have heard of has other devices now: another name for
-- it, for the one that it had stands for what was posted.
create or replace function name_job_anew(p_job_no bigint) returns uuid
    language sql
begin atomic
    insert into csp_job_name (job_id, job_no, without)
    select job_id, job_no, without from csp_job where job_no = p_job_no;
    update csp_job j set job_id = gen_random_uuid(), without = (
        select array_agg(h.device_id order by h.device_id)
        from tracking_history h
        where h.request_no = any (job_requests(j)) and h.job_no = j.job_no)
    where job_no = p_job_no
    returning job_id;
end;

-- Takes the next jobs of a CSP that are due, for one worker to hand over
-- together: at most p_together, and no more once they have p_most devices. One
-- whose image the CSP has not is the last: it is posted only after job_posts().
-- The others are as good as heard of (heard: they were before). A job whose
-- devices have all left it is closed instead. When none is due, but devices wait
-- that could be put into one, there is a row without a job.
create or replace function due_jobs(
    p_csp text, p_now timestamptz, p_until timestamptz, p_most integer,
    p_together integer)
    returns table (job_no bigint, lease_number bigint, job_id text,
        request_id text, device_type text, firmware_version bytea,
        image_id bytea, image_sent boolean, heard integer, tries integer,
        created timestamptz, device_ids macaddr8[], chf_ids macaddr8[],
        request_ids text)
    language plpgsql as $$
declare
    due bigint[];
    leased bigint[];
    ready integer[];
    emptied bigint[];
    unheard bigint[];
    next bigint[];
    posted_with integer;
    made_with integer;
    -- next to always there is nothing
    some_held constant boolean := exists (select from distribution d
        where d.held is not null);
    some_stopped constant boolean := exists (select from service_request r
        where r.stopped is not null);
begin
    loop
        due := null;
        select array_agg(n) into next from (
            select job_requests(c) as numbers from csp_job c
            where c.csp = p_csp and c.state = 'waiting' and c.next_try <= p_now
            order by c.next_try, c.job_no limit p_together) x, unnest(numbers) n;
        -- a transaction of its own, for locks are taken in one order
        if hold_by_itself(next, p_now) then
            return;
        end if;
        if next is not null then
            select array_agg(x.no) into due from (
                select x.no, sum(x.devices) over (order by x.next_try, x.no)
                    - x.devices as before
                from (
                    select c.job_no as no, c.next_try, c.devices from csp_job c
                    where c.csp = p_csp and c.state = 'waiting'
                        and c.next_try <= p_now
                        and (c.leased_until is null or c.leased_until <= p_now)
                        and (not some_held or (select min(d.held)
                            from distribution d
                            where d.request_no = any (job_requests(c))
                                and d.csp = c.csp
                                and d.device_type = c.device_type) is null)
                        and (not some_stopped or not is_stopped(c))
                    order by c.next_try, c.job_no limit p_together
                    for update skip locked) x) x
            where x.before < p_most;
        end if;
        if due is null then
            -- who has written what is past takes no devices any more
            exit when cardinality(unheard) > 0;
            if (select true from distribution d
                    where d.csp = p_csp and d.ready > 0 limit 1) then
                job_no := null;
                return next;
            end if;
            return;
        end if;

        leased := '{}';
        ready := '{}';
        emptied := '{}';
        unheard := '{}';
        for job_no, lease_number, job_id, request_id, device_type,
                firmware_version, image_id, image_sent, tries, created,
                device_ids, chf_ids, request_ids, made_with, posted_with in
            select j.job_no, j.lease_number + 1, j.job_id,
                request_id_text(r.originator, r.target, r.counter),
                j.device_type, r.firmware_version, r.image_id,
                exists (select from csp_image i
                    where i.csp = p_csp and i.image_id = r.image_id),
                j.tries, j.created, l.device_ids, l.chf_ids, l.request_ids,
                j.devices, j.posted
            from csp_job j
            join service_request r using (request_no)
            cross join lateral job_targets(j) l
            where j.job_no = any (due)
            order by j.next_try, j.job_no
        loop
            heard := (posted_with is not null)::integer;
            if heard = 0 and coalesce(cardinality(device_ids), 0) < made_with
            then
                unheard := unheard || job_no;
            end if;
            if device_ids is null then
                emptied := emptied || job_no;
                continue;
            end if;
            if cardinality(device_ids) < posted_with then
                job_id := name_job_anew(job_no);
            end if;
            leased := leased || job_no;
            ready := ready || case when image_sent or heard = 1
                then cardinality(device_ids) end;
            return next;
            exit when not image_sent;
        end loop;

        update csp_job c set leased_until = p_until,
            lease_number = c.lease_number + 1, posted = l.posted
        from unnest(leased, ready) as l (job_no, posted)
        where c.job_no = l.job_no;
        if cardinality(emptied) > 0 then
            update csp_job c set state = 'empty', ended = p_now
            where c.job_no = any (emptied);
        end if;
        if cardinality(unheard) > 0 then
            -- reset or released before the CSP can have heard of them
            perform from tracking_history h
            where h.job_no = any (unheard) and h.request_no = any (array(
                select unnest(job_requests(c)) from csp_job c
                where c.job_no = any (unheard)))
            order by h.device_id, h.request_no for update;
            update tracking_history h set job_no = null
            where h.job_no = any (unheard) and h.request_no = any (array(
                select unnest(job_requests(c)) from csp_job c
                where c.job_no = any (unheard)));
        end if;
        exit when cardinality(leased) > 0;
        if cardinality(emptied) = 0 then
            -- nothing was found of them: nobody is to find them again
            update csp_job c set state = 'empty', ended = p_now
            where c.job_no = any (due) and not exists (
                select from service_request r
                where r.request_no = c.request_no);
            continue when found;
            return;
        end if;
    end loop;
end $$;

-- A leased job is about to be posted with so many devices, for the CSP has its
-- image now. False: it is another's by now, or its devices are others.
create or replace function job_posts(
    p_job_no bigint, p_lease_number bigint, p_devices integer)
    returns boolean language plpgsql as $$
begin
    update csp_job j set posted = p_devices
    where j.job_no = p_job_no and j.lease_number = p_lease_number
        and j.state = 'waiting' and (
            select count(*) from tracking_live l
            where l.request_no = any (job_requests(j))
                and l.job_no = j.job_no
                and l.status = 'AWAITING_CSP') = p_devices;
    return found;
end $$;

create or replace function image_sent(
    p_csp text, p_image_id bytea, p_now timestamptz) returns void
    language sql
begin atomic
    insert into csp_image values (p_csp, p_image_id, p_now)
    on conflict do nothing;
end;

-- The CSP has taken them, as leased.
create or replace function jobs_handed_over(
    p_job_nos bigint[], p_lease_numbers bigint[], p_now timestamptz)
    returns void language plpgsql as $$
begin
    with mine as materialized (
        select j.job_no from csp_job j
        join unnest(p_job_nos, p_lease_numbers) as l (job_no, lease_number)
            using (job_no, lease_number)
        where j.state = 'waiting'
        order by j.job_no for update of j
    ), handed_over as (
        update csp_job j set state = 'handed_over', ended = p_now,
            tries = tries + 1, leased_until = null, last_error = null
        from mine m where j.job_no = m.job_no
        returning j.job_no, j.csp, job_requests(j) as numbers
    )
    insert into sat_entry (at, kind, request_no, csp, code, detail)
    select p_now, 'job', request_no, csp, 'handed_over', 'job ' || job_no
    from handed_over, unnest(numbers) as request_no
    order by job_no, request_no;
end $$;

-- What a job is posted with once it was tried: null if the CSP cannot have heard
-- of it, neither now (p_heard) nor under another name.
create or replace function posted_after(j csp_job, p_heard boolean)
    returns integer language sql stable
    return case when p_heard or exists (select from csp_job_name n
        where n.job_no = j.job_no) then j.posted end;

-- Counts once, however often it is said: only while that lease lasts.
-- p_next_try '-infinity': it was not begun.
create or replace function job_again(
    p_job_no bigint, p_lease_number bigint, p_next_try timestamptz,
    p_error text, p_heard boolean) returns void
    language plpgsql as $$
begin
    update csp_job j set leased_until = null,
        posted = posted_after(j, p_heard),
        tries = tries + case p_next_try when '-infinity' then 0 else 1 end,
        next_try = case p_next_try when '-infinity' then next_try
            else p_next_try end,
        last_error = case p_next_try when '-infinity' then last_error
            else p_error end
    where job_no = p_job_no and state = 'waiting'
        and lease_number = p_lease_number and leased_until is not null;
end $$;

-- A reason as the CSP gave it: one that csp_reason has, else OTHER.
create or replace function csp_reason_of(p_given text) returns text
    language sql stable
    return coalesce((select reason from csp_reason
        where reason = p_given and not ours), 'OTHER');

-- The CSP refused the whole job (p_event csp_refused) or we give it up
-- (csp_never_answered), for the CSP was never there or we cannot send it: every
-- device of it hears so.
create or replace function job_failed(
    p_job_no bigint, p_lease_number bigint, p_event text, p_reason text,
    p_error text, p_heard boolean, p_now timestamptz, p_timeout interval)
    returns void
    language plpgsql as $$
declare
    j csp_job;
    numbers bigint[];
    reason text := case p_event when 'csp_refused'
        then csp_reason_of(p_reason) else p_reason end;
begin
    update csp_job c set ended = p_now, tries = tries + 1,
        leased_until = null, last_error = p_error,
        posted = posted_after(c, p_heard), state = case p_event
            when 'csp_refused' then 'refused'::job_state else 'given_up' end
    where job_no = p_job_no and state = 'waiting'
        and lease_number = p_lease_number
    returning * into j;
    if not found then
        return;
    end if;
    numbers := job_requests(j);
    insert into sat_entry (at, kind, request_no, csp, code, detail)
    select p_now, 'job', request_no, j.csp, j.state,
        'job ' || j.job_no || ': ' || p_error
    from unnest(numbers) as request_no;
    perform apply_events(array(
        select row((row_number() over (order by device_id))::integer, p_event,
            device_id, request_no, reason, chf_id, null, null, null, null)
            ::tracking_event
        from tracking_live
        where request_no = any (numbers) and job_no = j.job_no), p_now,
        p_timeout);
    perform tell_collected(numbers, p_now);
end $$;

-- The same of what has waited longest: each of one request, at most p_most
-- devices, at most p_together jobs. For what is given up. False when there was
-- nothing to do.
create or replace function make_some_jobs(
    p_csp text, p_most integer, p_now timestamptz, p_keep_until timestamptz,
    p_together integer) returns boolean
    language plpgsql as $$
declare
    made bigint[];
    waiting bigint;
begin
    select count(*), make_jobs(p_csp, array_agg(ordinal::integer),
        array_agg(request_no), array_agg(device_type),
        array_agg(least(ready, p_most)), false, p_now, p_keep_until)
    into waiting, made from (
        select *, row_number() over (order by request_no, device_type)
            as ordinal
        from (select request_no, device_type, ready from distribution
            where csp = p_csp and ready > 0
            order by request_no limit p_together) x) x;
    return waiting > 0;
end $$;
