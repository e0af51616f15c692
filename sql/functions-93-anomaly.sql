-- Anomaly detection as people see and set it. p_viewer as in functions-91: a
-- supplier sees its own volumes and requests; null: sees all.

-- Null for what stands for all Users together.
create or replace function one_user(p_user_id macaddr8) returns macaddr8
    language sql immutable parallel safe
    return nullif(p_user_id, all_users());

-- ---- thresholds ----

-- Each threshold with the volume of the period that ends now, and who set it.
create or replace function list_thresholds(
    p_viewer macaddr8, p_user macaddr8, p_variant text, p_now timestamptz)
    returns table (user_id macaddr8, user_name text, variant text,
        period_seconds integer, warning integer, quarantine integer,
        volume bigint, state text, last_warned timestamptz,
        set_at timestamptz, set_by text)
    language sql stable
begin atomic
    select one_user(t.user_id), user_name(t.user_id),
        t.service_reference_variant, t.period_seconds, t.warning, t.quarantine,
        v.volume, case
            when v.volume >= t.quarantine then 'full'
            when v.volume > t.warning then 'warning'
            else 'below' end,
        t.last_warned, c.at, c.person
    from volume_threshold t
    cross join lateral volume_since(t.user_id, t.service_reference_variant,
        p_now - make_interval(secs => t.period_seconds), 'infinity')
        as v (volume)
    left join lateral (select at, person from volume_threshold_change c
        where c.user_id = t.user_id
            and c.service_reference_variant = t.service_reference_variant
        order by change_no desc limit 1) c on true
    where (p_viewer is null or t.user_id = p_viewer)
        and (p_user is null or t.user_id = p_user)
        and (p_variant is null or t.service_reference_variant = p_variant)
    order by t.service_reference_variant, t.user_id;
end;

create or replace function threshold_history(
    p_user macaddr8, p_most bigint)
    returns table (at timestamptz, person text, change text,
        user_id macaddr8, variant text, period_seconds integer,
        warning integer, quarantine integer)
    language sql stable
begin atomic
    select c.at, c.person, c.change, one_user(c.user_id),
        c.service_reference_variant, c.period_seconds, c.warning,
        c.quarantine
    from volume_threshold_change c
    where p_user is null or c.user_id = p_user
    order by c.change_no desc limit p_most;
end;

-- p_user null: all Users together. The trigger of the table notes who it was.
create or replace function set_threshold(
    p_user macaddr8, p_variant text, p_period integer, p_warning integer,
    p_quarantine integer) returns void language sql
begin atomic
    insert into volume_threshold (user_id, service_reference_variant,
        period_seconds, warning, quarantine)
    values (coalesce(p_user, all_users()), p_variant, p_period, p_warning,
        p_quarantine)
    on conflict (user_id, service_reference_variant) do update
        set period_seconds = excluded.period_seconds,
            warning = excluded.warning, quarantine = excluded.quarantine;
end;

-- False: there was none.
create or replace function remove_threshold(p_user macaddr8, p_variant text)
    returns boolean language sql
begin atomic
    with gone as (
        delete from volume_threshold
        where user_id = coalesce(p_user, all_users())
            and service_reference_variant = p_variant
        returning 1)
    select exists (select from gone);
end;

-- ---- held requests ----

create or replace function list_holds(
    p_viewer macaddr8, p_user macaddr8, p_state hold_state, p_after bigint,
    p_most bigint)
    returns table (hold_no bigint, request_id text, sender macaddr8,
        sender_name text, variant text, breach text, devices integer,
        volume bigint, quarantine integer, period_seconds integer,
        held timestamptz, state text, decided timestamptz, person text,
        reason text, ended timestamptz, response_code text)
    language plpgsql stable
    set plan_cache_mode = force_custom_plan
as $$
begin
    return query
    select h.hold_no, request_id_text(r.originator, r.target, r.counter),
        r.originator, user_name(r.originator), r.service_reference_variant,
        h.breach, h.devices, h.volume, h.quarantine, h.period_seconds, h.held,
        h.state::text, h.decided, h.person, h.reason, h.ended,
        case when h.ended is not null then r.response_code end
    from held_request h join service_request r using (request_no)
    where (p_after is null or h.hold_no < p_after)
        and (p_state is null or h.state = p_state)
        and (p_viewer is null or r.originator = p_viewer)
        and (p_user is null or r.originator = p_user)
    order by h.hold_no desc limit p_most;
end $$;

create or replace function hold_page(
    p_user macaddr8, p_state hold_state, p_after bigint, p_most integer)
    returns json language sql stable
