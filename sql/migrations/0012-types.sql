-- The types that functions use, which were made beside them, and words on tables
-- of earlier migrations, which must not change. A database of the release
-- before has the types already.

do $$ begin
    create type refusal as enum ('invalid', 'not_commissioned',
        'not_applicable', 'in_progress', 'gbcs_version');
    comment on type refusal is
        'Why a device of an update request is refused, in the order of the '
        'lists of DSPUpdateFirmwareWarning';
exception when duplicate_object then null;
end $$;

do $$ begin
    create type tracking_told as (
        ordinal           integer,
        event             text,
        device_id         macaddr8,
        request_no        bigint,
        chf_id            macaddr8,
        firmware_version  bytea,
        event_time        timestamptz,
        device_alert_code integer,
        result            integer,
        alert             text,
        recipients        text,
        suppliers         macaddr8[],
        device_type       device_type);
    comment on type tracking_told is
        'An event with what the transition table says of telling it';
exception when duplicate_object then null;
end $$;

do $$ begin
    create type tracking_event as (
        ordinal           integer,
        event             text,
        device_id         macaddr8,
        request_no        bigint,
        reason            text,
        chf_id            macaddr8,
        firmware_version  bytea,
        event_time        timestamptz,
        device_alert_code integer,
        result            integer);
    comment on type tracking_event is
        'What was heard of a device: transition.event, for the update of '
        'request_no; the rest goes into the alert';
exception when duplicate_object then null;
end $$;

do $$ begin
    create type device_message as (
        ordinal         integer,
        csp             text,
        message_id      text,
        originator      macaddr8,
        recipient       macaddr8,
        cra             smallint,
        code            integer,
        counter         numeric,
        kind            text,
        checked         boolean,
        event           text,
        device_id       macaddr8,
        alert_code      integer,
        result          integer,
        version         bytea,
        at              timestamptz,
        command_counter numeric,
        party           macaddr8,
        party_counter   numeric);
    comment on type device_message is
        'A message of a device as src/device/receive.c has read it. kind: '
        'transfer, ppmid, outcome, response, alert. checked: its signature or '
        'MAC is good; otherwise only the User can tell. device_id: whom it is '
        'about. command_counter: of the command that an outcome is of. party, '
        'party_counter: supplementary fields';
exception when duplicate_object then null;
end $$;

do $$ begin
    create type device_message_end as (
        ordinal    integer,
        state      text,
        detail     text,
        request_no bigint);
    comment on type device_message_end is
        'What came of a device_message: gbcs_message.state and detail, and the '
        'request it was about';
exception when duplicate_object then null;
end $$;

do $$ begin
    create type version_report as (
        ordinal    integer,
        device_id  macaddr8,
        version    bytea,
        user_id    macaddr8,
        request_no bigint,
        activated  boolean);
    comment on type version_report is
        'A device said which firmware it runs. user_id, request_no: sender of '
        'the 11.2 that asked; null: nobody is told of a difference. '
        'activated: it says so because it has just activated its image';
exception when duplicate_object then null;
end $$;

do $$ begin
    create type device_tally as (
        status      processing_status,
        live        boolean,
        csp         text,
        device_type device_type,
        reason_code text,
        devices     bigint,
        settled     bigint);
    comment on type device_tally is
        'Devices of a request by all that its page tells apart; settled: those '
        'that came to the end of their distribution lately';
exception when duplicate_object then null;
end $$;

do $$ begin
    create type user_message as (
        ordinal            integer,
        user_id            macaddr8,
        code               text,
        request_no         bigint,
        device_id          macaddr8,
        device_type        device_type,
        firmware_version   bytea,
        other_version      bytea,
        device_alert_code  integer,
        originator_counter numeric,
        csp                text,
        message_id         text);
exception when duplicate_object then null;
end $$;
comment on type user_message is
    'Of put_messages(), which goes with the next release';

create type told_message as (
    ordinal            integer,
    event              text,
    device_id          macaddr8,
    request_no         bigint,
    chf_id             macaddr8,
    firmware_version   bytea,
    event_time         timestamptz,
    device_alert_code  integer,
    result             integer,
    alert              text,
    recipients         text,
    suppliers          macaddr8[],
    device_type        device_type,
    user_id            macaddr8,
    response_code      text,
    other_version      bytea,
    originator_counter numeric,
    csp                text,
    message_id         text,
    event_ref          bigint,
    payload            bytea);
comment on type told_message is
    'What Users are told: an event with what the transition table says of '
    'telling it, or a message to one User (user_message())';
comment on type tracking_told is
    'Of tell() as the release before has it, which goes with the next release';

-- ---- words on tables and columns ----

