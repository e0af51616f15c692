-- Certificate Revocation Lists (fotactl import crl). Their signatures were
-- verified against the configured trust anchors before they came here.

create table crl (
    issuer      text not null primary key,
    this_update timestamptz not null,
    next_update timestamptz not null,
    der         bytea not null
);
comment on table crl is 'The newest Certificate Revocation List of each issuer';
comment on column crl.issuer is 'as certificate.issuer';
comment on column crl.this_update is 'an older list is refused';
comment on column crl.next_update is
    'after this the list is overdue: it stays in force and is warned of';
comment on column crl.der is 'the list itself, for TLS';

create table revocation (
    issuer     text not null references crl on delete cascade,
    serial     numeric(49, 0) not null,
    revoked_at timestamptz not null,
    primary key (issuer, serial)
);
comment on table revocation is
    'What the lists revoke, whether the certificate is known or not; '
    'certificate.revoked_at follows from it';
comment on column revocation.issuer is 'crl';
comment on column revocation.serial is 'serial number, decimal';
comment on column revocation.revoked_at is 'refused from then on';
