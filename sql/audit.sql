-- The hash chain over the Service Audit Trail (requirement H1).

-- An entry as it is sealed: all it says, in one way of writing.
create or replace function sat_entry_hash(e sat_entry) returns bytea
    language sql stable as $$
    select sha256(convert_to((jsonb_build_array(e.entry_no, e.at, e.kind,
        e.request_no, e.device_id, e.party, e.csp, e.person, e.code,
        e.detail) || case when e.record is null then '[]'
            else jsonb_build_array(encode(e.record, 'hex')) end)::text, 'UTF8'))
$$;

-- What sat_entry.record is of a request.
create or replace function sat_request_hash(
    p_content bytea, p_octets integer, p_request bytea, p_image_at integer,
    p_image_id bytea, p_line_length integer, p_line_break bytea,
    p_answer bytea) returns bytea language sql immutable
    return sha256(convert_to(jsonb_build_array(encode(p_content, 'hex'),
        p_octets, encode(sha256(p_request), 'hex'), p_image_at,
        encode(p_image_id, 'hex'), p_line_length, encode(p_line_break, 'hex'),
        encode(sha256(p_answer), 'hex'))::text, 'UTF8'));

-- Does the request of this entry stand as it was recorded?
create or replace function sat_has_record(e sat_entry) returns boolean
    language sql stable as $$
    select exists (select from sat_request r
        where r.at = e.at and r.entry_no = e.entry_no
            and sat_request_hash(r.content, r.octets, r.request, r.image_at,
                r.image_id, r.line_length, r.line_break, r.answer) = e.record)
$$;

-- Records requests with their answers, an entry each. An empty request: there
-- is no more to keep than the entry says. -1, and empty octets: none.
create or replace function record_requests(
    p_request_nos bigint[], p_parties macaddr8[], p_codes text[],
    p_details text[], p_contents bytea[], p_octets integer[],
    p_requests bytea[], p_image_ats integer[], p_image_ids bytea[],
    p_line_lengths integer[], p_line_breaks bytea[], p_answers bytea[],
    p_at timestamptz[]) returns void
    language sql as $$
    with asked as materialized (
        select a.*, case when a.request is not null then sat_request_hash(
            a.content, a.octets, a.request, a.image_at, a.image_id,
            a.line_length, a.line_break, a.answer) end as record
        from (select ordinal, nullif(request_no, 0) as request_no,
                nullif(party, '00:00:00:00:00:00:00:00') as party,
                nullif(code, '') as code, detail, content, octets,
                nullif(request, '') as request,
                nullif(image_at, -1) as image_at,
                nullif(image_id, '') as image_id,
                nullif(line_length, -1) as line_length,
                nullif(line_break, '') as line_break,
                nullif(answer, '') as answer, at
            from unnest(p_request_nos, p_parties, p_codes, p_details,
                p_contents, p_octets, p_requests, p_image_ats, p_image_ids,
                p_line_lengths, p_line_breaks, p_answers, p_at)
                with ordinality as u (request_no, party, code, detail, content,
                octets, request, image_at, image_id, line_length, line_break,
                answer, at, ordinal)) a
    ), entry as (
        insert into sat_entry (at, kind, request_no, party, code, detail,
            record)
        select at, 'request', request_no, party, code, detail, record
        from asked order by ordinal
        returning entry_no, record
    )
    insert into sat_request (entry_no, at, content, octets, request, image_at,
        image_id, line_length, line_break, answer)
    select e.entry_no, a.at, a.content, a.octets, a.request, a.image_at,
        a.image_id, a.line_length, a.line_break, a.answer
    from entry e join asked a using (record)
$$;

