-- Jobs that CSPs are to give back.

create type recall_state as enum (
    'waiting', 'recalled', 'absent', 'too_late', 'given_up');
comment on type recall_state is
    'waiting: to be asked, or asked again; recalled: it said which devices do '
    'not get the image; absent: it has no such job; too_late: all of the job '
    'goes on; given_up: it never said';

create table csp_recall (
    recall_no    bigint generated always as identity primary key,
    job_no       bigint not null references csp_job on delete cascade,
    job_id       uuid not null unique,
    csp          text not null,
    event        text not null,
    state        recall_state not null default 'waiting',
    recalled     macaddr8[],
    tries        integer not null default 0,
    next_try     timestamptz not null,
    leased_until timestamptz,
    lease_number bigint not null default 0,
    last_error   text,
    made         timestamptz not null,
    ended        timestamptz,
    check ((state = 'waiting') = (ended is null)),
    check ((state = 'recalled') = (recalled is not null))
);
comment on table csp_recall is
    'Names under which a CSP may have jobs that were stopped, each to be '
    'recalled; devices end once every name of their job was answered';
comment on column csp_recall.recall_no is 'order in which they are asked';
comment on column csp_recall.job_no is 'csp_job';
comment on column csp_recall.job_id is
    'jobId: of csp_job, or one that it had (csp_job_name)';
comment on column csp_recall.csp is 'as csp_job.csp';
comment on column csp_recall.event is
    'event of devices that are recalled: stopped_by_dcc, stopped_by_sender';
comment on column csp_recall.state is 'what the CSP answered';
comment on column csp_recall.tries is 'how often it was asked';
comment on column csp_recall.recalled is 'Device IDs, as the CSP said';
comment on column csp_recall.next_try is 'not before';
comment on column csp_recall.leased_until is
    'in hand until then; null: nobody has it';
comment on column csp_recall.lease_number is 'as csp_job.lease_number';
comment on column csp_recall.last_error is 'what the CSP answered last';
comment on column csp_recall.made is 'when the job was stopped';
comment on column csp_recall.ended is 'when the CSP had answered';
create index csp_recall_due on csp_recall (csp, next_try)
    where state = 'waiting';
create index csp_recall_job on csp_recall (job_no);
