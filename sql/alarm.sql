-- Alarms: what each rule speaks of, and the row that there is of it from when it
-- begins until it ends. Housekeeping looks; nothing else pays for it.

create or replace function alarm_minutes(p_threshold integer) returns interval
    language sql immutable return make_interval(mins => p_threshold);

-- ---- device_failures ----

-- Did an update that has ended go well for its device? Null: that had no part in
-- it, for the DSP refused it, its CSP was never heard of it, or a person ended
-- it.
create or replace function update_went_well(
    p_status processing_status, p_type device_type) returns boolean
    language sql stable parallel safe
    return case when p_status in ('REJECTED_BY_DSP', 'AWAITING_CSP') then null
        else case device_outcome(p_status, false, p_type)
            when 'succeeded' then true when 'failed' then false end end;

-- Devices that may have failed so often: of more than that their past is read.
create or replace function devices_that_failed(
    p_failures integer, p_memory interval, p_now timestamptz)
    returns setof macaddr8 language sql stable
begin atomic
    select device_id from (
        select h.device_id from tracking_history h
        where not update_went_well(h.status, h.device_type)
        union all
        select c.device_id from device_command c
        where c.message_code = 18 and c.created > p_now - p_memory
            and activation_said(c) is distinct from 0) x
    group by device_id having count(*) >= p_failures;
end;

-- Devices whose last updates failed. An update that the device was asked to
-- activate is as many attempts as it was asked, by what came of each; another is
-- one.
create or replace function failing_devices(
    p_failures integer, p_memory interval, p_now timestamptz)
    returns setof alarm_cause language plpgsql stable as $$
begin
    return query
    with past as materialized (
        select h.device_id, h.request_no, h.released as at,
            update_went_well(h.status, h.device_type) as well,
            h.status::text as status, r.originator, r.received,
            r.manufacturer_image_hash as hash
        from devices_that_failed(p_failures, p_memory, p_now) d
        join tracking_history h on h.device_id = d
        join service_request r on r.request_no = h.request_no
    ), asked as materialized (
        select c.device_id, c.request_no, c.created,
            coalesce(c.outcome_seen, c.ended, c.created) as at,
            command_image_hash(c.payload) as hash,
            activation_counts_as(c.state, activation_said(c),
                case when activation_said(c) = 0 then 'executed'
                    else activation_truth(c) end) as counts_as
        from (select distinct device_id, originator from past) p
        join device_command c on c.originator = p.originator
            and c.device_id = p.device_id
        where c.message_code = 18 and not command_cancels(c.payload)
            and c.state <> 'local'
    ), attempt as materialized (
        select device_id, request_no, at, well, status from past p
        where well is not null and not exists (select from asked a
            where a.device_id = p.device_id and a.hash = p.hash
                and a.created >= p.received
                and a.counts_as in ('executed', 'failed'))
        union all
        select device_id, request_no, at, counts_as = 'executed',
            'ACTIVATION_FAILED'
        from asked a
        where counts_as in ('executed', 'failed') and exists (
            select from past p where p.device_id = a.device_id
                and p.hash = a.hash and a.created >= p.received)
    ), in_a_row as (
        select t.device_id, count(*) as failures,
            (array_agg(t.request_no order by t.at desc, t.request_no desc))[1]
                as request_no,
            (array_agg(t.status order by t.at desc, t.request_no desc))[1]
                as status, max(t.at) as at
        from attempt t
        where not t.well and not exists (select from attempt w
            where w.device_id = t.device_id and w.well and w.at >= t.at)
        group by t.device_id
    )
    select eui64_text(f.device_id), f.device_id, null::text, f.request_no,
        null::macaddr8, f.failures, format('Its last %s updates or '
            'activations failed, the last of them %s: %s', f.failures,
            instant_text(f.at), f.status)
    from in_a_row f where f.failures >= p_failures;
end $$;

-- ---- csp_silent ----

-- CSPs that have jobs, or are offered some and take none, and of which neither a
-- report nor an answer to a job came for so long. A job whose devices were
-- released as CSP_SILENT counts until the CSP is heard of again.
create or replace function silent_csps(p_for interval, p_now timestamptz)
    returns setof alarm_cause language plpgsql stable as $$
