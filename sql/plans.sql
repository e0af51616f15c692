-- How the statements of functions are planned, once for all of them.
--
-- Functions that run for every message or request: a session plans their
-- statements once, perhaps while the tables are still empty, when reading a
-- table whole looks cheapest (they are in plpgsql: what is in SQL is planned at
-- each call). So they look rows up by index, with one plan for
-- every number of rows (nested loops over an array cost what its elements
-- cost), and are not compiled. tests/scenarios/plans_test.c reads their plans.
--   no hash    a hash table would be made of a table that grows
--   memory     they work on 50,000 devices at once
-- Screens and e-mail look at tables by what a person asks for, so they are
-- planned for that each time.
do $$
declare
    f record;
begin
    for f in
        with function (name, kind) as (
            select unnest(array['take_request_ids', 'take_updates', 'answer_requests',
                'record_requests',
                'rehearse_update', 'claim_devices', 'guard_findings',
                'note_findings', 'rehearse_guard', 'release_expired',
                'apply_once', 'apply_events', 'tell', 'tell_collected',
                'handed_updates', 'settle_contested', 'contested_update',
                'replaced_update', 'settle_contested_of', 'tell_unattributed',
                'commands_failed', 'note_without_effect', 'lane_leases',
                'messages_due', 'duis_version_of', 'give_up_alerts', 'lane_settled',
                'refresh_ready',
                'hold_by_itself', 'is_stopped', 'advance_plans', 'plan_requests',
                'unmake_jobs', 'make_jobs',
                'due_jobs', 'job_targets', 'count_flight', 'csp_pace_of',
                'groups_waiting', 'dispatch_decided', 'csp_pace_answered',
                'count_cells', 'cells_waiting', 'devices_in_cells',
                'count_job_cells', 'hubs_taken', 'crowded_hubs',
                'hub_blocks_taken', 'free_hub_blocks',
                'before_jobs_of', 'gathered_requests', 'end_due_orders',
                'stop_again', 'job_posts', 'jobs_handed_over',
                'job_again', 'job_failed', 'job_of',
                'take_validation_reports',
                'take_delivery_notifications', 'take_gbcs_messages',
                'party_certificates', 'learn_versions', 'learn_running',
                'learn_waiting_versions',
                'lock_updates', 'lock_updates_of',
                'lock_for_messages', 'refuse_messages',
                'foreign_messages', 'stray_responses', 'take_counters',
                'narrow_windows', 'take_device_messages', 'take_transfer_alerts',
                'cancel_activations',
                'take_ppmid_alerts', 'take_outcome_alerts', 'take_responses',
                'take_user_alerts', 'await_certificates', 'judge_device',
                'read_inventory',
                'recall_jobs', 'recall_leases', 'recall_again',
                'recalled_devices', 'recall_answered',
                'command_leases', 'commands_sent', 'commands_again',
                'commands_given_up', 'end_commands',
                'end_overdue_commands', 'updates_of_day', 'count_day',
                'count_due_day', 'discarded_for_gsme', 'activation_truth']), 'message'
            union all
            select unnest(array['lane_leases', 'lane_settled', 'messages_due',
                'make_jobs', 'due_jobs', 'take_gbcs_messages', 'apply_once',
                'apply_events', 'updates_of_day']), 'no hash'
            union all
            select unnest(array['rehearse_update', 'claim_devices',
                'guard_findings',
                'take_delivery_notifications', 'take_device_messages',
                'apply_once']), 'memory'
            union all
            select unnest(array['device_waits', 'device_screen', 'request_tally',
                'request_models', 'request_curve', 'scan_requests', 'request_list',
                'list_request_devices', 'find_request_devices', 'list_activations',
                'activation_counts', 'activation_results', 'undelivered_page',
                'list_steering', 'list_holds',
                'list_volumes', 'make_request_notices', 'make_hold_notices',
                'make_silence_notices', 'make_steering_notices', 'spans_ended',
                'find_stuck', 'list_stuck', 'list_retry',
                'request_groups', 'forecast_parts', 'score_forecasts',
                'failing_devices', 'silent_csps', 'overdue_requests',
                'note_alarms', 'list_alarms']), 'screen'
        ), plan (kind, setting, value) as (values
            ('message', 'plan_cache_mode', 'force_generic_plan'),
            ('message', 'enable_seqscan', 'off'),
            ('message', 'enable_mergejoin', 'off'),
            ('message', 'jit', 'off'),
            ('no hash', 'enable_hashjoin', 'off'),
            ('memory', 'work_mem', '64MB'),
            ('screen', 'plan_cache_mode', 'force_custom_plan'))
        select name, p.oid::regprocedure as signature, setting, value
        from function join plan using (kind)
        left join pg_proc p on p.proname = name
            and p.pronamespace = 'public'::regnamespace
    loop
        if f.signature is null then
            raise exception '%() is not there', f.name;
        end if;
        execute format('alter function %s set %I = %L', f.signature,
            f.setting, f.value);
    end loop;
end $$;
