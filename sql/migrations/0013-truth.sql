-- A record that is true to the device.

-- ---- what became of a command (RSAT_004) ----

alter table device_command add response_result smallint,
    add outcome_result smallint;
comment on column device_command.response_result is
    'result code in the device''s response, 0: success; null: none, or it has '
    'no such code';
comment on column device_command.outcome_result is
    'future dated: result code of its 8F66 or 8F67, 0: success';

-- Of commands of the release before the audit trail says it.
update device_command c set response_result = said.response_result,
    outcome_result = said.outcome_result
from (
    select d.command_no,
        max(e.result) filter (where e.kind = 'device_response')
            as response_result,
        max(e.result) filter (where e.kind = 'device_alert')
            as outcome_result
    from device_command d
    cross join lateral (
        select s.kind, substring(s.detail from '^response code (\d{1,3})\M')
            ::smallint as result
        from sat_entry s
        where s.device_id = d.device_id and s.request_no = d.request_no
            and s.at >= d.created - interval '1 hour'
            and s.detail !~ '(unknown|unverified)(:|$)'
            and (s.kind = 'device_response'
                or s.kind = 'device_alert' and s.code in ('8F66', '8F67'))
        ) e
    where d.ended is not null or d.outcome_seen is not null
    group by d.command_no) said
where c.command_no = said.command_no;

-- These gain columns, or ask one that does.
drop function if exists request_device_page(bigint, processing_status, text,
    text, macaddr8, integer, timestamptz);
drop function if exists list_request_devices(bigint, processing_status, text,
    text, macaddr8, integer, timestamptz);
drop function if exists activation_report(macaddr8, device_type, timestamptz,
    timestamptz, bigint, integer);
drop function if exists list_activations(macaddr8, device_type, timestamptz,
    timestamptz, bigint, integer);
drop function if exists activation_counts(macaddr8, device_type, timestamptz,
    timestamptz);

-- ---- messages that nobody could check yet ----

alter table gbcs_message
    add wants_certificate boolean not null default false
        check (state = 'unverified' or not wants_certificate);
comment on column gbcs_message.wants_certificate is
    'unverified only because no fit certificate of its device was known: it is '
    'looked at again when one is imported';
update gbcs_message set wants_certificate = true
where state = 'unverified' and (
    detail in ('no signature certificate of the device is known',
        'no MAC certificate of the device is known')
    or detail ~ '^its (signature|MAC) certificate is (expired|revoked|not valid yet)$');
create index gbcs_message_wants_certificate on gbcs_message (originator)
    where wants_certificate;
