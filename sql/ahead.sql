-- Times that were set by a clock that ran ahead. Whatever waits for one would
-- wait for it until the clock has come there: each is cut to what it would be at
-- most, had it been set now. Records of what happened stay as they were written.

-- The columns. longest: how far ahead of now it may be (see cut_times());
-- rows: of these alone; floor: never before this.
create or replace function times_ahead()
    returns table (place integer, name text, key text, at text, longest text,
        rows text, floor text)
    language sql immutable as $$ values
    (1, 'session', 'token', 'seen', 'now', null, null),
    (2, 'session', 'token', 'expires', 'session', null, null),
    (3, 'sign_in_failure', 'name, source', 'last_failure', 'now', null, null),
    (4, 'sign_in_try', 'source, account', 'began', 'now', null, null),
    (5, 'volume_threshold', 'user_id, service_reference_variant',
        'last_warned', 'now', null, null),
    (6, 'volume_threshold', 'user_id, service_reference_variant',
        'counted_from', 'now', null, null),
    (7, 'request_volume', 'user_id, counter, stage, content', 'at', 'now',
        null, null),
    (8, 'held_request', 'hold_no', 'next_try', 'release', null, null),
    (9, 'csp_job', 'job_no', 'created', 'now', 'state = ''waiting''', null),
    (10, 'csp_job', 'job_no', 'next_try', 'csp_retry', 'state = ''waiting''',
        null),
    (11, 'csp_job', 'job_no', 'leased_until', 'csp_lease', null, null),
    (12, 'csp_job', 'job_no', 'ended', 'now', 'state = ''handed_over''', null),
    (13, 'tracking_live', 'device_id', 'last_updated', 'now', null, null),
    (14, 'tracking_live', 'device_id', 'release_due', 'tracking', null, null),
    (15, 'tracking_history', 'device_id, request_no', 'last_updated', 'now',
        null, null),
    (16, 'tracking_history', 'device_id, request_no', 'released', 'now', null,
        null),
    (17, 'device_command', 'command_no', 'created', 'now',
        'state in (''waiting'', ''held'')', null),
    -- what is not due by the User's wish has no retry yet
    (18, 'device_command', 'command_no', 'next_try', 'csp_retry',
        'state in (''waiting'', ''held'')',
        'case when not future_dated then execution_time end'),
    (19, 'device_command', 'command_no', 'leased_until', 'csp_lease', null,
        null),
    (20, 'device_command', 'command_no', 'response_due', 'response',
        'state = ''sent''', null),
    (21, 'smi_device', 'device_id', 'version_time', 'now', null, null),
    (22, 'collected_alert', 'alert_no', 'since', 'now', null, null),
    (23, 'alert_lane', 'user_id', 'next_try', 'user_retry', null, null),
    (24, 'alert_lane', 'user_id', 'leased_until', 'user_lease', null, null),
    (25, 'alert', 'alert_no', 'created', 'now',
        'state = ''waiting'' and retried is null', null),
    (26, 'alert', 'alert_no', 'retried', 'now', 'state = ''waiting''', null),
    (27, 'alert', 'alert_no', 'next_try', 'user_retry', 'state = ''waiting''',
        null),
    (28, 'notice', 'notice_no', 'made', 'now',
        'state = ''waiting'' and since is null', null),
    (29, 'notice', 'notice_no', 'next_try', 'mail_retry',
        'state = ''waiting''', null),
    (30, 'notice', 'notice_no', 'leased_until', 'mail_lease', null, null),
    (31, 'csp_section', 'process, csp', 'seen', 'now', null, null),
    (32, 'housekeeping', 'only_row', 'due', 'now', null, null),
    (33, 'csp_recall', 'recall_no', 'made', 'now', 'state = ''waiting''', null),
    (34, 'csp_recall', 'recall_no', 'next_try', 'csp_retry',
        'state = ''waiting''', null),
    (35, 'csp_recall', 'recall_no', 'leased_until', 'csp_lease', null, null),
    (36, 'csp_job', 'job_no', 'counted', 'now', 'in_flight > 0', null),
    (37, 'csp_pace', 'csp', 'paused_until', 'csp_retry', null, null),
    (38, 'csp_pace', 'csp', 'busy_since', 'now', null, null),
    (39, 'csp_pace', 'csp', 'spoken_meters', 'csp_retry', null, null),
    (40, 'csp_pace', 'csp', 'spoken_others', 'csp_retry', null, null),
    (41, 'csp_pace', 'csp', 'spoken', 'csp_retry', null, null),
    (42, 'steering', 'order_no', 'made', 'now',
        'state in (''asked'', ''active'')', null),
    (43, 'request_plan', 'request_no', 'reached', 'now', 'not ended', null),
    (44, 'request_plan', 'request_no', 'next_look', 'now', 'not ended', null),
    (45, 'distribution', 'request_no, csp, device_type', 'since', 'now',
        'ready > 0', null),
    (46, 'notice', 'notice_no', 'since', 'now', 'state = ''waiting''', null),
    (47, 'foresight', 'only_row', 'seen_to', 'now', null, null),
    (48, 'forecast_watch', 'request_no', 'made', 'now', null, null),
    -- made again at once
    (49, 'forecast_watch', 'request_no', 'next', 'now', null, null),
    (50, 'outcome_look', 'day', 'looked', 'now', null, null),
    (51, 'alarm_rule', 'rule', 'looked', 'now', null, null)
