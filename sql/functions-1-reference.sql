create or replace function gbcs_version(text) returns integer
    language sql immutable strict parallel safe
    return (select sum(part::integer * weight)
        from unnest(string_to_array($1, '.'), array[10000, 100, 1])
            as parts (part, weight)
        where part is not null);
comment on function gbcs_version(text) is
    'Numbers a GBCS version so that newer is greater: 4.1 is 40100';

create or replace function gbcs_version_text(integer) returns text
    language sql immutable strict parallel safe
    return ($1 / 10000) || '.' || ($1 / 100 % 100)
        || case when $1 % 100 > 0 then '.' || $1 % 100 else '' end;

create or replace function eui64_text(macaddr8) returns text
    language sql immutable strict parallel safe
    return upper(replace($1::text, ':', '-'));
comment on function eui64_text(macaddr8) is 'An EUI-64 as DUIS writes it';

create or replace function firmware_version_text(bytea) returns text
    language sql immutable strict parallel safe
    return upper(encode($1, 'hex'));
comment on function firmware_version_text(bytea) is
    'A firmware version as DUIS writes it: 8 upper-case hexadecimal digits';

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
                where supplier_id is not null), '{}') as supplier_ids
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
        supplier_ids = excluded.supplier_ids
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
