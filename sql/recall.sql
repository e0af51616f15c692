-- Jobs that were stopped are asked back of their CSPs, under each name that a
-- CSP may have them by.

-- The jobs are stopped, by a transaction that has locked them: nothing posts
-- them any more once their lease is over. p_csps: those that can recall.
-- p_event: what becomes of devices that are recalled. What is under way
-- already, or was answered, is not asked again.
create or replace function recall_jobs(
    p_job_nos bigint[], p_csps text[], p_event text, p_now timestamptz)
    returns void language plpgsql as $$
begin
    insert into csp_recall (job_no, job_id, csp, event, next_try, made)
    select j.job_no, n.job_id, j.csp, p_event, p_now, p_now
    from csp_job j
    cross join lateral (
        select j.job_id
        union all
        select o.job_id from csp_job_name o where o.job_no = j.job_no
    ) n
    where j.job_no = any (p_job_nos) and j.csp = any (p_csps)
        and j.posted is not null
    order by j.job_no, n.job_id
    on conflict (job_id) do nothing;
end $$;

-- Takes the recalls of a CSP that are due, for one worker to send. A job that is
-- just being posted is not recalled before that is over.
create or replace function recall_leases(
    p_csp text, p_now timestamptz, p_until timestamptz, p_most integer)
    returns table (recall_no bigint, lease_number bigint, job_id text,
        tries integer, began timestamptz)
    language plpgsql as $$
#variable_conflict use_column
begin
    return query
    with due as (
        select r.recall_no from csp_recall r join csp_job j using (job_no)
        where r.csp = p_csp and r.state = 'waiting' and r.next_try <= p_now
            and (r.leased_until is null or r.leased_until <= p_now)
            and (j.leased_until is null or j.leased_until <= p_now)
        order by r.next_try, r.recall_no limit p_most
        for update of r skip locked
    ), leased as (
        update csp_recall r set leased_until = p_until,
            lease_number = r.lease_number + 1
        from due d where r.recall_no = d.recall_no
        returning r.*)
    select recall_no, lease_number, job_id::text, tries, made
    from leased order by next_try, recall_no;
end $$;

-- Counts once, as job_again() does. p_next_try '-infinity': it was not begun.
create or replace function recall_again(
    p_recall_no bigint, p_lease_number bigint, p_next_try timestamptz,
    p_error text) returns void
    language plpgsql as $$
begin
    update csp_recall r set leased_until = null,
        tries = tries + case p_next_try when '-infinity' then 0 else 1 end,
        next_try = case p_next_try when '-infinity' then next_try
            else p_next_try end,
        last_error = case p_next_try when '-infinity' then last_error
            else p_error end
    where recall_no = p_recall_no and state = 'waiting'
        and lease_number = p_lease_number and leased_until is not null;
end $$;

-- The devices of a job that do not get its image, once every name of it was
-- answered: none if any says that it goes on; those that each name which the
-- CSP has says; if it has none of them, those that it was not heard of. What is
-- known to be at its hub goes on, whatever the CSP says.
create or replace function recalled_devices(p_job_no bigint)
    returns setof tracking_live language plpgsql stable as $$
begin
    return query
    with name as (
        select * from csp_recall where job_no = p_job_no
    ), known as (
        select count(*) as names from name where state = 'recalled'
    ), named as (
        select d.device_id from name n
        cross join lateral unnest(n.recalled) as d (device_id)
        group by 1
        having count(distinct n.recall_no) = (select names from known)
    )
    select l.* from csp_job j
    join tracking_live l
        on l.request_no = any (job_requests(j)) and l.job_no = j.job_no
    where j.job_no = p_job_no
        and not exists (select from name
            where state in ('waiting', 'too_late', 'given_up'))
        and case (select names from known)
            when 0 then l.status = 'AWAITING_CSP'
            else l.status in ('AWAITING_CSP', 'APPROVED_FOR_DISTRIBUTION')
                and l.device_id in (select device_id from named) end;
end $$;

-- The CSP has answered, or is given up: what p_state says, with the devices that
-- it named if it recalled any. Counts once, however often it is said: only while
-- that lease lasts.
create or replace function recall_answered(
    p_recall_no bigint, p_lease_number bigint, p_state recall_state,
    p_device_ids macaddr8[], p_error text, p_now timestamptz,
    p_timeout interval) returns void
    language plpgsql as $$
declare
    j csp_job;
    r csp_recall;
    ids macaddr8[];
begin
    -- of two names that are answered at once the second sees the first
    select c.* into j from csp_job c
    where c.job_no = (select x.job_no from csp_recall x
        where x.recall_no = p_recall_no) for update;
    update csp_recall x set state = p_state, recalled = p_device_ids,
        ended = p_now, tries = tries + 1, leased_until = null,
        last_error = p_error
    where x.recall_no = p_recall_no and x.state = 'waiting'
        and x.lease_number = p_lease_number
    returning * into r;
    if not found then
        return;
    end if;
    insert into sat_entry (at, kind, request_no, csp, code, detail)
    select p_now, 'job', n.request_no, j.csp, case r.state
            when 'recalled' then 'recalled' else 'recall_' || r.state end,
        'job ' || j.job_no || ', jobId ' || r.job_id || case r.state
            when 'recalled' then ': ' || cardinality(r.recalled) || ' devices'
            when 'given_up' then ': ' || p_error
            else '' end
    from unnest(job_requests(j)) as n (request_no);
    ids := array(select device_id from recalled_devices(j.job_no));
    if ids = '{}' then
        return;
    end if;
    perform from tracking_live l where l.device_id = any (ids)
    order by l.device_id for update;
    perform apply_events(array(
        select row((row_number() over (order by l.device_id))::integer,
            r.event, l.device_id, l.request_no,
            upper(r.event), l.chf_id,
            null, p_now, null, null)::tracking_event
        from recalled_devices(j.job_no) l where l.device_id = any (ids)),
        p_now, p_timeout);
    -- nobody is left of it whose report could be missed
    update csp_job c set state = 'empty', ended = p_now
    where c.job_no = j.job_no and c.reported is null and not exists (
        select from tracking_live l
        where l.request_no = any (job_requests(c)) and l.job_no = c.job_no);
    perform tell_collected(job_requests(j), p_now);
end $$;

-- Recalls of a CSP that wait for its answer, for the metrics.
create or replace function recalls_waiting(p_csp text) returns bigint
    language sql stable
    return (select count(*) from csp_recall
        where csp = p_csp and state = 'waiting');