$$;

-- A message that may have been heard goes on saying when it was made; it is given
-- up by another time.
create or replace function cut_instead(p_name text, p_at text) returns text
    language sql immutable
    return case when (p_name, p_at) = ('alert', 'created') then 'retried'
        when (p_name, p_at) = ('notice', 'made') then 'since'
        else p_at end;

-- Cuts those of one column, whose rows are locked; another's are of now.
create or replace function cut_column(
    p_name text, p_key text, p_at text, p_only text, p_unless text,
    p_limit timestamptz) returns bigint
    language plpgsql as $$
declare
    cut bigint;
begin
    execute format('with ahead as (select %8$s, greatest($1, %5$s) as latest'
        ' from %2$I where %3$I > greatest($1, %5$s) and %3$I < ''infinity'''
        ' and %4$s for update skip locked)'
        ' update %2$I t set %9$I = a.latest from ahead a'
        ' where (%6$s) = (%7$s)', p_key, p_name, p_at,
        coalesce(p_only, 'true'), coalesce(p_unless, '$1'),
        't.' || replace(p_key, ', ', ', t.'),
        'a.' || replace(p_key, ', ', ', a.'), p_key,
        cut_instead(p_name, p_at)) using p_limit;
    get diagnostics cut = row_count;
    return cut;
end $$;

-- Locks what is to be cut, in the order of all.
create or replace function lock_times_ahead(
    p_now timestamptz, p_names text[], p_seconds bigint[]) returns void
    language plpgsql as $$
declare
    t record;
begin
    perform from clock_mark for update;
    for t in
        select a.name, a.key, string_agg(format(
            '%1$I > greatest(timestamptz %2$L, %3$s)'
            ' and %1$I < ''infinity'' and %4$s', a.at, l.limit_of,
            coalesce(a.floor, quote_literal(l.limit_of)),
            coalesce(a.rows, 'true')), ' or ') as ahead
        from times_ahead() a
        cross join lateral (select p_now + make_interval(secs => p_seconds[
            array_position(p_names, a.longest)]) as limit_of) l
        join lock_order() o on o.name = a.name
        group by a.name, a.key, o.place order by o.place
    loop
        execute format('select from %I where %s order by %s for update',
            t.name, t.ahead, t.key);
    end loop;
end $$;

-- The clock went back to p_now. p_names and p_seconds: the longest of each kind
-- in times_ahead(); how many times were cut.
create or replace function cut_times(
    p_now timestamptz, p_names text[], p_seconds bigint[]) returns bigint
    language plpgsql security definer
    set search_path = public, pg_temp
as $$
declare
    cut bigint;
begin
    perform lock_times_ahead(p_now, p_names, p_seconds);
    select sum(cut_column(a.name, a.key, a.at, a.rows, a.floor,
        p_now + make_interval(secs => p_seconds[array_position(p_names,
            a.longest)]))) into strict cut
    from (select * from times_ahead() order by place) a;
    update clock_mark set latest = null;
    return cut;
end $$;
