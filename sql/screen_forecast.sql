-- Forecasts as people see them: the last one of a request, that of a dry run,
-- and how often they held.

-- Why there is none.
create or replace function forecast_words(p_why text) returns text
    language sql immutable
    return case p_why
        when 'history' then 'too little history: fewer than '
            || enough_history() || ' such updates have ended'
        when 'held' then 'some are held: nobody knows for how long'
        when 'never' then 'too many such updates did not come to an end'
        when 'done' then 'nine of ten are done' end;

create or replace function forecast_part_json(
    p_csp text, p_type device_type, p_model text, p_devices bigint,
    p_done bigint, p_why text, p_p50 timestamptz, p_p90 timestamptz,
    p_history bigint) returns jsonb language sql stable
    return jsonb_build_object('csp', p_csp, 'deviceType', p_type,
        'model', nullif(p_model, ''), 'devices', p_devices, 'done', p_done,
        'p50', instant_text(p_p50), 'p90', instant_text(p_p90),
        'why', p_why, 'words', forecast_words(p_why),
        'history', coalesce(p_history, 0));

create or replace function forecast_score_json(
    p_viewer macaddr8, p_now timestamptz) returns jsonb
    language sql stable
    return (select coalesce(jsonb_agg(jsonb_build_object('csp', csp,
            'deviceType', device_type, 'forecasts', forecasts, 'held', held,
            'devices', devices, 'byP50', by_p50, 'byP90', by_p90)), '[]')
        from forecast_score(p_viewer, null, null, p_now));

create or replace function last_forecast(p_request_no bigint)
    returns setof forecast language sql stable
begin atomic
    select * from forecast
    where request_no = p_request_no and csp is null
    order by forecast_no desc limit 1;
end;

-- The last forecast of a request, and how often those of the last 30 days held
-- (of the viewer's requests); null: none was made yet.
create or replace function request_forecast_json(
    r service_request, p_viewer macaddr8, p_now timestamptz) returns jsonb
    language sql stable
begin atomic
    select forecast_part_json(null, null, null, w.devices, w.done, w.why,
            w.p50, w.p90, w.history)
        || jsonb_build_object('made', instant_text(w.made), 'parts', (
                select jsonb_agg(forecast_part_json(f.csp, f.device_type,
                    f.model, f.devices, f.done, f.why, f.p50, f.p90,
                    f.history) order by f.csp, f.device_type, f.model)
                from forecast f where f.request_no = r.request_no
                    and f.made = w.made and f.csp is not null),
            'score', forecast_score_json(p_viewer, p_now))
    from last_forecast(r.request_no) w;
end;

-- That of all devices but those refused, if they were asked for now and went
-- with the plan that such requests begin with.
create or replace function dry_run_forecast(
    p_device_ids macaddr8[], p_refused macaddr8[], p_originator macaddr8,
    p_variant text, p_hash bytea, p_regions csp_region[], p_csps text[],
    p_now timestamptz) returns jsonb
    language plpgsql stable as $$
declare
    plan plan := default_plan(p_originator, p_variant, p_hash);
    groups forecast_group[];
begin
    select array_agg(row(g.part, g.csp, g.device_type, g.model,
        case when plan.plan_no is null then 'out' else 'later' end,
        'total'::update_span, 0, london_hour(p_now), g.devices)
        ::forecast_group)
    into groups
    from (select dense_rank() over (order by x.csp, s.device_type, m.model)
                ::integer as part, x.csp, s.device_type, m.model,
            count(*) as devices
        from smi_device s
        join smi_home h on h.chf_id = s.chf_id
        cross join lateral (select p_csps[array_position(p_regions,
            h.csp_region)] as csp) x
        cross join lateral (select model_text(s.manufacturer_id, s.model_id,
            null) as model) m
        where s.device_id = any (p_device_ids)
            and s.device_id <> all (p_refused)
        group by x.csp, s.device_type, m.model) g;
    return (select forecast_part_json(null, null, null, w.devices, w.done,
            w.why, w.p50, w.p90, w.history)
        || jsonb_build_object('parts', (select jsonb_agg(forecast_part_json(
                f.csp, f.type, f.model, f.devices, f.done, f.why, f.p50,
                f.p90, f.history) order by f.part)
            from forecast_parts(groups, plan.terms, 0, 0, null, p_now) f
            where f.part > 0))
        from forecast_parts(groups, plan.terms, 0, 0, null, p_now) w
        where w.part = 0);
end $$;
