-- The memory of Communications Hubs: which image waits for a block that another
-- has.

-- Does an image for a device of that type wait for one for a device of the other?
-- As src/dispatch/hub.def has it.
create or replace function hub_waits_for(
    p_type device_type, p_taken_by device_type) returns boolean
    language sql immutable parallel safe
    return case when p_type in ('ESME', 'GSME') then p_taken_by = p_type
        when p_type in ('HCALCS', 'PPMID')
            then p_taken_by in ('GSME', 'HCALCS', 'PPMID') else false end;

-- Of these devices, those whose hub has another image in the block that they
-- need, or is about to get it (p_accepted: or will, for it was accepted). Of
-- what is not p_accepted nothing counts that was not heard of for [tracking]
-- hub_wait. p_hashes:
-- of the Manufacturer Images; one that the hub has anyway needs no other block.
create or replace function hubs_taken(
    p_device_ids macaddr8[], p_chf_ids macaddr8[], p_types device_type[],
    p_hashes bytea[], p_accepted boolean, p_now timestamptz)
    returns setof macaddr8 language plpgsql stable rows 1 as $$
declare
    wait constant interval := (select hub_wait from tracking_setting);
begin
    if wait = '0' and not p_accepted then
        return;
    end if;
    return query
    select d.device_id
    from unnest(p_device_ids, p_chf_ids, p_types, p_hashes)
        as d (device_id, chf_id, device_type, hash)
    where exists (
        select from smi_device s
        join tracking_live l on l.device_id = s.device_id
        where s.chf_id = d.chf_id and l.chf_id = d.chf_id
            and s.device_id <> d.device_id
            and hub_waits_for(d.device_type, s.device_type)
            and (l.job_no is not null or p_accepted)
            and l.status <> 'SUCCESSFUL_HAN_TRANSFER'
            and (p_accepted or l.status = 'AWAITING_CSP'
                or l.last_updated > p_now - wait)
            and (select r.manufacturer_image_hash from service_request r
                where r.request_no = l.request_no) is distinct from d.hash);
end $$;

-- Of devices that are to go into jobs, those that would find no room: hubs_taken(),
-- and of several for one hub all but the one whose image drives out the others'
-- or whose job is the first.
create or replace function crowded_hubs(
    p_jobs integer[], p_device_ids macaddr8[], p_chf_ids macaddr8[],
    p_types device_type[], p_hashes bytea[], p_now timestamptz)
    returns setof macaddr8 language plpgsql stable rows 1 as $$
begin
    return query
    select hubs_taken(p_device_ids, p_chf_ids, p_types, p_hashes, false, p_now);
    -- next to always they are of one image
    if p_hashes[1] = all (p_hashes)
        or (select hub_wait = '0' from tracking_setting) then
        return;
    end if;
    return query
    with going as materialized (
        select * from unnest(p_jobs, p_device_ids, p_chf_ids, p_types, p_hashes)
            as g (job, device_id, chf_id, device_type, hash))
    select w.device_id from going w
    where exists (select from going g
        where g.chf_id = w.chf_id and g.hash is distinct from w.hash
            and hub_waits_for(w.device_type, g.device_type)
            and (g.job < w.job
                or not hub_waits_for(g.device_type, w.device_type)));
end $$;

-- Looks at some of the blocks that devices wait for: those whose is free go on.
-- Returns how many do.
create or replace function free_hub_blocks(p_csp text, p_now timestamptz)
    returns bigint language plpgsql as $$
declare
    most constant integer := 500;
    pace csp_pace;
    ids macaddr8[];
    chf_ids macaddr8[];
    types device_type[];
    hashes bytea[];
    of_request bigint[];
    numbers bigint[];
    free macaddr8[];
begin
    if not exists (select from tracking_live l
            where l.csp = p_csp and l.hub_waits) then
        return 0;
    end if;
    select * into pace from csp_pace where csp = p_csp;
    select array_agg(l.device_id), array_agg(l.chf_id),
        array_agg(l.device_type), array_agg(r.manufacturer_image_hash),
        array_agg(l.request_no)
    into ids, chf_ids, types, hashes, of_request
    from (select * from tracking_live w
        where w.csp = p_csp and w.hub_waits and (w.request_no, w.device_id)
            > (coalesce(pace.hub_request_no, 0),
                coalesce(pace.hub_device_id, '00-00-00-00-00-00-00-00'))
        order by w.csp, w.request_no, w.device_id limit most) l
    join service_request r using (request_no);
    free := array(select unnest(ids)
        except select hubs_taken(ids, chf_ids, types, hashes, false, p_now));
    if free <> '{}' then
        numbers := array(select distinct n from unnest(ids, of_request)
            as w (id, n) where w.id = any (free));
        perform from distribution d where d.request_no = any (numbers)
        order by d.request_no, d.csp, d.device_type for update;
        perform from tracking_live l
        where l.device_id = any (free) and l.hub_waits
        order by l.device_id for update;
        update tracking_live l set hub_waits = false
        where l.device_id = any (free) and l.hub_waits
            and l.request_no = any (numbers);
        perform refresh_ready(numbers, p_now);
    end if;
    update csp_pace set
        hub_request_no = case when cardinality(ids) = most
            then of_request[most] end,
        hub_device_id = case when cardinality(ids) = most then ids[most] end
    where csp = p_csp;
    return cardinality(free);
end $$;
