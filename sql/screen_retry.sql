-- What of a request did not succeed and may be sent again now, and why the rest
-- may not. p_viewer: see screen_device.sql.

-- A device is not sent an update again so soon after the last attempt (§4.13).
create or replace function retry_wait() returns interval
    language sql immutable return interval '5 days';

-- Device IDs in requests of that User that anomaly detection holds.
create or replace function held_devices(p_originator macaddr8)
    returns table (device_id macaddr8)
    language sql stable
begin atomic
    select distinct replace(m.id[1], '-', ':')::macaddr8
    from held_request h
    join service_request r using (request_no)
    cross join lateral regexp_matches(encode(h.body, 'escape'),
        '\y((?:[0-9A-Fa-f]{2}-){7}[0-9A-Fa-f]{2})\y', 'g') as m (id)
    where h.state = 'held' and h.body is not null
        and r.originator = p_originator;
end;

-- Why it may not be sent now; null: it may.
create or replace function retry_words(
    p_refused refusal, p_known boolean, p_live tracking_live,
    p_request_no bigint, p_runs boolean, p_held boolean,
    p_from timestamptz, p_now timestamptz) returns text
    language sql stable
    return case
        when p_live.device_id is not null then case p_live.request_no
            when p_request_no then 'it is in progress in this request'
            else 'another update of it is in progress' end
        when not p_known then 'it is no longer in the inventory'
        when p_runs then 'it runs this version'
        when p_refused = 'invalid' then 'it is not this sender''s, or cannot '
            'be reached'
        when p_refused = 'not_commissioned' then 'it is not commissioned'
        when p_refused = 'not_applicable' then 'the Central Products List has '
            'no active entry for its model and this image'
        when p_refused = 'gbcs_version' then 'the GBCS version of its hub is '
            'too old'
        when p_held then 'it is in a request that anomaly detection holds'
        when p_from > p_now then 'it is within 5 days of the last attempt' end;

-- p_reason: only those with this status or reason; the parameters after it are
-- as of judge_devices().
create or replace function list_retry(
    r service_request, p_reason text, p_minimum_types device_type[],
    p_minimum_gbcs integer[], p_hcalcs_either boolean,
    p_regions csp_region[], p_csps text[], p_now timestamptz,
    p_after macaddr8, p_most integer)
    returns table (device_id macaddr8, device_type text, status text,
        reason_code text, last_attempt timestamptz, may_be_sent boolean,
        why text, may_from timestamptz)
    language plpgsql stable as $$
declare
    ids macaddr8[];
begin
    ids := array(
        select x.device_id from (
            select l.device_id from tracking_live l
            where l.request_no = r.request_no
                and (p_reason is null or p_reason = l.status::text)
                and device_outcome(l.status, true, l.device_type)
                    = 'inProgress'
            union
            select h.device_id from tracking_history h
            where h.request_no = r.request_no
                and (p_reason is null or p_reason = h.status::text
                    or p_reason = h.reason_code)
                and device_outcome(h.status, false, h.device_type)
                    <> 'succeeded') x
        where p_after is null
            or x.device_id & 'ffffffffffffffff'::macaddr8 > p_after
        order by x.device_id & 'ffffffffffffffff'::macaddr8 limit p_most);
    return query
    with held as materialized (
        select distinct h.device_id from held_devices(r.originator) h
    ), attempt as materialized (
        -- what the CSP refused before it went out was none
        select t.device_id, max(coalesce(j.ended, t.last_updated)) as at
        from tracking t
        join csp_job j on j.job_no = t.job_no and j.state = 'handed_over'
        where t.device_id = any (ids) group by t.device_id
    )
    select j.device_id, coalesce(j.device_type, u.device_type)::text,
        u.status::text, u.reason_code, a.at, w.why is null, w.why,
        case when w.why is not null then case
            when l.device_id is not null then l.release_due
            when a.at + retry_wait() > p_now then a.at + retry_wait() end end
    from judge_devices(array[r.originator],
        array[r.service_reference_variant], array[r.firmware_version::bytea],
        array[r.manufacturer_image_hash::bytea], array[1::bigint], ids,
        p_minimum_types, p_minimum_gbcs, p_hcalcs_either, p_regions, p_csps) j
    cross join lateral (select t.status, t.reason_code, t.device_type
        from tracking t where t.device_id = j.device_id
            and t.request_no = r.request_no
        order by t.released is null desc limit 1) u
    left join smi_device s on s.device_id = j.device_id
    left join tracking_live l on l.device_id = j.device_id
        and is_live(l.status, l.job_no, l.release_due, p_now)
        and not is_delivered(l.device_type, l.status)
    left join attempt a on a.device_id = j.device_id
    cross join lateral (select retry_words(j.refused,
        s.device_id is not null, l, r.request_no,
        s.firmware_version = r.firmware_version, exists (select from held h
            where h.device_id = j.device_id), a.at + retry_wait(), p_now)
        as why) w
    order by j.device_id & 'ffffffffffffffff'::macaddr8;
