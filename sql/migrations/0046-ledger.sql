-- What a User confirmed has a number, and can be told again.

alter table alert_lane add numbered bigint not null default 0;
comment on column alert_lane.numbered is
    'number of the last message that the User confirmed: 1, 2, 3 without a gap, '
    'since there are numbers';

comment on column sat_entry.kind is
    'alert, alert again, alert device, command, delivered, device_alert, '
    'device_command, device_response, given_up, inventory, job, mail, '
    'notification, person, quarantine, released, report, request, reset, '
    'status, steering, told, warning';

create table alert_confirmed (
    user_id              macaddr8 not null,
    number               bigint not null,
    alert_no             bigint not null,
    created              timestamptz not null,
    code                 text not null,
    event                text,
    response_code        text,
    request_no           bigint,
    device_id            macaddr8,
    chf_id               macaddr8,
    device_ids           macaddr8[],
    device_type          device_type,
    firmware_version     octets4,
    other_version        octets4,
    event_time           timestamptz,
    device_alert_code    integer,
    result               smallint,
    originator_counter   numeric(20, 0),
    quarantine_event_ref bigint,
    payload              bytea,
    confirmed            timestamptz not null,
    inserted             bigint not null
        default pg_sequence_last_value('running_second'::regclass),
    primary key (user_id, number)
);
create index alert_confirmed_inserted on alert_confirmed using brin (inserted)
    with (autosummarize = on);
comment on index alert_confirmed_inserted is 'old ones, to be removed';
comment on table alert_confirmed is
    'Messages that Users confirmed, as they were in alert, to be told again';
comment on column alert_confirmed.user_id is 'recipient';
comment on column alert_confirmed.number is 'see alert_lane.numbered';
comment on column alert_confirmed.alert_no is 'as it was in alert';
comment on column alert_confirmed.created is 'the same';
comment on column alert_confirmed.code is 'the same';
comment on column alert_confirmed.event is 'the same';
comment on column alert_confirmed.response_code is 'the same';
comment on column alert_confirmed.request_no is 'the same';
comment on column alert_confirmed.device_id is 'the same';
comment on column alert_confirmed.chf_id is 'the same';
comment on column alert_confirmed.device_ids is 'the same';
comment on column alert_confirmed.device_type is 'the same';
comment on column alert_confirmed.firmware_version is 'the same';
comment on column alert_confirmed.other_version is 'the same';
comment on column alert_confirmed.event_time is 'the same';
comment on column alert_confirmed.device_alert_code is 'the same';
comment on column alert_confirmed.result is 'the same';
comment on column alert_confirmed.originator_counter is 'the same';
comment on column alert_confirmed.quarantine_event_ref is 'the same';
comment on column alert_confirmed.payload is 'the same';
comment on column alert_confirmed.confirmed is 'fotad''s clock';
comment on column alert_confirmed.inserted is
    'running time when it was inserted, by which it is removed';
