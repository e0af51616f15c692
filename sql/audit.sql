-- The hash chain over the Service Audit Trail (requirement H1).

-- Nothing of the trail is changed, and nothing deleted but by sat_delete().
create or replace function sat_append_only() returns trigger
    language plpgsql as $$
begin
    if tg_op <> 'DELETE'
            or current_setting('fotad.retention', true) is distinct from 'drops'
            then
        raise exception 'the service audit trail is append-only';
    end if;
    return null;
end $$;

-- A request as it is recorded: all that is kept of it, its octets by their hash.
create or replace function sat_request_text(
    p_content bytea, p_octets integer, p_request bytea, p_image_at integer,
    p_image_id bytea, p_line_length integer, p_line_break bytea,
    p_answer bytea) returns text language sql immutable
    return jsonb_build_array(encode(p_content, 'hex'),
        p_octets, encode(sha256(p_request), 'hex'), p_image_at,
        encode(p_image_id, 'hex'), p_line_length, encode(p_line_break, 'hex'),
        encode(sha256(p_answer), 'hex'))::text;

-- What sat_entry.record is of a request.
create or replace function sat_request_hash(
    p_content bytea, p_octets integer, p_request bytea, p_image_at integer,
    p_image_id bytea, p_line_length integer, p_line_break bytea,
    p_answer bytea) returns bytea
    -- in SQL it would be planned anew for each batch of requests
    language plpgsql immutable as $$
begin
    return sha256(convert_to(sat_request_text(p_content, p_octets, p_request,
        p_image_at, p_image_id, p_line_length, p_line_break, p_answer),
        'UTF8'));
end $$;

-- The request of an entry as it is recorded; null: it is not there.
create or replace function sat_record_text(
    p_at timestamptz, p_entry_no bigint) returns text
    language plpgsql stable
    set plan_cache_mode = force_custom_plan
as $$
begin
    return (select sat_request_text(r.content, r.octets, r.request, r.image_at,
            r.image_id, r.line_length, r.line_break, r.answer)
        from sat_request r where r.at = p_at and r.entry_no = p_entry_no);
end $$;

-- Records requests with their answers, an entry each. An empty request: there
-- is no more to keep than the entry says. -1, and empty octets: none.
create or replace function record_requests(
    p_request_nos bigint[], p_parties macaddr8[], p_codes text[],
    p_details text[], p_contents bytea[], p_octets integer[],
    p_requests bytea[], p_image_ats integer[], p_image_ids bytea[],
    p_line_lengths integer[], p_line_breaks bytea[], p_answers bytea[],
    p_at timestamptz[]) returns void
    language plpgsql as $$
begin
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
    from entry e join asked a using (record);
end $$;

-- A request of the trail, for fotactl: one that was sent again is shown as it
-- was recorded the first time. No row: the entry is no request.
create or replace function sat_request_page(p_entry_no bigint)
    returns table (entry_no bigint, at timestamptz, request_id text,
        party macaddr8, code text, detail text, recorded_in bigint,
        intact boolean, octets integer, content text, image_id text,
        image_kept boolean, request bytea, image_at integer, image bytea,
        line_length integer, line_break bytea, answer bytea)
    language plpgsql stable
    set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
    part name;
    e sat_entry;
    o sat_entry;
    r sat_request;
    again sat_request;
    same bytea;
