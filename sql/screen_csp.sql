-- The page of the CSPs.

-- p_names and p_regions go together: the regions of each, with commas.
create or replace function csp_list(
    p_names text[], p_regions text[], p_now timestamptz) returns json
    language sql stable
begin atomic
    with hour as (
        select date_trunc('hour', p_now) - n * interval '1 hour' as hour
        from generate_series(0, 23) n
    ), through as (
        select csp, date_trunc('hour', ended) as hour, count(*) as jobs,
            sum(devices) as devices
        from csp_job
        where ended >= date_trunc('hour', p_now) - interval '23 hours'
            and state = 'handed_over'
        group by 1, 2
    ), live as materialized (
        select csp, count(*) filter (where status = 'AWAITING_CSP') as waiting,
            count(*) filter (where status <> 'AWAITING_CSP') as under_way
        from tracking_live where is_live(status, job_no, release_due, p_now)
        group by csp
    ), busy as (
        select csp, min(created) as since, min(next_try) as next_try,
            (array_agg(last_error order by next_try))[1] as last_error
        from csp_job
        where state = 'waiting' and tries > 0 and last_error is not null
        group by csp
    )
    select json_build_object('items', coalesce(json_agg(json_build_object(
        'csp', c.name, 'regions', regexp_split_to_array(c.regions, '\s*,\s*'),
        'up', b.csp is null, 'busySince', instant_text(b.since),
        'nextTry', instant_text(b.next_try), 'lastError', b.last_error,
        'jobs', json_build_object(
            'waiting', (select count(*) from csp_job j
                where j.csp = c.name and j.state = 'waiting'),
            'handedOver', (select count(*) from csp_job j
                where j.csp = c.name and j.state = 'handed_over'
                    and j.reported is null
                    and j.ended > p_now - interval '7 days'),
            'silent', (select count(*) from csp_job j
                where j.csp = c.name and j.silent is not null
                    and j.reported is null
                    and j.silent > p_now - interval '7 days')),
        'devices', json_build_object('waiting', coalesce(l.waiting, 0),
            'underWay', coalesce(l.under_way, 0)),
        'throughput', (select json_agg(json_build_object(
                'hour', instant_text(h.hour), 'jobs', coalesce(t.jobs, 0),
                'devices', coalesce(t.devices, 0)) order by h.hour)
            from hour h
            left join through t on t.hour = h.hour and t.csp = c.name))
        order by c.name), '[]'))
    from unnest(p_names, p_regions) as c (name, regions)
    left join live l on l.csp = c.name
    left join busy b on b.csp = c.name;
end;
