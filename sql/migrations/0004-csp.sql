-- The CSP SM WAN Gateway, both ways (interfaces.md).

create type job_state as enum (
    'waiting', 'handed_over', 'refused', 'given_up', 'empty');
comment on type job_state is
    'waiting: to be sent or tried again; handed_over: the CSP answered 202; '
    'refused: the CSP answered 4xx; given_up: the long retry is over; empty: '
    'no device was left in it when its turn came';

create table csp_job (
    job_no       bigint generated always as identity primary key,
    job_id       uuid not null unique default gen_random_uuid(),
    request_no   bigint not null references service_request,
    csp          text not null,
    device_type  device_type not null,
    devices      integer not null check (devices > 0),
    created      timestamptz not null,
    state        job_state not null default 'waiting',
    tries        integer not null default 0,
    next_try     timestamptz not null,
    leased_until timestamptz,
    last_error   text,
    ended        timestamptz,
    reported     timestamptz,
    check ((state = 'waiting') = (ended is null))
) with (fillfactor = 80);
comment on table csp_job is
    'Jobs for the CSPs: the devices of one request, CSP and device type, at '
    'most max_devices_per_job. Its devices are the tracking rows that name it';
comment on column csp_job.job_id is 'jobId, and the Idempotency-Key';
comment on column csp_job.devices is 'when it was made';
comment on column csp_job.tries is 'how often it was sent';
comment on column csp_job.next_try is 'not sent before';
comment on column csp_job.leased_until is
    'a worker has it in hand until then; after that another may take it';
comment on column csp_job.last_error is 'what the last try met';
comment on column csp_job.ended is 'when it left waiting';
comment on column csp_job.reported is 'when its validation report came';
create index csp_job_waiting on csp_job (csp, next_try) where state = 'waiting';
create index csp_job_request on csp_job (request_no);

create table csp_image (
    csp      text not null,
    image_id sha256_hash not null references firmware_image,
    sent     timestamptz not null,
    primary key (csp, image_id)
);
comment on table csp_image is 'Images that a CSP has taken';

create table csp_message (
    csp        text not null,
    kind       "char" not null check (kind in ('r', 'n')),
    message_id text not null,
    received   timestamptz not null,
    primary key (csp, kind, message_id)
) with (fillfactor = 100);
comment on table csp_message is
    'Identifiers of reports and notifications that were taken, so that the '
    'same one again has no effect';
comment on column csp_message.kind is 'r: reportId, n: notificationId';
create index csp_message_received on csp_message using brin (received);

create table distribution (
    request_no  bigint not null references service_request,
    csp         text not null,
    device_type device_type not null,
    devices     integer not null check (devices > 0),
    unassigned  integer not null check (unassigned between 0 and devices),
    primary key (request_no, csp, device_type)
);
comment on table distribution is
    'The devices of a request by CSP and device type, and how many of them '
    'are not in a job yet';
create index distribution_unassigned on distribution (csp, request_no)
    where unassigned > 0;

create table gbcs_message (
    csp        text not null,
    message_id text not null,
    received   timestamptz not null,
    chf_id     macaddr8 not null,
    originator macaddr8 not null,
    recipient  macaddr8 not null,
    cra        smallint not null check (cra between 1 and 3),
    code       integer not null,
    counter    numeric(20, 0) not null,
    state      text not null default 'waiting'
        check (state in ('waiting', 'done', 'unverified', 'unknown')),
    detail     text,
    payload    bytea not null,
    primary key (csp, message_id)
) with (fillfactor = 80);
comment on table gbcs_message is
    'Messages of devices as the CSPs passed them on';
comment on column gbcs_message.chf_id is 'hub it came through, says the CSP';
comment on column gbcs_message.originator is 'grouping header: the device';
comment on column gbcs_message.recipient is 'grouping header';
comment on column gbcs_message.cra is
    'grouping header: 1 command, 2 response, 3 alert';
comment on column gbcs_message.code is 'grouping header: message code';
comment on column gbcs_message.counter is
    'grouping header: of the device for an alert, of the command it answers '
    'for a response';
comment on column gbcs_message.state is
    'waiting: not looked at yet; done; unverified: signature or MAC not good, '
    'without effect; unknown: nothing that fotad knows what to do with';
create unique index gbcs_message_same on gbcs_message
    (originator, counter, cra, recipient, sha256(payload));
comment on index gbcs_message_same is
    'The same message of a device, under whatever messageId, is there once. '
    'The octets are part of it: a forged message must not keep the genuine one '
    'out, so until one of them is verified there may be two of one counter';
create index gbcs_message_waiting on gbcs_message (received)
    where state = 'waiting';
