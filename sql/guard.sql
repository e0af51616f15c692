-- The guard: rules about what a request asks for, off until somebody sets them.

-- The rules in force for a User.
create or replace function guard_of(p_user macaddr8)
    returns table (rule text, "position" smallint, mode guard_mode,
        level integer, list refusal)
    language sql stable
begin atomic
    select r.rule, r."position", g.mode, coalesce(g.level, r.level),
        coalesce(g.list, r.list)
    from (select distinct on (rule) * from guard
        where user_id is null or user_id = p_user
        order by rule, user_id nulls last) g
    join guard_rule r using (rule)
    where g.mode <> 'off';
end;

-- Requests for one device that a User made in the 24 hours before, at most
-- p_most; p_request_no: before that one, null: before the next.
create or replace function single_requests(
    p_user macaddr8, p_request_no bigint, p_most integer, p_now timestamptz)
    returns bigint language sql stable
    return (select count(*) from (
        select from service_request r
        where r.originator = p_user
            and r.request_no < coalesce(p_request_no, 9223372036854775807)
            -- numbers go with the time of arrival, to an hour
            and r.request_no > coalesce((select o.request_no
                from service_request o
                where o.received <= p_now - interval '25 hours'
                order by o.received desc limit 1), 0)
            and r.received > p_now - interval '24 hours'
            and r.listed = 1 and r.accepted > 0
            and r.manufacturer_image_hash is not null
        order by r.request_no desc limit p_most) x);

-- What the rules in force say of the devices of update requests, whatever else
-- may be said of them. Parameters as of judge_devices(); p_request_nos: null
-- of a dry run.
create or replace function guard_findings(
    p_request_nos bigint[], p_senders macaddr8[], p_versions bytea[],
    p_hashes bytea[], p_firsts bigint[], p_device_ids macaddr8[],
    p_now timestamptz) returns guard_found[]
    language plpgsql stable as $$
declare
    taken macaddr8[] := '{}';
    answer guard_found[];
begin
    if not exists (select from unnest(p_senders) s, guard_of(s)) then
        return '{}';
    end if;
    if exists (select from unnest(p_senders) s, guard_of(s) g
            where g.rule = 'hub_block') then
        taken := hub_blocks_taken(p_firsts, p_device_ids, p_hashes, p_now);
    end if;
    with rules as materialized (
        select s.request, g.*, g.rule = 'single_device'
                and coalesce(p_firsts[s.request + 1],
                    cardinality(p_device_ids) + 1) - p_firsts[s.request] = 1
                and single_requests(s.sender, p_request_nos[s.request],
                    g.level, p_now) >= g.level as is_single
        from unnest(p_senders) with ordinality as s (sender, request),
            guard_of(s.sender) g
    ), device as materialized (
        select d.ordinal, d.request, d.device_id, s.firmware_version as runs,
            p_versions[d.request] as version, s.device_type,
            s.manufacturer_id, s.model_id, s.hardware_version
        from (select u.device_id, u.ordinal,
                width_bucket(u.ordinal, p_firsts) as request
            from unnest(p_device_ids) with ordinality
                as u (device_id, ordinal)) d
        join smi_device s on s.device_id = d.device_id
    ), found as (
        select d.ordinal, r.rule, r.mode, r.list, r."position"
        from device d join rules r on r.request = d.request
        where case r.rule
            when 'same_version' then d.runs = d.version
            when 'older_version' then d.runs > d.version
            when 'upgrade_path' then d.runs <> d.version
                and (select d.runs = any (e.upgrades_from) from cpl_entry e
                    where e.manufacturer_image_hash = p_hashes[d.request]
                        and e.status = 'Active'
                        and e.firmware_version = d.version
                        and (e.device_type, e.manufacturer_id::integer,
                            e.model_id::integer, e.hardware_version::smallint)
                        = (d.device_type, d.manufacturer_id::integer,
                            d.model_id::integer, d.hardware_version::smallint)
                    order by d.runs = any (e.upgrades_from) desc nulls first
                    limit 1) is false
            when 'sent_again' then exists (
                select from tracking h
                join service_request o on o.request_no = h.request_no
                where h.device_id = d.device_id and h.job_no is not null
                    and o.firmware_version = d.version
                    and o.received > p_now - make_interval(days => r.level))
            when 'hub_block' then d.device_id in (
                select unnest(taken))
            when 'single_device' then r.is_single
            else false end
    )
    select array_agg(row(ordinal, rule, mode = 'refuse', list,
        mode = 'refuse' and "position" = lowest)::guard_found
        order by ordinal, "position")
    into answer
    from (select *, min("position") filter (where mode = 'refuse')
            over (partition by ordinal) as lowest
        from found) f;
    return coalesce(answer, '{}');
