-- What goes last, when all functions have been made anew.

-- Functions that programs of earlier releases than the one before called.
drop function if exists make_job(text, integer, timestamptz, timestamptz);
drop function if exists lease_job(text, timestamptz, timestamptz);
drop function if exists lease_job(text, timestamptz, timestamptz, integer,
    timestamptz);

-- The stage and outcome of a device go by its type as well.
drop function if exists device_stage(processing_status, boolean);
drop function if exists outcome_of(processing_status, boolean);
drop function if exists device_updates(macaddr8, macaddr8, integer);
drop function if exists device_stages(tracking, timestamptz, boolean);

drop function if exists is_shown(timestamptz, timestamptz, timestamptz);

drop function if exists make_jobs(text, integer, timestamptz, timestamptz,
    integer);
drop function if exists job_targets(bigint, bigint);
drop function if exists before_jobs_of(text, integer, timestamptz);
drop function if exists refresh_ready(bigint[]);
drop function if exists make_jobs(text, integer[], bigint[], device_type[],
    integer[], boolean, timestamptz, timestamptz);
drop function if exists dispatch_decided(text, timestamptz, timestamptz,
    timestamptz, macaddr8, macaddr8[], bigint[], text, timestamptz, integer[],
    bigint[], text[], integer[], boolean, timestamptz, timestamptz);

drop function if exists clean_notices(timestamptz);

-- What the daemon may write is in rights_of_daemon().
drop function if exists tables_of_owner();

-- A function of the release before may be at work while this is applied, and
-- call these; they go with the next release.
create or replace function tell(p_told tracking_told[], p_now timestamptz)
    returns void language sql
begin atomic
    select tell(array(
        select row(t.*, null, null, null, null, null, null, null, null)
            ::told_message
        from unnest(p_told) as t), p_now);
end;

create or replace function put_messages(
    p_messages user_message[], p_now timestamptz) returns void
    language sql
begin atomic
    select tell(array(
        select user_message(m.ordinal, m.user_id, m.code, m.request_no,
            m.device_id, null, m.device_type, m.firmware_version,
            m.other_version, m.device_alert_code, m.originator_counter, m.csp,
            m.message_id)
        from unnest(p_messages) as m), p_now);
end;

create or replace function tell_sender(
    p_request_no bigint, p_code text, p_response_code text,
    p_event_ref bigint, p_payload bytea, p_now timestamptz)
    returns void language sql
begin atomic
    select tell(array[user_message(1, originator, p_code, p_request_no,
        p_response_code => p_response_code, p_event_ref => p_event_ref,
        p_payload => p_payload)], p_now)
    from service_request where request_no = p_request_no;
end;

create or replace function tell_condition(
    p_request_nos bigint[], p_condition text, p_now timestamptz)
    returns void language sql
begin atomic
    select tell(array(
        select user_message(row_number() over (order by r.request_no)::integer,
            r.originator, 'ResponseMessage', r.request_no, r.target,
            response_code_of(p_condition, r.service_reference_variant))
        from service_request r
        where r.request_no = any (p_request_nos)), p_now);
end;

create or replace function learn_versions(
    p_reports version_report[], p_now timestamptz, p_timeout interval)
    returns void language sql
begin atomic
    select learn_versions(array(
        select row(r.ordinal, r.device_id, r.version, r.user_id, r.request_no,
            r.activated, p_now)::version_heard
        from unnest(p_reports) as r), p_now, p_timeout);
end;

-- Table 3 as the release before has it: it is the later one's that counts.
create or replace function set_transitions(
    p_events text[], p_from text[], p_to processing_status[],
    p_alerts text[], p_recipients text[]) returns void
    language sql
begin atomic
    select;
end;

-- The release before does not say which CSP serves which region: that of the
-- hub that a message came through is one.
create or replace function take_device_messages(
    p_csps text[], p_message_ids text[], p_verdicts text[], p_details text[],
    p_kinds text[], p_events text[], p_device_ids macaddr8[],
    p_alert_codes integer[], p_results integer[], p_versions bigint[],
    p_times timestamptz[], p_command_counters numeric[],
    p_parties macaddr8[], p_party_counters numeric[], p_now timestamptz,
    p_timeout interval)
    returns table (state text, messages bigint)
    language sql
