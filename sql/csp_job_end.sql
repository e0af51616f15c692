-- Jobs of CSPs that nobody has, and of those that never report.

-- A CSP that no fotad has known for an hour: its devices that are in no job are
-- put into jobs, and jobs of more than p_age are given up, at most p_most.
-- Returns how many those were.
create or replace function end_stranded_jobs(
    p_csps text[], p_age interval, p_most integer, p_now timestamptz,
    p_timeout interval) returns integer
    language plpgsql as $$
declare
    stranded constant text[] := array(
        select csp from (select distinct csp from distribution
            where ready > 0
            union select distinct csp from csp_job where state = 'waiting') w
        where csp <> all (p_csps) and not exists (select from csp_section s
            where s.csp = w.csp and s.seen > p_now - interval '1 hour')
        order by csp);
    name text;
    j csp_job;
    ended integer := 0;
begin
    foreach name in array stranded loop
        perform make_some_jobs(name, 10000, p_now, p_now, p_most);
    end loop;
    for j in select * from csp_job
        where csp = any (stranded) and state = 'waiting'
            and created <= p_now - p_age and clock_sound()
            and (leased_until is null or leased_until <= p_now)
        order by job_no limit p_most for update skip locked
    loop
        perform job_failed(j.job_no, j.lease_number, 'csp_never_answered',
            'NEVER_ANSWERED', 'no such CSP is configured',
            j.posted is not null, p_now, p_timeout);
        ended := ended + 1;
    end loop;
    return ended;
end $$;

-- Jobs that a CSP took and has not reported on within p_timeout by a clock that
-- is not in doubt, at most
-- p_most: their devices are released, and their senders hear so. A report that
-- comes later is taken all the same.
create or replace function silence_jobs(
    p_timeout interval, p_most integer, p_now timestamptz)
    returns table (csp text, request_id text, job_id text, devices bigint)
    language plpgsql as $$
declare
    numbers bigint[];
    request_nos bigint[];
begin
    if not clock_sound() then
        return;
    end if;
    select array_agg(x.job_no) into numbers from (
        select j.job_no from csp_job j
        where j.state = 'handed_over' and j.reported is null
            and j.silent is null and j.ended <= p_now - p_timeout
        order by j.ended limit p_most for update skip locked) x;
    if numbers is null then
        return;
    end if;
    request_nos := array(select distinct unnest(job_requests(j))
        from csp_job j where j.job_no = any (numbers));
    update csp_job j set silent = p_now where j.job_no = any (numbers);
    -- in the order in which all take them
    perform from tracking_live l
    where l.job_no = any (numbers) and l.request_no = any (request_nos)
    order by l.device_id for update;
    update tracking_live l set release_due = p_now
    where l.job_no = any (numbers) and l.status = 'AWAITING_CSP'
        and l.request_no = any (request_nos);
    perform release_expired(array(
        select l.device_id from tracking_live l
        where l.job_no = any (numbers) and l.status = 'AWAITING_CSP'
            and l.request_no = any (request_nos)), false, p_now);
    update tracking_history h set reason_code = 'CSP_SILENT'
    where h.job_no = any (numbers) and h.status = 'AWAITING_CSP'
        and h.request_no = any (request_nos);
    perform apply_events(array(
        select row((row_number() over (order by h.device_id))::integer,
            'csp_silent', h.device_id, h.request_no, 'CSP_SILENT', h.chf_id,
            null, null, null, null)::tracking_event
        from tracking_history h
        where h.job_no = any (numbers) and h.status = 'AWAITING_CSP'
            and h.request_no = any (request_nos)), p_now, p_timeout);
    perform tell_collected(request_nos, p_now);
    return query
    select j.csp, request_id_text(r.originator, r.target, r.counter),
        j.job_id::text, (select count(*) from tracking_history h
            where h.request_no = r.request_no and h.job_no = j.job_no
                and h.status = 'AWAITING_CSP')
    from csp_job j
    join service_request r on r.request_no = any (job_requests(j))
    where j.job_no = any (numbers) order by j.job_no, r.request_no;
end $$;

-- Jobs of a CSP that wait for their turn, for the metrics.
create or replace function jobs_waiting(p_csp text) returns bigint
    language sql stable
    return (select count(*) from csp_job
        where csp = p_csp and state = 'waiting');
