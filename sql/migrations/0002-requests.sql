-- Service Requests as received, what was answered, and the published codes.

create table response_code (
    condition                 text not null,
    service_reference_variant text not null default '',
    http_status               smallint not null
        check (http_status between 200 and 599),
    response_code             text check (response_code ~ '^[IEW][0-9]+$'),
    meaning                   text not null,
    primary key (condition, service_reference_variant)
);
comment on table response_code is
    'What fotad answers, by condition. An operator may change a row; fotad '
    'reads them at start and on SIGHUP';
comment on column response_code.condition is 'named in src/request/condition.def';
comment on column response_code.service_reference_variant is
    'for this variant only; empty: for all others';
comment on column response_code.http_status is 'HTTP status of the answer';
comment on column response_code.response_code is
    'DUIS ResponseCode; null: no DUIS answer, application/problem+json';
comment on column response_code.meaning is 'for people';

insert into response_code values
    ('not_well_formed', '', 400, null, 'The body is not well-formed XML'),
    ('not_valid', '', 400, null, 'The body is not valid against the DUIS schema'),
    ('quarantine_full', '', 503, null, 'Anomaly detection holds too many requests of this User'),
    ('not_authentic', '', 200, 'E1', 'The signature or its certificate is not good'),
    ('user_unknown', '', 200, 'E1', 'The User is unknown or has no role'),
    ('role_not_eligible', '', 200, 'E2', 'No role of the User may send this Service Reference'),
    ('user_suspended', '', 200, 'E3', 'The User is suspended'),
    ('wrong_service', '', 200, 'E13', 'The request type does not belong to this service URL'),
    ('variant_not_allowed', '', 200, 'E12', 'The Command Variant, or a header that differs from the body, is not applicable'),
    ('wrong_target', '', 200, 'E11', 'The RequestID does not name the DCC Access Control Broker as target'),
    ('request_id_used', '', 200, 'E65', 'The RequestID was used before with other content'),
    ('device_unknown', '', 200, 'E19', 'The device is not in the Smart Metering Inventory'),
    ('not_responsible', '', 200, 'E4', 'The User is not responsible for the device'),
    ('device_status', '', 200, 'E5', 'The status of the device does not allow it'),
    ('device_type', '', 200, 'E11', 'The device type does not fit the Service Request'),
    ('device_not_served', '', 200, 'E20', 'No CSP serves the Communications Hub of the device'),
    ('device_key_unknown', '', 200, 'E20', 'No valid key agreement certificate of the device is known, so no command can be made for it'),
    ('pre_command_refused', '', 200, 'E12', 'The GBCSPayload is not the Pre-Command of this request with a signature'),
    ('pre_command_not_authentic', '', 200, 'E1', 'The signature of the Pre-Command is not that of the User''s'),
    ('execution_time', '', 200, 'E31', 'The execution time is past or more than 30 days ahead'),
    ('image_too_large', '11.1', 200, 'E110105', 'The OTA Upgrade Image is over the size limit'),
    ('image_too_large', '11.4', 200, 'E110405', 'The OTA Upgrade Image is over the size limit'),
    ('image_malformed', '11.1', 200, 'E110103', 'The OTA Upgrade Image is malformed'),
    ('image_malformed', '11.4', 200, 'E110403', 'The OTA Upgrade Image is malformed'),
    ('image_not_on_cpl', '11.1', 200, 'E110101', 'No CPL entry for this device type has the hash of the Manufacturer Image'),
    ('image_not_on_cpl', '11.4', 200, 'E110401', 'No CPL entry for this device type has the hash of the Manufacturer Image'),
    ('image_not_active', '11.1', 200, 'E110102', 'The CPL entry is not Active or has another FirmwareVersion'),
    ('image_not_active', '11.4', 200, 'E110402', 'The CPL entry is not Active or has another FirmwareVersion'),
    ('every_device_failed', '11.1', 200, 'W110101', 'Every device failed; nothing is sent on'),
    ('every_device_failed', '11.4', 200, 'W110401', 'Every device failed; nothing is sent on'),
    ('some_devices_failed', '11.1', 200, 'W110101', 'The listed devices failed, the others go on'),
    ('some_devices_failed', '11.4', 200, 'W110401', 'The listed devices failed, the others go on'),
    ('accepted', '', 200, 'I99', 'Accepted'),
    ('quarantined', '', 200, 'I99', 'Held by anomaly detection'),
    ('quarantine_rejected', '', 200, 'E71', 'Held by anomaly detection and rejected by the Service Desk'),
    ('transformed', '', 200, 'I0', 'The Pre-Command is returned'),
    ('returned', '', 200, 'I0', 'The command is returned for local delivery'),
    ('device_unreachable', '', 200, 'E20', 'The CSP could not reach the device'),
    ('device_silent', '', 200, 'E21', 'The device did not answer in time'),
    ('our_fault', '', 500, 'E100', 'An error of the DSP; nothing was done');

