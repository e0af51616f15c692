-- Plans of requests: waves, windows, the circuit-breaker. What they allow is
-- distribution.ready (refresh_ready()).

-- ---- what a plan says ----

-- "first 100, next 10%, growth 200%, wait 2h, outcomes 90%, failures 2% of 50,
-- start 2026-12-01T22:00:00Z, window mon-fri 22:00-06:00": all may be left out,
-- in any order. Waves are of devices or of a share of the request's; without
-- first all go at once. A part that is not so is refused ('FOTAD').
create or replace function parse_plan(p_text text) returns plan_terms
    language plpgsql immutable as $$
declare
    p plan_terms;
    part text;
    word text;
    m text[];
    names constant text[] := array['mon', 'tue', 'wed', 'thu', 'fri', 'sat',
        'sun'];
begin
    p.growth := 100;
    p.wait := '0';
    p.outcomes := 90;
    foreach part in array regexp_split_to_array(trim(lower(p_text)),
            '\s*,\s*') loop
        word := split_part(part, ' ', 1);
        m := regexp_match(part, case word
            when 'first' then '^first ([1-9][0-9]{0,5}|[1-9][0-9]?%|100%)$'
            when 'next' then '^next ([1-9][0-9]{0,5}|[1-9][0-9]?%|100%)$'
            when 'growth' then '^growth ([1-9][0-9]{1,3})%$'
            when 'wait' then '^wait ([0-9]{1,4})([smhd])$'
            when 'outcomes' then '^outcomes ([1-9][0-9]?|100)%$'
            when 'failures' then
                '^failures ([0-9]{1,2}(?:\.[0-9]{1,3})?)% of ([1-9][0-9]{0,5})$'
            when 'start' then '^start ([0-9]{4}-[0-9]{2}-[0-9]{2}t'
                || '[0-9]{2}:[0-9]{2}(?::[0-9]{2})?z)$'
            when 'window' then '^window (mon|tue|wed|thu|fri|sat|sun)'
                || '(?:-(mon|tue|wed|thu|fri|sat|sun))? '
                || '([01][0-9]:[0-5][0-9]|2[0-3]:[0-5][0-9])-'
                || '([01][0-9]:[0-5][0-9]|2[0-3]:[0-5][0-9])$'
            else 'no such word' end);
        if m is null then
            perform steering_refuses('plan: ' || part);
        end if;
        case word
        when 'first' then p.first := m[1];
        when 'next' then p.next := m[1];
        when 'growth' then p.growth := m[1];
        when 'wait' then p.wait := (m[1] || m[2])::interval;
        when 'outcomes' then p.outcomes := m[1];
        when 'failures' then
            p.failures := m[1];
            p.least := m[2];
        when 'start' then
            begin
                p.start := upper(m[1])::timestamptz;
            exception when others then
                perform steering_refuses('plan: ' || part);
            end;
        else
            p.opens := m[3];
            p.closes := m[4];
            p.days := array(select 1 + (n - 1) % 7 from generate_series(
                array_position(names, m[1]),
                array_position(names, coalesce(m[2], m[1])) + case
                    when array_position(names, coalesce(m[2], m[1]))
                        < array_position(names, m[1]) then 7 else 0 end) n);
        end case;
    end loop;
    return p;
end $$;

-- Is it an hour of its windows? By the clock on British walls, so that 22:00 is
-- 22:00 in summer and in winter.
create or replace function plan_is_open(p plan_terms, p_now timestamptz)
    returns boolean language sql stable
    return p.days is null or (select case when p.opens < p.closes
            then day = any (p.days) and hour >= p.opens and hour < p.closes
            else day = any (p.days) and hour >= p.opens
                or 1 + (day + 5) % 7 = any (p.days) and hour < p.closes end
        from (select extract(isodow from wall)::integer as day,
                wall::time as hour
            from (select p_now at time zone 'Europe/London' as wall) w) x);

-- When a window begins next.
create or replace function plan_opens(p plan_terms, p_now timestamptz)
    returns timestamptz language sql stable
    return (select min(at) from (
            select (day + p.opens) at time zone 'Europe/London' as at
            from (select ((p_now at time zone 'Europe/London')::date + n) as day
                from generate_series(0, 8) n) d
            where extract(isodow from day)::integer = any (p.days)) x
        where at > p_now);

-- Devices of a wave, at least one.
create or replace function wave_devices(p_size text, p_of integer)
    returns integer language sql immutable
    return greatest(1, case when p_size like '%\%'
        then ceil(p_of * rtrim(p_size, '%')::numeric / 100)
        else p_size::numeric end)::integer;

