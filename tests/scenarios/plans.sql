-- Fills the tables of a DSP that has worked off some requests with 20,000 rows
-- each that nobody asks for, numbered on from filling.last. It makes no object,
-- for then all sessions would plan everything anew.
do $$
declare
    first integer := current_setting('filling.last')::integer + 1;
    -- table, columns, values: copies of a row that is there, but for these
    copies text[] := array[
        ['service_request', 'counter', '1000000 + g'],
        ['distribution', 'request_no, unassigned',
            '(select max(request_no) from service_request) + ' || first || ' - g, 0'],
        ['csp_job', 'state, ended, leased_until',
            '''handed_over'', created, null'],
        ['tracking_history', 'device_id, status', 'id, ''FIRMWARE_ACTIVATED'''],
        ['csp_message', 'message_id', '''filling '' || g'],
        ['gbcs_message', 'message_id, counter',
            '''filling '' || g, 1000000 + g'],
        ['device_command', 'counter, state', '1000000 + g, ''answered'''],
        ['sat_entry', 'detail', '''filling '' || g']];
    fresh text[];
    rest text;
begin
    foreach fresh slice 1 in array copies loop
        select coalesce(string_agg(', ' || quote_ident(attname), ''), '')
        into rest
        from pg_attribute
        left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where attrelid = fresh[1]::regclass and attnum > 0
            and attidentity = '' and not attisdropped
            and coalesce(pg_get_expr(adbin, adrelid), '') !~ 'gen_random_uuid'
            and attname <> all (string_to_array(fresh[2], ', '));
        execute format('insert into %s (%s%s) select %s%s'
            ' from (select * from %1$s limit 1) x, (select g, (''01'''
            ' || lpad(to_hex(g), 14, ''0''))::macaddr8 as id'
            ' from generate_series(%6$s, %6$s + 19999) g) n',
            fresh[1], fresh[2], rest, fresh[3], rest, first);
    end loop;

    insert into tracking_live (device_id, chf_id, request_no, last_updated,
        release_due, status, device_type, csp, responsible_supplier_ids)
    select ('01' || lpad(to_hex(g), 14, '0'))::macaddr8, chf_id, 0, now(),
        'infinity', 'AWAITING_CSP', 'PPMID', csp, responsible_supplier_ids
    from (select * from tracking_history limit 1) h,
        generate_series(first, first + 19999) g;
    insert into alert (alert_no, user_id, created, code, state)
    select -g, ('01' || lpad(to_hex(g), 14, '0'))::macaddr8, now(), 'N61',
        'given_up'
    from generate_series(first, first + 19999) g;
    perform set_config('filling.last', (first + 19999)::text, false);
end $$;
