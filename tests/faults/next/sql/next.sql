-- A function that a later release does otherwise, with the same columns.
create or replace function jobs_waiting(p_csp text) returns bigint
    language sql stable
    return (select count(*) from csp_job
        where csp = p_csp and state = 'waiting' and priority >= 0);
