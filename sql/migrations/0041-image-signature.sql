-- The supplier's signature in the trailer of an 11.1's image.

insert into response_code (condition, service_reference_variant, http_status,
    response_code, meaning) values
    ('image_signature', '11.1', 200, 'E110103',
        'The supplier''s signature of the image does not verify'),
    ('image_signature', '11.4', 200, 'E110403',
        'The supplier''s signature of the image does not verify')
on conflict do nothing;
