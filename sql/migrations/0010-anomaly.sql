-- Anomaly detection (sections 2.3.4 and 4.10): how much each User may ask for in
-- a period, what was asked for, and the requests that are held.

create table volume_threshold (
    user_id                   macaddr8 not null,
    service_reference_variant text not null references service_reference,
    period_seconds            integer not null
        check (period_seconds between 1 and 31622400),
    warning                   integer check (warning >= 0),
    quarantine                integer check (quarantine >= 0),
    counted                   bigint not null default 0,
    counted_from              timestamptz,
    last_warned               timestamptz,
    primary key (user_id, service_reference_variant),
    check (coalesce(warning, quarantine) is not null),
    check (warning <= quarantine)
) with (fillfactor = 50);
comment on table volume_threshold is
    'Anomaly Detection Thresholds: devices that may be asked for in a sliding '
    'period, by User and Service Reference Variant';
comment on column volume_threshold.user_id is
    'whose; 00-00-00-00-00-00-00-00: all Users together (set by DCC)';
comment on column volume_threshold.service_reference_variant is 'as in DUIS';
comment on column volume_threshold.period_seconds is
    'the volume is counted over so long, up to the moment of a request';
comment on column volume_threshold.warning is
    'in excess of it the Service Desk is told; null: never';
comment on column volume_threshold.quarantine is
    'a request in excess of it is held; null: none is';
comment on column volume_threshold.counted is
    'devices of request_volume that are later than counted_from';
comment on column volume_threshold.counted_from is
    'begin of the period at the latest count; null: count anew';
comment on column volume_threshold.last_warned is
    'when the volume last came to exceed the warning level';

create table volume_threshold_change (
    change_no                 bigint generated always as identity primary key,
    at                        timestamptz not null,
    person                    text not null,
    change                    text not null
        check (change in ('set', 'removed')),
    user_id                   macaddr8 not null,
    service_reference_variant text not null,
    period_seconds            integer not null,
    warning                   integer,
    quarantine                integer
);
comment on table volume_threshold_change is
    'Who set which threshold when; written by a trigger, so that none is missed';
comment on column volume_threshold_change.change_no is 'in their order';
comment on column volume_threshold_change.at is 'fotad''s clock';
comment on column volume_threshold_change.person is
    'fotactl:LOGIN, or sql:ROLE for who went around fotactl';
comment on column volume_threshold_change.change is 'set or removed';
comment on column volume_threshold_change.user_id is
    'as in volume_threshold';
comment on column volume_threshold_change.service_reference_variant is
    'as in volume_threshold';
comment on column volume_threshold_change.period_seconds is
    'from now on; of one removed: until now';
comment on column volume_threshold_change.warning is 'likewise';
comment on column volume_threshold_change.quarantine is 'likewise';
create index volume_threshold_change_of
    on volume_threshold_change (user_id, service_reference_variant, change_no);

-- Who acts and fotad's time come from settings that fotactl makes for its
-- session. Only a change around fotactl has neither, and takes the server's.
create function note_threshold_change() returns trigger language plpgsql as $$
declare
    person constant text := coalesce(nullif(
        current_setting('fotad.person', true), ''), 'sql:' || session_user);
    moment constant timestamptz := coalesce(nullif(
        current_setting('fotad.now', true), '')::timestamptz,
        clock_timestamp());
    what text := 'set';
    t volume_threshold := new;
begin
    if tg_op = 'DELETE' then
        t := old;
        what := 'removed';
    end if;
    insert into volume_threshold_change (at, person, change, user_id,
        service_reference_variant, period_seconds, warning, quarantine)
    values (moment, person, what, t.user_id, t.service_reference_variant,
        t.period_seconds, t.warning, t.quarantine);
    insert into sat_entry (at, kind, person, party, code, detail)
    values (moment, 'person', person,
        nullif(t.user_id, '00-00-00-00-00-00-00-00'), 'threshold ' || what,
        format('%s: warning %s, quarantine %s in %s s',
            t.service_reference_variant, coalesce(t.warning::text, '-'),
            coalesce(t.quarantine::text, '-'), t.period_seconds));
    return null;
