-- The one order in which transactions take the locks of rows: by table as
-- lock_order() has them, and in a table by primary key, all at once. So none
-- waits for another that waits for it. tests/concurrency holds every function
-- against it. What skips locked rows never waits, and may take them at any time.

-- What stands before all: the advisory locks of src/db/locks.def; a RequestID,
-- for whose owner take_request_ids() waits. tracking_history: under the lock of
-- its device's row of tracking_live, if there is one. smi_device: only imports
-- wait for it (learn_versions()).
create or replace function lock_order() returns table (place integer, name name)
    language sql immutable
begin atomic
    select ordinality::integer, n::name
    from unnest(array[
        'clock_mark', 'past_mark', 'past_number', 'past_memory',
        'tracking_setting', 'sat_mark', 'held_request', 'plan',
        'request_plan', 'steering', 'guard',
        'volume_threshold', 'request_volume', 'certificate', 'crl',
        'revocation', 'gbcs_message', 'sat_message', 'replay_window', 'smi_device',
        'version_waiting', 'smi_home', 'cpl_entry', 'service_user',
        'device_command', 'csp_job', 'csp_job_name', 'csp_job_gathered',
        'csp_recall', 'distribution', 'contested_alert', 'csp_message',
        'firmware_image', 'csp_image', 'tracking_live', 'tracking_history',
        'service_request', 'guard_finding', 'collected_alert', 'alert_lane',
        'alert', 'alert_confirmed', 'alert_count', 'alarm_rule', 'alarm',
        'account', 'session', 'sign_in_failure', 'sign_in_try', 'notice_wish',
        'notice_request', 'notice', 'csp_section', 'csp_pace', 'housekeeping',
        'running_time', 'foresight', 'duration', 'duration_known', 'forecast_watch',
        'forecast', 'forecast_level', 'csp_flow', 'outcome_look',
        'outcome_day', 'neighbour_day'])
        with ordinality as t (n, ordinality);
end;

-- A transaction waits for updates of devices once. What it finds to write after
-- that (there was a claim meanwhile) is free, or the transaction begins anew.
create or replace function has_waited_for_updates() returns boolean
    language sql volatile
    return current_setting('fotad.updates', true) is not distinct from 'locked';
create or replace function wait_for_updates_no_more() returns void
    language plpgsql as $$
begin
    perform set_config('fotad.updates', 'locked', true);
end $$;

-- Locks all that is known of the updates of these devices, for what writes of
-- them more than once: what is contested, what is in progress, and what is past
-- of devices that nothing is in progress of.
create or replace function lock_updates(p_device_ids macaddr8[]) returns void
    language plpgsql as $$
declare
    live integer;
begin
    -- next to always there is nothing
    if exists (select from contested_alert) then
        perform from contested_alert where device_id = any (p_device_ids)
        order by device_id, firmware_version, chf_id, at, event for update;
    end if;
    perform from tracking_live where device_id = any (p_device_ids)
    order by device_id for update;
    get diagnostics live = row_count;
    if live < cardinality(p_device_ids) then
        perform from tracking_history h
        where h.job_no is not null and h.device_id = any (array(
            select d from unnest(p_device_ids) as d
            where (select true from tracking_live l
                where l.device_id = d) is null))
        order by h.device_id, h.request_no for update;
    end if;
    perform wait_for_updates_no_more();
end $$;
