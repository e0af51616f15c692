-- Which [csp NAME] sections the running fotads have.

-- A process says what it has. Those not heard of for long are forgotten, and
-- what a clock that was set back has left in the future.
create or replace function note_csp_sections(
    p_process text, p_csps text[], p_digests bytea[], p_now timestamptz)
    returns void language sql
begin atomic
    insert into csp_section
    select p_process, csp, digest, p_now
    from unnest(p_csps, p_digests) as s (csp, digest) order by csp
    on conflict (process, csp) do update
        set digest = excluded.digest, seen = excluded.seen;
    delete from csp_section where ctid = any (array(
        select ctid from csp_section
        where seen not between p_now - interval '1 day'
                and p_now + interval '1 hour'
            or process = p_process and csp <> all (p_csps)
        for update skip locked));
end;

-- CSPs whose sections are not the same in all processes that were heard of
-- within a minute.
create or replace function csp_sections_that_differ(p_now timestamptz)
    returns table (csp text) language sql stable
begin atomic
    with running as (
        select * from csp_section where seen > p_now - interval '1 minute')
    select r.csp from running r group by r.csp
    having count(distinct r.digest) > 1
        or count(*) < (select count(distinct process) from running)
    order by r.csp;
end;