end $$;
create trigger note_threshold_change
    after insert or delete or update of period_seconds, warning, quarantine
    on volume_threshold
    for each row execute function note_threshold_change();

create function count_anew() returns trigger language plpgsql as $$
begin
    new.counted_from := null;
    return new;
end $$;
create trigger count_anew before update of period_seconds on volume_threshold
    for each row execute function count_anew();

create table request_volume (
    user_id                   macaddr8 not null,
    counter                   numeric(20, 0) not null,
    stage                     smallint not null,
    content                   sha256_hash not null,
    service_reference_variant text not null,
    at                        timestamptz not null,
    devices                   integer not null,
    primary key (user_id, counter, stage, content)
);
comment on table request_volume is
    'Requests that were let through while a threshold watched their User, each '
    'once however often it is sent';
comment on column request_volume.user_id is 'RequestID: the sender';
comment on column request_volume.counter is 'RequestID: the sender''s counter';
comment on column request_volume.stage is 'as in service_request';
comment on column request_volume.content is 'SHA-256 of the body as received';
comment on column request_volume.service_reference_variant is 'as in DUIS';
comment on column request_volume.at is
    'when it was let through: its arrival or its release';
comment on column request_volume.devices is
    'different Device IDs it lists; 1 for an 11.2 or 11.3';
create index request_volume_of_user
    on request_volume (user_id, service_reference_variant, at)
    include (devices);
create index request_volume_of_all
    on request_volume (service_reference_variant, at) include (devices);

create table threshold_breach (
    breach  text not null primary key,
    alert   text not null,
    meaning text not null
);
comment on table threshold_breach is
    'What the sender of a held request is told. An operator may change a row';
comment on column threshold_breach.breach is 'whose threshold it is';
comment on column threshold_breach.alert is
    'DCC Alert code; its element is in src/alerts/message.def';
comment on column threshold_breach.meaning is 'for people';
insert into threshold_breach values
    ('user', 'N46', 'In excess of the User''s own threshold'),
    ('dcc', 'N47', 'In excess of the threshold that DCC set for all Users');

create type hold_state as enum ('held', 'released', 'rejected');

create table held_request (
    hold_no        bigint generated always as identity primary key,
    request_no     bigint not null unique
        references service_request on delete cascade,
    breach         text not null references threshold_breach,
    devices        integer not null,
    volume         bigint not null,
    quarantine     integer not null,
    period_seconds integer not null,
    held           timestamptz not null,
    state          hold_state not null default 'held',
    decided        timestamptz,
    person         text,
    reason         text,
    next_try       timestamptz not null default '-infinity',
    ended          timestamptz,
    body           bytea
);
alter table held_request alter body set storage external;
comment on table held_request is
    'Requests in excess of a quarantine level, whole as they came';
comment on column held_request.hold_no is 'QuarantineEventRef';
comment on column held_request.request_no is 'service_request';
comment on column held_request.breach is 'threshold_breach';
comment on column held_request.devices is 'as they would have been counted';
comment on column held_request.volume is
    'devices in the period, those of this request included';
comment on column held_request.quarantine is 'the level at that moment';
comment on column held_request.period_seconds is 'the period at that moment';
comment on column held_request.held is 'fotad''s clock';
comment on column held_request.state is 'what was decided';
comment on column held_request.decided is 'when';
comment on column held_request.person is
    'account, or fotactl:LOGIN, that decided; null: fotad, for it was held too '
    'long';
comment on column held_request.reason is 'why';
comment on column held_request.next_try is
    'released: not gone on with before, after a try that failed';
comment on column held_request.ended is
    'when it was rejected, or had gone through the other steps';
comment on column held_request.body is
    'the octets as received; null: cleaned away after the end';
create index held_request_open on held_request (hold_no)
    where state = 'held';
create index held_request_released on held_request (next_try, hold_no)
    where state = 'released' and ended is null;
create index held_request_time on held_request (held);
