-- Certificate Revocation Lists.

-- Takes a Certificate Revocation List. Named outcomes: taken, older (a newer
-- one of that issuer is here). What the issuer's list before revoked and this
-- one does not (a certificate that was on hold) is valid again.
create or replace function take_crl(
    p_issuer text, p_this_update timestamptz, p_next_update timestamptz,
    p_der bytea, p_serials text[], p_revoked timestamptz[],
    out outcome text, out certificates bigint)
    language plpgsql as $$
declare
    parties macaddr8[];
begin
    perform pg_advisory_xact_lock(advisory_lock('import'));
    certificates := 0;
    if exists (select from crl where issuer = p_issuer
            and this_update > p_this_update) then
        outcome := 'older';
        return;
    end if;
    insert into crl values (p_issuer, p_this_update, p_next_update, p_der)
        on conflict (issuer) do update set this_update = p_this_update,
            next_update = p_next_update, der = p_der;
    with valid as (
        update certificate set revoked_at = null
        where issuer = p_issuer and revoked_at is not null
            and serial <> all (p_serials::numeric[])
        returning eui64)
    select array_agg(eui64) into parties from valid;
    delete from revocation where issuer = p_issuer;
    insert into revocation
        select p_issuer, serial, min(revoked_at)
        from unnest(p_serials::numeric[], p_revoked) as r(serial, revoked_at)
        group by serial;
    certificates := revoke_certificates(p_issuer);
    perform retry_messages(parties);
    outcome := 'taken';
end $$;

-- Marks the certificates of one issuer, or of all (null), that the lists
-- revoke; how many were not marked so before.
create or replace function revoke_certificates(p_issuer text) returns bigint
    language plpgsql as $$
declare
    marked bigint;
begin
    update certificate c set revoked_at = r.revoked_at
        from revocation r
        where c.issuer = r.issuer and c.serial = r.serial
            and r.issuer = coalesce(p_issuer, r.issuer)
            and c.revoked_at is distinct from r.revoked_at;
    get diagnostics marked = row_count;
    return marked;
end $$;
