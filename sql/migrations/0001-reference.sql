-- Reference data that comes from outside: the Smart Metering Inventory, the
-- Central Products List, Users and certificates (interfaces.md, Data files).

create type device_type as enum (
    'ESME', 'GSME', 'GPF', 'CHF', 'HCALCS', 'PPMID', 'IHD', 'CAD');
comment on type device_type is 'DUIS schema type sr:DeviceType';

create type device_status as enum (
    'Pending', 'Whitelisted', 'InstalledNotCommissioned', 'Commissioned',
    'Decommissioned', 'Withdrawn', 'Suspended', 'Recovery', 'Recovered');
comment on type device_status is 'DUIS schema type sr:DeviceStatus';

create type csp_region as enum (
    'North', 'Central', 'South', '4G North', '4G Central', '4G South',
    'Unknown', 'SMETS1');
comment on type csp_region is 'DUIS schema type sr:CSPRegion';

create type smets_version as enum ('SMETS1', 'SMETS2');

create type cpl_status as enum ('Active', 'Cancelled', 'Expired', 'Withdrawn');
comment on type cpl_status is 'DUIS schema type sr:CPLStatus';

create type user_role as enum ('IS', 'ES', 'GS', 'RSA', 'ED', 'GT', 'OU');
comment on type user_role is
    'Import, export and gas supplier, registered supplier agent, electricity '
    'distributor, gas transporter, other user';

create type user_status as enum ('active', 'suspended');

create type certificate_role as enum (
    'User', 'DSP', 'Supplier', 'NetworkOperator', 'ACB', 'Device', 'Other');
comment on type certificate_role is
    'From the subject OU of an organisation certificate (87, 89, 02, 03, 04); '
    'Device when the EUI-64 is in hardwareModuleName';

create type certificate_usage as enum ('ds', 'ka');
comment on type certificate_usage is
    'Key usage: digital signature or key agreement';

create domain octets2 as integer check (value between 0 and 65535);
create domain octet1 as smallint check (value between 0 and 255);
create domain octets4 as bytea check (octet_length(value) = 4);
create domain sha256_hash as bytea check (octet_length(value) = 32);

create table smi_device (
    device_id           macaddr8 not null primary key,
    chf_id              macaddr8,
    import_supplier_id  macaddr8,
    gas_supplier_id     macaddr8,
    export_supplier_id  macaddr8,
    network_operator_id macaddr8,
    registered_agent_id macaddr8,
    device_type         device_type not null,
    device_status       device_status not null,
    smets_version       smets_version not null,
    csp_region          csp_region,
    manufacturer_id     octets2,
    model_id            octets2,
    gbcs_version        integer,
    hardware_version    octet1,
    hardware_revision   octet1,
    firmware_version    octets4,
    check (device_type <> 'CHF' or chf_id = device_id)
) with (fillfactor = 95);
comment on table smi_device is
    'Smart Metering Inventory: one row per device';
comment on column smi_device.device_id is 'EUI-64 of the device';
comment on column smi_device.chf_id is
    'Communications Hub Function the device is joined to; a CHF: itself';
comment on column smi_device.import_supplier_id is 'ESME: its import supplier';
comment on column smi_device.gas_supplier_id is 'GSME: its gas supplier';
comment on column smi_device.export_supplier_id is 'for 11.2 by an ES';
comment on column smi_device.network_operator_id is 'for 11.2 by an ED or GT';
comment on column smi_device.registered_agent_id is 'for 11.2 by an RSA';
comment on column smi_device.device_type is 'DeviceType';
comment on column smi_device.device_status is 'DeviceStatus';
comment on column smi_device.smets_version is 'SMETS1 or SMETS2';
comment on column smi_device.csp_region is 'CHF: the CSPRegion it is in';
comment on column smi_device.manufacturer_id is 'Device Model, 2 octets';
comment on column smi_device.model_id is 'Device Model, 2 octets';
comment on column smi_device.gbcs_version is
    'GBCS version as gbcs_version() numbers it: 4.1 is 40100';
comment on column smi_device.hardware_version is 'Device Model, 1 octet';
comment on column smi_device.hardware_revision is 'Device Model, 1 octet';
comment on column smi_device.firmware_version is 'running now, 4 octets';

create index smi_device_home on smi_device (chf_id);