create table service_reference (
    service_reference_variant text not null primary key,
    service_reference         text not null,
    body                      text not null,
    needs_acb_target          boolean not null
);
comment on table service_reference is
    'The Service Reference Variants that fotad takes';
comment on column service_reference.service_reference_variant is 'as in DUIS';
comment on column service_reference.service_reference is 'as in DUIS';
comment on column service_reference.body is 'body element it comes with';
comment on column service_reference.needs_acb_target is
    'the RequestID''s target is the ACB (Non-Device services)';
insert into service_reference values
    ('11.1', '11.1', 'UpdateFirmware', true),
    ('11.2', '11.2', 'ReadFirmwareVersion', false),
    ('11.3', '11.3', 'ActivateFirmware', false),
    ('11.4', '11.4', 'UpdatePPMIDFirmware', true);

create table service_role (
    service_reference_variant text not null references service_reference,
    role                      user_role not null,
    primary key (service_reference_variant, role)
);
comment on table service_role is
    'Eligible User Roles (DUIS request matrix)';
insert into service_role
select v, r from unnest(array['11.1', '11.3', '11.4']) v,
    unnest(array['IS', 'GS']::user_role[]) r
union all
select '11.2', r from unnest(enum_range(null::user_role)) r;

create table service_variant (
    service_reference_variant text not null references service_reference,
    command_variant           smallint not null check (command_variant between 1 and 8),
    service                   text not null
        check (service in ('serviceD', 'serviceS', 'serviceT')),
    body                      text not null,
    sent                      boolean not null,
    returned                  boolean not null,
    future_dated              boolean not null,
    primary key (service_reference_variant, command_variant)
);
comment on table service_variant is
    'Allowed Command Variants, the service URL and the body of each (DUIS '
    'schema type sr:CommandVariant)';
comment on column service_variant.sent is 'a command goes to the device';
comment on column service_variant.returned is
    'a command or Pre-Command goes back to the User in the answer';
comment on column service_variant.future_dated is
    'an execution time may be asked for; otherwise on demand only';
insert into service_variant values
    ('11.1', 8, 'serviceD', 'UpdateFirmware', false, false, false),
    ('11.4', 8, 'serviceD', 'UpdatePPMIDFirmware', false, false, false),
    ('11.2', 1, 'serviceS', 'ReadFirmwareVersion', true, false, true),
    ('11.2', 2, 'serviceD', 'ReadFirmwareVersion', false, true, false),
    ('11.2', 3, 'serviceS', 'ReadFirmwareVersion', true, true, false),
    ('11.3', 4, 'serviceT', 'ActivateFirmware', false, true, true),
    ('11.3', 5, 'serviceS', 'SignedPreCommand', true, false, true),
    ('11.3', 6, 'serviceD', 'SignedPreCommand', false, true, false),
    ('11.3', 7, 'serviceS', 'SignedPreCommand', true, true, false);

create table service_device_type (
    service_reference_variant text not null references service_reference,
    device_type               device_type not null,
    supplier                  text not null
        check (supplier in ('import', 'gas', 'either')),
    primary key (service_reference_variant, device_type)
);
comment on table service_device_type is
    'Device types an update service takes, and which supplier of the home may '
    'ask for it (section 2.3.3, 2.4.1)';
