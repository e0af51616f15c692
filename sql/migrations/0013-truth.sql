-- A record that is true to the device: what was heard of an update, by whom
-- and when, from which its status follows; which of two updates an event was
-- of; what is told later.

alter type processing_status add value 'STORED_ON_DEVICE'
    after 'FIRMWARE_ACTIVATED';
comment on type processing_status is
    'Processing Status of Table 3; AWAITING_CSP (accepted, CSP not heard yet), '
    'STORED_ON_DEVICE (it has the image and runs the firmware of before: the '
    'first of two) and ACTIVATION_FAILED are ours. The first four are In '
    'Progress, in their order';

-- ---- what was heard of an update ----

alter table tracking_live
    add from_version    bytea,
    add report_status   processing_status,
    add delivery_status processing_status,
    add delivery_time   timestamptz,
    add hub_status      processing_status,
    add hub_time        timestamptz,
    add device_status   processing_status,
    add device_time     timestamptz,
    add stored_time     timestamptz;
alter table tracking_history
    add from_version    bytea,
    add report_status   processing_status,
    add delivery_status processing_status,
    add delivery_time   timestamptz,
    add hub_status      processing_status,
    add hub_time        timestamptz,
    add device_status   processing_status,
    add device_time     timestamptz,
    add stored_time     timestamptz;

do $$
declare
    of_table text;
begin
    foreach of_table in array array['tracking_live', 'tracking_history'] loop
        execute format('comment on column %I.from_version is %L', of_table,
            'what the device ran when the request came, as the inventory had '
            'it');
        execute format('comment on column %I.report_status is %L', of_table,
            'what the CSP''s report on the job said');
        execute format('comment on column %I.delivery_status is %L', of_table,
            'what the CSP said of the image''s way to the hub');
        execute format('comment on column %I.delivery_time is %L', of_table,
            'when that happened');
        execute format('comment on column %I.hub_status is %L', of_table,
            'what the hub said of the way to the device (8F8A, 8F89)');
        execute format('comment on column %I.hub_time is %L', of_table,
            'when that happened');
        execute format('comment on column %I.device_status is %L', of_table,
            'what the device said of itself (8F8B, 8F66, 8F67, a response)');
        execute format('comment on column %I.device_time is %L', of_table,
            'when that happened');
        execute format('comment on column %I.stored_time is %L', of_table,
            'when a PPMID said that it activated and runs from_version');
    end loop;
end $$;

-- What the release before knew, as if it had been heard when it was recorded.
update tracking_live set
    report_status = 'APPROVED_FOR_DISTRIBUTION',
    delivery_status = case when status >= 'SUCCESSFUL_CH_TRANSFER'
        then 'SUCCESSFUL_CH_TRANSFER'::processing_status end,
    delivery_time = case when status >= 'SUCCESSFUL_CH_TRANSFER'
        then last_updated end,
    hub_status = case when status = 'SUCCESSFUL_HAN_TRANSFER' then status end,
    hub_time = case when status = 'SUCCESSFUL_HAN_TRANSFER'
        then last_updated end
where status <> 'AWAITING_CSP';
update tracking_history set
    report_status = case
        when status in ('REJECTED_BY_CSP', 'APPROVED_FOR_DISTRIBUTION')
            then status end,
    delivery_status = case
        when status in ('SUCCESSFUL_CH_TRANSFER', 'FAILED_CH_TRANSFER')
            then status end,
    delivery_time = case
        when status in ('SUCCESSFUL_CH_TRANSFER', 'FAILED_CH_TRANSFER')
            then last_updated end,
    hub_status = case when status in ('SUCCESSFUL_HAN_TRANSFER',
        'FAILED_HAN_TRANSFER', 'HAN_DISCARDED', 'HAN_REJECTED_HW_MISMATCH')
            then status end,
    hub_time = case when status in ('SUCCESSFUL_HAN_TRANSFER',
        'FAILED_HAN_TRANSFER', 'HAN_DISCARDED', 'HAN_REJECTED_HW_MISMATCH')
            then last_updated end,
    device_status = case
        when status::text in ('FIRMWARE_ACTIVATED', 'ACTIVATION_FAILED')
            then status end,
    device_time = case
        when status::text in ('FIRMWARE_ACTIVATED', 'ACTIVATION_FAILED')
            then last_updated end
where status not in ('AWAITING_CSP', 'REJECTED_BY_DSP', 'RESET_BY_DCC');

create or replace view tracking as
select device_id, chf_id, request_no, job_no, last_updated, release_due,
    null::timestamptz as released, status, device_type, csp,
    null::text as reason_code, from_version, report_status, delivery_status,
    delivery_time, hub_status, hub_time, device_status, device_time,
    stored_time
