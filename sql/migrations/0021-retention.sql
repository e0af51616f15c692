-- What is kept for how long goes by when it was inserted, in time that passed
-- while fotad ran: no clock that somebody sets can make it older or younger.

-- ---- running time ----

create table running_time (
    only_row    boolean not null primary key default true check (only_row),
    ran         bigint not null default 0,
    by_database timestamptz not null default now()
);
comment on table running_time is
    'For how long fotad has run on this database, all of them together: what '
    'retention goes by. It only goes on, by what fotad''s monotonic clock has '
    'counted, and by no more than PostgreSQL''s clock has moved; what nobody '
    'watched does not count (pass_running_time())';
comment on column running_time.only_row is 'there is one row';
comment on column running_time.ran is
    'microseconds; 0 when the database came to know of it';
comment on column running_time.by_database is
    'PostgreSQL''s clock when it went on last';
insert into running_time default values;

create sequence running_second minvalue 0 start 0;
comment on sequence running_second is
    'running_time.ran in seconds, for the default of columns: a look at a '
    'sequence costs a row nothing';
select setval('running_second', 0);

-- Tables that retention takes from. What was there before counts as inserted at
-- 0: a constant, which writes no row anew.
do $$
declare
    of_table text;
begin
    foreach of_table in array array['tracking_history', 'csp_message',
        'gbcs_message', 'contested_alert', 'service_request', 'csp_job',
        'request_volume', 'held_request']
    loop
        execute format('alter table %I add inserted bigint not null default 0',
            of_table);
        execute format('alter table %I alter inserted set default '
            'pg_sequence_last_value(''running_second'')', of_table);
        execute format('comment on column %I.inserted is %L', of_table,
            'running_second at that time; 0: or before');
    end loop;
end $$;

create index tracking_history_inserted on tracking_history using brin (inserted)
    with (pages_per_range = 32, autosummarize = on);
drop index csp_message_received;
create index csp_message_inserted on csp_message using brin (inserted)
    with (autosummarize = on);
drop index gbcs_message_received;
create index gbcs_message_inserted on gbcs_message using brin (inserted)
    with (autosummarize = on);
drop index contested_alert_taken;
drop index csp_job_ended;
create index csp_job_over on csp_job (job_no) where ended is not null;
drop index service_request_image;
create index service_request_image on service_request (image_id, request_no)
    where image_id is not null;
create index held_request_over on held_request (hold_no)
    where ended is not null and body is not null;

-- The answers that are cleaned away, by the number of their request.
alter table housekeeping add answers_to bigint not null default 0;
comment on column housekeeping.answers_to is
    'requests up to this one are past [user_gateway] keep_answers';
update housekeeping set answers_to = coalesce((select max(request_no)
    from service_request where received < answers_until), 0);
alter table housekeeping drop answers_until;

-- What has ended lately comes first, whatever the clock said of it.
create or replace view tracking as
select device_id, chf_id, request_no, job_no, last_updated, release_due,
    null::timestamptz as released, status, device_type, csp,
    null::text as reason_code, from_version, report_status, delivery_status,
    delivery_time, hub_status, hub_time, device_status, device_time,
    stored_time, null::bigint as inserted
from tracking_live
union all
select device_id, chf_id, request_no, job_no, last_updated, null, released,
    status, device_type, csp, reason_code, from_version, report_status,
    delivery_status, delivery_time, hub_status, hub_time, device_status,
    device_time, stored_time, inserted
from tracking_history;

-- ---- the Service Audit Trail ----

alter table sat_seal
    add running       bigint,
    add dropped_up_to bigint,
    drop constraint sat_seal_form_check,
    drop constraint sat_seal_check,
    drop constraint sat_seal_check1,
    add check (form in (1, 2, 3)),
    add check (first_no <= last_no
        or coalesce(dropped_up_to::text, dropped_before::text) is not null
            and first_no = last_no + 1),
    add check ((earliest is null) = (entries = 0 or first_no > last_no));
drop index sat_seal_dropped;
create index sat_seal_dropped on sat_seal (seal_no)
    where dropped_before is not null or dropped_up_to is not null;
comment on index sat_seal_dropped is 'the seals that say what was dropped';
create index sat_seal_running on sat_seal (running, last_no)
    where first_no <= last_no;
comment on index sat_seal_running is 'how far what may be dropped reaches';
create index sat_seal_last on sat_seal (last_no) where first_no <= last_no;
comment on index sat_seal_last is 'the seal of an entry';
comment on column sat_seal.running is
    'running_second when it was made: its entries are older than that. Before '
    'form 3 it was worked out from sealed, no day longer than a day';
comment on column sat_seal.dropped_up_to is
    'retention dropped the entries with this number and all before it, and no '
    'other: last_no of a seal that was older by running time than retention '
    'says; such a seal has no entries of its own';
comment on column sat_seal.dropped_before is
    'form 2: retention dropped the entries of earlier seals that are from '
    'before this time';
comment on column sat_seal.form is
    '1: the hash has the numbers and the digest alone; 2: and the times; 3: '
    'and running and dropped_up_to';
comment on column sat_seal.earlier is
    'in the first seal of a form: SHA-256 over what earlier forms do not have '
    'under their hashes (sat_earlier())';
update sat_seal s set running = -old.age
from (select seal_no, sum(step) over (order by seal_no desc) as age
    from (select seal_no, extract(epoch from greatest('0', least('1 day',
            coalesce(lead(sealed) over (order by seal_no), now())
                - sealed)))::bigint as step
        from sat_seal) x) old
where old.seal_no = s.seal_no;
alter table sat_seal alter running set not null;

comment on column sat_entry.kind is
    'alert, alert device, command, delivered, device_alert, device_command, '
    'device_response, given_up, inventory, job, mail, notification, person, '
    'quarantine, released, report, request, reset, status, told, warning';

-- ---- functions that went, or whose columns change ----

drop function if exists check_seals(bigint, integer, timestamptz);
drop function if exists check_seals(bigint, integer);
drop function if exists sat_drop(interval, text, timestamptz, integer);
drop function if exists sat_oldest(timestamptz, integer);
drop function if exists sat_drop_requests(timestamptz);
drop function if exists sat_seal_drop(timestamptz, interval, text, bytea,
    timestamptz);
drop function if exists sat_stayed(timestamptz, bigint);
drop function if exists sat_earlier_times();
drop function if exists sat_entries_fault(sat_seal, timestamptz, boolean);
drop function if exists guarded(regclass, timestamptz);
drop function if exists image_wanted(bytea, timestamptz);
