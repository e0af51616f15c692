-- Leases that are told apart, and what a CSP may have heard of.

alter table csp_job
    add lease_number bigint not null default 0,
    add posted integer,
    add without macaddr8[];
alter table device_command
    add lease_number bigint not null default 0,
    add posted boolean not null default false;
alter table alert_lane add lease_number bigint not null default 0;
alter table notice add lease_number bigint not null default 0;

comment on column csp_job.lease_number is
    'Each lease takes the next; what its holder writes counts only while it is '
    'the latest';
comment on column csp_job.posted is
    'Devices that were in it when it was posted under job_id; null: the CSP '
    'cannot have heard of the job';
comment on column csp_job.without is
    'Devices of it that left before it got its job_id; null: none';
comment on column device_command.lease_number is 'as csp_job.lease_number';
comment on column device_command.posted is 'the CSP may have heard of it';
comment on column alert_lane.lease_number is 'as csp_job.lease_number';
comment on column notice.lease_number is 'as csp_job.lease_number';

update csp_job set posted = devices
where state in ('handed_over', 'given_up') or tries > 0
    or leased_until is not null;
update csp_job set posted = null where state = 'refused';
update device_command set posted = true
where state <> 'local' and (tries > 0 or leased_until is not null
    or state not in ('held', 'waiting'));

create table csp_job_name (
    job_id  uuid primary key,
    job_no  bigint not null references csp_job on delete cascade,
    without macaddr8[]
);
comment on table csp_job_name is
    'Names (jobId, Idempotency-Key) that a job had, and under which a CSP may '
    'have heard of it: kept as long as the job, so that what it says is taken. '
    'A name stands for one body: a job that loses devices gets another';
comment on column csp_job_name.job_id is 'jobId, and the Idempotency-Key';
comment on column csp_job_name.job_no is 'csp_job';
comment on column csp_job_name.without is 'as csp_job.without';
create index csp_job_name_job on csp_job_name (job_no);