from tracking_live
union all
select device_id, chf_id, request_no, job_no, last_updated, null, released,
    status, device_type, csp, reason_code, from_version, report_status,
    delivery_status, delivery_time, hub_status, hub_time, device_status,
    device_time, stored_time
from tracking_history;
drop view device_update;

-- ---- Table 3 ----

alter table transition add said_by text
    check (said_by in ('', 'report', 'delivery', 'hub', 'device', 'dcc'));
comment on column transition.said_by is
    'who says it: the CSP in its report, the CSP of the delivery, the hub, the '
    'device of itself, the DCC. A later one outweighs those before it, '
    'whatever came first; empty: it moves nothing';
alter table transition add of_update text check (of_update in ('job', 'at hub',
    'replaced', 'version', 'version before', 'image', 'given'));
comment on column transition.of_update is
    'which update of its device it is of (src/tracking/transition.def)';
alter table transition alter to_status drop not null;
comment on column transition.to_status is
    'status that it stands for; null: what the same said before is taken back';
comment on column transition.from_status is
    'statuses that it moves. Where the same said the status, if it is later';

insert into csp_reason values ('CSP_SILENT', 'N21');

-- ---- jobs ----

alter table csp_job add silent timestamptz, add contradicted timestamptz;
comment on column csp_job.silent is
    'when its devices were released, for the CSP never reported';
comment on column csp_job.contradicted is
    'when a later report said other than the first';
create index csp_job_unreported on csp_job (ended)
    where state = 'handed_over' and reported is null and silent is null;
create index csp_job_silent on csp_job (silent) where silent is not null;

alter type notice_kind add value 'csp_silent';
comment on type notice_kind is
    'request_finished: no device of a request is in progress any more; '
    'failure_share: more of its devices have failed than [mail] failure_share '
    'says; quarantine: anomaly detection holds it; csp_silent: a CSP took a '
    'job of it and never reported';

-- ---- hub alerts that may be of more than one update ----

create table contested_alert (
    device_id         macaddr8 not null,
    firmware_version  bytea not null,
    chf_id            macaddr8 not null,
    at                timestamptz not null,
    event             text not null,
    device_alert_code integer not null,
    result            integer not null,
    request_no        bigint references service_request,
    taken             timestamptz not null,
    told              boolean not null default false,
    primary key (device_id, firmware_version, chf_id, at, event)
);
comment on table contested_alert is
    'Alerts of hubs that came while a device had more than one update with '
    'their firmware version and hub. Which one each is of is found anew when '
    'something more is heard of these updates';
comment on column contested_alert.device_id is 'whom it is about';
comment on column contested_alert.firmware_version is 'as it says';
comment on column contested_alert.chf_id is 'the hub';
comment on column contested_alert.at is 'when the hub said it';
comment on column contested_alert.event is 'transition';
comment on column contested_alert.device_alert_code is '8F8A or 8F89';
comment on column contested_alert.result is 'as it says';
comment on column contested_alert.request_no is
    'the update that it was last found to be of';
comment on column contested_alert.taken is 'fotad''s clock';
comment on column contested_alert.told is
    'Users were told; it is not said again when it is found to be of another';
create index contested_alert_taken on contested_alert (taken);

-- ---- what is told later ----

create table collected_alert (
    alert_no         bigint generated always as identity primary key,
    request_no       bigint not null references service_request,
    user_id          macaddr8 not null,
    code             text not null,
    event            text not null,
    device_type      device_type not null,
    firmware_version bytea not null,
    device_ids       macaddr8[] not null,
    since            timestamptz not null
);
comment on table collected_alert is
    'Lists for Users that wait until every job of their request is reported, '
    'so that each User gets one (Table 3)';
comment on column collected_alert.alert_no is 'ours, in order';
comment on column collected_alert.request_no is 'service_request';
comment on column collected_alert.user_id is 'who is told';
comment on column collected_alert.code is 'as in alert';
comment on column collected_alert.event is 'as in alert';
comment on column collected_alert.device_type is 'as in alert';
comment on column collected_alert.firmware_version is 'as in alert';
comment on column collected_alert.device_ids is 'what one report adds';
comment on column collected_alert.since is 'fotad''s clock';
create index collected_alert_request on collected_alert (request_no);
create index collected_alert_since on collected_alert (since);

-- ---- what devices run ----

alter table smi_device add version_time timestamptz;
comment on column smi_device.version_time is
    'when the device ran firmware_version, as it last said itself; null: the '
    'inventory says so';

