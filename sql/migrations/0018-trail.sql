-- The Service Audit Trail has all that verification goes by under its seals,
-- what retention dropped as well.

-- ---- seals ----

alter table sat_seal
    add form           smallint not null default 1,
    add latest         timestamptz,
    add dropped_before timestamptz,
    add retention      interval,
    add dropped_by     text,
    add earlier        sha256_hash;
alter table sat_seal alter form drop default;
alter table sat_seal
    drop constraint sat_seal_first_no_key,
    drop constraint sat_seal_last_no_key,
    drop constraint sat_seal_check,
    drop constraint sat_seal_check1,
    add check (form in (1, 2)),
    add check (first_no <= last_no
        or dropped_before is not null and first_no = last_no + 1),
    add check ((earliest is null)
        = (entries = 0 or dropped_before is not null));
create index sat_seal_dropped on sat_seal (seal_no)
    where dropped_before is not null;
comment on index sat_seal_dropped is 'the seals that say what was dropped';
comment on column sat_seal.entries is
    'how many of them there are; of dropped_before: how many stayed of the '
    'seals that it took a part of';
comment on column sat_seal.digest is
    'SHA-256 over the SHA-256 of each of these entries, in their order';
comment on column sat_seal.hash is
    'SHA-256 over the hash of the previous seal and all else that stands here';
comment on column sat_seal.earliest is
    'of the entries: a later seal may say that what was before some time was '
    'dropped';
comment on column sat_seal.latest is
    'of the entries; null before form 2: at most a day after sealed';
comment on column sat_seal.form is
    '1: the hash has the numbers and the digest alone (earlier releases)';
comment on column sat_seal.dropped_before is
    'retention dropped the entries of earlier seals that are from before this '
    'time, all of them and no other; such a seal has no entries of its own';
comment on column sat_seal.retention is
    '[sat] retention of the fotad that dropped them; null: an earlier release';
comment on column sat_seal.dropped_by is 'role and fotad that dropped them';
comment on column sat_seal.earlier is
    'SHA-256 over the times of the seals of form 1, in the first one after '
    'them; what was missing of their entries by then is in dropped_before';

alter table sat_mark add seal_no bigint not null default 0;
comment on column sat_mark.seal_no is 'the last seal: none is cut off';
update sat_mark set seal_no = coalesce((select max(seal_no) from sat_seal), 0);

drop function if exists sat_digest(bigint, bigint);
drop function if exists sat_seal_hash(sat_seal, bytea);
drop function if exists check_seals(bigint, integer, timestamptz);

-- ---- requests ----

alter table sat_entry add record sha256_hash;
comment on column sat_entry.record is
    'SHA-256 of the row of sat_request that belongs to it';
comment on column sat_entry.kind is
    'alert, alert device, command, delivered, device_alert, device_command, '
    'device_response, given_up, inventory, job, mail, mark_renewed, '
    'notification, person, quarantine, released, report, request, reset, '
    'status, told, warning';

create table sat_request (
    entry_no    bigint not null,
    at          timestamptz not null,
    content     sha256_hash not null,
    octets      integer not null,
    request     bytea not null,
    image_at    integer,
    image_id    sha256_hash,
    line_length integer,
    line_break  bytea,
    answer      bytea
) partition by range (at);
do $$
begin
    alter table sat_request alter request set compression lz4,
        alter answer set compression lz4;
exception when feature_not_supported then
    null; -- PostgreSQL built without it: its own compression
end $$;
alter table sat_request replica identity full;
comment on table sat_request is
    'Requests and answers as they were on the wire, each with its entry of the '
    'Service Audit Trail, append-only. An image is left out: it is in '
    'firmware_image while it is kept';
comment on column sat_request.entry_no is 'sat_entry';
comment on column sat_request.at is 'of that entry';
comment on column sat_request.content is 'SHA-256 of the body as received';
comment on column sat_request.octets is 'length of the body as received';
comment on column sat_request.request is
    'the body without the Base64 text of its image; of what is not authentic '
    'the beginning';
comment on column sat_request.image_at is
    'octets of it before the image; null: nothing is left out';
comment on column sat_request.image_id is 'SHA-256 of the OTA Upgrade Image';
comment on column sat_request.line_length is
    'Base64 letters in a line of the image; null: it is one line';
comment on column sat_request.line_break is 'what was between two lines';
comment on column sat_request.answer is
    'the body of the answer; null: none in DUIS';
create index sat_request_entry on sat_request (entry_no);
create index sat_request_content on sat_request (content);
comment on index sat_request_content is
    'what a repetition of a request was a repetition of';
create table sat_request_rest partition of sat_request default;
alter table sat_request_rest replica identity full;
comment on table sat_request_rest is
    'Days for which no partition was made in time';
create trigger sat_append_only before update or delete or truncate
    on sat_request for each statement execute function sat_append_only();
