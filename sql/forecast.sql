-- Forecasts (docs/steering.md, Forecast): by which time half, and nine of ten,
-- of the devices of a request will be done, from how long others took.

-- ---- what is known ----

-- How long such devices took: those of the same model and hour if that are
-- enough, else of the model, else of all. No row: too little is known.
create or replace function forecast_basis(
    p_csp text, p_type device_type, p_model text, p_hour integer,
    p_span update_span) returns setof duration_known
    language sql stable
begin atomic
    select * from duration_known
    where csp = p_csp and device_type = p_type and span = p_span
        and model in (p_model, '') and hour in (p_hour, -1)
    order by model = '', hour = -1 limit 1;
end;

-- How much longer than usual the CSP's room is waited for, while something of it
-- is waited for (csp_pace.waits): half of what waits goes before, as Users take
-- turns, at the pace of its best hour of the last day; or a pause that it is in;
-- less what half of those that are counted waited.
create or replace function pace_in_force(
    p_csp text, p_type device_type, p_now timestamptz) returns interval
    language sql stable
begin atomic
    select case when wait > interval '1 hour' then greatest('0', wait
        - coalesce((select bucket_share(b.buckets, b.counts::numeric[], 0.5)
            from forecast_basis(p_csp, p_type, '', -1, 'turn') b), '0'))
        else '0' end
    from (select greatest(
            (select make_interval(secs => waiting / took_an_hour * 1800)
                from csp_flow where csp = p_csp and took_an_hour > 0
                    and exists (select from csp_pace p where p.csp = p_csp
                        and p.waits in ('cell', 'share', 'jobs', 'devices',
                            'pace', 'window', 'busy'))),
            (select p.paused_until - p_now from csp_pace p
                where p.csp = p_csp and p.paused_until > p_now
                    and p.paused_until < 'infinity'), '0')
            as wait) w;
end;

-- ---- the arithmetic ----

-- When devices of groups are done that go on at p_from: each bucket of the
-- durations that are longer than its age, with its part of the devices. What
-- did not come to an end has its part too, and no time.
create or replace function group_points(
    p_groups forecast_group[], p_from timestamptz, p_share double precision)
    returns table (part integer, at timestamptz, mass double precision)
    language sql stable
begin atomic
    with basis as materialized (
        select k.*, b.buckets, b.counts,
            case k.span when 'total' then pace_in_force(k.csp, k.type, p_from)
                else '0' end as pace
        from (select distinct g.csp, g.type, g.model, g.hour, g.span
            from unnest(p_groups) g) k
        cross join lateral forecast_basis(k.csp, k.type, k.model, k.hour,
            k.span) b
    ), longer as (
        -- of a bucket that its age is in, the part that is longer
        select g.ordinality, g.part, g.age, g.devices, b.pace, c.bucket,
            c.ends, c.n * case when c.ends is null or c.begins >= g.age then 1
                else (c.ends - g.age) / (c.ends - c.begins) end as n
        from unnest(p_groups) with ordinality g
        join basis b using (csp, type, model, hour, span)
        cross join lateral (select u.bucket, u.n, case
                when u.bucket <> bucket_never() then bucket_begins(u.bucket)
                end as begins, case when u.bucket <> bucket_never()
                then bucket_begins(u.bucket + 1) end as ends
            from unnest(b.buckets, b.counts) as u (bucket, n)) c
        where c.ends is null or c.ends > g.age
    )
    select l.part, p_from + l.pace + (l.ends - l.age) * interval '1 second',
        l.devices * p_share * l.n / sum(l.n) over (partition by l.ordinality)
    from longer l;
end;

-- By when so many devices are done; null: never.
create or replace function points_reach(
    p_points forecast_point[], p_devices double precision)
    returns timestamptz language sql immutable
begin atomic
    select min(at) from (
        select at, sum(mass) over (order by at) as together
        from unnest(p_points)) x
    where together >= p_devices - 1e-6;
end;

-- The waves of a plan that are to come, one after the other: each when enough of
-- the devices before have come to an end and its wait is over, at an hour of the
-- plan. p_wave and p_allowed: the last one, and the devices of all so far;
-- p_next: when the next begins, if that is known.
create or replace function wave_points(
    p_groups forecast_group[], p_points forecast_point[], p_plan plan_terms,
    p_wave integer, p_allowed bigint, p_next timestamptz, p_now timestamptz)
    returns forecast_point[] language plpgsql stable as $$
