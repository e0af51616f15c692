-- Puts devices that are in no job into jobs: each of one request, CSP and device
-- type, at most p_most devices; together at most p_together jobs, and no more
-- once they have p_most devices. They are not released before p_keep_until (the
-- end of the long retry). False when there was nothing to do.
drop function if exists make_job(text, integer, timestamptz, timestamptz);
create or replace function make_jobs(
    p_csp text, p_most integer, p_now timestamptz, p_keep_until timestamptz,
    p_together integer) returns boolean
    language plpgsql
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
as $$
declare
    numbers bigint[];
    types device_type[];
begin
    -- by itself, for what follows is to see all that whoever had them wrote
    select array_agg(w.request_no), array_agg(w.device_type)
    into numbers, types from (
        select request_no, device_type, sum(unassigned) over (
            order by request_no, device_type) - unassigned as before
        from (
            select request_no, device_type, unassigned from distribution
            where csp = p_csp and unassigned > 0
            order by request_no limit p_together
            for update skip locked) x) w
    where w.before < p_most;
    if numbers is null then
        return false;
    end if;

    with chosen as materialized (
        select * from unnest(numbers, types) as c (request_no, device_type)
    ), member as materialized (
        -- "offset 0": to find them in their order, among those of a large
        -- request, would look as good as by their request
        select c.*, w.device_id from chosen c, lateral (
            select device_id from (
                select device_id from tracking_live l
                where l.request_no = c.request_no and l.csp = p_csp
                    and l.device_type = c.device_type and l.job_no is null
                    and l.status = 'AWAITING_CSP'
                offset 0) l
            order by device_id limit p_most) w
    ), seen as (
        select request_no, device_type, count(*) as devices from member
        group by request_no, device_type
    ), locked as materialized (
        -- in the order in which all take them
        select device_id, request_no, device_type from tracking_live
        where device_id = any (array(select device_id from member))
            and request_no = any (numbers) and job_no is null
            and status = 'AWAITING_CSP'
        order by device_id for update
    ), made as (
        insert into csp_job (request_no, csp, device_type, devices, created,
            next_try)
        select request_no, p_csp, device_type, count(*), p_now, p_now
        from locked group by request_no, device_type
        order by request_no, device_type
        returning job_no, request_no, device_type, devices
    ), joined as (
        update tracking_live l set job_no = m.job_no,
            release_due = greatest(l.release_due, p_keep_until)
        from locked d join made m using (request_no, device_type)
        where l.device_id = d.device_id
    ), audited as (
        insert into sat_entry (at, kind, request_no, csp, code, detail)
        select p_now, 'job', request_no, p_csp, 'made',
            'job ' || job_no || ', devices ' || devices
        from made order by job_no
    )
    -- reset or released devices leave fewer than were counted
    update distribution d set unassigned =
        case when coalesce(s.devices, 0) < p_most then 0
            else greatest(d.unassigned - coalesce(m.devices, 0), 0) end
    from chosen c
    left join seen s using (request_no, device_type)
    left join made m using (request_no, device_type)
    where d.request_no = c.request_no and d.csp = p_csp
        and d.device_type = c.device_type;
    return true;
end $$;

-- Takes the next jobs of a CSP that are due, for one worker to hand over
-- together: at most p_together, and no more once they have p_most devices. When
-- there are none, some are made (see make_jobs()). One whose image the CSP has
-- not is the last. A job whose devices have all left it is closed instead.
drop function if exists lease_job(text, timestamptz, timestamptz);
drop function if exists lease_job(text, timestamptz, timestamptz, integer,
    timestamptz);
create or replace function lease_jobs(
    p_csp text, p_now timestamptz, p_until timestamptz, p_most integer,
    p_keep_until timestamptz, p_together integer)
    returns table (job_no bigint, job_id text, request_id text,
        device_type text, firmware_version bytea, image_id bytea,
        image_sent boolean, tries integer, created timestamptz,
        device_ids macaddr8[], chf_ids macaddr8[])
    language plpgsql
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
as $$
declare
    due bigint[];
    leased bigint[];
    emptied bigint[];
    lessened bigint[];
    made_with integer;
