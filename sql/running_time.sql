-- For how long fotad has run, which retention goes by.

-- Goes on by what a fotad has counted since it heard p_ran, in microseconds by
-- a clock that nobody sets; null: it has just started. Each of several says what
-- it is at least, and no more is believed than PostgreSQL's clock has moved:
-- both would have to be wrong. Returns what it is.
create or replace function pass_running_time(p_ran bigint, p_passed bigint)
    returns bigint language plpgsql security definer
    set search_path = public, pg_temp
as $$
declare
    r running_time;
    moved bigint;
begin
    select * into strict r from running_time for update;
    moved := extract(epoch from clock_timestamp() - r.by_database) * 1000000;
    -- least() leaves a null out
    r.ran := greatest(r.ran, least(coalesce(p_ran + p_passed, r.ran),
        r.ran + greatest(0, moved)));
    update running_time set ran = r.ran, by_database = clock_timestamp();
    perform setval('running_second', r.ran / 1000000);
    return r.ran;
end $$;

-- From which running second on what was inserted is kept.
create or replace function kept_from(p_keep interval) returns bigint
    language sql stable
    return (select ran / 1000000 from running_time)
        - extract(epoch from p_keep)::bigint;
