-- Delete the populations of a date that the file of their audience no longer has.
with gone as (
  delete from audience_resolutions
  where as_of = %(as_of)s and audience = %(audience)s and role <> all (%(roles)s::text[])
  returning role
)
delete from audience_ids
where as_of = %(as_of)s and audience = %(audience)s and role in (select role from gone);
