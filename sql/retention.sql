-- What is kept for how long (requirement C4, H1): by running time, so that a
-- clock that is wrong deletes nothing young and keeps nothing old for ever.

-- ---- rows, at most p_most ----

-- Of the history what lies in no week, and what holds up its week: younger rows
-- came into it, by a clock that was wrong.
create or replace function clean_history(p_keep interval, p_most integer)
    returns bigint language plpgsql security definer
    set search_path = public, pg_temp
as $$
declare
    kept constant bigint := kept_from(p_keep);
    gone bigint;
    more bigint;
begin
    delete from tracking_history_rest where ctid = any (array(
        select ctid from tracking_history_rest where inserted < kept
        limit p_most for update skip locked));
    get diagnostics gone = row_count;
    delete from tracking_history h using (
        select tableoid as part, ctid as place from tracking_history
        where inserted < kept - 14 * 86400
        limit p_most for update skip locked) late
    where h.tableoid = late.part and h.ctid = late.place;
    get diagnostics more = row_count;
    return greatest(gone, more);
end $$;

-- Identifiers of reports and notifications, and messages of devices: without
-- effect once the update they speak of is not on record any more. What a device
-- said stays with the trail, but for what was not found genuine, of which a
-- stranger could bring any amount.
create or replace function clean_messages(p_keep interval, p_most integer)
    returns bigint language plpgsql as $$
declare
    kept constant bigint := kept_from(p_keep);
    gone bigint;
    more bigint;
begin
    delete from csp_message where ctid = any (array(
        select ctid from csp_message where inserted < kept
        limit p_most for update skip locked));
    get diagnostics gone = row_count;
    with old as (
        delete from gbcs_message where ctid = any (array(
            select ctid from gbcs_message
            where inserted < kept and state <> 'waiting'
            limit p_most for update skip locked))
        returning csp, message_id, received, recipient, payload, state
    ), stays as (
        insert into sat_message (csp, message_id, received, recipient, payload)
        select csp, message_id, received, recipient, payload from old
        where state in ('done', 'unknown')
    )
    select count(*) into more from old;
    delete from contested_alert where ctid = any (array(
        select ctid from contested_alert where inserted < kept
        limit p_most for update skip locked));
    return greatest(gone, more);
end $$;

-- The octets of old answers, of at most p_most requests: that many if there may
-- be more. The row stays: a RequestID is used for ever. The same request after
-- this finds its RequestID used, without its answer.
create or replace function clean_answers(p_keep interval, p_most integer)
    returns bigint language plpgsql as $$
declare
    kept constant bigint := kept_from(p_keep);
    done constant bigint := (select answers_to from housekeeping);
    next bigint[];
    up_to bigint;
    gone bigint;
begin
    select array_agg(request_no order by request_no) into next
    from (select request_no, bool_and(inserted < kept) over (
                order by request_no) as old
        from (select request_no, inserted from service_request
            where request_no > done order by request_no limit p_most) x) x
    where old;
    update service_request set response = null
    where request_no = any (array(
        select request_no from service_request
        where request_no = any (next) and response is not null
        for update skip locked));
    get diagnostics gone = row_count;
    -- not over what others have locked
    select max(n) into up_to from unnest(next) as n
    where n < all (select request_no from service_request
        where request_no = any (next) and response is not null);
    update housekeeping set answers_to = up_to where answers_to < up_to;
    return case when up_to = next[p_most] then p_most else gone end;
end $$;

-- Jobs whose devices are not on record any more.
create or replace function clean_jobs(p_keep interval, p_most integer)
    returns bigint language plpgsql as $$
declare
    kept constant bigint := kept_from(p_keep);
    gone bigint;
begin
    delete from csp_job where job_no = any (array(
        select job_no from csp_job j
        where ended is not null and inserted < kept
            and not exists (select from tracking t
                where t.request_no = j.request_no)
            and (j.requests = 1 or not exists (
                select from csp_job_gathered c
                join tracking t using (request_no)
                where c.job_no = j.job_no))
        order by job_no limit p_most for update skip locked));
    get diagnostics gone = row_count;
    return gone;
end $$;

create or replace function image_wanted(p_image_id bytea) returns boolean
    language sql stable
