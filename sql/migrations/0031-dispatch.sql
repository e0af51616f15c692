-- One decision what goes to a CSP next: what it goes by, and jobs of several
-- requests.

alter table distribution add sender macaddr8, add image_hash sha256_hash;
update distribution d set sender = r.originator,
    image_hash = r.manufacturer_image_hash
from service_request r
where r.request_no = d.request_no and d.unassigned > 0;
comment on column distribution.sender is
    'service_request.originator; null: nothing waited when this came to be';
comment on column distribution.image_hash is
    'service_request.manufacturer_image_hash; null: the same';
drop index distribution_unassigned;
drop index distribution_ready;
create index distribution_sender
    on distribution (csp, device_type, sender, request_no) where ready > 0;
create index distribution_image
    on distribution (csp, device_type, image_hash, request_no)
    where ready > 0;

alter table csp_job
    add requests integer not null default 1 check (requests > 0),
    add in_flight integer,
    add counted timestamptz;
comment on column csp_job.request_no is
    'service_request; of several the oldest, see csp_job_gathered';
comment on column csp_job.requests is 'how many requests its devices are of';
comment on column csp_job.in_flight is
    'devices on their way to their hubs, when they were counted; null: they are '
    'not, for nothing limits this CSP';
comment on column csp_job.counted is 'when in_flight was counted';
comment on table csp_job is
    'Jobs for the CSPs: devices of one image, CSP and device type, at most '
    'max_devices_per_job. Its devices are the tracking rows that name it';
create index csp_job_flight on csp_job (csp, counted) where in_flight > 0;

create table csp_job_gathered (
    request_no bigint not null,
    job_no     bigint not null references csp_job on delete cascade,
    primary key (request_no, job_no)
) with (fillfactor = 100);
comment on table csp_job_gathered is
    'The other requests of jobs that have devices of several';
comment on column csp_job_gathered.request_no is
    'service_request; not csp_job.request_no';
comment on column csp_job_gathered.job_no is 'csp_job';
create index csp_job_gathered_job on csp_job_gathered (job_no);

create table csp_pace (
    csp             text primary key,
    offers          integer not null default 0,
    pause           interval not null default '0',
    paused_until    timestamptz not null default '-infinity',
    busy_since      timestamptz,
    spoken_meters   timestamptz not null default '-infinity',
    spoken_others   timestamptz not null default '-infinity',
    spoken          timestamptz not null default '-infinity',
    turn            macaddr8,
    senders         macaddr8[] not null default '{}',
    deficits        bigint[] not null default '{}',
    counts          boolean not null default false,
    recounted       timestamptz not null default '-infinity',
    waits           text,
    next            timestamptz,
    decided         timestamptz
) with (fillfactor = 40);
comment on table csp_pace is
    'How a CSP is given work, from one decision to the next (src/dispatch)';
comment on column csp_pace.csp is 'its name';
comment on column csp_pace.offers is
    'most jobs that it is offered at once; 0: no limit, it was not busy lately';
comment on column csp_pace.pause is
    'how long nothing went to it when it was busy last';
comment on column csp_pace.paused_until is 'it is offered nothing new before';
comment on column csp_pace.busy_since is
    'it has taken nothing since, for it is busy; null: it takes jobs';
comment on column csp_pace.spoken_meters is
    'until when the devices a minute of ESME and GSME are spent';
comment on column csp_pace.spoken_others is 'the same of HCALCS and PPMID';
comment on column csp_pace.spoken is 'the same of all';
comment on column csp_pace.turn is 'User whose turn it is';
comment on column csp_pace.senders is
    'Users of whom something waited, when it was decided last';
comment on column csp_pace.deficits is
    'what each of them may send before others; below 0: had before his turn';
comment on column csp_pace.counts is
    'what it has in flight is counted, for something limits it';
comment on column csp_pace.recounted is 'when some of that was counted anew';
comment on column csp_pace.waits is
    'why something waits that could go (src/dispatch/reason.def); null: nothing '
    'did when it was decided last';
comment on column csp_pace.next is 'when time alone changes something';
comment on column csp_pace.decided is 'when it was decided last';
