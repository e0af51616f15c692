-- What became of updates, by day and model, and how suppliers used the network:
-- counted in the background, and kept when the records of devices are gone.

create table outcome_look (
    day      date primary key,
    looked   timestamptz not null,
    inserted bigint not null default pg_sequence_last_value('running_second')
);
comment on table outcome_look is
    'Days (UTC) whose requests outcome_day and neighbour_day have counted';
comment on column outcome_look.day is 'when the requests came';
comment on column outcome_look.looked is 'when they were counted last';
comment on column outcome_look.inserted is 'running_second at that time';

create table outcome_day (
    day              date not null references outcome_look on delete cascade,
    sender           macaddr8 not null,
    csp              text not null,
    device_type      device_type not null,
    manufacturer_id  octets2,
    model_id         octets2,
    hardware_version octet1,
    firmware_version octets4 not null,
    devices          integer not null check (devices > 0),
    succeeded        integer not null check (succeeded >= 0),
    failed           integer not null check (failed >= 0),
    in_progress      integer not null check (in_progress >= 0),
    check (succeeded + failed + in_progress <= devices),
    unique nulls not distinct (day, sender, csp, device_type, manufacturer_id,
        model_id, hardware_version, firmware_version)
);
alter table outcome_day replica identity full;
comment on table outcome_day is
    'Accepted updates by the day of their request, and what they have come to '
    'by device_outcome(); those of a day that are still on record are counted '
    'again and again';
comment on column outcome_day.day is 'outcome_look';
comment on column outcome_day.sender is 'whose requests';
comment on column outcome_day.csp is 'CSP that serves the hub';
comment on column outcome_day.device_type is 'DeviceType';
comment on column outcome_day.manufacturer_id is
    'Device Model by the inventory of when it was counted; null: not known';
comment on column outcome_day.model_id is 'the same';
comment on column outcome_day.hardware_version is 'the same';
comment on column outcome_day.firmware_version is 'what was asked for';
comment on column outcome_day.devices is 'accepted';
comment on column outcome_day.succeeded is 'of these';
comment on column outcome_day.failed is 'of these, also without news in time';
comment on column outcome_day.in_progress is
    'of these; the rest was reset or stopped';

create table neighbour_day (
    day             date not null references outcome_look on delete cascade,
    sender          macaddr8 not null,
    requests        integer not null check (requests > 0),
    single_requests integer not null check (single_requests <= requests),
    jobs            integer not null,
    single_jobs     integer not null check (single_jobs <= jobs),
    devices         integer not null,
    again           integer not null check (again <= devices),
    expired_again   integer not null check (expired_again <= devices),
    discarded       integer not null check (discarded <= devices),
    primary key (day, sender)
);
comment on table neighbour_day is
    'How a User''s requests of a day used what it shares with others';
comment on column neighbour_day.day is 'outcome_look';
comment on column neighbour_day.sender is 'the User';
comment on column neighbour_day.requests is 'update requests that were accepted';
comment on column neighbour_day.single_requests is 'of these, for one device';
comment on column neighbour_day.jobs is 'jobs that began with them';
comment on column neighbour_day.single_jobs is 'of these, of one device';
comment on column neighbour_day.devices is 'accepted updates';
comment on column neighbour_day.again is
    'of these, to a device that a CSP was given the same version for in the '
    '5 days before (section 4.13)';
comment on column neighbour_day.expired_again is
    'of these, to a device whose attempt before, for the same version, had no '
    'news in time or was refused as expired';
comment on column neighbour_day.discarded is
    'of these, whose image the hub discarded for a GSME''s (8F89 code 1)';
