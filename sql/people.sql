-- Accounts, sign-in and what people do.

-- An entry of the audit trail for what a person did.
create or replace function person_did(
    p_person text, p_code text, p_detail text, p_now timestamptz)
    returns void language sql
begin atomic
    insert into sat_entry (at, kind, person, code, detail)
    values (p_now, 'person', p_person, p_code, p_detail);
end;

-- ---- sign-in ----

-- Counts the attempt before its password is looked at, so that many at once
-- are no way round the lock-out, which is of that name from that source alone:
-- nobody locks out anybody elsewhere. retry_after: seconds; 0: go on, with the
-- hash to compare with (null: there is nothing to compare with).
create or replace function begin_sign_in(
    p_name text, p_source text, p_most integer, p_lock_out interval,
    p_now timestamptz, out retry_after integer, out password text)
    language plpgsql as $$
declare
    f sign_in_failure;
begin
    insert into sign_in_failure as s (name, source, failures, last_failure)
    values (p_name, p_source, 1, p_now)
    on conflict (name, source) do update set
        failures = case when s.last_failure <= p_now - p_lock_out
            then 1 else least(s.failures, p_most) + 1 end,
        last_failure = case when s.last_failure > p_now - p_lock_out
                and s.failures >= p_most
            then s.last_failure else p_now end
    returning * into f;
    retry_after := case when f.failures > p_most then
        greatest(1, ceil(extract(epoch from
            f.last_failure + p_lock_out - p_now)))::integer else 0 end;
    select a.password into begin_sign_in.password from account a
    where a.name = p_name and a.active and retry_after = 0;
end $$;

-- Puts sums of failed sign-ins that began by p_until into the audit trail: of
-- one source and account, or of all (null).
create or replace function tell_sign_in_tries(
    p_source text, p_account text, p_until timestamptz, p_now timestamptz)
    returns void language sql
begin atomic
    with mine as materialized (
        select source, account from sign_in_try
        where began <= p_until and (p_source is null
            or source = p_source and account = p_account)
        order by source, account for update
    ), ended as (
        delete from sign_in_try t using mine m
        where t.source = m.source and t.account = m.account
        returning t.*)
    select person_did(nullif(account, ''), 'sign-in failed', concat(
        case account when '' then 'names of no account, ' end, 'from ',
        source, ', ', tries, case tries when 1 then ' try' else ' tries' end,
        ' since ', instant_text(began)), p_now)
    from ended;
end;

-- The names of no account are not kept: anybody may write anything there.
create or replace function sign_in_failed_from(
    p_name text, p_source text, p_most integer, p_now timestamptz)
    returns void language plpgsql as $$
declare
    v_account constant text := coalesce(
        (select name from account where name = p_name), '');
begin
    perform tell_sign_in_tries(p_source, v_account,
        p_now - interval '10 minutes', p_now);
    insert into sign_in_try as t values (p_source, v_account, p_now, 1)
    on conflict (source, account) do update set tries = t.tries + 1;
    perform person_did(v_account, 'locked out', 'from ' || p_source, p_now)
    from sign_in_failure f
    where f.name = p_name and f.source = p_source and f.failures = p_most
        and v_account <> '';
end $$;

-- The password whose hash begin_sign_in() gave was right: a new session in place
-- of the one shown, if any. False: the account has another password by now, or
-- may not act any more.
create or replace function sign_in_from(
    p_name text, p_source text, p_password text, p_token bytea,
    p_old_token bytea, p_now timestamptz, p_expires timestamptz)
    returns boolean language plpgsql as $$
begin
    update account set last_sign_in = p_now
    where name = p_name and password = p_password and active;
    if not found then
        return false;
    end if;
    delete from session where token = p_old_token;
    delete from sign_in_failure where name = p_name and source = p_source;
    perform tell_sign_in_tries(p_source, p_name, p_now, p_now);
    insert into session values (p_token, p_name, p_now, p_now, p_expires);
    perform person_did(p_name, 'signed in', 'from ' || p_source, p_now);
    return true;
end $$;

-- Who a session, a token or a trusted proxy's name stands for. No row: nobody.
create or replace function find_session(
    p_token bytea, p_idle interval, p_now timestamptz,
    out name text, out role text, out supplier_id macaddr8,
    out expires timestamptz)
    returns setof record
    language plpgsql as $$
begin
    -- Calls that come together write once; so a session may end by so much
    -- early.
    update session set seen = p_now
    where token = p_token
        and seen <= p_now - least(p_idle / 30, interval '1 second')
        and seen > p_now - p_idle and session.expires > p_now;
    return query
    select a.name, a.role::text, a.supplier_id,
        least(s.expires, s.seen + p_idle)
    from session s join account a on a.name = s.account
    where s.token = p_token and s.expires > p_now and s.seen > p_now - p_idle
        and a.active;
end $$;

create or replace function find_token(
    p_token bytea, out name text, out role text, out supplier_id macaddr8)
    returns setof record language sql stable
begin atomic
    select name, role::text, supplier_id from account
    where token = p_token and active;
end;

create or replace function find_account(
    p_name text, out name text, out role text, out supplier_id macaddr8)
    returns setof record language sql stable
begin atomic
    select name, role::text, supplier_id from account
    where name = p_name and active;
