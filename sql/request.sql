-- Service Requests: who signed, each RequestID once, the answers, the images,
-- and what people are told of a request.

-- Who signed, and may they? One row, or none when no such certificate is
-- known. The issuer is one of two names, the first one if both are. A User that is not registered has null columns. watched: some
-- threshold may concern the User.
create or replace function find_signer(
    p_issuer text, p_reversed text, p_serial numeric)
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
    where c.issuer in (p_issuer, p_reversed) and c.serial = p_serial
    order by c.issuer <> p_issuer limit 1;
end;

-- The ResponseCode of a condition: the row for that variant, or that for all.
create or replace function response_code_of(p_condition text, p_variant text)
    returns text language sql stable
    return (select response_code from response_code
        where condition = p_condition
            and service_reference_variant in (p_variant, '')
        order by service_reference_variant desc limit 1);

-- Takes the RequestIDs of requests that are otherwise in order, no two of them
-- the same, and writes what they ask for and are expected to end in. Their
-- request_no, in their order; null for one that was used before, see
-- earlier_answer().
-- The Signed Pre-Command (stage 2) of an 11.3 shares the RequestID of its
-- Transform (stage 1); nothing else shares one with another stage.
-- A second session with the same RequestID waits here for the first.
create or replace function take_request_ids(
    p_originators macaddr8[], p_targets macaddr8[], p_counters numeric[],
    p_stages integer[], p_services text[], p_variants text[],
    p_command_variants integer[], p_contents bytea[],
    p_received timestamptz[], p_versions bytea[], p_hashes bytea[],
    p_image_ids bytea[], p_conditions text[], p_response_codes text[],
    p_responses bytea[], p_listed integer[], p_meanings bytea[] default null,
    p_duis_versions text[] default null)
    returns bigint[] language plpgsql as $$
declare
    numbers bigint[];
begin
    -- two stages of one RequestID come one after the other, for no index says
    -- what they may not share
    perform case when min(stage) = max(stage) and min(stage) = 1
        then pg_advisory_xact_lock_shared(advisory_lock('request_id')::integer,
            lock)
        else pg_advisory_xact_lock(advisory_lock('request_id')::integer, lock)
        end
    from (select hashtext(originator || ' ' || counter) as lock, stage
        from unnest(p_originators, p_counters, p_stages)
            as a (originator, counter, stage)) a
    group by lock order by lock;
    with asked as materialized (
        select * from unnest(p_originators, p_targets, p_counters, p_stages,
            p_services, p_variants, p_command_variants, p_contents, p_received,
            p_versions, p_hashes, p_image_ids, p_conditions, p_response_codes,
            p_responses, p_listed, p_meanings, p_duis_versions)
            with ordinality as a (originator, target, counter, stage, service,
            variant, command_variant, content, received, version, hash,
            image_id, condition, response_code, response, listed, meaning,
            duis_version, ordinal)
    ), taken as (
        insert into service_request as r (originator, target, counter, stage,
            used, service, service_reference_variant, command_variant,
            content, received, firmware_version, manufacturer_image_hash,
            image_id, condition, response_code, response, listed, accepted,
            meaning, duis_version)
        select originator, target, counter, stage, true, service, variant,
            command_variant, content, received, nullif(version, ''),
            nullif(hash, ''), nullif(image_id, ''), nullif(condition, ''),
            nullif(response_code, ''), nullif(response, ''), listed, listed,
            meaning, duis_version
        from asked a
        -- "not exists" would become a join, with a plan for an empty table
        where (select true from service_request o
            where o.originator = a.originator and o.counter = a.counter
                and o.stage <> a.stage and o.used
                and (o.service_reference_variant, o.target)
                    <> (a.variant, a.target)
            limit 1) is null
        order by originator, counter
        on conflict (originator, counter, stage) where used do nothing
        returning r.originator, r.counter, r.request_no
    )
    select array_agg(t.request_no order by a.ordinal) into numbers
    from asked a left join taken t using (originator, counter);
    return numbers;
end $$;

