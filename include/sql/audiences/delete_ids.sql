-- Delete the ids of a population of a date.
delete from audience_ids where as_of = %(as_of)s and audience = %(audience)s and role = %(role)s;
