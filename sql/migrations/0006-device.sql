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

create table command_device_type (
    service_reference_variant text not null references service_reference,
    device_type               device_type not null,
    message_code              integer not null,
    supplier                  text not null
        check (supplier in ('own', 'import', 'either')),
    user_originates           boolean not null,
    primary key (service_reference_variant, device_type)
);
comment on table command_device_type is
    'Device types that 11.2 and 11.3 may go to, and by which use case '
    '(gbcs.md section 4)';
comment on column command_device_type.message_code is
    'of the use case: 0x0059 ECS52, 0x0084 GCS38, 0x0129 CS08, 0x0012 CS06';
comment on column command_device_type.supplier is
    'own: the supplier of this meter; import, either: of the home';
comment on column command_device_type.user_originates is
    'the device knows remote parties, so one of them is the originator of its '
    'command; otherwise the ACB is, with the User in the supplementary fields';
insert into command_device_type values
    ('11.2', 'ESME', x'0059'::integer, 'own', true),
    ('11.2', 'GSME', x'0084'::integer, 'own', true),
    ('11.2', 'CHF', x'0059'::integer, 'either', false),
    ('11.2', 'PPMID', x'0129'::integer, 'either', false),
    ('11.2', 'HCALCS', x'0129'::integer, 'either', false),
    ('11.3', 'ESME', x'0012'::integer, 'own', true),
    ('11.3', 'GSME', x'0012'::integer, 'own', true),
    ('11.3', 'HCALCS', x'0012'::integer, 'import', true);

create table command_device_status (
    service_reference_variant text not null references service_reference,
    device_status             device_status not null,
    primary key (service_reference_variant, device_status)
);
comment on table command_device_status is
    'Statuses of a device in which 11.2 and 11.3 may go to it: the two that '
    'the published text names (Suspended since MP105)';
insert into command_device_status
select v, s from unnest(array['11.2', '11.3']) v,
    unnest(array['Commissioned', 'Suspended']::device_status[]) s;

create table command_role (
    role               user_role not null primary key,
    relation           text not null check (relation in ('supplier',
        'export_supplier', 'network_operator', 'registered_agent', 'any')),
    known_remote_party boolean not null
);
comment on table command_role is
    'What a User must be to a device to send it a command in that role';
comment on column command_role.relation is
    'any: nothing; otherwise as the Smart Metering Inventory has it. A '
    'supplier: see command_device_type.supplier';
comment on column command_role.known_remote_party is
    'a meter holds certificates of such a party (GBCS remote party roles '
    'Supplier and NetworkOperator), so it can be the originator';
insert into command_role values
    ('IS', 'supplier', true),
    ('GS', 'supplier', true),
    ('ES', 'export_supplier', false),
    ('ED', 'network_operator', true),
    ('GT', 'network_operator', true),
    ('RSA', 'registered_agent', false),
    ('OU', 'any', false);

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
