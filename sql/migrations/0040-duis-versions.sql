-- DUIS versions as data: what each has.

create table duis_version (
    version   text primary key
        check (version ~ '^[0-9]+\.[0-9]+$'),
    namespace text not null
        default 'http://www.dccinterface.co.uk/ServiceUserGateway'
        check (namespace = 'http://www.dccinterface.co.uk/ServiceUserGateway'),
    place     integer[] not null
        generated always as (string_to_array(version, '.')::integer[]) stored
);
comment on table duis_version is
    'The versions of DUIS (schemaVersion) that Users may be on and Service '
    'Requests of. Of a version that is not here the highest below it counts';
comment on column duis_version.version is 'such as 5.4';
comment on column duis_version.namespace is
    'of its documents: one, as far as is known; another would need a schema of '
    'its own';
comment on column duis_version.place is
    'their order: 5.10 comes after 5.4';
insert into duis_version values
    ('2.0'), ('3.0'), ('3.1'), ('4.0'), ('5.0'), ('5.1'), ('5.2'), ('5.3'),
    ('5.4');

create table duis_since (
    kind    text not null
        check (kind in ('service', 'element', 'response_code', 'alert_code',
            'value')),
    name    text not null,
    since   text not null references duis_version,
    until   text references duis_version,
    instead text,
    source  text not null,
    primary key (kind, name),
    check (instead is not null or kind not in ('response_code', 'value'))
);
comment on table duis_since is
    'What not every version of DUIS has. A Service Request that its own version '
    'does not have is refused; a DCC Alert that the User''s does not have is '
    'sent as N999 (DUISVersionMismatch)';
comment on column duis_since.kind is
    'service: a Service Reference Variant; element: in sr:Body of a Service '
    'Request, in its answer or a message; response_code; alert_code: of a DCC '
    'Alert; value: of an element that has a list of values';
comment on column duis_since.name is 'its name';
comment on column duis_since.since is 'the first version that has it';
comment on column duis_since.until is
    'the first version that has it no more; null: there is none';
comment on column duis_since.instead is
    'what is said in the other versions: another name of the same kind; null: '
    'nothing';
comment on column duis_since.source is
    'where that is from; "ours": the published text does not say it';
insert into duis_since (kind, name, since, instead, source) values
    ('service', '11.4', '5.0', null, 'ours: with N60 and N61 (2021)'),
    ('element', 'UpdatePPMIDFirmware', '5.0', null, 'ours: that of 11.4'),
    ('element', 'InvalidGBCSVersionList', '5.1',
        'NotApplicableFirmwareDeviceIDList',
        'ours: later than the other four lists'),
    ('alert_code', 'N39', '5.0', null, 'ours: its firmware part came with 11.4'),
    ('alert_code', 'N59', '5.0', null, 'ours: with N60 and N61'),
    ('alert_code', 'N60', '5.0', null, 'in use since November 2021'),
    ('alert_code', 'N61', '5.0', null, 'in use since November 2021'),
    ('alert_code', 'N62', '5.0', null, 'ours: with N60 and N61'),
    ('value', '4G North', '5.3', 'North', 'ours: 4G hubs'),
    ('value', '4G Central', '5.3', 'Central', 'ours: 4G hubs'),
    ('value', '4G South', '5.3', 'South', 'ours: 4G hubs');

alter table service_request add duis_version text;
comment on column service_request.duis_version is
    'which its answers are in; null: those of its User''s';

-- They are made anew with more parameters.
do $$
declare
    f regprocedure;
begin
    for f in select oid from pg_proc where pronamespace = 'public'::regnamespace
            and proname in ('take_request_ids', 'lane_settled') loop
        execute 'drop function ' || f || ' cascade';
    end loop;
end $$;