-- A request of the trail, for fotactl: one that was sent again is shown as it
-- was recorded the first time. No row: the entry is no request.
create or replace function sat_request_page(p_entry_no bigint)
    returns table (entry_no bigint, at timestamptz, request_id text,
        party macaddr8, code text, detail text, recorded_in bigint,
        intact boolean, octets integer, content text, image_id text,
        image_kept boolean, request bytea, image_at integer, image bytea,
        line_length integer, line_break bytea, answer bytea)
    language sql stable as $$
    select e.entry_no, e.at, request_id_text(s.originator, s.target, s.counter),
        e.party, e.code, e.detail, r.entry_no,
        (select bool_and(sat_has_record(o)) from sat_entry o
            where o.entry_no = r.entry_no and o.at = r.at),
        r.octets, upper(encode(r.content, 'hex')),
        upper(encode(r.image_id, 'hex')),
        case when r.image_at is not null then i.octets is not null end,
        r.request, r.image_at, i.octets, r.line_length, r.line_break, r.answer
    from sat_entry e
    left join service_request s on s.request_no = e.request_no
    left join lateral (
        select * from sat_request x
        where e.record is not null and x.entry_no = e.entry_no and x.at = e.at
            or e.record is null and x.content = decode(substring(e.detail
                from 'the same again, content ([0-9a-f]{64})'), 'hex')
        order by x.entry_no limit 1) r on true
    left join firmware_image i on i.image_id = r.image_id
    where e.entry_no = p_entry_no and e.kind = 'request'
$$;

-- What the entries p_first to p_last are now. without_record: those whose
-- request is not there as it was.
create or replace function sat_digest(
    p_first bigint, p_last bigint, out entries bigint,
    out earliest timestamptz, out latest timestamptz, out digest bytea,
    out without_record bigint)
    language sql stable
    set timezone = 'UTC'
as $$
    select count(*), min(e.at), max(e.at), sha256(coalesce(
        string_agg(sat_entry_hash(e), '' order by e.entry_no), '')),
        count(*) filter (where e.record is not null and not sat_has_record(e))
    from sat_entry e where e.entry_no between p_first and p_last
$$;

-- The hash of a seal: all that it says. Form 1 left out its times.
create or replace function sat_seal_hash(s sat_seal, p_previous bytea)
    returns bytea language sql stable
    set timezone = 'UTC'
    set intervalstyle = 'iso_8601'
as $$
    select sha256(coalesce(p_previous, '') || convert_to(case s.form
        when 1 then concat_ws(' ', s.seal_no, s.first_no, s.last_no, s.entries)
        else jsonb_build_array(s.form, s.seal_no, s.first_no, s.last_no,
            s.entries, s.earliest, s.latest, s.sealed, s.dropped_before,
            s.retention, s.dropped_by, encode(s.earlier, 'hex'))::text
        end, 'UTF8') || s.digest)
$$;

-- The times of the seals of form 1, which their hashes do not have.
create or replace function sat_earlier_times() returns bytea
    language sql stable
    set timezone = 'UTC'
as $$
    select sha256(convert_to(string_agg(concat_ws(' ', seal_no,
        coalesce(earliest, 'infinity'), sealed), ',' order by seal_no), 'UTF8'))
    from sat_seal where form = 1
$$;

-- After the day that a seal of form 1 was made it has no entry.
create or replace function sat_latest(s sat_seal) returns timestamptz
    language sql stable
    return coalesce(s.latest, s.sealed + interval '24 hours');

-- What stays of the seals that retention took a part of, when it drops what is
-- from before p_before, or as of the seal p_up_to, null: all of them.
create or replace function sat_stayed(
    p_before timestamptz, p_up_to bigint, out entries bigint, out digest bytea,
    out without_record bigint)
    language sql stable
    set timezone = 'UTC'
as $$
    with dropped as (
        select s, greatest(p_before, max((s).dropped_before) over later)
            as before
        from sat_seal s where s.seal_no <= p_up_to or p_up_to is null
        window later as (order by s.seal_no
            rows between 1 following and unbounded following))
    select count(*), sha256(coalesce(
        string_agg(sat_entry_hash(e), '' order by e.entry_no), '')),
        count(*) filter (where e.record is not null and not sat_has_record(e))
    from dropped d
    join sat_entry e on e.entry_no between (d.s).first_no and (d.s).last_no
    where (d.s).earliest < d.before and sat_latest(d.s) >= d.before