begin
    return query
    with owed as materialized (
        -- apart, for each of the two has its index
        select j.csp, j.ended as since, j.silent from csp_job j
        where j.state = 'handed_over' and j.reported is null
            and j.silent is null
        union all
        select j.csp, j.ended, j.silent from csp_job j
        where j.state = 'handed_over' and j.reported is null
            and j.silent is not null
        union all
        select j.csp, j.created, null from csp_job j
        where j.state = 'waiting' and j.tries > 0 and j.last_error is not null
    ), heard as (
        select j.csp, max(greatest(j.reported, case when j.state
            in ('handed_over', 'refused') then j.ended end)) as at
        from csp_job j
        where j.csp in (select o.csp from owed o where o.since <= p_now - p_for)
        group by j.csp
    ), silent as (
        select o.csp, count(*) as jobs, greatest(min(o.since), h.at) as since
        from owed o join heard h using (csp)
        where (o.silent < h.at) is not true
        group by o.csp, h.at
    )
    select s.csp, null::macaddr8, s.csp, null::bigint, null::macaddr8, s.jobs,
        format('%s %s with it, and neither a report nor an answer since %s',
            s.jobs, case s.jobs when 1 then 'job is' else 'jobs are' end,
            instant_text(s.since))
    from silent s where s.since <= p_now - p_for;
end $$;

-- ---- breaker, quarantine, undelivered ----

create or replace function open_breakers() returns setof alarm_cause
    language sql stable
begin atomic
    select 'order ' || o.order_no, null::macaddr8, o.csp, o.request_no,
        null::macaddr8, greatest(1, o.failed), o.reason
    from steering o
    where o.cause = 'failures' and o.state = 'active';
end;

create or replace function requests_in_quarantine() returns setof alarm_cause
    language sql stable
begin atomic
    select request_id_text(r.originator, r.target, r.counter),
        null::macaddr8, null::text, r.request_no, null::macaddr8,
        greatest(1, h.devices)::bigint, format('Its %s devices come to %s in '
            '%s, level %s of %s; held since %s', h.devices, h.volume,
            span_words(make_interval(secs => h.period_seconds)), h.quarantine,
            case h.breach when 'user' then 'its sender' else 'all Users' end,
            instant_text(h.held))
    from held_request h join service_request r using (request_no)
    where h.state = 'held';
end;

create or replace function users_not_reached(
    p_for interval, p_now timestamptz) returns setof alarm_cause
    language sql stable
begin atomic
    select eui64_text(m.user_id), null::macaddr8, null::text, null::bigint,
        m.user_id, sum(m.messages)::bigint, format('%s to %s not delivered, '
            'the oldest of %s%s', case sum(m.messages) when 1
                then '1 message' else sum(m.messages) || ' messages' end,
            coalesce(user_name(m.user_id), 'it'), instant_text(min(m.oldest)),
            (select '; last answer: ' || l.last_error from alert_lane l
                where l.user_id = m.user_id))
    from messages_undelivered() m
    group by m.user_id having min(m.oldest) <= p_now - p_for;
end;

-- ---- overdue_forecast ----

-- Requests of which nine of ten devices were to be done so long ago, by the first
-- forecast that said so since the request or its plan was changed, and are not.
create or replace function overdue_requests(
    p_for interval, p_now timestamptz) returns setof alarm_cause
    language plpgsql stable as $$
begin
    return query
    with late as materialized (
        select w.request_no, f.p90
        from forecast_watch w
        cross join lateral (select o.p90 from forecast o
            where o.request_no = w.request_no and o.csp is null
                and o.p90 is not null
                and not exists (select from steered(w.request_no) s
                    where s.at > o.made)
            order by o.forecast_no limit 1) f
        where w.next < 'infinity' and f.p90 <= p_now - p_for
    )
    select request_id_text(r.originator, r.target, r.counter), null::macaddr8,
        null::text, r.request_no, null::macaddr8, g.devices - g.done,
        format('Nine of ten of its devices were to be done by %s; %s of %s '
            'are', instant_text(l.p90), g.done, g.devices)
    from late l
    join service_request r using (request_no)
    cross join lateral (select sum(x.devices)::bigint as devices,
            coalesce(sum(x.devices) filter (where x.state = 'done'),
                0)::bigint as done
        from unnest(request_groups(r, p_now)) x) g
    where request_state(r, p_now) = 'in-progress'
        and g.done < g.devices * 0.9;
