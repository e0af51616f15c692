-- Plans: how the devices of a request go out, in waves, at which hours, and when
-- it holds by itself.

create type plan_terms as (
    first    text,
    next     text,
    growth   integer,
    wait     interval,
    outcomes integer,
    failures numeric,
    least    integer,
    start    timestamptz,
    days     integer[],
    opens    time,
    closes   time
);
comment on type plan_terms is
    'What a plan says, see parse_plan()';

create table plan (
    plan_no          bigint generated always as identity primary key,
    user_id          macaddr8,
    service_reference_variant text,
    manufacturer_id  octets2,
    model_id         octets2,
    terms            plan_terms not null,
    said             text not null,
    person           text not null,
    made             timestamptz not null,
    check ((manufacturer_id is null) = (model_id is null)),
    unique nulls not distinct (user_id, service_reference_variant,
        manufacturer_id, model_id)
);
comment on table plan is
    'Plans that requests begin with: the one that says most of a request; null '
    'says nothing';
comment on column plan.plan_no is 'number that people name it by';
comment on column plan.user_id is 'requests of this User';
comment on column plan.service_reference_variant is '11.1 or 11.4';
comment on column plan.manufacturer_id is 'requests for images of this model';
comment on column plan.model_id is 'the same';
comment on column plan.terms is 'as parse_plan() read it';
comment on column plan.said is 'as the person wrote it';
comment on column plan.person is 'who set it';
comment on column plan.made is 'when it was set';

create table request_plan (
    request_no bigint primary key references service_request on delete cascade,
    terms      plan_terms not null,
    said       text not null,
    person     text,
    made       timestamptz not null,
    wave       integer not null default 0,
    allowed    integer not null default 0,
    reached    timestamptz,
    closed     boolean not null default true,
    waits      text,
    next       timestamptz,
    next_look  timestamptz not null,
    ended      boolean not null default false
);
comment on table request_plan is 'Plans of requests, and how far they are';
comment on column request_plan.request_no is 'service_request';
comment on column request_plan.terms is 'as parse_plan() read it';
comment on column request_plan.said is 'as the person wrote it';
comment on column request_plan.person is 'who set it; null: it began with it';
comment on column request_plan.made is 'when it was set';
comment on column request_plan.wave is 'the open one, from 1; 0: none yet';
comment on column request_plan.allowed is 'devices of all waves so far';
comment on column request_plan.reached is
    'when these had outcomes enough for the next wave';
comment on column request_plan.closed is 'nothing goes at this hour';
comment on column request_plan.waits is
    'what it waits for: start, window, outcomes, wait; null: nothing';
comment on column request_plan.next is 'when that is over; null: not known';
comment on column request_plan.next_look is 'when it is looked at again';
comment on column request_plan.ended is 'its request has finished';
create index request_plan_due on request_plan (next_look) where not ended;

alter table steering
    add outcomes bigint,
    add failed bigint,
    add check ((outcomes is null) = (cause <> 'failures'));
comment on column steering.outcomes is
    'devices of it that had an outcome when it was held for failures';
comment on column steering.failed is 'how many of these had failed';