begin atomic
    select exists (select from service_request
            where image_id = p_image_id
                and request_no > (select answers_to from housekeeping))
        or exists (select from service_request r
            join csp_job j on j.request_no = r.request_no
            where r.image_id = p_image_id and j.state = 'waiting')
        or exists (select from service_request r
            join distribution d on d.request_no = r.request_no
            where r.image_id = p_image_id and d.unassigned > 0);
end;

-- Images that no request wants whose answer is kept, and no job waits for.
-- Locked first and looked at again, for a request that finds its image stored
-- holds a lock on it (take_updates).
create or replace function clean_images(p_most integer) returns bigint
    language plpgsql as $$
declare
    ids bytea[];
    gone bigint;
begin
    select array_agg(image_id) into ids from (
        select image_id from firmware_image i
        where not image_wanted(image_id)
        limit p_most for update skip locked) x;
    ids := array(select id from unnest(ids) id where not image_wanted(id));
    delete from csp_image where image_id = any (ids);
    delete from firmware_image where image_id = any (ids);
    get diagnostics gone = row_count;
    return gone;
end $$;

-- Counts of messages of requests whose answer is not kept any more.
create or replace function clean_alert_counts(p_most integer) returns bigint
    language plpgsql as $$
declare
    gone bigint;
begin
    delete from alert_count where ctid = any (array(
        select ctid from alert_count
        where request_no <= (select answers_to from housekeeping)
        order by request_no limit p_most for update skip locked));
    get diagnostics gone = row_count;
    return gone;
end $$;

-- What requests asked for, once no threshold counts it any more.
create or replace function clean_volumes(p_keep interval, p_most integer)
    returns bigint language plpgsql as $$
declare
    kept constant bigint := kept_from(p_keep);
    gone bigint;
begin
    delete from request_volume where ctid = any (array(
        select ctid from request_volume v
        where inserted < kept and not exists (select from volume_threshold t
            where t.user_id in (v.user_id, all_users())
                and t.service_reference_variant = v.service_reference_variant
                and coalesce(t.counted_from, '-infinity') < v.at)
        limit p_most for update skip locked));
    get diagnostics gone = row_count;
    return gone;
end $$;

-- The octets of requests that were held. The row stays: it says who decided.
create or replace function clean_holds(p_keep interval, p_most integer)
    returns bigint language plpgsql as $$
declare
    kept constant bigint := kept_from(p_keep);
    gone bigint;
begin
    update held_request set body = null where hold_no = any (array(
        select hold_no from held_request
        where ended is not null and body is not null and inserted < kept
        order by hold_no limit p_most for update skip locked));
    get diagnostics gone = row_count;
    return gone;
end $$;

-- Messages that Users confirmed: after this they cannot be told again.
create or replace function clean_confirmed(p_keep interval, p_most integer)
    returns bigint language plpgsql as $$
declare
    kept constant bigint := kept_from(p_keep);
    gone bigint;
begin
    delete from alert_confirmed where ctid = any (array(
        select ctid from alert_confirmed where inserted < kept
        limit p_most));
    get diagnostics gone = row_count;
    return gone;
end $$;

-- ---- the Service Audit Trail ----

-- What devices said, as long as the entries that speak of it.
create or replace function clean_sat_messages(p_keep interval, p_most integer)
    returns bigint language plpgsql as $$
declare
    kept constant bigint := kept_from(p_keep);
    gone bigint;
begin
    delete from sat_message where ctid = any (array(
        select ctid from sat_message where inserted < kept
        limit p_most));
    get diagnostics gone = row_count;
    return gone;
end $$;

-- The highest number of an entry that retention dropped.
create or replace function sat_dropped() returns bigint
    language sql stable
    return coalesce((select max(dropped_up_to) from sat_seal), 0);

-- The last entry under seals that are older than p_keep; null: none. An entry
-- is older than its seal.
create or replace function sat_past(p_keep interval) returns bigint
    language sql stable
    return (select last_no from sat_seal
        where running <= kept_from(p_keep) and first_no <= last_no
        order by running desc, last_no desc limit 1);

-- The oldest day of the trail with an entry.
create or replace function sat_oldest() returns name
    language plpgsql stable as $$
declare
    day name;
    has boolean;
begin
    for day in select p.name from partitions_of('sat_entry') p order by p.low
    loop
        execute format('select exists (select from %I)', day) into has;
        exit when has;
    end loop;
    return case when has then day end;
