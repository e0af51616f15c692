-- How long updates take, counted of what has ended (duration).

-- ---- buckets ----

-- Eight to each doubling, so that what is read of them is right to a tenth.
create or replace function duration_bucket(p_took interval) returns smallint
    language sql immutable parallel safe
    return least(300, floor(8 * ln(1 + greatest(0,
        extract(epoch from p_took)) / 60) / ln(2)))::smallint;

-- Seconds that bucket begins with; those of one end where the next begins.
create or replace function bucket_begins(p_bucket integer)
    returns double precision language sql immutable parallel safe
    return 60 * (power(2, p_bucket / 8.0::double precision) - 1);

-- What did not come to an end is in this one.
create or replace function bucket_never() returns smallint
    language sql immutable parallel safe return 32767::smallint;

-- Less than this is too little history to say anything.
create or replace function enough_history() returns integer
    language sql immutable return 100;

-- Weeks that are counted.
create or replace function history_weeks() returns integer
    language sql immutable return 8;

-- ---- what an update tells ----

-- When its distribution came to an end, by the clock of who said so: for a meter
-- or HCALCS that is when it has the image, a PPMID activates by itself. Null: it
-- has not, or was released before.
create or replace function update_ended(t tracking) returns timestamptz
    language sql stable parallel safe
    return case device_stage(t.status, false, t.device_type)
        when 'timedOut' then null
        when 'onHan' then coalesce(t.hub_time, t.device_time, t.stored_time)
        when 'activated' then case when t.device_type <> 'PPMID'
                and t.hub_status = 'SUCCESSFUL_HAN_TRANSFER'
            then t.hub_time else t.device_time end
        else coalesce(t.device_time, t.stored_time, t.hub_time,
            t.delivery_time, least(t.last_updated, t.released)) end;

-- The spans of updates that ended from p_from to p_to, by running time: of those
-- that a CSP took. Of a request with a plan the wait is the plan's.
create or replace function spans_ended(p_from bigint, p_to bigint)
    returns table (csp text, device_type device_type, model text,
        span update_span, began timestamptz, ended timestamptz)
    language plpgsql stable as $$
begin
    return query
    select t.csp, t.device_type,
        coalesce(model_text(s.manufacturer_id, s.model_id, null), ''),
        x.span::update_span, x.began, x.ended
    from tracking t
    join csp_job j on j.job_no = t.job_no and j.state = 'handed_over'
    join service_request r on r.request_no = t.request_no
    left join smi_device s on s.device_id = t.device_id
    cross join lateral (select case t.delivery_status
            when 'SUCCESSFUL_CH_TRANSFER' then t.delivery_time end as at_hub,
        case when t.hub_status = 'SUCCESSFUL_HAN_TRANSFER'
            and t.device_type = 'PPMID' then t.hub_time end as with_it,
        coalesce(t.device_time, t.stored_time) as device_said,
        update_ended(t) as over,
        case when not exists (select from request_plan p
            where p.request_no = t.request_no) then r.received end as began) e
    cross join lateral (values
        ('turn', e.began, j.ended),
        ('total', e.began, e.over),
        ('report', j.ended, case when t.report_status is not null
            then j.reported end),
        ('way', j.ended, t.delivery_time),
        ('hub', e.at_hub, coalesce(t.hub_time, e.device_said)),
        ('device', e.with_it, e.device_said),
        ('whole', j.ended, e.over),
        ('rest', e.at_hub, e.over)) as x (span, began, ended)
    where t.inserted >= p_from and t.inserted < p_to
        and device_stage(t.status, false, t.device_type)
            not in ('reset', 'stopped', 'refused')
        and x.began is not null
        and (x.ended is not null or x.span in ('total', 'whole', 'rest'));
end $$;

-- ---- the background ----

