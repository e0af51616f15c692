-- People and scripts that look and act (interfaces.md, People), and the
-- housekeeping of what is recorded.

create type account_role as enum (
    'supplier', 'service_desk', 'auditor', 'administrator');
comment on type account_role is
    'supplier: sees its own requests and the devices it is responsible for; '
    'service_desk: sees all and resets; auditor: sees all; administrator: '
    'manages accounts';

create table account (
    name          text not null primary key
        check (name ~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$'),
    role          account_role not null,
    supplier_id   macaddr8,
    active        boolean not null default true,
    password      text,
    token         sha256_hash unique,
    created       timestamptz not null,
    last_sign_in  timestamptz,
    check ((role = 'supplier') = (supplier_id is not null))
);
comment on table account is 'People and scripts that may use the screens';
comment on column account.name is 'what they sign in with';
comment on column account.role is 'what it may do';
comment on column account.supplier_id is 'User that a supplier''s account is of';
comment on column account.active is 'false: it may do nothing any more';
comment on column account.password is
    'yescrypt hash; null: cannot sign in by password';
comment on column account.token is
    'SHA-256 of its Authorization: Bearer token; null: it has none';
comment on column account.created is 'fotad''s clock';
comment on column account.last_sign_in is 'latest sign-in by password';

create table session (
    token   sha256_hash not null primary key,
    account text not null references account on delete cascade,
    began   timestamptz not null,
    seen    timestamptz not null,
    expires timestamptz not null
);
comment on table session is 'Signed-in people';
comment on column session.token is 'SHA-256 of what the cookie says';
comment on column session.account is 'who is signed in';
comment on column session.began is 'sign-in';
comment on column session.expires is 'when it ends in any case';
comment on column session.seen is
    'latest use, to the minute: an idle session ends earlier than it expires';
create index session_account on session (account);

create table sign_in_failure (
    name         text not null primary key,
    failures     integer not null,
    last_failure timestamptz not null
);
comment on table sign_in_failure is
    'Failed sign-ins in a row, for names that exist and for names that do not, '
    'so that nobody learns which do';
comment on column sign_in_failure.name is 'as it was given';
comment on column sign_in_failure.last_failure is
    'the lock-out is counted from here';
comment on column sign_in_failure.failures is
    'attempts begun and not succeeded';

alter table sat_entry add column person text;
comment on column sat_entry.person is
    'account, or fotactl:LOGIN, that acted; null: fotad itself';
create index sat_entry_device on sat_entry (device_id, at)
    where device_id is not null
        and kind in ('status', 'told', 'notification', 'reset', 'released');
comment on index sat_entry_device is 'what happened to a device, on its page';

create table alert_count (
    request_no bigint not null,
    sent       integer not null,
    confirmed  integer not null
);
comment on table alert_count is
    'Messages to Users by request: a row for each batch that was written or '
    'confirmed, so that no two wait for each other';
comment on column alert_count.request_no is 'service_request';
comment on column alert_count.sent is 'messages written';
comment on column alert_count.confirmed is 'messages taken by their User';
create index alert_count_request on alert_count (request_no);

create function count_alerts() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into alert_count
        select request_no, count(*), 0 from written
        where request_no is not null group by request_no;
    else
        insert into alert_count
        select request_no, 0, count(*) from confirmed
        where request_no is not null group by request_no;
    end if;
    return null;
end $$;
create trigger count_written after insert on alert
    referencing new table as written
    for each statement execute function count_alerts();
create trigger count_confirmed after delete on alert
    referencing old table as confirmed
    for each statement execute function count_alerts();

create index service_request_sender on service_request (originator, request_no);
create index service_request_received on service_request (received);
create index service_request_image on service_request (image_id, received)
    where image_id is not null;
create index csp_job_ended on csp_job (ended) where ended is not null;
create index gbcs_message_received on gbcs_message using brin (received)
    with (autosummarize = on);
create index device_command_created on device_command (created, command_no)
    where message_code = 18;
comment on index device_command_created is
    'Activate Firmware (CS06, 0x0012), for RSAT_004';

create table housekeeping (
    only_row      boolean not null primary key default true check (only_row),
    due           timestamptz not null,
    answers_until timestamptz not null default '-infinity'
);
comment on table housekeeping is
    'When it is done next: by the fotad that gets there first. Its change is '
    'also a sign of life that a replica''s age is told by';
comment on column housekeeping.only_row is 'there is one row';
comment on column housekeeping.due is 'not before, by fotad''s clock';
comment on column housekeeping.answers_until is
    'answers to requests received before are cleaned away';
insert into housekeeping (due) values ('-infinity');
