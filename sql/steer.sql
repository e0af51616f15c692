-- Who orders: people, a second person, and fotad itself.

-- ---- what people order ----

-- What an order concerns comes as the columns of steering; p_originator: the
-- sender itself (p_by_sender), or the User whose requests are meant. p_ask:
-- another person is to decide. Named outcomes: done; asked; and without any
-- effect nothing (no update in progress is so), held (by the same), not_held,
-- not_active and suspended (fotad's own hold stands), stopped (it was before),
-- too_many.
create or replace function steer(
    p_verb text, p_request_no bigint, p_originator macaddr8,
    p_image_hash bytea, p_csp text, p_device_type text,
    p_manufacturer_id integer, p_model_id integer, p_hardware_version integer,
    p_device_ids macaddr8[], p_by_sender boolean, p_person text,
    p_reason text, p_until timestamptz, p_ask boolean, p_recall text[],
    p_now timestamptz, p_timeout interval,
    out outcome text, out order_no bigint, out devices bigint,
    out under_way bigint)
    language plpgsql as $$
declare
    o steering;
begin
    -- one after the other: who says the same at the same time is told so
    perform pg_advisory_xact_lock(advisory_lock('orders'));
    insert into steering (verb, state, request_no, originator, image_hash, csp,
        device_type, manufacturer_id, model_id, hardware_version, device_ids,
        by_sender, person, reason, made, until)
    values (p_verb::steering_verb, 'asked', p_request_no, p_originator,
        p_image_hash, p_csp, p_device_type::device_type, p_manufacturer_id,
        p_model_id, p_hardware_version,
        (select array_agg(d order by d) from (
            select distinct unnest(p_device_ids) as d) x),
        p_by_sender, p_person, p_reason, p_now, p_until)
    returning * into o;
    if p_ask then
        outcome := 'asked';
        perform steering_audit(o, 'asked', p_person,
            concat_ws(': ', o.verb, o.reason), p_now);
    else
        outcome := 'done';
        o := carry_out(o.order_no, p_recall, p_now, p_timeout);
    end if;
    order_no := o.order_no;
    devices := o.devices;
    under_way := o.under_way;
exception when sqlstate 'FOTAD' then
    outcome := sqlerrm;
end $$;

-- The second person decides. Named outcomes: those of steer(); refused; unknown
-- (no such order, or not the viewer's), decided (before), same_person.
create or replace function decide_order(
    p_order_no bigint, p_viewer macaddr8, p_approve boolean, p_person text,
    p_reason text, p_recall text[], p_now timestamptz, p_timeout interval,
    out outcome text, out devices bigint, out under_way bigint)
    language plpgsql as $$
declare
    o steering;
begin
    perform pg_advisory_xact_lock(advisory_lock('orders'));
    select * into o from steering s
    where s.order_no = p_order_no
        and (p_viewer is null or s.by_sender and s.originator = p_viewer)
    for update;
    outcome := case when o is null then 'unknown'
        when o.state <> 'asked' then 'decided'
        when o.person = p_person then 'same_person' end;
    if outcome is not null then
        return;
    end if;
    update steering s set decided = p_now, decided_by = p_person,
        decision = p_reason,
        state = case when p_approve then s.state else 'refused' end,
        ended = case when not p_approve then p_now end
    where s.order_no = p_order_no
    returning * into o;
    outcome := case when p_approve then 'done' else 'refused' end;
    if p_approve then
        o := carry_out(p_order_no, p_recall, p_now, p_timeout);
    else
        perform steering_audit(o, 'refused', p_person, p_reason, p_now);
    end if;
    devices := o.devices;
    under_way := o.under_way;
exception when sqlstate 'FOTAD' then
    outcome := sqlerrm;
end $$;

-- ---- what fotad orders itself ----

-- Holds what may not go on of requests that are about to: of one image that is not
-- Active on the CPL any more, or one User who was suspended; the next at the next
-- call. True: it did.
create or replace function hold_by_itself(
    p_request_nos bigint[], p_now timestamptz) returns boolean
    language plpgsql as $$
declare
    o steering;
begin
    if coalesce(p_request_nos, '{}') = '{}' or not exists (
            select from service_request r
            where r.request_no = any (p_request_nos)
                and (r.manufacturer_image_hash is not null and not exists (
                        select from cpl_entry e
                        where e.manufacturer_image_hash
                                = r.manufacturer_image_hash
                            and e.status = 'Active'
                            and e.firmware_version = r.firmware_version)
                    or exists (select from service_user u
                        where u.user_id = r.originator
                            and u.status = 'suspended'))) then
        return false;
    end if;
    for o in
        with asked as (
            select distinct r.originator, r.manufacturer_image_hash as hash,
                r.firmware_version as version
            from service_request r where r.request_no = any (p_request_nos)
        ), made as (
            insert into steering (verb, state, cause, image_hash, originator,
                reason, made)
            select 'hold'::steering_verb, 'active'::steering_state,
                'image_not_active'::steering_cause, a.hash, null::macaddr8,
                'the image is not Active on the CPL any more', p_now
            from (select distinct hash, version from asked
                where hash is not null) a
            where not exists (select from cpl_entry e
                where e.manufacturer_image_hash = a.hash
                    and e.status = 'Active' and e.firmware_version = a.version)
                and not exists (select from steering s
                    where s.cause = 'image_not_active' and s.state = 'active'
                        and s.image_hash = a.hash)
            union all
            select 'hold', 'active', 'user_suspended', null, a.originator,
                'the User is suspended', p_now
            from (select distinct originator from asked) a
            join service_user u on u.user_id = a.originator
            where u.status = 'suspended' and not exists (select from steering s
                where s.cause = 'user_suspended' and s.state = 'active'
                    and s.originator = a.originator)
            limit 1
            on conflict do nothing
            returning *
        )
        select * from made
    loop
        perform carry_out(o.order_no, '{}', p_now, null);
        return true;
    end loop;
    return false;
end $$;

-- A hold whose time is over ends, or what nobody decided on is refused. Returns
-- how many, 0 or 1.
create or replace function end_due_orders(p_now timestamptz) returns bigint
    language plpgsql as $$
declare
    o steering;
    ended bigint := 0;
begin
    for o in select * from steering s
        where s.state = 'active' and s.until <= p_now
            or s.state = 'asked' and s.made <= p_now - interval '7 days'
        order by s.order_no limit 1 for update skip locked
    loop
        ended := ended + 1;
        if o.state = 'active' then
            perform end_holds(array[o.order_no], null, p_now);
            perform steering_audit(o, 'release', null, 'its time is over',
                p_now);
        else
            update steering s set state = 'refused', ended = p_now
            where s.order_no = o.order_no;
            perform steering_audit(o, 'refused', null,
                'nobody decided within 7 days', p_now);
        end if;
    end loop;
    return ended;
end $$;