-- What the same request was answered before; null when its RequestID was used
-- with other content. An answer that was cleaned away cannot be given again.
-- A request that was signed again is the same; `same` when its octets are, too.
create or replace function earlier_answer(
    p_originator macaddr8, p_target macaddr8, p_counter numeric,
    p_stage integer, p_content bytea, p_meaning bytea,
    out response bytea, out same boolean)
    language sql stable
begin atomic
    select r.response, r.content = p_content from service_request r
    where r.originator = p_originator and r.counter = p_counter
        and r.stage = p_stage and r.used and r.target = p_target
        and (r.content = p_content or r.meaning = p_meaning);
end;

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

-- What requests ended in that was not written when they were taken.
create or replace function answer_requests(
    p_request_nos bigint[], p_conditions text[], p_response_codes text[],
    p_responses bytea[], p_listed integer[], p_accepted integer[],
    p_invalid integer[], p_not_commissioned integer[],
    p_not_applicable integer[], p_in_progress integer[],
    p_gbcs_version integer[]) returns void
    language plpgsql as $$
begin
    for i in 1 .. cardinality(p_request_nos) loop
        update service_request set condition = p_conditions[i],
            response_code = p_response_codes[i], response = p_responses[i],
            listed = p_listed[i], accepted = p_accepted[i],
            invalid = p_invalid[i], not_commissioned = p_not_commissioned[i],
            not_applicable = p_not_applicable[i],
            in_progress = p_in_progress[i], gbcs_version = p_gbcs_version[i]
        where request_no = p_request_nos[i];
    end loop;
end $$;

-- Are images on the CPL for what the services update (requirement B2)? Names
-- the condition of each: '' when it is.
create or replace function judge_images(
    p_variants text[], p_hashes bytea[], p_versions bytea[])
    returns table (ordinal bigint, condition text)
    language sql stable
begin atomic
    select i.ordinal, case
            when c.entries = 0 then 'image_not_on_cpl'
            when not c.any_active then 'image_not_active'
            else ''
        end
    from unnest(p_variants, p_hashes, p_versions) with ordinality
        as i (variant, hash, version, ordinal),
    lateral (
        select count(*) as entries, coalesce(bool_or(e.status = 'Active'
                and e.firmware_version = i.version), false) as any_active
        from cpl_entry e
        join service_device_type t on t.device_type = e.device_type
            and t.service_reference_variant = i.variant
        where e.manufacturer_image_hash = i.hash) c;
end;

-- Update requests whose form is good, from their RequestIDs to their devices:
-- taken, judged, claimed. p_request_nos: those of requests that were taken
-- before, or null. p_firsts says where the devices of each begin, from 1.
-- A row for each, in their order: request_no is null when the RequestID was
-- used before, and nothing was done; condition names what the image is refused
-- for; image_known: its octets are stored already, and stay until this has
-- ended; refused devices by their place among all that were given.
-- An empty hash is a request that is refused already: only its RequestID is
-- taken.
create or replace function take_updates(
    p_request_nos bigint[],
    p_originators macaddr8[], p_targets macaddr8[], p_counters numeric[],
    p_stages integer[], p_services text[], p_variants text[],
    p_command_variants integer[], p_contents bytea[],
    p_received timestamptz[], p_versions bytea[], p_hashes bytea[],
    p_image_ids bytea[], p_conditions text[], p_response_codes text[],
    p_responses bytea[], p_listed integer[], p_firsts bigint[],
    p_device_ids macaddr8[], p_minimum_types device_type[],
    p_minimum_gbcs integer[], p_hcalcs_either boolean, p_regions csp_region[],
    p_csps text[], p_timeout interval, p_meanings bytea[] default null)
    returns table (request_no bigint, condition text, image_known boolean,
        refused_ordinals integer[], refused_lists integer[])
    language plpgsql as $$
declare
    numbers bigint[] := coalesce(p_request_nos, take_request_ids(
        p_originators, p_targets, p_counters, p_stages, p_services, p_variants,
        p_command_variants, p_contents, p_received, p_versions, p_hashes,
        p_image_ids, p_conditions, p_response_codes, p_responses, p_listed,
        p_meanings));
    known bytea[];
    claiming bigint[];
    images text[];
    ordinals integer[];
    lists integer[];