create table smi_home (
    chf_id              macaddr8 not null primary key,
    csp_region          csp_region,
    gbcs_version        integer,
    import_supplier_ids macaddr8[] not null default '{}',
    gas_supplier_ids    macaddr8[] not null default '{}',
    supplier_ids        macaddr8[] not null default '{}'
);
comment on table smi_home is
    'What every device of a home needs to know of its Communications Hub and '
    'its meters. Derived from smi_device by refresh_homes(), so that judging '
    'a device takes two look-ups instead of five';
comment on column smi_home.chf_id is 'Communications Hub Function';
comment on column smi_home.csp_region is 'of the CHF; null: the CHF is unknown';
comment on column smi_home.gbcs_version is 'of the CHF';
comment on column smi_home.import_supplier_ids is
    'import suppliers of the ESMEs of the home, each once';
comment on column smi_home.gas_supplier_ids is
    'gas suppliers of the GSMEs of the home, each once';
comment on column smi_home.supplier_ids is
    'Responsible Suppliers of the home: all of these, each once';

create table cpl_entry (
    entry_id                text not null primary key,
    device_type             device_type not null,
    manufacturer_id         octets2 not null,
    model_id                octets2 not null,
    hardware_version        octet1 not null,
    hardware_revision       octet1 not null,
    firmware_version        octets4 not null,
    manufacturer_image_hash sha256_hash,
    status                  cpl_status not null
);
comment on table cpl_entry is 'Central Products List: one row per entry';
comment on column cpl_entry.entry_id is 'the CPL''s own name of the entry';
comment on column cpl_entry.device_type is 'DeviceType of the Device Model';
comment on column cpl_entry.manufacturer_id is 'Device Model, 2 octets';
comment on column cpl_entry.model_id is 'Device Model, 2 octets';
comment on column cpl_entry.hardware_version is 'Device Model, 1 octet';
comment on column cpl_entry.hardware_revision is 'Device Model, 1 octet';
comment on column cpl_entry.firmware_version is 'of this image, 4 octets';
comment on column cpl_entry.manufacturer_image_hash is
    'SHA-256 of the Manufacturer Image; absent: not updatable over the air';
comment on column cpl_entry.status is 'only Active entries admit an update';
create index cpl_entry_hash on cpl_entry (manufacturer_image_hash);

create table service_user (
    user_id      macaddr8 not null primary key,
    name         text not null check (name <> ''),
    roles        user_role[] not null,
    status       user_status not null,
    receive_url  text,
    duis_version text not null default '5.4'
        check (duis_version ~ '^[0-9]{1,2}\.[0-9]{1,2}$')
);
comment on table service_user is 'Users of DUIS: suppliers and other parties';
comment on column service_user.user_id is 'EUI-64 that its RequestIDs begin with';
comment on column service_user.name is 'for people';
comment on column service_user.roles is 'User Roles it is registered for';
comment on column service_user.status is 'suspended: every request gets E3';
comment on column service_user.receive_url is
    'Receive Response address; absent: nothing can be delivered';
comment on column service_user.duis_version is
    'highest DUIS version it is registered for';

create table certificate (
    issuer     text not null,
    serial     numeric(49, 0) not null check (serial >= 0),
    eui64      macaddr8 not null,
    role       certificate_role not null,
    usage      certificate_usage not null,
    not_before timestamptz not null,
    not_after  timestamptz not null,
    revoked_at timestamptz,
    der        bytea not null,
    primary key (issuer, serial),
    check (not_before <= not_after)
);
comment on table certificate is
    'SMKI certificates of Users, the DSP, organisations and devices';
comment on column certificate.issuer is
    'issuer name as ds:X509IssuerName writes it, without optional spaces';
comment on column certificate.serial is 'serial number, decimal';
comment on column certificate.eui64 is
    'x500UniqueIdentifier of an organisation, hardwareModuleName of a device';
comment on column certificate.role is 'whose it is';
comment on column certificate.usage is 'what its key may do';
comment on column certificate.not_before is 'valid from';
comment on column certificate.not_after is 'valid until';
comment on column certificate.revoked_at is 'refused from then on';
comment on column certificate.der is 'the certificate itself';
create index certificate_eui64 on certificate (eui64, usage, not_before desc);