end $$;

create or replace function retry_page(
    r service_request, p_reason text, p_minimum_types device_type[],
    p_minimum_gbcs integer[], p_hcalcs_either boolean,
    p_regions csp_region[], p_csps text[], p_now timestamptz,
    p_after macaddr8, p_most integer) returns json
    language plpgsql stable as $$
declare
    answer json;
begin
    select json_build_object('items', coalesce(json_agg(json_build_object(
            'deviceId', eui64_text(device_id), 'deviceType', device_type,
            'status', status, 'reasonCode', reason_code,
            'lastAttempt', instant_text(last_attempt),
            'mayBeSent', may_be_sent, 'why', why,
            'mayFrom', instant_text(may_from))
            order by device_id & 'ffffffffffffffff'::macaddr8), '[]'),
        'next', case when count(*) = p_most then (array_agg(eui64_text(
            device_id) order by device_id & 'ffffffffffffffff'::macaddr8
            desc))[1] end,
        'imageHeld', exists (select from firmware_image i
            where i.image_id = r.image_id))
    into answer
    from list_retry(r, p_reason, p_minimum_types, p_minimum_gbcs,
        p_hcalcs_either, p_regions, p_csps, p_now, p_after, p_most);
    return answer;
end $$;

-- The request that sends them again, unsigned, as the sender's next: a RequestID
-- that is not used yet, the image's octets as they came. problem: why there is
-- none.
create or replace function retry_request(
    r service_request, p_reason text, p_minimum_types device_type[],
    p_minimum_gbcs integer[], p_hcalcs_either boolean,
    p_regions csp_region[], p_csps text[], p_now timestamptz,
    out xml text, out devices bigint, out problem text)
    language plpgsql stable as $$
declare
    image bytea := (select i.octets from firmware_image i
        where i.image_id = r.image_id);
    counter numeric := floor(extract(epoch from p_now) * 1000000);
    ids text;
    body constant text := case r.service_reference_variant
        when '11.4' then 'UpdatePPMIDFirmware' else 'UpdateFirmware' end;
begin
    select string_agg(eui64_text(device_id), ',' order by device_id), count(*)
    into ids, devices
    from list_retry(r, p_reason, p_minimum_types, p_minimum_gbcs,
        p_hcalcs_either, p_regions, p_csps, p_now, null, null)
    where may_be_sent;
    problem := case
        when r.service_reference_variant not in ('11.1', '11.4')
            then 'it is no update'
        when devices = 0 then 'no device of it may be sent again now'
        when image is null then 'the octets of its image are no longer held '
            '(the Manufacturer Image is '
            || upper(encode(r.manufacturer_image_hash, 'hex')) || ')' end;
    if problem is not null then
        return;
    end if;
    while find_request(r.originator, r.target, counter) is not null loop
        counter := counter + 1;
    end loop;
    xml := '<?xml version="1.0" encoding="UTF-8"?>' || E'\n'
        || '<sr:Request xmlns:sr="' || (select v.namespace
            from duis_version v where v.version
                = duis_version_of(coalesce(r.duis_version, '5.4')))
        || '" schemaVersion="' || coalesce(r.duis_version, '5.4') || '">'
        || '<sr:Header><sr:RequestID>'
        || request_id_text(r.originator, r.target, counter)
        || '</sr:RequestID><sr:CommandVariant>8</sr:CommandVariant>'
        || '<sr:ServiceReference>' || r.service_reference_variant
        || '</sr:ServiceReference><sr:ServiceReferenceVariant>'
        || r.service_reference_variant
        || '</sr:ServiceReferenceVariant></sr:Header><sr:Body><sr:' || body
        || '><sr:FirmwareImage>'
        || translate(encode(image, 'base64'), E'\n', '')
        || '</sr:FirmwareImage><sr:FirmwareVersion>'
        || firmware_version_text(r.firmware_version)
        || '</sr:FirmwareVersion><sr:DeviceIDList>' || ids
        || '</sr:DeviceIDList></sr:' || body || '></sr:Body></sr:Request>'
        || E'\n';
end $$;
