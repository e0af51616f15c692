-- The devices of update requests: judged and claimed.

create or replace function refusal_list(refusal) returns integer
    language sql immutable strict parallel safe
    return case $1 when 'invalid' then 1 when 'not_commissioned' then 2
        when 'not_applicable' then 3 when 'in_progress' then 4
        when 'gbcs_version' then 5 end;
comment on function refusal_list(refusal) is
    'The list of DSPUpdateFirmwareWarning that the device goes into, from 1';

-- Judges the devices of 11.1s or 11.4s (requirements B3, B4) by what the
-- inventory and the CPL say, one reason each; refused is null for those that
-- pass. Whether another update is in progress is for the caller to find.
-- Written for 1 and for 50,000 devices: every look-up is by a primary key, so
-- the plan must be the generic one (nested loops), and nothing grows with the
-- estate but the depth of an index. p_senders to p_hashes are of each request;
-- p_firsts says where the devices of each begin, from 1 (a request without has
-- the place of the next). p_device_ids holds each Device ID of a request once,
-- best in order. p_minimum_types and p_minimum_gbcs go together, as p_regions
-- and p_csps do.
create or replace function judge_devices(
    p_senders macaddr8[], p_variants text[], p_versions bytea[],
    p_hashes bytea[], p_firsts bigint[], p_device_ids macaddr8[],
    p_minimum_types device_type[], p_minimum_gbcs integer[],
    p_hcalcs_either boolean, p_regions csp_region[], p_csps text[])
    returns table (ordinal bigint, request integer, device_id macaddr8,
        device_type device_type, chf_id macaddr8, csp text, refused refusal,
        supplier_ids macaddr8[], version bytea, radio_cell text)
    language sql stable
begin atomic
    with taken as materialized (
        select t.service_reference_variant, t.device_type,
            t.supplier = 'either'
                or t.device_type = 'HCALCS' and p_hcalcs_either as either,
            coalesce(m.minimum, 0) as minimum_gbcs
        from service_device_type t
        left join unnest(p_minimum_types, p_minimum_gbcs)
            as m (device_type, minimum) using (device_type)
    )
    select d.ordinal, d.request, d.device_id, s.device_type, s.chf_id,
        p_csps[array_position(p_regions, h.csp_region)],
        case
            when t.device_type is null or s.smets_version <> 'SMETS2'
                or array_position(p_regions, h.csp_region) is null
                or not case s.device_type
                    when 'ESME' then s.import_supplier_id is not distinct
                        from p_senders[d.request]
                    when 'GSME' then s.gas_supplier_id is not distinct
                        from p_senders[d.request]
                    else p_senders[d.request] = any (h.import_supplier_ids)
                        or t.either
                        and p_senders[d.request] = any (h.gas_supplier_ids)
                end
                then 'invalid'::refusal
            when s.device_status <> 'Commissioned'
                then 'not_commissioned'
            when ((d.request, s.device_type, s.manufacturer_id::integer,
                    s.model_id::integer, s.hardware_version::smallint) in (
                select i.request::integer, e.device_type,
                    e.manufacturer_id::integer, e.model_id::integer,
                    e.hardware_version::smallint
                from unnest(p_hashes, p_versions) with ordinality
                    as i (hash, version, request)
                join cpl_entry e on e.manufacturer_image_hash = i.hash
                    and e.status = 'Active'
                    and e.firmware_version = i.version))
                is not true
                then 'not_applicable'
            when coalesce(h.gbcs_version, 0) < t.minimum_gbcs
                then 'gbcs_version'
        end,
        h.supplier_ids, s.firmware_version, h.radio_cell
    from (select u.device_id, u.ordinal,
            width_bucket(u.ordinal, p_firsts) as request
        from unnest(p_device_ids) with ordinality as u (device_id, ordinal)) d
    left join smi_device s on s.device_id = d.device_id
    left join smi_home h on h.chf_id = s.chf_id
    left join taken t on t.device_type = s.device_type
        and t.service_reference_variant = p_variants[d.request];
end;

-- Those whose hub has another image in the block that they need, or is to get it:
-- they are refused as in progress, if there is to be one update for a block.
create or replace function hub_blocks_taken(
    p_firsts bigint[], p_device_ids macaddr8[], p_hashes bytea[],
    p_now timestamptz) returns macaddr8[] language plpgsql stable as $$
