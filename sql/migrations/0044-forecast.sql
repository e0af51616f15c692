-- Forecasts: when half, and nine of ten, of the devices of a request will be
-- done; each is kept and, once it is known, scored.

create type forecast_group as (
    part    integer,
    csp     text,
    type    device_type,
    model   text,
    state   text,
    span    update_span,
    age     double precision,
    hour    integer,
    devices bigint
);
comment on type forecast_group is
    'Devices that a forecast takes together. part: of one CSP, type and model, '
    'numbered; state: done, held, later (its plan lets it go later), out; span, '
    'age: since when it is out, and seconds since; hour: when it began, in London';

create type forecast_point as (
    part integer,
    at   timestamptz,
    mass double precision
);
comment on type forecast_point is
    'So many devices, a share of one maybe, of a part are done until then';

create table forecast (
    forecast_no bigint generated always as identity primary key,
    request_no  bigint not null,
    csp         text,
    device_type device_type,
    model       text,
    made        timestamptz not null,
    first       boolean not null,
    devices     bigint not null check (devices > 0),
    done        bigint not null check (done between 0 and devices),
    why         text check (why in ('history', 'held', 'never', 'done')),
    p50         timestamptz,
    p90         timestamptz,
    level       double precision,
    history     bigint,
    due         timestamptz,
    scored      timestamptz,
    counted     bigint,
    by_p50      bigint,
    by_p90      bigint,
    inserted    bigint not null default pg_sequence_last_value('running_second'),
    check ((csp is null) = (device_type is null)
        and (csp is null) = (model is null)),
    check ((why is null) = (p90 is not null)),
    check ((scored is null) = (counted is null)
        and (scored is null) = (by_p90 is null)
        and (scored is null) = (by_p50 is null)),
    check (by_p50 <= by_p90 and by_p90 <= counted)
);
comment on table forecast is
    'Every forecast that was made, of whole requests and of each CSP, device '
    'type and model in them';
comment on column forecast.forecast_no is 'ours, in order';
comment on column forecast.request_no is 'service_request';
comment on column forecast.csp is 'of its devices of this CSP; null: of all';
comment on column forecast.device_type is 'of this type';
comment on column forecast.model is 'of this model; empty: not known';
comment on column forecast.made is 'when it was made, by fotad''s clock';
comment on column forecast.first is 'the first of its request';
comment on column forecast.devices is 'of how many devices';
comment on column forecast.done is 'how many of them were done then';
comment on column forecast.why is
    'why there is none: history (too little is known), held, never (of such '
    'devices fewer come to an end), done (these are)';
comment on column forecast.p50 is 'half of them will be done by then';
comment on column forecast.p90 is 'nine of ten';
comment on column forecast.level is
    'the share of what is known that it was read at, so that nine of ten hold';
comment on column forecast.history is 'updates that it rests on';
comment on column forecast.due is 'when it is scored; null: it has been, or has none';
comment on column forecast.scored is 'when it was';
comment on column forecast.counted is
    'devices then, without those that were reset or stopped';
comment on column forecast.by_p50 is 'of these were done by p50';
comment on column forecast.by_p90 is 'and by p90';
comment on column forecast.inserted is 'running_second when it was made';
create index forecast_request on forecast (request_no, forecast_no);
create index forecast_due on forecast (due) where due is not null;
create index forecast_scored on forecast (scored) where scored is not null;
create index forecast_inserted on forecast using brin (inserted);

create table forecast_watch (
    request_no bigint primary key,
    made       timestamptz not null,
    next       timestamptz not null
) with (fillfactor = 80);
comment on table forecast_watch is
    'Requests that forecasts are made of, again and again until they have '
    'finished';
comment on column forecast_watch.request_no is 'service_request';
comment on column forecast_watch.made is 'when the last one was made';
comment on column forecast_watch.next is 'when the next one is; infinity: never';
create index forecast_watch_next on forecast_watch (next);

create table forecast_level (
    csp         text not null,
    device_type device_type not null,
    level       double precision not null check (level between 0.5 and 0.995),
    primary key (csp, device_type)
);
comment on table forecast_level is
    'The share of what is known that P90 is read at: it goes up a little with '
    'each forecast that too few devices held, and down with the others';
comment on column forecast_level.csp is 'its name';
comment on column forecast_level.device_type is 'of the devices';
comment on column forecast_level.level is 'the share';

create table csp_flow (
    csp          text primary key,
    waiting      bigint not null,
    took_an_hour double precision not null
);
comment on table csp_flow is
    'What waits for a CSP and could go, and how much of it goes: worked out '
    'anew by each round of housekeeping';
comment on column csp_flow.csp is 'its name';
comment on column csp_flow.waiting is 'devices that could go';
comment on column csp_flow.took_an_hour is
    'devices that it took in its best hour of the last day';

alter table foresight
    add seen_to timestamptz not null default '-infinity';
comment on column foresight.seen_to is
    'requests that came until an hour before are watched, or need not be';