begin
    select array_agg(i.condition order by i.ordinal), array_agg(case
            when i.condition = '' then numbers[i.ordinal] end
            order by i.ordinal)
    into images, claiming
    from judge_images(p_variants, p_hashes, p_versions) i;
    known := array(select i.image_id from firmware_image i
        where i.image_id = any (p_image_ids) order by i.image_id
        for key share);
    select c.refused_ordinals, c.refused_lists into ordinals, lists
    from claim_devices(claiming, p_originators, p_variants, p_versions,
        p_hashes, p_received, p_firsts, p_device_ids, p_minimum_types,
        p_minimum_gbcs, p_hcalcs_either, p_regions, p_csps, p_timeout) c;
    return query
    select numbers[n], images[n], p_image_ids[n] = any (known),
        coalesce(d.ordinals, '{}'), coalesce(d.lists, '{}')
    from generate_subscripts(numbers, 1) n
    left join (
        select width_bucket(u.ordinal::bigint, p_firsts) as request,
            array_agg(u.ordinal) as ordinals, array_agg(u.list) as lists
        from unnest(ordinals, lists) as u (ordinal, list)
        group by 1) d on d.request = n
    order by n;
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

-- Is an update in tracking_live in progress? What waits here, in no job, is as
-- long as it waits: its time has not begun.
create or replace function is_live(
    p_status processing_status, p_job_no bigint, p_release_due timestamptz,
    p_now timestamptz) returns boolean language sql immutable parallel safe
    return p_release_due > p_now
        or p_status = 'AWAITING_CSP' and p_job_no is null;

create or replace function answer_state(r service_request) returns text
    language sql immutable
    return case
        when r.response_code is null then 'unanswered'
        when r.condition = 'quarantined' then 'quarantined'
        when r.response_code like 'E%' or r.listed > 0 and r.accepted = 0
            then 'refused'
    end;
comment on function answer_state(service_request) is
    'The state of a request that its answer alone decides; null: of another';

create or replace function request_state(
    r service_request, p_now timestamptz) returns text
    language sql stable
    return coalesce(answer_state(r), case when r.stopped is not null
            then 'stopped' end, case
        -- a range and an order, so that it goes by the index however few
        -- requests there are
        when (select true from tracking_live l
            where l.request_no >= r.request_no
                and l.request_no <= r.request_no
                and is_live(l.status, l.job_no, l.release_due, p_now)
            order by l.request_no limit 1)
            then case when exists (select from distribution d
                where d.request_no = r.request_no and d.held is not null)
                then 'held' else 'in-progress' end
        else 'finished' end);
comment on function request_state(service_request, timestamptz) is
    'unanswered, quarantined, refused (nothing was sent on), stopped, '
    'in-progress (a device of it is), held (and no more are handed over), '
    'finished';

create or replace function request_report(
    r service_request, p_now timestamptz,
    out request_id text, out service_reference_variant text,
    out sender macaddr8, out received timestamptz, out response_code text,
    out state text, out listed integer, out accepted integer,
    out invalid integer, out not_commissioned integer,
    out not_applicable integer, out gbcs_version integer,
    out in_progress integer, out firmware_version text, out image_hash text)
    language sql stable
    return (select row(request_id_text(r.originator, r.target, r.counter),
        r.service_reference_variant, r.originator, r.received,
        r.response_code, request_state(r, p_now), r.listed, r.accepted,
        r.invalid, r.not_commissioned, r.not_applicable, r.gbcs_version,
        r.in_progress, firmware_version_text(r.firmware_version),
        upper(encode(r.manufacturer_image_hash, 'hex'))));
comment on function request_report(service_request, timestamptz) is
    'What people and scripts are told of a Service Request';

-- The row of a RequestID: the one that counts as its use, else the last that
-- was refused before that was looked at; of a Transform and its Signed
-- Pre-Command the later. Null when there is none.
create or replace function find_request(
    p_originator macaddr8, p_target macaddr8, p_counter numeric)
    returns bigint language sql stable
begin atomic
    select request_no
    from (select request_no, used from service_request
            where originator = p_originator and target = p_target
                and counter = p_counter and used
        union all
        select request_no, used from service_request
            where originator = p_originator and target = p_target
                and counter = p_counter and not used) as r
    order by used desc, request_no desc
    limit 1;
end;
