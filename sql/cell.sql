-- Radio cells: what waits in each, and which jobs have a channel there. Only for
-- a CSP whose section says how many channels a cell has.

-- Of these requests, what may go by cell, where that is not known.
create or replace function count_cells(p_csp text, p_request_nos bigint[])
    returns void language plpgsql as $$
declare
    numbers bigint[];
begin
    select array_agg(request_no) into numbers from (
        select d.request_no from distribution d
        where d.request_no = any (p_request_nos) and d.csp = p_csp
            and d.ready > 0 and d.cells is null
        order by d.request_no, d.csp, d.device_type for update) x;
    if numbers is null then
        return;
    end if;
    -- who was reset or released left fewer than were counted
    with waits as materialized (
        select l.request_no, l.device_type, coalesce(l.radio_cell, '') as cell,
            count(*) as devices,
            count(*) filter (where l.held is null and not l.hub_waits) as free
        from tracking_live l
        where l.request_no = any (numbers) and l.csp = p_csp
            and l.job_no is null and l.status = 'AWAITING_CSP'
        group by 1, 2, 3
    )
    update distribution d set cells = x.cells, cell_devices = x.free,
        unassigned = x.devices, ready = least(d.ready, x.all_free)
    from (select k.request_no, k.device_type,
            coalesce(array_agg(w.cell order by w.cell)
                filter (where w.free > 0), '{}') as cells,
            coalesce(array_agg(w.free::integer order by w.cell)
                filter (where w.free > 0), '{}') as free,
            coalesce(sum(w.free), 0)::integer as all_free,
            coalesce(sum(w.devices), 0)::integer as devices
        from distribution k
        left join waits w using (request_no, device_type)
        where k.request_no = any (numbers) and k.csp = p_csp
            and k.ready > 0 and k.cells is null
        group by 1, 2) x
    where d.request_no = any (numbers) and d.request_no = x.request_no
        and d.csp = p_csp and d.device_type = x.device_type;
end $$;

-- groups_waiting() by cell, in the order of cells. Of a request all cells without
-- a free channel are one, number 1; 0: not known. Of each User and device type
-- about as much as goes into two jobs of p_devices.
create or replace function cells_waiting(
    p_csp text, p_each integer, p_devices integer, p_channels integer)
    returns table (request_no bigint, device_type text, sender macaddr8,
        user_no integer, pool_no integer, ready integer,
        request_devices integer, since timestamptz, meter boolean,
        deficit bigint, cell text, cell_no integer, cell_jobs integer)
    language plpgsql as $$
#variable_conflict use_column
begin
    perform count_cells(p_csp, array(select w.request_no
        from groups_waiting(p_csp, p_each, p_devices) w));
    return query
    with taken as materialized (
        select c.cell, count(*)::integer as jobs
        from csp_job j, unnest(j.cells) as c (cell)
        where j.csp = p_csp and j.in_flight > 0
        group by 1
    ), part as materialized (
        select w.*, c.cell, coalesce(t.jobs, 0) as jobs,
            coalesce(t.jobs, 0) >= p_channels as closed,
            least(c.devices, w.ready - (sum(c.devices) over (
                partition by w.request_no, w.device_type
                order by coalesce(t.jobs, 0) >= p_channels, c.cell)
                - c.devices)) as devices
        from groups_waiting(p_csp, p_each, p_devices) w
        -- "offset 0": each by its key
        cross join lateral (
            select k.cells, k.cell_devices from distribution k
            where k.request_no = w.request_no and k.csp = p_csp
                and k.device_type = w.device_type::device_type offset 0) d
        cross join lateral unnest(d.cells, d.cell_devices)
            as c (cell, devices)
        left join taken t on t.cell = c.cell
    ), free as (
        select p.*, dense_rank() over (order by p.cell)::integer + 1 as no,
            sum(p.devices) over (partition by p.sender, p.device_type
                order by p.request_no, p.cell) - p.devices as before
        from part p where p.devices > 0 and not p.closed
    )
    select f.request_no, f.device_type, f.sender, f.user_no, f.pool_no,
        f.devices::integer, f.request_devices, f.since, f.meter, f.deficit,
        f.cell, case f.cell when '' then 0 else f.no end, f.jobs
    from free f where f.before < 2 * p_devices
    union all
    select p.request_no, p.device_type, p.sender, p.user_no, p.pool_no,
        sum(p.devices)::integer, p.request_devices, p.since, p.meter,
        p.deficit, '', 1, p_channels
    from part p where p.devices > 0 and p.closed
    group by p.request_no, p.device_type, p.sender, p.user_no, p.pool_no,
        p.request_devices, p.since, p.meter, p.deficit
    order by 1, 2, 12;
end $$;

-- The devices that parts of jobs are: of a cell of a request so many, the next.
create or replace function devices_in_cells(
    p_csp text, p_jobs integer[], p_request_nos bigint[],
    p_types device_type[], p_cells text[], p_devices bigint[])
    returns table (job integer, request_no bigint, device_type device_type,
        device_id macaddr8)
    language plpgsql stable rows 1 as $$
#variable_conflict use_column
begin
    return query
    with part as materialized (
        select *, sum(devices) over (partition by request_no, device_type, cell
            order by job) - devices as before
        from unnest(p_jobs, p_request_nos, p_types, p_cells, p_devices)
            as p (job, request_no, device_type, cell, devices)
    ), waits as materialized (
        select l.request_no, l.device_type, l.cell, l.device_id,
            row_number() over (partition by l.request_no, l.device_type, l.cell
                order by l.device_id) as place
        from (select distinct p.request_no, p.device_type from part p) k
        cross join lateral (
            select w.request_no, w.device_type,
                coalesce(w.radio_cell, '') as cell, w.device_id
            from tracking_live w
            where w.request_no = k.request_no and w.csp = p_csp
                and w.device_type = k.device_type and w.job_no is null
                and w.held is null and not w.hub_waits
                and w.status = 'AWAITING_CSP' offset 0) l
    )
    select p.job, p.request_no, p.device_type, w.device_id
    from part p
    join waits w on w.request_no = p.request_no
        and w.device_type = p.device_type and w.cell = p.cell
        and w.place > p.before and w.place <= p.before + p.devices;
end $$;

-- The cells of jobs that are made.
create or replace function count_job_cells(p_job_nos bigint[]) returns void
    language plpgsql as $$
begin
    update csp_job j set cells = (
        select array_agg(distinct l.radio_cell) from tracking_live l
        where l.request_no = any (job_requests(j)) and l.job_no = j.job_no
            and l.radio_cell is not null)
    where j.job_no = any (p_job_nos);
end $$;
