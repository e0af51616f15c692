-- Commands to devices (11.2, 11.3) and what came back.

create sequence acb_counter;
comment on sequence acb_counter is
    'Originator counter of messages that the ACB originates. A number is used '
    'only by a transaction that committed, so none is ever used twice, which '
    'the constant initialisation vector of the MAC relies on';

create type command_state as enum (
    'held', 'waiting', 'sent', 'answered', 'failed', 'no_answer', 'cancelled',
    'local');
comment on type command_state is
    'held: future dated by us (11.2), its time has not come; waiting: to be '
    'handed to the CSP; sent: the CSP took it; answered: the device''s '
    'response was good and was passed on; failed: the CSP could not reach it '
    '(E20); no_answer: nothing in time (E21); local: only returned to the '
    'User for local delivery';

create table device_command (
    command_no       bigint generated always as identity primary key,
    command_id       uuid not null unique default gen_random_uuid(),
    request_no       bigint not null references service_request,
    device_id        macaddr8 not null,
    device_type      device_type not null,
    chf_id           macaddr8 not null,
    csp              text not null,
    originator       macaddr8 not null,
    counter          numeric(20, 0) not null,
    message_code     integer not null,
    state            command_state not null,
    execution_time   timestamptz,
    future_dated     boolean not null default false,
    created          timestamptz not null,
    tries            integer not null default 0,
    next_try         timestamptz not null,
    leased_until     timestamptz,
    response_due     timestamptz,
    last_error       text,
    ended            timestamptz,
    outcome_seen     timestamptz,
    payload          bytea not null,
    unique (originator, device_id, counter)
) with (fillfactor = 80);
comment on table device_command is
    'Commands of 11.2 and 11.3: MACed, handed to the CSP, correlated with the '
    'device''s response by device, originator and counter';
comment on column device_command.command_id is
    'commandId, and the Idempotency-Key';
comment on column device_command.originator is
    'of the GBCS message: the User, or the ACB for an unknown remote party';
comment on column device_command.counter is 'originator counter of it';
comment on column device_command.message_code is 'use case: 0x0012, 0x0059 ...';
comment on column device_command.execution_time is 'DUIS ExecutionDateTime';
comment on column device_command.future_dated is
    'the device holds it (11.3): an 8F66 or 8F67 follows';
comment on column device_command.response_due is 'then E21';
comment on column device_command.outcome_seen is
    'future dated: when its 8F66 or 8F67 came';
comment on column device_command.payload is 'the message as it goes out';
create index device_command_due on device_command (csp, next_try)
    where state in ('held', 'waiting');
create index device_command_unanswered on device_command (response_due)
    where state = 'sent';
create index device_command_request on device_command (request_no);

create table pre_command (
    request_no bigint not null primary key references service_request,
    payload    bytea not null
);
comment on table pre_command is
    'Pre-Commands that a Transform returned: the Signed Pre-Command must be '
    'the same octets (decision: judged by itself where there is none)';

create view device_update as
select l.device_id, l.request_no, l.chf_id, r.firmware_version
from tracking_live l join service_request r on r.request_no = l.request_no
union all
select h.device_id, h.request_no, h.chf_id, r.firmware_version
from tracking_history h join service_request r on r.request_no = h.request_no
where h.status <> 'REJECTED_BY_DSP';
comment on view device_update is
    'Updates that a device''s message may be about: those we did not refuse';

create table version_mismatch (
    standing    text not null primary key
        check (standing in ('active', 'not_active', 'not_listed')),
    alert       text not null,
    smi_updated boolean not null
);
comment on table version_mismatch is
    'A device runs another firmware than the Smart Metering Inventory has: '
    'what follows, by the standing of that firmware on the CPL for the '
    'device''s model';
comment on column version_mismatch.alert is
    'DCC Alert to the sender of the 11.2 that found it';
comment on column version_mismatch.smi_updated is
    'the inventory follows the device, whoever reported it (11.2, 11.3, 8F66, '
    '8F67, 8F8B)';
insert into version_mismatch values
    ('active', 'N49', true), ('not_active', 'N50', true),
    ('not_listed', 'N51', false);

create index cpl_entry_model
    on cpl_entry (manufacturer_id, model_id, firmware_version);