-- The size of the wave of that number.
create or replace function wave_size(p plan_terms, p_wave integer, p_of integer)
    returns integer language sql immutable
    return case when p.first is null then p_of
        when p_wave = 1 then wave_devices(p.first, p_of)
        else least(p_of, greatest(1, wave_devices(coalesce(p.next, p.first),
            p_of) * power(p.growth / 100.0, least(p_wave - 2, 40))))::integer
        end;

-- ---- the circuit-breaker ----

-- Outcomes by model, and by CSP, of a request: what has come to an end, well or
-- not.
create or replace function request_outcomes(
    r service_request, p_tally device_tally[], p_now timestamptz)
    returns table (csp text, device_type device_type, manufacturer_id integer,
        model_id integer, hardware_version integer, outcomes bigint,
        failed bigint)
    language sql stable
begin atomic
    select t.csp, null::device_type, null::integer, null::integer,
        null::integer, sum(t.devices), sum(t.devices)
            filter (where outcome = 'failed')
    from (select *, device_outcome(status, live, device_type) as outcome
        from unnest(p_tally)) t
    where outcome in ('succeeded', 'failed') and status <> 'REJECTED_BY_DSP'
    group by 1
    union all
    select null, m.device_type, m.manufacturer_id, m.model_id,
        m.hardware_version, sum(m.devices),
        sum(m.devices) filter (where m.outcome = 'failed')
    from request_models(r, p_tally, p_now) m
    where m.outcome in ('succeeded', 'failed') and m.manufacturer_id is not null
    group by 2, 3, 4, 5;
end;

-- Holds what waits of a model or a CSP, for it fails too often. False: nothing of
-- it waits.
create or replace function hold_failing(
    r service_request, p_csp text, p_type device_type,
    p_manufacturer_id integer, p_model_id integer, p_hardware_version integer,
    p_outcomes bigint, p_failed bigint, p_why text, p_now timestamptz)
    returns boolean language plpgsql as $$
declare
    number bigint;
begin
    insert into steering (verb, state, cause, request_no, csp, device_type,
        manufacturer_id, model_id, hardware_version, reason, made, outcomes,
        failed)
    values ('hold', 'active', 'failures', r.request_no, p_csp, p_type,
        p_manufacturer_id, p_model_id, p_hardware_version, p_why
            || coalesce(': CSP ' || p_csp, ': model ' || model_text(
                p_manufacturer_id, p_model_id, p_hardware_version))
            || ', firmware version '
            || firmware_version_text(r.firmware_version),
        p_now, p_outcomes, p_failed)
    returning order_no into number;
    perform carry_out(number, '{}', p_now, null);
    return true;
exception when sqlstate 'FOTAD' then
    return false;
end $$;

-- Holds one model or CSP that fails too often, the next at the next look. True: it
-- did. What was counted when somebody released such a hold does not count again.
create or replace function break_circuit(
    p request_plan, r service_request, p_tally device_tally[],
    p_now timestamptz) returns boolean
    language plpgsql as $$
declare
    o record;
begin
    for o in
        select x.csp, x.device_type, x.manufacturer_id, x.model_id,
            x.hardware_version, x.outcomes, coalesce(x.failed, 0) as failed,
            x.outcomes - coalesce(s.outcomes, 0) as since,
            coalesce(x.failed, 0) - coalesce(s.failed, 0) as failed_since
        from request_outcomes(r, p_tally, p_now) x
        left join lateral (select s.outcomes, s.failed, s.state
            from steering s
            where s.request_no = r.request_no and s.cause = 'failures'
                and (s.csp, s.device_type, s.manufacturer_id, s.model_id,
                    s.hardware_version) is not distinct from (x.csp,
                    x.device_type, x.manufacturer_id, x.model_id,
                    x.hardware_version)
            order by s.order_no desc limit 1) s on true
        where s.state is distinct from 'active'
    loop
        continue when o.since < (p.terms).least
            or 100 * o.failed_since <= (p.terms).failures * o.since;
        if hold_failing(r, o.csp, o.device_type, o.manufacturer_id, o.model_id,
                o.hardware_version, o.outcomes, o.failed, format(
                '%s of %s devices failed, more than %s %%', o.failed_since,
                o.since, (p.terms).failures), p_now) then
            return true;
        end if;
    end loop;
    return false;
end $$;

-- ---- how far it is ----

-- One look at the plan of a request, whose row the caller has locked. True: what
-- may go is another; p_refresh: that is written.
create or replace function advance_plan(
    p request_plan, p_refresh boolean, p_now timestamptz)
    returns boolean language plpgsql as $$
declare
    r service_request;
    tally device_tally[];
    ended bigint;
    was constant request_plan := p;
