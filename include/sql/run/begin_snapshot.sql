-- Insert a row for a snapshot that has none; a published one keeps its values until publish.
insert into snapshots (as_of, status, history, settings_hash)
values (%(as_of)s, 'building', %(history)s, %(settings_hash)s)
on conflict (as_of) do update
set status = 'building'
where snapshots.status in ('failed', 'empty', 'landed');
