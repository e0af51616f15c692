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
        when 'hub' then 'the memory of their Communications Hubs has another '
            || 'image in its place'
        when 'plan' then 'their plan lets no more go now'
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

-- What the plan of a request waits for.
create or replace function plan_waits_text(p request_plan) returns text
    language sql immutable
    return case p.waits
        when 'start' then 'their plan begins at ' || instant_text(p.next)
        when 'window' then 'the hours of their plan begin at '
            || instant_text(p.next)
        when 'outcomes' then format('wave %s waits for outcomes of the %s '
            'devices before', p.wave + 1, p.allowed)
        when 'wait' then format('wave %s begins at %s', p.wave + 1,
            instant_text(p.next)) end;

-- Devices that wait here, by CSP and why: of one request, or (null) of all; of
-- one CSP, or (null) of all. Those that are held are with what holds them.
create or replace function list_waits(
    p_request_no bigint, p_csp text, p_now timestamptz)
    returns table (csp text, device_type text, code text, words text,
        devices bigint, requests bigint)
    language sql stable
begin atomic
    select w.csp, w.device_type::text, w.code,
        coalesce((select plan_waits_text(q) from request_plan q
            where w.code = 'plan' and q.request_no = p_request_no),
            waits_text(w.code, w.csp, p_now)), w.devices, w.requests
    from (
        select d.csp, d.device_type, c.code, sum(c.devices)::bigint as devices,
            count(*) as requests
        from distribution d
        left join csp_pace p using (csp)
        -- next to always nothing is held or waits for a hub, of a million
        cross join lateral (select case when d.held is not null
                then d.unassigned when not (select exists (
                    select from tracking_live l where l.held is not null))
                then 0 else (select count(*) from tracking_live l
                    where l.request_no = d.request_no and l.csp = d.csp
                        and l.device_type = d.device_type
                        and l.held is not null) end as held,
            case when d.held is null and (select exists (
                    select from tracking_live l where l.hub_waits))
                then (select count(*) from tracking_live l
                where l.request_no = d.request_no and l.csp = d.csp
                    and l.device_type = d.device_type and l.hub_waits
                    and l.held is null) else 0 end as hub) h
        cross join lateral (values
            (coalesce(p.waits, 'turn'), d.ready), ('held', h.held),
            ('hub', h.hub), ('plan', d.unassigned - d.ready - h.held - h.hub))
            as c (code, devices)
        where (p_request_no is null or d.request_no = p_request_no)
            and (p_csp is null or d.csp = p_csp)
            and d.unassigned > 0 and c.devices > 0
        group by 1, 2, 3) w
    order by 1, 2, 3;
end;
comment on function list_waits(bigint, text, timestamptz) is
    'Devices that wait in no job, by CSP, device type and reason';
