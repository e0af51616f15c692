-- Orders about updates, as people see them. p_viewer: see screen_device.sql; who
-- gave an order of the DCC's is not told to suppliers.

create or replace function list_steering(
    p_viewer macaddr8, p_user macaddr8, p_state steering_state,
    p_request_no bigint, p_after bigint, p_most bigint)
    returns table (order_no bigint, verb text, state text, cause text,
        scope text, request_id text, user_id macaddr8, image_hash text,
        model text, csp text, device_type text, named integer,
        by_sender boolean, person text, reason text, made timestamptz,
        until timestamptz, decided timestamptz, decided_by text,
        decision text, ended timestamptz, ended_by text, devices bigint,
        under_way bigint)
    language plpgsql stable as $$
begin
    return query
    select o.order_no, o.verb::text, o.state::text, o.cause::text,
        steering_scope(o), request_id_text(r.originator, r.target, r.counter),
        coalesce(o.originator, r.originator),
        upper(encode(o.image_hash, 'hex')), model_text(o.manufacturer_id,
            o.model_id, o.hardware_version), o.csp, o.device_type::text,
        cardinality(o.device_ids), o.by_sender,
        case when p_viewer is null or o.by_sender then o.person end, o.reason,
        o.made, o.until, o.decided,
        case when p_viewer is null or o.by_sender then o.decided_by end,
        o.decision, o.ended,
        case when p_viewer is null or o.by_sender then o.ended_by end,
        o.devices, o.under_way
    from steering o left join service_request r using (request_no)
    where (p_after is null or o.order_no < p_after)
        and (p_state is null or o.state = p_state)
        and (p_request_no is null or o.request_no = p_request_no)
        and (p_viewer is null
            or coalesce(o.originator, r.originator) = p_viewer)
        and (p_user is null or coalesce(o.originator, r.originator) = p_user)
    order by o.order_no desc limit p_most;
end $$;

create or replace function steering_json(
    p_viewer macaddr8, p_user macaddr8, p_state steering_state,
    p_request_no bigint, p_after bigint, p_most bigint) returns json
    language sql stable
    return (select coalesce(json_agg(json_build_object(
            'id', order_no::text, 'verb', verb, 'state', state,
            'cause', cause, 'scope', scope, 'requestId', request_id,
            'user', eui64_text(user_id), 'imageHash', image_hash,
            'model', model, 'csp', csp, 'deviceType', device_type,
            'named', named, 'bySender', by_sender, 'person', person,
            'reason', reason, 'made', instant_text(made),
            'until', instant_text(until), 'decided', instant_text(decided),
            'decidedBy', decided_by, 'decision', decision,
            'ended', instant_text(ended), 'endedBy', ended_by,
            'devices', devices, 'underWay', under_way)
            order by order_no desc), '[]')
        from list_steering(p_viewer, p_user, p_state, p_request_no, p_after,
            p_most));

create or replace function steering_page(
    p_viewer macaddr8, p_user macaddr8, p_state steering_state,
    p_after bigint, p_most integer) returns json
    language sql stable
    return (select json_build_object('items', items,
            'next', case when json_array_length(items) = p_most
                then items -> p_most - 1 ->> 'id' end)
        from steering_json(p_viewer, p_user, p_state, null, p_after, p_most)
            items);

-- What holds devices of a request: the holds in force that it waits for.
create or replace function request_holds(r service_request, p_viewer macaddr8)
    returns jsonb language sql stable
    return (select coalesce(jsonb_agg(jsonb_build_object(
            'id', o.order_no::text, 'scope', steering_scope(o),
            'cause', o.cause, 'reason', o.reason,
            'bySender', o.by_sender, 'person', case when p_viewer is null
                or o.by_sender then o.person end,
            'since', instant_text(o.made), 'until', instant_text(o.until),
            'devices', w.devices) order by o.order_no), '[]')
        from (select held, sum(devices) as devices from (
                select d.held, d.unassigned as devices from distribution d
                where d.request_no = r.request_no and d.held is not null
                union all
                select l.held, count(*) from tracking_live l
                where l.request_no = r.request_no and l.held is not null
                group by 1) x
            group by held) w
        join steering o on o.order_no = w.held);