begin
    select * into strict r from service_request s
    where s.request_no = p.request_no;
    tally := request_tally(p.request_no, 'infinity', p_now);
    select coalesce(sum(devices), 0) into ended from unnest(tally)
    where status <> 'REJECTED_BY_DSP'
        and device_outcome(status, live, device_type) <> 'inProgress';
    p.waits := null;
    p.next := null;
    p.closed := false;
    p.ended := ended >= r.accepted or p.allowed >= r.accepted
        and ((p.terms).failures is null or r.accepted < (p.terms).least)
        and not exists (select from distribution d
            where d.request_no = p.request_no and d.unassigned > 0);
    if (p.terms).start > p_now then
        p.closed := true;
        p.waits := 'start';
        p.next := (p.terms).start;
    elsif not plan_is_open(p.terms, p_now) then
        p.closed := true;
        p.waits := 'window';
        p.next := plan_opens(p.terms, p_now);
    end if;
    if p.allowed > 0 and p.reached is null
            and ended * 100 >= p.allowed::bigint * (p.terms).outcomes then
        p.reached := p_now;
    end if;
    if not p.closed and p.allowed < r.accepted then
        if (p.terms).first is not null and p.wave > 0
                and p.reached is null then
            p.waits := 'outcomes';
        elsif (p.terms).first is not null and p.wave > 0
                and p_now < p.reached + (p.terms).wait then
            p.waits := 'wait';
            p.next := p.reached + (p.terms).wait;
        else
            p.wave := p.wave + 1;
            p.allowed := least(r.accepted, p.allowed
                + wave_size(p.terms, p.wave, r.accepted));
            p.reached := null;
            insert into sat_entry (at, kind, request_no, code, detail)
            values (p_now, 'steering', p.request_no, 'wave', format(
                'wave %s: %s of %s devices may go', p.wave, p.allowed,
                r.accepted));
        end if;
    end if;
    update request_plan q set wave = p.wave, allowed = p.allowed,
        reached = p.reached, closed = p.closed, waits = p.waits,
        next = p.next, ended = p.ended,
        next_look = p_now + interval '5 s'
    where q.request_no = p.request_no;
    if not p_refresh then
        return true;
    end if;
    if (p.terms).failures is not null
            and break_circuit(p, r, tally, p_now) then
        return true;
    end if;
    if (was.allowed, was.closed) is distinct from (p.allowed, p.closed) then
        perform refresh_ready(array[p.request_no], p_now);
        return true;
    end if;
    return false;
end $$;

-- Looks at plans that are due, until what may go of one is another: that is a
-- transaction of its own, for locks are taken in one order. True: there may be
-- more to look at.
create or replace function advance_plans(p_now timestamptz) returns boolean
    language plpgsql as $$
declare
    p request_plan;
    looked integer := 0;
begin
    for p in select * from request_plan
        where not ended and next_look <= p_now
        order by next_look limit 100 for update skip locked
    loop
        looked := looked + 1;
        if advance_plan(p, true, p_now) then
            return true;
        end if;
    end loop;
    return looked = 100;
end $$;

-- The plan that a request begins with: the one that says most of it; null: none.
create or replace function default_plan(
    p_originator macaddr8, p_variant text, p_hash bytea) returns plan
    language sql stable
    return (select x from plan x
        where (x.user_id is null or x.user_id = p_originator)
            and (x.service_reference_variant is null
                or x.service_reference_variant = p_variant)
            and (x.manufacturer_id is null or exists (
                select from cpl_entry e
                where e.manufacturer_image_hash = p_hash
                    and e.manufacturer_id = x.manufacturer_id
                    and e.model_id = x.model_id))
        order by (x.user_id is not null)::integer
            + (x.service_reference_variant is not null)::integer
            + (x.manufacturer_id is not null)::integer desc,
            x.user_id, x.plan_no limit 1);

-- Requests that begin with a plan get it; refresh_ready() comes after this.
create or replace function plan_requests(
    p_request_nos bigint[], p_now timestamptz) returns void
    language plpgsql as $$
declare
    p request_plan;
begin
    if not exists (select from plan) then
        return;
    end if;
    for p in
        with chosen as (
            select r.request_no, default_plan(r.originator,
                r.service_reference_variant, r.manufacturer_image_hash) as x
            from service_request r
            where r.request_no = any (p_request_nos)
        ), made as (
            insert into request_plan (request_no, terms, said, made, next_look)
            select request_no, (x).terms, (x).said, p_now, p_now
            from chosen where (x).plan_no is not null order by request_no
            on conflict do nothing
            returning *)
        select * from made
    loop
        perform advance_plan(p, false, p_now);
    end loop;
end $$;

-- ---- what people set ----

-- The plan of a request, before or while it runs: waves that went stay gone.
-- Empty text: none, all goes at once. Named outcomes: done, ended (nothing of it
-- waits), or "plan: PART" of what cannot be.
create or replace function set_request_plan(
    p_request_no bigint, p_text text, p_person text, p_reason text,
    p_now timestamptz, out outcome text)
    language plpgsql as $$
