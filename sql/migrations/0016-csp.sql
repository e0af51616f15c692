-- What fotads know of each other's CSPs; jobs that fotad itself cannot send.

-- Our own, as NEVER_ANSWERED and CSP_SILENT are.
insert into csp_reason values ('IMAGE_GONE', 'N22');

create table csp_section (
    process text not null,
    csp     text not null,
    digest  bytea not null,
    seen    timestamptz not null,
    primary key (process, csp)
);
comment on table csp_section is
    'The [csp NAME] sections of each running fotad, said again and again';
comment on column csp_section.process is 'its machine and process number';
comment on column csp_section.csp is 'name of the section; empty: the process';
comment on column csp_section.digest is
    'SHA-256 of what the section says, but for secrets and file names';
comment on column csp_section.seen is 'fotad''s clock';
