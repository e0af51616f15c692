-- Guessing at passwords: a lock-out is of an account and a source, and what was
-- tried is summed.

alter table sign_in_failure add column source text not null default '';
alter table sign_in_failure drop constraint sign_in_failure_pkey;
alter table sign_in_failure add primary key (name, source);
comment on column sign_in_failure.source is
    'where from: an IPv4 address, a /64 of IPv6, unix; empty: from a release '
    'that did not say';
comment on table sign_in_failure is
    'Failed sign-ins in a row from one source, for names that exist and for '
    'names that do not, so that nobody learns which do';

create table sign_in_try (
    source  text not null,
    account text not null,
    began   timestamptz not null,
    tries   integer not null,
    primary key (source, account)
);
comment on table sign_in_try is
    'Failed sign-ins that the audit trail does not have yet: it gets one entry '
    'for a source and account and interval';
comment on column sign_in_try.source is 'as in sign_in_failure';
comment on column sign_in_try.account is
    'name of an account; empty: names of no account';
comment on column sign_in_try.began is 'the first of them';
comment on column sign_in_try.tries is 'how many';
