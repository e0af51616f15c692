-- What CSPs say: validation reports, delivery notifications, messages of devices.

-- The job that has this name, or had it.
create or replace function job_of(p_job_id uuid) returns bigint
    language plpgsql stable as $$
begin
    return coalesce((select job_no from csp_job where job_id = p_job_id),
        (select job_no from csp_job_name where job_id = p_job_id));
end $$;

-- Validation reports, each of its CSP. Named outcomes, one for each: taken,
-- duplicate, unknown_job. p_reports says of each listed device which report
-- lists it. Devices of a job that are not listed are accepted; listed ones that
-- it does not have come back by their place. The first report on a job counts;
-- what a later one says otherwise is recorded and shown to the desk, no more.
create or replace function take_validation_reports(
    p_csps text[], p_report_ids text[], p_job_ids uuid[],
    p_reports integer[], p_device_ids macaddr8[], p_reasons text[],
    p_now timestamptz, p_timeout interval,
    out outcomes text[], out foreign_ordinals integer[])
    language plpgsql as $$
declare
    events tracking_event[];
    turns bigint[];
    request_nos bigint[];
    job_nos bigint[] := array(select job_of(id) from unnest(p_job_ids) id);
begin
    -- two sets take their jobs in the same order
    perform from csp_job where job_no = any (job_nos)
    order by job_no for update;

    with asked as materialized (
        select a.csp, a.id, a.ordinal, j.job_no, job_requests(j) as numbers,
            j.reported is null as unreported,
            case a.job_id when j.job_id then j.without
                else (select n.without from csp_job_name n
                    where n.job_id = a.job_id) end as without
        from unnest(p_csps, p_report_ids, p_job_ids, job_nos) with ordinality
            as a (csp, id, job_id, job_no, ordinal)
        left join csp_job j on j.job_no = a.job_no and j.csp = a.csp
    ), fresh as (
        insert into csp_message
        select csp, 'r', id, p_now from (
            select distinct csp, id from asked where job_no is not null
            order by csp, id) x
        on conflict do nothing
        returning csp, message_id
    ), once as (
        select distinct on (csp, id) * from asked
        where job_no is not null
            and ((csp, id) in (select csp, message_id from fresh)) is true
        order by csp, id, ordinal
    ), taken as materialized (
        select *, unreported and row_number() over (
            partition by job_no order by ordinal) = 1 as first,
            case when max(cardinality(numbers)) over () > 1
                then row_number() over (order by ordinal)
                else row_number() over (partition by numbers order by ordinal)
                end as turn
        from once
    ), noted as (
        update csp_job c set reported = coalesce(c.reported, p_now),
            state = 'handed_over', ended = coalesce(c.ended, p_now),
            leased_until = null, posted = coalesce(c.posted, c.devices)
        where c.job_no = any (array(select job_no from taken))
    ), said as materialized (
        select * from unnest(p_reports, p_device_ids, p_reasons)
            with ordinality as s (report, device_id, reason, ordinal)
    ), listed as (
        select report, device_id, min(csp_reason_of(reason)) as reason,
            min(ordinal)::integer as ordinal
        from said group by report, device_id
    ), member as (
        select t.ordinal as report, m.device_id, m.chf_id, m.request_no,
            m.report_status = 'REJECTED_BY_CSP' as rejected
        from taken t, lateral (
            select l.device_id, l.chf_id, l.request_no, l.report_status
            from tracking_live l
            where l.request_no = any (t.numbers) and l.job_no = t.job_no
            union all
            select h.device_id, h.chf_id, h.request_no, h.report_status
            from tracking_history h
            where h.request_no = any (t.numbers) and h.job_no = t.job_no
                and (t.without is null or h.device_id <> all (t.without))) m
    ), found as materialized (
        select t.ordinal as report, t.first, t.turn, f.request_no, t.job_no,
            f.device_id, f.chf_id, f.reason, f.ordinal,
            not t.first and f.chf_id is not null
                and f.rejected is distinct from (f.ordinal is not null)
                as contradicts
        from (select report, device_id, m.chf_id, m.request_no, m.rejected,
                l.reason, l.ordinal
            from member m full join listed l using (report, device_id)) f
        join taken t on t.ordinal = f.report
    ), contradicted as (
        update csp_job c set contradicted = p_now
        where c.job_no = any (array(select job_no from found
            where contradicts))
    ), audited as (
        insert into sat_entry (at, kind, request_no, csp, code, detail)
        select p_now, 'report', request_no, csp, id, 'job ' || job_no
            || ', rejected ' || (select count(*) from said
                where report = taken.ordinal)
            || coalesce(', contradicts the first report of this job: '
                || nullif((select count(*) from found where contradicts
                    and report = taken.ordinal), 0) || ' devices', '')
        from taken, unnest(numbers) as request_no
        order by ordinal, request_no
    )
    select array_agg(row((row_number)::integer, case when ordinal is null
                then 'csp_accepted' else 'csp_refused' end, device_id,
            request_no, reason, chf_id, null, null, null, null)::tracking_event)
            filter (where chf_id is not null and first),
        array_agg(turn) filter (where chf_id is not null and first),
        (select array_agg(distinct n) from taken, unnest(numbers) as n),
        coalesce(array_agg(ordinal) filter (where chf_id is null), '{}'),
        (select array_agg(case when a.job_no is null then 'unknown_job'
                when t.ordinal is null then 'duplicate' else 'taken' end
                order by a.ordinal)
            from asked a left join taken t using (ordinal))
    into events, turns, request_nos, foreign_ordinals, outcomes
    from (select *, row_number() over (order by report, ordinal nulls first)
        from found) x;

    -- what two reports of one request have to tell is told apart
    if (select max(t) from unnest(turns) t) > 1 then
        perform lock_updates(array(select distinct device_id
            from unnest(events)));
    end if;
    for n in 1 .. coalesce((select max(t) from unnest(turns) t), 0) loop
        perform apply_events(array(
            select e.event from (
                select e as event, row_number() over () as place
                from unnest(events) as e) e
            join unnest(turns) with ordinality as t (turn, place)
                using (place)
            where t.turn = n), p_now, p_timeout);
    end loop;
    perform tell_collected(request_nos, p_now);
