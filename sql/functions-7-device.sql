-- The certificates of the named parties: of each, those that are fit first,
-- then the newest. p_accept_expired takes every date as good.
create or replace function party_certificates(
    p_ids macaddr8[], p_role certificate_role, p_usage certificate_usage,
    p_now timestamptz, p_accept_expired boolean)
    returns table (eui64 macaddr8, unfit text, der bytea)
    language sql
    set plan_cache_mode = force_generic_plan
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
