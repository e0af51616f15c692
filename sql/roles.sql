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

-- What fotad_daemon may do but read, and nothing else: what the statements of
-- its programs write, and the functions and triggers that these lead to, column
-- by column (null: all). tests/db/rights_test.c compares. Who locks rows needs
-- `update` on one column: where that is all, it is one of little use. What a
-- function of the owner's does with its rights (security definer) is not here.
create or replace function rights_of_daemon()
    returns table (name text, privilege text, columns text)
    language sql immutable as $$ values
    ('acb_counter', 'usage', null),
    ('account', 'insert', 'name, role, supplier_id, password, created'),
    ('account', 'update',
        'role, supplier_id, active, password, token, last_sign_in, mail'),
    ('alarm', 'insert',
        'rule, about, device_id, csp, request_no, user_id, since, count, why'),
    ('alarm', 'update', 'until, count, why'),
    ('alarm', 'delete', null),
    ('alarm_rule', 'update', 'is_on, threshold, looked, person, made'),
    ('alert', 'insert',
        'user_id, created, code, event, response_code, request_no, '
        'device_id, chf_id, device_ids, device_type, firmware_version, '
        'other_version, event_time, device_alert_code, result, '
        'originator_counter, quarantine_event_ref, payload'),
    ('alert', 'update', 'state, tries, next_try, retried, last_error'),
    ('alert', 'delete', null),
    ('alert_count', 'insert', null),
    ('alert_count', 'update', 'sent'),
    ('alert_count', 'delete', null),
    ('alert_confirmed', 'insert',
        'user_id, number, alert_no, created, code, event, response_code, '
        'request_no, device_id, chf_id, device_ids, device_type, '
        'firmware_version, other_version, event_time, device_alert_code, '
        'result, originator_counter, quarantine_event_ref, payload, '
        'confirmed'),
    ('alert_confirmed', 'delete', null),
    ('alert_counter', 'usage', null),
    ('alert_lane', 'insert', 'user_id'),
    ('alert_lane', 'update',
        'next_try, tries, leased_until, lease_number, last_error, numbered'),
    ('collected_alert', 'insert',
        'request_no, user_id, code, event, device_type, firmware_version, '
        'device_ids, since'),
    ('collected_alert', 'delete', null),
    ('contested_alert', 'insert',
        'device_id, firmware_version, chf_id, at, event, device_alert_code, '
        'result, taken'),
    ('contested_alert', 'update', 'request_no, told'),
    ('contested_alert', 'delete', null),
    ('csp_flow', 'insert', null),
    ('csp_flow', 'delete', null),
    ('csp_image', 'insert', 'csp, image_id, sent'),
    ('csp_image', 'delete', null),
    ('csp_job', 'insert',
        'request_no, csp, device_type, devices, requests, in_flight, counted, '
        'created, next_try'),
    ('csp_job', 'update',
        'job_id, state, created, tries, next_try, leased_until, lease_number, '
        'posted, without, last_error, ended, reported, silent, contradicted, '
        'in_flight, counted, cells'),
    ('csp_job', 'delete', null),
    ('csp_job_name', 'insert', 'job_id, job_no, without'),
    ('csp_job_gathered', 'insert', 'request_no, job_no'),
    ('csp_pace', 'insert',
        'csp, offers, pause, paused_until, busy_since, spoken_meters, '
        'spoken_others, spoken, turn, senders, deficits, counts, recounted, '
        'waits, next, decided'),
    ('csp_pace', 'update',
        'offers, pause, paused_until, busy_since, spoken_meters, '
        'spoken_others, spoken, turn, senders, deficits, counts, recounted, '
        'waits, next, decided, hub_request_no, hub_device_id'),
    ('csp_message', 'insert', null),
    ('csp_message', 'update', 'received'),
    ('csp_message', 'delete', null),
    ('csp_recall', 'insert', 'job_no, job_id, csp, event, next_try, made'),
    ('csp_recall', 'update',
        'state, recalled, tries, next_try, leased_until, lease_number, '
        'last_error, ended'),
    ('csp_section', 'insert', 'process, csp, digest, seen'),
    ('csp_section', 'update', 'digest, seen'),
    ('csp_section', 'delete', null),
    ('device_command', 'insert',
        'request_no, device_id, device_type, chf_id, csp, originator, '
        'counter, message_code, state, execution_time, future_dated, '
        'created, next_try, payload'),
    ('device_command', 'update',
        'command_id, chf_id, csp, state, tries, next_try, leased_until, '
        'lease_number, posted, response_due, last_error, ended, outcome_seen, response_result, outcome_result, '
        'passed_on'),
    ('distribution', 'insert',
        'request_no, csp, device_type, devices, unassigned, ready, sender, '
        'image_hash'),
    ('distribution', 'update',
        'unassigned, ready, held, steered, since, cells, cell_devices'),
    ('duration', 'insert',
        'csp, device_type, span, model, hour, week, bucket, devices'),
    ('duration', 'update', 'devices'),
    ('duration', 'delete', null),
    ('firmware_image', 'insert', null),
    ('firmware_image', 'update', 'manufacturer_image_hash'),
    ('firmware_image', 'delete', null),
    ('forecast', 'insert',
        'request_no, csp, device_type, model, made, first, devices, done, '
        'why, p50, p90, level, history, due'),
    ('forecast', 'update', 'due, scored, counted, by_p50, by_p90'),
    ('forecast', 'delete', null),
    ('forecast_level', 'insert', null),
    ('forecast_level', 'update', 'level'),
    ('forecast_watch', 'insert', null),
    ('forecast_watch', 'update', 'made, next'),
    ('forecast_watch', 'delete', null),
    ('foresight', 'update', 'learnt_to, learnt, known_made, seen_to'),
    ('gbcs_message', 'insert',
        'csp, message_id, received, chf_id, originator, recipient, cra, '
        'code, counter, payload'),
    ('gbcs_message', 'update', 'received, state, detail, wants_certificate'),
    ('gbcs_message', 'delete', null),
    ('guard', 'insert', 'rule, user_id, mode, level, list, person, made'),
    ('guard', 'update', 'mode, level, list, person, made'),
    ('guard_finding', 'update', 'device_ids'),
    ('guard_finding', 'insert',
        'request_no, rule, refused, devices, device_ids'),
    ('held_request', 'insert',
        'request_no, breach, devices, volume, quarantine, period_seconds, '
        'held, body'),
    ('held_request', 'update',
        'state, decided, person, reason, next_try, ended, body'),
    ('housekeeping', 'update', 'due, answers_to'),
    ('notice', 'insert',
        'account, kind, request_no, order_no, alarm, made, subject, body'),
    ('notice', 'update',
        'state, tries, next_try, leased_until, lease_number, last_error'),
    ('notice', 'delete', null),
    ('notice_request', 'insert', 'request_no'),
    ('notice_request', 'update', 'ended'),
    ('notice_request', 'delete', null),
    ('notice_wish', 'insert', null),
    ('notice_wish', 'delete', null),
    ('pre_command', 'insert', 'request_no, payload'),
    ('replay_window', 'insert', 'originator, recipient, seen'),
    ('replay_window', 'update', 'low, seen'),
    ('request_volume', 'insert', null),
    ('request_volume', 'update', 'at'),
    ('request_volume', 'delete', null),
    ('sat_entry', 'insert',
        'at, kind, request_no, device_id, party, csp, code, detail, person, '
        'record'),
    ('sat_message', 'insert',
        'csp, message_id, received, recipient, payload'),
    ('sat_message', 'delete', null),
    ('sat_request', 'insert',
        'entry_no, at, content, octets, request, image_at, image_id, '
        'line_length, line_break, answer'),
    ('service_request', 'insert',
        'originator, target, counter, stage, used, service, '
        'service_reference_variant, command_variant, content, received, '
        'condition, response_code, response, firmware_version, '
        'manufacturer_image_hash, image_id, listed, accepted, meaning, '
        'duis_version'),
    ('service_request', 'update',
        'condition, response_code, response, listed, accepted, invalid, '
        'not_commissioned, not_applicable, gbcs_version, in_progress, '
        'stopped'),
    ('neighbour_day', 'insert',
        'day, sender, requests, single_requests, jobs, single_jobs, '
        'devices, again, expired_again, discarded'),
    ('neighbour_day', 'delete', null),
    ('outcome_day', 'insert',
        'day, sender, csp, device_type, manufacturer_id, model_id, '
        'hardware_version, firmware_version, devices, succeeded, failed, '
        'in_progress'),
    ('outcome_day', 'delete', null),
    ('outcome_look', 'insert', 'day, looked'),
    ('outcome_look', 'update', 'looked, inserted'),
    ('outcome_look', 'delete', null),
    ('plan', 'insert',
        'user_id, service_reference_variant, manufacturer_id, model_id, '
        'terms, said, person, made'),
    ('plan', 'update', 'terms, said, person, made'),
    ('plan', 'delete', null),
    ('request_plan', 'insert',
        'request_no, terms, said, person, made, next_look, wave, allowed'),
    ('request_plan', 'update',
        'terms, said, person, made, wave, allowed, reached, closed, waits, '
        'next, next_look, ended'),
    ('steering', 'insert',
        'verb, state, cause, request_no, originator, image_hash, csp, '
        'device_type, manufacturer_id, model_id, hardware_version, '
        'device_ids, by_sender, person, reason, made, until, outcomes, '
        'failed'),
    ('steering', 'update',
        'state, decided, decided_by, decision, ended, ended_by, devices, '
        'under_way'),
    ('version_waiting', 'insert',
        'device_id, version, user_id, request_no, at'),
    ('version_waiting', 'delete', null),
    ('session', 'insert', 'token, account, began, seen, expires'),
    ('session', 'update', 'seen'),
    ('session', 'delete', null),
    ('sign_in_failure', 'insert', 'name, failures, last_failure, source'),
    ('sign_in_failure', 'update', 'failures, last_failure'),
    ('sign_in_failure', 'delete', null),
    ('sign_in_try', 'insert', null),
    ('sign_in_try', 'update', 'tries'),
    ('sign_in_try', 'delete', null),
    ('smi_device', 'update', 'firmware_version, version_time, device_status'),
    ('duration_known', 'insert', null),
    ('duration_known', 'delete', null),
    ('tracking_history', 'insert',
        'device_id, chf_id, request_no, job_no, last_updated, released, '
        'status, device_type, csp, reason_code, responsible_supplier_ids, '
        'from_version, report_status, delivery_status, delivery_time, '
        'hub_status, hub_time, device_status, device_time, stored_time'),
    ('tracking_history', 'update',
        'job_no, last_updated, status, reason_code, report_status, '
        'delivery_status, delivery_time, hub_status, hub_time, '
        'device_status, device_time, stored_time'),
    ('tracking_live', 'insert',
        'device_id, chf_id, request_no, last_updated, release_due, status, '
        'device_type, csp, responsible_supplier_ids, from_version, '
        'radio_cell'),
    ('tracking_live', 'update',
        'job_no, held, hub_waits, last_updated, release_due, status, '
        'report_status, '
        'delivery_status, delivery_time, hub_status, hub_time, '
        'device_status, device_time, stored_time'),
    ('tracking_live', 'delete', null),
    ('tracking_setting', 'update',
        'at_hub, at_hub_esme, delivered, delivered_blocks, retention, '
        'n39_recipients, n59_collect, hub_wait, one_update_per'),
    ('volume_threshold', 'update', 'counted, counted_from, last_warned')
$$;

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
    grant select on all tables in schema public to fotad_daemon, fotad_reader;
    grant select on all sequences in schema public to fotad_daemon;
    for item in select r.privilege || coalesce(' (' || r.columns || ')', '')
                || ' on ' || case r.privilege when 'usage' then 'sequence '
                else '' end || r.name::regclass as "right"
            from rights_of_daemon() r loop
        execute format('grant %s to fotad_daemon', item."right");
    end loop;
    revoke all on account, session, sign_in_failure, sign_in_try, notice_wish,
        notice from fotad_reader;
    for item in select p.oid::regprocedure as name, p.prosecdef as definer
            from pg_proc p where p.pronamespace = 'public'::regnamespace
            and p.proname not in ('grant_rights', 'make_role', 'take_crl',
                'revoke_certificates', 'retry_messages', 'drop_indexes',
                'begin_direct_load', 'refresh_homes', 'set_threshold',
                'remove_threshold', 'clock_accept', 'past_restored', 'write_transitions',
                'sat_set_mark')
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
