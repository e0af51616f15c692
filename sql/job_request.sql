-- ESME and GSME go before HCALCS and PPMID.
create or replace function is_meter(p_type device_type) returns boolean
    language sql immutable parallel safe
    return p_type in ('ESME', 'GSME');

-- The requests of a job: one next to always, several when they were gathered.

create or replace function gathered_requests(
    p_job_no bigint, p_request_no bigint) returns bigint[]
    language plpgsql stable as $$
begin
    return array(
        select p_request_no
        union all
        select c.request_no from csp_job_gathered c where c.job_no = p_job_no
        order by 1);
end $$;

-- A job of one request is what it costs nothing to ask: this goes into the
-- statement.
create or replace function job_requests(j csp_job) returns bigint[]
    language sql stable
    return case j.requests when 1 then array[j.request_no]
        else gathered_requests(j.job_no, j.request_no) end;

create or replace function job_nos_of(p_request_nos bigint[])
    returns bigint[] language plpgsql stable as $$
begin
    return array(
        select job_no from csp_job where request_no = any (p_request_nos)
        union all
        select job_no from csp_job_gathered
        where request_no = any (p_request_nos));
end $$;

create or replace function jobs_of_request(p_request_no bigint)
    returns setof csp_job language sql stable
begin atomic
    select j.* from csp_job j where j.request_no = p_request_no
    union all
    select j.* from csp_job_gathered c join csp_job j using (job_no)
    where c.request_no = p_request_no;
end;