begin atomic
    select json_build_object('items', coalesce(json_agg(json_build_object(
            'id', hold_no::text, 'requestId', request_id,
            'sender', eui64_text(sender), 'senderName', sender_name,
            'serviceReferenceVariant', variant, 'threshold', breach,
            'devices', devices, 'volume', volume, 'quarantine', quarantine,
            'periodSeconds', period_seconds, 'held', instant_text(held),
            'state', state, 'decided', instant_text(decided),
            'person', person, 'reason', reason,
            'ended', instant_text(ended), 'responseCode', response_code)
            order by hold_no desc), '[]'),
        'next', case when count(*) = p_most then min(hold_no)::text end)
    from list_holds(null, p_user, p_state, p_after, p_most);
end;

-- ---- volumes by day ----

-- What each User asked for on each day (UTC): let through, and held. p_after:
-- the row_key where the page before ended.
create or replace function list_volumes(
    p_viewer macaddr8, p_user macaddr8, p_variant text, p_from timestamptz,
    p_to timestamptz, p_after text, p_most integer)
    returns table (row_key text, day text, user_id macaddr8, user_name text,
        variant text, requests bigint, devices bigint, held_requests bigint,
        held_devices bigint, period_seconds integer, warning integer,
        quarantine integer)
    language plpgsql stable
    set plan_cache_mode = force_custom_plan
as $$
begin
    return query
    with part (of_day, of_user, of_variant, n, d, held_n, held_d) as (
        select to_char(v.at at time zone 'UTC', 'YYYY-MM-DD'), v.user_id,
            v.service_reference_variant, count(*), sum(v.devices), 0, 0
        from request_volume v
        where v.at >= p_from and v.at < p_to
            and (p_viewer is null or v.user_id = p_viewer)
            and (p_user is null or v.user_id = p_user)
        group by 1, 2, 3
        union all
        select to_char(h.held at time zone 'UTC', 'YYYY-MM-DD'), r.originator,
            r.service_reference_variant, 0, 0, count(*), sum(h.devices)
        from held_request h join service_request r using (request_no)
        where h.held >= p_from and h.held < p_to
            and (p_viewer is null or r.originator = p_viewer)
            and (p_user is null or r.originator = p_user)
        group by 1, 2, 3
    ), whole as (
        select concat_ws('/', p.of_day, eui64_text(p.of_user), p.of_variant)
                as of_key,
            p.of_day, p.of_user, p.of_variant, sum(p.n)::bigint as n,
            sum(p.d)::bigint as d, sum(p.held_n)::bigint as held_n,
            sum(p.held_d)::bigint as held_d
        from part p
        where p_variant is null or p.of_variant = p_variant
        group by p.of_day, p.of_user, p.of_variant
    )
    select w.of_key, w.of_day, w.of_user, user_name(w.of_user), w.of_variant,
        w.n, w.d, w.held_n, w.held_d, t.period_seconds, t.warning,
        t.quarantine
    from whole w
    left join volume_threshold t on t.user_id = w.of_user
        and t.service_reference_variant = w.of_variant
    where p_after is null or w.of_key collate "C" > p_after collate "C"
    order by w.of_key collate "C" limit p_most;
end $$;

create or replace function volume_page(
    p_viewer macaddr8, p_user macaddr8, p_variant text, p_from timestamptz,
    p_to timestamptz, p_after text, p_most integer, p_now timestamptz)
    returns json language sql stable
begin atomic
    select json_build_object('from', instant_text(p_from),
        'to', instant_text(p_to),
        'thresholds', (select coalesce(json_agg(json_build_object(
                'userId', eui64_text(t.user_id), 'userName', t.user_name,
                'serviceReferenceVariant', t.variant,
                'periodSeconds', t.period_seconds, 'warning', t.warning,
                'quarantine', t.quarantine, 'volume', t.volume,
                'state', t.state, 'lastWarned', instant_text(t.last_warned),
                'setAt', instant_text(t.set_at), 'setBy',
                case when p_viewer is null then t.set_by end)), '[]')
            from list_thresholds(p_viewer, p_user, p_variant, p_now) t),
        'items', coalesce(json_agg(json_build_object('day', v.day,
            'userId', eui64_text(v.user_id), 'userName', v.user_name,
            'serviceReferenceVariant', v.variant, 'requests', v.requests,
            'devices', v.devices, 'heldRequests', v.held_requests,
            'heldDevices', v.held_devices)
            order by v.row_key collate "C"), '[]'),
        'next', case when count(*) = p_most
            then max(v.row_key collate "C") end)
    from list_volumes(p_viewer, p_user, p_variant, p_from, p_to, p_after,
        p_most) v;
end;
