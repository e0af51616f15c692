-- What became of updates by model, and how suppliers use the network: counted by
-- days of requests, for the records of devices are not kept that long.

-- ---- counting ----

create or replace function day_begins(p_day date) returns timestamptz
    language sql immutable parallel safe
    return p_day::timestamp at time zone 'UTC';

create or replace function day_of(p_at timestamptz) returns date
    language sql immutable parallel safe
    return (p_at at time zone 'UTC')::date;

-- Is it of that time? A day of which only a part is counts whole.
create or replace function day_within(
    p_day date, p_from timestamptz, p_to timestamptz) returns boolean
    language sql stable parallel safe
    return p_day >= day_of(p_from)
        and p_day < day_of(p_to + interval '1 day' - interval '1 microsecond');

-- Was an image that a hub discarded then (8F89 code 1) driven out by a GSME's,
-- which came to that hub within the hour? Else it was replaced by the next one
-- for the device, or lay there for 14 days.
create or replace function discarded_for_gsme(
    p_chf_id macaddr8, p_hub_time timestamptz) returns boolean
    language plpgsql stable as $$
begin
    return exists (
        select from smi_device s
        join tracking g on g.device_id = s.device_id
        where s.chf_id = p_chf_id and s.device_type = 'GSME'
            and g.chf_id = p_chf_id
            and g.delivery_status = 'SUCCESSFUL_CH_TRANSFER'
            and g.delivery_time between p_hub_time - interval '1 hour'
                and p_hub_time + interval '1 hour');
end $$;

-- The accepted updates of a day's requests, with what was before them.
create or replace function updates_of_day(p_day date, p_now timestamptz)
    returns table (sender macaddr8, csp text, device_type device_type,
        manufacturer_id integer, model_id integer, hardware_version integer,
        firmware_version bytea, outcome text, again boolean,
        expired_again boolean, discarded boolean)
    language plpgsql stable as $$
begin
    return query
    select r.originator, t.csp, t.device_type, s.manufacturer_id::integer,
        s.model_id::integer, s.hardware_version::integer,
        r.firmware_version::bytea, device_outcome(t.status,
            t.released is null
                and is_live(t.status, t.job_no, t.release_due, p_now),
            t.device_type),
        coalesce(b.received > r.received - interval '5 days', false),
        coalesce(b.expired, false),
        coalesce(t.hub_status = 'HAN_DISCARDED'
            and discarded_for_gsme(t.chf_id, t.hub_time), false)
    from service_request r
    join tracking t on t.request_no = r.request_no
    left join smi_device s on s.device_id = t.device_id
    left join lateral (
        select o.received, device_stage(e.status, false, e.device_type)
                = 'timedOut' or e.reason_code = 'DISTRIBUTION_EXPIRED'
                as expired
        from tracking_history e
        join service_request o on o.request_no = e.request_no
        where e.device_id = t.device_id and e.request_no <> t.request_no
            and e.job_no is not null and o.received < r.received
            and o.firmware_version = r.firmware_version
        order by o.received desc limit 1) b on true
    where r.received >= day_begins(p_day)
        and r.received < day_begins(p_day + 1) and r.accepted > 0
        and t.status <> 'REJECTED_BY_DSP' and r.firmware_version is not null;
end $$;

-- Counts the requests of a day (UTC) anew.
create or replace function count_day(p_day date, p_now timestamptz)
    returns void language plpgsql as $$
