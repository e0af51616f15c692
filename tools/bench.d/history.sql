-- What a few busy days leave: 100 large requests with :devices devices each, a
-- history row and an audit entry for every device, and many small requests.
-- The latest four large ones are still in progress.
\set ON_ERROR_STOP on
set client_min_messages = warning;
set maintenance_work_mem = '512MB';
set synchronous_commit = off;

select make_day(t::regclass, (now() at time zone 'UTC')::date - n, 0)
from generate_series(0, 6) n,
    unnest(array['tracking_history', 'sat_entry']) t \g /dev/null

-- requests: every 500th of 50,000 is a large one
insert into service_request (originator, target, counter, stage, used, service,
    service_reference_variant, command_variant, content, received, condition,
    response_code, response, firmware_version, manufacturer_image_hash, listed,
    accepted)
select ('90b3d51f300' || (1 + n % 4) || '0000')::macaddr8,
    '90b3d51f30000002', 1000000 + n, 1, true,
    'serviceD', case when large then '11.4' else '11.2' end,
    case when large then 8 else 1 end, sha256(n::text::bytea),
    now() - interval '6 days' * (50000 - n) / 50000, 'accepted', 'I99', 'x',
    case when large then '\x0A000003'::bytea end,
    case when large then (select manufacturer_image_hash from cpl_entry
        where device_type = 'PPMID' and firmware_version = '\x0A000003'
        limit 1) end,
    case when large then :devices else 0 end,
    case when large then :devices else 0 end
from (select n, n % 500 = 0 as large from generate_series(1, 50000) n) x
order by n;

create temp table large as
select request_no, received, row_number() over (order by request_no desc) > 4
    as ended, row_number() over (order by request_no) as turn
from service_request where accepted > 0;

insert into csp_job (request_no, csp, device_type, devices, created, state,
    next_try, ended, reported)
select request_no, case n % 2 when 0 then 'north' else 'south-and-central' end,
    'PPMID', :devices / 6, received, 'handed_over', received, received, received
from large, generate_series(1, 6) n;

-- The devices of a request are in the order of their IDs, each of a million
-- was updated a few times.
create temp table update_of as
select l.request_no, l.received, l.ended, n,
    lpad(to_hex(x'db000000000000'::bigint
        + (l.turn * :devices / 5 + n) % (20 * :devices)), 16, '0')::macaddr8
        as device_id,
    least(l.received + interval '1 second' * (n % 20000), now()) as changed
from large l, generate_series(1, :devices) n;

insert into tracking_history (device_id, chf_id, request_no, job_no,
    last_updated, released, status, device_type, csp,
    responsible_supplier_ids)
select device_id, '00db00ff00000001', request_no, null, changed, changed,
    case n % 20 when 0 then 'HAN_DISCARDED' when 1 then 'FAILED_CH_TRANSFER'
        else 'FIRMWARE_ACTIVATED' end::processing_status, 'PPMID',
    case n % 2 when 0 then 'north' else 'south-and-central' end,
    array['90b3d51f30010000'::macaddr8]
from update_of where ended;

insert into tracking_live (device_id, chf_id, request_no, last_updated,
    release_due, status, device_type, csp, responsible_supplier_ids)
select device_id, '00db00ff00000001', request_no, changed,
    now() + interval '30 days', case n % 4 when 0 then 'AWAITING_CSP'
        when 1 then 'APPROVED_FOR_DISTRIBUTION'
        when 2 then 'SUCCESSFUL_CH_TRANSFER'
        else 'SUCCESSFUL_HAN_TRANSFER' end::processing_status, 'PPMID',
    case n % 2 when 0 then 'north' else 'south-and-central' end,
    array['90b3d51f30010000'::macaddr8]
from update_of where not ended
on conflict do nothing;

insert into sat_entry (at, kind, request_no, device_id, code, detail)
select changed, 'status', request_no, device_id, 'FIRMWARE_ACTIVATED',
    'device_activated'
from update_of;

insert into alert_count
select request_no, :devices / 500, :devices / 500
from large, generate_series(1, 500);

-- RSAT_004: activations of half a year
insert into device_command (request_no, device_id, device_type, chf_id, csp,
    originator, counter, message_code, state, created, next_try, ended,
    payload)
select request_no, '00db000000000001', 'ESME', '00db00ff00000001', 'north',
    originator, 2 * request_no + n, 18, 'answered', created, created, created,
    '\x00'
from (select request_no, originator, n, now() - interval '180 days'
        * (1 - row_number() over (order by request_no, n) / 100000.0)
        as created
    from service_request, generate_series(0, 1) n) x
order by created;

-- messages that Users have not taken
insert into alert (user_id, created, code, request_no, device_id, state, tries,
    last_error)
select '90b3d51f30010000', now(), 'N61', request_no, device_id,
    (case n % 2 when 0 then 'given_up' else 'waiting' end)::alert_state, 3,
    'no answer'
from update_of where ended limit 2000;
insert into alert_lane (user_id, next_try, tries)
values ('90b3d51f30010000', now() + interval '30 days', 3);

vacuum analyze;
