-- A year of `fotasim network` (--log), played into fotad's tables hour by hour:
-- what fotad would have written of it, so that its forecasts can be held against
-- what came of them.

create unlogged table year_log (
    minute integer, step text, home integer, csp text, request integer,
    try integer, "user" integer, image integer, device_type device_type);

create unlogged table year_try (
    no bigint generated always as identity primary key,
    request_no bigint, job_no bigint, device_id macaddr8, csp text,
    device_type device_type, sent timestamptz, taken timestamptz,
    hub timestamptz, over timestamptz, failed boolean);

create function year_time(p_minute integer) returns timestamptz
    language sql immutable
    return '2031-01-06T00:00Z'::timestamptz + p_minute * interval '1 minute';

-- Requests, and the tries of devices in them; what is sent again is a request.
create function year_read() returns void language plpgsql as $$
begin
    insert into year_try (device_id, csp, device_type, sent, taken, hub, over,
        failed, request_no)
    select ('00db00' || lpad(to_hex(array_position(enum_range(null::device_type),
            device_type)), 2, '0') || lpad(to_hex(home), 8, '0'))::macaddr8,
        csp, device_type, min(at) filter (where step = 'sent'),
        min(at) filter (where step = 'taken'),
        min(at) filter (where step = 'hub'),
        coalesce(min(at) filter (where step = 'device'),
            min(at) filter (where step = 'failed'),
            case when device_type = 'ESME'
                then min(at) filter (where step = 'hub') end),
        coalesce(bool_or(step = 'failed') and not bool_or(step = 'device'),
            false),
        dense_rank() over (order by min(at) filter (where step = 'sent'),
            image, "user", request * (max(try) = 0)::integer)
    from (select *, year_time(minute) as at from year_log) l
    group by home, csp, request, try, device_type, image, "user";
    insert into smi_device (device_id, device_type, device_status,
        manufacturer_id, model_id, hardware_version, hardware_revision,
        firmware_version, smets_version)
    select distinct on (t.device_id) t.device_id, t.device_type,
        'Commissioned'::device_status, 1, 1, 1, 1, '\x00000001'::bytea,
        'SMETS2'::smets_version
    from year_try t;
    create index on year_try (sent);
    create index on year_try (taken);
    create index on year_try (hub);
    create index on year_try (over);
    analyze year_try;
end $$;

-- What happens from p_from to p_to, an hour or so.
create function year_step(p_from timestamptz, p_to timestamptz)
    returns void language plpgsql as $$
declare
    second constant bigint := extract(epoch from p_to - '2031-01-01');
begin
    update running_time set ran = second * 1000000;
    perform setval('running_second', second);
    insert into service_request (request_no, originator, target, counter,
        stage, used, service, service_reference_variant, command_variant,
        content, received, condition, response_code, response, image_id,
        listed, accepted)
    overriding system value
    select request_no, '90b3d51f30010000', '90b3d51f30000002', request_no, 1,
        true, 'serviceD', '11.4', 8, sha256('year'), min(sent), 'accepted',
        'I99', 'octets', sha256('image'), count(*), count(*)
    from year_try where sent >= p_from and sent < p_to group by 1;
    insert into distribution (request_no, csp, device_type, devices,
        unassigned, ready)
    select request_no, csp, device_type, count(*), count(*), count(*)
    from year_try where sent >= p_from and sent < p_to group by 1, 2, 3;
    insert into tracking_live (device_id, chf_id, request_no, last_updated,
        release_due, status, device_type, csp, responsible_supplier_ids)
    select device_id, device_id, request_no, sent, sent + interval '1 year',
        'AWAITING_CSP', device_type, csp, '{}'
    from year_try where sent >= p_from and sent < p_to
    on conflict do nothing;
    -- jobs
    with job as (
        insert into csp_job (request_no, csp, device_type, devices, created,
            state, next_try, ended, reported)
        select request_no, csp, device_type, count(*), taken, 'handed_over',
            taken, taken, taken
        from year_try where taken >= p_from and taken < p_to
        group by request_no, csp, device_type, taken
        returning *)
    update year_try t set job_no = j.job_no from job j
    where (t.request_no, t.csp, t.device_type, t.taken)
        = (j.request_no, j.csp, j.device_type, j.ended);
    update tracking_live l set job_no = t.job_no,
        status = 'APPROVED_FOR_DISTRIBUTION',
        report_status = 'APPROVED_FOR_DISTRIBUTION', last_updated = t.taken
    from year_try t where t.taken >= p_from and t.taken < p_to
        and l.device_id = t.device_id and l.request_no = t.request_no;
    update distribution d set unassigned = d.unassigned - n,
        ready = d.ready - n
    from (select request_no, csp, device_type, count(*) as n from year_try
        where taken >= p_from and taken < p_to group by 1, 2, 3) t
    where (d.request_no, d.csp, d.device_type)
        = (t.request_no, t.csp, t.device_type);
    update tracking_live l set status = 'SUCCESSFUL_CH_TRANSFER',
        delivery_status = 'SUCCESSFUL_CH_TRANSFER', delivery_time = t.hub,
        last_updated = t.hub
    from year_try t where t.hub >= p_from and t.hub < p_to
        and l.device_id = t.device_id and l.request_no = t.request_no;
    with gone as (
        delete from tracking_live l using year_try t
        where t.over >= p_from and t.over < p_to
            and l.device_id = t.device_id and l.request_no = t.request_no
        returning l.*, t.hub, t.over, t.failed)
    insert into tracking_history (device_id, chf_id, request_no, job_no,
        last_updated, released, status, device_type, csp,
        responsible_supplier_ids, report_status, delivery_status,
        delivery_time, hub_status, hub_time, device_status, device_time,
        inserted)
    select device_id, chf_id, request_no, job_no, over, over, case
            when failed then case when hub is null then 'FAILED_CH_TRANSFER'
                else 'HAN_DISCARDED' end
            when device_type = 'PPMID' then 'FIRMWARE_ACTIVATED'
            else 'SUCCESSFUL_HAN_TRANSFER' end::processing_status,
        device_type, csp, '{}', report_status, case when hub is null
            then 'FAILED_CH_TRANSFER' else 'SUCCESSFUL_CH_TRANSFER'
            end::processing_status, coalesce(hub, over), case
            when hub is null then null when failed then 'HAN_DISCARDED'
            else 'SUCCESSFUL_HAN_TRANSFER' end::processing_status,
        case when hub is not null then over end, case
            when device_type = 'PPMID' and not failed
            then 'FIRMWARE_ACTIVATED'::processing_status end, case
            when device_type = 'PPMID' and not failed then over end, second
    from gone;
end $$;

-- What housekeeping does of forecasts; p_again: not only the first of a request.
create function year_forecast(p_now timestamptz, p_again boolean)
    returns void
    language plpgsql as $$
begin
    while learn_durations(86400) loop null; end loop;
    if extract(hour from p_now) in (0, 6, 12, 18) then
        perform sum_durations();
    end if;
    perform measure_flow(p_now);
    perform score_forecasts(10000, p_now);
    perform watch_forecasts(p_now);
    perform make_forecasts(10000, p_now);
    if not p_again then
        update forecast_watch set next = 'infinity' where next < 'infinity';
    end if;
    if extract(hour from p_now) = 0 then
        perform clean_durations(1000000);
        delete from tracking_history where inserted
            < (select ran / 1000000 from running_time) - 50 * 86400;
    end if;
end $$;
