-- How identifiers, versions and times are written as text.

create or replace function gbcs_version(text) returns integer
    language sql immutable strict parallel safe
    return (select sum(part::integer * weight)
        from unnest(string_to_array($1, '.'), array[10000, 100, 1])
            as parts (part, weight)
        where part is not null);
comment on function gbcs_version(text) is
    'Numbers a GBCS version so that newer is greater: 4.1 is 40100';

create or replace function gbcs_version_text(integer) returns text
    language sql immutable strict parallel safe
    return ($1 / 10000) || '.' || ($1 / 100 % 100)
        || case when $1 % 100 > 0 then '.' || $1 % 100 else '' end;

create or replace function eui64_text(macaddr8) returns text
    language sql immutable strict parallel safe
    return upper(replace($1::text, ':', '-'));
comment on function eui64_text(macaddr8) is 'An EUI-64 as DUIS writes it';

create or replace function firmware_version_text(bytea) returns text
    language sql immutable strict parallel safe
    return upper(encode($1, 'hex'));
comment on function firmware_version_text(bytea) is
    'A firmware version as DUIS writes it: 8 upper-case hexadecimal digits';

create or replace function request_id_text(macaddr8, macaddr8, numeric)
    returns text language sql immutable strict parallel safe
    return eui64_text($1) || ':' || eui64_text($2) || ':' || $3::text;
comment on function request_id_text(macaddr8, macaddr8, numeric) is
    'RequestID: originator, target, counter';

create or replace function instant_text(timestamptz) returns text
    language sql immutable strict parallel safe
    return to_char($1 at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

create or replace function hexadecimal(p_value integer, p_octets integer)
    returns text language sql immutable strict parallel safe
    return lpad(upper(to_hex(p_value)), 2 * p_octets, '0');

-- The version of DUIS that a User is on: of those that are known the highest
-- that is not above what was said, else the lowest.
create or replace function duis_version_of(p_said text) returns text
    language plpgsql stable as $$
declare
    said constant integer[] := string_to_array(p_said, '.');
begin
    return coalesce(
        (select version from duis_version where place <= said
            order by place desc limit 1),
        (select version from duis_version order by place limit 1));
end $$;

-- What a version does not have, and what is said instead.
create or replace view duis_lacks as
select v.version, s.kind, s.name, s.instead
from duis_since s
join duis_version f on f.version = s.since
left join duis_version u on u.version = s.until
join duis_version v on v.place < f.place or v.place >= u.place;
comment on view duis_lacks is
    'What each version of DUIS does not have, by duis_since';
comment on column duis_lacks.version is 'the version';
comment on column duis_lacks.kind is 'as duis_since.kind';
comment on column duis_lacks.name is 'what it does not have';
comment on column duis_lacks.instead is 'what is said in its place';
