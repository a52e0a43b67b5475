-- Record that a population is being resolved; waits for another transaction that resolves it.
insert into audience_resolutions (as_of, audience, role, digest, given, warnings)
values (%(as_of)s, %(audience)s, %(role)s, '', 0, '{{}}')
on conflict (as_of, audience, role) do update set digest = audience_resolutions.digest;