comment on column service_device_type.supplier is
    'import or gas: the supplier with that meter; an ESME or GSME: its own';
insert into service_device_type values
    ('11.1', 'ESME', 'import'),
    ('11.1', 'GSME', 'gas'),
    ('11.1', 'HCALCS', 'import'),
    ('11.4', 'PPMID', 'either');

create table firmware_image (
    image_id                sha256_hash not null primary key,
    manufacturer_image_hash sha256_hash not null,
    octets                  bytea not null
);
alter table firmware_image alter octets set storage external;
comment on table firmware_image is
    'OTA Upgrade Images of accepted requests, each once';
comment on column firmware_image.image_id is 'SHA-256 of the OTA Upgrade Image';
comment on column firmware_image.manufacturer_image_hash is
    'SHA-256 of the Manufacturer Image in it';
comment on column firmware_image.octets is
    'the OTA Upgrade Image; stored as it is, for it is compressed already';

create table service_request (
    request_no                bigint generated always as identity primary key,
    originator                macaddr8 not null,
    target                    macaddr8 not null,
    counter                   numeric(20, 0) not null
        check (counter between 1 and 18446744073709551615),
    stage                     smallint not null check (stage in (1, 2)),
    used                      boolean not null,
    service                   text not null,
    service_reference_variant text not null,
    command_variant           smallint not null,
    content                   sha256_hash not null,
    received                  timestamptz not null,
    condition                 text,
    response_code             text,
    response                  bytea,
    firmware_version          octets4,
    manufacturer_image_hash   sha256_hash,
    image_id                  sha256_hash,
    listed                    integer not null default 0,
    accepted                  integer not null default 0,
    invalid                   integer not null default 0,
    not_commissioned          integer not null default 0,
    not_applicable            integer not null default 0,
    gbcs_version              integer not null default 0,
    in_progress               integer not null default 0,
    check (listed = accepted + invalid + not_commissioned + not_applicable
        + gbcs_version + in_progress)
) with (fillfactor = 60);
alter table service_request alter response set storage external;
comment on table service_request is
    'Every authenticated Service Request and its answer';
comment on column service_request.request_no is 'ours, in order of arrival';
comment on column service_request.originator is 'RequestID: the sender';
comment on column service_request.target is 'RequestID: ACB or device';
comment on column service_request.counter is 'RequestID: the sender''s counter';
comment on column service_request.stage is
    '1: a Service Request, 2: a Signed Pre-Command, which reuses the RequestID '
    'of its Transform';
comment on column service_request.used is
    'the RequestID counts as used; false: refused before that was looked at';
comment on column service_request.service is 'service URL it came in by';
comment on column service_request.content is 'SHA-256 of the body as received';
comment on column service_request.received is 'when its last octet was in';
comment on column service_request.condition is 'response_code.condition';
comment on column service_request.response_code is 'DUIS ResponseCode sent';
comment on column service_request.response is
    'the answer as sent; the same request again gets the same octets';
comment on column service_request.image_id is 'firmware_image';
comment on column service_request.listed is
    'different Device IDs in the list';
comment on column service_request.accepted is 'devices that go on';
comment on column service_request.invalid is 'in InvalidDeviceIDList';
comment on column service_request.not_commissioned is
    'in NotCommissionedDeviceIDList';
comment on column service_request.not_applicable is
    'in NotApplicableFirmwareDeviceIDList';
comment on column service_request.gbcs_version is 'in InvalidGBCSVersionList';
comment on column service_request.in_progress is
    'in OtherRequestInProgressList';

create unique index service_request_used
    on service_request (originator, counter, stage) where used;
comment on index service_request_used is
    'each counter is used once per originator (and once by the Signed '
    'Pre-Command)';
create unique index service_request_refused
    on service_request (originator, counter, service, content, condition)
    where not used;
comment on index service_request_refused is
    'the same request refused again for the same condition is one refusal';