begin
    loop
        select array_agg(x.no) into due from (
            select x.no, sum(x.devices) over (order by x.next_try, x.no)
                - x.devices as before
            from (
                select c.job_no as no, c.next_try, c.devices from csp_job c
                where c.csp = p_csp and c.state = 'waiting'
                    and c.next_try <= p_now
                    and (c.leased_until is null or c.leased_until <= p_now)
                order by c.next_try, c.job_no limit p_together
                for update skip locked) x) x
        where x.before < p_most;
        if due is null then
            continue when make_jobs(p_csp, p_most, p_now, p_keep_until,
                p_together);
            return;
        end if;

        leased := '{}';
        emptied := '{}';
        lessened := '{}';
        for job_no, job_id, request_id, device_type, firmware_version,
                image_id, image_sent, tries, created, device_ids, chf_ids,
                made_with in
            select j.job_no, j.job_id, request_id_text(r.originator, r.target,
                    r.counter), j.device_type, r.firmware_version, r.image_id,
                exists (select from csp_image i
                    where i.csp = p_csp and i.image_id = r.image_id),
                j.tries, j.created, l.device_ids, l.chf_ids, j.devices
            from csp_job j
            join service_request r using (request_no)
            cross join lateral (
                select array_agg(l.device_id order by l.device_id)
                        as device_ids,
                    array_agg(l.chf_id order by l.device_id) as chf_ids
                from tracking_live l
                where l.request_no = j.request_no and l.job_no = j.job_no
                    and l.status = 'AWAITING_CSP') l
            where j.job_no = any (due)
            order by j.next_try, j.job_no
        loop
            if tries = 0 and coalesce(cardinality(device_ids), 0) < made_with
            then
                lessened := lessened || job_no;
            end if;
            if device_ids is null then
                emptied := emptied || job_no;
                continue;
            end if;
            leased := leased || job_no;
            return next;
            exit when not image_sent;
        end loop;

        update csp_job c set leased_until = p_until
        where c.job_no = any (leased);
        if cardinality(emptied) > 0 then
            update csp_job c set state = 'empty', ended = p_now
            where c.job_no = any (emptied);
        end if;
        if cardinality(lessened) > 0 then
            -- reset or released before the CSP heard of them
            update tracking_history h set job_no = null
            where h.job_no = any (lessened) and h.request_no in (
                select c.request_no from csp_job c
                where c.job_no = any (lessened));
        end if;
        exit when cardinality(leased) > 0;
    end loop;
end $$;

create or replace function image_sent(
    p_csp text, p_image_id bytea, p_now timestamptz) returns void
    language sql
begin atomic
    insert into csp_image values (p_csp, p_image_id, p_now)
    on conflict do nothing;
end;

create or replace function jobs_handed_over(
    p_job_nos bigint[], p_now timestamptz) returns void
    language plpgsql
    set enable_seqscan = off
    set enable_mergejoin = off
as $$
begin
    with handed_over as (
        update csp_job set state = 'handed_over', ended = p_now,
            tries = tries + 1, leased_until = null, last_error = null
        where job_no = any (p_job_nos) and state = 'waiting'
        returning job_no, request_no, csp
    )
    insert into sat_entry (at, kind, request_no, csp, code, detail)
    select p_now, 'job', request_no, csp, 'handed_over', 'job ' || job_no
    from handed_over order by job_no;
end $$;

-- Counts once, however often it is said: only while that lease lasts.
create or replace function job_again(
    p_job_no bigint, p_next_try timestamptz, p_error text,
    p_lease timestamptz) returns void
    language sql
begin atomic
    update csp_job set tries = tries + 1, next_try = p_next_try,
        leased_until = null, last_error = p_error
    where job_no = p_job_no and state = 'waiting' and leased_until = p_lease;
