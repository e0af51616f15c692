-- The Smart Metering Inventory: homes, who is responsible for a device, the
-- certificates of its parties, and the versions that devices report.

-- Derives smi_home anew for the named hubs, or for all when p_chf_ids is null.
create or replace function refresh_homes(p_chf_ids macaddr8[])
    returns void language plpgsql as $$
begin
    if p_chf_ids is null then
        truncate smi_home;
    end if;
    with home as (
        select chf_id,
            max(csp_region) filter (where device_type = 'CHF') as csp_region,
            max(gbcs_version) filter (where device_type = 'CHF')
                as gbcs_version,
            coalesce(array_agg(distinct import_supplier_id) filter (
                where device_type = 'ESME' and import_supplier_id is not null),
                '{}') as import_supplier_ids,
            coalesce(array_agg(distinct gas_supplier_id) filter (
                where device_type = 'GSME' and gas_supplier_id is not null),
                '{}') as gas_supplier_ids,
            coalesce(array_agg(distinct supplier_id) filter (
                where supplier_id is not null), '{}') as supplier_ids,
            max(radio_cell) filter (where device_type = 'CHF') as radio_cell
        from smi_device, lateral (values (case device_type
            when 'ESME' then import_supplier_id
            when 'GSME' then gas_supplier_id end)) as s (supplier_id)
        where chf_id is not null
            and (p_chf_ids is null or chf_id = any (p_chf_ids))
        group by chf_id)
    insert into smi_home as h select * from home
    on conflict (chf_id) do update set csp_region = excluded.csp_region,
        gbcs_version = excluded.gbcs_version,
        import_supplier_ids = excluded.import_supplier_ids,
        gas_supplier_ids = excluded.gas_supplier_ids,
        supplier_ids = excluded.supplier_ids,
        radio_cell = excluded.radio_cell
    where h is distinct from excluded;

    delete from smi_home h
    where h.chf_id = any (p_chf_ids)
        and not exists (select from smi_device s where s.chf_id = h.chf_id);
end $$;

create or replace function all_users() returns macaddr8
    language sql immutable parallel safe
    return '00-00-00-00-00-00-00-00'::macaddr8;
comment on function all_users() is
    'Stands for all Users together in volume_threshold';

-- The certificates of the named parties: of each, those that are fit first,
-- then the newest. p_accept_expired takes every date as good.
create or replace function party_certificates(
    p_ids macaddr8[], p_role certificate_role, p_usage certificate_usage,
    p_now timestamptz, p_accept_expired boolean)
    returns table (eui64 macaddr8, unfit text, der bytea)
    language plpgsql as $$
begin
    return query
    select c.eui64, f.unfit, c.der
    from (select distinct unnest(p_ids) as id) p
    join certificate c on c.eui64 = p.id and c.usage = p_usage
        and c.role = p_role
    cross join lateral (select case
        when c.revoked_at <= p_now then 'revoked'
        when p_accept_expired then null
        when c.not_before > p_now then 'not valid yet'
        when c.not_after < p_now then 'expired' end) as f (unfit)
    order by c.eui64, f.unfit is not null, c.not_before desc, c.not_after desc,
        c.serial;
end $$;

-- Devices said which firmware they run (requirement F2): the Smart Metering
-- Inventory follows where version_mismatch lets it, and who asked hears of a
-- difference (N49 to N51). Of what a device said the latest stands, whatever came
-- first. Nobody waits for an import that has rows of the inventory: what is said
-- of those waits in version_waiting. p_device_ids: of whom what waits there is
-- learnt as well; the devices of the reports are among them.
create or replace function learn_running(
    p_reports version_heard[], p_device_ids macaddr8[], p_now timestamptz)
    returns void language plpgsql as $$
declare
    mine constant macaddr8[] := array(
        select device_id from smi_device where device_id = any (p_device_ids)
        order by device_id for update skip locked);
    reports version_heard[] := p_reports;
    messages told_message[];