begin atomic
    with region as (
        select distinct h.csp_region, g.csp
        from unnest(p_csps, p_message_ids) as n (csp, message_id)
        join gbcs_message g on g.csp = n.csp and g.message_id = n.message_id
        join smi_home h on h.chf_id = g.chf_id and h.csp_region is not null)
    select t.state, t.messages
    from (select array_agg(csp_region order by csp_region, csp) as regions,
        array_agg(csp order by csp_region, csp) as csps from region) r
    cross join lateral take_device_messages(p_csps, p_message_ids, p_verdicts,
        p_details, p_kinds, p_events, p_device_ids, p_alert_codes, p_results,
        p_versions, p_times, p_command_counters, p_parties, p_party_counters,
        r.regions, r.csps, p_now, p_timeout) t;
end;

create or replace function retry_undelivered(
    p_user_id macaddr8, p_now timestamptz) returns integer
    language sql
begin atomic
    select retry_undelivered(p_user_id, null, p_now);
end;

-- The release before has no ACB's ID to give.
create or replace function undelivered_page(
    p_viewer macaddr8, p_user macaddr8, p_state alert_state, p_after bigint,
    p_most integer) returns json
    language sql stable
begin atomic
    select undelivered_page(p_viewer, p_user, p_state, p_after, p_most, null);
end;

create or replace function lease_commands(
    p_csp text, p_now timestamptz, p_until timestamptz, p_most integer)
    returns table (
        command_no bigint, command_id text, chf_id macaddr8,
        device_id macaddr8, payload bytea, tries integer, began timestamptz)
    language sql
begin atomic
    select command_no, command_id, chf_id, device_id, payload, tries, began
    from command_leases(p_csp, null, null, p_now, p_until, '-infinity',
        p_most);
end;

create or replace function end_overdue_commands(
    p_csps text[], p_most integer, p_now timestamptz) returns integer
    language sql
begin atomic
    select end_overdue_commands(p_csps, '-infinity', p_most, p_now);
end;

create or replace function commands_sent(
    p_command_nos bigint[], p_response_due timestamptz, p_now timestamptz)
    returns void language sql
begin atomic
    select commands_sent(p_command_nos, array(
        select c.lease_number from unnest(p_command_nos) with ordinality
            as n (command_no, ordinal)
        left join device_command c using (command_no) order by n.ordinal),
        p_response_due, p_now);
end;

create or replace function commands_again(
    p_command_nos bigint[], p_next_tries timestamptz[], p_errors text[],
    p_lease timestamptz) returns void language sql
begin atomic
    select commands_again(p_command_nos, array(
        select c.lease_number from unnest(p_command_nos) with ordinality
            as n (command_no, ordinal)
        left join device_command c on c.command_no = n.command_no
            and c.leased_until = p_lease order by n.ordinal),
        p_next_tries, p_errors,
        array_fill(1, array[cardinality(p_command_nos)]));
end;

-- The release before has jobs made where there are none, each of one request.
create or replace function job_leases(
    p_csp text, p_now timestamptz, p_until timestamptz, p_most integer,
    p_keep_until timestamptz, p_together integer)
    returns table (job_no bigint, lease_number bigint, job_id text,
        request_id text, device_type text, firmware_version bytea,
        image_id bytea, image_sent boolean, heard integer, tries integer,
        created timestamptz, device_ids macaddr8[], chf_ids macaddr8[])
    language plpgsql as $$
declare
    waits boolean;
begin
    loop
        waits := false;
        for job_no, lease_number, job_id, request_id, device_type,
                firmware_version, image_id, image_sent, heard, tries, created,
                device_ids, chf_ids in
            select l.job_no, l.lease_number, l.job_id, l.request_id,
                l.device_type, l.firmware_version, l.image_id, l.image_sent,
                l.heard, l.tries, l.created, l.device_ids, l.chf_ids
            from due_jobs(p_csp, p_now, p_until, p_most, p_together) l
        loop
            waits := job_no is null;
            if not waits then
                return next;
            end if;
        end loop;
        exit when not waits or not make_some_jobs(p_csp, p_most, p_now,
            p_keep_until, p_together);
    end loop;
end $$;

-- Leases of the release before have numbers too, which it does not say.
create or replace function lease_jobs(
    p_csp text, p_now timestamptz, p_until timestamptz, p_most integer,
    p_keep_until timestamptz, p_together integer)
    returns table (job_no bigint, job_id text, request_id text,
        device_type text, firmware_version bytea, image_id bytea,
        image_sent boolean, tries integer, created timestamptz,
        device_ids macaddr8[], chf_ids macaddr8[])
    language plpgsql as $$