declare
    known forecast_point[] := p_points;
    of constant bigint := (select sum(g.devices) from unnest(p_groups) g);
    later constant forecast_group[] := array(select g from unnest(p_groups) g
        where g.state = 'later');
    waiting constant double precision := (select sum(g.devices)
        from unnest(later) g);
    rest double precision := waiting;
    allowed double precision := greatest(p_allowed, of - waiting);
    begins timestamptz := coalesce(p_next,
        case when p_wave = 0 then p_now end);
    wave integer := p_wave;
    size double precision;
begin
    while rest >= 0.5 and wave < p_wave + 100 loop
        wave := wave + 1;
        if begins is null then
            begins := points_reach(known, allowed * (p_plan).outcomes / 100)
                + (p_plan).wait;
        end if;
        exit when begins is null;
        begins := greatest(begins, p_now, (p_plan).start);
        if not plan_is_open(p_plan, begins) then
            begins := plan_opens(p_plan, begins);
        end if;
        size := least(rest, wave_size(p_plan, wave, of::integer));
        known := known || array(select row(x.part, x.at, x.mass)::forecast_point
            from group_points(later, begins, size / waiting) x
            where x.at is not null);
        rest := rest - size;
        allowed := allowed + size;
        begins := null;
    end loop;
    return known;
end $$;

-- The forecast of each part, and (part 0) of all. p_plan null: all goes at once.
create or replace function forecast_parts(
    p_groups forecast_group[], p_plan plan_terms, p_wave integer,
    p_allowed bigint, p_next timestamptz, p_now timestamptz)
    returns table (part integer, csp text, type device_type, model text,
        devices bigint, done bigint, why text, p50 timestamptz,
        p90 timestamptz, level double precision, history bigint)
    language plpgsql stable as $$
declare
    known forecast_point[];
begin
    known := array(
        select row(g.part, p_now, g.devices)::forecast_point
        from unnest(p_groups) g where g.state = 'done'
        union all
        select row(x.part, x.at, x.mass)::forecast_point
        from group_points(array(select g from unnest(p_groups) g
            where g.state = 'out'), p_now, 1) x
        where x.at is not null);
    if exists (select from unnest(p_groups) g where g.state = 'later') then
        known := wave_points(p_groups, known, p_plan, p_wave, p_allowed,
            p_next, p_now);
    end if;
    return query
    with of_part as (
        select g.part, g.csp, g.type, g.model, sum(g.devices)::bigint as n,
            coalesce(sum(g.devices) filter (where g.state = 'done'),
                0)::bigint as done,
            bool_or(g.state = 'held') as held,
            min(case when g.state in ('out', 'later')
                then coalesce(b.devices, 0) end) as history
        from unnest(p_groups) g
        left join lateral forecast_basis(g.csp, g.type, g.model, g.hour,
            g.span) b on true
        group by 1, 2, 3, 4
    ), leveled as materialized (
        select o.*, coalesce(l.level, 0.9) as level from of_part o
        left join forecast_level l on l.csp = o.csp
            and l.device_type = o.type
    ), every as (
        select l.* from leveled l
        union all
        select 0, null, null, null, sum(l.n)::bigint, sum(l.done)::bigint,
            bool_or(l.held), min(l.history), sum(l.level * l.n) / sum(l.n)
        from leveled l
    ), together as materialized (
        select x.part, x.at, sum(x.mass) over (partition by x.part
            order by x.at) as mass
        from (select k.part, k.at, k.mass from unnest(known) k
            union all
            select 0, k.at, k.mass from unnest(known) k) x
    ), read as (
        select e.part, min(t.at) filter (
                where t.mass >= e.n * 0.5 - 1e-6) as p50,
            min(t.at) filter (where t.mass >= e.n * e.level - 1e-6) as p90
        from every e join together t using (part) group by e.part
    )
    select e.part, e.csp, e.type, e.model, e.n, e.done, x.why,
        case when x.why is null then least(r.p50, r.p90) end,
        case when x.why is null then r.p90 end, e.level, e.history
    from every e
    left join read r using (part)
    cross join lateral (select case
        when e.done >= e.n * 0.9 then 'done'
        when e.held then 'held'
        when e.history = 0 then 'history'
        when r.p90 is null then 'never' end as why) x
    order by e.part;