end $$;

-- ---- how they begin and end ----

create or replace function alarm_causes(
    r alarm_rule, p_memory interval, p_now timestamptz)
    returns setof alarm_cause language plpgsql stable as $$
declare
    so_long constant interval := alarm_minutes(r.threshold);
begin
    if not r.is_on then
        return;
    end if;
    case r.rule
    when 'device_failures' then
        return query select * from failing_devices(r.threshold, p_memory,
            p_now);
    when 'csp_silent' then
        return query select * from silent_csps(so_long, p_now);
    when 'breaker' then
        return query select * from open_breakers();
    when 'quarantine' then
        return query select * from requests_in_quarantine();
    when 'undelivered' then
        return query select * from users_not_reached(so_long, p_now);
    when 'overdue_forecast' then
        return query select * from overdue_requests(so_long, p_now);
    end case;
end $$;

-- Those that begin, and those that end, with the trail's entries of them; those
-- that stand say the reason of now.
create or replace function note_alarms(
    p_rule text, p_causes alarm_cause[], p_now timestamptz)
    returns setof alarm language plpgsql as $$
begin
    return query
    with cause as materialized (
        select * from unnest(p_causes)
    ), standing as materialized (
        select a.* from alarm a where a.rule = p_rule and a.until is null
        order by a.alarm_no for update
    ), changed as (
        update alarm a set count = c.count, why = c.why
        from standing s join cause c using (about)
        where a.alarm_no = s.alarm_no
            and (s.count, s.why) is distinct from (c.count, c.why)
    ), ended as (
        update alarm a set until = greatest(a.since, p_now)
        from standing s
        where a.alarm_no = s.alarm_no
            and not exists (select from cause c where c.about = s.about)
        returning a.*
    ), began as (
        insert into alarm (rule, about, device_id, csp, request_no, user_id,
            since, count, why)
        select p_rule, c.about, c.device_id, c.csp, c.request_no, c.user_id,
            p_now, c.count, c.why
        from cause c
        where not exists (select from standing s where s.about = c.about)
        order by c.about
        returning *
    ), news as materialized (
        select * from began union all select * from ended
    ), noted as (
        insert into sat_entry (at, kind, request_no, device_id, party, csp,
            code, detail)
        select p_now, 'alarm', n.request_no, n.device_id, n.user_id, n.csp,
            n.rule, format('%s of %s %s: %s', n.alarm_no, n.about,
                case when n.until is null then 'began' else 'ended' end, n.why)
        from news n order by n.alarm_no)
    select * from news;
end $$;

-- ---- e-mail ----

-- One to each account of those of a rule that begin by a look, and of those that
-- end: what comes together is told together.
create or replace function alarm_body(
    r alarm_rule, a account, p_alarms alarm[], p_over boolean, p_screens text)
    returns text language sql stable
begin atomic
    select concat_ws(E'\n', case when p_over then 'It is over.'
            else r.meaning end, '',
        (select string_agg(format('%s: %s', x.about, x.why), E'\n'
            order by x.alarm_no) from unnest(p_alarms[:20]) x),
        case when cardinality(p_alarms) > 20
            then format('and %s more', cardinality(p_alarms) - 20) end,
        case when not p_over then E'\n' || r.advice end,
        E'\n' || base || '/alarms?rule=' || r.rule,
        E'\n-- \nAccount ' || a.name || ' asked to be told of alarms.',
        'To end it: ' || base || '/mail')
    from (select nullif(p_screens, '') || case a.role when 'service_desk'
            then '/ssmi' else '/ssi' end as base) x;
end;

create or replace function tell_alarms(
    r alarm_rule, p_alarms alarm[], p_over boolean, p_screens text,
    p_now timestamptz) returns void language sql
