-- A fitted encoder.
select fitted, spec_hash, fitted_as_of, is_withdrawn from encoder_versions where version = %(version)s;
