-- The clock of the system is PostgreSQL's. It is believed while it agrees with
-- how far it had come (clock_mark), with what running programs have counted by
-- clocks that nobody sets, and with the day of the program's release. When it
-- leaps it is in doubt: what cannot be undone waits, and messages of devices
-- that were not good by the dates of certificates are looked at again after.

-- May be done now what cannot be undone: may anything be destroyed, released,
-- given up, or called too late? Not by a session of a program whose own time is
-- of a doubt that has ended meanwhile, or whose machine is apart (src/db/db.c).
create or replace function clock_sound() returns boolean
    language sql stable
    return (select doubt is null from clock_mark)
        and current_setting('fotad.clock', true) is distinct from 'in doubt';

-- What we have made since then, while our clock is in doubt, has a time that may
-- be far ahead of all that others say of it; it counts as made then. One fotad
-- may still be in doubt when the others are not any more: what has a later time
-- than any that was believed counts as made just then. Null: the clock is sound.
create or replace function doubted_since() returns timestamptz
    language plpgsql stable as $$
begin
    return (select date_trunc('second', coalesce(doubt_since,
            case when current_setting('fotad.clock', true) = 'in doubt'
                then mark end)) from clock_mark);
end $$;

-- What speaks against PostgreSQL's clock; null: nothing. p_now: the time that a
-- program counts with, null if it only has that of a gap; p_sure: it began to
-- count at a time when the clock was sound, so that it may not be far ahead of
-- it either.
create or replace function clock_verdict(
    p_clock timestamptz, p_mark timestamptz, p_now timestamptz,
    p_sure boolean, p_built timestamptz, p_most interval)
    returns clock_doubt language sql immutable
    return case
        when p_clock < p_built - p_most then 'early'
        when p_clock < greatest(p_mark, p_now) - p_most then 'behind'
        when p_sure and p_clock > greatest(p_mark, p_now) + p_most then 'leapt'
        when p_clock > p_mark + p_most then 'gap' end::clock_doubt;

-- What is known after a look. Doubt ends when nothing has spoken against the
-- clock for p_settle, and it has not leapt again meanwhile (p_steady: what it
-- should say by the program's look before; who has just come cannot say that it
-- has not, so all begins anew). After a gap the gap itself does not speak
-- against it; but a leap that somebody saw is none because those who saw it
-- have ended.
create or replace function clock_next(
    m clock_mark, p_clock timestamptz, p_now timestamptz, p_sure boolean,
    p_steady timestamptz, p_built timestamptz, p_most interval,
    p_settle interval) returns clock_mark
    language plpgsql immutable as $$
declare
    verdict constant clock_doubt := clock_verdict(p_clock, m.mark, p_now,
        p_sure, p_built, p_most);
begin
    if m.doubt is null and verdict is null then
        m.mark := greatest(m.mark, p_clock);
        return m;
    end if;
    m.mark := greatest(m.mark, p_now);
    m.doubt_since := coalesce(m.doubt_since, greatest(m.mark, p_built));
    if m.doubt is distinct from 'leapt' or verdict <> 'gap' then
        m.doubt := coalesce(verdict, m.doubt);
    end if;
    m.agrees_since := case
        when verdict is not null and (verdict, m.doubt) <> ('gap', 'gap')
            then null
        when p_steady is null then p_clock
        when abs(extract(epoch from p_clock - p_steady)) <= 10
            then coalesce(m.agrees_since, p_clock) end;
    if p_clock - m.agrees_since >= p_settle then
        m.mark := greatest(m.mark, p_clock);
        m.doubt := null;
        m.doubt_since := null;
        m.agrees_since := null;
    end if;
    return m;
end $$;

-- The time that is best known: after a gap PostgreSQL's; in any other doubt it
-- is at least this.
create or replace function clock_best(
    m clock_mark, p_clock timestamptz, p_now timestamptz,
    p_built timestamptz) returns timestamptz language sql immutable
    return case when coalesce(m.doubt, 'gap') = 'gap' then p_clock
        else greatest(m.mark, p_now, p_built) end;

-- A running program looks at the clock and moves the mark. p_accepted: as of
-- its look before; when a person has accepted the clock since, what it has
-- counted is of no account. went_back: times ahead are to be cut. A mark that
-- a crash loses is made again by the next look, so nobody waits for its WAL.
create or replace function clock_look(
    p_now timestamptz, p_sure boolean, p_steady timestamptz,
    p_accepted integer, p_built timestamptz, p_most interval,
    p_settle interval, out clock timestamptz, out doubt text,
    out best timestamptz, out accepted integer, out went_back boolean)
    language plpgsql security definer
    set search_path = public, pg_temp
as $$
declare
    m clock_mark;
    doubted boolean;
begin
    perform set_config('synchronous_commit', 'off', true);
    select * into strict m from clock_mark for update;
    clock := clock_timestamp();
    if p_accepted is distinct from m.accepted then
        p_now := null;
        p_sure := false;
        p_steady := null;
    end if;
    doubted := m.doubt is not null;
    m := clock_next(m, clock, p_now, p_sure, p_steady, p_built, p_most,
        p_settle);
    doubt := coalesce(m.doubt::text, '');
    best := clock_best(m, clock, p_now, p_built);
    accepted := m.accepted;
    went_back := coalesce(best < m.latest - interval '10 seconds', false);
    update clock_mark c set mark = m.mark, latest = greatest(m.latest, best),
        doubt = m.doubt, doubt_since = m.doubt_since,
        agrees_since = m.agrees_since;
    if doubted and m.doubt is null then
        perform retry_messages(array(select distinct originator
            from gbcs_message where wants_certificate));
    end if;
end $$;

-- The same for who comes and goes, without moving the mark. That nobody ran for
-- a while speaks against nothing here: a person is there.
create or replace function clock_read(
    p_built timestamptz, p_most interval, out clock timestamptz,
    out doubt text, out best timestamptz)
    language plpgsql stable as $$
declare
    m clock_mark;
begin
    select * into strict m from clock_mark;
    clock := clock_timestamp();
    m := clock_next(m, clock, null, false, null, p_built, p_most, null);
    doubt := coalesce(nullif(m.doubt::text, 'gap'), '');
    best := clock_best(m, clock, null, p_built);
end $$;

-- A person says that PostgreSQL's clock is right. False: it was not in doubt,
-- and nothing is changed.
create or replace function clock_accept(
    p_person text, p_now timestamptz, p_reason text) returns boolean
    language plpgsql security definer
    set search_path = public, pg_temp
as $$
declare
    was text;
begin
    select c.doubt into was from clock_mark c for update;
    if was is null then
        return false;
    end if;
    update clock_mark set mark = clock_timestamp(), doubt = null,
        doubt_since = null, agrees_since = null, accepted = accepted + 1,
        accepted_by = p_person, accepted_at = clock_timestamp();
    perform retry_messages(array(select distinct originator from gbcs_message
        where wants_certificate));
    perform person_did(p_person, 'clock accept', was || ': ' || p_reason, p_now);
    return true;
end $$;
