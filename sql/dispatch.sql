-- What src/dispatch goes by when it decides what goes to a CSP next, what it
-- decided, and why the rest waits. The lock dispatch is taken before.

-- Jobs that the CSP has, counted anew: some of them, those that were counted
-- longest ago. From when something limits it (p_counts) they are all counted.
create or replace function count_flight(
    p_csp text, p_counts boolean, p_now timestamptz)
    returns void language plpgsql as $$
declare
    pace csp_pace;
begin
    select * into pace from csp_pace where csp = p_csp;
    if p_counts is distinct from coalesce(pace.counts, false) then
        update csp_job j set counted = '-infinity',
            in_flight = case when p_counts then j.devices end
        where j.job_no = any (array(select c.job_no from csp_job c
            where c.csp = p_csp and c.state in ('waiting', 'handed_over')
                and (c.in_flight is null) = p_counts
            order by c.job_no for update));
    end if;
    -- every second, whichever way the clock goes
    if not p_counts or pace.recounted > p_now - interval '1 second'
            and pace.recounted <= p_now then
        return;
    end if;
    update csp_job j set counted = p_now, (in_flight, cells) = (
        select count(*), array_agg(distinct l.radio_cell)
            filter (where l.radio_cell is not null)
        from tracking_live l
        where l.request_no = any (job_requests(j)) and l.job_no = j.job_no
            and l.status in ('AWAITING_CSP', 'APPROVED_FOR_DISTRIBUTION')
            and l.release_due > p_now)
    from (
        select job_no, sum(in_flight) over (order by counted, job_no)
            - in_flight as before
        from (select c.job_no, c.in_flight, c.counted from csp_job c
            where c.csp = p_csp and c.in_flight > 0
                and c.counted <= p_now - interval '10 seconds'
            order by c.counted, c.job_no limit 1000
            for update skip locked) x) due
    where due.before < 20000 and j.job_no = due.job_no;
end $$;

-- How the CSP is, and what it has in flight (p_counts: that is counted). One
-- row.
create or replace function csp_pace_of(
    p_csp text, p_counts boolean, p_now timestamptz)
    returns table (offers integer, pause bigint, paused_until timestamptz,
        spoken_meters timestamptz, spoken_others timestamptz,
        spoken timestamptz, busy_since timestamptz, turn macaddr8,
        meter_jobs bigint, other_jobs bigint, meter_devices bigint,
        other_devices bigint, offered bigint)
    language plpgsql as $$
#variable_conflict use_column
begin
    perform pg_advisory_xact_lock(advisory_lock('dispatch')::integer,
        hashtext(p_csp));
    perform count_flight(p_csp, p_counts, p_now);
    return query
    select coalesce(p.offers, 0),
        coalesce(extract(epoch from p.pause) * 1000000, 0)::bigint,
        coalesce(p.paused_until, '-infinity'),
        coalesce(p.spoken_meters, '-infinity'),
        coalesce(p.spoken_others, '-infinity'),
        coalesce(p.spoken, '-infinity'), p.busy_since, p.turn,
        f.meter_jobs, f.other_jobs, f.meter_devices, f.other_devices,
        case when p.offers > 0 then (select count(*) from csp_job j
            where j.csp = p_csp and j.state = 'waiting' and j.tries = 0)
            else 0 end
    from (values (p_csp)) as c (csp)
    left join csp_pace p using (csp)
    cross join (
        select count(*) filter (where is_meter(device_type)) as meter_jobs,
            count(*) filter (where not is_meter(device_type)) as other_jobs,
            coalesce(sum(in_flight) filter (where is_meter(device_type)), 0)
                as meter_devices,
            coalesce(sum(in_flight) filter (where not is_meter(device_type)), 0)
                as other_devices
        from csp_job where p_counts and csp = p_csp and in_flight > 0) f;
end $$;

-- What waits for the CSP: of each User and device type the p_each oldest, and
-- what has the same image as any of these, about as much as goes into one job of
-- p_devices. By index: what there is beyond costs nothing.
create or replace function groups_waiting(
    p_csp text, p_each integer, p_devices integer)
    returns table (request_no bigint, device_type text, sender macaddr8,
        user_no integer, pool_no integer, ready integer,
        request_devices integer, since timestamptz, meter boolean,
        deficit bigint)
    language plpgsql as $$
