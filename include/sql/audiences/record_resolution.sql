-- Record that a population has been resolved for a date.
insert into audience_resolutions (as_of, audience, role, digest, given, warnings)
values (%(as_of)s, %(audience)s, %(role)s, %(digest)s, %(given)s, %(warnings)s::text[])
on conflict (as_of, audience, role) do update
set digest = excluded.digest, given = excluded.given, warnings = excluded.warnings, resolved_at = now();
