-- A range of counters for DCC Alerts, and what a message to a User waits for.

-- A DCC Alert's ResponseID (ACB, User, counter) has the form of the RequestID
-- that the answer to an 11.4 repeats. Users' counters do not come so far.
select setval('alert_counter', 4611686018427387904 + last_value)
from alert_counter where last_value < 4611686018427387904;
alter sequence alert_counter minvalue 4611686018427387904
    start 4611686018427387904;
comment on sequence alert_counter is
    'Counter of a DCC Alert''s ResponseID: never used twice, and from 2^62 on, '
    'so that it is no User''s RequestID either';
update alert set alert_no = 4611686018427387904 + alert_no
where alert_no between 1 and 4611686018427387903;

-- Later messages wait also for what was never tried because it waits itself,
-- and for the lists of their request.
drop index alert_tried;
create index alert_behind on alert (user_id, device_id, alert_no)
    where state = 'waiting' and next_try > '-infinity';
comment on index alert_behind is
    'what is not taken in the order of alert_no any more: later messages about '
    'the same device wait for these';
create index alert_list_behind on alert (user_id, request_no, alert_no)
    where state = 'waiting' and next_try > '-infinity' and device_id is null;
comment on index alert_list_behind is
    'the same of lists: later messages of their request wait for these';
comment on column alert.next_try is
    '-infinity, so in the order of alert_no, until it was tried, or put behind '
    'an earlier one that was; then: not before';
