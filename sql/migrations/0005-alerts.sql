-- What goes out to Users' Receive Response addresses, and the audit trail.

create sequence alert_counter;
comment on sequence alert_counter is
    'Counter of a DCC Alert''s ResponseID: never used twice';

create type alert_state as enum ('waiting', 'given_up');

create table alert (
    alert_no             bigint not null primary key
        default nextval('alert_counter'),
    user_id              macaddr8 not null,
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
    state                alert_state not null default 'waiting',
    tries                integer not null default 0,
    next_try             timestamptz not null default '-infinity',
    retried              timestamptz,
    last_error           text
) with (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_cost_delay = 0);
comment on table alert is
    'Messages to Users that are not confirmed yet: what each says, from which '
    'the same message is composed at every try. A confirmed one is deleted '
    '(the service audit trail has it). Few indexes, for 50,000 come and go '
    'with one request';
comment on column alert.alert_no is 'counter of a DCC Alert''s ResponseID';
comment on column alert.user_id is 'recipient';
comment on column alert.created is 'its ResponseDateTime';
comment on column alert.code is
    'DCC Alert code, or the element that another message has: '
    'ServiceResponse (as it was composed), ResponseMessage, FutureDatedDeviceAlertMessage, DeviceAlertMessage; see '
    'src/alerts/message.def';
comment on column alert.event is 'transition.event that caused it';
comment on column alert.response_code is 'ResponseCode; null: I0';
comment on column alert.request_no is
    'the update request it speaks of, or the request that a ResponseMessage '
    'answers, which lends it its RequestID and ResponseID';
comment on column alert.device_id is 'the one device it speaks of';
comment on column alert.chf_id is 'the hub it speaks of';
comment on column alert.device_ids is 'the devices of a list alert';
comment on column alert.other_version is 'FirmwareVersionMismatch: the SMI''s';
comment on column alert.event_time is 'when the CSP or device says it happened';
comment on column alert.device_alert_code is '0x8F89, 0x8F8A, 0x8F8B, ...';
comment on column alert.result is
    'TransferResponseCode as GBCS numbers it; CommsHubTransferStatus and '
    'ActivateImageResultCode: 1 for success, 0 for failure';
comment on column alert.originator_counter is
    'DeviceAlertMessage: the device''s own counter, for the ResponseID';
comment on column alert.quarantine_event_ref is
    'QuarantinedRequest: QuarantineEventRef';
comment on column alert.payload is
    'GBCSPayload: the device''s own message; ServiceResponse: all of it';
comment on column alert.state is
    'given_up: a person must look (fotactl undelivered)';
comment on column alert.tries is 'how often it was sent and not confirmed';
comment on column alert.next_try is
    'not sent before; -infinity, so in the order of alert_no, until it was '
    'tried';
comment on column alert.retried is
    'when a person had it tried again; it is given up that much later';
comment on column alert.last_error is 'what the last try met';
create index alert_due on alert (user_id, next_try, alert_no)
    where state = 'waiting';
create index alert_tried on alert (user_id, device_id, alert_no)
    where state = 'waiting' and tries > 0;
comment on index alert_tried is
    'later messages about the same device wait for these';
create index alert_given_up on alert (user_id, alert_no)
    where state = 'given_up';

create table sat_entry (
    entry_no   bigint generated always as identity,
    at         timestamptz not null,
    kind       text not null,
    request_no bigint,
    device_id  macaddr8,
    party      macaddr8,
    csp        text,
    code       text,
    detail     text
) partition by range (at);
comment on table sat_entry is
    'Service Audit Trail: append-only. Every request, answer, alert, device '
    'message, change of status and action of a person';
comment on column sat_entry.at is 'fotad''s clock';
comment on column sat_entry.kind is
    'request, job, report, notification, status, alert, delivered, '
    'given_up, device_alert, reset, person, warning, quarantine, mail';
comment on column sat_entry.party is 'User that sent or received it';
comment on column sat_entry.code is
    'response, alert, reason or device response code';
comment on column sat_entry.detail is 'what else there is to say';
create index sat_entry_at on sat_entry using brin (at);
create table sat_entry_rest partition of sat_entry default;
comment on table sat_entry_rest is
    'Days for which no partition was made in time';

create function sat_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the service audit trail is append-only';
end $$;
create trigger sat_append_only before update or delete or truncate
    on sat_entry for each statement execute function sat_append_only();

create index sat_entry_no on sat_entry using brin (entry_no)
    with (pages_per_range = 32, autosummarize = on);
comment on index sat_entry_no is 'a seal''s entries, to seal and to verify';

create table sat_seal (
    seal_no  bigint not null primary key,
    first_no bigint not null unique,
    last_no  bigint not null unique,
    entries  bigint not null,
    earliest timestamptz,
    sealed   timestamptz not null,
    digest   sha256_hash not null,
    hash     sha256_hash not null,
    check (first_no <= last_no),
    check ((entries = 0) = (earliest is null))
);
comment on table sat_seal is
    'Hash chain over the Service Audit Trail: a changed, added or missing entry '
    'shows';
comment on column sat_seal.seal_no is 'from 1, without a gap';
comment on column sat_seal.first_no is 'the entry after the previous seal''s last';
comment on column sat_seal.last_no is 'entry_no of the last entry, there or not';
comment on column sat_seal.entries is 'how many of them there are';
comment on column sat_seal.earliest is
    'of the entries; before that the retention has taken nothing of it';
comment on column sat_seal.sealed is 'fotad''s clock';
comment on column sat_seal.digest is
    'SHA-256 over the SHA-256 of each entry, in their order';
comment on column sat_seal.hash is
    'SHA-256 over the hash of the previous seal, the numbers and the digest';

create table sat_mark (
    only_row boolean not null primary key default true check (only_row),
    entry_no bigint not null,
    seen     xid8 not null
);
comment on table sat_mark is
    'How far the trail is to be sealed next: once all transactions that were at '
    'work when the mark was set have ended, no entry below it is still to come';
comment on column sat_mark.only_row is 'there is one';
comment on column sat_mark.entry_no is 'highest entry_no at that time';
comment on column sat_mark.seen is 'first transaction that began after it';
insert into sat_mark (entry_no, seen) values (0, '0');

create table alert_lane (
    user_id      macaddr8 not null primary key,
    next_try     timestamptz not null default '-infinity',
    tries        integer not null default 0,
    leased_until timestamptz,
    last_error   text
) with (fillfactor = 50);
comment on table alert_lane is
    'One lane per User, so that a slow or dead one delays nobody else';
comment on column alert_lane.next_try is
    'while its address does not answer well: not before';
comment on column alert_lane.tries is
    'how often in a row its address did not answer well';
comment on column alert_lane.leased_until is
    'a worker delivers to it until then; the value tells the lease from a '
    'later one';
