-- What a device said is kept as long as the trail's entry that speaks of it.

create table sat_message (
    message_no bigint generated always as identity primary key,
    csp        text not null,
    message_id text not null,
    received   timestamptz not null,
    recipient  macaddr8 not null,
    payload    bytea not null,
    inserted   bigint not null
        default pg_sequence_last_value('running_second'::regclass)
);
create index sat_message_id on sat_message (csp, message_id);
create index sat_message_inserted on sat_message using brin (inserted)
    with (autosummarize = on);
comment on index sat_message_inserted is 'old ones, to be removed';
comment on table sat_message is
    'Messages of devices that were found genuine, once gbcs_message has them no '
    'more: content of the audit trail. Each is signed by its device or has its '
    'MAC, so no seal is needed to know one that was changed';
comment on column sat_message.message_no is 'only there to be unique';
comment on column sat_message.csp is 'as it was in gbcs_message';
comment on column sat_message.message_id is 'the same';
comment on column sat_message.received is
    'the same; a CSP may use a messageId again after years, so of several the '
    'latest before an entry is the one that it is about';
comment on column sat_message.recipient is 'the same';
comment on column sat_message.payload is 'the same';
comment on column sat_message.inserted is
    'running time when it was inserted, by which it is removed';