end $$;

-- ---- of a request ----

create or replace function london_hour(p_at timestamptz) returns integer
    language sql immutable
    return extract(hour from p_at at time zone 'Europe/London')::integer;

-- Its devices by CSP, type, model and how far they are. Those that were reset or
-- stopped are none of them; what was released without a word is out: it may be
-- heard of yet.
create or replace function request_groups(
    r service_request, p_now timestamptz) returns forecast_group[]
    language plpgsql stable as $$
declare
    one_model constant boolean := coalesce((select max(n) from (
        select count(distinct (e.manufacturer_id::integer,
            e.model_id::integer)) as n
        from cpl_entry e
        where e.manufacturer_image_hash = r.manufacturer_image_hash
        group by e.device_type) x) = 1, false);
    hour constant integer := london_hour(r.received);
    answer forecast_group[];
begin
    with updates as (
        select l.device_id, l.csp, l.device_type, l.status, l.job_no,
            l.delivery_time, l.last_updated, l.held is not null as held,
            l.job_no is null as waits,
            l.status = 'SUCCESSFUL_HAN_TRANSFER' and l.device_type <> 'PPMID'
                as done
        from tracking_live l where l.request_no = r.request_no
        union all
        select t.device_id, t.csp, t.device_type, t.status, t.job_no,
            t.delivery_time, t.last_updated, false, false,
            update_ended(t) <= p_now
        from tracking t
        where t.request_no = r.request_no and t.released is not null
            and device_stage(t.status, false, t.device_type)
                not in ('reset', 'stopped', 'refused')
    ), counted as (
        select u.csp, u.device_type, coalesce(case when one_model then (
                select model_text(e.manufacturer_id, e.model_id, null)
                from cpl_entry e
                where e.manufacturer_image_hash = r.manufacturer_image_hash
                    and e.device_type = u.device_type limit 1)
            else (select model_text(s.manufacturer_id, s.model_id, null)
                from smi_device s where s.device_id = u.device_id) end, '')
            as model, s.state, case when s.state <> 'out' or w.since is null
                then 'total' when w.at_hub then 'rest' else 'whole' end as span,
            case when s.state = 'out' and w.since is not null
                then duration_bucket(p_now - w.since) / 4 else -1 end
                as near, count(*) as devices,
            avg(greatest(0, extract(epoch from p_now - w.since))) as age
        from updates u
        left join csp_job j on j.job_no = u.job_no and j.state = 'handed_over'
        cross join lateral (select case when u.done then 'done'
            when u.held then 'held' when u.waits then 'waits'
            else 'out' end as state) s
        cross join lateral (select u.delivery_time is not null
                and u.status in ('SUCCESSFUL_CH_TRANSFER',
                    'SUCCESSFUL_HAN_TRANSFER') as at_hub,
            case when u.status in ('SUCCESSFUL_CH_TRANSFER',
                'SUCCESSFUL_HAN_TRANSFER') then coalesce(u.delivery_time,
                    j.ended) else j.ended end as since) w
        group by 1, 2, 3, 4, 5, 6
    ), ready as (
        -- of what waits here, what its plan lets go
        select c.csp, c.device_type, c.model, s.state, c.span, c.near, c.age,
            s.devices
        from counted c
        left join distribution d on d.request_no = r.request_no
            and d.csp = c.csp and d.device_type = c.device_type
        cross join lateral (select case when c.state = 'waits'
                and d.unassigned > 0 then least(c.devices,
                    round(c.devices * d.ready / d.unassigned::numeric))
                when c.state = 'waits' then c.devices end as now) n
        cross join lateral (values (case c.state when 'waits' then 'out'
                else c.state end, coalesce(n.now, c.devices)),
            ('later', c.devices - n.now)) as s (state, devices)
        where s.devices > 0
    )
    select array_agg(row(p.part, p.csp, p.device_type, p.model, p.state,
        p.span::update_span, case when p.near >= 0 then p.age
            when p.state = 'out' then extract(epoch from p_now - r.received)
            else 0 end, hour, p.devices)::forecast_group)
    into answer
    from (select y.*, dense_rank() over (order by csp, device_type, model)
            ::integer as part from ready y) p;
    return answer;
