-- A fitted encoder.
select fitted, spec_hash from encoder_versions where version = %(version)s;
