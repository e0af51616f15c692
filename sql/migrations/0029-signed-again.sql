-- A request that is signed again is the same request.

alter table service_request add meaning sha256_hash;
comment on column service_request.meaning is
    'SHA-256 of the document up to its signature: the same for a request that '
    'is signed again; null: not known';
comment on column request_volume.content is
    'as service_request.meaning';
do $$
declare
    f regprocedure;
begin
    for f in select oid from pg_proc where pronamespace = 'public'::regnamespace
            and proname in ('take_request_ids', 'take_updates',
                'earlier_answer') loop
        execute 'drop function ' || f;
    end loop;
end $$;