end $$;

create or replace function forecast_request(
    r service_request, p_now timestamptz)
    returns table (part integer, csp text, type device_type, model text,
        devices bigint, done bigint, why text, p50 timestamptz,
        p90 timestamptz, level double precision, history bigint)
    language plpgsql stable as $$
declare
    groups constant forecast_group[] := request_groups(r, p_now);
    p request_plan;
begin
    if groups is null then
        return;
    end if;
    select * into p from request_plan q
    where q.request_no = r.request_no and not q.ended;
    return query
    select * from forecast_parts(groups, p.terms, coalesce(p.wave, 0),
        coalesce(p.allowed, 0)::bigint, p.next, p_now);
end $$;

-- ---- the background ----

-- What waits for each CSP, and how fast it takes.
create or replace function measure_flow(p_now timestamptz) returns void
    language plpgsql as $$
begin
    delete from csp_flow;
    insert into csp_flow (csp, waiting, took_an_hour)
    select coalesce(w.csp, t.csp), coalesce(w.devices, 0),
        coalesce(t.devices, 0)
    from (select d.csp, sum(d.ready) as devices from distribution d
            where d.ready > 0 group by 1) w
    full join (select h.csp, max(h.devices) as devices
            from (select j.csp, sum(j.devices) as devices from csp_job j
                where j.state = 'handed_over' and j.ended > p_now
                    - interval '1 day' and j.ended <= p_now
                group by j.csp, date_trunc('hour', j.ended)) h
            group by 1) t on t.csp = w.csp;
end $$;

-- Requests that came, of which something is under way, are watched from now on.
create or replace function watch_forecasts(p_now timestamptz)
    returns void language plpgsql as $$
begin
    insert into forecast_watch (request_no, made, next)
    select r.request_no, '-infinity', p_now
    from service_request r
    where r.received >= (select greatest(seen_to - interval '1 hour',
                p_now - interval '7 days') from foresight)
        and r.image_id is not null and r.accepted > 0
    order by r.request_no
    on conflict (request_no) do nothing;
    update foresight set seen_to = p_now where seen_to <> p_now;
end $$;

-- When the plan of a request, and each order about it, was changed last.
create or replace function steered(p_request_no bigint)
    returns table (at timestamptz) language sql stable
begin atomic
    select p.made from request_plan p where p.request_no = p_request_no
    union all
    select greatest(o.made, o.decided, o.ended) from steering o
    where o.request_no = p_request_no;
end;

-- Makes the forecasts that are due, of at most p_most requests; returns of how
-- many. A request whose plan or holds were changed is due at once; else as often
-- as four times in the time that it has taken so far.
create or replace function make_forecasts(p_most integer, p_now timestamptz)
    returns integer language plpgsql as $$
declare
    w forecast_watch;
    r service_request;
    looked integer := 0;
begin
    update forecast_watch f set next = p_now
    where f.next > p_now and f.next < 'infinity' and exists (
        select from steered(f.request_no) s where s.at > f.made);
    for w in select * from forecast_watch where next <= p_now
        order by next, request_no limit p_most for update skip locked
    loop
        looked := looked + 1;
        select * into r from service_request s
        where s.request_no = w.request_no;
        if request_state(r, p_now) in ('in-progress', 'held') then
            insert into forecast (request_no, csp, device_type, model, made,
                first, devices, done, why, p50, p90, level, history, due)
            select w.request_no, f.csp, f.type, f.model, p_now,
                w.made = '-infinity', f.devices, f.done, f.why, f.p50, f.p90,
                case when f.why is null then f.level end, f.history,
                f.p90 + interval '1 day'
            from forecast_request(r, p_now) f;
            update forecast_watch set made = p_now, next = p_now + greatest(
                interval '1 hour', (p_now - r.received) / 4)
            where request_no = w.request_no;
        else
            update forecast_watch set next = 'infinity'
            where request_no = w.request_no;
        end if;
    end loop;
    return looked;
end $$;

-- A forecast is known a day after its P90: what is heard by then of its devices
-- counts, by when it happened. Counted is who was not done, for what is done is
-- kept for less long.
create or replace function score_forecasts(p_most integer, p_now timestamptz)
    returns integer language plpgsql as $$
