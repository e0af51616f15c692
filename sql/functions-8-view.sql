-- What people and scripts are shown of devices and requests.

-- The firmware update status of a device: the live update if there is one,
-- else the latest that ended. No row: never tracked.
create or replace function device_status(
    p_device_id macaddr8, p_now timestamptz)
    returns table (
        device_id macaddr8, device_type device_type, status processing_status,
        in_progress boolean, request_id text, firmware_version text,
        reason_code text, last_updated timestamptz, release_due timestamptz,
        chf_id macaddr8, csp text, sender macaddr8)
    language sql stable
begin atomic
    select t.device_id, t.device_type, t.status,
        t.released is null and t.release_due > p_now,
        request_id_text(r.originator, r.target, r.counter),
        firmware_version_text(r.firmware_version), t.reason_code,
        t.last_updated, t.release_due, t.chf_id, t.csp, r.originator
    from tracking t
    left join service_request r on r.request_no = t.request_no
    where t.device_id = p_device_id
    order by t.released is null desc, t.last_updated desc, t.request_no desc
    limit 1;
end;

create or replace function answer_state(r service_request) returns text
    language sql immutable
    return case
        when r.response_code is null then 'unanswered'
        when r.condition = 'quarantined' then 'quarantined'
        when r.response_code like 'E%' or r.listed > 0 and r.accepted = 0
            then 'refused'
    end;
comment on function answer_state(service_request) is
    'The state of a request that its answer alone decides; null: of another';

create or replace function request_state(
    r service_request, p_now timestamptz) returns text
    language sql stable
    return coalesce(answer_state(r), case
        -- a range and an order, so that it goes by the index however few
        -- requests there are
        when (select true from tracking_live l
            where l.request_no >= r.request_no
                and l.request_no <= r.request_no and l.release_due > p_now
            order by l.request_no limit 1)
            then 'in-progress'
        else 'finished' end);
comment on function request_state(service_request, timestamptz) is
    'unanswered, quarantined, refused (nothing was sent on), in-progress (a '
    'device of it is), finished';

create or replace function request_report(
    r service_request, p_now timestamptz,
    out request_id text, out service_reference_variant text,
    out sender macaddr8, out received timestamptz, out response_code text,
    out state text, out listed integer, out accepted integer,
    out invalid integer, out not_commissioned integer,
    out not_applicable integer, out gbcs_version integer,
    out in_progress integer, out firmware_version text, out image_hash text)
    language sql stable
    return (select row(request_id_text(r.originator, r.target, r.counter),
        r.service_reference_variant, r.originator, r.received,
        r.response_code, request_state(r, p_now), r.listed, r.accepted,
        r.invalid, r.not_commissioned, r.not_applicable, r.gbcs_version,
        r.in_progress, firmware_version_text(r.firmware_version),
        upper(encode(r.manufacturer_image_hash, 'hex'))));
comment on function request_report(service_request, timestamptz) is
    'What people and scripts are told of a Service Request';

-- The row of a RequestID: the one that counts as its use, else the last that
-- was refused before that was looked at; of a Transform and its Signed
-- Pre-Command the later. Null when there is none.
create or replace function find_request(
    p_originator macaddr8, p_target macaddr8, p_counter numeric)
    returns bigint language sql stable
begin atomic
    select request_no
    from (select request_no, used from service_request
            where originator = p_originator and target = p_target
                and counter = p_counter and used
        union all
        select request_no, used from service_request
            where originator = p_originator and target = p_target
                and counter = p_counter and not used) as r
    order by used desc, request_no desc
    limit 1;
end;
