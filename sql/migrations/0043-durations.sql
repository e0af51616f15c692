-- How long updates take, stage by stage, of what has ended: for forecasts, and
-- for what is later than others were.

create type update_span as enum (
    'turn', 'report', 'way', 'hub', 'device', 'total', 'whole', 'rest');
comment on type update_span is
    'From its request until a CSP took it; from then until the CSP reported; '
    'from then until its image was at the hub; from there until the hub said '
    'what became of it; from there until a PPMID said that it runs it. total: '
    'from its request until it came to an end; whole: the same from when a CSP '
    'took it; rest: from when the image was at the hub';

create table duration (
    csp         text not null,
    device_type device_type not null,
    span        update_span not null,
    model       text not null,
    hour        smallint not null check (hour between 0 and 23),
    week        integer not null,
    bucket      smallint not null check (bucket >= 0),
    devices     bigint not null check (devices > 0),
    inserted    bigint not null default pg_sequence_last_value('running_second'),
    primary key (csp, device_type, span, model, hour, week, bucket)
);
comment on table duration is
    'How many updates took how long, of a CSP, device type, model and hour';
comment on column duration.csp is 'its name';
comment on column duration.device_type is 'of the devices';
comment on column duration.span is 'from what to what';
comment on column duration.model is
    'manufacturer and model as in plans (1301:0084); empty: not in the '
    'inventory any more';
comment on column duration.hour is 'of the day in London, when it began';
comment on column duration.week is
    'running_second / 604800 when it was counted: weeks that fotad ran';
comment on column duration.bucket is
    'see duration_bucket(); 32767: it did not come to an end';
comment on column duration.devices is 'how many';
comment on column duration.inserted is 'running_second when the row was made';
create index duration_inserted on duration using brin (inserted);

create table duration_known (
    csp         text not null,
    device_type device_type not null,
    span        update_span not null,
    model       text not null,
    hour        smallint not null check (hour between -1 and 23),
    devices     bigint not null,
    p99         interval,
    buckets     integer[] not null,
    counts      double precision[] not null,
    primary key (csp, device_type, span, model, hour),
    check (cardinality(buckets) = cardinality(counts))
);
comment on table duration_known is
    'The sums of duration, where they are enough to say something. What takes '
    'longer than p99 is stuck; forecasts rest on the counts';
comment on column duration_known.csp is 'its name';
comment on column duration_known.device_type is 'of the devices';
comment on column duration_known.span is 'from what to what';
comment on column duration_known.model is 'as in duration; empty: of all models';
comment on column duration_known.hour is 'as in duration; -1: of all hours';
comment on column duration_known.devices is 'of how many that is known';
comment on column duration_known.p99 is
    '99 of 100 of what came to an end took no longer; null: nothing did';
comment on column duration_known.buckets is 'as in duration';
comment on column duration_known.counts is 'devices of each of these';

create table foresight (
    only_row    boolean not null primary key default true check (only_row),
    learnt_to   bigint not null default 0,
    learnt      boolean not null default false,
    known_made  bigint not null default 0
);
comment on table foresight is 'How far what is known of durations goes';
comment on column foresight.only_row is 'there is one row';
comment on column foresight.learnt_to is
    'what ended before this running_second is in duration';
comment on column foresight.learnt is
    'something came to duration since duration_known was worked out';
comment on column foresight.known_made is
    'running_second when duration_known was worked out';
insert into foresight default values;
