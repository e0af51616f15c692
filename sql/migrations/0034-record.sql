-- Requests are recorded at the price of their octets.

-- A tree over hashes has a page anew for each request; what a repetition was a
-- repetition of is asked by a person, now and then.
drop index sat_request_content;
create index sat_request_content on sat_request
    using brin (content bytea_bloom_ops (n_distinct_per_range = 256))
    with (pages_per_range = 32, autosummarize = on);
comment on index sat_request_content is
    'what a repetition of a request was a repetition of';

comment on column alert.retried is
    'it is given up that much later than this, and not than created: a person '
    'had it tried again then, or a clock went back that had made it; null: '
    'neither';