end $$;

-- Up to which entry is dropped next, at the end of a seal, and with which day;
-- null: nothing. A day goes as a whole when its youngest entry is past; until
-- then nothing goes, unless its older ones are for two days: an entry of a
-- clock that was wrong holds it up. Then, and where there are no days, they go
-- in batches.
create or replace function sat_next(
    p_keep interval, p_most integer, out day name, out up_to bigint)
    language plpgsql stable as $$
declare
    dropped constant bigint := sat_dropped();
    past bigint := sat_past(p_keep);
    last bigint;
begin
    if past is null or past <= dropped then
        return;
    end if;
    day := sat_oldest();
    if day is not null then
        execute format('select max(entry_no) from %I where not exists (select'
            ' from %1$I where entry_no > $1)', day) into last using past;
        up_to := (select min(last_no) from sat_seal
            where last_no between last and past and first_no <= last_no);
        if up_to is not null then
            return;
        end if;
        day := null;
        past := sat_past(p_keep + '2 days');
    end if;
    select max(s.last_no) into up_to
    from (select last_no, sum(entries) over (order by last_no) as together,
            row_number() over (order by last_no) as n
        from (select * from sat_seal
            where last_no > dropped and last_no <= past
                and first_no <= last_no
            order by last_no limit 1000) x) s
    where s.together <= p_most or s.n = 1;
end $$;

-- Drops a day, that of the requests as well: a request is of the time of its
-- entry.
create or replace function sat_drop_days(p_day name) returns void
    language plpgsql as $$
declare
    day record;
    requests name;
begin
    select * into strict day from partitions_of('sat_entry') where name = p_day;
    execute format('drop table %I', p_day);
    for requests in select p.name from partitions_of('sat_request') p
            where p.low >= day.low and p.high <= day.high loop
        execute format('drop table %I', requests);
    end loop;
end $$;

-- Deletes the entries up to a number wherever they are, with their requests.
-- Only here it may be done (sat_append_only()). A setting of ours cannot stand in
-- the function's head, where only a superuser may put it.
create or replace function sat_delete(p_up_to bigint) returns void
    language plpgsql as $$
declare
    part name;
begin
    perform set_config('fotad.retention', 'drops', true);
    foreach part in array parts_with('sat_entry', 'entry_no <= ' || p_up_to)
            || parts_with('sat_request', 'entry_no <= ' || p_up_to) loop
        execute format('delete from %I where entry_no <= $1', part)
            using p_up_to;
    end loop;
    perform set_config('fotad.retention', '', true);
end $$;

-- Drops the oldest entries that are older than p_keep by running time, a day or
-- about p_most entries, with their requests, and seals that they were. Never
-- what is not sealed yet, nor what sat_guard keeps, nor while the clock is in
-- doubt. Outcomes: dropped, busy,
-- none.
create or replace function drop_trail(
    p_keep interval, p_by text, p_now timestamptz, p_most integer,
    out outcome text, out up_to bigint, out sealed_no bigint,
    out sealed_hash bytea)
    language plpgsql security definer
    set search_path = public, pg_temp
    set lock_timeout = '200ms'
    set timezone = 'UTC'
as $$
declare
    keep constant interval := greatest(p_keep, (select g.keep
        from sat_guard g));
    next record;
    previous sat_seal;
    seal sat_seal;
begin
    outcome := 'none';
    perform from sat_mark for update;
    select * into previous from sat_seal order by seal_no desc limit 1;
    select * into next from sat_next(keep, p_most);
    if next.up_to is null or previous.form is distinct from 3
            or not clock_sound() then
        return;
    end if;
    outcome := 'busy';
    if next.day is not null then
        perform sat_drop_days(next.day);
    end if;
    perform sat_delete(next.up_to);
    seal.dropped_up_to := next.up_to;
    seal.retention := keep;
    seal.dropped_by := concat_ws(' ', session_user, p_by);
    seal.sealed := p_now;
    select entries, digest into seal.entries, seal.digest
    from sat_stayed(null, next.up_to, null);
    seal := sat_add_seal(seal);
    select 'dropped', seal.dropped_up_to, seal.seal_no, seal.hash
    into outcome, up_to, sealed_no, sealed_hash;
exception when lock_not_available or deadlock_detected then
    outcome := 'busy';
end $$;