$$;

-- Adds a seal to the chain, behind the one that is the last.
create or replace function sat_add_seal(p_seal sat_seal) returns sat_seal
    language plpgsql as $$
declare
    previous sat_seal;
    seal sat_seal := p_seal;
begin
    select * into previous from sat_seal order by seal_no desc limit 1;
    seal.form := 2;
    seal.seal_no := coalesce(previous.seal_no, 0) + 1;
    seal.first_no := coalesce(previous.last_no, 0) + 1;
    seal.last_no := coalesce(seal.last_no, seal.first_no - 1);
    seal.hash := sat_seal_hash(seal, previous.hash);
    insert into sat_seal select seal.*;
    update sat_mark set seal_no = seal.seal_no;
    return seal;
end $$;

-- A seal that says that all entries from before a time were dropped.
create or replace function sat_seal_drop(
    p_before timestamptz, p_keep interval, p_by text, p_earlier bytea,
    p_now timestamptz) returns sat_seal
    language plpgsql as $$
declare
    seal sat_seal;
begin
    seal.dropped_before := p_before;
    seal.retention := p_keep;
    seal.dropped_by := p_by;
    seal.earlier := p_earlier;
    seal.sealed := p_now;
    select entries, digest into seal.entries, seal.digest
    from sat_stayed(p_before, null);
    return sat_add_seal(seal);
end $$;

-- The earliest entry that is there, or p_now.
create or replace function sat_earliest(p_now timestamptz) returns timestamptz
    language plpgsql as $$
declare
    day name;
    first timestamptz := (select min(at) from sat_entry_rest);
    of_day timestamptz;
begin
    for day in select p.name from partitions_of('sat_entry') p order by p.low
    loop
        execute format('select min(at) from %I', day) into of_day;
        exit when of_day is not null;
    end loop;
    return coalesce(least(first, of_day), p_now);
end $$;

-- The seals of form 1 as they are: their times, and what retention had taken.
create or replace function sat_take_over(p_now timestamptz) returns sat_seal
    language sql
    return sat_seal_drop(sat_earliest(p_now), null,
        'an earlier release, before its seals said so', sat_earlier_times(),
        p_now);

-- Sets the mark at the last number by now, and notes who may have taken it or one
-- before it and not ended yet: a writer has the table's lock before it takes a
-- number, and until its end. In this order, for who begins after the first does
-- not matter.
create or replace function sat_set_mark(p_first_no bigint) returns void
    language plpgsql as $$
declare
    last constant bigint :=
        pg_sequence_last_value('sat_entry_entry_no_seq');
begin
    if last >= p_first_no then
        update sat_mark set entry_no = last, marked = now(), writers = array(
            select distinct virtualtransaction from pg_locks
            where locktype = 'relation' and relation = 'sat_entry'::regclass
                and database = (select oid from pg_database
                    where datname = current_database())
                and mode = 'RowExclusiveLock');
    end if;
end $$;

-- Is one of these writers still there? A prepared transaction (-1) was one of
-- another name.
create or replace function sat_is_awaited(p_writers text[]) returns boolean
    language sql volatile as $$
    select exists (select from pg_locks
        where locktype = 'virtualxid' and virtualxid = any (p_writers)
            or locktype = 'relation' and relation = 'sat_entry'::regclass
                and virtualtransaction like '-1/%')
$$;

-- Seals at most p_most entry numbers that are final. No row: nothing to do now,
-- or another fotad is at it. With the owner's rights, for nobody else writes
-- seals and mark.
create or replace function seal_trail(
    p_now timestamptz, p_most integer, out sealed_no bigint,
    out sealed_entries bigint, out sealed_hash bytea)
    returns setof record language plpgsql security definer
    set search_path = public, pg_temp
as $$
declare
    mark sat_mark;
    previous sat_seal;
    seal sat_seal;