#variable_conflict use_column
begin
    for job_no, job_id, request_id, device_type, firmware_version, image_id,
            image_sent, tries, created, device_ids, chf_ids in
        select l.job_no, l.job_id, l.request_id, l.device_type,
            l.firmware_version, l.image_id, l.image_sent, l.tries, l.created,
            l.device_ids, l.chf_ids
        from job_leases(p_csp, p_now, p_until, p_most, p_keep_until,
            p_together) l
    loop
        update csp_job j set posted = cardinality(lease_jobs.device_ids)
        where j.job_no = lease_jobs.job_no;
        return next;
    end loop;
end $$;

create or replace function jobs_handed_over(
    p_job_nos bigint[], p_now timestamptz) returns void language sql
begin atomic
    select jobs_handed_over(p_job_nos, array(
        select j.lease_number from unnest(p_job_nos) with ordinality
            as n (job_no, ordinal)
        left join csp_job j using (job_no) order by n.ordinal), p_now);
end;

create or replace function job_again(
    p_job_no bigint, p_next_try timestamptz, p_error text,
    p_lease timestamptz) returns void language sql
begin atomic
    select job_again(p_job_no, lease_number, p_next_try, p_error, true)
    from csp_job where job_no = p_job_no and leased_until = p_lease;
end;

create or replace function job_failed(
    p_job_no bigint, p_event text, p_reason text, p_error text,
    p_now timestamptz, p_timeout interval) returns void language sql
begin atomic
    select job_failed(p_job_no, lease_number, p_event, p_reason, p_error,
        p_event <> 'csp_refused', p_now, p_timeout)
    from csp_job where job_no = p_job_no;
end;

create or replace function lease_lanes(
    p_except macaddr8[], p_now timestamptz, p_until timestamptz,
    p_most integer)
    returns table (user_id macaddr8, registered boolean, receive_url text,
        duis_version text, tries integer)
    language sql
begin atomic
    select user_id, registered, receive_url, duis_version, tries
    from lane_leases(p_except, p_now, p_until, p_most);
end;

create or replace function next_alerts(
    p_user_id macaddr8, p_in_hand bigint[], p_now timestamptz, p_most integer)
    returns table (
        alert_no bigint, created timestamptz, since timestamptz,
        tries integer, code text, response_code text, originator macaddr8,
        target macaddr8, counter text, service_reference text,
        service_reference_variant text, device_id macaddr8,
        chf_id macaddr8, device_ids macaddr8[], device_type text,
        firmware_version bytea, other_version bytea, event_time timestamptz,
        device_alert_code integer, result smallint,
        originator_counter text, quarantine_event_ref bigint,
        payload bytea) language sql as $$
    select alert_no, created, since, tries, code, response_code, originator,
        target, counter, service_reference, service_reference_variant,
        device_id, chf_id, device_ids, device_type, firmware_version,
        other_version, event_time, device_alert_code, result,
        originator_counter, quarantine_event_ref, payload
    from messages_due(p_user_id, p_in_hand, p_now, p_most)
$$;

create or replace function settle_lane(
    p_user_id macaddr8, p_lease timestamptz, p_until timestamptz,
    p_delivered bigint[], p_failed bigint[], p_next_tries timestamptz[],
    p_errors text[], p_tries integer, p_paused_until timestamptz,
    p_error text, p_give_up_before timestamptz, p_now timestamptz,
    out given_up integer, out still_leased boolean)
    language sql
begin atomic
    select s.given_up, l.lease_number is not null
    from (select (select lease_number from alert_lane
            where user_id = p_user_id and leased_until = p_lease)
        as lease_number) l
    cross join lateral lane_settled(p_user_id, l.lease_number, p_until,
        p_delivered, p_failed, p_next_tries, p_errors, p_tries,
        p_paused_until, p_error, p_give_up_before, p_now) s;
end;

create or replace function lease_notices(
    p_now timestamptz, p_until timestamptz, p_most integer)
    returns table (notice_no bigint, mail text, made timestamptz,
        subject text, body text, tries integer)
    language sql
begin atomic
    select notice_no, mail, made, subject, body, tries
    from notice_leases(p_now, p_until, p_most);
end;

create or replace function notice_failed(
    p_notice_no bigint, p_lease timestamptz, p_next_try timestamptz,
    p_error text) returns void language sql
begin atomic
    select notice_again(p_notice_no, lease_number, p_next_try, p_error)
    from notice where notice_no = p_notice_no and leased_until = p_lease;