begin
    foreach part in array parts_with('sat_entry', format(
            'entry_no = %s and kind = %L', p_entry_no, 'request')) loop
        execute format('select (p::sat_entry).* from %I p'
            ' where entry_no = $1', part) into e using p_entry_no;
    end loop;
    if e.entry_no is null then
        return;
    end if;
    if e.record is not null then
        select * into r from sat_request x
        where x.at = e.at and x.entry_no = e.entry_no;
    else
        same := decode(substring(e.detail
            from 'the same again, content ([0-9a-f]{64})'), 'hex');
        foreach part in array parts_with('sat_request',
                format('content = %L', same)) loop
            execute format('select (p::sat_request).* from %I p'
                ' where content = $1 order by entry_no limit 1', part)
            into again using same;
            if r.entry_no is null or again.entry_no < r.entry_no then
                r := again;
            end if;
        end loop;
    end if;
    select * into o from sat_entry x
    where x.at = r.at and x.entry_no = r.entry_no;
    return query
    select e.entry_no, e.at, (select request_id_text(s.originator, s.target,
                s.counter) from service_request s
            where s.request_no = e.request_no),
        e.party, e.code, e.detail, r.entry_no,
        case when o.entry_no is not null then coalesce(sha256(convert_to(
            sat_record_text(o.at, o.entry_no), 'UTF8')) = o.record, false) end,
        r.octets, upper(encode(r.content, 'hex')),
        upper(encode(r.image_id, 'hex')),
        case when r.image_at is not null then i.octets is not null end,
        r.request, r.image_at, i.octets, r.line_length, r.line_break, r.answer
    from (select 1) one
    left join firmware_image i on i.image_id = r.image_id;
end $$;

-- The parts of the trail from p_from to before p_to (null: no limit), one after
-- the other: days, and what lies between them in the partition for the rest.
create or replace function sat_parts(p_from timestamptz, p_to timestamptz)
    returns table (part name, low timestamptz, high timestamptz)
    language sql stable
begin atomic
    with day as (
        select name, low, high, lead(low, 1, 'infinity') over (order by low)
            as next
        from partitions_of('sat_entry')
    ), part (name, low, high) as (
        select name, low, high from day
        union all
        select 'sat_entry_rest', high, next from day where high < next
        union all
        select 'sat_entry_rest', '-infinity',
            coalesce((select min(low) from day), 'infinity')
    )
    select name, greatest(low, coalesce(p_from, '-infinity')),
        least(high, coalesce(p_to, 'infinity'))
    from part
    where low < coalesce(p_to, 'infinity')
        and high > coalesce(p_from, '-infinity')
    order by low;
end;

-- The entries of such a part, in their order. One that retention has dropped
-- meanwhile has none.
create or replace function sat_part(
    p_part name, p_low timestamptz, p_high timestamptz)
    returns setof sat_entry language plpgsql stable as $$
begin
    return query execute format('select (p::sat_entry).* from %I p'
        ' where at >= $1 and at < $2 order by entry_no', p_part)
    using p_low, p_high;
exception when undefined_table then
    return;
end $$;

-- Those of which the condition holds; the locks on the partition go with it, as
-- in parts_with().
create or replace function sat_part_found(
    p_part name, p_condition text, p_low timestamptz, p_high timestamptz)
    returns setof sat_entry language plpgsql stable as $$
declare
    found sat_entry[];
begin
    begin
        execute format('select array_agg(p::sat_entry order by entry_no)'
            ' from %I p where at >= $1 and at < $2 and (%s)', p_part,
            p_condition) into found using p_low, p_high;
        raise sqlstate 'FD000';
    exception
        when sqlstate 'FD000' then
            null;
        when undefined_table then -- retention dropped it
            found := null;
    end;
    return query select * from unnest(found);
end $$;

-- Entries of which the condition holds, of these times (null: no limit), in the
-- order of their days.
create or replace function sat_found(
    p_condition text, p_from timestamptz, p_to timestamptz)
    returns setof sat_entry language plpgsql stable as $$
declare
    part record;
begin
    for part in select * from sat_parts(p_from, p_to) loop
        return query select * from sat_part_found(part.part, p_condition,
            part.low, part.high);
    end loop;
end $$;

-- What entries are now: of each partition those that the condition after it
-- names. An entry is hashed as all it says, in one way of writing
-- (src/trail/trail.h).
create or replace function sat_digest_of(
    p_parts name[], p_conditions text[], out entries bigint,
    out earliest timestamptz, out latest timestamptz, out digest bytea)
    language plpgsql stable
    set timezone = 'UTC'
as $$
declare
    rows text;
