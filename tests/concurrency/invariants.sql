-- What holds whatever was done at once, when all is at rest: each statement
-- gives no row.

-- every update is in progress once, of a request that is there
select 'live without request', l.device_id from tracking_live l
where not exists (select from service_request r
    where r.request_no = l.request_no);
-- an update is live or ended, not both, and ended once
select 'twice', device_id, request_no from tracking
where status <> 'REJECTED_BY_DSP' group by 2, 3 having count(*) > 1;
-- all devices of a request that were claimed are there
select 'claimed', d.request_no, sum(d.devices), (select count(*) from tracking t
    where t.request_no = d.request_no and t.status <> 'REJECTED_BY_DSP')
from distribution d group by d.request_no
having sum(d.devices) <> (select count(*) from tracking t
    where t.request_no = d.request_no and t.status <> 'REJECTED_BY_DSP');
-- no device waits for a job that nobody will make
select 'forgotten', l.device_id from tracking_live l
where l.job_no is null and l.status = 'AWAITING_CSP' and not exists (
    select from distribution d where d.request_no = l.request_no
        and d.csp = l.csp and d.device_type = l.device_type
        and d.unassigned > 0);
-- (housekeeping has looked once more)
select 'settled' from settle_steering(clock_timestamp()) n where n < 0;
-- no hold that has ended keeps anything
select 'held', d.request_no from distribution d
where d.held is not null and not exists (select from steering o
    where o.order_no = d.held and o.state = 'active');
-- what is held waits for a hold in force
select 'held by nothing', l.device_id from tracking_live l
where l.held is not null and not exists (select from steering o
    where o.order_no = l.held and o.state = 'active');
-- a status is the last that the trail has of the update
select 'status', t.device_id, t.request_no, t.status, e.code
from tracking t
join (select distinct on (device_id, request_no) device_id, request_no, code
    from sat_entry where kind = 'status'
    order by device_id, request_no, entry_no desc) e
    using (device_id, request_no)
where t.status::text <> e.code;
-- each message to a User was delivered once, given up or is there
select 'messages', w.written, d.delivered, a.waiting from
    (select count(*) as written from sat_entry where kind = 'alert') w,
    (select count(*) as delivered, count(distinct detail) as once
        from sat_entry where kind = 'delivered') d,
    (select count(*) as waiting from alert) a
where w.written <> d.delivered + a.waiting or d.delivered <> d.once;
-- and counted
select 'counted', request_no from (
    select request_no, sum(sent) as sent, sum(confirmed) as confirmed
    from alert_count group by 1) c
join (select request_no, count(*) filter (where kind = 'alert') as sent,
        count(*) filter (where kind = 'delivered') as confirmed
    from sat_entry group by 1) e using (request_no)
where (c.sent, c.confirmed) <> (e.sent, e.confirmed);
-- a counter of a device was taken once
select 'counter', originator, recipient, counter from gbcs_message
where cra = 3 and state = 'done' group by 2, 3, 4 having count(*) > 1;
-- a RequestID is of one request, or of a Transform and its Signed Pre-Command
select 'RequestID', originator, counter from service_request where used
group by 2, 3 having count(distinct service_reference_variant) > 1;
-- no more are held than may be
select 'held', originator from held_request join service_request using
    (request_no) where state = 'held' group by 2 having count(*) > 5;
-- what is counted of a threshold is what was asked for since
select 'volume', user_id from volume_threshold t where counted_from is not null
    and counted <> volume_since(user_id, service_reference_variant,
        counted_from, 'infinity');
-- somebody may act
select 'administrators' where not exists (select from account
    where role = 'administrator' and active);
-- the chain of seals holds
select 'seal', seal_no from (select *, lag(hash) over (order by seal_no)
    as previous from sat_seal) s
where hash <> sat_seal_hash((select t from sat_seal t
        where t.seal_no = s.seal_no), previous)
    or last_no > sat_dropped()
        and digest <> (sat_digest(first_no, last_no)).digest;
