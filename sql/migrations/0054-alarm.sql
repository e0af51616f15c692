-- Alarms as data: the rules about what a person should look at, and each time
-- that one spoke.

create table alarm_rule (
    rule      text primary key,
    position  smallint not null unique,
    title     text not null,
    meaning   text not null,
    advice    text not null,
    is_on     boolean not null default true,
    threshold integer check (threshold between 1 and 1000000),
    unit      text check (unit in ('failures', 'minutes')),
    looks     interval not null default '0',
    looked    timestamptz not null default '-infinity',
    person    text,
    made      timestamptz,
    check ((threshold is null) = (unit is null)),
    check ((person is null) = (made is null))
);
comment on table alarm_rule is
    'The rules that raise alarms (sql/alarm.sql has what each looks at)';
comment on column alarm_rule.rule is 'name, for people and programs';
comment on column alarm_rule.position is 'their order';
comment on column alarm_rule.title is 'what an alarm says, in a few words';
comment on column alarm_rule.meaning is 'when there is one';
comment on column alarm_rule.advice is 'what a person can do about one';
comment on column alarm_rule.is_on is 'false: it raises none, and those end';
comment on column alarm_rule.threshold is 'the number that it goes by, if any';
comment on column alarm_rule.unit is 'of what the threshold is a number';
comment on column alarm_rule.looks is
    'it is looked at when so much time has passed; 0: by each round';
comment on column alarm_rule.looked is 'when it was, for those that wait';
comment on column alarm_rule.person is 'who set it; null: as installed';
comment on column alarm_rule.made is 'when it was set';
insert into alarm_rule (rule, position, title, meaning, advice, threshold,
    unit, looks) values
    ('device_failures', 1, 'A device fails again and again',
        'So many updates or activations of a device have failed in a row, '
        'over all requests.',
        'See on the page of the device what failed, and in its history whether '
        'it was the same each time; its supplier decides whether an engineer '
        'goes there.', 3, 'failures', '10 minutes'),
    ('csp_silent', 2, 'A CSP is silent',
        'A CSP has jobs, and has neither reported nor answered a job for so '
        'long.',
        'Ask the CSP whether it works and reaches us; the page of stuck '
        'devices has what waits for it.', 1440, 'minutes', '0'),
    ('breaker', 3, 'A circuit-breaker holds devices',
        'Too many devices of a model or CSP failed in a request whose plan '
        'holds them then.',
        'See on the page of the request what failed; release the order with a '
        'reason, or stop the request.', null, null, '0'),
    ('quarantine', 4, 'A request is held by anomaly detection',
        'Anomaly detection holds a request until somebody decides.',
        'Ask its sender whether it is meant so; release or reject it.',
        null, null, '0'),
    ('undelivered', 5, 'A User does not take its messages',
        'The oldest message to a User that is not delivered is older than so '
        'long.',
        'See among undelivered messages what its system answers, and ask the '
        'User; try them again once it answers.', 240, 'minutes', '0'),
    ('overdue_forecast', 6, 'A request is later than its forecast',
        'Nine of ten devices of a request are not done, and were to be so '
        'long ago by the first forecast since it or its plan was changed.',
        'See among stuck devices what they wait for, and on the page of the '
        'request by CSP and model which of them are late.',
        1440, 'minutes', '10 minutes');

create table alarm (
    alarm_no   bigint generated always as identity primary key,
    rule       text not null references alarm_rule,
    about      text not null,
    device_id  macaddr8,
    csp        text,
    request_no bigint,
    user_id    macaddr8,
    since      timestamptz not null,
    until      timestamptz,
    count      bigint not null check (count > 0),
    why        text not null,
    inserted   bigint not null
        default pg_sequence_last_value('running_second')
);
comment on table alarm is
    'Alarms that stand and stood: a row from when a rule begins to speak of '
    'something until it does so no more';
comment on column alarm.alarm_no is 'number that people name it by';
comment on column alarm.rule is 'alarm_rule';
comment on column alarm.about is
    'whom it is about, as people say it: Device ID, CSP, RequestID, order, '
    'User ID';
comment on column alarm.device_id is 'the device that it is about';
comment on column alarm.csp is 'the CSP that it is about';
comment on column alarm.request_no is
    'service_request that it is about; of a device: the one that failed last';
comment on column alarm.user_id is 'the User that it is about';
comment on column alarm.since is 'when it was raised';
comment on column alarm.until is 'when it ended; null: it stands';
comment on column alarm.count is
    'how much of it there was last: failures, jobs, devices, messages';
comment on column alarm.why is 'the reason, in words';
comment on column alarm.inserted is 'running_second when it was raised';
create unique index alarm_stands on alarm (rule, about) where until is null;
comment on index alarm_stands is 'one of each, whichever fotad raises it';
create index alarm_over on alarm (inserted) where until is not null;

create type alarm_cause as (
    about      text,
    device_id  macaddr8,
    csp        text,
    request_no bigint,
    user_id    macaddr8,
    count      bigint,
    why        text
);
comment on type alarm_cause is 'What a rule speaks of now; as in alarm';

-- ---- e-mail ----

alter type notice_kind add value 'alarm';
comment on type notice_kind is
    'request_finished: no device of a request is in progress any more; '
    'failure_share: more of its devices have failed than [mail] failure_share '
    'says; quarantine: anomaly detection holds it; csp_silent: a CSP took a '
    'job of it and never reported; steering: it is held or stopped; alarm: '
    'alarms of a rule began or ended';
alter table notice
    add alarm text,
    alter request_no drop not null,
    add check ((request_no is null) = (alarm is not null)) not valid;
comment on column notice.request_no is
    'service_request; null: it is about none';
comment on column notice.alarm is
    'alarm_rule, for that kind: made where its alarms begin or end; else null';

comment on column sat_entry.kind is
    'alarm, alert, alert again, alert device, command, delivered, '
    'device_alert, device_command, device_response, given_up, guard, '
    'inventory, job, mail, notification, person, quarantine, released, '
    'report, request, reset, status, steering, told, warning';