begin
    -- not one array joined to another: that takes as long again
    select string_agg(format('select entry_no, at, sha256(convert_to('
        'case when record is null then jsonb_build_array(%1$s)::text'
        ' else jsonb_build_array(%1$s, encode(record, ''hex''))::text end,'
        ' ''UTF8'')) as hash from %2$I where %3$s', 'entry_no, at, kind,'
        ' request_no, device_id, party, csp, person, code, detail', part,
        condition), ' union all ')
    into rows from unnest(p_parts, p_conditions) as u (part, condition);
    execute format('select count(*), min(at), max(at), sha256(coalesce('
        'string_agg(hash, %1$L order by entry_no), %1$L)) from (%2$s) x', '',
        coalesce(rows, 'select 0 as entry_no, now() as at, null::bytea as hash'
        ' where false'))
    into entries, earliest, latest, digest;
end $$;

-- The same of the entries p_first to p_last, as far as they are of these times.
create or replace function sat_digest(
    p_first bigint, p_last bigint, p_low timestamptz default '-infinity',
    p_high timestamptz default 'infinity', out entries bigint,
    out earliest timestamptz, out latest timestamptz, out digest bytea)
    language plpgsql stable as $$
declare
    condition text := format('entry_no between %s and %s', p_first, p_last);
    parts name[] := '{sat_entry}';
begin
    -- of a few days at once, of more those that have them
    if p_low > '-infinity' and p_high < p_low + interval '30 days' then
        condition := condition || format(' and at between %L and %L', p_low,
            p_high);
    else
        parts := parts_with('sat_entry', condition, p_low, p_high);
    end if;
    select d.entries, d.earliest, d.latest, d.digest
    into entries, earliest, latest, digest
    from sat_digest_of(parts, array_fill(condition,
        array[cardinality(parts)])) d;
end $$;

-- The hash of a seal: all that it says. Form 1 left out its times.
create or replace function sat_seal_hash(s sat_seal, p_previous bytea)
    returns bytea language sql stable
    set timezone = 'UTC'
    set intervalstyle = 'iso_8601'
as $$
    select sha256(coalesce(p_previous, '') || convert_to(case s.form
        when 1 then concat_ws(' ', s.seal_no, s.first_no, s.last_no, s.entries)
        else (jsonb_build_array(s.form, s.seal_no, s.first_no, s.last_no,
            s.entries, s.earliest, s.latest, s.sealed, s.dropped_before,
            s.retention, s.dropped_by, encode(s.earlier, 'hex'))
            || case s.form when 2 then '[]'
                else jsonb_build_array(s.running, s.dropped_up_to) end)::text
        end, 'UTF8') || s.digest)
$$;

-- What the seals of forms before p_form do not have under their hashes and
-- verification goes by: times before form 2, running before form 3.
create or replace function sat_earlier(p_form smallint) returns bytea
    language sql stable
    set timezone = 'UTC'
as $$
    select sha256(convert_to(string_agg(concat_ws(' ', seal_no,
        case form when 1 then coalesce(earliest, 'infinity') end,
        case form when 1 then sealed end,
        case when p_form > 2 then running end), ',' order by seal_no), 'UTF8'))
    from sat_seal where form < p_form
$$;

-- After the day that a seal of form 1 was made it has no entry.
create or replace function sat_latest(s sat_seal) returns timestamptz
    language sql stable
    return coalesce(s.latest, s.sealed + interval '24 hours');

-- What stays of the seals that retention took a part of by its time, which
-- earlier releases did, as of the seal p_up_to, null: now; what p_dropped and
-- entries before it are is all gone.
create or replace function sat_stayed(
    p_before timestamptz, p_dropped bigint, p_up_to bigint,
    out entries bigint, out digest bytea)
    language plpgsql stable as $$
declare
    seal sat_seal;
    condition text;
    of_seal name[];
    parts name[] := '{}';
    conditions text[] := '{}';