end $$;

-- Writes what was found of devices that were not refused for anything else.
create or replace function note_findings(
    p_found guard_found[], p_others integer[], p_request_nos bigint[],
    p_firsts bigint[], p_device_ids macaddr8[]) returns void
    language plpgsql as $$
begin
    insert into guard_finding (request_no, rule, refused, devices, device_ids)
    select p_request_nos[f.request], f.rule, f.refuses, count(*),
        array_agg(p_device_ids[f.ordinal] order by f.ordinal)
    from (select *, width_bucket(ordinal::bigint, p_firsts) as request
        from unnest(p_found)) f
    where p_request_nos[f.request] is not null
        and f.ordinal not in (select unnest(p_others))
    group by p_request_nos[f.request], f.rule, f.refuses
    order by 1, 2;
end $$;

-- ---- what people set ----

-- How the rules stand: of all Users, and of those that have their own.
-- p_viewer: a supplier sees what is of itself; null: all.
create or replace function list_guard(p_viewer macaddr8, p_user macaddr8)
    returns table (rule text, user_id macaddr8, user_name text, mode text,
        level integer, counts text, list text, meaning text, person text,
        made timestamptz)
    language sql stable
begin atomic
    select r.rule, g.user_id, user_name(g.user_id),
        coalesce(g.mode, 'off')::text, coalesce(g.level, r.level), r.counts,
        coalesce(g.list, r.list)::text, r.meaning, g.person, g.made
    from guard_rule r
    -- that of all Users is there though nobody set it
    cross join lateral (
        select o.* from guard o where o.rule = r.rule
        union all
        select r.rule, null, 'off', null, null, null, null
        where not exists (select from guard o
            where o.rule = r.rule and o.user_id is null)) g
    where g.user_id is null or g.user_id = coalesce(p_viewer, g.user_id)
        and g.user_id = coalesce(p_user, g.user_id)
    order by r."position", 2 nulls first;
end;

-- Sets a rule for a User, or for all that have none of their own (null); level
-- and list: null as guard_rule says. Outcomes: done, rule, stranger, level.
create or replace function set_guard(
    p_rule text, p_user macaddr8, p_mode text, p_level integer, p_list text,
    p_person text, p_reason text, p_now timestamptz, out outcome text)
    language plpgsql as $$
declare
    r guard_rule;
begin
    select * into r from guard_rule g where g.rule = p_rule;
    outcome := case
        when r.rule is null then 'rule'
        when p_user is not null and not exists (select from service_user u
            where u.user_id = p_user) then 'stranger'
        when p_level is not null and (r.level is null or p_level < 1)
            then 'level'
        else 'done' end;
    if outcome <> 'done' then
        return;
    end if;
    insert into guard (rule, user_id, mode, level, list, person, made)
    values (p_rule, p_user, p_mode::guard_mode, p_level, p_list::refusal,
        p_person, p_now)
    on conflict (rule, user_id) do update set mode = excluded.mode,
        level = excluded.level, list = excluded.list,
        person = excluded.person, made = excluded.made;
    insert into sat_entry (at, kind, party, person, code, detail)
    values (p_now, 'guard', p_user, p_person, p_rule,
        concat_ws(', ', p_mode, coalesce(p_level, r.level) || ' ' || r.counts,
            'list ' || coalesce(p_list, r.list::text)) || ': ' || p_reason);
end $$;

create or replace function guard_page(p_viewer macaddr8) returns json
    language sql stable
begin atomic
    select json_build_object('items', json_agg(json_build_object(
        'rule', g.rule, 'user', eui64_text(g.user_id),
        'userName', g.user_name, 'mode', g.mode, 'level', g.level,
        'counts', g.counts, 'list', g.list, 'meaning', g.meaning,
        'person', g.person, 'made', instant_text(g.made))
        order by r."position", g.user_id nulls first))
    from list_guard(p_viewer, null) g join guard_rule r using (rule);