declare
    p request_plan;
begin
    perform from request_plan q where q.request_no = p_request_no for update;
    if not exists (select from distribution d
            where d.request_no = p_request_no and d.unassigned > 0) then
        outcome := 'ended';
        return;
    end if;
    insert into request_plan as q (request_no, terms, said, person, made,
        next_look, wave, allowed)
    values (p_request_no, parse_plan(coalesce(nullif(trim(p_text), ''),
            'growth 100%')), trim(p_text), p_person, p_now, p_now, 0, 0)
    on conflict (request_no) do update set terms = excluded.terms,
        said = excluded.said, person = excluded.person, made = excluded.made,
        next_look = p_now, ended = false
    returning * into p;
    perform advance_plan(p, false, p_now);
    perform refresh_ready(array[p_request_no], p_now);
    insert into sat_entry (at, kind, request_no, person, code, detail)
    values (p_now, 'steering', p_request_no, p_person, 'plan',
        concat_ws(': ', coalesce(nullif(trim(p_text), ''), 'none'), p_reason));
    outcome := 'done';
exception when sqlstate 'FOTAD' then
    outcome := sqlerrm;
end $$;

-- The plan that requests of a User, service and model begin with; empty text:
-- none. Outcomes: done, not_set, or "plan: PART".
create or replace function set_plan(
    p_user_id macaddr8, p_variant text, p_manufacturer_id integer,
    p_model_id integer, p_text text, p_person text, p_reason text,
    p_now timestamptz, out outcome text)
    language plpgsql as $$
begin
    if trim(p_text) = '' then
        delete from plan x
        where (x.user_id, x.service_reference_variant, x.manufacturer_id,
                x.model_id) is not distinct from (p_user_id, p_variant,
                p_manufacturer_id, p_model_id);
        if not found then
            outcome := 'not_set';
            return;
        end if;
    else
        insert into plan (user_id, service_reference_variant, manufacturer_id,
            model_id, terms, said, person, made)
        values (p_user_id, p_variant, p_manufacturer_id, p_model_id,
            parse_plan(p_text), trim(p_text), p_person, p_now)
        on conflict (user_id, service_reference_variant, manufacturer_id,
            model_id) do update set terms = excluded.terms,
            said = excluded.said, person = excluded.person,
            made = excluded.made;
    end if;
    insert into sat_entry (at, kind, party, person, code, detail)
    values (p_now, 'steering', p_user_id, p_person, 'default plan',
        concat_ws(', ', p_variant, model_text(p_manufacturer_id, p_model_id,
            null)) || ': ' || coalesce(nullif(trim(p_text), ''), 'none')
            || ': ' || p_reason);
    outcome := 'done';
exception when sqlstate 'FOTAD' then
    outcome := sqlerrm;
end $$;

-- ---- what people see ----

-- The waves that a plan has for so many devices, at most 50.
create or replace function plan_waves(p plan_terms, p_devices integer)
    returns table (n integer, devices integer)
    language plpgsql immutable as $$
declare
    rest integer := p_devices;
begin
    n := 0;
    while rest > 0 and n < 50 loop
        n := n + 1;
        devices := least(rest, wave_size(p, n, p_devices));
        rest := rest - devices;
        return next;
    end loop;
end $$;

create or replace function request_plan_json(
    r service_request, p_now timestamptz) returns jsonb
    language sql stable
    return (select jsonb_build_object('plan', p.said, 'person', p.person,
            'made', instant_text(p.made), 'wave', p.wave,
            'allowed', p.allowed, 'waits', p.waits,
            'next', instant_text(p.next), 'ended', p.ended,
            'waves', (select jsonb_agg(jsonb_build_object('wave', w.n,
                    'devices', w.devices, 'state', case
                        when p.ended or w.n < p.wave then 'done'
                        when w.n = p.wave then 'open' else 'to come' end)
                    order by w.n)
                from plan_waves(p.terms, r.accepted) w))
        from request_plan p where p.request_no = r.request_no);

-- The plan that a request of so many accepted devices would begin with, for a dry
-- run; null: none.
create or replace function default_plan_json(
    p_originator macaddr8, p_variant text, p_hash bytea, p_accepted integer,
    p_now timestamptz) returns jsonb
    language sql stable
    return (select jsonb_build_object('plan', p.said,
            'begins', instant_text(greatest(p_now, (p.terms).start, case
                when not plan_is_open(p.terms, greatest(p_now,
                    (p.terms).start)) then plan_opens(p.terms,
                    greatest(p_now, (p.terms).start)) end)),
            'waves', (select jsonb_agg(w.devices order by w.n)
                from plan_waves(p.terms, p_accepted) w))
        from default_plan(p_originator, p_variant, p_hash) p
        where p.plan_no is not null);