end;

create or replace function return_notices(
    p_notice_nos bigint[], p_lease timestamptz) returns void language sql
begin atomic
    select notices_back(p_notice_nos, array(
        select n.lease_number from unnest(p_notice_nos) with ordinality
            as l (notice_no, ordinal)
        left join notice n on n.notice_no = l.notice_no
            and n.leased_until = p_lease order by l.ordinal));
end;

-- Sign-ins of the release before, which does not say where they come from.
create or replace function begin_sign_in(
    p_name text, p_most integer, p_lock_out interval, p_now timestamptz,
    out retry_after integer, out password text) language sql
begin atomic
    select * from begin_sign_in(p_name, '', p_most, p_lock_out, p_now);
end;

create or replace function sign_in_failed(
    p_name text, p_most integer, p_peer text, p_now timestamptz)
    returns void language sql
begin atomic
    select sign_in_failed_from(p_name, '', p_most, p_now);
end;

create or replace function sign_in(
    p_name text, p_token bytea, p_old_token bytea, p_peer text,
    p_now timestamptz, p_expires timestamptz) returns void language sql
begin atomic
    select sign_in_from(p_name, '', password, p_token, p_old_token, p_now,
        p_expires)
    from account where name = p_name;
end;

-- The release before does not say which password it looked at, nor how many
-- requests may be held, nor which message could not be taken.
create or replace function sign_in_from(
    p_name text, p_source text, p_token bytea, p_old_token bytea,
    p_now timestamptz, p_expires timestamptz) returns void language sql
begin atomic
    select sign_in_from(p_name, p_source, password, p_token, p_old_token,
        p_now, p_expires)
    from account where name = p_name;
end;

create or replace function set_password(
    p_name text, p_password text, p_keep bytea, p_person text,
    p_now timestamptz) returns text language sql
begin atomic
    select set_password(p_name, null, p_password, p_keep, p_person, p_now);
end;

create or replace function hold_request(
    p_request_no bigint, p_breach text, p_devices integer, p_volume bigint,
    p_quarantine integer, p_period_seconds integer, p_body bytea,
    p_now timestamptz) returns bigint language sql
begin atomic
    select hold_request(p_request_no, p_breach, p_devices, p_volume,
        p_quarantine, p_period_seconds, p_body, 2147483647, p_now);
end;

create or replace function put_back_message(p_reason text, p_now timestamptz)
    returns void language sql
begin atomic
    select put_back_message(csp, message_id, p_reason, p_now)
    from (select csp, message_id from gbcs_message where state = 'waiting'
        order by received limit 1) first;
end;

create or replace function request_screen(r service_request, p_now timestamptz)
    returns jsonb language sql stable
    return request_screen(r, r.originator, p_now);

-- The release before takes away what is old by its own clock: it is left to the
-- later one.
create or replace function drop_day(p_table regclass, p_before timestamptz)
    returns text language sql return 'none'::text;
create or replace function clean_rest(
    p_table regclass, p_before timestamptz, p_most integer) returns bigint
    language sql return 0::bigint;
create or replace function clean_messages(
    p_before timestamptz, p_most integer) returns bigint
    language sql return 0::bigint;
create or replace function clean_answers(
    p_before timestamptz, p_most integer) returns bigint
    language sql return 0::bigint;
create or replace function clean_jobs(p_before timestamptz, p_most integer)
    returns bigint language sql return 0::bigint;
create or replace function clean_images(p_before timestamptz, p_most integer)
    returns bigint language sql return 0::bigint;
create or replace function clean_alert_counts(
    p_before timestamptz, p_most integer) returns bigint
    language sql return 0::bigint;
create or replace function clean_volumes(
    p_before timestamptz, p_most integer) returns bigint
    language sql return 0::bigint;
create or replace function set_tracking_setting(
    p_at_hub interval, p_at_hub_esme interval, p_delivered interval,
    p_delivered_blocks boolean, p_retention interval, p_n39_recipients text,
    p_n59_collect interval) returns void language sql
begin atomic
    select set_tracking_setting(p_at_hub, p_at_hub_esme, p_delivered,
        p_delivered_blocks, p_retention, p_n39_recipients, p_n59_collect,
        s.hub_wait, s.one_update_per)
    from tracking_setting s;
end;
create or replace function settle_steering() returns bigint
    language sql return settle_steering(clock_timestamp());