end;

-- ---- what people see ----

-- How many of these devices are of each CSP and model, and how they are spread
-- over hubs.
create or replace function guard_counts(
    p_ids macaddr8[], p_regions csp_region[], p_csps text[]) returns jsonb
    language sql stable
begin atomic
    with device as materialized (
        select s.device_type, s.manufacturer_id, s.model_id,
            s.hardware_version, s.chf_id,
            p_csps[array_position(p_regions, h.csp_region)] as csp
        from unnest(p_ids) as u (device_id)
        join smi_device s using (device_id)
        left join smi_home h on h.chf_id = s.chf_id
    )
    select jsonb_build_object('devices', cardinality(p_ids),
        'byCsp', (select coalesce(jsonb_agg(jsonb_build_object('csp', csp,
                'devices', n) order by n desc, csp), '[]')
            from (select csp, count(*) as n from device group by csp) x),
        'byModel', (select coalesce(jsonb_agg(jsonb_build_object(
                'deviceType', device_type,
                'manufacturerId', hexadecimal(manufacturer_id, 2),
                'modelId', hexadecimal(model_id, 2),
                'hardwareVersion', hexadecimal(hardware_version, 1),
                'devices', n) order by n desc, device_type, manufacturer_id,
                    model_id, hardware_version), '[]')
            from (select device_type, manufacturer_id, model_id,
                    hardware_version, count(*) as n
                from device group by 1, 2, 3, 4) x),
        'hubs', (select count(distinct chf_id) from device),
        -- those with the most of them
        'byHub', (select coalesce(jsonb_agg(jsonb_build_object(
                'commsHub', eui64_text(chf_id), 'devices', n)
                order by n desc, chf_id), '[]')
            from (select chf_id, count(*) as n from device
                group by chf_id order by n desc, chf_id limit 20) x));
end;

-- What the guard has to say of the devices of a dry run, but of those that are
-- refused for something else (p_others, by their place): they may be anybody's.
create or replace function rehearse_guard(
    p_sender macaddr8, p_found guard_found[], p_others integer[],
    p_device_ids macaddr8[], p_regions csp_region[], p_csps text[])
    returns jsonb language plpgsql stable as $$
begin
    return guard_counts(array(select p_device_ids[n]
                from generate_subscripts(p_device_ids, 1) n
                where (n in (select unnest(p_others))) is not true),
            p_regions, p_csps)
        || jsonb_build_object('guard', (select coalesce(jsonb_agg(
            jsonb_build_object('rule', g.rule, 'mode', g.mode,
                'list', case g.mode when 'refuse' then g.list end,
                'level', g.level, 'meaning', r.meaning,
                'deviceIds', (select jsonb_agg(eui64_text(d))
                    from unnest(f.ids[:1000]) d))
            || guard_counts(f.ids, p_regions, p_csps) order by g."position"),
            '[]')
        from (select rule, array_agg(p_device_ids[ordinal] order by ordinal)
                as ids
            from unnest(p_found)
            where (ordinal in (select unnest(p_others))) is not true
            group by rule) f
        join guard_of(p_sender) g using (rule)
        join guard_rule r using (rule)));
end $$;

-- What it had to say of a request that was taken.
create or replace function request_guard(p_request_no bigint) returns jsonb
    language sql stable
    return (select coalesce(jsonb_agg(jsonb_build_object('rule', f.rule,
            'mode', case when f.refused then 'refuse' else 'warn' end,
            'meaning', r.meaning, 'devices', f.devices,
            'deviceIds', (select jsonb_agg(eui64_text(d))
                from unnest(f.device_ids[:1000]) d)) order by r."position"),
            '[]')
        from guard_finding f join guard_rule r using (rule)
        where f.request_no = p_request_no);

-- The devices that findings name, once their updates are not on record.
create or replace function clean_findings(p_keep interval, p_most integer)
    returns bigint language plpgsql as $$
declare
    kept constant bigint := kept_from(p_keep);
    gone bigint;
begin
    update guard_finding set device_ids = null where ctid = any (array(
        select ctid from guard_finding
        where inserted < kept and device_ids is not null
        limit p_most for update skip locked));
    get diagnostics gone = row_count;
    return gone;
end $$;
