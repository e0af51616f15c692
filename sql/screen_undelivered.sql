-- The page of messages that Users have not confirmed.

create or replace function undelivered_page(
    p_viewer macaddr8, p_user macaddr8, p_state alert_state, p_after bigint,
    p_most integer) returns json
    language plpgsql stable as $$
declare
    answer json;
begin
    select json_build_object('items', coalesce(json_agg(json_build_object(
            'alertId', a.alert_no::text, 'userId', eui64_text(a.user_id),
            'userName', user_name(a.user_id), 'code', a.code,
            'state', a.state,
            'requestId', request_id_text(r.originator, r.target, r.counter),
            'deviceId', eui64_text(a.device_id),
            'devices', coalesce(cardinality(a.device_ids),
                (a.device_id is not null)::integer),
            'created', instant_text(a.created), 'tries', a.tries,
            'nextTry', instant_text(w.until), 'lastError', w.why)
            order by a.alert_no), '[]'),
        'next', case when count(*) = p_most then max(a.alert_no)::text end)
    into answer
    from (select m.*, m as message, l as lane
        from alert m
        join alert_lane l on l.user_id = m.user_id
        where (m.state = 'given_up' or m.next_try > '-infinity'
                or l.tries > 0)
            and (p_after is null or alert_no > p_after)
            and (p_viewer is null or m.user_id = p_viewer)
            and (p_user is null or m.user_id = p_user)
            and (p_state is null or state = p_state)
        order by alert_no limit p_most) a
    cross join alert_waits(a.message, a.lane) w
    left join service_request r on r.request_no = a.request_no;
    return answer;
end $$;