begin
    if exists (select from version_waiting) then
        -- before what came now
        with waiting as (
            delete from version_waiting where device_id = any (mine)
            returning *)
        select array_agg(row(n - 1000000000, device_id, version, user_id,
                request_no, true, at)::version_heard) || reports
        into reports from (
            select *, row_number() over (order by waiting_no)::integer as n
            from waiting) x;
    end if;
    if cardinality(mine) < cardinality(p_device_ids) then
        insert into version_waiting (device_id, version, user_id, request_no,
            at)
        select v.device_id, v.version, v.user_id, v.request_no, v.at
        from unnest(reports) as v
        where v.device_id <> all (mine) and exists (
            select from smi_device s where s.device_id = v.device_id)
        order by v.ordinal;
    end if;

    with judged as materialized (
        select v.*, s.device_type, m.alert, m.smi_updated, c.standing,
            s.firmware_version as known_version,
            s.device_status as known_status,
            case
                when m.restores and s.device_status = 'Suspended'
                    then coalesce(s.status_before, 'Commissioned')
                when m.suspends
                    and s.firmware_version is distinct from v.version
                    and s.device_status
                        in ('InstalledNotCommissioned', 'Commissioned')
                    then 'Suspended' end as becomes,
            (s.version_time <= v.at) is not false as counts
        from unnest(reports) as v
        join smi_device s on s.device_id = v.device_id
        cross join lateral (
            select case when bool_or(e.status = 'Active') then 'active'
                when count(*) > 0 then 'not_active'
                else 'not_listed' end as standing
            from cpl_entry e
            where e.manufacturer_id = s.manufacturer_id
                and e.model_id = s.model_id
                and e.firmware_version = v.version
                and e.device_type = s.device_type
                and e.hardware_version = s.hardware_version) c
        join version_mismatch m on m.standing = c.standing
        where v.device_id = any (mine)
    ), ranked as (
        -- of what a device said the newest counts, and for its version the
        -- newest that the inventory follows
        select *, row_number() over (partition by device_id
                order by at desc, ordinal desc) as newest,
            row_number() over (partition by device_id, smi_updated
                order by at desc, ordinal desc) as newest_alike
        from judged where counts
    ), learnt as (
        update smi_device s set
            firmware_version = coalesce(n.version, s.firmware_version),
            version_time = coalesce(n.version_at, s.version_time),
            device_status = coalesce(n.becomes, s.device_status)
        from (
            select device_id, min(version::text) filter (where smi_updated
                    and newest_alike = 1)::bytea as version,
                max(at) filter (where smi_updated) as version_at,
                min(becomes) filter (where newest = 1) as becomes,
                min(version::text) filter (where newest = 1)::bytea as running,
                min(standing) filter (where newest = 1) as standing,
                min(known_version::text)::bytea as known_version,
                min(known_status) as known_status
            from ranked where newest_alike = 1
            group by device_id) n
        where s.device_id = n.device_id
            and (n.version is not null or n.becomes is not null)
        returning s.device_id, n.version, n.known_version, n.becomes,
            n.known_status, n.running, n.standing
    ), audited as (
        insert into sat_entry (at, kind, device_id, code, detail)
        select p_now, 'inventory', device_id, firmware_version_text(version),
            'firmware version was ' || coalesce(
                firmware_version_text(known_version), 'not known')
        from learnt where version is not null
            and known_version is distinct from version
        union all
        select p_now, 'inventory', device_id, becomes::text,
            'status was ' || known_status || ': it runs '
            || firmware_version_text(running) || ', which is '
            || replace(standing, '_', ' ') || ' on the CPL'
        from learnt where becomes is not null
    )
    select array_agg(user_message(ordinal, user_id, alert, request_no,
        device_id, p_device_type => device_type, p_version => version,
        p_other_version => coalesce(known_version, '\x00000000')))
    into messages from judged
    where user_id is not null and known_version is distinct from version;
    if messages is not null then
        perform tell(messages, p_now);
    end if;
end $$;

-- What waited for the end of an import, of at most p_most devices. How many.
create or replace function learn_waiting_versions(
    p_most integer, p_now timestamptz) returns bigint
    language plpgsql as $$
declare
    ids constant macaddr8[] := array(
        select distinct device_id from version_waiting
        order by device_id limit p_most);
begin
    if ids <> '{}' then
        perform learn_running(null, ids, p_now);
    end if;
    return cardinality(ids);
end $$;

-- The same of reports that came just now; and the newest update to that version
-- was activated, unless the device ran it before, and none before it was made.
-- What a PPMID says by itself (take_ppmid_alerts) was found to be of its update
-- already.
create or replace function learn_versions(
    p_reports version_heard[], p_now timestamptz, p_timeout interval)
    returns void language plpgsql as $$
declare
    events tracking_event[];