begin atomic
    insert into notice (account, kind, alarm, made, subject, body)
    select a.name, w.kind, r.rule, p_now, format('%s: %s: %s',
            case when p_over then 'Alarm over' else 'Alarm' end, r.title,
            case cardinality(p_alarms) when 1 then (p_alarms[1]).about
                else cardinality(p_alarms) || ' of them' end),
        alarm_body(r, a, p_alarms, p_over, p_screens)
    from notice_wish w join account a on a.name = w.account
    where w.kind::text = 'alarm' and hears_of_alarms(a)
        and cardinality(p_alarms) > 0
    order by a.name;
end;

-- ---- a look ----

-- Those whose time has come. One that waits for a time to come is of a clock
-- that went back.
create or replace function alarm_rules_due(p_now timestamptz)
    returns setof alarm_rule language sql stable
begin atomic
    select * from alarm_rule a
    where a.looked + a.looks <= p_now or a.looked > p_now
    order by a.position;
end;

-- Looks at one of them, under the lock of its row: while another fotad is at it
-- there is nothing to do, nor while the clock is in doubt. Returns how many of
-- its alarms began, and how many ended, with one of them. p_mails: e-mail is
-- sent; p_memory: how long ended updates are kept.
create or replace function watch_alarms(
    p_rule text, p_mails boolean, p_screens text, p_memory interval,
    p_now timestamptz)
    returns table (over boolean, alarms bigint, about text, why text)
    language plpgsql as $$
declare
    r alarm_rule;
    news alarm[];
    part alarm[];
begin
    select d.* into r from alarm_rule d
    where d.rule = p_rule and (d.looked + d.looks <= p_now
        or d.looked > p_now)
    for no key update skip locked;
    if not found or not clock_sound() then
        return;
    end if;
    news := array(select n from note_alarms(r.rule, array(
        select c from alarm_causes(r, p_memory, p_now) c), p_now) n
        order by n.alarm_no);
    foreach over in array array[false, true] loop
        part := array(select n from unnest(news) n
            where (n.until is not null) = watch_alarms.over);
        continue when part = '{}';
        if p_mails then
            perform tell_alarms(r, part, over, p_screens, p_now);
        end if;
        alarms := cardinality(part);
        about := (part[1]).about;
        why := (part[1]).why;
        return next;
    end loop;
    update alarm_rule d set looked = p_now
    where d.rule = r.rule and r.looks > '0';
end $$;

create or replace function clean_alarms(p_keep interval, p_most integer)
    returns bigint language plpgsql as $$
declare
    kept constant bigint := kept_from(p_keep);
    gone bigint;
begin
    delete from alarm where alarm_no = any (array(
        select alarm_no from alarm
        where until is not null and inserted < kept
        order by alarm_no limit p_most for update skip locked));
    get diagnostics gone = row_count;
    return gone;
end $$;

-- ---- setting a rule ----

-- p_threshold null: as it is. Named outcomes: done, rule (there is none such),
-- threshold (the rule has none, or it is no number from 1 to 1000000).
create or replace function set_alarm_rule(
    p_rule text, p_on boolean, p_threshold integer, p_person text,
    p_reason text, p_now timestamptz, out outcome text)
    language plpgsql as $$
declare
    r alarm_rule;
begin
    select * into r from alarm_rule a where a.rule = p_rule for no key update;
    outcome := case when not found then 'rule'
        when p_threshold is not null and (r.unit is null
            or p_threshold not between 1 and 1000000) then 'threshold'
        else 'done' end;
    if outcome <> 'done' then
        return;
    end if;
    -- the next round looks at it
    update alarm_rule set is_on = p_on,
        threshold = coalesce(p_threshold, threshold), person = p_person,
        made = p_now, looked = '-infinity'
    where rule = p_rule returning * into r;
    insert into sat_entry (at, kind, person, code, detail)
    values (p_now, 'alarm', p_person, p_rule, concat_ws(', ',
        case when p_on then 'on' else 'off' end,
        r.threshold || ' ' || r.unit) || ': ' || p_reason);
end $$;
