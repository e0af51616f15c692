-- A signer is looked up by two spellings of its issuer (see find_signer()).
drop function if exists find_signer(text, numeric);
