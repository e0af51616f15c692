-- Each seal's hash also goes to where whoever has the database cannot reach it.

alter table sat_mark add anchored bigint;
comment on column sat_mark.anchored is
    'the last seal that is in the file of [sat] anchors; null: none yet';

-- The trail is held against its seals by src/trail, of an export as well.
drop function if exists check_seals(bigint, integer, timestamptz);
drop function if exists check_seals(bigint, integer);
drop function if exists sat_entries_fault(sat_seal, bigint, timestamptz, bigint,
    boolean);
drop function if exists sat_chain_fault(sat_seal, sat_seal);
drop function if exists sat_is_old_enough(sat_seal);
drop function if exists sat_counts(bigint[], bigint[]);
drop function if exists sat_has_record(sat_entry);
-- What they returned is less now.
drop function if exists sat_digest(bigint, bigint, timestamptz, timestamptz);
drop function if exists sat_digest_of(name[], text[]);
drop function if exists sat_stayed(timestamptz, bigint, bigint);
drop function if exists sat_entry_hash(sat_entry);
