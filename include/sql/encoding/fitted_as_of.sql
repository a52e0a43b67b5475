-- The moment that an encoder was fitted as of.
select fitted_as_of from encoder_versions where version = %(version)s;
