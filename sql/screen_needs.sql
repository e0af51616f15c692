-- What needs a person now: the start page. p_viewer: see screen_device.sql;
-- p_keeps: of who keeps accounts, whose pages are few.

-- Requests of 20 devices and more of which more than this failed so far.
create or replace function failing_share() returns numeric
    language sql immutable return 0.05;

create or replace function needs_failing(p_viewer macaddr8, p_now timestamptz)
    returns table (originator macaddr8, target macaddr8, counter numeric,
        received timestamptz, accepted integer, failed bigint)
    language sql stable
begin atomic
    select r.originator, r.target, r.counter, r.received, r.accepted, f.failed
    from (select * from scan_requests(p_viewer, 'in-progress', null, null,
            null, 200)
        where accepted >= 20 and request_state(scan_requests, p_now)
            in ('in-progress', 'held')
        limit 50) r
    cross join lateral (select count(*) as failed from tracking_history h
        where h.request_no = r.request_no and h.status <> 'REJECTED_BY_DSP'
            and device_outcome(h.status, false, h.device_type) = 'failed') f
    where f.failed > r.accepted * failing_share()
    order by f.failed::numeric / r.accepted desc limit 5;
end;

-- Signing certificates of Users that end within 30 days, or did within the last
-- 30, without another that goes on.
create or replace function needs_certificates(
    p_viewer macaddr8, p_now timestamptz)
    returns table (eui64 macaddr8, not_after timestamptz)
    language sql stable
begin atomic
    select c.eui64, max(c.not_after)
    from certificate c
    join service_user u on u.user_id = c.eui64
    where c.usage = 'ds' and c.revoked_at is null
        and (p_viewer is null or c.eui64 = p_viewer)
    group by c.eui64
    having max(c.not_after)
        between p_now - interval '30 days' and p_now + interval '30 days';
end;

-- p_uses, p_ends: of fotad's own certificates, for its own people. p_timeout:
-- [tracking] timeout.
create or replace function needs_now(
    p_viewer macaddr8, p_keeps boolean, p_uses text[], p_ends timestamptz[],
    p_now timestamptz, p_timeout interval) returns json
    language sql stable
begin atomic
    with need (place, kind, count, of, since, until, id, name, why) as (
        select 0, 'alarm', count(*), null::bigint, min(a.since),
            null::timestamptz, a.rule, q.title,
            case count(*) when 1 then max(a.why) end
        from alarm a join alarm_rule q using (rule)
        where a.until is null and p_viewer is null and not p_keeps
        group by a.rule, q.title
        union all
        select 1, 'held', count(*), null, min(h.held), null, null, null, null
        from held_request h join service_request r using (request_no)
        where h.state = 'held'
            and (p_viewer is null or r.originator = p_viewer)
        having count(*) > 0
        union all
        select 2, 'order', count(*), null, min(o.made), null, null, null, null
        from steering o left join service_request r using (request_no)
        where o.state = 'asked' and not p_keeps and (p_viewer is null
            or o.by_sender and coalesce(o.originator, r.originator) = p_viewer)
        having count(*) > 0
        union all
        select 3, 'unreachable', w.messages, null, w.since, l.next_try,
            eui64_text(l.user_id), user_name(l.user_id), l.last_error
        from alert_lane l
        cross join lateral (select count(*) as messages,
                min(a.created) as since
            from alert a
            where a.user_id = l.user_id and a.state = 'waiting') w
        where l.tries > 0 and w.messages > 0 and not p_keeps
            and (p_viewer is null or l.user_id = p_viewer)
        union all
        select 4, 'given_up', count(*), null, min(a.created), null, null, null,
            null
        from alert a
        where a.state = 'given_up' and not p_keeps
            and (p_viewer is null or a.user_id = p_viewer)
        having count(*) > 0
        union all
        select 5, 'failing', f.failed, f.accepted, f.received, null,
            request_id_text(f.originator, f.target, f.counter),
            user_name(f.originator), null
        from needs_failing(p_viewer, p_now) f where not p_keeps
        union all
        select 6, 'csp_busy', count(*), null, min(j.created), min(j.next_try),
            null, j.csp, (array_agg(j.last_error order by j.next_try))[1]
        from csp_job j
        where j.state = 'waiting' and j.tries > 0 and j.last_error is not null
            and p_viewer is null and not p_keeps
        group by j.csp
        union all
        select 7, 'stuck', sum(s.devices)::bigint, null, min(s.since), null,
            null, s.csp, string_agg(s.devices || ' ' || stage_words(s.stage),
                ', ' order by s.devices desc, s.stage)
        from (select c.csp, c.stage, sum(c.devices) as devices,
                min(c.since) as since
            from stuck_counts(p_viewer, p_timeout, p_now) c
            where not p_keeps group by 1, 2) s
        group by s.csp
        union all
        select 8, 'certificate', 1, null, null, c.not_after,
            eui64_text(c.eui64), user_name(c.eui64), null
        from needs_certificates(p_viewer, p_now) c
        union all
        select 8, 'certificate', 1, null, null, c.ends, null, c.use, null
        from unnest(p_uses, p_ends) as c (use, ends)
        where p_viewer is null and c.ends < p_now + interval '30 days'
    )
    select json_build_object('items', coalesce(json_agg(json_build_object(
            'kind', kind, 'count', count, 'of', of,
            'since', instant_text(since), 'until', instant_text(until),
            'id', id, 'name', name, 'why', why)
            order by place, count desc, until, id), '[]'))
    from need;
end;
