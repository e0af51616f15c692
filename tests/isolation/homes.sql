-- What the cases stand on: 40 homes in the north, each with a hub, a PPMID and
-- an ESME; suppliers 1 to 3, of which 1 and 2 supply every home; an image; and
-- short names for what the cases do.

create function t(p_seconds numeric default 0) returns timestamptz
    language sql immutable
    return timestamptz '2026-11-22 12:00:00Z' + p_seconds * interval '1 second';
create function id(p_kind integer, p_n integer) returns macaddr8
    language sql immutable
    return ('00:00:00:00:00:00:' || lpad(p_kind::text, 2, '0') || ':'
        || lpad(to_hex(p_n), 2, '0'))::macaddr8;
create function hub(n integer) returns macaddr8 language sql immutable
    return id(10, n);
create function ppmid(n integer) returns macaddr8 language sql immutable
    return id(11, n);
create function esme(n integer) returns macaddr8 language sql immutable
    return id(12, n);
create function supplier(n integer) returns macaddr8 language sql immutable
    return id(0, n);
create function ppmids(p_first integer, p_last integer) returns macaddr8[]
    language sql immutable
    return array(select ppmid(n) from generate_series(p_first, p_last) n
        order by n);
create function five_days() returns interval language sql immutable
    return interval '5 days';

insert into service_user (user_id, name, roles, status, receive_url)
select supplier(n), 'Supplier ' || n, '{IS,GS}', 'active', 'http://127.0.0.1:9/'
from generate_series(1, 3) n;
insert into smi_device (device_id, chf_id, device_type, device_status,
    smets_version, csp_region, gbcs_version)
select hub(n), hub(n), 'CHF', 'Commissioned', 'SMETS2', 'North', 40100
from generate_series(1, 40) n;
insert into smi_device (device_id, chf_id, device_type, device_status,
    smets_version, manufacturer_id, model_id, hardware_version,
    hardware_revision, firmware_version, import_supplier_id)
select case kind when 'PPMID' then ppmid(n) else esme(n) end, hub(n),
    kind::device_type, 'Commissioned', 'SMETS2', 1, 2, 3, 4, '\x00000001',
    case kind when 'ESME' then supplier(1) end
from generate_series(1, 40) n, unnest(array['PPMID', 'ESME']) as kind;
insert into smi_device (device_id, chf_id, device_type, device_status,
    smets_version, gas_supplier_id)
select id(13, n), hub(n), 'GSME', 'Commissioned', 'SMETS2', supplier(2)
from generate_series(1, 40) n;
select refresh_homes(null);
insert into cpl_entry
select kind || v, kind::device_type, 1, 2, 3, 4, decode('0000000' || v, 'hex'),
    sha256(decode('0' || v, 'hex')), 'Active'
from unnest(array['PPMID', 'ESME']) kind, generate_series(1, 3) v;
insert into firmware_image
select sha256('image'), sha256('\x02'), 'image';
insert into csp_image values ('north', sha256('image'), t());

-- An update request of a supplier for these devices, from version 1 to 2; what
-- take_updates() says of it: its number and how many devices it was refused.
create function accept_request(p_counter integer, p_device_ids macaddr8[],
    p_now timestamptz default t(), p_supplier integer default 1)
    returns text language sql as $$
    select u.request_no || ', refused ' || cardinality(u.refused_ordinals)
    from take_updates(null, array[supplier(p_supplier)],
        array['90:b3:d5:1f:30:00:00:02'::macaddr8], array[p_counter]::numeric[],
        array[1], array['serviceD'], array['11.4'], array[8],
        array[sha256(p_counter::text::bytea)], array[p_now],
        array['\x00000002'::bytea], array[sha256('\x02')],
        array[sha256('image')], array['accepted'], array['I99'],
        array['answer'::bytea], array[cardinality(p_device_ids)],
        array[1::bigint], p_device_ids, '{}', '{}', true, array['North',
        '4G North']::csp_region[], array['north', 'north'], five_days()) u
$$;
-- Its jobs, handed to the CSP.
create function hand_over(p_now timestamptz default t()) returns bigint
    language plpgsql as $$
declare
    numbers bigint[];
begin
    while make_some_jobs('north', 10000, p_now, p_now + five_days(), 16) loop
    end loop;
    numbers := array(select job_no from job_leases('north', p_now,
        p_now + interval '1 minute', 100000, p_now + five_days(), 100));
    perform jobs_handed_over(numbers, p_now);
    return cardinality(numbers);
end $$;
-- Messages to a User, that many, of that age.
create function tell_user(p_user integer, p_count integer,
    p_now timestamptz default t()) returns void language sql as $$
    select tell(array(
        select user_message(n, supplier(p_user), 'N39', null, ppmid(1 + n % 40))
        from generate_series(1, p_count) n), p_now)
$$;
-- Messages of devices as the CSP brought them, and a batch of them: each its
-- kind, its event, the device and the version that it says. A response answers
-- the command with its number as counter.
create sequence message_number;
create function hear(p_kinds text[], p_devices integer[],
    p_versions bigint[] default null, p_now timestamptz default t())
    returns text language plpgsql as $$
declare
    ids text[];
    answer text;
begin
    with m as (
        insert into gbcs_message (csp, message_id, received, chf_id,
            originator, recipient, cra, code, counter, payload)
        select 'north', 'm' || nextval('message_number'), p_now, hub(d),
            case k when 'transfer' then hub(d) else ppmid(d) end,
            supplier(case k when 'response' then 1 else 9 end),
            case k when 'response' then 2 else 3 end, 1,
            case k when 'response' then d
                else currval('message_number') end, 'x'
        from unnest(p_kinds, p_devices) as m (k, d)
        returning message_id)
    select array_agg(message_id) into ids from m;
    select string_agg(state || ' ' || messages, ', ' order by state)
    into answer
    from take_device_messages(array_fill('north'::text,
            array[cardinality(ids)]), ids,
        array_fill('good'::text, array[cardinality(ids)]),
        array_fill(''::text, array[cardinality(ids)]), p_kinds,
        array(select case k when 'transfer' then 'han_delivered'
            when 'ppmid' then 'device_activated' else '' end
            from unnest(p_kinds) k),
        array(select ppmid(d) from unnest(p_devices) d),
        array_fill(1, array[cardinality(ids)]),
        array_fill(1, array[cardinality(ids)]),
        coalesce(p_versions, array_fill(2::bigint, array[cardinality(ids)])),
        array_fill(p_now, array[cardinality(ids)]),
        array_fill(0::numeric, array[cardinality(ids)]),
        array_fill(ppmid(0), array[cardinality(ids)]),
        array_fill(0::numeric, array[cardinality(ids)]),
        array['North'::csp_region], array['north'], p_now, five_days());
    return answer;
end $$;
