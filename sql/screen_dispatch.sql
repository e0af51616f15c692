-- Why devices wait that are in no job, for people.

-- What the reasons of src/dispatch/reason.def say of a CSP now.
create or replace function waits_text(
    p_code text, p_csp text, p_now timestamptz) returns text
    language sql stable
begin atomic
    select case p_code
        when 'turn' then 'others are before them'
        when 'gather' then 'they wait for others of the same image, to go in '
            || 'one job' || until
        when 'cell' then 'their radio cells have no free channel'
        when 'share' then 'what ' || name || ' has room for is left to others: '
            || 'to ESME and GSME, or a tenth to HCALCS and PPMID'
        when 'jobs' then name || ' has ' || jobs || ' jobs'
        when 'devices' then name || ' has ' || devices
            || ' devices on their way'
        when 'pace' then name || ' has had the devices of this minute' || until
        when 'window' then name || ' was busy: it is offered no more than '
            || p.offers || ' jobs at once'
        when 'busy' then name || ' is busy' || coalesce(' since '
            || instant_text(p.busy_since), '') || until
        when 'held' then 'they are held'
        end
    from (select 'CSP ' || p_csp as name) c
    left join csp_pace p on p.csp = p_csp
    cross join lateral (
        select coalesce(case when p.next > p_now and p.next < 'infinity'
            then ', until ' || instant_text(p.next) end, '') as until) u
    cross join lateral (
        select count(*) as jobs, coalesce(sum(j.in_flight), 0) as devices
        from csp_job j where j.csp = p_csp and j.in_flight > 0
            and p_code in ('jobs', 'devices')) f;
end;
comment on function waits_text(text, text, timestamptz) is
    'Why devices wait, as a person reads it';

-- Devices that wait here, by CSP and why: of one request, or (null) of all; of
-- one CSP, or (null) of all. Those that are held are with what holds them.
create or replace function list_waits(
    p_request_no bigint, p_csp text, p_now timestamptz)
    returns table (csp text, device_type text, code text, words text,
        devices bigint, requests bigint)
    language sql stable
begin atomic
    select w.csp, w.device_type::text, w.code,
        waits_text(w.code, w.csp, p_now), w.devices, w.requests
    from (
        select d.csp, d.device_type, c.code, sum(c.devices)::bigint as devices,
            count(*) as requests
        from distribution d
        left join csp_pace p using (csp)
        cross join lateral (values
            (coalesce(p.waits, 'turn'), d.ready),
            ('held', d.unassigned - d.ready)) as c (code, devices)
        where (p_request_no is null or d.request_no = p_request_no)
            and (p_csp is null or d.csp = p_csp)
            and d.unassigned > 0 and c.devices > 0
        group by 1, 2, 3) w
    order by 1, 2, 3;
end;
comment on function list_waits(bigint, text, timestamptz) is
    'Devices that wait in no job, by CSP, device type and reason';
