-- What devices said that they run while an import had their rows.

create table version_waiting (
    waiting_no bigint generated always as identity primary key,
    device_id  macaddr8 not null,
    version    octets4 not null,
    user_id    macaddr8,
    request_no bigint,
    at         timestamptz not null
);
comment on table version_waiting is
    'Firmware versions that devices said while an import wrote the inventory: '
    'learnt when it has ended (learn_waiting_versions()). Next to always empty';
comment on column version_waiting.waiting_no is 'in the order they came';
comment on column version_waiting.device_id is 'who said it';
comment on column version_waiting.version is 'what it runs';
comment on column version_waiting.user_id is
    'who asked, and hears of a difference';
comment on column version_waiting.request_no is 'of the request that asked';
comment on column version_waiting.at is 'when the device said it';
create index version_waiting_device on version_waiting (device_id);

-- A User's lane is there before its first message: to make it is to wait for
-- another that does, in the middle of what both write.
insert into alert_lane (user_id)
select user_id from service_user order by user_id
on conflict do nothing;