begin
    insert into outcome_look (day, looked) values (p_day, p_now)
    on conflict (day) do update set looked = excluded.looked,
        inserted = excluded.inserted;
    delete from outcome_day o where o.day = p_day;
    delete from neighbour_day n where n.day = p_day;
    with u as materialized (
        select * from updates_of_day(p_day, p_now)
    ), models as (
        insert into outcome_day (day, sender, csp, device_type,
            manufacturer_id, model_id, hardware_version, firmware_version,
            devices, succeeded, failed, in_progress)
        select p_day, sender, csp, device_type, manufacturer_id, model_id,
            hardware_version, firmware_version, count(*),
            count(*) filter (where outcome = 'succeeded'),
            count(*) filter (where outcome = 'failed'),
            count(*) filter (where outcome = 'inProgress')
        from u
        group by sender, csp, device_type, manufacturer_id, model_id,
            hardware_version, firmware_version
    ), request as (
        select r.originator as sender, count(*) as requests,
            count(*) filter (where r.accepted = 1) as singles,
            coalesce(sum(j.jobs), 0) as jobs,
            coalesce(sum(j.singles), 0) as single_jobs
        from service_request r
        left join lateral (select count(*) as jobs,
                count(*) filter (where c.devices = 1) as singles
            from csp_job c where c.request_no = r.request_no) j on true
        where r.received >= day_begins(p_day)
            and r.received < day_begins(p_day + 1) and r.accepted > 0
            and r.firmware_version is not null
        group by r.originator
    )
    insert into neighbour_day (day, sender, requests, single_requests, jobs,
        single_jobs, devices, again, expired_again, discarded)
    select p_day, q.sender, q.requests, q.singles, q.jobs, q.single_jobs,
        count(u.sender), count(*) filter (where u.again),
        count(*) filter (where u.expired_again),
        count(*) filter (where u.discarded)
    from request q left join u using (sender)
    group by q.sender, q.requests, q.singles, q.jobs, q.single_jobs;
end $$;

-- Counts one day whose count is old: of today and yesterday one of 10 minutes,
-- of the others of which all is on record (p_keep) one of a day. False: there
-- was none.
create or replace function count_due_day(p_keep interval, p_now timestamptz)
    returns boolean language plpgsql as $$
declare
    due date;
begin
    select d.day into due
    from (select day_of(p_now) - n as day
        from generate_series(0, floor(extract(
            epoch from p_keep) / 86400)::integer - 2) n) d
    left join outcome_look l on l.day = d.day
    where (l.looked > p_now - case when d.day >= day_of(p_now) - 1
                then interval '10 minutes' else interval '1 day' end)
            is not true
        and (l.day is not null or (select true from service_request r
            where r.received >= day_begins(d.day)
                and r.received < day_begins(d.day + 1)
            order by r.received limit 1))
    order by d.day desc limit 1;
    if due is null then
        return false;
    end if;
    perform count_day(due, p_now);
    return true;
end $$;

-- Days that were counted last longer ago than p_keep.
create or replace function clean_outcomes(p_keep interval, p_most integer)
    returns bigint language plpgsql as $$
declare
    gone bigint;
begin
    delete from outcome_look where day = any (array(
        select day from outcome_look where inserted < kept_from(p_keep)
        limit p_most for update skip locked));
    get diagnostics gone = row_count;
    return gone;
end $$;

-- ---- uncertainty ----

-- Wilson's interval (95 %) for the share that p_part of p_whole stands for; null:
-- of nothing there is none.
create or replace function wilson(
    p_part bigint, p_whole bigint, out low numeric, out high numeric)
    language sql immutable parallel safe
begin atomic
    select greatest(0, round((m - d)::numeric, 6)),
        least(1, round((m + d)::numeric, 6))
    from (select (p + z * z / (2 * n)) / (1 + z * z / n) as m,
            z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
                / (1 + z * z / n) as d
        from (select p_part::float / p_whole as p, p_whole::float as n,
                1.959964 as z
            where p_whole > 0) x) y;
end;

-- ---- outcome by model and version ----

-- By months, weeks (by their Monday) or days (UTC); null: all in one.
create or replace function outcome_period(p_day date, p_period text)
    returns text language sql immutable parallel safe
    return case p_period when 'month' then to_char(p_day, 'YYYY-MM')
        when 'week' then to_char(date_trunc('week', p_day::timestamp),
            'YYYY-MM-DD')
        when 'day' then to_char(p_day, 'YYYY-MM-DD') else '' end;