end $$;

-- Delivery notifications, each of its CSP. Entries come back by place: those
-- taken, and those refused with a named reason; the others are duplicates.
create or replace function take_delivery_notifications(
    p_csps text[], p_ids text[], p_job_ids uuid[], p_chf_ids macaddr8[],
    p_device_ids macaddr8[], p_device_types text[], p_versions text[],
    p_statuses text[], p_reasons text[], p_times timestamptz[],
    p_now timestamptz, p_timeout interval,
    out taken_ordinals integer[], out refused_ordinals integer[],
    out refused_reasons text[])
    language plpgsql as $$
declare
    events tracking_event[];
begin
    -- next to always there is nothing
    if exists (select from contested_alert
            where device_id = any (p_device_ids)) then
        perform lock_updates(array(select distinct unnest(p_device_ids)));
    end if;
    with job as materialized (
        select g.job_id, j.csp, j.job_no, j.device_type::text,
            firmware_version_text(r.firmware_version) as version
        from (select distinct unnest(p_job_ids) as job_id) g
        join csp_job j on j.job_no = job_of(g.job_id)
        join service_request r on r.request_no = j.request_no
    ), judged as materialized (
        select n.csp, n.id, n.chf_id, n.device_id, n.status,
            nullif(n.reason, '') as reason, n.at, n.ordinal,
            coalesce(l.request_no, h.request_no) as request_no,
            coalesce(l.chf_id, h.chf_id) as job_chf_id,
            case when j.job_no is null then 'jobId: not known'
                when l.device_id is null and h.device_id is null
                    then 'deviceId: not in the job'
                when n.device_type <> j.device_type
                    then 'deviceType: not that of the job'
                when n.version <> j.version
                    then 'firmwareVersion: not that of the job'
            end as refused
        from unnest(p_csps, p_ids, p_job_ids, p_chf_ids, p_device_ids,
            p_device_types, p_versions, p_statuses, p_reasons, p_times)
            with ordinality as n (csp, id, job_id, chf_id, device_id,
            device_type, version, status, reason, at, ordinal)
        left join job j on j.job_id = n.job_id and j.csp = n.csp
        left join tracking_live l on l.device_id = n.device_id
            and l.job_no = j.job_no
        left join lateral (
            select device_id, chf_id, request_no from tracking_history
            where device_id = n.device_id and job_no = j.job_no
                and l.device_id is null
            limit 1) h on true
    ), fresh as (
        insert into csp_message
        select csp, 'n', id, p_now from (
            select distinct on (csp, id) csp, id from judged
            where refused is null
            order by csp, id) x
        on conflict do nothing
        returning csp, message_id
    ), taken as materialized (
        -- "is true" keeps the look-up a hash: the planner knows nothing of
        -- the number of rows and would compare every one with every other
        select distinct on (csp, id) * from judged
        where refused is null
            and ((csp, id) in (select csp, message_id from fresh)) is true
        order by csp, id, ordinal
    ), audited as (
        insert into sat_entry (at, kind, request_no, device_id, csp, code,
            detail)
        select p_now, 'notification', request_no, device_id, csp, status,
            concat_ws(' ', id, reason, case when chf_id <> job_chf_id then
                'another hub: ' || eui64_text(chf_id) end)
        from taken
    )
    select (select coalesce(array_agg(ordinal), '{}') from taken),
        (select coalesce(array_agg(ordinal order by ordinal), '{}')
            from judged where refused is not null),
        (select coalesce(array_agg(refused order by ordinal), '{}')
            from judged where refused is not null),
        (select array_agg(row(ordinal, case status when 'Success'
                then 'hub_delivered' else 'hub_failed' end, device_id,
                request_no, reason, chf_id, null, at, null,
                case status when 'Success' then 1 else 0 end)::tracking_event)
            from taken where status <> 'Other' and chf_id = job_chf_id)
    into taken_ordinals, refused_ordinals, refused_reasons, events;
    if events is not null then
        perform apply_events(events, p_now, p_timeout);
        perform settle_contested_of(array(
            select device_id from unnest(events)), p_now, p_timeout);
    end if;
