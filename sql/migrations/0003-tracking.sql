-- Firmware Distribution Progress Tracking (section 3.2.2, Tables 2 and 3).

create type processing_status as enum (
    'AWAITING_CSP', 'APPROVED_FOR_DISTRIBUTION', 'SUCCESSFUL_CH_TRANSFER',
    'SUCCESSFUL_HAN_TRANSFER',
    'REJECTED_BY_DSP', 'REJECTED_BY_CSP', 'FAILED_CH_TRANSFER',
    'FAILED_HAN_TRANSFER', 'HAN_DISCARDED', 'HAN_REJECTED_HW_MISMATCH',
    'FIRMWARE_ACTIVATED', 'ACTIVATION_FAILED', 'RESET_BY_DCC');
comment on type processing_status is
    'Processing Status of Table 3; AWAITING_CSP (accepted, CSP not heard yet) '
    'and ACTIVATION_FAILED (8F8B says failure) are ours. The first four are '
    'In Progress, in their order';

create function in_progress(processing_status) returns boolean
    language sql immutable parallel safe
    return $1 <= 'SUCCESSFUL_HAN_TRANSFER'::processing_status;
comment on function in_progress(processing_status) is
    'Is this one of the statuses that block another update of the device?';

create table tracking_live (
    device_id          macaddr8 not null primary key,
    chf_id             macaddr8 not null,
    request_no         bigint not null,
    job_no             bigint,
    last_updated       timestamptz not null,
    release_due        timestamptz not null,
    status             processing_status not null check (in_progress(status)),
    device_type        device_type not null,
    csp                text not null,
    responsible_supplier_ids macaddr8[] not null
-- room for a second version of every row in its page: a request is inserted,
-- put into jobs and accepted by the CSP 50,000 rows at a time, and updates that
-- stay in the page leave the indexes alone
) with (fillfactor = 45);
comment on table tracking_live is
    'Devices with an update in progress: by its primary key at most one each. '
    'request_no has no foreign key, for a check per device would cost more '
    'than all the rest; only claim_devices() inserts here';
comment on column tracking_live.device_id is 'Device ID';
comment on column tracking_live.chf_id is
    'Communications Hub of the device when the request was accepted';
comment on column tracking_live.request_no is 'service_request';
comment on column tracking_live.job_no is
    'csp_job it travels in; null: not put into one yet';
comment on column tracking_live.last_updated is 'latest change of status';
comment on column tracking_live.release_due is
    'when it is released from tracking if nothing more is heard';
comment on column tracking_live.status is 'Processing Status';
comment on column tracking_live.csp is 'name of the CSP that serves the hub';
comment on column tracking_live.responsible_supplier_ids is
    'Responsible Suppliers of the home when the request was accepted '
    '(section 2.4.1), the sender among them';
create index tracking_live_request on tracking_live (request_no);

create table tracking_history (
    device_id          macaddr8 not null,
    chf_id             macaddr8,
    request_no         bigint not null,
    job_no             bigint,
    last_updated       timestamptz not null,
    released           timestamptz not null,
    status             processing_status not null,
    device_type        device_type not null,
    csp                text,
    reason_code        text,
    responsible_supplier_ids macaddr8[]
) partition by range (released);
comment on table tracking_history is
    'Updates no longer in progress, with the status they ended in; dropped by '
    'whole days';
comment on column tracking_history.released is
    'when the update stopped blocking others';
comment on column tracking_history.reason_code is
    'why, if the status is a rejection';
create index tracking_history_device
    on tracking_history (device_id, last_updated desc);
create index tracking_history_request on tracking_history (request_no);
create table tracking_history_rest partition of tracking_history default;
comment on table tracking_history_rest is
    'Days for which no partition was made in time';

create view tracking as
select device_id, chf_id, request_no, job_no, last_updated, release_due,
    null::timestamptz as released, status, device_type, csp,
    null::text as reason_code
from tracking_live
union all
select device_id, chf_id, request_no, job_no, last_updated, null, released,
    status,
    device_type, csp, reason_code
from tracking_history;
comment on view tracking is 'Every tracked update of every device (Table 2)';

create table transition (
    event       text not null primary key,
    position    smallint not null unique,
    from_status processing_status[] not null,
    to_status   processing_status not null,
    alert       text,
    recipients  text not null check (recipients in
        ('none', 'sender', 'sender list', 'other suppliers list',
         'all suppliers')),
    check ((alert is null) = (recipients = 'none'))
);
comment on table transition is
    'Table 3 of the assessment: what an event does to a device. Filled from '
    'src/tracking/transition.def when the database is migrated';
comment on column transition.event is 'what was heard of the device';
comment on column transition.position is 'order of the rows, for people';
comment on column transition.from_status is
    'statuses that it moves; in others the event is told, not moved';
comment on column transition.to_status is 'status it moves to';
comment on column transition.alert is
    'DCC Alert; "reason": the one that csp_reason gives for the reason';
comment on column transition.recipients is 'who is told';

create table csp_reason (
    reason text not null primary key,
    alert  text not null
);
comment on table csp_reason is
    'DCC Alert by the CSP''s reason for refusing a device';
insert into csp_reason values
    ('IMAGE_INVALID', 'N18'), ('DEVICE_NOT_IDENTIFIED', 'N19'),
    ('DISTRIBUTION_EXPIRED', 'N20'), ('NEVER_ANSWERED', 'N21'),
    ('OTHER', 'N22');