begin
    return array(
        select t from (
            select array_agg(s.device_id) as ids, array_agg(s.chf_id) as chf_ids,
                array_agg(s.device_type) as types,
                array_agg(p_hashes[width_bucket(u.ordinal, p_firsts)])
                    as hashes
            from unnest(p_device_ids) with ordinality as u (device_id, ordinal)
            join smi_device s using (device_id)) x,
            hubs_taken(x.ids, x.chf_ids, x.types, x.hashes, true, p_now) t);
end $$;

-- What claim_devices() would say of one request at this moment, without any
-- effect, and what the guard says of it (see rehearse_guard()).
create or replace function rehearse_update(
    p_sender macaddr8, p_variant text, p_version bytea, p_hash bytea,
    p_device_ids macaddr8[], p_minimum_types device_type[],
    p_minimum_gbcs integer[], p_hcalcs_either boolean,
    p_regions csp_region[], p_csps text[], p_now timestamptz,
    out refused_ordinals integer[], out refused_lists integer[],
    out guard jsonb)
    language plpgsql as $$
declare
    others integer[];
    taken macaddr8[];
    found constant guard_found[] := guard_findings(null, array[p_sender],
        array[p_version], array[p_hash], array[1::bigint], p_device_ids,
        p_now);
begin
    if (select one_update_per = 'hub_block' from tracking_setting) then
        taken := hub_blocks_taken(array[1::bigint], p_device_ids,
            array[p_hash], p_now);
    end if;
    with judged as materialized (
        -- grouped: a join of these could be of each with each
        select ordinal, min(refused) filter (where n = 1) as refused,
            min(refused) filter (where n = 2) as guarded
        from (select 1 as n, j.ordinal, coalesce(j.refused, case
                    when l.device_id is not null
                        or j.device_id in (select unnest(taken))
                    then 'in_progress'::refusal end) as refused
            from judge_devices(array[p_sender], array[p_variant],
                array[p_version], array[p_hash], array[1::bigint],
                p_device_ids, p_minimum_types, p_minimum_gbcs,
                p_hcalcs_either, p_regions, p_csps) j
            left join tracking_live l on l.device_id = j.device_id
                and j.refused is null
                and (l.release_due > p_now or l.status = 'AWAITING_CSP')
                and (l.status <> 'SUCCESSFUL_HAN_TRANSFER'
                    or (select delivered_blocks from tracking_setting))
            union all
            select 2, f.ordinal, f.list from unnest(found) f where f.first) x
        group by ordinal
    )
    select coalesce(array_agg(ordinal) filter (where refused is not null
                or guarded is not null), '{}'),
        coalesce(array_agg(refusal_list(coalesce(refused, guarded)))
            filter (where refused is not null or guarded is not null), '{}'),
        array_agg(ordinal) filter (where refused is not null)
    into refused_ordinals, refused_lists, others
    from judged;
    guard := rehearse_guard(p_sender, found, others, p_device_ids, p_regions,
        p_csps);
end $$;

-- The devices and claim steps of update requests (requirements B3, B4, C1, C3):
-- judges every device, begins tracking those that pass, records the others as
-- REJECTED_BY_DSP, and returns the refused ones by their place in the list.
-- Parameters as of judge_devices(); a request whose number is null is left
-- alone with all its devices. Of two requests for the same device the earlier
-- in the list has it.
create or replace function claim_devices(
    p_request_nos bigint[], p_senders macaddr8[], p_variants text[],
    p_versions bytea[], p_hashes bytea[], p_received timestamptz[],
    p_firsts bigint[], p_device_ids macaddr8[],
    p_minimum_types device_type[], p_minimum_gbcs integer[],
    p_hcalcs_either boolean, p_regions csp_region[], p_csps text[],
    p_timeout interval,
    out refused_ordinals integer[], out refused_lists integer[])
    language plpgsql as $$
declare
    passed_ordinals integer[];
    claimed integer;
    busy integer[];
    busy_lists integer[];
    by_block boolean;
    guarded boolean;
    found guard_found[] := '{}';
    others integer[];
    -- Who is there stays out of the insert: so that waits for nobody but others
    -- that insert, which do it in the same order and release nothing after.
    there macaddr8[] := array(select l.device_id
        from tracking_live l where l.device_id = any (p_device_ids));
