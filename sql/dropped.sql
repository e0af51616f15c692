-- Functions and types of earlier releases that nothing calls any more. They go
-- last, when what called them has been made anew.
drop function if exists make_job(text, integer, timestamptz, timestamptz);
drop function if exists lease_job(text, timestamptz, timestamptz);
drop function if exists lease_job(text, timestamptz, timestamptz, integer,
    timestamptz);
drop function if exists put_messages;
drop function if exists tell_sender;
drop function if exists tell_condition;
drop type if exists user_message;
