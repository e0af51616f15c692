-- Alarms and their rules, as people see them.

create or replace function list_alarm_rules()
    returns table (rule text, title text, is_on boolean, threshold integer,
        unit text, standing bigint, person text, made timestamptz,
        meaning text, advice text)
    language sql stable
begin atomic
    select r.rule, r.title, r.is_on, r.threshold, r.unit,
        (select count(*) from alarm a
            where a.rule = r.rule and a.until is null),
        r.person, r.made, r.meaning, r.advice
    from alarm_rule r order by r.position;
end;

create or replace function alarm_rule_page() returns json
    language sql stable
begin atomic
    select json_build_object('items', json_agg(json_build_object(
        'rule', r.rule, 'title', r.title, 'on', r.is_on,
        'threshold', r.threshold, 'unit', r.unit, 'standing', r.standing,
        'person', r.person, 'made', instant_text(r.made),
        'meaning', r.meaning, 'advice', r.advice)))
    from list_alarm_rules() r;
end;

-- The newest first. p_state: standing or ended; p_after: number of the one
-- before.
create or replace function list_alarms(
    p_rule text, p_state text, p_after bigint, p_most bigint)
    returns table (alarm_no bigint, rule text, title text, about text,
        device_id macaddr8, csp text, request_id text, user_id macaddr8,
        user_name text, since timestamptz, until timestamptz, count bigint,
        why text, advice text)
    language plpgsql stable as $$
begin
    return query
    select a.alarm_no, a.rule, r.title, a.about, a.device_id, a.csp,
        request_id_text(q.originator, q.target, q.counter), a.user_id,
        user_name(a.user_id), a.since, a.until, a.count, a.why, r.advice
    from alarm a
    join alarm_rule r on r.rule = a.rule
    left join service_request q on q.request_no = a.request_no
    where (p_rule is null or a.rule = p_rule)
        and (p_state is null or (a.until is null) = (p_state = 'standing'))
        and (p_after is null or a.alarm_no < p_after)
    order by a.alarm_no desc limit p_most;
end $$;

create or replace function alarm_page(
    p_rule text, p_state text, p_after bigint, p_most integer) returns json
    language sql stable
begin atomic
    select json_build_object('items', coalesce(json_agg(json_build_object(
            'id', a.alarm_no::text, 'rule', a.rule, 'title', a.title,
            'about', a.about, 'deviceId', eui64_text(a.device_id),
            'csp', a.csp, 'requestId', a.request_id,
            'user', eui64_text(a.user_id), 'userName', a.user_name,
            'since', instant_text(a.since), 'until', instant_text(a.until),
            'count', a.count, 'why', a.why, 'advice', a.advice)
            order by a.alarm_no desc), '[]'),
        'next', case when count(*) = p_most then min(a.alarm_no)::text end)
    from list_alarms(p_rule, p_state, p_after, p_most) a;
end;
