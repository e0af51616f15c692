-- Steering: what people order of requests that are under way, and what waits
-- for it.

alter type processing_status add value 'STOPPED_BY_DCC';
alter type processing_status add value 'STOPPED_BY_SENDER';
comment on type processing_status is
    'Processing Status of Table 3; AWAITING_CSP (accepted, CSP not heard yet), '
    'STORED_ON_DEVICE (it has the image and runs the firmware of before: the '
    'first of two), ACTIVATION_FAILED and STOPPED_BY_DCC and STOPPED_BY_SENDER '
    '(taken back before a CSP had it) are ours. The first four are In '
    'Progress, in their order';

alter table csp_reason add ours boolean not null default false;
comment on column csp_reason.ours is
    'a reason that no CSP gives; said by one, it is OTHER';
update csp_reason set ours = true
where reason in ('NEVER_ANSWERED', 'CSP_SILENT', 'IMAGE_GONE');
insert into csp_reason values ('STOPPED_BY_DCC', 'N22', true),
    ('STOPPED_BY_SENDER', 'N22', true);
comment on table csp_reason is
    'DCC Alert by the reason why devices of a request are refused or stopped';

create type steering_verb as enum ('hold', 'release', 'stop', 'reset');
comment on type steering_verb is
    'hold: nothing more is handed over; release: a hold ends; stop: what no '
    'CSP has ends; reset: every update ends';
create type steering_state as enum (
    'asked', 'active', 'done', 'refused');
comment on type steering_state is
    'asked: another person is to decide; active: a hold in force; done: '
    'carried out, of a hold: it ended; refused: another person decided so';
create type steering_cause as enum (
    'person', 'image_not_active', 'user_suspended', 'failures');
comment on type steering_cause is
    'Why a hold is: a person; its image is not Active on the CPL any more; its '
    'User was suspended; too many of its devices failed';

create table steering (
    order_no         bigint generated always as identity primary key,
    verb             steering_verb not null,
    state            steering_state not null,
    cause            steering_cause not null default 'person',
    request_no       bigint references service_request on delete cascade,
    originator       macaddr8,
    image_hash       sha256_hash,
    csp              text,
    device_type      device_type,
    manufacturer_id  octets2,
    model_id         octets2,
    hardware_version octet1,
    device_ids       macaddr8[] check (device_ids <> '{}'),
    by_sender        boolean not null default false,
    person           text,
    reason           text not null,
    made             timestamptz not null,
    until            timestamptz,
    decided          timestamptz,
    decided_by       text check (decided_by <> person),
    decision         text,
    ended            timestamptz,
    ended_by         text,
    devices          bigint not null default 0,
    under_way        bigint not null default 0,
    check (verb = 'hold' or state <> 'active'),
    check (num_nonnulls(request_no, originator, image_hash, csp,
        manufacturer_id, device_ids) > 0),
    check ((manufacturer_id is null) = (model_id is null)),
    check (manufacturer_id is not null or hardware_version is null),
    check ((person is null) = (cause <> 'person')),
    check ((decided is null) = (decided_by is null)),
    check (until is null or verb = 'hold'),
    check ((state in ('done', 'refused')) = (ended is not null))
);
comment on table steering is
    'Orders of people and of fotad about updates: they concern devices of '
    'which all is so that a column says; null says nothing';
comment on column steering.order_no is 'number that people name it by';
comment on column steering.verb is 'what is ordered';
comment on column steering.state is 'what became of it';
comment on column steering.cause is 'why it was ordered';
comment on column steering.device_type is 'DeviceType of the devices';
comment on column steering.manufacturer_id is 'of the model of the devices';
comment on column steering.model_id is 'of the model of the devices';
comment on column steering.hardware_version is 'the same; null: every one';
comment on column steering.device_ids is 'Device IDs';
comment on column steering.reason is 'why, as the person says';
comment on column steering.made is 'when it was ordered';
comment on column steering.decided is 'when the second person decided';
comment on column steering.decision is 'why, as the second person says';
comment on column steering.request_no is 'service_request';
comment on column steering.originator is 'User whose requests they are';
comment on column steering.image_hash is 'Manufacturer Image Hash';
comment on column steering.csp is 'name of the CSP of the device';
comment on column steering.by_sender is
    'the sender''s own: its devices become STOPPED_BY_SENDER, and it may '
    'release what it held';
comment on column steering.person is 'who ordered it; null: fotad itself';
comment on column steering.until is 'a hold ends by itself then';
comment on column steering.decided_by is
    'the second person, never the same as the first';
comment on column steering.ended is
    'a hold: when it ended; anything else: when it was carried out or refused';
comment on column steering.ended_by is 'who released it; null: nobody';
comment on column steering.devices is 'it was carried out on so many';
comment on column steering.under_way is
    'devices that it concerned and that a CSP had, or may have had';
create index steering_in_force on steering (order_no)
    where state in ('asked', 'active');
create index steering_request on steering (request_no)
    where request_no is not null;
-- one hold of fotad's own for one thing
create unique index steering_image on steering (image_hash)
    where cause = 'image_not_active' and state = 'active';
create unique index steering_user on steering (originator)
    where cause = 'user_suspended' and state = 'active';

alter table distribution
    add ready integer,
    add held bigint,
    add steered boolean not null default false;
update distribution set ready = unassigned;
alter table distribution
    alter ready set not null,
    add check (ready between 0 and unassigned),
    add check (held is null or ready = 0);
comment on column distribution.unassigned is
    'of them, how many wait here, in no job';
comment on column distribution.ready is
    'of these, how many may be put into jobs now';
comment on column distribution.held is 'steering: the hold that all wait for';
comment on column distribution.steered is
    'ready goes by what was ordered; before that it is all that wait';
comment on table distribution is
    'The devices of a request by CSP and device type, and how many of them '
    'are not in a job yet';
create index distribution_ready on distribution (csp, request_no)
    where ready > 0;
create index distribution_held on distribution (held) where held is not null;

alter table tracking_live add held bigint;
comment on column tracking_live.held is
    'steering: the hold of its model or of itself that it waits for; it is in '
    'no job';
alter table tracking_live
    add check (held is null or job_no is null and status = 'AWAITING_CSP');
create index tracking_live_held on tracking_live (request_no)
    where held is not null;

alter table service_request add stopped bigint;
comment on column service_request.stopped is
    'steering: the order that stopped it';
create index service_request_stopped on service_request (stopped)
    where stopped is not null;

alter type notice_kind add value 'steering';
comment on type notice_kind is
    'request_finished: no device of a request is in progress any more; '
    'failure_share: more of its devices have failed than [mail] failure_share '
    'says; quarantine: anomaly detection holds it; csp_silent: a CSP took a '
    'job of it and never reported; steering: it is held or stopped';
alter table notice add order_no bigint not null default 0;
comment on column notice.order_no is 'steering, for that kind; else 0';
alter table notice
    drop constraint notice_account_kind_request_no_key,
    add unique (account, kind, request_no, order_no);

comment on column sat_entry.kind is
    'alert, alert device, command, delivered, device_alert, device_command, '
    'device_response, given_up, inventory, job, mail, notification, person, '
    'quarantine, released, report, request, reset, status, steering, told, '
    'warning';
