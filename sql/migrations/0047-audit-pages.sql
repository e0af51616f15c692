-- What a person did, on the pages of the audit trail: few entries are any
-- person's.
create index sat_entry_person on sat_entry (person, at)
    where person is not null;
comment on index sat_entry_person is 'what a person did, on its page';