begin
    select * into mark from sat_mark for update skip locked;
    if not found then
        return;
    end if;
    select * into previous from sat_seal order by seal_no desc limit 1;
    if previous.form = 1 then
        seal := sat_take_over(p_now);
        return query select seal.seal_no, seal.entries, seal.hash::bytea;
        return;
    end if;
    seal.first_no := coalesce(previous.last_no, 0) + 1;
    if mark.entry_no < seal.first_no then
        perform sat_set_mark(seal.first_no);
        return;
    end if;
    if sat_is_awaited(mark.writers) then
        return;
    end if;
    seal.last_no := least(mark.entry_no, seal.first_no + p_most - 1);
    seal.sealed := p_now;
    select entries, earliest, latest, digest
    into seal.entries, seal.earliest, seal.latest, seal.digest
    from sat_digest(seal.first_no, seal.last_no);
    seal := sat_add_seal(seal);
    return query select seal.seal_no, seal.entries, seal.hash::bytea;
end $$;

-- For how many seconds what was marked has waited for its seal; 0: nothing
-- waits.
create or replace function sat_unsealed_for() returns bigint
    language sql stable
begin atomic
    select coalesce(max(extract(epoch from now() - m.marked)::bigint), 0)
    from sat_mark m
    where m.entry_no > coalesce((select max(last_no) from sat_seal), 0);
end;

-- ---- retention ----

-- What is dropped next of what is from before p_last: a day, or at most p_most
-- rows that lie in no day; null: nothing. The oldest first, so that a seal can
-- say of a time that all before it is gone.
create or replace function sat_oldest(
    p_last timestamptz, p_most integer, out day name, out before timestamptz)
    language plpgsql stable as $$
declare
    oldest record;
    first timestamptz := (select min(at) from sat_entry_rest where at < p_last);
begin
    select * into oldest from partitions_of('sat_entry') order by low limit 1;
    if first < coalesce(oldest.low, 'infinity') then
        before := least(p_last, oldest.low);
        before := least(before, (select greatest(e.at, first + interval '1 us')
            from sat_entry_rest e where e.at < before
            order by e.at offset p_most limit 1));
    elsif oldest.high <= p_last then
        day := oldest.name;
        before := oldest.high;
    end if;
end $$;

create or replace function sat_drop_requests(p_before timestamptz)
    returns void language plpgsql as $$
declare
    day name;
begin
    for day in select p.name from partitions_of('sat_request') p
            where p.high <= p_before loop
        execute format('drop table %I', day);
    end loop;
    delete from sat_request_rest where at < p_before;
end $$;

-- Drops the oldest entries that are older than p_keep, a day or p_most rows,
-- with their requests, and seals that they were. Never what is not sealed yet,
-- nor what sat_guard keeps. Outcomes: dropped, busy, none.
create or replace function sat_drop(
    p_keep interval, p_by text, p_now timestamptz, p_most integer,
    out outcome text, out dropped_before timestamptz, out sealed_no bigint,
    out sealed_hash bytea)
    language plpgsql security definer
    set search_path = public, pg_temp
    set lock_timeout = '200ms'
    set timezone = 'UTC'
as $$
declare
    last timestamptz := (select least(p_now - p_keep, now() - keep)
        from sat_guard);
    oldest record;
    previous sat_seal;
    seal sat_seal;
begin
    outcome := 'none';
    select * into oldest from sat_oldest(last, p_most);
    if oldest.before is null then
        return;
    end if;
    outcome := 'busy';
    perform from sat_mark for update;
    select * into previous from sat_seal order by seal_no desc limit 1;
    if previous.form is distinct from 2 or exists (select from sat_entry
            where at < oldest.before and entry_no > previous.last_no) then
        return;
    end if;
    if oldest.day is null then
        delete from sat_entry_rest where at < oldest.before;
    else
        execute format('drop table if exists %I', oldest.day);
    end if;
    perform sat_drop_requests(oldest.before);
    seal := sat_seal_drop(oldest.before, p_keep,
        concat_ws(' ', session_user, p_by), null, p_now);
    select 'dropped', seal.dropped_before, seal.seal_no, seal.hash
    into outcome, dropped_before, sealed_no, sealed_hash;