begin
    for seal in
        select (d.s).* from (
            select s, greatest(p_before, max((s).dropped_before) over later)
                as before
            from sat_seal s where s.seal_no <= p_up_to or p_up_to is null
            window later as (order by s.seal_no
                rows between 1 following and unbounded following)) d
        where (d.s).earliest < d.before and sat_latest(d.s) >= d.before
            and ((d.s).last_no > p_dropped or p_dropped is null)
    loop
        condition := format('entry_no between %s and %s', seal.first_no,
            seal.last_no);
        of_seal := parts_with('sat_entry', condition);
        parts := parts || of_seal;
        conditions := conditions || array_fill(condition,
            array[cardinality(of_seal)]);
    end loop;
    select d.entries, d.digest into entries, digest
    from sat_digest_of(parts, conditions) d;
end $$;

-- Adds a seal to the chain, behind the one that is the last.
create or replace function sat_add_seal(p_seal sat_seal) returns sat_seal
    language plpgsql as $$
declare
    previous sat_seal;
    seal sat_seal := p_seal;
begin
    select * into previous from sat_seal order by seal_no desc limit 1;
    seal.form := 3;
    seal.running := kept_from('0');
    seal.seal_no := coalesce(previous.seal_no, 0) + 1;
    seal.first_no := coalesce(previous.last_no, 0) + 1;
    seal.last_no := coalesce(seal.last_no, seal.first_no - 1);
    if previous.form < seal.form then
        seal.earlier := sat_earlier(seal.form);
    end if;
    seal.hash := sat_seal_hash(seal, previous.hash);
    insert into sat_seal select seal.*;
    update sat_mark set seal_no = seal.seal_no;
    return seal;
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

-- The seals of form 1 as they are, and what retention had taken of them.
create or replace function sat_take_over(p_now timestamptz) returns sat_seal
    language plpgsql as $$
declare
    seal sat_seal;
begin
    seal.dropped_before := sat_earliest(p_now);
    seal.dropped_by := 'an earlier release, before its seals said so';
    seal.sealed := p_now;
    select entries, digest into seal.entries, seal.digest
    from sat_stayed(seal.dropped_before, null, null);
    return sat_add_seal(seal);
end $$;

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
    from sat_digest(seal.first_no, seal.last_no, p_now - interval '2 days',
        p_now + interval '2 days');
    -- a number was not used, or its entry is of another time
    if seal.entries <= seal.last_no - seal.first_no then
        select entries, earliest, latest, digest
        into seal.entries, seal.earliest, seal.latest, seal.digest
        from sat_digest(seal.first_no, seal.last_no);
    end if;
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

-- ---- verification: src/trail ----

-- All that a seal says, and its hash.
create or replace function sat_seal_text(s sat_seal) returns text
    language sql stable
    set timezone = 'UTC'
    set intervalstyle = 'iso_8601'
as $$
    select jsonb_build_array(s.form, s.seal_no, s.first_no, s.last_no,
        s.entries, s.earliest, s.latest, s.sealed, s.dropped_before,
        s.retention, s.dropped_by, encode(s.earlier, 'hex'), s.running,
        s.dropped_up_to, encode(s.digest, 'hex'), encode(s.hash, 'hex'))::text
$$;

-- ---- anchors ----

-- The seals that no file has yet, at most p_most; the first time the last one
-- alone, for the chain holds what is before it, and so when the mark is beyond
-- the last seal. Nobody else anchors or seals until the transaction ends.
create or replace function sat_anchors_due(p_most integer)
    returns table (seal_no bigint, first_no bigint, last_no bigint,
        entries bigint, sealed timestamptz, hash bytea)
    language plpgsql security definer
    set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
    mark sat_mark;
    last constant bigint := (select max(seal_no) from sat_seal);
begin
    select * into mark from sat_mark for update skip locked;
    if found then
        return query
        select s.seal_no, s.first_no, s.last_no, s.entries, s.sealed,
            s.hash::bytea
        from sat_seal s
        where s.seal_no > case when mark.anchored <= last then mark.anchored
            else last - 1 end
        order by s.seal_no limit p_most;
    end if;
end $$;

-- The file has them, up to this seal.
create or replace function sat_anchors_made(p_up_to bigint) returns void
    language sql security definer
    set search_path = public, pg_temp
begin atomic
    update sat_mark set anchored = p_up_to;
end;