declare
    looked integer;
begin
    with due as materialized (
        select f.*, exists (select from forecast o
            where o.request_no = f.request_no
                and o.device_type = f.device_type and o.model <> f.model)
            as models
        from forecast f where f.due <= p_now
        order by f.due limit p_most for update skip locked
    ), late as materialized (
        select d.forecast_no,
            count(*) filter (where x.none) as none,
            count(*) filter (where not x.none
                and coalesce(x.ended > d.p90, true)) as after_p90,
            count(*) filter (where not x.none
                and coalesce(x.ended > d.p50, true)) as after_p50
        from due d
        join tracking t on t.request_no = d.request_no
            and t.status <> 'REJECTED_BY_DSP' and (d.csp is null
                or t.csp = d.csp and t.device_type = d.device_type)
        cross join lateral (select update_ended(t) as ended,
            device_stage(t.status, false, t.device_type)
                in ('reset', 'stopped') as none) x
        where not d.models or d.model = coalesce((
            select model_text(s.manufacturer_id, s.model_id, null)
            from smi_device s where s.device_id = t.device_id), '')
        group by d.forecast_no
    ), scored as (
        update forecast f set scored = p_now, due = null,
            counted = d.devices - none, by_p50 = greatest(0,
                d.devices - none - after_p50),
            by_p90 = greatest(0, d.devices - none - after_p90)
        from (select d.forecast_no, d.devices,
                least(d.devices, coalesce(l.none, 0)) as none,
                coalesce(l.after_p50, 0) as after_p50,
                coalesce(l.after_p90, 0) as after_p90
            from due d left join late l using (forecast_no)) d
        where f.forecast_no = d.forecast_no
        returning f.*
    ), moved as (
        insert into forecast_level as l (csp, device_type, level)
        select csp, device_type, 0.9 + 0.04 * greatest(-1, least(1, drift))
        from (select csp, device_type, sum(least(1, counted / 20.0)
                * (0.9 - by_p90::double precision / counted)) as drift
            from scored
            where first and csp is not null and counted > 0 group by 1, 2) s
        order by 1, 2
        on conflict (csp, device_type) do update set level = greatest(0.5,
            least(0.995, l.level + excluded.level - 0.9)))
    select count(*) into looked from scored;
    return looked;
end $$;

-- Forecasts that are scored or cannot be, for 60 days that fotad runs: the score
-- is of 30. What is watched no more, for a day.
create or replace function clean_forecasts(p_most integer) returns bigint
    language plpgsql as $$
declare
    gone bigint;
begin
    delete from forecast where forecast_no = any (array(
        select forecast_no from forecast
        where inserted < kept_from('60 days')
        limit p_most for update skip locked));
    get diagnostics gone = row_count;
    delete from forecast_watch w where request_no = any (array(
        select f.request_no from forecast_watch f
        join service_request r using (request_no)
        where f.next = 'infinity'
            and r.received < (select seen_to - interval '1 day' from foresight)
        limit p_most for update of f skip locked));
    return gone;
end $$;

-- ---- what people see ----

-- How often the P90 of the last 30 days held: of all, or of a CSP and type.
-- Only what was the first forecast of its request counts twice for nothing.
create or replace function forecast_score(
    p_viewer macaddr8, p_csp text, p_type device_type, p_now timestamptz)
    returns table (csp text, device_type text, forecasts bigint,
        held bigint, devices bigint, by_p50 bigint, by_p90 bigint)
    language plpgsql stable as $$
begin
    return query
    select f.csp, f.device_type::text, count(*),
        count(*) filter (where f.by_p90 >= 0.9 * f.counted),
        sum(f.counted)::bigint, sum(f.by_p50)::bigint, sum(f.by_p90)::bigint
    from forecast f
    where f.scored > p_now - interval '30 days' and f.scored <= p_now
        and f.csp is not null and f.counted > 0
        and (p_csp is null or f.csp = p_csp)
        and (p_type is null or f.device_type = p_type)
        and (p_viewer is null or exists (select from service_request r
            where r.request_no = f.request_no and r.originator = p_viewer))
    group by f.csp, f.device_type order by f.csp, f.device_type;
end $$;