begin
    if there <> '{}' then
        perform release_expired(there, true,
            (select max(t) from unnest(p_received) t));
        there := array(select l.device_id
            from tracking_live l where l.device_id = any (there));
    end if;
    select one_update_per = 'hub_block',
        exists (select from guard where mode <> 'off')
    into by_block, guarded from tracking_setting;
    if by_block then
        there := there || hub_blocks_taken(p_firsts, p_device_ids, p_hashes,
            (select max(t) from unnest(p_received) t));
    end if;
    if guarded then
        found := guard_findings(p_request_nos, p_senders, p_versions, p_hashes,
            p_firsts, p_device_ids, (select max(t) from unnest(p_received) t));
    end if;

    with judged as materialized (
        select j.*, p_request_nos[j.request] as request_no,
            p_received[j.request] as received
        from judge_devices(p_senders, p_variants, p_versions, p_hashes,
            p_firsts, p_device_ids, p_minimum_types, p_minimum_gbcs,
            p_hcalcs_either, p_regions, p_csps) j
        where p_request_nos[j.request] is not null
    ), live as (
        insert into tracking_live (device_id, chf_id, request_no,
            last_updated, release_due, status, device_type, csp,
            responsible_supplier_ids, from_version, radio_cell)
        select device_id, chf_id, request_no, received, received + p_timeout,
            'AWAITING_CSP', device_type, csp, supplier_ids, version,
            radio_cell
        from judged where refused is null
            and (device_id in (select unnest(there))) is not true
            and ordinal not in (select f.ordinal from unnest(found) f
                where f.first)
        order by device_id, ordinal
        on conflict (device_id) do nothing
        returning request_no, csp, device_type
    ), spread as (
        insert into distribution (request_no, csp, device_type, devices,
            unassigned, ready, sender, image_hash)
        select request_no, csp, device_type, devices, devices, devices,
            p_senders[request], p_hashes[request]
        from (select request_no, csp, device_type, count(*) as devices,
                array_position(p_request_nos, request_no) as request
            from live group by request_no, csp, device_type) l
    ), history as (
        insert into tracking_history (device_id, chf_id, request_no,
            last_updated, released, status, device_type, csp, reason_code)
        select device_id, chf_id, request_no, received, received,
            'REJECTED_BY_DSP', device_type, csp, refused
        from judged where refused is not null and device_type is not null
    )
    select coalesce(array_agg(ordinal) filter (where refused is not null), '{}'),
        coalesce(array_agg(refusal_list(refused))
            filter (where refused is not null), '{}'),
        array_agg(ordinal) filter (where refused is null),
        (select count(*) from live)
    into refused_ordinals, refused_lists, passed_ordinals, claimed
    from judged;

    others := refused_ordinals;
    if claimed < cardinality(passed_ordinals) then
        -- what passed and was not claimed the guard refuses, or it is busy with
        -- another request
        with said as (
            -- grouped: a join of these could be of each with each
            select ordinal, p_device_ids[ordinal] as device_id,
                min(rule) as rule, min(list) as list
            from (select ordinal, true as passed, null as rule,
                    null::refusal as list
                from unnest(passed_ordinals) as u (ordinal)
                union all
                select f.ordinal, false, f.rule, f.list from unnest(found) f
                where f.first) x
            group by ordinal having bool_or(passed)
        ), left_device as (
            select d.ordinal, d.device_id, d.request, d.rule,
                coalesce(d.list, 'in_progress') as list
            from (select *, width_bucket(ordinal::bigint, p_firsts) as request
                from said) d
            where not exists (
                select from tracking_live l
                where l.device_id = d.device_id
                    and l.request_no = p_request_nos[d.request])
        ), history as (
            insert into tracking_history (device_id, chf_id, request_no,
                last_updated, released, status, device_type, reason_code)
            select b.device_id, s.chf_id, p_request_nos[b.request],
                p_received[b.request], p_received[b.request],
                'REJECTED_BY_DSP', s.device_type, coalesce(b.rule, b.list::text)
            from left_device b join smi_device s using (device_id)
        )
        select array_agg(ordinal), array_agg(refusal_list(list)),
            others || array_agg(ordinal) filter (where rule is null)
        into busy, busy_lists, others from left_device;
        refused_ordinals := refused_ordinals || busy;
        refused_lists := refused_lists || busy_lists;
    end if;
    if found <> '{}' then
        perform note_findings(found, others, p_request_nos, p_firsts,
            p_device_ids);
    end if;
end $$;