-- p_viewer: a supplier sees what became of its own requests; null: all. Those
-- that fail most, so far as that is sure, come first. p_from and p_to as of days.
create or replace function list_outcomes(
    p_viewer macaddr8, p_type device_type, p_version bytea, p_period text,
    p_from timestamptz, p_to timestamptz)
    returns table (period text, device_type text, manufacturer_id text,
        model_id text, hardware_version text, firmware_version text,
        devices bigint, succeeded bigint, failed bigint, in_progress bigint,
        share numeric, low numeric, high numeric)
    language sql stable
begin atomic
    select o.period, o.device_type::text, hexadecimal(o.manufacturer_id, 2),
        hexadecimal(o.model_id, 2), hexadecimal(o.hardware_version, 1),
        firmware_version_text(o.firmware_version), o.devices, o.succeeded,
        o.failed, o.in_progress, round(o.failed::numeric
            / nullif(o.failed + o.succeeded, 0), 6), w.low, w.high
    from (select outcome_period(day, p_period) as period,
            outcome_day.device_type, outcome_day.manufacturer_id::integer,
            outcome_day.model_id::integer,
            outcome_day.hardware_version::integer,
            outcome_day.firmware_version::bytea,
            sum(outcome_day.devices) as devices,
            sum(outcome_day.succeeded) as succeeded,
            sum(outcome_day.failed) as failed,
            sum(outcome_day.in_progress) as in_progress
        from outcome_day
        where day_within(day, p_from, p_to)
            and (p_viewer is null or sender = p_viewer)
            and (p_type is null or outcome_day.device_type = p_type)
            and (p_version is null
                or outcome_day.firmware_version = p_version)
        group by 1, 2, 3, 4, 5, 6) o
    cross join lateral wilson(o.failed, o.failed + o.succeeded) w
    order by o.period desc, w.low desc nulls last, o.devices desc,
        2, 3, 4, 5, 6;
end;

-- Until when the days of that time have been counted, as text.
create or replace function counted_until(
    p_from timestamptz, p_to timestamptz) returns text
    language sql stable
    return (select instant_text(min(looked)) from outcome_look
        where day_within(day, p_from, p_to));

-- The page: by model and version (of all the time), and by period (of all
-- models).
create or replace function outcome_report(
    p_viewer macaddr8, p_type device_type, p_version bytea, p_period text,
    p_from timestamptz, p_to timestamptz) returns json
    language sql stable
begin atomic
    select json_build_object('from', instant_text(p_from),
        'to', instant_text(p_to),
        'counted', counted_until(p_from, p_to),
        'items', (select coalesce(json_agg(json_build_object(
                'deviceType', o.device_type,
                'manufacturerId', o.manufacturer_id, 'modelId', o.model_id,
                'hardwareVersion', o.hardware_version,
                'firmwareVersion', o.firmware_version,
                'devices', o.devices, 'succeeded', o.succeeded,
                'failed', o.failed, 'inProgress', o.in_progress,
                'share', o.share, 'low', o.low, 'high', o.high)), '[]')
            from (select * from list_outcomes(p_viewer, p_type, p_version,
                null, p_from, p_to) limit 1000) o),
        'periods', (select coalesce(json_agg(json_build_object(
                'period', p.period, 'devices', p.devices,
                'succeeded', p.succeeded, 'failed', p.failed,
                'inProgress', p.in_progress, 'share', round(p.failed::numeric
                    / nullif(p.failed + p.succeeded, 0), 6),
                'low', w.low, 'high', w.high) order by p.period), '[]')
            from (select o.period, sum(o.devices) as devices,
                    sum(o.succeeded)::bigint as succeeded,
                    sum(o.failed)::bigint as failed,
                    sum(o.in_progress) as in_progress
                from list_outcomes(p_viewer, p_type, p_version, p_period,
                    p_from, p_to) o
                group by o.period) p
            cross join lateral wilson(p.failed, p.failed + p.succeeded) w));