begin
    if p_reports is null then
        return;
    end if;
    perform learn_running(p_reports,
        array(select distinct device_id from unnest(p_reports)), p_now);

    select array_agg(row(ordinal, 'version_seen', device_id, request_no, null,
        null, version, null, null, null)::tracking_event)
    into events from (
        select distinct on (v.device_id) v.ordinal, v.device_id, u.request_no,
            v.version
        from unnest(p_reports) as v
        join handed_updates(array(select distinct device_id
                from unnest(p_reports) where not by_itself)) u
            on u.device_id = v.device_id and u.version = v.version
            and was_made_by(v.at, u.made, u.reached, u.hub_time, p_now)
        where not v.by_itself and u.from_version is distinct from v.version
        order by v.device_id, u.request_no desc, v.ordinal) x;
    if events is not null then
        perform apply_events(events, p_now, p_timeout);
    end if;
end $$;

create or replace function user_name(p_user_id macaddr8) returns text
    language sql stable
    return (select name from service_user where user_id = p_user_id);

-- Is this supplier responsible for the device at this moment? An ESME and a
-- GSME have one, the other devices of a home those of its meters.
create or replace function is_responsible(
    p_supplier_id macaddr8, p_device_id macaddr8) returns boolean
    language sql stable
    return coalesce((select case s.device_type
            when 'ESME' then s.import_supplier_id = p_supplier_id
            when 'GSME' then s.gas_supplier_id = p_supplier_id
            else p_supplier_id = any (h.supplier_ids) end
        from smi_device s left join smi_home h on h.chf_id = s.chf_id
        where s.device_id = p_device_id), false);

-- May a User who is this to devices (command_role.relation) see that one?
create or replace function sees_device(
    p_user_id macaddr8, p_relations text[], p_device smi_device)
    returns boolean language sql stable
    return coalesce('any' = any (p_relations)
        or 'supplier' = any (p_relations)
            and is_responsible(p_user_id, p_device.device_id)
        or 'export_supplier' = any (p_relations)
            and p_device.export_supplier_id = p_user_id
        or 'network_operator' = any (p_relations)
            and p_device.network_operator_id = p_user_id
        or 'registered_agent' = any (p_relations)
            and p_device.registered_agent_id = p_user_id, false);

-- SR 8.2: the device, and the others of its home that the User may see; or one
-- row with the condition that it is refused in. A supplier sees what it is
-- responsible for, others what command_role says of their roles. What the
-- version of DUIS has no value for is said as duis_since has it.
create or replace function read_inventory(
    p_user_id macaddr8, p_device_id macaddr8, p_duis_version text,
    p_most integer)
    returns table (condition text, device_id macaddr8, device_type text,
        device_status text, manufacturer text, model text, smets_version text,
        firmware_version text, firmware_status text, csp_region text,
        gbcs_version text)
    language plpgsql as $$
#variable_conflict use_column
declare
    asked smi_device;
    relations constant text[] := array(
        select x.relation from service_user u
        join command_role x on x.role = any (u.roles)
        join service_role e on e.role = x.role
            and e.service_reference_variant = '8.2'
        where u.user_id = p_user_id);
begin
    select * into asked from smi_device where device_id = p_device_id;
    if asked.device_id is null
            or not sees_device(p_user_id, relations, asked) then
        return query select case when asked.device_id is null
            then 'device_unknown' else 'not_responsible' end, p_device_id,
            '', '', '', '', '', '', '', '', '';
        return;
    end if;
    return query
    select '', s.device_id, s.device_type::text, s.device_status::text,
        coalesce(hexadecimal(s.manufacturer_id, 2), 'Unknown'),
        coalesce(hexadecimal(s.model_id, 2)
            || hexadecimal(s.hardware_version, 1)
            || hexadecimal(coalesce(s.hardware_revision, 0), 1), 'Unknown'),
        s.smets_version::text, firmware_version_text(s.firmware_version),
        (select min(e.status)::text from cpl_entry e
            where e.device_type = s.device_type
                and e.manufacturer_id = s.manufacturer_id
                and e.model_id = s.model_id
                and e.hardware_version = s.hardware_version
                and e.firmware_version = s.firmware_version),
        coalesce((select l.instead from duis_lacks l
            where l.version = p_duis_version and l.kind = 'value'
                and l.name = h.csp_region::text), h.csp_region::text),
        gbcs_version_text(s.gbcs_version)
    from smi_device s
    left join smi_home h on h.chf_id = s.chf_id
    where s.device_id in (select p_device_id union
            select o.device_id from smi_device o where o.chf_id = asked.chf_id)
        and sees_device(p_user_id, relations, s)
    order by s.device_id <> p_device_id, s.device_id limit p_most;
end $$;