end $$;

-- Messages of devices, for src/device to look at later. p_csps and p_regions
-- are of each the CSP that brought it and its regions, as configured. An alert
-- whose counter was taken before is a duplicate, whatever its octets, as long as
-- the first one is on record; after that refuse_messages() says so.
create or replace function take_gbcs_messages(
    p_csps text[], p_regions text[], p_ids text[], p_chf_ids macaddr8[],
    p_originators macaddr8[], p_recipients macaddr8[], p_cras integer[],
    p_codes integer[], p_counters numeric[], p_payloads bytea[],
    p_now timestamptz,
    out taken_ordinals integer[], out refused_ordinals integer[],
    out refused_reasons text[])
    language plpgsql as $$
begin
    with served as materialized (
        select regions, regexp_split_to_array(regions, '\s*,\s*') as region
        from (select distinct unnest(p_regions) as regions) r
    ), judged as materialized (
        select n.*, case when h.chf_id is null then 'commsHubId: not known'
                when h.csp_region::text <> all ((select region from served s
                        where s.regions = n.regions)::text[])
                    then 'commsHubId: in no region of this CSP'
            end as refused
        from unnest(p_csps, p_regions, p_ids, p_chf_ids, p_originators,
            p_recipients, p_cras, p_codes, p_counters, p_payloads)
            with ordinality as n (csp, regions, id, chf_id, originator,
            recipient, cra, code, counter, payload, ordinal)
        left join smi_home h on h.chf_id = n.chf_id
            and h.csp_region is not null
    ), taken as (
        insert into gbcs_message (csp, message_id, received, chf_id,
            originator, recipient, cra, code, counter, payload)
        select csp, id, p_now, chf_id, originator, recipient, cra, code,
            counter, payload
        from judged j
        -- a scalar, for "not exists" would become a join
        where refused is null and (select true from replay_window w
            join gbcs_message g on j.cra = 3
                and g.originator = j.originator and g.counter = j.counter
                and g.cra = j.cra and g.recipient = j.recipient
                and g.state in ('done', 'unknown')
            where w.originator = j.originator and w.recipient = j.recipient
                and w.seen @> j.counter limit 1) is null
        order by csp, id, ordinal
        on conflict do nothing
        returning csp, message_id
    )
    select coalesce(array_agg(ordinal order by ordinal)
            filter (where taken), '{}'),
        coalesce(array_agg(ordinal order by ordinal)
            filter (where refused is not null), '{}'),
        coalesce(array_agg(refused order by ordinal)
            filter (where refused is not null), '{}')
    into taken_ordinals, refused_ordinals, refused_reasons
    from (
        -- of several with one messageId the first is the one that went in
        select j.ordinal, j.refused, j.refused is null
                and ((j.csp, j.id) in (select csp, message_id from taken))
                    is true
                and row_number() over (
                    partition by j.csp, j.id, j.refused is null
                    order by j.ordinal) = 1 as taken
        from judged j) x;
end $$;
