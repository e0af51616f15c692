-- Has the database gone back in time? What each fotad remembers of it stands
-- outside, in its state directory; here is what it is held against.

create table past_mark (
    one              boolean primary key default true check (one),
    cluster          text,
    restored         integer not null default 0 check (restored >= 0),
    doubt            text,
    doubted_restored integer not null default 0
);
insert into past_mark default values;
comment on table past_mark is 'What is known of the past of this database';
comment on column past_mark.one is 'there is one row';
comment on column past_mark.cluster is
    'system identifier, timeline and database that a fotad has found to be as it remembers; null: any will do';
comment on column past_mark.restored is
    'how often a person has said that it was restored';
comment on column past_mark.doubt is
    'how it is known to have gone back; null: it is not. While it is not null no fotad works on it';
comment on column past_mark.doubted_restored is
    'the highest `restored` that a fotad remembers that says so';

create table past_memory (
    memory uuid primary key,
    beat   bigint not null,
    second bigint not null
);
comment on table past_memory is 'What a fotad remembers outside of the database';
comment on column past_memory.memory is 'made with the state directory, or the process that has none';
comment on column past_memory.beat is
    'counted on every 3 s, and then remembered: less than that is an earlier database';
comment on column past_memory.second is 'of running_time, when it was first seen';

create table past_number (
    name text primary key,
    last bigint not null
);
comment on table past_number is
    'How far the sequences had come, as the fotads remember that have found that it went back';
comment on column past_number.name is 'of the sequence';
comment on column past_number.last is 'the highest that was used, or higher';
