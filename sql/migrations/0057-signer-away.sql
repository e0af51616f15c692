insert into response_code values
    ('signer_away', '', 503, null, 'The answer cannot be signed now, so nothing was done: send it again later');