end;

-- A reason as the CSP gave it: one that csp_reason has, else OTHER.
create or replace function csp_reason_of(p_given text) returns text
    language sql stable
    return coalesce((select reason from csp_reason
        where reason = p_given and reason <> 'NEVER_ANSWERED'), 'OTHER');

-- The CSP refused the whole job (p_event csp_refused) or was never there
-- (csp_never_answered): every device of it hears so.
create or replace function job_failed(
    p_job_no bigint, p_event text, p_reason text, p_error text,
    p_now timestamptz, p_timeout interval) returns void
    language plpgsql as $$
declare
    j csp_job;
    reason text := case p_event when 'csp_refused'
        then csp_reason_of(p_reason) else p_reason end;
begin
    update csp_job set ended = p_now, tries = tries + 1, leased_until = null,
        last_error = p_error, state = case p_event when 'csp_refused'
            then 'refused'::job_state else 'given_up' end
    where job_no = p_job_no and state = 'waiting'
    returning * into j;
    if not found then
        return;
    end if;
    insert into sat_entry (at, kind, request_no, csp, code, detail)
    values (p_now, 'job', j.request_no, j.csp, j.state,
        'job ' || j.job_no || ': ' || p_error);
    perform apply_events(array(
        select row((row_number() over (order by device_id))::integer, p_event,
            device_id, request_no, reason, chf_id, null, null, null, null)
            ::tracking_event
        from tracking_live
        where request_no = j.request_no and job_no = j.job_no), p_now,
        p_timeout);
end $$;

-- Validation reports, each of its CSP. Named outcomes, one for each: taken,
-- duplicate, unknown_job. p_reports says of each listed device which report
-- lists it. Devices of a job that are not listed are accepted; listed ones that
-- it does not have come back by their place.
create or replace function take_validation_reports(
    p_csps text[], p_report_ids text[], p_job_ids uuid[],
    p_reports integer[], p_device_ids macaddr8[], p_reasons text[],
    p_now timestamptz, p_timeout interval,
    out outcomes text[], out foreign_ordinals integer[])
    language plpgsql
    set plan_cache_mode = force_generic_plan
    set enable_mergejoin = off
    set enable_seqscan = off
    set jit = off
as $$
declare
    events tracking_event[];
    turns bigint[];
