-- The audit trail is looked into in one way (list_trail). No program of the
-- release before called any of these.
drop function if exists audit_page(macaddr8, bigint, text, timestamptz,
    timestamptz, bigint, integer);
drop function if exists list_audit(macaddr8, bigint, text, timestamptz,
    timestamptz, bigint, integer);
drop function if exists history_page(macaddr8, macaddr8, bigint, macaddr8,
    macaddr8, timestamptz, timestamptz, bigint, integer);
drop function if exists list_history(macaddr8, macaddr8, bigint, macaddr8,
    macaddr8, timestamptz, timestamptz, bigint, integer);
drop function if exists history_entries(macaddr8, macaddr8, bigint, macaddr8,
    timestamptz, timestamptz);
drop function if exists history_is_shown(macaddr8, macaddr8, macaddr8, bigint,
    macaddr8);
