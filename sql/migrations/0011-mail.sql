-- E-mail on what a person asked to hear of (requirement G6).

-- A dot-atom of RFC 5322 at a domain of RFC 1123, in ASCII: no quotes, no
-- comments, nothing that could end a header.
create function is_mail_address(text) returns boolean
    language sql immutable parallel safe
    return length($1) <= 254 and split_part($1, '@', 1) ~ '^.{1,64}$'
        and $1 ~ ('^[A-Za-z0-9!#$%&''*+/=?^_`{|}~-]+'
            '(\.[A-Za-z0-9!#$%&''*+/=?^_`{|}~-]+)*@'
            '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
            '(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$');

alter table account add column mail text check (is_mail_address(mail));
comment on column account.mail is
    'where it hears of what it asked for; null: it hears of nothing';

create type notice_kind as enum (
    'request_finished', 'failure_share', 'quarantine');
comment on type notice_kind is
    'request_finished: no device of a request is in progress any more; '
    'failure_share: more of its devices have failed than [mail] failure_share '
    'says; quarantine: anomaly detection holds it';

create table notice_wish (
    account text not null references account on delete cascade,
    kind    notice_kind not null,
    primary key (account, kind)
);
comment on table notice_wish is 'What people asked to hear of';
comment on column notice_wish.account is 'who; it has an address';
comment on column notice_wish.kind is 'of what';

create table notice_request (
    request_no bigint not null primary key,
    ended      boolean not null default false
);
comment on table notice_request is
    'Update requests that are watched for notices: from when they are first '
    'seen until they are finished, however long that takes, and then until '
    'they are too old to be seen anew. Nothing is here while nobody wishes to '
    'hear';
comment on column notice_request.request_no is 'service_request';
comment on column notice_request.ended is
    'it was seen to be finished, and whoever wished it has a notice';

create type notice_state as enum ('waiting', 'sent', 'given_up');

create table notice (
    notice_no    bigint generated always as identity primary key,
    account      text not null references account on delete cascade,
    kind         notice_kind not null,
    request_no   bigint not null,
    made         timestamptz not null,
    subject      text not null,
    body         text not null,
    state        notice_state not null default 'waiting',
    tries        integer not null default 0,
    next_try     timestamptz not null default '-infinity',
    leased_until timestamptz,
    last_error   text,
    unique (account, kind, request_no)
);
comment on table notice is
    'E-mails that go out, written in the transaction that found their reason. '
    'Each thing is told to each account once, by whichever fotad';
comment on column notice.notice_no is 'with made, its Message-ID at every try';
comment on column notice.account is 'to whom; the address is looked up later';
comment on column notice.kind is 'of what';
comment on column notice.request_no is 'service_request';
comment on column notice.made is 'its Date';
comment on column notice.subject is 'as it is sent';
comment on column notice.body is 'as it is sent, with \n between lines';
comment on column notice.state is
    'given_up: the mail server did not take it for four days';
comment on column notice.tries is 'how often it was sent';
comment on column notice.next_try is 'not sent before';
comment on column notice.leased_until is 'a fotad has it in hand until then';
comment on column notice.last_error is 'what the last try met';
create index notice_due on notice (next_try, notice_no)
    where state = 'waiting';
