-- Counters of devices' alerts that were taken, for ever; responses that only
-- their User can check.

create table replay_window (
    originator macaddr8 not null,
    recipient  macaddr8 not null,
    low        numeric not null default 0,
    seen       nummultirange not null,
    primary key (originator, recipient)
) with (fillfactor = 70);
comment on table replay_window is
    'Which counters of a device''s alerts were taken. Never cleaned: an alert '
    'counts once, whatever is forgotten. An answer''s counter is that of its '
    'command, which is answered once (device_command)';
comment on column replay_window.originator is 'the device';
comment on column replay_window.recipient is
    'whom it says it to; one that says much to its supplier does not push out '
    'what it says to the ACB';
comment on column replay_window.low is 'below it none is taken';
comment on column replay_window.seen is
    'the counters from low on that were taken: ranges, for some devices count '
    'by one and others by their clock. The number of ranges is limited '
    '(take_counters()): 256 alerts to one recipient between an alert and its '
    'coming 20 days late are more than a home has';
insert into replay_window (originator, recipient, seen)
select originator, recipient, range_agg(numrange(counter, counter + 1))
from gbcs_message
where cra = 3 and state in ('done', 'unknown')
group by originator, recipient;

alter type device_message add attribute chf_id macaddr8;
comment on type device_message is
    'A message of a device as src/device/receive.c has read it. kind: '
    'transfer, ppmid, outcome, response, alert. checked: its signature or '
    'MAC is good; otherwise only the User can tell. device_id: whom it is '
    'about. command_counter: of the command that an outcome is of. party, '
    'party_counter: supplementary fields. chf_id: hub it came through';

alter table device_command add passed_on timestamptz;
comment on column device_command.passed_on is
    'when a response that only the User can check was first passed on: no E21 '
    'follows, and otherwise the command is as before';

drop function if exists duplicate_messages(device_message[]);