#variable_conflict use_column
begin
    return query
    with recursive owner as (
        (select d.device_type, d.sender from distribution d
            where d.csp = p_csp and d.ready > 0
            order by d.csp, d.device_type, d.sender limit 1)
        union all
        select n.device_type, n.sender from owner o, lateral (
            select d.device_type, d.sender from distribution d
            where d.csp = p_csp and d.ready > 0
                and (d.device_type, d.sender) > (o.device_type, o.sender)
            order by d.csp, d.device_type, d.sender limit 1) n
    ), oldest as materialized (
        select d.* from owner o, lateral (
            select d.request_no, d.device_type, d.sender, d.ready, d.image_hash,
                d.since
            from distribution d
            where d.csp = p_csp and d.device_type = o.device_type
                and d.sender = o.sender and d.ready > 0
            order by d.request_no limit p_each) d
    ), image as materialized (
        select device_type, image_hash,
            count(*) over () as images
        from (select distinct device_type, image_hash from oldest) x
    ), company as (
        select d.* from image i, lateral (
            select d.request_no, d.device_type, d.sender, d.ready, d.image_hash,
                d.since
            from distribution d
            where d.csp = p_csp and d.device_type = i.device_type
                and d.image_hash = i.image_hash and d.ready > 0
            order by d.request_no
            limit greatest(p_each, p_devices / i.images)) d
    ), waiting as materialized (
        select * from oldest union select * from company
    )
    select w.request_no, w.device_type::text, w.sender,
        (dense_rank() over (order by w.sender))::integer - 1,
        (dense_rank() over (order by r.image_id, r.firmware_version,
            w.device_type))::integer - 1,
        w.ready, r.accepted, coalesce(w.since, r.received),
        is_meter(w.device_type), coalesce(p.deficit, 0)
    from waiting w
    -- "offset 0": each by its key, however many are thought to wait
    cross join lateral (
        select s.image_id, s.firmware_version, s.accepted, s.received
        from service_request s where s.request_no = w.request_no offset 0) r
    left join (select u.* from csp_pace c,
            unnest(c.senders, c.deficits) as u (sender, deficit)
            where c.csp = p_csp) p on p.sender = w.sender
    order by w.request_no, w.device_type;
end $$;

-- What was decided: jobs are made (as make_jobs() has its parameters), and how
-- the CSP is from now on is written. p_waits: why something waits, or ''.
create or replace function dispatch_decided(
    p_csp text, p_spoken_meters timestamptz, p_spoken_others timestamptz,
    p_spoken timestamptz, p_turn macaddr8, p_senders macaddr8[],
    p_deficits bigint[], p_waits text, p_next timestamptz, p_jobs integer[],
    p_request_nos bigint[], p_types text[], p_devices integer[],
    p_counts boolean, p_now timestamptz, p_keep_until timestamptz,
    p_cells text[] default null)
    returns void language plpgsql as $$
begin
    if p_jobs <> '{}' then
        perform make_jobs(p_csp, p_jobs, p_request_nos, p_types::device_type[],
            p_devices, p_counts, p_now, p_keep_until, p_cells);
    end if;
    insert into csp_pace as c (csp, spoken_meters, spoken_others, spoken, turn,
        senders, deficits, counts, recounted, waits, next, decided)
    values (p_csp, p_spoken_meters, p_spoken_others, p_spoken, p_turn,
        p_senders, p_deficits, p_counts, p_now, nullif(p_waits, ''), p_next,
        p_now)
    on conflict (csp) do update set spoken_meters = p_spoken_meters,
        spoken_others = p_spoken_others, spoken = p_spoken, turn = p_turn,
        senders = p_senders, deficits = p_deficits, counts = p_counts,
        recounted = case
            when c.recounted > p_now - interval '1 second'
                and c.recounted <= p_now then c.recounted
            else p_now end, waits = nullif(p_waits, ''), next = p_next, decided = p_now;
end $$;

-- How the CSP is, now that it has answered.
create or replace function csp_pace_answered(
    p_csp text, p_offers integer, p_pause bigint, p_paused_until timestamptz,
    p_busy boolean, p_now timestamptz) returns void
    language plpgsql as $$
begin
    insert into csp_pace as c (csp, offers, pause, paused_until, busy_since)
    values (p_csp, p_offers, p_pause * interval '1 microsecond',
        p_paused_until, case when p_busy then p_now end)
    on conflict (csp) do update set offers = p_offers,
        pause = p_pause * interval '1 microsecond',
        paused_until = p_paused_until, busy_since = case when p_busy
            then coalesce(c.busy_since, p_now) end;
end $$;

-- What could have gone for p_age, had the CSP not been busy all the time, is put
-- into jobs and these are given up; at most p_most. Returns how many.
create or replace function give_up_waiting(
    p_csp text, p_age interval, p_most integer, p_now timestamptz,
    p_timeout interval) returns integer
    language plpgsql as $$
declare
    made bigint[];
    due csp_job;
begin
    if not clock_sound() or not exists (select from csp_pace
            where csp = p_csp and busy_since <= p_now - p_age) then
        return 0;
    end if;
    select make_jobs(p_csp, array_agg(ordinal::integer), array_agg(request_no),
        array_agg(device_type), array_agg(ready), false, p_now, p_now)
    into made from (
        select d.request_no, d.device_type, d.ready, row_number() over (
            order by d.request_no, d.device_type) as ordinal
        from (select w.request_no, w.device_type, w.ready
            from distribution w join service_request r using (request_no)
            where w.csp = p_csp and w.ready > 0
                and coalesce(w.since, r.received) <= p_now - p_age
            order by w.request_no limit p_most) d) x;
    for due in select * from csp_job j
        where j.job_no = any (made) order by j.job_no
    loop
        perform job_failed(due.job_no, due.lease_number, 'csp_never_answered',
            'NEVER_ANSWERED', 'the CSP was busy all the time', false, p_now,
            p_timeout);
    end loop;
    return coalesce(cardinality(made), 0);
end $$;
