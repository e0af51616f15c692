-- Steps of fotactl's imports.

-- Takes a table's keys and indexes away for a load into the empty table, and
-- returns the statements that make them again.
create or replace function drop_indexes(p_table regclass) returns text
    language plpgsql as $$
declare
    item record;
    again text := '';
begin
    for item in
        select conname, pg_get_constraintdef(oid) as definition
        from pg_constraint
        where conrelid = p_table and contype in ('p', 'u')
    loop
        again := again || format('alter table %s add constraint %I %s;',
            p_table, item.conname, item.definition);
        execute format('alter table %s drop constraint %I', p_table,
            item.conname);
    end loop;
    for item in
        select indexrelid::regclass as name,
            pg_get_indexdef(indexrelid) as definition
        from pg_index where indrelid = p_table
    loop
        again := again || item.definition || ';';
        execute format('drop index %s', item.name);
    end loop;
    return again;
end $$;

-- Makes an empty table ready for COPY with FREEZE: nobody else may use it
-- until the transaction ends, and it has no indexes. Returns the statements
-- that build them, or null, and does nothing, when the table has rows.
create or replace function begin_direct_load(p_table regclass) returns text
    language plpgsql as $$
declare
    has_rows boolean;
begin
    execute format('select exists (select from %s)', p_table) into has_rows;
    if has_rows then
        return null;
    end if;
    execute format('lock table %s in access exclusive mode', p_table);
    execute format('select exists (select from %s)', p_table) into has_rows;
    if has_rows then
        return null;
    end if;
    execute format('truncate %s', p_table);
    return drop_indexes(p_table);
end $$;

-- Parties have certificates that they had not: their messages that could not be
-- checked for want of one wait to be looked at again, the oldest first. The
-- caller has written the certificates and does nothing more: whoever finds one
-- missing waits for its end.
create or replace function retry_messages(p_originators macaddr8[])
    returns bigint language plpgsql as $$
declare
    again bigint;
begin
    perform pg_advisory_xact_lock(advisory_lock('certificates'));
    perform from gbcs_message
    where wants_certificate and originator = any (p_originators)
    order by csp, message_id for update;
    update gbcs_message set state = 'waiting', detail = null,
        wants_certificate = false
    where wants_certificate and originator = any (p_originators);
    get diagnostics again = row_count;
    return again;
end $$;
