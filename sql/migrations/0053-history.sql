-- The history of a device or request is found in the whole audit trail: by the
-- days that have any, which are noted behind the writers' backs.

create table sat_device_day (
    device_id macaddr8 not null,
    day       date not null,
    primary key (device_id, day)
);
comment on table sat_device_day is
    'Days of the service audit trail with entries of a device, as far as they '
    'are listed (sat_mark)';
comment on column sat_device_day.device_id is 'as in sat_entry';
comment on column sat_device_day.day is 'UTC';
create index sat_device_day_old on sat_device_day using brin (day)
    with (autosummarize = on);
comment on index sat_device_day_old is 'days that retention dropped';

create table sat_request_day (
    request_no bigint not null,
    day        date not null,
    primary key (request_no, day)
);
comment on table sat_request_day is 'The same of requests';
comment on column sat_request_day.request_no is 'as in sat_entry';
comment on column sat_request_day.day is 'UTC';
create index sat_request_day_old on sat_request_day using brin (day)
    with (autosummarize = on);
comment on index sat_request_day_old is 'days that retention dropped';

alter table sat_mark add listed bigint not null default 0;
comment on column sat_mark.listed is
    'the last entry whose day is in sat_device_day and sat_request_day';
