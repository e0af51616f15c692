-- The audit trail followed from its first entry to its last gives the tables:
-- each line is an update of which it does not.
with entry as materialized (
    select device_id, request_no, entry_no, kind, code, at, detail
    from sat_entry
    where device_id is not null and request_no is not null and code is not null
        and kind in ('status', 'told', 'released')
), last as (
    select distinct on (device_id, request_no) device_id, request_no, code
    from entry order by device_id, request_no, entry_no desc
), moved as (
    select distinct on (device_id, request_no) device_id, request_no, at,
        substring(detail from '^\S+ ([A-Z][A-Z0-9_]*)') as reason
    from entry where kind = 'status'
    order by device_id, request_no, entry_no desc
), freed as (
    select device_id, request_no, min(at) as at from entry
    where kind = 'released' group by device_id, request_no
), said as (
    select t.device_id, t.request_no, t.status, t.last_updated, t.reason_code,
        t.released,
        coalesce(l.code, 'AWAITING_CSP') as by_trail,
        coalesce(m.at, r.received) as moved_at, m.reason, f.at as freed_at,
        exists (select from tracking_live v where v.device_id = t.device_id
            and v.request_no = t.request_no) as live,
        f.at is null and (in_progress(coalesce(l.code,
                'AWAITING_CSP')::processing_status)
            and not is_delivered(t.device_type, coalesce(l.code,
                'AWAITING_CSP')::processing_status)) as lives_by_trail
    from tracking t
    join service_request r using (request_no)
    left join last l using (device_id, request_no)
    left join moved m using (device_id, request_no)
    left join freed f using (device_id, request_no)
    where t.status <> 'REJECTED_BY_DSP'
), wrong as (
    select *, case
        when status::text <> by_trail then 'status'
        when moved_at <> last_updated and by_trail <> 'AWAITING_CSP' then 'time'
        when live <> lives_by_trail then 'in progress'
        when freed_at is not null and not live and freed_at <> released
            then 'released'
        when reason_code is distinct from reason
            and by_trail in ('REJECTED_BY_CSP', 'FAILED_CH_TRANSFER')
            then 'reason' end as what
    from said
)
select what, device_id, request_no, status, by_trail, last_updated, moved_at,
    live, lives_by_trail, released, freed_at, reason_code, reason
from wrong where what is not null
union all
-- and so does what people are shown of a moment
select 'shown', t.device_id, t.request_no, t.status, s.status::text,
    t.last_updated, s.since, null, null, null, null, null, null
from (select distinct on (t.device_id) t.* from tracking t
    join service_request r using (request_no)
    where t.status <> 'REJECTED_BY_DSP'
        and t.device_id in (select device_id from tracking
            order by device_id limit 300)
    order by t.device_id, r.received desc, t.request_no desc) t
cross join lateral (select * from history_states(t.device_id, 'infinity')
    limit 1) s
where s.status <> t.status or s.request_no <> t.request_no
limit 20;