exception when lock_not_available or deadlock_detected then
    outcome := 'busy';
end $$;

-- ---- verification ----

-- What is wrong with a seal itself, or null.
create or replace function sat_chain_fault(
    s sat_seal, p_previous sat_seal) returns text
    language sql stable
    return case
        when s.seal_no <> coalesce(p_previous.seal_no, 0) + 1
                or s.first_no <> coalesce(p_previous.last_no, 0) + 1
            then 'a seal is missing before it'
        when s.hash <> sat_seal_hash(s, p_previous.hash)
                or s.form < p_previous.form
            then 'the seal itself was changed'
        when s.dropped_before > s.sealed - s.retention
            then 'younger entries were dropped than its retention allows'
        when s.dropped_before is not null and s.retention is null
                and p_previous.form is distinct from 1
            then 'it says that entries were dropped, but not by which retention'
        when s.earlier <> sat_earlier_times()
            then 'the times of the seals before it were changed'
    end;

-- What is wrong with the entries of a seal, or null; all from before p_dropped
-- were dropped. What stayed of a part is under the last seal that says what was
-- dropped.
create or replace function sat_entries_fault(
    s sat_seal, p_dropped timestamptz, p_is_last_drop boolean) returns text
    language plpgsql stable as $$
declare
    now record;
begin
    if s.dropped_before is not null and p_is_last_drop then
        select entries, digest, without_record, null::timestamptz as earliest,
            null::timestamptz as latest
        into now from sat_stayed(s.dropped_before, s.seal_no);
    elsif s.dropped_before is not null
            or s.earliest < p_dropped and sat_latest(s) >= p_dropped then
        return null;
    else
        select * into now from sat_digest(s.first_no, s.last_no);
    end if;
    return case
        when s.earliest < p_dropped and now.entries > 0
            then 'entries were added'
        when s.earliest < p_dropped then null
        when now.entries < s.entries then 'entries are missing'
        when now.entries > s.entries then 'entries were added'
        when now.digest <> s.digest then 'an entry was changed'
        when s.form > 1 and (now.earliest, now.latest)
            is distinct from (s.earliest, s.latest)
            then 'its times are not those of its entries'
        when now.without_record > 0 then 'a request is missing or was changed'
    end;
end $$;

-- Holds the seals after p_after, at most p_most, against the trail; nothing but
-- the chain says what may be missing. fault is null for a good one; is_kept:
-- nothing of its entries was dropped.
create or replace function check_seals(p_after bigint, p_most integer)
    returns table (seal_no bigint, first_no bigint, last_no bigint,
        entries bigint, hash bytea, is_kept boolean, fault text,
        dropped_before timestamptz, retention interval, dropped_by text)
    language sql stable as $$
    with batch as (
        select s from sat_seal s where s.seal_no >= p_after
        order by s.seal_no limit p_most + 1
    ), later as (
        select max(dropped_before) as before, max(seal_no) as last_drop
        from sat_seal
        where dropped_before is not null
            and seal_no > (select max((s).seal_no) from batch)
    ), looked_at as (
        select s, lag(s) over w as previous,
            greatest(l.before, max((s).dropped_before) over (w
                rows between 1 following and unbounded following)) as dropped,
            l.last_drop is null and (s).dropped_before is not null
                and max((s).dropped_before) over (w rows between 1 following
                    and unbounded following) is null as is_last_drop
        from batch cross join later l
        window w as (order by (s).seal_no))
    select (s).seal_no, (s).first_no, (s).last_no,
        case when (s).dropped_before is null then (s).entries else 0 end,
        (s).hash::bytea, coalesce((s).earliest >= dropped, true),
        coalesce(sat_chain_fault(s, previous),
            sat_entries_fault(s, dropped, is_last_drop)),
        (s).dropped_before, (s).retention, (s).dropped_by
    from looked_at
    where (s).seal_no > p_after
    order by (s).seal_no
$$;