-- Counts what ended in the next part of the running time, at most p_part seconds
-- of it: not the last five minutes, of which a transaction may still be under
-- way. False: there is no more, or another is at it.
create or replace function learn_durations(p_part integer) returns boolean
    language plpgsql as $$
declare
    now_at constant bigint := (select ran / 1000000 from running_time);
    low bigint;
    high bigint;
begin
    select learnt_to into low from foresight for update skip locked;
    if not found then
        return false;
    end if;
    if low = 0 then
        low := coalesce((select min(inserted) from tracking_history), now_at);
    end if;
    high := least(low + p_part, now_at - 300);
    if high <= low then
        return false;
    end if;
    insert into duration (csp, device_type, span, model, hour, week, bucket,
        devices)
    select s.csp, s.device_type, s.span, s.model,
        extract(hour from s.began at time zone 'Europe/London'),
        now_at / 604800, case when s.ended is null then bucket_never()
            else duration_bucket(s.ended - s.began) end as bucket, count(*)
    from spans_ended(low, high) s
    group by 1, 2, 3, 4, 5, 6, 7
    order by 1, 2, 3, 4, 5, 6, 7
    on conflict (csp, device_type, span, model, hour, week, bucket)
        do update set devices = duration.devices + excluded.devices;
    update foresight set learnt_to = high, learnt = learnt or found;
    return high < now_at - 300;
end $$;

-- The share p_share of what came to an end took no longer than this: of the
-- counts of each bucket, in their order.
create or replace function bucket_share(
    p_buckets integer[], p_counts numeric[], p_share numeric)
    returns interval language sql immutable
begin atomic
    select (bucket_begins(bucket) + (bucket_begins(bucket + 1)
            - bucket_begins(bucket)) * greatest(0, p_share * total - before)
            / devices) * interval '1 second'
    from (select bucket, devices, sum(devices) over (order by bucket) - devices
                as before, sum(devices) over () as total
            from unnest(p_buckets, p_counts) as c (bucket, devices)) x
    where before + devices >= p_share * total
    order by bucket limit 1;
end;

-- Works duration_known out anew, at most once an hour. An hour's are few, and
-- often of one day, so it takes more of them. True: it did.
create or replace function sum_durations() returns boolean
    language plpgsql as $$
declare
    now_at constant bigint := (select ran / 1000000 from running_time);
begin
    perform from foresight
    where learnt and (known_made <= now_at - 3600 or known_made > now_at
        or not exists (select from duration_known))
    for update skip locked;
    if not found then
        return false;
    end if;
    update foresight set learnt = false, known_made = now_at;
    delete from duration_known;
    insert into duration_known (csp, device_type, span, model, hour, devices,
        p99, buckets, counts)
    select csp, device_type, span, coalesce(model, ''), coalesce(hour, -1),
        sum(devices), bucket_share(
            array_agg(bucket::integer) filter (where bucket <> bucket_never()),
            array_agg(devices) filter (where bucket <> bucket_never()), 0.99),
        array_agg(bucket::integer order by bucket),
        array_agg(devices::double precision order by bucket)
    from (select csp, device_type, span, model, hour, bucket,
                sum(devices) as devices
            from duration
            where week > now_at / 604800 - history_weeks()
            group by grouping sets (
                (csp, device_type, span, model, hour, bucket),
                (csp, device_type, span, model, bucket),
                (csp, device_type, span, bucket))) x
    where (model <> '' or model is null) and (span = 'total' or hour is null)
    group by csp, device_type, span, model, hour
    having sum(devices) >= enough_history()
        * case when hour is null then 1 else 10 end;
    return true;
end $$;

create or replace function clean_durations(p_most integer) returns bigint
    language plpgsql as $$
declare
    gone bigint;
begin
    delete from duration where ctid = any (array(
        select ctid from duration
        where inserted < kept_from((history_weeks() + 1) * interval '7 days')
        limit p_most for update skip locked));
    get diagnostics gone = row_count;
    return gone;
end $$;