begin
    -- two sets take their jobs in the same order
    perform from csp_job where job_id = any (p_job_ids)
    order by job_no for update;

    with asked as materialized (
        select a.csp, a.id, a.ordinal, j.job_no, j.request_no,
            j.reported is null as unreported
        from unnest(p_csps, p_report_ids, p_job_ids) with ordinality
            as a (csp, id, job_id, ordinal)
        left join csp_job j on j.job_id = a.job_id and j.csp = a.csp
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
            row_number() over (partition by request_no order by ordinal)
                as turn
        from once
    ), noted as (
        update csp_job c set reported = coalesce(c.reported, p_now),
            state = 'handed_over', ended = coalesce(c.ended, p_now),
            leased_until = null
        where c.job_no = any (array(select job_no from taken))
    ), said as materialized (
        select * from unnest(p_reports, p_device_ids, p_reasons)
            with ordinality as s (report, device_id, reason, ordinal)
    ), audited as (
        insert into sat_entry (at, kind, request_no, csp, code, detail)
        select p_now, 'report', request_no, csp, id, 'job ' || job_no
            || ', rejected ' || (select count(*) from said
                where report = taken.ordinal)
        from taken order by ordinal
    ), listed as (
        select report, device_id, min(csp_reason_of(reason)) as reason,
            min(ordinal)::integer as ordinal
        from said group by report, device_id
    ), member as (
        select t.ordinal as report, m.device_id, m.chf_id
        from taken t, lateral (
            select l.device_id, l.chf_id from tracking_live l
            where l.request_no = t.request_no and l.job_no = t.job_no
            union all
            select h.device_id, h.chf_id from tracking_history h
            where h.request_no = t.request_no and h.job_no = t.job_no) m
    ), found as (
        select t.ordinal as report, t.first, t.turn, t.request_no,
            f.device_id, f.chf_id, f.reason, f.ordinal
        from (select report, device_id, m.chf_id, l.reason, l.ordinal
            from member m full join listed l using (report, device_id)) f
        join taken t on t.ordinal = f.report
    )
    select array_agg(row((row_number)::integer, case when ordinal is null
                then 'csp_accepted' else 'csp_refused' end, device_id,
            request_no, reason, chf_id, null, null, null, null)::tracking_event)
            filter (where chf_id is not null
                and (ordinal is not null or first)),
        array_agg(turn) filter (where chf_id is not null
            and (ordinal is not null or first)),
        coalesce(array_agg(ordinal) filter (where chf_id is null), '{}'),
        (select array_agg(case when a.job_no is null then 'unknown_job'
                when t.ordinal is null then 'duplicate' else 'taken' end
                order by a.ordinal)
            from asked a left join taken t using (ordinal))
    into events, turns, foreign_ordinals, outcomes
    from (select *, row_number() over (order by report, ordinal nulls first)
        from found) x;

    -- what two reports of one request have to tell is told apart
    for n in 1 .. coalesce((select max(t) from unnest(turns) t), 0) loop
        perform apply_events(array(
            select e.event from (
                select e as event, row_number() over () as place
                from unnest(events) as e) e
            join unnest(turns) with ordinality as t (turn, place)
                using (place)
            where t.turn = n), p_now, p_timeout);
    end loop;
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
    language plpgsql
    set plan_cache_mode = force_generic_plan
    set enable_mergejoin = off
    set jit = off
    set work_mem = '64MB'
    set enable_seqscan = off
as $$
declare
    events tracking_event[];
begin
    with job as materialized (
        select j.job_id, j.csp, j.job_no, j.request_no, j.device_type::text,
            firmware_version_text(r.firmware_version) as version
        from (select distinct unnest(p_job_ids) as job_id) g
        join csp_job j on j.job_id = g.job_id
        join service_request r on r.request_no = j.request_no
    ), judged as materialized (
        select n.csp, n.id, n.chf_id, n.device_id, n.status,
            nullif(n.reason, '') as reason, n.at, n.ordinal, j.request_no,
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
            select device_id, chf_id from tracking_history
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
    end if;
end $$;

-- Messages of devices, for src/device to look at later. p_csps and p_regions
-- are of each the CSP that brought it and its regions, as configured. A message whose device and counter were
-- found genuine before is a duplicate, whatever its octets.
create or replace function take_gbcs_messages(
    p_csps text[], p_regions text[], p_ids text[], p_chf_ids macaddr8[],
    p_originators macaddr8[], p_recipients macaddr8[], p_cras integer[],
    p_codes integer[], p_counters numeric[], p_payloads bytea[],
    p_now timestamptz,
    out taken_ordinals integer[], out refused_ordinals integer[],
    out refused_reasons text[])
    language plpgsql
    set plan_cache_mode = force_generic_plan
    set jit = off
    set enable_seqscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
as $$
begin
    with judged as materialized (
        select n.*, case when h.chf_id is null then 'commsHubId: not known'
                when h.csp_region::text
                    <> all (regexp_split_to_array(n.regions, '\s*,\s*'))
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
        where refused is null and (select true from gbcs_message g
            where g.originator = j.originator and g.counter = j.counter
                and g.cra = j.cra and g.recipient = j.recipient
                and g.state in ('done', 'unknown') limit 1) is null
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

-- Jobs of a CSP that wait for their turn, for the metrics.
create or replace function jobs_waiting(p_csp text) returns bigint
    language sql stable
    return (select count(*) from csp_job
        where csp = p_csp and state = 'waiting');
