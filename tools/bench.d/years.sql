-- An audit trail of :entries entries in 2,555 days that are over and listed:
-- each device has 100 of them, five on each of twenty days.
\set ON_ERROR_STOP on
set timezone = 'UTC';
set client_min_messages = warning;
set synchronous_commit = off;
update sat_guard set ahead = null;

create procedure years_make(p_entries bigint) language plpgsql as $$
declare
    days constant integer := 2555;
    devices constant bigint := greatest(p_entries / 100, 1);
    updates constant bigint := p_entries / (5 * days);
    day date;
    part name;
begin
    insert into service_request (request_no, originator, target, counter,
        stage, used, service, service_reference_variant, command_variant,
        content, received)
    overriding system value
    select d + 1, '90b3d51f30010000', '90b3d51f30000002', d + 1, 1, true,
        'serviceD', '11.4', 8, sha256(''),
        current_date - days + d - 1 + interval '1 hour'
    from generate_series(0, days - 1) d;
    for d in 0 .. days - 1 loop
        day := current_date - days + d - 1;
        -- as make_day() does, which looks through all days that there are
        part := 'sat_entry_' || to_char(day, 'YYYYMMDD');
        execute format('create table %I partition of sat_entry'
            ' for values from (%L) to (%L)', part, day, day + 1);
        execute format('insert into %I (entry_no, at, kind, request_no,'
            ' device_id, party, code, detail)'
            ' select $1 + i, $2::timestamp + interval ''2 hours'' + i * $6,'
            ' (array[''status'', ''notification'', ''alert'', ''status'','
            ' ''delivered''])[i %% 5 + 1], $3 + 1,'
            ' lpad(to_hex(x''db000000000000''::bigint'
            ' + ($3 * $4 + i / 5) * 7919 %% $5), 16, ''0'')::macaddr8,'
            ' case when i %% 5 in (2, 4) then'
            ' ''90b3d51f30010000''::macaddr8 end,'
            ' (array[''APPROVED_FOR_DISTRIBUTION'', ''Success'', ''N61'','
            ' ''SUCCESSFUL_CH_TRANSFER'', ''N61''])[i %% 5 + 1],'
            ' ''counter '' || i from generate_series(0, $4 * 5 - 1) i',
            part)
        using d * updates * 5 + 1, day, d::bigint, updates, devices,
            interval '20 hours' / (updates * 5);
        insert into sat_device_day
        select distinct lpad(to_hex(x'db000000000000'::bigint
            + (d * updates + i) * 7919 % devices), 16, '0')::macaddr8, day
        from generate_series(0, updates - 1) i
        order by 1 on conflict do nothing;
        insert into sat_request_day values (d + 1, day);
        execute format('create index %I on %I (device_id, entry_no)'
            ' where device_id is not null', part || '_of_device', part);
        execute format('create index %I on %I (request_no, entry_no)'
            ' where request_no is not null', part || '_of_request', part);
        commit;
    end loop;
end $$;
call years_make(:entries);
update sat_mark set listed = :entries;
analyze sat_device_day;

-- a tenth of it as one table
create table one_table as select * from sat_entry limit 0;
create procedure one_make() language plpgsql as $$
declare
    day record;
begin
    for day in select name from partitions_of('sat_entry') order by low
            limit 256 loop
        execute format('insert into one_table select * from %I', day.name);
        commit;
    end loop;
end $$;
call one_make();
create index on one_table (device_id);
analyze one_table;

-- How long each look at one of as many devices takes, in milliseconds.
create function time_histories(p_what text, p_count integer)
    returns table (ms double precision) language plpgsql as $$
declare
    device macaddr8;
    began timestamptz;
    rows bigint;
begin
    for device in
        select d.device_id from (select distinct device_id
            from sat_device_day tablesample system (1)) d
        order by md5(d.device_id::text) limit p_count
    loop
        began := clock_timestamp();
        case p_what
            when 'history' then
                select count(*) into rows from list_trail(device, null, null,
                    null, null, null, null, null, null, null, 1000);
            when 'state' then
                select count(*) into rows from history_states(device,
                    now() - interval '3 years');
            else
                select count(*) into rows from one_table
                where device_id = device;
        end case;
        ms := extract(epoch from clock_timestamp() - began) * 1000;
        return next;
    end loop;
end $$;
