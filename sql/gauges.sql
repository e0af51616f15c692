-- What /metrics says of the tables: a row for each gauge and its label.

create or replace function age_seconds(p_since timestamptz, p_now timestamptz)
    returns bigint language sql immutable
    return greatest(0, extract(epoch from p_now - p_since))::bigint;

create or replace function gauges(p_csps text[], p_now timestamptz)
    returns table (gauge text, label text, value bigint)
    language plpgsql stable as $$
begin
    return query
    with message as (
        select user_id, messages as waiting, oldest
        from messages_undelivered() where state = 'waiting'
    ), job as (
        select csp, min(created) as oldest,
            min(created) filter (where tries > 0 and last_error is not null)
                as busy_since
        from csp_job where state = 'waiting' group by csp
    )
    select g.gauge, eui64_text(l.user_id), g.value
    from alert_lane l left join message m using (user_id),
        lateral (values
            ('messages_waiting', coalesce(m.waiting, 0)),
            ('messages_oldest', age_seconds(m.oldest, p_now)))
            as g (gauge, value)
    union all
    select g.gauge, c.name, g.value
    from unnest(p_csps) as c (name) left join job j on j.csp = c.name,
        lateral (values
            ('jobs_oldest', age_seconds(j.oldest, p_now)),
            ('csp_busy', age_seconds(j.busy_since, p_now)))
            as g (gauge, value)
    union all
    select 'alarm_standing', r.rule, r.standing from list_alarm_rules() r;
end $$;
