create or replace function request_id_text(macaddr8, macaddr8, numeric)
    returns text language sql immutable strict parallel safe
    return eui64_text($1) || ':' || eui64_text($2) || ':' || $3;
comment on function request_id_text(macaddr8, macaddr8, numeric) is
    'RequestID: originator, target, counter';

-- Who signed, and may they? One row, or none when no such certificate is
-- known. A User that is not registered has null columns. watched: some
-- threshold may concern the User.
drop function if exists find_signer(text, numeric);
create function find_signer(p_issuer text, p_serial numeric)
    returns table (
        eui64 macaddr8, role certificate_role, usage certificate_usage,
        not_before timestamptz, not_after timestamptz,
        revoked_at timestamptz, der bytea,
        user_status user_status, user_roles user_role[], duis_version text,
        watched boolean)
    language sql stable
begin atomic
    select c.eui64, c.role, c.usage, c.not_before, c.not_after, c.revoked_at,
        c.der, u.status, u.roles, u.duis_version,
        exists (select from volume_threshold t
            where t.user_id in (c.eui64, all_users()))
    from certificate c
    left join service_user u on u.user_id = c.eui64
    where c.issuer = p_issuer and c.serial = p_serial;
end;

-- Takes a RequestID for a request that is otherwise in order. Named outcomes:
--   taken     it is new; request_no is its row
--   replayed  the same request again; response holds what was answered
--   reused    used before with other content
-- The Signed Pre-Command (stage 2) of an 11.3 shares the RequestID of its
-- Transform (stage 1); nothing else shares one with another stage.
-- A second session with the same RequestID waits here for the first.
create or replace function take_request_id(
    p_originator macaddr8, p_target macaddr8, p_counter numeric,
    p_stage smallint, p_service text, p_variant text,
    p_command_variant smallint, p_content bytea, p_now timestamptz,
    out outcome text, out request_no bigint, out response bytea)
    language plpgsql as $$
declare
    earlier service_request;
begin
    if exists (select from service_request r
            where r.originator = p_originator and r.counter = p_counter
                and r.stage <> p_stage and r.used
                and (r.service_reference_variant, r.target)
                    <> (p_variant, p_target)) then
        outcome := 'reused';
        return;
    end if;
    insert into service_request as r (originator, target, counter, stage,
        used, service, service_reference_variant, command_variant, content,
        received)
    values (p_originator, p_target, p_counter, p_stage, true, p_service,
        p_variant, p_command_variant, p_content, p_now)
    on conflict (originator, counter, stage) where used do nothing
    returning r.request_no into request_no;
    if found then
        outcome := 'taken';
        return;
    end if;
    select * into strict earlier from service_request r
    where r.originator = p_originator and r.counter = p_counter
        and r.stage = p_stage and r.used;
    -- an answer that was cleaned away cannot be given again
    if earlier.content = p_content and earlier.target = p_target
            and earlier.response is not null then
        outcome := 'replayed';
        request_no := earlier.request_no;
        response := earlier.response;
    else
        outcome := 'reused';
    end if;
end $$;

-- The answer to a request refused before its RequestID was looked at: the
-- earlier one, if the same request was refused for the same condition.
create or replace function find_refusal(
    p_originator macaddr8, p_counter numeric, p_service text,
    p_content bytea, p_condition text) returns bytea
    language sql stable
    return (select response from service_request
        where originator = p_originator and counter = p_counter and not used
            and service = p_service and content = p_content
            and condition = p_condition);

-- Records such an answer. Returns the one to send: this one, or that of
-- another session that was quicker with the same request.
create or replace function record_refusal(
    p_originator macaddr8, p_target macaddr8, p_counter numeric,
    p_stage smallint, p_service text, p_variant text,
    p_command_variant smallint, p_content bytea, p_now timestamptz,
    p_condition text, p_response_code text, p_response bytea) returns bytea
    language plpgsql as $$
begin
    insert into service_request (originator, target, counter, stage, used,
        service, service_reference_variant, command_variant, content,
        received, condition, response_code, response)
    values (p_originator, p_target, p_counter, p_stage, false, p_service,
        p_variant, p_command_variant, p_content, p_now, p_condition,
        p_response_code, p_response)
    on conflict (originator, counter, service, content, condition)
        where not used do nothing;
    if found then
        return p_response;
    end if;
    return find_refusal(p_originator, p_counter, p_service, p_content,
        p_condition);
end $$;

create or replace function answer_request(
    p_request_no bigint, p_condition text, p_response_code text,
    p_response bytea) returns void
    language plpgsql as $$
begin
    update service_request set condition = p_condition,
        response_code = p_response_code, response = p_response
    where request_no = p_request_no;
end $$;

-- Is that on the CPL for what the service updates (B2)? Names the condition:
-- '' when it is.
create or replace function image_condition(
    p_variant text, p_manufacturer_image_hash bytea, p_firmware_version bytea)
    returns text language plpgsql stable as $$
begin
    return (select case
            when count(*) = 0 then 'image_not_on_cpl'
            when not bool_or(e.status = 'Active'
                and e.firmware_version is not distinct from p_firmware_version)
                then 'image_not_active'
            else ''
        end
    from cpl_entry e
    join service_device_type t on t.device_type = e.device_type
        and t.service_reference_variant = p_variant
    where e.manufacturer_image_hash = p_manufacturer_image_hash);
end $$;

-- Notes what the request wants to install, and judges it. image_known: the
-- octets of the OTA Upgrade Image are stored already, and stay until the
-- request has ended.
create or replace function check_image(
    p_request_no bigint, p_variant text, p_manufacturer_image_hash bytea,
    p_firmware_version bytea, p_image_id bytea,
    out condition text, out image_known boolean)
    language plpgsql as $$
begin
    update service_request set firmware_version = p_firmware_version,
        manufacturer_image_hash = p_manufacturer_image_hash,
        image_id = p_image_id
    where request_no = p_request_no;

    condition := image_condition(p_variant, p_manufacturer_image_hash,
        p_firmware_version);
    perform from firmware_image where image_id = p_image_id for key share;
    image_known := found;
end $$;

create or replace function store_image(
    p_image_id bytea, p_manufacturer_image_hash bytea, p_octets bytea)
    returns void language plpgsql as $$
begin
    insert into firmware_image values
        (p_image_id, p_manufacturer_image_hash, p_octets)
    on conflict do nothing;
end $$;

-- What find_signer() says of a registered User, for a request without a
-- signature. No row: not registered.
create or replace function find_sender(p_user_id macaddr8)
    returns table (
        user_status user_status, user_roles user_role[], duis_version text)
    language sql stable
begin atomic
    select status, roles, duis_version from service_user
    where user_id = p_user_id;
end;
