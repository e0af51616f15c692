-- Service Request 8.2, and those that are not served here.

insert into service_reference values ('8.2', '8.2', 'ReadInventory', true);
insert into service_role
select '8.2', r from unnest(enum_range(null::user_role)) r;
insert into service_variant values
    ('8.2', 8, 'serviceD', 'ReadInventory', false, false, false);
insert into response_code (condition, service_reference_variant, http_status,
    response_code, meaning) values
    ('inventory', '', 200, 'I0', 'What the Smart Metering Inventory has'),
    ('inventory_key', '', 200, 'E080201',
        'The Smart Metering Inventory here is read by DeviceID only'),
    ('service_not_served', '', 200, 'E12',
        'This Service Reference is not served here')
on conflict do nothing;