create type version_heard as (
    ordinal    integer,
    device_id  macaddr8,
    version    bytea,
    user_id    macaddr8,
    request_no bigint,
    by_itself  boolean,
    at         timestamptz);
comment on type version_heard is
    'A device said which firmware it runs. user_id, request_no: sender of the '
    '11.2 that asked; null: nobody is told of a difference. by_itself: 8F8B, '
    'of which the update was found already. at: when it ran it';
comment on type version_report is
    'Of learn_versions() as the release before has it, which goes with the '
    'next release';

-- ---- what the configuration says ----

create table tracking_setting (
    only_row         boolean not null primary key default true
        check (only_row),
    at_hub           interval not null default '15 days',
    at_hub_esme      interval not null default '5 days',
    delivered        interval not null default '31 days',
    delivered_blocks boolean not null default false,
    retention        interval not null default '7 days',
    n39_recipients   text not null default 'recorded_and_current' check
        (n39_recipients in ('recorded_and_current', 'recorded', 'current')),
    n59_collect      interval not null default '15 minutes'
);
comment on table tracking_setting is
    'The keys of [tracking] and [alerts] that functions need: one row, written '
    'when fotad starts';
comment on column tracking_setting.only_row is 'there is one row';
comment on column tracking_setting.at_hub is '[tracking] at_hub';
comment on column tracking_setting.at_hub_esme is '[tracking] at_hub_esme';
comment on column tracking_setting.delivered is '[tracking] delivered';
comment on column tracking_setting.delivered_blocks is
    '[tracking] delivered_blocks';
comment on column tracking_setting.retention is '[tracking] retention';
comment on column tracking_setting.n39_recipients is '[alerts] n39_recipients';
comment on column tracking_setting.n59_collect is '[alerts] n59_collect';
insert into tracking_setting default values;

-- ---- what became of a command (RSAT_004) ----

alter table device_command add response_result smallint,
    add outcome_result smallint;
comment on column device_command.response_result is
    'result code in the device''s response, 0: success; null: none, or it has '
    'no such code';
comment on column device_command.outcome_result is
    'future dated: result code of its 8F66 or 8F67, 0: success';

-- Of commands of the release before the audit trail says it.
update device_command c set response_result = said.response_result,
    outcome_result = said.outcome_result
from (
    select d.command_no,
        max(e.result) filter (where e.kind = 'device_response')
            as response_result,
        max(e.result) filter (where e.kind = 'device_alert')
            as outcome_result
    from device_command d
    cross join lateral (
        select s.kind, substring(s.detail from '^response code (\d{1,3})\M')
            ::smallint as result
        from sat_entry s
        where s.device_id = d.device_id and s.request_no = d.request_no
            and s.at >= d.created - interval '1 hour'
            and s.detail !~ '(unknown|unverified)(:|$)'
            and (s.kind = 'device_response'
                or s.kind = 'device_alert' and s.code in ('8F66', '8F67'))
        ) e
    where d.ended is not null or d.outcome_seen is not null
    group by d.command_no) said
where c.command_no = said.command_no;

-- ---- messages that nobody could check yet ----

alter table gbcs_message
    add wants_certificate boolean not null default false
        check (state = 'unverified' or not wants_certificate);
comment on column gbcs_message.wants_certificate is
    'unverified only because no fit certificate of its device was known: it is '
    'looked at again when one is imported';
update gbcs_message set wants_certificate = true
where state = 'unverified' and (
    detail in ('no signature certificate of the device is known',
        'no MAC certificate of the device is known')
    or detail ~ ('^its (signature|MAC) certificate is '
        '(expired|revoked|not valid yet)$'));
create index gbcs_message_wants_certificate on gbcs_message (originator)
    where wants_certificate;

-- ---- functions whose columns change, or that ask one whose do ----

drop function if exists judge_devices(macaddr8[], text[], bytea[], bytea[],
    bigint[], macaddr8[], device_type[], integer[], boolean, csp_region[],
    text[]);
drop function if exists release_expired(macaddr8[], timestamptz);
drop function if exists request_device_page(bigint, processing_status, text,
    text, macaddr8, integer, timestamptz);
drop function if exists list_request_devices(bigint, processing_status, text,
    text, macaddr8, integer, timestamptz);
drop function if exists activation_report(macaddr8, device_type, timestamptz,
    timestamptz, bigint, integer);
drop function if exists list_activations(macaddr8, device_type, timestamptz,
    timestamptz, bigint, integer);
drop function if exists activation_counts(macaddr8, device_type, timestamptz,
    timestamptz);
