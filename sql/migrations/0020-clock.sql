-- The clock of the system: how far it has come, and whether it is in doubt.

create type clock_doubt as enum ('early', 'behind', 'leapt', 'gap');
comment on type clock_doubt is
    'early: before the program''s release; behind: before what was known; '
    'leapt: ahead of what a running program''s own count says; gap: ahead of '
    'the mark, and nobody ran who could have counted';

create table clock_mark (
    one          boolean primary key default true check (one),
    mark         timestamptz,
    latest       timestamptz,
    doubt        clock_doubt,
    doubt_since  timestamptz,
    agrees_since timestamptz,
    accepted     integer not null default 0,
    accepted_by  text,
    accepted_at  timestamptz,
    check ((doubt is null) = (doubt_since is null)),
    check (doubt is not null or agrees_since is null)
);
insert into clock_mark default values;
comment on table clock_mark is
    'what is known of the time: one row, moved by clock_look() every few '
    'seconds and by clock_accept()';
comment on column clock_mark.one is 'there is one row';
comment on column clock_mark.mark is
    'it is at least so late: how far PostgreSQL''s clock has come while it was '
    'not in doubt, and in doubt what a program has counted since; null: nobody '
    'has looked';
comment on column clock_mark.latest is
    'the latest time that anything was done at since times ahead were cut '
    '(cut_times()): they may reach as far ahead of this';
comment on column clock_mark.doubt is
    'why nothing is destroyed, released or given up; null: the clock is sound';
comment on column clock_mark.doubt_since is 'by the time as it was known then';
comment on column clock_mark.agrees_since is
    'in doubt: since when, by PostgreSQL''s clock, nothing speaks against it';
comment on column clock_mark.accepted is
    'how often a person said that the clock is right: what programs have '
    'counted before does not speak against it';
comment on column clock_mark.accepted_by is 'who said so last';
comment on column clock_mark.accepted_at is 'when, by the clock they accepted';

insert into response_code values
    ('time_unknown', '', 503, null, 'The clock is in doubt, and by it the certificate is not good: send it again later');
