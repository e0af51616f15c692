-- The hash chain over the Service Audit Trail (requirement H1).

-- An entry as it is sealed: all it says, in one way of writing.
create or replace function sat_entry_hash(e sat_entry) returns bytea
    language sql stable as $$
    select sha256(convert_to(jsonb_build_array(e.entry_no, e.at, e.kind,
        e.request_no, e.device_id, e.party, e.csp, e.person, e.code,
        e.detail)::text, 'UTF8'))
$$;

-- What the entries p_first to p_last are now.
create or replace function sat_digest(
    p_first bigint, p_last bigint, out entries bigint,
    out earliest timestamptz, out digest bytea)
    language sql stable
    set timezone = 'UTC'
as $$
    select count(*), min(e.at), sha256(coalesce(
        string_agg(sat_entry_hash(e), '' order by e.entry_no), ''))
    from sat_entry e where e.entry_no between p_first and p_last
$$;

create or replace function sat_seal_hash(s sat_seal, p_previous bytea)
    returns bytea language sql immutable as $$
    select sha256(coalesce(p_previous, '') || convert_to(concat_ws(' ',
        s.seal_no, s.first_no, s.last_no, s.entries), 'UTF8') || s.digest)
$$;

-- Sets the mark at what is written by now.
create or replace function sat_set_mark() returns void
    language sql as $$
    update sat_mark set entry_no = written.last, marked = now(),
        seen = pg_snapshot_xmax(pg_current_snapshot())
    from pg_sequence_last_value('sat_entry_entry_no_seq') as written (last)
    where written.last is not null
$$;

-- Is there a transaction of this database that began before the mark was set?
-- A snapshot knows those of all databases of the cluster, of which none but
-- ours writes the trail. Who is not among those that hold the lock of their own
-- transaction has ended, and the next statement sees what it wrote.
create or replace function sat_is_awaited(p_seen xid8) returns boolean
    language sql volatile as $$
    select pg_snapshot_xmin(pg_current_snapshot()) < p_seen
        and exists (select from pg_locks l
            left join pg_stat_activity a on a.pid = l.pid
            left join pg_prepared_xacts p on p.transaction = l.transactionid
            where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock'
            and l.granted and age(l.transactionid) > age(p_seen::xid)
            and coalesce(a.datname, p.database, current_database())
                = current_database())
$$;

-- A database that was restored into another cluster may have a mark that lies
-- ahead of all transactions there: it is set anew, and the trail says so.
create or replace function sat_mark_renew(p_now timestamptz) returns void
    language sql as $$
    insert into sat_entry (at, kind, detail) values (p_now, 'mark_renewed',
        'the transaction numbers are lower than before: the database was '
        'restored into another cluster');
    select sat_set_mark();
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
    seal.first_no := coalesce(previous.last_no, 0) + 1;
    if mark.seen > pg_snapshot_xmax(pg_current_snapshot()) then
        perform sat_mark_renew(p_now);
        return;
    end if;
    if mark.entry_no < seal.first_no then
        perform sat_set_mark() where pg_sequence_last_value(
            'sat_entry_entry_no_seq') >= seal.first_no;
        return;
    end if;
    if sat_is_awaited(mark.seen) then
        return;
    end if;
    seal.seal_no := coalesce(previous.seal_no, 0) + 1;
    seal.last_no := least(mark.entry_no, seal.first_no + p_most - 1);
    seal.sealed := p_now;
    select * into seal.entries, seal.earliest, seal.digest
    from sat_digest(seal.first_no, seal.last_no);
    seal.hash := sat_seal_hash(seal, previous.hash);
    insert into sat_seal select seal.*;
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

-- Holds the seals after p_after, at most p_most, against the trail. fault is
-- null for a good one. Entries from before p_kept may have been removed by
-- retention: of their seals the chain alone is looked at.
create or replace function check_seals(
    p_after bigint, p_most integer, p_kept timestamptz)
    returns table (seal_no bigint, first_no bigint, last_no bigint,
        entries bigint, hash bytea, is_kept boolean, fault text)
    language sql stable as $$
    with looked_at as (
        select s, lag((s).seal_no, 1, 0::bigint) over w as previous_no,
            lag((s).last_no, 1, 0::bigint) over w as previous_last,
            lag((s).hash::bytea) over w as previous_hash
        from (select s from sat_seal s where s.seal_no >= p_after
            order by s.seal_no limit p_most + 1) x
        window w as (order by (s).seal_no))
    select (s).seal_no, (s).first_no, (s).last_no, (s).entries,
        (s).hash::bytea, coalesce((s).earliest >= p_kept, true),
        case when (s).seal_no <> previous_no + 1
                or (s).first_no <> previous_last + 1
            then 'a seal is missing before it'
        when (s).hash <> sat_seal_hash(s, previous_hash)
            then 'the seal itself was changed'
        when (s).earliest < p_kept then null
        when now.entries < (s).entries then 'entries are missing'
        when now.entries > (s).entries then 'entries were added'
        when now.digest <> (s).digest then 'an entry was changed'
        end
    from looked_at left join lateral sat_digest((s).first_no, (s).last_no) now
        on (s).earliest >= p_kept or (s).entries = 0
    where (s).seal_no > p_after
    order by (s).seal_no
$$;
