-- The date as of which an encoder was fitted.
select fitted_as_of from encoder_versions where version = %(version)s;