end;

-- ---- good neighbours ----

-- Each supplier of a time; p_viewer: itself alone.
create or replace function list_neighbours(
    p_viewer macaddr8, p_from timestamptz, p_to timestamptz)
    returns table (user_id macaddr8, user_name text, requests bigint,
        single_requests bigint, jobs bigint, single_jobs bigint,
        devices bigint, again bigint, share numeric, low numeric,
        high numeric, expired_again bigint, discarded bigint, warned bigint,
        refused bigint)
    language sql stable
begin atomic
    select coalesce(n.sender, f.originator),
        user_name(coalesce(n.sender, f.originator)), coalesce(n.requests, 0),
        coalesce(n.single_requests, 0), coalesce(n.jobs, 0),
        coalesce(n.single_jobs, 0), coalesce(n.devices, 0),
        coalesce(n.again, 0),
        round(n.again::numeric / nullif(n.devices, 0), 6), w.low, w.high,
        coalesce(n.expired_again, 0), coalesce(n.discarded, 0),
        coalesce(f.warned, 0), coalesce(f.refused, 0)
    from (select sender, sum(neighbour_day.requests) as requests,
            sum(neighbour_day.single_requests) as single_requests,
            sum(neighbour_day.jobs) as jobs,
            sum(neighbour_day.single_jobs) as single_jobs,
            sum(neighbour_day.devices)::bigint as devices,
            sum(neighbour_day.again)::bigint as again,
            sum(neighbour_day.expired_again) as expired_again,
            sum(neighbour_day.discarded) as discarded
        from neighbour_day
        where day_within(day, p_from, p_to)
            and (p_viewer is null or sender = p_viewer)
        group by sender) n
    full join (select r.originator, sum(g.devices) filter (
                where not g.refused) as warned,
            sum(g.devices) filter (where g.refused) as refused
        from guard_finding g join service_request r using (request_no)
        where r.received >= day_begins(day_of(p_from))
            and r.received < p_to
            and (p_viewer is null or r.originator = p_viewer)
        group by r.originator) f on f.originator = n.sender
    left join lateral wilson(n.again, n.devices) w on true
    order by w.low desc nulls last, n.devices desc nulls last, 1;
end;

create or replace function neighbour_report(
    p_viewer macaddr8, p_from timestamptz, p_to timestamptz) returns json
    language sql stable
begin atomic
    select json_build_object('from', instant_text(p_from),
        'to', instant_text(p_to),
        'counted', counted_until(p_from, p_to),
        'items', (select coalesce(json_agg(json_build_object(
                'user', eui64_text(n.user_id), 'userName', n.user_name,
                'requests', n.requests, 'singleRequests', n.single_requests,
                'jobs', n.jobs, 'singleJobs', n.single_jobs,
                'devices', n.devices, 'again', n.again, 'share', n.share,
                'low', n.low, 'high', n.high,
                'expiredAgain', n.expired_again, 'discarded', n.discarded,
                'warned', n.warned, 'refused', n.refused)), '[]')
            from list_neighbours(p_viewer, p_from, p_to) n),
        'rules', (select coalesce(json_agg(json_build_object('user',
                eui64_text(x.originator), 'rule', x.rule,
                'mode', case when x.refused then 'refuse' else 'warn' end,
                'devices', x.devices) order by x.originator, x.rule), '[]')
            from (select r.originator, g.rule, g.refused,
                    sum(g.devices) as devices
                from guard_finding g join service_request r using (request_no)
                where r.received >= day_begins(day_of(p_from))
                    and r.received < p_to
                    and (p_viewer is null or r.originator = p_viewer)
                group by 1, 2, 3) x));
end;