end;

-- Asked while a stream goes on, which is no use of the session.
create or replace function may_go_on(
    p_name text, p_role text, p_supplier macaddr8, p_session bytea,
    p_token bytea, p_idle interval, p_now timestamptz)
    returns boolean language sql stable
begin atomic
    select exists (select from account a
        where a.name = p_name and a.active and a.role::text = p_role
            and a.supplier_id is not distinct from p_supplier
            and (p_token is null or a.token = p_token)
            and (p_session is null or exists (select from session s
                where s.token = p_session and s.account = a.name
                    and s.expires > p_now and s.seen > p_now - p_idle)));
end;

create or replace function sign_out(p_token bytea, p_now timestamptz)
    returns void language sql
begin atomic
    with gone as (
        delete from session where token = p_token returning account)
    select person_did(account, 'signed out', null, p_now) from gone;
end;

-- ---- accounts: each returns a named outcome ----
create or replace function add_account(
    p_name text, p_role account_role, p_supplier_id macaddr8,
    p_password text, p_person text, p_now timestamptz) returns text
    language plpgsql as $$
begin
    if (p_role = 'supplier') <> (p_supplier_id is not null) then
        return 'supplier_mismatch';
    end if;
    insert into account (name, role, supplier_id, password, created)
    values (p_name, p_role, p_supplier_id, p_password, p_now)
    on conflict do nothing;
    if not found then
        return 'exists';
    end if;
    perform person_did(p_person, 'account added', concat_ws(' ', p_name,
        p_role, eui64_text(p_supplier_id)), p_now);
    return 'done';
end $$;

-- The last administrator that can act stays one.
create or replace function change_account(
    p_name text, p_role account_role, p_supplier_id macaddr8,
    p_active boolean, p_person text, p_now timestamptz) returns text
    language plpgsql as $$
declare
    before account;
begin
    if (p_role = 'supplier') <> (p_supplier_id is not null) then
        return 'supplier_mismatch';
    end if;
    perform from account where role = 'administrator' or name = p_name
    order by name for no key update;
    select * into before from account where name = p_name;
    if not found then
        return 'unknown';
    end if;
    if before.role = 'administrator' and before.active
            and (p_role <> 'administrator' or not p_active)
            and not exists (select from account
                where role = 'administrator' and active and name <> p_name) then
        return 'last_administrator';
    end if;
    update account set role = p_role, supplier_id = p_supplier_id,
        active = p_active
    where name = p_name;
    perform from session where account = p_name order by token for update;
    delete from session where account = p_name;
    perform person_did(p_person, 'account changed', concat_ws(' ', p_name,
        p_role, eui64_text(p_supplier_id),
        case when not p_active then 'ended' end), p_now);
    return 'done';
end $$;

-- Its sessions end, but for the one that asks. p_before: the hash of the password
-- that it must have (null: any), whose owner has said it.
create or replace function set_password(
    p_name text, p_before text, p_password text, p_keep bytea, p_person text,
    p_now timestamptz) returns text language plpgsql as $$
begin
    update account set password = p_password
    where name = p_name and (p_before is null or password = p_before);
    if not found then
        return case when p_before is null then 'unknown' else 'changed' end;
    end if;
    perform from session where account = p_name order by token for update;
    delete from session
    where account = p_name and token is distinct from p_keep;
    perform from sign_in_failure where name = p_name
    order by source for update;
    delete from sign_in_failure where name = p_name;
    perform person_did(p_person, 'password set', p_name, p_now);
    return 'done';
end $$;

-- p_token null: its token ends.
create or replace function set_token(
    p_name text, p_token bytea, p_person text, p_now timestamptz)
    returns text language plpgsql as $$
begin
    update account set token = p_token where name = p_name;
    if not found then
        return 'unknown';
    end if;
    perform person_did(p_person, case when p_token is null
        then 'token ended' else 'token issued' end, p_name, p_now);
    return 'done';
end $$;

create or replace function list_accounts(
    p_name text, p_lock_out interval, p_most integer, p_now timestamptz)
    returns table (name text, role text, supplier_id macaddr8,
        active boolean, has_password boolean, tokens integer,
        created timestamptz, last_sign_in timestamptz,
        locked_until timestamptz)
    language sql stable
begin atomic
    select a.name, a.role::text, a.supplier_id, a.active,
        a.password is not null, (a.token is not null)::integer, a.created,
        a.last_sign_in,
        (select max(f.last_failure) + p_lock_out from sign_in_failure f
        where f.name = a.name and f.failures >= p_most
            and f.last_failure + p_lock_out > p_now)
    from account a
    where p_name is null or a.name = p_name
    order by a.name;
end;

-- ---- accounts ----

-- One row for each account, or for the one that is named.
create or replace function account_screens(
    p_name text, p_lock_out interval, p_most integer, p_now timestamptz)
    returns setof json language sql stable
begin atomic
    select json_build_object('name', name, 'role', role,
        'supplierId', eui64_text(supplier_id), 'active', active,
        'hasPassword', has_password, 'tokens', tokens,
        'created', instant_text(created),
        'lastSignIn', instant_text(last_sign_in),
        'lockedUntil', instant_text(locked_until))
    from list_accounts(p_name, p_lock_out, p_most, p_now);
end;
