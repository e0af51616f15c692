-- The certificates of the named parties: of each, those that are fit first,
-- then the newest. p_accept_expired takes every date as good.
create or replace function party_certificates(
    p_ids macaddr8[], p_role certificate_role, p_usage certificate_usage,
    p_now timestamptz, p_accept_expired boolean)
    returns table (eui64 macaddr8, unfit text, der bytea)
    language sql
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_mergejoin = off
    set jit = off
begin atomic
    select c.eui64, f.unfit, c.der
    from (select distinct unnest(p_ids) as id) p
    join certificate c on c.eui64 = p.id and c.usage = p_usage
        and c.role = p_role
    cross join lateral (select case
        when c.revoked_at <= p_now then 'revoked'
        when p_accept_expired then null
        when c.not_before > p_now then 'not valid yet'
        when c.not_after < p_now then 'expired' end) as f (unfit)
    order by c.eui64, f.unfit is not null, c.not_before desc, c.not_after desc,
        c.serial;
end;

do $$ begin
    create type device_message as (
        ordinal         integer,
        csp             text,
        message_id      text,
        originator      macaddr8,
        recipient       macaddr8,
        cra             smallint,
        code            integer,
        counter         numeric,
        kind            text,
        checked         boolean,
        event           text,
        device_id       macaddr8,
        alert_code      integer,
        result          integer,
        version         bytea,
        at              timestamptz,
        command_counter numeric,
        party           macaddr8,
        party_counter   numeric);
    comment on type device_message is
        'A message of a device as src/device/receive.c has read it. kind: '
        'transfer, ppmid, outcome, response, alert. checked: its signature or '
        'MAC is good; otherwise only the User can tell. device_id: whom it is '
        'about. command_counter: of the command that an outcome is of. party, '
        'party_counter: supplementary fields';
exception when duplicate_object then null;
end $$;

do $$ begin
    create type device_message_end as (
        ordinal    integer,
        state      text,
        detail     text,
        request_no bigint);
    comment on type device_message_end is
        'What came of a device_message: gbcs_message.state and detail, and the '
        'request it was about';
exception when duplicate_object then null;
end $$;

do $$ begin
    create type user_message as (
        ordinal            integer,
        user_id            macaddr8,
        code               text,
        request_no         bigint,
        device_id          macaddr8,
        device_type        device_type,
        firmware_version   bytea,
        other_version      bytea,
        device_alert_code  integer,
        originator_counter numeric,
        csp                text,
        message_id         text);
    comment on type user_message is
        'A row for the table alert; csp and message_id name the gbcs_message '
        'whose octets it passes on';
exception when duplicate_object then null;
end $$;

do $$ begin
    create type version_report as (
        ordinal    integer,
        device_id  macaddr8,
        version    bytea,
        user_id    macaddr8,
        request_no bigint,
        activated  boolean);
    comment on type version_report is
        'A device said which firmware it runs. user_id, request_no: sender of '
        'the 11.2 that asked; null: nobody is told of a difference. '
        'activated: it says so because it has just activated its image';
exception when duplicate_object then null;
end $$;

-- Writes messages to Users that the transition table does not know of, in the
-- transaction of what caused them.
create or replace function put_messages(
    p_messages user_message[], p_now timestamptz) returns void
    language sql
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_mergejoin = off
    set jit = off
begin atomic
    with written as (
        insert into alert (user_id, created, code, request_no, device_id,
            device_type, firmware_version, other_version, device_alert_code,
            originator_counter, payload)
        select m.user_id, p_now, m.code, m.request_no, m.device_id,
            m.device_type, m.firmware_version, m.other_version,
            m.device_alert_code, m.originator_counter, g.payload
        from unnest(p_messages) as m
        left join gbcs_message g on g.csp = m.csp
            and g.message_id = m.message_id
        order by m.ordinal
        returning alert_no, user_id, code, request_no, device_id
    ), lane as (
        insert into alert_lane (user_id)
        select distinct w.user_id from written w
        where not exists (
            select from alert_lane l where l.user_id = w.user_id)
        order by w.user_id
        on conflict do nothing
    )
    insert into sat_entry (at, kind, request_no, device_id, party, code,
        detail)
    select p_now, 'alert', request_no, device_id, user_id, code,
        'counter ' || alert_no
    from written;
end;

-- Devices said which firmware they run (F2): the Smart Metering Inventory
-- follows where version_mismatch lets it, who asked hears of a difference
-- (N49 to N51), and an update of a meter or HCALCS that is waiting for its
-- activation is over.
create or replace function learn_versions(
    p_reports version_report[], p_now timestamptz, p_timeout interval)
    returns void language plpgsql
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_mergejoin = off
    set jit = off
as $$
declare
    messages user_message[];
    events tracking_event[];
begin
    if p_reports is null then
        return;
    end if;
    -- two batches take their devices in the same order
    perform from smi_device
    where device_id = any (select device_id from unnest(p_reports))
    order by device_id for update;

    with judged as materialized (
        select v.*, s.device_type, m.alert, m.smi_updated,
            s.firmware_version as known_version
        from unnest(p_reports) as v
        join smi_device s on s.device_id = v.device_id
        cross join lateral (
            select case when bool_or(e.status = 'Active') then 'active'
                when count(*) > 0 then 'not_active'
                else 'not_listed' end as standing
            from cpl_entry e
            where e.manufacturer_id = s.manufacturer_id
                and e.model_id = s.model_id
                and e.firmware_version = v.version
                and e.device_type = s.device_type
                and e.hardware_version = s.hardware_version) c
        join version_mismatch m on m.standing = c.standing
        where s.firmware_version is distinct from v.version
    ), learnt as (
        update smi_device s set firmware_version = n.version
        from (
            select distinct on (device_id) device_id, version, known_version
            from judged where smi_updated
            order by device_id, ordinal desc) n
        where s.device_id = n.device_id
        returning s.device_id, n.version, n.known_version
    ), audited as (
        insert into sat_entry (at, kind, device_id, code, detail)
        select p_now, 'inventory', device_id, firmware_version_text(version),
            'firmware version was ' || coalesce(
                firmware_version_text(known_version), 'not known')
        from learnt
    )
    select array_agg(row(ordinal, user_id, alert, request_no, device_id,
        device_type, version, coalesce(known_version, '\x00000000'), null,
        null, null, null)::user_message)
    into messages from judged where user_id is not null;

    select array_agg(row(ordinal, 'version_seen', device_id, request_no, null,
        null, version, null, null, null)::tracking_event)
    into events from (
        select distinct on (v.device_id) v.ordinal, v.device_id, l.request_no,
            v.version
        from unnest(p_reports) as v
        join tracking_live l on l.device_id = v.device_id
        join service_request r on r.request_no = l.request_no
        where l.device_type <> 'PPMID'
            and (v.activated or r.firmware_version = v.version)
        order by v.device_id, v.ordinal) x;

    if messages is not null then
        perform put_messages(messages, p_now);
    end if;
    if events is not null then
        perform apply_events(events, p_now, p_timeout);
    end if;
end $$;