comment on column csp_message.csp is 'who sent it';
comment on column csp_message.message_id is 'its reportId or notificationId';
comment on column csp_message.received is 'fotad''s clock';
comment on column csp_image.csp is 'who took it';
comment on column csp_image.image_id is 'firmware_image';
comment on column csp_image.sent is 'fotad''s clock';
comment on column version_mismatch.standing is
    'of the firmware that the device runs, on the CPL';
comment on column tracking_history.device_id is 'Device ID';
comment on column tracking_history.chf_id is 'as in tracking_live';
comment on column tracking_history.request_no is 'service_request';
comment on column tracking_history.job_no is 'csp_job it travelled in';
comment on column tracking_history.last_updated is 'latest change of status';
comment on column tracking_history.status is 'Processing Status it ended in';
comment on column tracking_history.device_type is 'DeviceType';
comment on column tracking_history.csp is
    'name of the CSP that serves the hub';
comment on column tracking_history.responsible_supplier_ids is
    'as in tracking_live';
comment on column command_device_status.service_reference_variant is
    '11.2 or 11.3';
comment on column command_device_status.device_status is 'one that allows it';
comment on column pre_command.request_no is 'the Transform';
comment on column pre_command.payload is 'what it returned';
comment on column device_command.command_no is 'ours, in order';
comment on column device_command.request_no is 'the 11.2 or 11.3';
comment on column device_command.device_id is 'who it is for';
comment on column device_command.device_type is 'DeviceType';
comment on column device_command.chf_id is 'hub it goes through';
comment on column device_command.csp is 'CSP of that hub';
comment on column device_command.state is 'see command_state';
comment on column device_command.created is 'fotad''s clock';
comment on column device_command.tries is 'how often it was sent';
comment on column device_command.next_try is 'not sent before; held: its time';
comment on column device_command.leased_until is
    'a worker has it in hand until then';
comment on column device_command.last_error is 'what the last try met';
comment on column device_command.ended is 'when nothing more is done with it';
comment on column service_role.service_reference_variant is 'as in DUIS';
comment on column service_role.role is 'may send it';
comment on column service_request.service_reference_variant is
    'header, as in DUIS';
comment on column service_request.command_variant is 'header, as in DUIS';
comment on column service_request.firmware_version is
    'body: FirmwareVersion, 4 octets';
comment on column service_request.manufacturer_image_hash is
    'SHA-256 of the Manufacturer Image';
comment on column service_device_type.service_reference_variant is
    '11.1 or 11.4';
comment on column service_device_type.device_type is 'that it updates';
comment on column distribution.request_no is 'service_request';
comment on column distribution.csp is 'who gets them';
comment on column distribution.device_type is 'DeviceType';
comment on column distribution.devices is 'when the request was accepted';
comment on column distribution.unassigned is 'not in a job yet';
comment on column csp_job.job_no is 'ours, in order';
comment on column csp_job.request_no is 'service_request';
comment on column csp_job.csp is 'who gets it';
comment on column csp_job.device_type is 'of all its devices';
comment on column csp_job.created is 'fotad''s clock';
comment on column csp_job.state is 'see job_state';
comment on column command_role.role is 'User Role';
comment on column alert_lane.user_id is 'recipient';
comment on column alert_lane.last_error is 'what the last try met';
comment on column csp_reason.reason is 'reason or reasonCode of the CSP';
comment on column csp_reason.alert is 'DCC Alert code';
comment on column gbcs_message.csp is 'who passed it on';
comment on column gbcs_message.message_id is 'its messageId';
comment on column gbcs_message.received is 'fotad''s clock';
comment on column gbcs_message.detail is 'why it is in that state';
comment on column gbcs_message.payload is 'the message itself';
comment on column service_variant.service_reference_variant is 'as in DUIS';
comment on column service_variant.command_variant is 'as in DUIS';
comment on column service_variant.service is 'service URL';
comment on column service_variant.body is 'body element';
comment on column tracking_live.device_type is 'DeviceType';
comment on column migration.name is 'file';
comment on column migration.content is 'SHA-256 of what was applied';
comment on column migration.applied is 'when';
comment on column sat_entry.kind is
    'alert, alert device, command, delivered, device_alert, device_command, '
    'device_response, given_up, inventory, job, mail, notification, person, '
    'quarantine, released, report, reset, status, told, warning';
comment on column sat_entry.entry_no is 'in order of writing';
comment on column sat_entry.request_no is 'service_request';
comment on column sat_entry.device_id is 'device it is about';
comment on column sat_entry.csp is 'CSP it came from or went to';
comment on column alert.device_type is 'DeviceType it names';
comment on column alert.firmware_version is 'version it names';
comment on table command_device_type is
    'Device types that 11.2 and 11.3 may go to, and by which use case '
    '(requirement M4)';
comment on column command_device_type.service_reference_variant is
    '11.2 or 11.3';
comment on column command_device_type.device_type is 'that it may go to';
