-- Anomaly detection (§4.10): volumes, thresholds, and what exceeds them.

-- ---- counting ----

-- Devices in a threshold's period, looked up whole.
create or replace function volume_since(
    p_user_id macaddr8, p_variant text, p_from timestamptz, p_to timestamptz)
    returns bigint language plpgsql stable as $$
begin
    if p_user_id = all_users() then
        return (select coalesce(sum(devices), 0) from request_volume
            where service_reference_variant = p_variant
                and at > p_from and at <= p_to);
    end if;
    return (select coalesce(sum(devices), 0) from request_volume
        where user_id = p_user_id and service_reference_variant = p_variant
            and at > p_from and at <= p_to);
end $$;

-- Brings the count of a threshold, whose row the caller has locked, to the
-- period that ends now: only what left the period since the latest count is
-- looked up. A clock that was set back does not put it wrong.
create or replace function slide_count(
    inout t volume_threshold, p_now timestamptz)
    language plpgsql as $$
declare
    begins constant timestamptz :=
        p_now - make_interval(secs => t.period_seconds);
begin
    if t.counted_from is null or p_now <= t.counted_from then
        t.counted := volume_since(t.user_id, t.service_reference_variant,
            begins, 'infinity');
        t.counted_from := begins;
    elsif begins > t.counted_from then
        t.counted := t.counted - volume_since(t.user_id,
            t.service_reference_variant, t.counted_from, begins);
        t.counted_from := begins;
    end if;
end $$;

-- What exceeds a threshold of this User, or of all, comes to.
create or replace function breach_of(
    p_threshold_of macaddr8, p_user_id macaddr8, p_most_held integer)
    returns text language plpgsql stable as $$
begin
    return case when held_of(p_user_id) >= p_most_held then 'full'
        when p_threshold_of = all_users() then 'dcc' else 'user' end;
end $$;

-- Counts a request and says whether it may go on. The rows of its thresholds,
-- the User's own and that of all Users, are locked for this alone: the
-- caller commits at once, before it takes any device. So of two requests at
-- once, by whichever fotad, the second sees the first; and nobody waits for
-- more than this. It need not wait for the disk either: the transaction that
-- gives the request its effect comes later in the log.
--
-- p_enforce false: a request that was released; it is counted whatever the
-- levels say, in the transaction of its effect.
--
-- breach: '' when it may go on (it is counted then), else the threshold that
-- it exceeds, the User's own first, with that threshold's numbers; a request
-- that is held is not counted. 'full' when p_most_held of its sender are held
-- already, for each is kept whole. warned: thresholds whose warning level the
-- volume came to exceed by this request. A RequestID that was used already
-- may go on uncounted, to be told so; one that was counted and did not come to
-- an end is not counted again.
create or replace function count_volume(
    p_user_id macaddr8, p_counter numeric, p_stage smallint,
    p_content bytea, p_variant text, p_devices integer, p_enforce boolean,
    p_most_held integer, p_now timestamptz,
    out breach text, out warned text[], out volume bigint,
    out quarantine integer, out period_seconds integer)
    language plpgsql as $$
declare
    t volume_threshold;
    watching volume_threshold[];
begin
    breach := '';
    warned := '{}';
    if p_enforce then
        perform set_config('synchronous_commit', 'off', true);
        if exists (select from service_request r
                where r.originator = p_user_id and r.counter = p_counter
                    and r.stage = p_stage and r.used) then
            return;
        end if;
    end if;
    for t in
        select * from volume_threshold v
        where v.user_id in (p_user_id, all_users())
            and v.service_reference_variant = p_variant
        order by v.user_id for update
    loop
        t := slide_count(t, p_now);
        watching := t || watching;
    end loop;
    if watching is null or exists (select from request_volume r
            where r.user_id = p_user_id and r.counter = p_counter
                and r.stage = p_stage and r.content = p_content) then
        return;
    end if;
    foreach t in array watching loop
        if p_enforce and t.counted + p_devices > t.quarantine then
            breach := breach_of(t.user_id, p_user_id, p_most_held);
            volume := t.counted + p_devices;
            quarantine := t.quarantine;
            period_seconds := t.period_seconds;
            return;
        end if;
    end loop;
    insert into request_volume values (p_user_id, p_counter, p_stage,
        p_content, p_variant, p_now, p_devices);
    foreach t in array watching loop
        warned := warned || add_to_count(t, p_user_id, p_devices, p_now);
    end loop;
end $$;

-- What count_volume() would say of a request at this moment, without counting.
create or replace function judge_volume(
    p_user_id macaddr8, p_variant text, p_devices integer,
    p_most_held integer, p_now timestamptz,
    out breach text, out volume bigint, out quarantine integer,
    out period_seconds integer)
    language plpgsql stable as $$
declare
    t volume_threshold;
begin
    breach := '';
    for t in
        select * from volume_threshold v
        where v.user_id in (p_user_id, all_users())
            and v.service_reference_variant = p_variant
        order by v.user_id desc
    loop
        volume := p_devices + volume_since(t.user_id, p_variant,
            p_now - make_interval(secs => t.period_seconds), 'infinity');
        if volume > t.quarantine then
            breach := breach_of(t.user_id, p_user_id, p_most_held);
            quarantine := t.quarantine;
            period_seconds := t.period_seconds;
            return;
        end if;
    end loop;
end $$;

-- Returns the threshold's name if its warning level is exceeded by this.
create or replace function add_to_count(
    t volume_threshold, p_user_id macaddr8, p_devices integer,
    p_now timestamptz) returns text[]
    language plpgsql as $$
declare
    after constant bigint := t.counted + p_devices;
    warns constant boolean := coalesce(
        t.counted <= t.warning and after > t.warning, false);
begin
    update volume_threshold v set counted = after,
        counted_from = t.counted_from,
        last_warned = case when warns then p_now else v.last_warned end
    where v.user_id = t.user_id
        and v.service_reference_variant = t.service_reference_variant;
    if not warns then
        return '{}';
    end if;
    insert into sat_entry (at, kind, party, code, detail)
    values (p_now, 'warning', p_user_id,
        case t.user_id when all_users() then 'dcc' else 'user' end,
        format('%s: %s devices in %s s, warning level %s',
            t.service_reference_variant, after, t.period_seconds, t.warning));
    return array[case t.user_id when all_users() then 'dcc' else 'user' end];
end $$;

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

-- Why these may not have thresholds of their own, or null.
create or replace function threshold_stranger(p_users macaddr8[])
    returns text language sql stable
    return (select format('there is no User %s: import users first',
            eui64_text(u))
        from unnest(p_users) u
        where u <> all_users() and not exists (
            select from service_user s where s.user_id = u)
        order by u limit 1);

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
    language plpgsql stable as $$
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
