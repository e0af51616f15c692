-- Since when what waits could have gone: not while it was held, or its plan let
-- nothing go.

alter table distribution add since timestamptz;
comment on column distribution.since is
    'since when what is ready could go; null: since its request came';
