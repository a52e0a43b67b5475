-- Whether any snapshot of a space is published.
select exists (select from {bi}.snapshots where status = 'published');