create or replace function clean_holds(
    p_before timestamptz, p_most integer) returns bigint
    language sql return 0::bigint;
create or replace function cut_pauses(
    p_now timestamptz, p_lease_end timestamptz, p_user_retry timestamptz,
    p_csp_retry timestamptz) returns void
    language plpgsql as $$
begin
    update alert_lane set leased_until = null
    where leased_until > p_lease_end;
    update alert_lane set next_try = p_now
    where next_try > p_user_retry;
    update alert set next_try = p_user_retry
    where state = 'waiting' and tries > 0 and next_try > p_user_retry;
    update csp_job set leased_until = null
    where state = 'waiting' and leased_until > p_lease_end;
    update csp_job set next_try = p_csp_retry
    where state = 'waiting' and next_try > p_csp_retry;
    update device_command set leased_until = null
    where state = 'waiting' and leased_until > p_lease_end;
    update device_command set next_try = p_csp_retry
    where state = 'waiting' and tries > 0 and next_try > p_csp_retry;
end $$;

-- Of the audit trail, which is read partition by partition now, and verified by
-- src/trail.
drop function if exists sat_digest(bigint, bigint);
drop function if exists check_seals(bigint, integer, timestamptz);
drop function if exists sat_entries_fault(sat_seal, timestamptz, bigint,
    boolean);

-- A program of the release before asks these.
create or replace function request_list(
    p_viewer macaddr8, p_user macaddr8, p_state text, p_variant text,
    p_from timestamptz, p_to timestamptz, p_device macaddr8, p_version bytea,
    p_originator macaddr8, p_target macaddr8, p_counter numeric,
    p_after bigint, p_most integer, p_now timestamptz) returns json
    language sql stable
begin atomic
    select request_list(p_viewer, p_user, p_state, p_variant, p_from, p_to,
        p_device, p_version, p_originator, p_target, p_counter, p_after,
        p_most, p_now, false);
end;

create or replace function list_request_devices(
    p_request_no bigint, p_status processing_status, p_reason text,
    p_csp text, p_after macaddr8, p_most integer, p_now timestamptz)
    returns table (device_id macaddr8, device_type text, status text,
        in_progress boolean, reason_code text, last_updated timestamptz,
        release_due timestamptz, chf_id macaddr8, csp text, late boolean)
    language sql stable
begin atomic
    select d.device_id, d.device_type, d.status, d.in_progress, d.reason_code,
        d.last_updated, d.release_due, d.chf_id, d.csp, d.late
    from list_request_devices(p_request_no, p_status, p_reason, p_csp, null,
        null, null, null, eui64_text(p_after), p_most, p_now) d;
end;

create or replace function request_device_page(
    p_request_no bigint, p_status processing_status, p_reason text,
    p_csp text, p_after macaddr8, p_most integer, p_now timestamptz)
    returns json language sql stable
begin atomic
    select (request_device_page(p_request_no, p_status, p_reason, p_csp, null,
        null, null, null, eui64_text(p_after), p_most, p_now)::jsonb
        - 'total')::json;
end;

create or replace function rehearse_claim(
    p_sender macaddr8, p_variant text, p_version bytea, p_hash bytea,
    p_device_ids macaddr8[], p_minimum_types device_type[],
    p_minimum_gbcs integer[], p_hcalcs_either boolean,
    p_regions csp_region[], p_csps text[], p_now timestamptz,
    out refused_ordinals integer[], out refused_lists integer[])
    language sql
begin atomic
    select u.refused_ordinals, u.refused_lists
    from rehearse_update(p_sender, p_variant, p_version, p_hash,
        p_device_ids, p_minimum_types, p_minimum_gbcs, p_hcalcs_either,
        p_regions, p_csps, p_now) u;
end;

create or replace function needs_now(
    p_viewer macaddr8, p_keeps boolean, p_uses text[], p_ends timestamptz[],
    p_now timestamptz) returns json
    language sql stable
begin atomic
    select needs_now(p_viewer, p_keeps, p_uses, p_ends, p_now, '5 days');
end;
-- which called it
drop function if exists needs_silent(macaddr8, timestamptz);
create or replace function device_screen(
    p_device_id macaddr8, p_viewer macaddr8, p_may_reset boolean,
    p_now timestamptz) returns json
    language sql stable
begin atomic
    select device_screen(p_device_id, p_viewer, p_may_reset, p_now, '5 days');
end;
-- which list_trail() called
drop function if exists history_message(sat_entry);
