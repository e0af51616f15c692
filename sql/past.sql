-- Whether the database has gone back in time: a restored backup, a standby that
-- was behind, an old snapshot. Each fotad counts a beat in its row of
-- past_memory, and remembers it outside of the database once that is committed;
-- a database that has less, or nothing of it, is an earlier one. The timeline
-- alone does not tell: a fail-over to a standby that has everything begins
-- another one, too.

-- The numbers that others know, and how far they have come.
create or replace function past_numbers()
    returns table (name text, last bigint) language sql stable
begin atomic
    select s.relname::text, coalesce(pg_sequence_last_value(s.oid), 0)
    from pg_class s
    where s.relkind = 'S' and s.relnamespace = 'public'::regnamespace
        and s.relname <> 'running_second' -- a time
    order by 1;
end;

-- How it went back, in words that follow "the database"; null: not as far as
-- this fotad remembers. p_beat 0: it remembers nothing, and only knows where the
-- others have worked.
create or replace function past_verdict(
    m past_mark, p_memory uuid, p_beat bigint, p_restored integer,
    p_cluster text) returns text language sql stable
    return case
        when m.doubt is not null then m.doubt
        when p_beat = 0 and m.cluster <> p_cluster
            then format('is not where it was (%s, now %s), and this fotad '
                'remembers nothing of it', m.cluster, p_cluster)
        when p_beat > 0 and (p_restored > m.restored
            or p_restored = m.restored and p_beat > coalesce((select r.beat
                from past_memory r where r.memory = p_memory), 0))
            then format('went back in time: a fotad remembers its beat %s, and '
                'it has %s', p_beat, coalesce((select r.beat from past_memory r
                where r.memory = p_memory)::text, 'none')) end;

-- It went back: all fotads are to hear, and what is remembered is noted for
-- past_restored().
create or replace function past_doubt(
    p_doubt text, p_restored integer, p_names text[], p_lasts bigint[])
    returns void language plpgsql as $$
begin
    update past_mark m set doubt = coalesce(m.doubt, p_doubt),
        doubted_restored = greatest(m.doubted_restored, p_restored);
    insert into past_number
    select name, last from unnest(p_names, p_lasts) as n (name, last)
    order by name
    on conflict (name) do update
        set last = greatest(past_number.last, excluded.last);
end $$;

-- A fotad looks; p_beats: and counts on. p_names and p_lasts: how far the
-- sequences had come when it looked before. What comes back but the verdict is
-- to be remembered. On another cluster or timeline (a fail-over may have lost
-- what came after the latest beat) the numbers go on from the time.
create or replace function past_look(
    p_memory uuid, p_beat bigint, p_restored integer, p_cluster text,
    p_names text[], p_lasts bigint[], p_beats boolean, out verdict text,
    out memory uuid, out beat bigint, out restored integer, out names text[],
    out lasts bigint[])
    language plpgsql security definer
    set search_path = public, pg_temp
as $$
declare
    m past_mark;
begin
    select * into strict m from past_mark;
    verdict := past_verdict(m, p_memory, p_beat, p_restored, p_cluster);
    memory := p_memory;
    beat := p_beat;
    restored := p_restored;
    if verdict is not null then
        if p_beat > 0 and (m.doubt is null or p_restored >= m.restored
            and exists (select from unnest(p_names, p_lasts) as n (name, last)
                left join past_number k using (name)
                where n.last > coalesce(k.last, -1)))
        then
            perform past_doubt(verdict, p_restored, p_names, p_lasts);
        end if;
        return;
    end if;
    if m.cluster is distinct from p_cluster then
        update past_mark set cluster = p_cluster
        where cluster is distinct from p_cluster;
        if found then -- the first of many at once
            perform advance_counters();
        end if;
    end if;
    if p_beats then
        restored := m.restored;
        memory := coalesce(p_memory, gen_random_uuid());
        if p_beat = 0 then
            delete from past_memory where second < kept_from('400 days');
        end if;
        insert into past_memory as r values (memory, p_beat + 1, kept_from('0'))
        on conflict on constraint past_memory_pkey
            do update set beat = greatest(r.beat, p_beat) + 1
        returning r.beat into beat;
        select array_agg(n.name), array_agg(n.last) into names, lasts
        from past_numbers() n;
    end if;
end $$;

-- What is to be said of it to people who do not remember; null: nothing.
create or replace function past_words(p_cluster text) returns text
    language sql stable
    return (select coalesce(doubt, case when cluster <> p_cluster then format(
            'is not where it was (%s, now %s)', cluster, p_cluster) end)
        from past_mark);

-- How far beyond a number known to be used the next begins: p_known, it is
-- known from outside, so at most 3 s are missing. The entries of the audit
-- trail are sealed by number, so theirs is less.
create or replace function past_margin(p_name text, p_known boolean)
    returns bigint language sql immutable
    return case
        when p_name like 'sat\_entry%' or p_known then 1000000
        else 1000000000 end;

-- A person says that this is the database to go on with: the numbers go beyond
-- all that were ever used, and the fotads go on. Those of advance_counters() go
-- by the time, too. Says where each begins now.
create or replace function past_restored(
    p_person text, p_reason text, p_now timestamptz)
    returns table (name text, last bigint) language plpgsql security definer
    set search_path = public, pg_temp
as $$
declare
    m past_mark;
    n record;
begin
    select * into strict m from past_mark for update;
    for n in
        select u.name, greatest(u.last, k.last, 1) + case
                when c.name is null or k.last is not null
                then past_margin(u.name, k.last is not null) else 0 end as last
        from past_numbers() u
        left join past_number k using (name)
        left join counters_by_time() c using (name)
    loop
        perform setval(n.name, n.last);
    end loop;
    perform advance_counters();
    delete from past_number;
    update past_mark set restored = greatest(m.restored, m.doubted_restored) + 1,
        doubt = null, doubted_restored = 0, cluster = null;
    perform person_did(p_person, 'restored', concat_ws(': ', m.doubt, p_reason),
        p_now);
    return query select * from past_numbers();
end $$;
