-- The guard: rules of good sense about updates that a request may ask for, each
-- off, a warning or a refusal, for all Users or one.

alter table cpl_entry add upgrades_from bytea[];
comment on column cpl_entry.upgrades_from is
    'firmware versions from which this image may be installed; null: any';

create type guard_mode as enum ('off', 'warn', 'refuse');

create table guard_rule (
    rule     text primary key,
    position smallint not null unique,
    meaning  text not null,
    list     refusal not null,
    level    integer check (level > 0),
    counts   text,
    check ((level is null) = (counts is null))
);
comment on table guard_rule is
    'The rules of the guard. A device that several refuse is in the list of '
    'the first';
comment on column guard_rule.rule is 'name, for people and programs';
comment on column guard_rule.position is 'their order';
comment on column guard_rule.meaning is 'what a device has done wrong';
comment on column guard_rule.list is
    'the list of the answer that a refused device goes into';
comment on column guard_rule.level is
    'the number that the rule goes by, unless guard says another';
comment on column guard_rule.counts is 'what the level is a number of';
insert into guard_rule (rule, position, meaning, list, level, counts) values
    ('same_version', 1, 'It runs this firmware version already.',
        'not_applicable', null, null),
    ('older_version', 2, 'It runs a later firmware version.',
        'not_applicable', null, null),
    ('upgrade_path', 3, 'The Central Products List does not have the version '
        'that it runs among those that this image upgrades.',
        'not_applicable', null, null),
    ('sent_again', 4, 'The same firmware version was sent to it a short time '
        'ago.', 'in_progress', 5, 'days'),
    ('hub_block', 5, 'Another image has the block of its hub''s memory.',
        'in_progress', null, null),
    ('single_device', 6, 'Its sender has made many requests for one device '
        'in the last 24 hours.', 'in_progress', 100, 'requests');

create table guard (
    rule    text not null references guard_rule,
    user_id macaddr8,
    mode    guard_mode not null,
    level   integer check (level > 0),
    list    refusal,
    person  text not null,
    made    timestamptz not null,
    unique nulls not distinct (rule, user_id)
);
alter table guard replica identity full;
comment on table guard is
    'How rules stand: for a User its own row counts, else that of all; a rule '
    'without either is off';
comment on column guard.rule is 'guard_rule';
comment on column guard.user_id is 'requests of this User; null: of all others';
comment on column guard.mode is
    'warn: the device goes on and people are told; refuse: it is refused';
comment on column guard.level is 'null: as guard_rule says';
comment on column guard.list is 'null: as guard_rule says';
comment on column guard.person is 'who set it';
comment on column guard.made is 'when it was set';

create table guard_finding (
    request_no bigint not null references service_request,
    rule       text not null references guard_rule,
    refused    boolean not null,
    devices    integer not null check (devices > 0),
    device_ids macaddr8[],
    inserted   bigint not null
        default pg_sequence_last_value('running_second'),
    primary key (request_no, rule),
    check (cardinality(device_ids) = devices)
);
comment on table guard_finding is
    'What the guard had to say of the devices of requests';
comment on column guard_finding.request_no is 'service_request';
comment on column guard_finding.rule is 'guard_rule';
comment on column guard_finding.refused is 'they were refused for it';
comment on column guard_finding.devices is 'how many';
comment on column guard_finding.device_ids is
    'which; null once their updates are not on record any more';
comment on column guard_finding.inserted is 'running_second at that time';
create index guard_finding_old on guard_finding (inserted)
    where device_ids is not null;

create type guard_found as (
    ordinal integer,
    rule    text,
    refuses boolean,
    list    refusal,
    first   boolean
);
comment on type guard_found is
    'A device, by its place among those given, that a rule speaks of; first: '
    'of the rules that refuse it';

comment on column sat_entry.kind is
    'alert, alert again, alert device, command, delivered, device_alert, '
    'device_command, device_response, given_up, guard, inventory, job, mail, '
    'notification, person, quarantine, released, report, request, reset, '
    'status, steering, told, warning';
