-- Three roles (docs/operations.md, Roles). The owner migrates and imports. Two
-- roles without a log-in of their own, which the log-in roles are members of:
-- fotad_daemon can change neither the schema, nor the rules and reference
-- data, nor what is in the Service Audit Trail; fotad_reader, for the screens'
-- reporting connection, reads all but the accounts.
create or replace function make_role(p_name name) returns boolean
    language plpgsql as $$
begin
    if exists (select from pg_roles where rolname = p_name) then
        return true;
    end if;
    if not (select rolcreaterole or rolsuper from pg_roles
            where rolname = current_user) then
        return false;
    end if;
    execute format('create role %I nologin', p_name);
    return true;
exception when duplicate_object or unique_violation then
    return true; -- somebody made it at the same time
end $$;

-- What fotad reads and never writes but by functions of the owner.
create or replace function tables_of_owner() returns setof regclass
    language sql stable
    return unnest(array['response_code', 'service_reference', 'service_role',
        'service_variant', 'service_device_type', 'csp_reason', 'cpl_entry',
        'service_user', 'certificate', 'crl', 'revocation', 'migration',
        'command_device_type', 'command_device_status', 'command_role',
        'version_mismatch', 'sat_guard', 'volume_threshold',
        'volume_threshold_change', 'threshold_breach', 'sat_seal',
        'sat_mark']::regclass[]);

-- Gives the roles their rights, on what there is now. Runs with each
-- migration; harmless to repeat. Returns what is missing, or null.
create or replace function grant_rights() returns text
    language plpgsql
    set client_min_messages = 'warning'
as $$
declare
    item record;
begin
    if not make_role('fotad_daemon') or not make_role('fotad_reader') then
        return 'there are no roles fotad_daemon and fotad_reader, and '
            || current_user || ' may not create them';
    end if;
    revoke create on schema public from public;
    grant usage on schema public to fotad_daemon, fotad_reader;
    revoke all on all tables in schema public
        from public, fotad_daemon, fotad_reader;
    revoke all on all sequences in schema public
        from public, fotad_daemon, fotad_reader;
    revoke all on all functions in schema public
        from public, fotad_daemon, fotad_reader;
    grant select, insert, update, delete on all tables in schema public
        to fotad_daemon;
    grant usage, select on all sequences in schema public to fotad_daemon;
    grant select on all tables in schema public to fotad_reader;
    revoke all on account, session, sign_in_failure, sign_in_try, notice_wish,
        notice from fotad_reader;
    for item in select t as name from tables_of_owner() t loop
        execute format('revoke insert, update, delete on %s from fotad_daemon',
            item.name);
    end loop;
    -- it counts, and leaves the levels alone
    grant update (counted, counted_from, last_warned) on volume_threshold
        to fotad_daemon;
    -- what was taken once stays so
    revoke delete on replay_window from fotad_daemon;
    -- entries come by way of the table, never into a day by itself
    revoke update, delete on sat_entry, sat_request from fotad_daemon;
    for item in select relid as name from unnest(
                array['sat_entry', 'sat_request']::regclass[]) t,
            pg_partition_tree(t) where level > 0 loop
        execute format('revoke insert, update, delete on %s from fotad_daemon',
            item.name);
    end loop;
    for item in select p.oid::regprocedure as name, p.prosecdef as definer
            from pg_proc p where p.pronamespace = 'public'::regnamespace
            and p.proname not in ('grant_rights', 'make_role', 'take_crl',
                'revoke_certificates', 'retry_messages', 'drop_indexes', 'begin_direct_load',
                'sat_set_mark', 'sat_mark_renew')
            and not exists (select from pg_depend d
                where d.objid = p.oid and d.deptype = 'e') loop
        execute format('grant execute on function %s to fotad_daemon',
            item.name);
        if not item.definer then
            execute format('grant execute on function %s to fotad_reader',
                item.name);
        end if;
    end loop;
    return null;
end $$;
