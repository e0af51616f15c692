-- Who may still write entries that a seal is to have.

-- Transaction numbers do not tell: a snapshot knows those that have ended, and
-- a writer may have a younger one.
alter table sat_mark drop column seen;
alter table sat_mark add writers text[] not null default '{}';
comment on column sat_mark.writers is
    'virtual transactions that wrote the trail when entry_no was read: the seal '
    'waits for their end. Who numbers an entry holds the lock of the table '
    'before and until it ends';
comment on column sat_mark.entry_no is 'highest entry_no at that time';
-- what the release before has marked is marked anew
update sat_mark set entry_no = 0;
drop function if exists sat_is_awaited(xid8);
drop function if exists sat_mark_renew(timestamptz);
drop function if exists sat_set_mark();
