-- Where there is room: radio cells of Communications Hubs, and the blocks of
-- their memory.

-- it says the cell, too
drop function if exists judge_devices(macaddr8[], text[], bytea[], bytea[],
    bigint[], macaddr8[], device_type[], integer[], boolean, csp_region[],
    text[]);

alter table smi_device add radio_cell text;
comment on column smi_device.radio_cell is
    'CHF: the radio cell of its CSP that it is in; null: not known';
alter table smi_home add radio_cell text;
comment on column smi_home.radio_cell is 'of the CHF; null: not known';

alter table tracking_live
    add radio_cell text,
    add hub_waits boolean not null default false,
    add check (not hub_waits or job_no is null and status = 'AWAITING_CSP');
comment on column tracking_live.radio_cell is
    'smi_home.radio_cell when the request was accepted';
comment on column tracking_live.hub_waits is
    'it waits for a block of its hub''s memory; it is in no job';
create index tracking_live_hub on tracking_live (csp, request_no, device_id)
    where hub_waits;

alter table distribution
    add cells text[],
    add cell_devices integer[],
    add check ((cells is null) = (cell_devices is null));
comment on column distribution.cells is
    'radio cells of the devices that wait and may go, '''': not known; null: '
    'they were not counted since that changed';
comment on column distribution.cell_devices is 'how many devices are in each';

alter table csp_job add cells text[];
comment on column csp_job.cells is
    'radio cells of the devices on their way, when they were counted';

alter table csp_pace
    add hub_request_no bigint,
    add hub_device_id macaddr8;
comment on column csp_pace.hub_request_no is
    'of what waits for blocks of hubs'' memories, whose block was looked at '
    'last; null: those of all were';
comment on column csp_pace.hub_device_id is 'the same';

alter table tracking_setting
    add hub_wait interval not null default '14 days',
    add one_update_per text not null default 'device'
        check (one_update_per in ('device', 'hub_block'));
comment on column tracking_setting.hub_wait is '[tracking] hub_wait';
comment on column tracking_setting.one_update_per is '[tracking] one_update_per';
