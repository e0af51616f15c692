-- A trail of :entries entries, a million a day, under seals of 20,000.
set timezone = 'UTC';
update sat_guard set ahead = null;
create procedure trail_make(p_entries bigint) language plpgsql as $$
declare
    per_day constant bigint := 1000000;
    day date;
begin
    for d in 0 .. (p_entries - 1) / per_day loop
        day := date '2026-01-01' + d::integer;
        perform make_day('sat_entry', day, 0);
        commit;
        insert into sat_entry (at, kind, request_no, device_id, party, csp,
            code, detail)
        select day + i * interval '80 milliseconds',
            (array['status', 'alert', 'delivered', 'notification'])[i % 4 + 1],
            i / 1000, '00db123400000000',
            '90b3d51f30010000', 'north', 'HUB_DELIVERED',
            'from APPROVED_FOR_DISTRIBUTION at 2026-01-01 00:00:00+00'
        from generate_series(1, least(per_day, p_entries - d * per_day)) i;
        commit;
    end loop;
end $$;
call trail_make(:entries);
analyze sat_entry;
create procedure trail_seal() language plpgsql as $$
begin
    while (select entry_no from sat_mark) < (select max(entry_no)
            from sat_entry)
        or (select coalesce(max(last_no), 0) from sat_seal)
            < (select entry_no from sat_mark) loop
        perform seal_trail((select max(at) from sat_entry
            where entry_no = (select coalesce(max(last_no), 0) + 1
                from sat_seal)), 20000);
        commit;
    end loop;
end $$;
call trail_seal();
