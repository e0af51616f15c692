-- Suspension as data: what a device runs may suspend it, and gives it back the
-- status that it had before.

alter table version_mismatch
    add suspends boolean not null default false,
    add restores boolean not null default false,
    add check (not (suspends and restores));
comment on column version_mismatch.suspends is
    'a device that runs such a version, other than the inventory has, becomes '
    'Suspended';
comment on column version_mismatch.restores is
    'a Suspended device that runs such a version gets the status back that it '
    'had before; Commissioned where that is not known';
update version_mismatch set restores = true where standing = 'active';

alter table smi_device add status_before device_status;
comment on column smi_device.status_before is
    'the status of a Suspended device before that; null: not known';

create function note_suspension() returns trigger language plpgsql as $$
begin
    new.status_before := case when new.device_status = 'Suspended'
        then old.device_status end;
    return new;
end $$;
comment on function note_suspension() is
    'Whoever suspends a device, an import or what it runs: its status before is kept';
create trigger smi_device_suspension before update of device_status
    on smi_device for each row
    when (old.device_status is distinct from new.device_status)
    execute function note_suspension();
